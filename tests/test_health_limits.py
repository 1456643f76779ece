"""M1: what the report on CI's health does where GitHub gives a part, or nothing."""

import importlib
from datetime import timedelta

import pytest
from conftest import find
from githubs import github_fixture, hub_at_hand_fixture  # noqa: F401 # fixtures
from healths import NOW, artifact, cells, charts, make_run, report_fixture, stamp, unseen, verdict, week  # noqa: F401 # a fixture

pytestmark = pytest.mark.slow  # installs GitHub's description


def test_without_runs_nothing_is_judged_and_no_issue_changes(report, github):
    """M1: it says what it did not see, and what there is is still shown."""
    result = report("--issue", artifacts=[], cache={"active_caches_size_in_bytes": 0, "active_caches_count": 0})
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("## CI health: not judged\n")
    assert "No runs with a verdict in 12 weeks." in result.stdout
    assert charts(result.stdout) == []
    assert "- coverage: no run has an artifact coverage-verdict" in unseen(result)
    assert cells(result, "Caches")[:2] == ["0 MB", "0 kept"]
    assert github.writes() == []


def test_more_runs_than_github_lists_are_read_by_halves(report, github):
    """M1: 1,000 at most of a range; of a single second no more can be had, which is said."""
    more = [make_run(1 + place / 250, attempt=1) for place in range(1001)]
    result = report(runs=more, refuse=[{"call": "/jobs", "status": 403, "message": "API rate limit exceeded"}])
    assert cells(result, "Average duration")[1:] == ["1001 runs, the last attempt of each", "15", "met"]
    ranges = {call.partition("created=")[2] for call in github.calls() if "created=2026-11-2" in call}
    assert len(ranges) == 3, "the week and its halves"
    result = report(runs=[make_run(1) for _ in range(1001)], refuse=[{"call": "/jobs", "message": "rate limit"}])
    assert "GitHub gives 1000 of 1001 runs of one second" in unseen(result)
    assert cells(result, "Average duration")[-1] == "unknown"


def test_a_limit_in_the_middle_ends_the_asking_and_keeps_what_was_read(report, github):
    """M1: no call after it; what is not whole is missed for sure or unknown, never met."""
    limit = {"call": "/jobs", "status": 403, "message": "API rate limit exceeded for installation", "after": 2}
    result = report("--issue", refuse=[limit], **week(6, jobs=True))
    assert result.returncode == 0, result.stderr
    asked = [call for call in github.calls() if "/jobs" in call or "artifacts" in call or "cache" in call]
    assert len(asked) == 3
    assert cells(result, "Average duration")[-1] == "met"
    assert cells(result, "All jobs together")[1].startswith("2 of 6 runs")
    assert "- jobs of some runs: GET repos/{owner}/{repo}/actions/runs/" in unseen(result)
    assert "rate limit exceeded for installation (HTTP 403) (and 3 more)" in unseen(result)
    assert "- caches: not asked after that" in unseen(result)


def test_a_limit_before_the_jobs_of_repeated_runs_leaves_flaky_runs_open(report):
    """M1: they are asked for first; without them no target of flaky runs is met."""
    limit = {"call": "/jobs", "status": 429, "message": "You have exceeded a secondary rate limit"}
    runs = week(6)["runs"] + [make_run(2, attempt=2)]
    result = report(refuse=[limit], runs=runs)
    assert cells(result, "Flaky runs") == ["0 %", "0 of 6 runs", "5", "unknown"]
    assert "Met: average duration, success on main, develop. Not judged: flaky runs." in result.stdout


