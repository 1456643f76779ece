"""What the project's repository on GitHub has, and what it should have by the files of the project.

These are the rules in .github/rulesets, whose protected-branches.json names the default branch first, the workflows, and the
labels of issues.py. Rules, labels and settings that no file names are left alone.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from quality import repository
from quality.github import rules
from quality.github.api import Refused, ask, pages
from quality.github.issues import LABELS

ROOT, WORKFLOWS = Path.cwd(), ".github/workflows"
REPOSITORY = "repos/{owner}/{repo}"
RIGHT, CHANGE, PERSON, UNREAD = "as it should be", "change", "for a person", "cannot be read"
# Workflows may open pull requests, for updates of the template; what else one may is said by each job.
PERMISSIONS = {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": True}

# The parts of a ruleset that are no metadata: https://docs.github.com/rest/repos/rules#update-a-repository-ruleset
SENT = ("name", "target", "enforcement", "bypass_actors", "conditions", "rules")
# What GitHub says of what the owner's plan has for public repositories only, such as rulesets.
PLAN, ADVICE = "make this repository public", "this plan has it for public repositories only: upgrade, or make this one public"
# What may publish: https://docs.github.com/rest/deployments/environments
TAGS = {"protected_branches": False, "custom_branch_policies": True}


class Item(NamedTuple):
    """A setting: its name, one of the states above, "found → wanted", and the calls that change it."""

    name: str
    state: str
    text: str
    calls: tuple[tuple[Any, ...], ...] = ()


def default_branch(project: dict[str, Any]) -> Iterator[Item]:
    found, ruleset = project["default_branch"], rules.load(ROOT).get(rules.BRANCHES, {})
    branch = next(iter(rules.branches(ruleset)), found)
    if branch == found:
        yield Item("default branch", RIGHT, found)
    elif answers(f"{REPOSITORY}/branches/{quote(branch, safe='')}"):
        call = (REPOSITORY, "PATCH", {"default_branch": branch})
        yield Item("default branch", CHANGE, f"{found} → {branch}", (call,))
    else:
        yield Item("default branch", PERSON, f"{found} → {branch}, which is not on GitHub yet: push it first")


def rulesets(project: dict[str, Any]) -> Iterator[Item]:
    """Those of files, by name; those of an organisation are not the repository's."""
    place = f"{REPOSITORY}/rulesets"
    there = list(pages(place, includes_parents="false"))
    for wanted in rules.load(ROOT).values():
        name, text = f"ruleset {wanted['name']!r}", f"{len(wanted['rules'])} rules"
        ids = sorted(one["id"] for one in there if one["name"] == wanted["name"])
        if not ids:
            yield Item(name, CHANGE, f"none → {text}", ((place, "POST", wanted),))
            continue
        found = ask(f"{place}/{ids[0]}")
        # Who may bypass the rules is shown to administrators only.
        visible = {key: value for key, value in wanted.items() if key != "bypass_actors" or key in found}
        changes = "; ".join(rules.differences(visible, found))
        # GitHub gives its default to what is not sent.
        body = rules.merged(wanted, {key: found[key] for key in SENT if key in found})
        yield Item(name, CHANGE, changes, ((f"{place}/{ids[0]}", "PUT", body),)) if changes else Item(name, RIGHT, text)
        for other in ids[1:]:
            yield Item(name, PERSON, f"there is another of this name: gh api -X DELETE {place}/{other} removes it")


def labels(project: dict[str, Any]) -> Iterator[Item]:
    """Those that workflows and issue forms give; for GitHub a label in other capitals is the same."""
    place = f"{REPOSITORY}/labels"
    there = {label["name"].lower() for label in pages(place)}
    missing = {name: words for name, words in LABELS.items() if name not in there}
    bodies = [{"name": name, "color": color, "description": words} for name, (color, words) in missing.items()]
    text = f"none → {', '.join(missing)}" if missing else ", ".join(LABELS)
    yield Item("labels", CHANGE if missing else RIGHT, text, tuple((place, "POST", body) for body in bodies))


def actions(project: dict[str, Any]) -> Iterator[Item]:
    place = f"{REPOSITORY}/actions/permissions/workflow"
    changes = "; ".join(rules.differences(PERMISSIONS, ask(place)))
    call = (place, "PUT", PERMISSIONS)
    yield Item("permissions of Actions", CHANGE, changes, (call,)) if changes else Item("permissions of Actions", RIGHT, "set")


def switch(name: str, is_on: bool, wanted: bool, *call: Any) -> Item:
    """Return the item of a setting that is on or off, which `call` changes."""
    words = {True: "on", False: "off"}
    if is_on == wanted:
        return Item(name, RIGHT, words[is_on])
    return Item(name, CHANGE, f"{words[is_on]} → {words[wanted]}", (call,))


