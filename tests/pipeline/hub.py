"""GitHub as its command line sees it: a repository in a file, and rules from GitHub's own description of its API.

`repository.json` in the folder CI_TEMPLATE_RUN is the repository, with a list or a table for each kind of thing; what
it does not name is as GitHub's examples have it. ROUTES are the calls that it knows, with the right that each needs;
hub_issues, hub_runs and hub_settings have the answers. A call that it does not know, that the description does not
allow, or that the token may not do is refused; so is what `refuse` says
([{"call": pattern, "status": 403, "message": "…", "after": calls that still pass}]).

Under act the token has the rights of the job, and there must be one (GH_TOKEN); elsewhere it is a person's, who may
do everything unless the repository says `"admin": false`.
"""

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import jsonschema
from hub_issues import comment, comments, edit_issue, issues, labels, make_label, one_issue, open_issue, user
from hub_runs import archive, artifacts, check_runs, jobs, reference, release, runs, tag
from hub_settings import (
    branch,
    change,
    change_code_scanning,
    change_project,
    change_ruleset,
    environment,
    fixes,
    is_on,
    make_environment,
    make_policy,
    make_ruleset,
    named,
    nothing,
    one_ruleset,
    owners_errors,
    policies,
    private_reports,
    project,
    rulesets,
    switch_on,
    value,
)
from hub_things import Call, Refusal, repository

READ = {"metadata": "read"}  # what every token may


# What a variable of the environment makes GitHub refuse.
FAULTS = {
    "DEPENDENCY_GRAPH_DOWN": {
        "call": "/dependency-graph/compare/",
        "message": "Dependency review is not supported on this repository.\nPlease enable it.",
    },
    "ENABLE_DOWN": {"call": "/enable$", "message": "Resource not accessible by integration"},
}


REPOSITORY = "/repos/{owner}/{repo}"
ACTIONS_READ, ACTIONS_WRITE, ADMIN = {"actions": "read"}, {"actions": "write"}, {"administration": "write"}
ISSUES_READ, ISSUES_WRITE, CONTENTS = {"issues": "read"}, {"issues": "write"}, {"contents": "read"}
# Rights: https://docs.github.com/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
ROUTES: dict[str, tuple[dict[str, str], Callable[[Call], Any]]] = {
    "GET user": ({"user": "read"}, user),  # which no token of a workflow has
    "GET ": (READ, project),
    "PATCH ": (ADMIN, change_project),
    "GET /actions/artifacts": (ACTIONS_READ, artifacts),
    "GET /actions/artifacts/{artifact_id}/{archive_format}": (ACTIONS_READ, archive),
    "GET /actions/cache/usage": (ACTIONS_READ, value("cache")),
    "GET /actions/organization-secrets": ({"secrets": "read"}, named("organization_secrets", "secrets")),
    "GET /actions/organization-variables": ({"variables": "read"}, named("organization_variables", "variables")),
    "GET /actions/permissions/workflow": ({"administration": "read"}, value("workflow_permissions")),
    "PUT /actions/permissions/workflow": (ADMIN, change("workflow_permissions")),
    "GET /actions/runs": (ACTIONS_READ, runs),
    "GET /actions/runs/{run_id}/artifacts": (ACTIONS_READ, artifacts),
    "GET /actions/runs/{run_id}/attempts/{attempt_number}/jobs": (ACTIONS_READ, jobs),
    "GET /actions/runs/{run_id}/jobs": (ACTIONS_READ, jobs),
    "GET /actions/secrets": ({"secrets": "read"}, named("secrets", "secrets")),
    "GET /actions/variables": ({"variables": "read"}, named("variables", "variables")),
    "GET /actions/workflows/{workflow_id}/runs": (ACTIONS_READ, runs),
    "PUT /actions/workflows/{workflow_id}/enable": (ACTIONS_WRITE, nothing),
    "GET /automated-security-fixes": ({"administration": "read"}, fixes),
    "PUT /automated-security-fixes": (ADMIN, switch_on("security_fixes")),
    "GET /branches/{branch}": (CONTENTS, branch),
    "GET /code-scanning/default-setup": ({"administration": "read"}, value("code_scanning")),
    "PATCH /code-scanning/default-setup": (ADMIN, change_code_scanning),
    "GET /codeowners/errors": (CONTENTS, owners_errors),
    "GET /commits/{ref}/check-runs": ({"checks": "read"}, check_runs),
    "GET /dependabot/secrets": ({"dependabot_secrets": "read"}, named("dependabot_secrets", "secrets")),
    "GET /dependency-graph/compare/{basehead}": (CONTENTS, lambda call: []),
    "GET /environments/{environment_name}": (ACTIONS_READ, environment),
    "PUT /environments/{environment_name}": (ADMIN, make_environment),
    "GET /environments/{environment_name}/deployment-branch-policies": (ACTIONS_READ, policies),
    "POST /environments/{environment_name}/deployment-branch-policies": (ADMIN, make_policy),
    "GET /git/ref/{ref}": (CONTENTS, reference),
    "GET /git/tags/{tag_sha}": (CONTENTS, tag),
    "GET /issues": (ISSUES_READ, issues),
    "POST /issues": (ISSUES_WRITE, open_issue),
    "GET /issues/{issue_number}": (ISSUES_READ, one_issue),
    "PATCH /issues/{issue_number}": (ISSUES_WRITE, edit_issue),
    "GET /issues/{issue_number}/comments": (ISSUES_READ, comments),
    "POST /issues/{issue_number}/comments": (ISSUES_WRITE, comment),
    "GET /labels": (ISSUES_READ, labels),
    "POST /labels": (ISSUES_WRITE, make_label),
    "GET /private-vulnerability-reporting": (READ, private_reports),
    "PUT /private-vulnerability-reporting": (ADMIN, switch_on("private_reports")),
    "GET /releases/tags/{tag}": (CONTENTS, release),
    "GET /rulesets": (READ, rulesets),
    "POST /rulesets": (ADMIN, make_ruleset),
    "GET /rulesets/{ruleset_id}": (READ, one_ruleset),
    "PUT /rulesets/{ruleset_id}": (ADMIN, change_ruleset),
    "GET /vulnerability-alerts": ({"administration": "read"}, is_on("alerts")),
    "PUT /vulnerability-alerts": (ADMIN, switch_on("alerts")),
}