def test_no_more_calls_are_made_than_a_token_has(report, github, monkeypatch):
    """M1: 1,000 an hour for a workflow's token; the report stops before."""
    reading = importlib.import_module("quality.health.reading")
    monkeypatch.setattr(reading, "JOBS_OF", 4)
    things = week(6, jobs=True)
    things["runs"][5]["run_attempt"] = 2
    result = report(**things)
    assert cells(result, "All jobs together")[1].startswith("4 of 6 runs, ")
    asked = [find(r"runs/(\d+)/jobs", call)[1] for call in github.calls() if "/jobs" in call]
    assert asked == [str(things["runs"][place]["id"]) for place in (5, 0, 1, 2)], "several attempts, then the newest"
    assert "- jobs of some runs: the report reads those of 4 runs, there are 6" in unseen(result)
    github.calls()
    monkeypatch.setattr(reading, "CALLS", 5)
    result = report()
    assert len(github.calls()) == 5
    assert ": 5 calls were made, of the 1,000 that a workflow's token has in an hour\n" in unseen(result)
    assert "- runs of earlier weeks: not asked after that\n" in unseen(result)


PRIVATE = {"call": "/actions/", "status": 403, "message": "Resource not accessible by integration"}


def test_without_rights_the_program_says_what_it_lacks(report, github):
    """M1: exit code 2 if nothing could be read; a part that could is shown."""
    result = report(refuse=[PRIVATE], **week(6))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("CI health: cannot report: runs from 2026-11-20 to 2026-11-27: GET repos/")
    assert "Resource not accessible by integration (HTTP 403)" in result.stderr
    assert len(github.calls()) == 16, "each list once"
    result = report(refuse=[{"call": "", "status": 404, "message": "Not Found"}])
    assert result.returncode == 2
    hidden = {"call": "(cache/usage|artifacts)", "status": 404, "message": "Not Found"}
    result = report(refuse=[hidden], **week(6, jobs=True))
    assert result.returncode == 0, result.stderr
    assert [line.split(":")[0] for line in unseen(result).splitlines() if line] == [
        "- artifacts",
        "- caches",
        "- coverage",
        "- whether some secrets and variables are set",
    ]
    assert "| Artifacts |  |  |  |  |" in result.stdout


def test_a_private_repository_says_that_it_does_not_see_its_bill(report):
    """M1: minutes there are paid for, beyond those of the plan."""
    for private in (True, False):
        result = report(repository={"private": private}, **week(6, jobs=True))
        assert result.returncode == 0, result.stderr
        assert ("- what the minutes cost: those that a plan includes" in unseen(result)) == private


def test_a_fork_says_that_it_is_one(report):
    """M1: its targets are judged all the same."""
    result = report(repository={"fork": True}, **week(6, jobs=True))
    assert "- the repository that this is a fork of: runs, secrets and variables are those of the fork" in unseen(
        result
    )
    assert result.stdout.startswith("## CI health: met\n")


WRONG = {
    "target": (
        "[tool.quality-gate.health]\nflaky = -1\nminuts = 3\n",
        {},
        ["flaky: -1 is not a number", "write minutes"],
    ),
    "variables": ("", {"HEALTH_VARIABLES": "[1]"}, ["HEALTH_VARIABLES: is no JSON object"]),
    "time": ("", {"HEALTH_NOW": "soon"}, []),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_settings_are_named(report, tmp_path, case):
    """R3: all at once, exit code 2."""
    text, variables, said = WRONG[case]
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    (tmp_path / ".github/workflows").mkdir(parents=True)
    (tmp_path / ".github/workflows/x.yml").write_text("env: { A: '${{ vars.B }}' }", encoding="utf-8")
    result = report(project=tmp_path, environment=variables)
    assert result.returncode == (2 if said else 0)
    for words in said:
        assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_the_last_second_and_the_first_of_a_week_are_asked_for_once(report, github):
    """M1: GitHub's ranges hold both ends."""
    report()
    asked = [call.partition("created=")[2].replace("%3A", ":") for call in github.calls() if "created=" in call]
    ends = [NOW - timedelta(days=7 * back) for back in range(12)]
    assert asked == [f"{stamp(end - timedelta(days=7) + timedelta(seconds=1))}..{stamp(end)}" for end in ends]
