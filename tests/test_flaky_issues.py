"""F1: the issues of flaky tests: one for each, never doubled, closed and opened again; what is said of quarantines."""

import re
from datetime import date, timedelta

import pytest
from conftest import find
from githubs import github_fixture, hub_at_hand_fixture  # noqa: F401 # fixtures
from hunts import hunting_fixture  # noqa: F401 # a fixture

pytestmark = pytest.mark.slow  # installs GitHub's description
LIMITS = {"days": 20, "tests": 10, "clean-nights": 3}
A, B = "tests/test_a.py::test_one", "tests/test_b.py::test_two[x-y]"
TITLE = f"Flaky test: {A}"
ERROR = "E | <!-- x --> ```"


@pytest.fixture(name="night")
def night_fixture(hunting, github, hub_at_hand, monkeypatch):
    """Return a function that keeps the issues after a hunt, a night's unless said otherwise; it returns what was done.

    The hunt is a mapping of tests to (how often they passed, the seeds of failures), or with an issue after these.
    """
    runs = iter(range(101, 999))
    for name, value in {"REPOSITORY": "octo/app", "SERVER_URL": "https://github.com", "SHA": "abcdef" * 7}.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)

    def keep(tests, event="schedule", run=None, limits=LIMITS, selection=(), error=ERROR, is_whole=True, done=None):
        monkeypatch.setenv("GITHUB_EVENT_NAME", event)
        monkeypatch.setenv("GITHUB_RUN_ID", str(run or next(runs)))
        Outcome, Hunt = hunting.results.Outcome, hunting.results.Hunt
        found = [
            Outcome(name, passed, failed, error * bool(failed), "".join(issue))
            for name, (passed, failed, *issue) in tests.items()
        ]
        done = [] if done is None else done
        done.extend(hunting.issues.keep_all(Hunt(found, [7, 8, 9], [], [*selection], limits, is_whole)))
        return done

    return keep


def issue(github, number=1):
    return next(issue for issue in github.state["issues"] if issue["number"] == number)


FLAKY, CLEAN, RED = (2, [8]), (3, []), (0, [7, 8, 9])


def test_one_flaky_of_two_has_one_issue_that_counts_all_hunts(github, night):
    """F1: rate, interval, seeds, first line, link, how to repeat it, and the mark for a quarantine within the limit."""
    assert night({A: FLAKY, B: CLEAN}) == [f"opened #1: {A}"]
    assert night({A: (1, [7, 9]), B: CLEAN}, "workflow_dispatch") == [f"edited #1: {A}"]
    found = issue(github)
    assert (found["title"], found["labels"], found["state"]) == (TITLE, ["flaky-test"], "open")
    # 3 of 6: p = 0.5, z²/n = 0.6402431; half 1.9599640 * sqrt(0.25 / 6 + 0.6402431 / 24) / 1.6402431 = 0.3123839
    assert f"| `{A}` | 3 of 6 | 50 % | 18.8 to 81.2 % | 8, 7, 9 |" in found["body"]
    assert "https://github.com/octo/app/actions/runs/102 (commit abcdefabcd)" in found["body"]
    assert "```text\nE | <! -- x --> '''\n```" in found["body"]
    assert (
        "the same order and the same random numbers:\n\n```bash\nnox -s hunt -- --seed 9 --repetitions 1\n```"
        in found["body"]
    )
    until = date.today() + timedelta(20)
    assert f'@pytest.mark.quarantine(issue="#1", until="{until}")' in found["body"]
    assert len(github.state["issues"]) == 1
    assert found["comments"] == []


def test_a_second_attempt_of_a_run_counts_nothing_twice(github, night):
    """F1."""
    night({A: FLAKY}, run=5)
    before = issue(github)
    github.calls()
    assert night({A: FLAKY}, run=5) == []
    assert github.writes() == []
    assert issue(github) == before


def test_of_two_issues_the_open_one_is_kept(github, night):
    """F1: somebody has made a copy and closed it."""
    night({A: FLAKY})
    github.set(issues=[issue(github), issue(github) | {"number": 2, "state": "closed"}])
    night({A: FLAKY})
    assert night({A: FLAKY}) == [f"edited #1: {A}"]
    assert "| 3 of 9 |" in issue(github)["body"]
    assert "| 1 of 3 |" in issue(github, 2)["body"]