def alerts(project: dict[str, Any]) -> Iterator[Item]:
    """They switch the dependency graph on: https://docs.github.com/rest/repos/repos#enable-vulnerability-alerts"""
    place = f"{REPOSITORY}/vulnerability-alerts"
    yield switch("Dependabot alerts", answers(place, project), True, place, "PUT")


def security_updates(project: dict[str, Any]) -> Iterator[Item]:
    place = f"{REPOSITORY}/automated-security-fixes"
    is_on = answers(place, project, lambda said: said["enabled"])
    yield switch("Dependabot security updates", is_on, True, place, "PUT")


def private_reports(project: dict[str, Any]) -> Iterator[Item]:
    """SECURITY.md asks for them; only a public repository can have them: https://docs.github.com/rest/repos/repos"""
    if not project["private"]:
        place = f"{REPOSITORY}/private-vulnerability-reporting"
        is_on = answers(place, project, lambda said: said["enabled"])
        yield switch("private vulnerability reporting", is_on, True, place, "PUT")


def code_scanning(project: dict[str, Any]) -> Iterator[Item]:
    """GitHub refuses what a workflow finds while CodeQL's default setup is on; without Code Security it cannot be."""
    if "github/codeql-action/analyze@" in workflows():
        place = f"{REPOSITORY}/code-scanning/default-setup"
        is_on = answers(place, project, lambda said: said["state"] == "configured", "must be enabled")
        yield switch("CodeQL's default setup", is_on, False, place, "PATCH", {"state": "not-configured"})


def environment(project: dict[str, Any]) -> Iterator[Item]:
    """That of the release, for tags v* only: PyPI trusts a workflow by the name of its environment."""
    if not publisher():
        return
    name, place = "environment pypi", f"{REPOSITORY}/environments/pypi"
    make, policies = (place, "PUT", {"deployment_branch_policy": TAGS}), f"{place}/deployment-branch-policies"
    allow = (policies, "POST", {"name": "v*", "type": "tag"})
    if not answers(place):
        yield Item(name, CHANGE, "none → for tags v* only", (make, allow))
    elif not (policy := ask(place).get("deployment_branch_policy")):  # to send one would remove who must approve
        words = "every branch may publish: allow tags v* only"
        yield Item(name, PERSON, f"{words}, in {project['html_url']}/settings/environments")
    elif policy["custom_branch_policies"] and not ask(policies)["total_count"]:
        yield Item(name, CHANGE, "for nothing → for tags v* only", (allow,))
    else:
        yield Item(name, RIGHT, "for some branches or tags only")


SUBJECTS = {
    "default branch": default_branch,
    "rulesets": rulesets,
    "labels": labels,
    "permissions of Actions": actions,
    "Dependabot alerts": alerts,
    "Dependabot security updates": security_updates,
    "private vulnerability reporting": private_reports,
    "CodeQL's default setup": code_scanning,
    "environment pypi": environment,
}


def answers(path: str, project: Any = None, test: Callable[[Any], bool] = lambda said: True, no: str = "") -> bool:
    """Tell whether GitHub answers so that `test` holds; 404, or a refusal with the words `no`, says that it does not.

    Of what only administrators see GitHub says 404 to all others: `project` is given for that, and has the login's rights.
    """
    try:
        return test(ask(path))
    except Refused as error:
        is_hidden = project is not None and not is_administrator(project)
        if is_hidden or error.status != 404 and not (no and no in str(error)):
            raise
        return False


def is_administrator(project: dict[str, Any]) -> bool:
    return project.get("permissions", {}).get("admin", True)


def workflows() -> str:
    """Return the text of all workflows of the project."""
    files = sorted((ROOT / WORKFLOWS).glob("*.y*ml"))
    return "\n".join(repository.decode(file.read_bytes()) for file in files)


def publisher() -> str:
    """Return the name of the workflow with a job in the environment `pypi`, or an empty string; raises Broken."""
    for path in sorted((ROOT / WORKFLOWS).glob("*.y*ml")):
        found = repository.read(ROOT, path.relative_to(ROOT).as_posix())
        jobs = found.get("jobs") if isinstance(found, dict) else None
        for job in jobs.values() if isinstance(jobs, dict) else ():
            place = job.get("environment") if isinstance(job, dict) else None
            if (place.get("name") if isinstance(place, dict) else place) == "pypi":
                return path.name
    return ""


def find(project: dict[str, Any]) -> Iterator[Item]:
    """Yield all settings, each as it is when it is asked for."""
    for name, subject in SUBJECTS.items():
        try:
            yield from subject(project)
        except Refused as error:
            yield Item(name, PERSON, ADVICE) if PLAN in str(error) else Item(name, UNREAD, str(error))
