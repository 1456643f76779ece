"""F1: how a hunt counts its runs, its time and what it did not see; the runs of pytest are pretended."""

import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from githubs import github_fixture, hub_at_hand_fixture  # noqa: F401 # fixtures
from hunts import hunting_fixture  # noqa: F401 # a fixture
from pipelines import write

REPORT = '<testsuite><testcase classname="t" name="test_it"/></testsuite>'


@pytest.fixture
def pretended(hunting, tmp_path, monkeypatch):
    """Return a function that lets the program run in this process, where each run of pytest is one of `runs`.

    A run is (its seconds, its report); pytest's commands are returned.
    """

    def start(*runs, arguments=()):
        clock, started, coming = [0], [], iter(runs)

        def pytest_of_one_test(command, env, timeout):
            seconds, report = next(coming)
            started.append(command)
            clock[0] += min(seconds, timeout)
            if seconds > timeout:
                raise subprocess.TimeoutExpired(command, timeout)
            path = next(word for word in command if word.startswith("--junitxml=")).partition("=")[2]
            write(tmp_path, {path: report})
            return SimpleNamespace(returncode=int("<error" in report))

        write(tmp_path, {"pyproject.toml": ""})
        monkeypatch.chdir(tmp_path)
        module = hunting.flaky_tests
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock[0], time=lambda: 3))
        pretend = SimpleNamespace(run=pytest_of_one_test, TimeoutExpired=subprocess.TimeoutExpired)
        monkeypatch.setattr(module, "subprocess", pretend)
        monkeypatch.setattr(sys, "argv", ["flaky_tests.py", *arguments])
        assert module.main() == 0
        return started

    return start


def test_no_run_begins_that_has_no_time_left(pretended, monkeypatch, capsys):
    """F1: a run here takes 100 seconds; inputs come from variables, the command line comes first."""
    for name, value in {"TESTS": "tests", "SEED": "3", "REPETITIONS": "9", "MINUTES": "4"}.items():
        monkeypatch.setenv(f"HUNT_{name}", value)
    started = pretended((100, REPORT), (100, REPORT), arguments=["--repetitions", "4"])
    assert "Runs: 2, seeds 3 to 4. 2 of 4 runs had no time left." in capsys.readouterr().out
    assert [command[-3] for command in started] == ["--randomly-seed=3", "--randomly-seed=4"]
    assert {command[-1] for command in started} == {"tests"}


def test_a_run_that_goes_on_longer_is_ended(pretended, hunting, capsys):
    """F1: also the first, after which nothing can be judged."""
    pretended((100, REPORT), (999, REPORT), arguments=["--minutes", "5", "--repetitions", "3"])
    told = (
        "Runs: 1, seeds 3. The run with seed 4 was ended after 3 minutes, when the hunt had no more. 1 of 3 runs had no"
    )
    assert told in capsys.readouterr().out
    with pytest.raises(hunting.flaky_tests.Unusable, match="^The run with seed 3 was ended after 5 minutes, when"):
        pretended((999, REPORT), arguments=["--minutes", "5"])


UNCOLLECTED = (
    '<testsuite><testcase classname="{}" name="x"><error message="collection failure"/></testcase></testsuite>'
)


@pytest.mark.parametrize("owner", ["", "tests.test_x"])
def test_a_hunt_that_did_not_see_everything_is_not_whole(pretended, hunting, monkeypatch, owner):
    """F1: where a file or a class could not be collected, or a run not judged: no night counts for anybody."""
    found = []
    monkeypatch.setattr(hunting.issues, "keep_all", lambda hunt: found.append(hunt.is_whole) or [])
    for report in (REPORT, UNCOLLECTED.format(owner), "<none"):
        pretended((1, REPORT), (1, report), arguments=["--repetitions", "2", "--issues"])
    assert found == [True, False, False]


@pytest.mark.slow  # installs GitHub's description
def test_where_issues_are_switched_off_the_hunt_warns_once(pretended, github, hub_at_hand, monkeypatch, capsys):
    """F1, R3: exit code 0: it is a choice; not so what GitHub refuses for other reasons."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    failed = REPORT.replace("/></", "><error>E  x</error></testcase></")
    for call in ("GET .*/issues", "POST .*/issues"):
        github.set(refuse=[{"call": call, "status": 410, "message": "Issues are disabled for this repo"}])
        pretended((1, REPORT), (1, failed), arguments=["--repetitions", "2", "--issues"])
        said = capsys.readouterr().out
        assert said.count("::warning title=Flaky tests::Issues are switched off") == 1
        assert "Settings > General > Features > Issues" in said


def test_text_of_others_cannot_leave_its_code(hunting, tools):
    """F1: names, errors and marks; in the page nothing of it is mark-up."""
    results, odd = hunting.results, "t.py::t[a|b` @all ![x](http://x) <b>\n# ```]"
    tests = [results.Outcome(odd, 1, [7], odd, odd), results.Outcome(f"{odd}2", 2, [], "", odd)]
    text = hunting.flaky_tests.markdown(results.Hunt([*tests], [7, 8], [], [], {}))
    lines = [line for line in text.partition("````bash")[0].splitlines() + text.rpartition("````")[2].splitlines()]
    outside = " ".join(re.sub(r"`[^`]*`", "", line) for line in lines)
    assert "|  (quarantine ) | 1 of 2 |" in outside
    assert not re.search(r"@|!\[|<|`", outside)
    assert tools.repository.code("a|b") == "`a\\|b`"
    assert tools.repository.code(" ") == ""