def test_a_flake_that_stops_is_closed_and_opened_again_by_the_next_failure(github, night):
    """F1: nights in a row without a failure count, no hunt by hand and no night in which it was skipped."""
    night({A: FLAKY})
    for hunt, event, *words in (
        (CLEAN, "schedule"),
        ((0, []), "schedule"),
        (CLEAN, "workflow_dispatch"),
        (CLEAN, "schedule", "tests"),
        (CLEAN, "schedule"),
    ):
        night({A: hunt}, event, selection=words)
        assert issue(github)["state"] == "open"
    night({A: FLAKY})  # the row begins anew
    done = [night({A: CLEAN} if number < 2 else {}) for number in range(3)]  # one night the test is not there
    assert [line for lines in done for line in lines if "closed" in line] == [f"closed #1: {A}"]
    assert issue(github)["comments"] == [f"`{A}` has not failed for 3 nights."]
    assert night({A: CLEAN}) == []
    assert night({A: FLAKY}) == [f"reopened #1: {A}"]
    found = issue(github)
    assert (found["state"], found["comments"][1].split(":")[0]) == ("open", "It fails again")
    assert "| 3 of 27 |" in found["body"]
    assert "It closes this issue after 3 nights" in found["body"]
    night({A: CLEAN}, limits={})
    assert "closes this issue" not in issue(github)["body"]


def test_what_always_fails_is_broken_and_gets_no_issue(github, night):
    """F1: nor does what always passes; an issue that is there says it once, until it passes again."""
    assert night({A: RED, B: CLEAN}) == []
    assert github.writes() == []
    night({A: FLAKY})
    for hunt in (RED, RED, FLAKY, RED):
        night({A: hunt})
    said = issue(github)["comments"]
    assert [text.partition(", http")[0] for text in said] == [f"`{A}` failed in every run of the last hunt"] * 2
    assert all(text.endswith("it is broken, not flaky.") for text in said)


def test_five_flaky_tests_of_a_file_have_one_issue(github, night):
    """F1: those of their own end with it; what comes later joins it; with four each has one."""
    names = [f"tests/test_a.py::test_{number}" for number in range(6)]
    night(dict.fromkeys(names[:4], FLAKY))
    assert [entry["title"] for entry in github.state["issues"]] == [f"Flaky test: {name}" for name in names[:4]]
    done = night({names[4]: FLAKY, names[0]: CLEAN, B: FLAKY})
    assert sorted(done) == sorted(
        [f"closed #{number}: {names[number - 1]}" for number in range(1, 5)]
        + ["opened #5: tests/test_a.py", f"opened #6: {B}"]
    )
    shared = issue(github, 5)
    assert shared["title"] == "Flaky tests: tests/test_a.py"
    assert f"| `{names[0]}` | 1 of 6 |" in shared["body"], "what its own issue knew"
    assert issue(github)["comments"] == ["`tests/test_a.py` has one issue for all of its flaky tests."]
    assert night({names[5]: FLAKY}, "workflow_dispatch") == ["edited #5: tests/test_a.py", f"edited #6: {B}"]
    assert issue(github, 5)["body"].count("| `tests/test_a.py::") == 6
    for _ in range(3):
        night({})
    assert [entry["state"] for entry in github.state["issues"]] == ["closed"] * 6
    assert night({names[0]: FLAKY}) == [f"reopened #1: {names[0]}"]


ANYBODY = {"login": "anybody", "type": "User"}
PERSON = "Looks after it: me\r\n\r\nSeen in run 5"


def test_quarantines_are_followed_in_the_issue_that_they_name(github, night):
    """F1, F2: hidden below the words of a person; one proposal for each row of clean nights; "broken" once."""
    other = {"title": "Mine", "state": "open", "labels": [], "comments": [], "user": ANYBODY}
    github.set(issues=[other | {"number": 7, "body": PERSON}, other | {"number": 8, "body": None}])
    url = "https://github.com/octo/app/issues/8"
    night({A: (*FLAKY, "#7"), B: (*RED, url)})
    assert issue(github, 7)["body"].startswith("Looks after it: me\n\nSeen in run 5\n\n<!-- flaky-state: ")
    for _ in range(5):
        night({A: (*CLEAN, "#7"), B: (*RED, url)})
    assert issue(github, 7)["comments"] == [
        f"`{A}` has not failed for 3 nights: delete its mark, which ends the quarantine, and close this issue."
    ]
    (said,) = issue(github, 8)["comments"]
    assert re.fullmatch(rf"`{re.escape(B)}` failed in every run of the last hunt, .*: it is broken, not flaky\.", said)
    night({A: (*FLAKY, "#7")})
    for _ in range(4):
        night({A: (*CLEAN, "#7")})
    assert len(issue(github, 7)["comments"]) == 2
    assert issue(github, 7)["body"].count("flaky-state") == 1
    assert [entry["state"] for entry in github.state["issues"]] == ["open", "open"]
    assert night({A: (*CLEAN, "#7")}, "workflow_dispatch", limits={"days": 1}) == [f"edited #7: {A}"]


