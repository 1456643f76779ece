"""The commands of gh beside `gh api`, in the forms that workflows use.

OPEN_ISSUE is the number of the open issue that is labelled template-update, WORKFLOWS the paths of the workflows that
are switched on; STATES has one line "id state path" for each workflow, which `--all` lists in the form that the string
in `--jq` gives. With LIST_DOWN=1 no workflow can be listed.
"""

import argparse
import os
import re
import subprocess
from pathlib import Path

import hub

# What the guides have a person run; N is any word. They find nothing and change nothing.
# Options: https://cli.github.com/manual
PERSON = """
issue list --label N
issue list --search N
pr checkout N
pr checks --watch
pr checks N
pr checks N --watch
pr create --base N
pr create --base N --draft
pr create --base N --title N --body N
pr create --base N --head N --title N --body N
pr diff N
pr edit --add-reviewer N
pr list --app dependabot
pr list --search N
pr merge --squash --delete-branch
pr merge N --merge
pr merge N --merge --admin
pr ready
pr review N --approve --body N
pr review N --comment --body N
pr review N --request-changes --body N
pr view N --comments
release edit N --notes N
run list --branch N --limit N
run list --workflow N --branch N --limit N
run list --workflow N --limit N
run list --workflow N --status N --limit N
run rerun N --failed
run view N --log-failed
run watch N
secret delete N
secret list
secret list --app dependabot
secret set N
secret set N --app dependabot
variable delete N
variable list
variable set N --body N
workflow list --all
workflow run N --field N --field N
workflow run N --ref N
workflow run N --ref N --field N
"""


def run(folder: Path, arguments: list[str]) -> None:
    """Do what `gh ARGUMENTS` does; raises hub.Refusal, or AssertionError if no workflow may use it so."""
    known = {
        ("auth", "token"): ({}, lambda given: None),  # act asks
        ("issue", "create"): ({"issues": "write"}, lambda given: None),
        ("issue", "edit"): ({"issues": "write"}, lambda given: None),
        ("issue", "list"): ({"issues": "read"}, list_issues),
        ("label", "create"): ({"issues": "write"}, lambda given: None),
        ("repo", "clone"): (hub.READ, clone),
        ("repo", "create"): ({"administration": "write"}, make_repository),
        ("run", "download"): ({"actions": "read"}, download),
        ("release", "create"): ({"contents": "write"}, lambda given: release(folder, given)),
        ("workflow", "list"): ({"actions": "read"}, list_workflows),
        ("workflow", "run"): ({"actions": "write"}, lambda given: None),
    }
    rights, do = known.get(tuple(arguments[:2]), (None, None))
    if "GITHUB_JOB" not in os.environ and any(fits(form.split(), arguments) for form in PERSON.splitlines()):
        return
    if do is None:
        raise AssertionError(f"the stand-in knows no `gh {' '.join(arguments)}`: add it")
    if arguments[0] != "auth":
        with hub.repository(folder) as state:
            hub.refuse_as_told(state, f"gh {' '.join(arguments)}")
            hub.may(state, folder, rights)
    do(arguments[2:])


def fits(form: list[str], words: list[str]) -> bool:
    return len(form) == len(words) and all(part in ("N", word) for part, word in zip(form, words, strict=True))


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


def clone(given: list[str]) -> None:
    """Clone the repository `NAME`."""
    (name,) = given
    subprocess.run(["git", "clone", "--quiet", f"https://github.com/{name}.git"], check=True)


def download(given: list[str]) -> None:
    """Get an artifact: `RUN --name NAME --dir FOLDER`; it holds one file."""
    assert given[1::2] == ["--name", "--dir"], f"gh run download {given}: add it"
    folder = Path(given[4])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / given[2]).touch()


def make_repository(given: list[str]) -> None:
    """Name the repository as origin of the one here and push to it: `NAME --private --source . --push`."""
    assert given[1:] == ["--private", "--source", ".", "--push"], f"gh repo create {given}: add it"
    subprocess.run(["git", "remote", "add", "origin", f"https://github.com/{given[0]}.git"], check=True)
    subprocess.run(["git", "push", "--quiet", "--set-upstream", "origin", "HEAD"], check=True)


def release(folder: Path, given: list[str]) -> None:
    """Keep a release: its tag, notes and files with their sizes; a tag has one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("tag")
    parser.add_argument("files", nargs="*", type=Path)
    for name in ("--title", "--notes", "--notes-file", "--repo"):
        parser.add_argument(name)
    for name in ("--verify-tag", "--prerelease", "--latest"):
        parser.add_argument(name, action="store_true")
    given = [word.removesuffix("=true") for word in given if not re.fullmatch("--[a-z-]+=false", word)]
    told = parser.parse_intermixed_args(given)
    with hub.repository(folder) as state:
        releases = state.setdefault("releases", [])
        if told.tag in [release["tag_name"] for release in releases]:
            raise hub.Refusal(422, "Validation Failed: already_exists")
        notes = told.notes or Path(told.notes_file).read_text(encoding="utf-8")
        files = {path.name: path.stat().st_size for path in told.files}
        more = {"prerelease": told.prerelease, "body": notes, "name": told.title, "_files": files}
        releases.append({"tag_name": told.tag, **more})
