"""Keep one issue for one matter: found again, never doubled."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from quality.github.api import Refused, ask, pages
from quality.repository import annotate, one_line

ISSUES = "repos/{owner}/{repo}/issues"
MOST = 65536  # characters of a body or a comment: of a longer one GitHub says so with status 422
CUT = "\n\nThe rest is too long for GitHub.\n"
OFF = "Issues are switched off, so none is kept: Settings > General > Features > Issues"
# All labels that workflows and issue forms give, beside those of a new repository: the colour, and what it says.
LABELS = {
    "audit": ("b60205", "Known vulnerabilities of dependencies"),
    "bug": ("d73a4a", "Something isn't working"),
    "ci-health": ("fbca04", "A target of the pipeline is missed"),
    "coverage-bypass": ("fbca04", "The coverage gate only warns for a while"),
    "enhancement": ("a2eeef", "New feature or request"),
    "flaky-test": ("d93f0b", "A test that passes and fails without a change"),
    "template-update": ("0e8a16", "Changes of the template that need a person"),
}


def find(label: str, marker: str) -> dict[str, Any] | None:
    """Return the issue with the label whose body has the marker, an open one rather than a closed one, or None."""
    found = pages(ISSUES, labels=label, state="all")
    own = [issue for issue in found if tag(marker) in (issue["body"] or "") and is_ours(issue)]
    return min(own, key=lambda issue: (issue["state"] != "open", -issue["number"]), default=None)


def is_ours(issue: dict[str, Any]) -> bool:
    """Tell whether a program keeps an issue: a bot has opened it, as in workflows, or the person who runs it now.

    Anybody may open an issue with any text, to which a form gives a label: what it says is not ours.
    """
    author = issue["user"] or {}
    return "pull_request" not in issue and (author.get("type") == "Bot" or author.get("login") == me())


@cache
def me() -> str:
    """Return the name of the person whose token this is; an app, which may not ask, has an empty one."""
    try:
        return str(ask("user")["login"])
    except Refused as error:
        if error.status != 403:
            raise
        return ""


@contextmanager
def unless_off(program: str) -> Iterator[None]:
    """Let a program that keeps issues warn, and go on, where the repository has none: GitHub then answers 410."""
    try:
        yield
    except Refused as error:
        if error.status != 410:
            raise
        print(OFF)
        annotate("warning", program, OFF)


def tag(marker: str) -> str:
    """Return what hides in the body of an issue so that it is found again."""
    return f"<!-- {marker} -->"


def keep(label: str, marker: str, title: str, body: str, wanted: bool = True, comment: str = "") -> str:
    """Keep the one issue of a matter as it should be, and return what was done, or an empty string.

    It is found by `marker`, a text without `-->`, among all of ours with `label`, one of LABELS. If it is wanted it is
    opened, edited or reopened, else closed; `comment` is added where it is opened again, closed, or was open already.
    Raises Refused.
    """
    body = whole(marker, body)
    issue = find(label, marker)
    if issue is None:
        if not wanted:
            return ""
        make_label(label)
        number = ask(ISSUES, "POST", {"title": title, "body": body, "labels": [label]})["number"]
        return f"opened #{number}"
    place, number, was_open = f"{ISSUES}/{issue['number']}", issue["number"], issue["state"] == "open"
    if not (wanted or was_open):
        return ""
    same = (issue["title"], (issue["body"] or "").replace("\r\n", "\n").strip()) == (title, body.strip())
    if comment:
        ask(f"{place}/comments", "POST", {"body": fit(comment)})
    if wanted and was_open and same:
        return f"commented #{number}" if comment else ""
    state = {"state": "open"} if wanted else {"state": "closed", "state_reason": "completed"}
    ask(place, "PATCH", {"title": title, "body": body} | (state if wanted != was_open else {}))
    return f"{'closed' if not wanted else 'edited' if was_open else 'reopened'} #{number}"


def whole(marker: str, body: str) -> str:
    """Return the whole text of an issue."""
    return fit(f"{tag(marker)}\n{body.strip()}\n")


def fit(text: str) -> str:
    """Return as much of a text as GitHub takes."""
    return text if len(text) <= MOST else text[: MOST - len(CUT)] + CUT


def make_label(name: str) -> None:
    """Make the label unless it is there."""
    colour, description = LABELS[name]
    try:
        ask("repos/{owner}/{repo}/labels", "POST", {"name": name, "color": colour, "description": one_line(description)})
    except Refused as error:
        if error.status != 422:  # it is there
            raise
