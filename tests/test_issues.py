"""F1, M1, S1: how the programs ask GitHub and keep one issue for one matter, by the rules of GitHub's description."""

import importlib
import subprocess

import pytest
from githubs import github_fixture  # noqa: F401 # a fixture

pytestmark = pytest.mark.slow  # installs GitHub's description


@pytest.fixture(scope="session")
def programs(tools):
    """The modules of tools/github; `tools` has put their folder on the path."""
    return {name: importlib.import_module(f"quality.github.{name}") for name in ("api", "issues")}


@pytest.fixture
def keep(programs):
    return programs["issues"].keep


def test_one_issue_is_opened_edited_closed_and_reopened(github, keep):
    """F1: never a second one; nothing is done where nothing changes, and nothing for what is not wanted."""
    assert keep("audit", "a matter", "Title", "Text", wanted=False) == ""
    assert keep("audit", "a matter", "Title", "Text") == "opened #1"
    assert keep("audit", "a matter", "Title", "Text") == ""
    assert keep("audit", "a matter", "Title", "Other text") == "edited #1"
    assert keep("audit", "a matter", "Title", "Other text", wanted=False, comment="Done.") == "closed #1"
    assert keep("audit", "a matter", "Title", "Other text", wanted=False) == ""
    assert keep("audit", "a matter", "New title", "Other text", comment="Again.") == "reopened #1"
    (issue,) = github.state["issues"]
    assert (issue["title"], issue["state"], issue["labels"]) == ("New title", "open", ["audit"])
    assert issue["body"] == "<!-- a matter -->\nOther text\n"
    assert issue["comments"] == ["Done.", "Again."]
    assert github.writes().count("POST repos/{owner}/{repo}/issues") == 1


def test_only_the_issue_with_label_and_marker_is_taken(github, keep):
    """F1: not anybody's, a pull request, another matter's, one without the label; an open one before a closed one."""
    other = {"title": "t", "state": "open", "labels": ["audit"], "body": "<!-- other -->"}
    issues = [
        other | {"number": 1},
        other | {"number": 2, "body": None},
        other | {"number": 3, "body": "<!-- mine -->", "labels": []},
        other
        | {
            "number": 4,
            "body": "<!-- mine -->",
            "pull_request": {"url": "u", "html_url": "h", "diff_url": "d", "patch_url": "p"},
        },
        other | {"number": 5, "body": "<!-- mine -->\r\nText\r\n"},
        other | {"number": 6, "body": "<!-- mine -->", "state": "closed"},
        other | {"number": 7, "body": "<!-- mine -->", "user": {"login": "anybody", "type": "User"}},
    ]
    github.set(issues=issues)
    assert keep("audit", "mine", "t", "Text") == ""
    assert keep("audit", "mine", "t", "Text", wanted=False) == "closed #5"
    assert keep("audit", "mine", "t", "Text") == "reopened #6"


def test_text_that_is_too_long_is_cut(github, keep):
    """F1, S1: GitHub takes 65,536 characters."""
    assert keep("audit", "long", "Title", "\u00e9" * 70000) == "opened #1"
    assert keep("audit", "long", "Title", "\u00e9" * 70000, comment="x" * 70000) == "commented #1"
    (issue,) = github.state["issues"]
    for text in (issue["body"], *issue["comments"]):
        assert (len(text), text.splitlines()[-1]) == (65536, "The rest is too long for GitHub.")


def test_lists_are_read_to_their_end(github, programs):
    """M1: 100 at once, also where the last page is full."""
    for count in (0, 99, 100, 201):
        github.set(labels=[{"name": f"label {number}", "color": "ffffff"} for number in range(count)])
        found = programs["api"].pages("repos/{owner}/{repo}/labels")
        assert [label["name"] for label in found] == [f"label {number}" for number in range(count)]


REFUSALS = {
    # name: (what GitHub says, whether it is a limit, the words)
    "limit": ({"status": 403, "message": "API rate limit exceeded for installation"}, True, "rate limit exceeded"),
    "secondary": ({"status": 429, "message": "You have exceeded a secondary rate limit"}, True, "secondary"),
    "rights": ({"status": 403, "message": "Resource not accessible by integration"}, False, "not accessible"),
    "missing": ({"status": 404, "message": "Not Found"}, False, "Not Found (HTTP 404)"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_github_refuses_is_said_in_its_words(github, programs, case):
    """R3, M1."""
    told, is_limit, words = REFUSALS[case]
    github.set(refuse=[{"call": "/labels"} | told])
    with pytest.raises(programs["api"].Refused) as caught:
        programs["api"].ask("repos/{owner}/{repo}/labels")
    assert (caught.value.status, caught.value.is_limit) == (told["status"], is_limit)
    assert words in str(caught.value)
    assert str(caught.value).startswith("GET repos/{owner}/{repo}/labels: ")


def test_without_gh_the_way_to_it_is_named(programs, monkeypatch, tmp_path):
    """R3."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(programs["api"].Unusable, match=r"gh is not installed.*https://cli\.github\.com"):
        programs["api"].ask("repos/{owner}/{repo}")


def test_the_stand_in_refuses_what_github_would_not_take(github, programs):
    """M1: or nothing tested with it would mean anything."""
    ask, refused = programs["api"].ask, programs["api"].Refused
    wrong = [
        ("repos/{owner}/{repo}/labels", "POST", {"color": "ffffff"}),
        ("repos/{owner}/{repo}/nothing", "GET", None),
        ("repos/{owner}/{repo}/labels?colour=red", "GET", None),
    ]
    for path, method, body in wrong:
        with pytest.raises(refused):
            ask(path, method, body)
    lines = github.wrong().splitlines()
    assert [len(lines), "'name' is a required property" in lines[0], "ROUTES" in lines[1], "colour" in lines[2]] == [
        3,
        True,
        True,
        True,
    ]
    (github.folder / "gh-wrong.txt").unlink()
    github.set(admin=False)
    with pytest.raises(refused, match="admin rights"):
        ask("repos/{owner}/{repo}/vulnerability-alerts", "PUT")
    assert subprocess.run(["gh", "repo", "delete"], capture_output=True).returncode == 1
    (github.folder / "gh-wrong.txt").unlink()
