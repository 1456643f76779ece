"""The commands of gh beside `gh api`, in the forms that workflows use.

OPEN_ISSUE is the number of the open issue that is labelled template-update, WORKFLOWS the paths of the workflows that
are switched on; STATES has one line "id state path" for each workflow, which `--all` lists in the form that the string
in `--jq` gives. With LIST_DOWN=1 no workflow can be listed.
"""

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path

import hub

# What people type in guides: the options with a value, those without, and whether a number or a branch is named.
PEOPLE = {
    "pr checkout": ("", "", 1),
    "pr checks": ("", "--watch", 0),
    "pr create": ("--base", "--draft", 0),
    "pr diff": ("", "--name-only", 1),
    "pr edit": ("--add-reviewer", "", 0),
    "pr list": ("--search", "", 0),
    "pr merge": ("", "--squash --delete-branch", 0),
    "pr ready": ("", "", 0),
    "pr review": ("--body", "--approve --comment --request-changes", 1),
    "pr view": ("", "--comments", 1),
    "run download": ("--name --dir", "", 1),
    "run list": ("--branch --limit --workflow", "", 0),
    "run view": ("", "--log-failed", 1),
    "run watch": ("", "", 1),
}


def run(folder: Path, arguments: list[str]) -> None:
    """Do what `gh ARGUMENTS` does; raises hub.Refusal, or AssertionError if no workflow may use it so."""
    known = {
        ("auth", "token"): ({}, lambda given: None),  # act asks
        ("issue", "create"): ({"issues": "write"}, lambda given: None),
        ("issue", "edit"): ({"issues": "write"}, lambda given: None),
        ("issue", "list"): ({"issues": "read"}, list_issues),
        ("label", "create"): ({"issues": "write"}, lambda given: None),
        ("release", "create"): ({"contents": "write"}, lambda given: release(folder, given)),
        ("workflow", "list"): ({"actions": "read"}, list_workflows),
        ("workflow", "run"): ({"actions": "write"}, lambda given: None),
    }
    known |= {tuple(form.split()): ({}, of_people(form)) for form in PEOPLE}
    rights, do = known.get(tuple(arguments[:2]), (None, None))
    if do is None:
        raise AssertionError(f"the stand-in knows no `gh {' '.join(arguments)}`: add it")
    if arguments[0] != "auth":
        with hub.repository(folder) as state:
            hub.refuse_as_told(state, f"gh {' '.join(arguments)}")
            hub.may(state, folder, rights)
    do(arguments[2:])


def of_people(form: str) -> Callable[[list[str]], None]:
    """Return a function that refuses options which the command is not known to have."""

    def check(given: list[str]) -> None:
        valued, flags, places = PEOPLE[form]
        parser = argparse.ArgumentParser(f"gh {form}", allow_abbrev=False, exit_on_error=False)
        for name in valued.split():
            parser.add_argument(name)
        for name in flags.split():
            parser.add_argument(name, action="store_true")
        parser.add_argument("place", nargs=places or "?")
        try:
            parser.parse_args(given)
        except (argparse.ArgumentError, SystemExit) as error:
            raise AssertionError(f"the stand-in knows no `gh {form} {' '.join(given)}`: {error}") from None

    return check


def list_issues(given: list[str]) -> None:
    asked = {name: given[given.index(name) + 1] for name in ("--label", "--state")}
    found = asked == {"--label": "template-update", "--state": "open"}
    print(os.environ.get("OPEN_ISSUE", "") if found else "")


def list_workflows(given: list[str]) -> None:
    if os.environ.get("LIST_DOWN") == "1":
        raise hub.Refusal(403, "API rate limit exceeded")
    if "--all" not in given:
        print(os.environ.get("WORKFLOWS", "").replace(" ", "\n"))
        return
    for line in os.environ.get("STATES", "").splitlines():
        text = given[given.index("--jq") + 1].split('"')[1]
        for name, value in zip(("id", "state", "path"), line.split(" ", 2), strict=True):
            text = text.replace(rf"\(.{name})", value)
        print(text)


def release(folder: Path, given: list[str]) -> None:
    """Keep a release: its tag, notes and files with their sizes; a tag has one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("tag")
    parser.add_argument("files", nargs="*", type=Path)
    for name in ("--title", "--notes-file", "--repo"):
        parser.add_argument(name)
    for name in ("--verify-tag", "--prerelease", "--latest"):
        parser.add_argument(name, action="store_true")
    given = [word.removesuffix("=true") for word in given if not re.fullmatch("--[a-z-]+=false", word)]
    told = parser.parse_intermixed_args(given)
    with hub.repository(folder) as state:
        releases = state.setdefault("releases", [])
        if told.tag in [release["tag_name"] for release in releases]:
            raise hub.Refusal(422, "Validation Failed: already_exists")
        notes = Path(told.notes_file).read_text(encoding="utf-8")
        files = {path.name: path.stat().st_size for path in told.files}
        more = {"prerelease": told.prerelease, "body": notes, "name": told.title, "_files": files}
        releases.append({"tag_name": told.tag, **more})