def route(method: str, path: str) -> tuple[str, dict[str, str]]:
    """Return the key of ROUTES and the values in the path; one without variables goes first."""
    inside = re.sub(r"^repos/[^/]+/[^/]+", "", path.lstrip("/"))
    for key in sorted(ROUTES, key=lambda key: key.count("{")):
        verb, _, pattern = key.partition(" ")
        names = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(pattern).replace(r"\{ref\}", "(?P<ref>.+)"))
        if verb == method and (match := re.fullmatch(names, inside)):
            return key, {name: unquote(text) for name, text in match.groupdict().items()}
    raise AssertionError(f"the stand-in knows no call {method} {path}: add it to ROUTES")


def may(state: dict[str, Any], folder: Path, needed: dict[str, str]) -> None:
    """Refuse what the token of this job, or of this person, may not do."""
    job = os.environ.get("GITHUB_JOB")
    if not job:
        if not state.get("admin", True) and ("write" in needed.values() or "administration" in needed):
            raise Refusal(403 if "issues" in needed else 404, "Must have admin rights to Repository.")
        return
    if not os.environ.get("GH_TOKEN"):
        raise AssertionError("gh has no token: set GH_TOKEN in the step's env")
    rights = json.loads((folder / "permissions.json").read_text(encoding="utf-8"))[job] | READ
    for scope, level in needed.items():
        if rights.get(scope) not in ("write", level):
            raise Refusal(403, "Resource not accessible by integration")


def refuse_as_told(state: dict[str, Any], call: str) -> None:
    down = [rule for name, rule in FAULTS.items() if os.environ.get(name) == "1"]
    for rule in [*down, *state.get("refuse", [])]:
        if re.search(rule["call"], call):
            rule["after"] = rule.get("after", 0) - 1
            if rule["after"] < 0:
                raise Refusal(rule.get("status", 403), rule["message"])


def check(description: dict[str, Any], what: str, schema: dict[str, Any] | None, value: Any) -> None:
    """Fail if GitHub's description does not allow a value."""
    whole = {"allOf": [schema or {}], "components": description["components"]}
    for error in jsonschema.Draft202012Validator(whole).iter_errors(value):
        place = "/".join(map(str, error.absolute_path))
        raise AssertionError(f"{what}: {place}: {error.message[:300]}")


def answer(folder: Path, method: str, target: str, body: Any) -> Any:
    """Return what GitHub would answer: JSON, bytes or None; raises Refusal."""
    description = json.loads(Path(os.environ["CI_TEMPLATE_GITHUB"]).read_text(encoding="utf-8"))
    path, _, query = target.partition("?")
    key, values = route(method, path)
    operation, asked = description["operations"][key], dict(parse_qsl(query))
    if unknown := asked.keys() - set(operation["query"]):
        raise AssertionError(f"{key}: no such query: {unknown}")
    if body is not None or operation["required"]:
        check(description, f"{key}: request", operation["request"], body)
    with repository(folder) as state:
        refuse_as_told(state, f"{method} {target}")
        may(state, folder, ROUTES[key][0])
        given = ROUTES[key][1](Call(state, operation, values, asked, body))
    if given is not None and not isinstance(given, bytes):
        good = next(status for status in sorted(operation["responses"]) if status[0] == "2")
        check(description, f"{key}: answer", operation["responses"][good]["schema"], given)
    return given


def api(folder: Path, arguments: list[str]) -> None:
    method, target, body, silent = "GET", "", None, False
    rest = iter(arguments)
    for word in rest:
        if word in ("--method", "-X"):
            method = next(rest)
        elif word == "--input":
            name = next(rest)
            body = json.loads(sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8"))
        elif word == "--silent":
            silent = True
        elif word.startswith("-") or target:
            raise AssertionError(f"the stand-in knows no `gh api {word}`")
        else:
            target = word
    given = answer(folder, method, target, body)
    if isinstance(given, bytes):
        sys.stdout.buffer.write(given)
    elif given is not None and not silent:
        print(json.dumps(given))


def main() -> int:
    folder, arguments = Path(os.environ["CI_TEMPLATE_RUN"]), sys.argv[1:]
    body = arguments[arguments.index("--body-file") + 1] if "--body-file" in arguments else ""
    call = {"arguments": arguments, "body": Path(body).read_text(encoding="utf-8") if body else ""}
    with open(folder / "gh.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(call) + "\n")
    try:
        if arguments[0] == "api":
            api(folder, arguments[1:])
        else:
            import commands  # which needs what is above

            commands.run(folder, arguments)
    except Refusal as refusal:
        print(json.dumps({"message": str(refusal), "status": str(refusal.status)}))
        print(f"gh: {refusal} (HTTP {refusal.status})", file=sys.stderr)
        return 1
    except AssertionError as error:
        with open(folder / "gh-wrong.txt", "a", encoding="utf-8") as file:
            print(error, file=file)
        print(f"stand-in: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.modules["hub"] = sys.modules["__main__"]
    sys.exit(main())