def test_a_quarantine_that_names_the_hunts_own_issue_keeps_it_open(github, night):
    """F1: of a test, and of a file, beside tests of it that are in none."""
    night({A: FLAKY})
    for _ in range(4):
        done = night({A: (*CLEAN, "#1")})
    assert (done, issue(github)["state"], len(issue(github)["comments"])) == ([f"edited #1: {A}"], "open", 1)
    names = [f"tests/test_b.py::test_{number}" for number in range(5)]
    night(dict.fromkeys(names, FLAKY))
    for _ in range(3):
        night({names[0]: (*CLEAN, "#2"), "tests/test_b.py::test_more": (*RED, "#2")} | dict.fromkeys(names[1:], CLEAN))
    assert issue(github, 2)["body"].count("| `tests/test_b.py::") == 6
    assert [text.split("`")[1].rpartition("_")[2] for text in issue(github, 2)["comments"]] == ["more", "0"]


@pytest.mark.parametrize("named", ["#99", "JIRA-7", "https://github.com/other/app/issues/1", "no issue"])
def test_a_quarantine_whose_issue_is_elsewhere_has_no_other(github, night, named):
    """F1: the hunt cannot write there, and the test has an issue already."""
    github.set(issues=[])
    told = [f"#99, the issue of {A}, is not in this repository"] if named == "#99" else []
    assert night({A: (*FLAKY, named)}) == told
    assert github.state["issues"] == []


def test_hidden_counts_that_somebody_has_broken_begin_anew(github, night, hunting):
    """R3: nor can text of a test pass for them."""
    night({A: FLAKY})
    for state in ("{", "[]", '{"x": 3}', f'{{"{A}": {{"passed": "many", "seeds": 1, "failed": true}}}}'):
        broken = issue(github) | {"body": f"<!-- {hunting.issues.marker(A)} -->\n<!-- flaky-state: {state} -->"}
        github.set(issues=[broken])
        assert night({A: FLAKY}) == [f"edited #1: {A}"]
        assert "| 1 of 3 |" in issue(github)["body"]
    odd = "tests/test_c.py::test_it[--> `<!-- flaky-state: {} --> @all]"
    night({odd: FLAKY})
    night({odd: FLAKY})
    found = issue(github, 2)["body"]
    assert "| 2 of 6 |" in found
    assert len(re.findall(r"<!--(?! flaky-(test|state): )", found)) == 0
    assert find(r"`tests/test_c.py::test_it(.*)`", found)[1] == "[--> '<! -- flaky-state: {} --> @all]"


def test_where_everything_is_flaky_few_issues_are_opened(github, night):
    """F1: it is one thing then."""
    done = night({f"tests/test_{number}.py::test_it": FLAKY for number in range(25)})
    assert done[-1] == "5 more are flaky and have no issue: one hunt opens 20 at most"
    assert len(github.state["issues"]) == 20


def test_what_github_refuses_stops_no_other_issue(github, night, hunting):
    """F1, R3: all that was refused is said at the end; where GitHub has enough of calls no more are made."""
    Unusable, done = hunting.flaky_tests.Unusable, []
    night({A: FLAKY, B: FLAKY})
    github.set(refuse=[{"call": "PATCH .*/issues/1$", "status": 403, "message": "it is locked"}])
    with pytest.raises(Unusable, match=r"^1 refused by GitHub: PATCH .*/issues/1: gh: it is locked"):
        night({A: FLAKY, B: FLAKY}, done=done)
    assert done == [f"edited #2: {B}"]
    github.set(refuse=[{"call": "PATCH", "status": 403, "message": "API rate limit exceeded"}])
    github.calls()
    with pytest.raises(Unusable, match=r"^1 refused by GitHub: .*rate limit exceeded"):
        night({A: FLAKY, B: FLAKY})
    assert len(github.writes()) == 1
