"""Show what the project's repository on GitHub has and should have, and set it up.

Usage: python tools/github_setup.py            show the plan, change nothing
       python tools/github_setup.py --check    the same, for its exit code
       python tools/github_setup.py --apply    do it, item by item; a second time changes nothing
tools/quality/github/items.py says what should be, and why. It needs gh (https://cli.github.com), logged in as somebody who
administers the repository.
Exit codes: 0 all is as it should be, or the plan is shown; 1 with --check and --apply, if something is not so, or cannot be
read; 2 GitHub cannot be asked (no gh, not logged in, no such repository), or a file of rules or a workflow cannot be used.
"""

import argparse
import shlex
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from quality import repository
from quality.github import items, rules
from quality.github.api import Refused, ask, pages
from quality.github.items import CHANGE, REPOSITORY, RIGHT, ROOT, Item

# Where GitHub keeps what a workflow reads, the repository's own and what its organisation shares, and the name of the lists.
PLACES = {
    "secret for Actions": ("secrets", "actions/secrets", "actions/organization-secrets"),
    "secret for Dependabot": ("secrets", "dependabot/secrets"),
    "variable": ("variables", "actions/variables", "actions/organization-variables"),
}
SECRETS = ("secret for Actions", "secret for Dependabot")
APP = "updates of the template without a click: docs/ci_cd/TEMPLATE_UPDATES.md says what the app may"
# What a workflow may read, where it must be set, and what for.
VALUES = {
    "CODECOV_TOKEN": (SECRETS, "reports of coverage: https://app.codecov.io/gh/{project}/new"),
    "SLACK_WEBHOOK_URL": (SECRETS[:1], "messages in Slack: https://api.slack.com/messaging/webhooks"),
    "TEMPLATE_APP_CLIENT_ID": (("variable",), APP),
    "TEMPLATE_APP_PRIVATE_KEY": (SECRETS, APP),
}

OWNERS = "write a person (@name) or a team (@org/team) who may write to the repository, never an organisation itself"


def change(item: Item) -> str:
    """Change a setting; return why GitHub refuses, or an empty string."""
    try:
        for call in item.calls:
            ask(*call)
    except Refused as error:
        return str(error)
    return ""


def stored(kind: str) -> set[str]:
    """Return the names of the secrets or variables that are set, none if GitHub does not show them."""
    key, *places = PLACES[kind]
    try:
        return {item["name"] for place in places for item in pages(f"{REPOSITORY}/{place}", key)}
    except Refused:
        return set()


def for_a_person(project: dict[str, Any]) -> Iterator[str]:
    """Yield what no call can do, and is not done as far as GitHub shows it: where, and what for."""
    texts, known = items.workflows(), {kind: stored(kind) for kind in PLACES}
    for name, (kinds, purpose) in VALUES.items():
        missing = [kind for kind in kinds if name not in known[kind]]
        if missing and name in texts:
            what = f"{name}, {' and '.join(missing)} (Settings > Secrets and variables)"
            yield f"{what}: {purpose.format(project=project['full_name'])}"
    if project["private"] and "CODE_SECURITY" in texts and "CODE_SECURITY" not in known["variable"]:
        yield "CODE_SECURITY, variable with the value true, once Code Security is on (Settings > Advanced Security): CodeQL"
    if "actions/dependency-review-action@" in texts and not is_graph_on(project["default_branch"]):
        yield "dependency graph (Settings > Advanced Security), unless Dependabot alerts bring it: review of dependencies"
    if workflow := items.publisher():
        yield f"trusted publisher (https://pypi.org/manage/account/publishing): workflow {workflow}, environment pypi"
    yield from errors_of_owners()


def errors_of_owners() -> Iterator[str]:
    """Yield what GitHub finds wrong in CODEOWNERS: it asks nobody of such a line to review."""
    try:
        found = ask(f"{REPOSITORY}/codeowners/errors")["errors"]
    except Refused as error:
        found = []
        if error.status != 404:  # there is no such file
            yield f"look at CODEOWNERS: {error}"
    for error in found:
        words = error["message"].partition("\n")[0].rstrip(":")
        yield f"{error['path']}:{error['line']}: {words}" + (f": {OWNERS}" if "owner" in error["kind"] else "")


def is_graph_on(branch: str) -> bool:
    """Tell whether GitHub knows the dependencies: the review of a pull request asks so too."""
    try:
        return ask(f"{REPOSITORY}/dependency-graph/compare/{quote(f'{branch}...{branch}', safe='')}") is not None
    except Refused:
        return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--apply", action="store_true", help="change what is not as it should be")
    group.add_argument("--check", action="store_true", help="exit with 1 if something is not as it should be")
    arguments = parser.parse_args()
    rules.load(ROOT)  # a broken file is named before GitHub is asked
    items.publisher()
    try:
        project = ask(REPOSITORY)
    except Refused as error:
        way = "create the repository and push to it, or look at `git remote --verbose` and `gh auth status`"
        raise repository.Unusable(f"{error}: {way}") from None
    print(f"{project['html_url']}\n")
    if not items.is_administrator(project):
        print("This login does not administer it: GitHub shows less to it, and refuses changes.\n")
    left = []
    for item in items.find(project):
        state, text = item.state, item.text
        if arguments.apply and state == CHANGE:
            refused = change(item)
            state, text = ("not done", f"{text}: {refused}") if refused else ("done", text)
        left += [item.name] * (state not in (RIGHT, "done"))
        print(f"{state}: {item.name}: {text}")
    if not left:
        print("\nAll is as it should be.")
    elif arguments.apply:
        print(f"\nNot done, as the lines above say: {', '.join(left)}")
    else:
        is_project = (ROOT / f"{repository.prefix(ROOT)}noxfile.py").exists()
        started = sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1]
        command = f"{repository.nox('github_setup', ROOT)} --" if is_project else shlex.join(started)
        print(f"\nNothing is changed. To change it: `{command} --apply`")
    if steps := list(for_a_person(project)):
        print("\nWhat only a person can do:", *(f"- {step}" for step in steps), sep="\n")
    return int(bool(left) and (arguments.apply or arguments.check))


if __name__ == "__main__":
    repository.run(main, "GitHub setup")
