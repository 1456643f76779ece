"""GitHub as its command line sees it: a repository in a file, and rules from GitHub's own description of its API.

`repository.json` in the folder CI_TEMPLATE_RUN is the repository, with a list or a table for each kind of thing; what
it does not name is as GitHub's examples have it. ROUTES are the calls that it knows, with the right that each needs. A
call that it does not know, that the description does not allow, or that the token may not do is refused; so is what
`refuse` says ([{"call": pattern, "status": 403, "message": "…", "after": calls that still pass}]).

Under act the token has the rights of the job, and there must be one (GH_TOKEN); elsewhere it is a person's, who may
do everything unless the repository says `"admin": false`.
"""

import fcntl
import io
import json
import os
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import jsonschema

READ = {"metadata": "read"}  # what every token may
# What rules have that were made without it.
ADDED = {
    "pull_request": {"allowed_merge_methods": ["merge", "squash", "rebase"], "required_reviewers": []},
    "update": {"update_allows_fetch_and_merge": False},
}
# Who opens issues, unless they say who did; outside workflows the token is PERSON's.
BOT, PERSON = {"login": "github-actions[bot]", "type": "Bot"}, "octo-person"
MOST = 65536  # characters of a body
CAP = 1000  # filtered lists of runs end here: https://docs.github.com/rest/actions/workflow-runs


# What a variable of the environment makes GitHub refuse.
FAULTS = {
    "DEPENDENCY_GRAPH_DOWN": {
        "call": "/dependency-graph/compare/",
        "message": "Dependency review is not supported on this repository.\nPlease enable it.",
    },
    "ENABLE_DOWN": {"call": "/enable$", "message": "Resource not accessible by integration"},
}


class Refusal(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@contextmanager
def repository(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the repository, and keep what has changed; jobs that run at the same time wait for each other."""
    path = folder / "repository.json"
    with open(folder / "repository.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        yield state
        path.write_text(json.dumps(state, indent=1), encoding="utf-8")


class Call:
    """One request: its parts, the description of its operation, and the repository that it reads or changes."""

    def __init__(
        self, state: dict[str, Any], operation: dict[str, Any], values: dict[str, str], query: dict, body: Any
    ):
        self.state, self.operation, self.values, self.query, self.body = state, operation, values, query, body

    def things(self, name: str) -> list[dict[str, Any]]:
        return self.state.setdefault(name, [])

    def thing(self, name: str, key: str, value: Any) -> dict[str, Any]:
        """Return one of the things called `name`, or answer that there is none."""
        found = [thing for thing in self.things(name) if str(thing[key]) == str(value)]
        if not found:
            raise Refusal(404, "Not Found")
        return found[0]

    def example(self, *names: Any, status: str = "200") -> Any:
        """Return GitHub's example of an answer, or a part of it."""
        value = json.loads(json.dumps(self.operation["responses"][status]["example"]))
        for name in names:
            value = value[name]
        return value

    def page(self, items: list[Any], cap: float = float("inf")) -> list[Any]:
        size, number = int(self.query.get("per_page", 30)), int(self.query.get("page", 1))
        return items[: int(min(cap, len(items)))][(number - 1) * size : number * size]

    def counted(self, key: str, items: list[dict[str, Any]], cap: float = float("inf")) -> dict[str, Any]:
        """Return a page as those lists are answered that have a name; each item is the example with what it says."""
        example = (self.example(key) or [{}])[0]
        return {"total_count": len(items), key: [example | item for item in self.page(items, cap)]}


def runs(call: Call) -> Any:
    found = call.things("runs")
    for name, key in {"branch": "head_branch", "event": "event", "head_sha": "head_sha"}.items():
        found = [run for run in found if name not in call.query or run[key] == call.query[name]]
    if status := call.query.get("status"):
        found = [run for run in found if status in (run["status"], run["conclusion"])]
    if wanted := call.values.get("workflow_id"):
        found = [run for run in found if wanted in (Path(run["path"]).name, str(run["workflow_id"]))]
    if created := call.query.get("created"):
        first, _, last = created.partition("..")
        if not last:
            first, last = (first.lstrip(">="), "9999") if first[0] == ">" else (first, first)
        found = [run for run in found if first <= run["created_at"] and run["created_at"][: len(last)] <= last]
    found = sorted(found, key=lambda run: run["created_at"], reverse=True)
    return call.counted("workflow_runs", found, CAP if set(call.query) - {"page", "per_page"} else float("inf"))


def jobs(call: Call) -> Any:
    run = call.thing("runs", "id", call.values["run_id"])
    found = call.state.get("jobs", {}).get(str(run["id"]), [])
    wanted = call.values.get("attempt_number") or (None if call.query.get("filter") == "all" else run["run_attempt"])
    return call.counted("jobs", [job for job in found if wanted is None or job["run_attempt"] == int(wanted)])


def artifacts(call: Call) -> Any:
    found = [thing for thing in call.things("artifacts") if call.query.get("name", thing["name"]) == thing["name"]]
    if "run_id" in call.values:
        found = [thing for thing in found if str(thing["workflow_run"]["id"]) == call.values["run_id"]]
    return call.counted(
        "artifacts", [{key: value for key, value in thing.items() if key != "files"} for thing in found]
    )


def archive(call: Call) -> bytes:
    thing = call.thing("artifacts", "id", call.values["artifact_id"])
    if thing.get("expired"):
        raise Refusal(410, "Artifact has expired")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, text in thing["files"].items():
            file.writestr(name, text)
    return buffer.getvalue()


def issues(call: Call) -> Any:
    labels = set(filter(None, call.query.get("labels", "").split(",")))
    state = call.query.get("state", "open")
    found = [issue for issue in call.things("issues") if state in ("all", issue["state"])]
    found = [issue for issue in found if labels <= set(issue["labels"])]
    return call.page([issue_of(call, issue, call.example(0)) for issue in reversed(found)])


def issue_of(call: Call, issue: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    label = example["labels"][0]
    labels = [label | {"name": name} for name in issue["labels"]]
    author = example["user"] | issue.get("user", BOT)
    shown = example | {key: value for key, value in issue.items() if key != "comments"}
    shown |= {"labels": labels, "user": author}
    if not issue.get("pull_request"):
        shown.pop("pull_request", None)
    return shown | {"comments": len(issue.get("comments", []))}


def one_issue(call: Call) -> Any:
    return issue_of(call, call.thing("issues", "number", call.values["issue_number"]), call.example())


def limit(call: Call) -> None:
    if len(call.body.get("body") or "") > MOST:
        raise Refusal(422, f"Validation Failed: body is too long (maximum is {MOST} characters)")


def open_issue(call: Call) -> Any:
    limit(call)
    number = 1 + max([issue["number"] for issue in call.things("issues")], default=0)
    issue = {"number": number, "title": call.body["title"], "body": call.body.get("body"), "state": "open"}
    known = {label["name"] for label in call.things("labels")}
    if unknown := set(call.body.get("labels", [])) - known:
        raise AssertionError(f"labels that nobody has made: {unknown}")
    call.things("issues").append(issue | {"labels": call.body.get("labels", []), "comments": []})
    return issue_of(call, call.things("issues")[-1], call.example(status="201"))


def edit_issue(call: Call) -> Any:
    limit(call)
    issue = call.thing("issues", "number", call.values["issue_number"])
    issue.update({key: value for key, value in call.body.items() if key != "state_reason"})
    return issue_of(call, issue, call.example())


def comments(call: Call) -> Any:
    issue = call.thing("issues", "number", call.values["issue_number"])
    return call.page([call.example(0) | {"body": text} for text in issue.get("comments", [])])


def comment(call: Call) -> Any:
    limit(call)
    call.thing("issues", "number", call.values["issue_number"]).setdefault("comments", []).append(call.body["body"])
    return call.example(status="201") | {"body": call.body["body"]}


def labels(call: Call) -> Any:
    return call.page([call.example(0) | label for label in call.things("labels")])


def make_label(call: Call) -> Any:
    if call.body["name"] in [label["name"] for label in call.things("labels")]:
        raise Refusal(422, "Validation Failed")
    call.things("labels").append(call.body)
    return call.example(status="201") | call.body


def project(call: Call) -> Any:
    """Return a repository that is no fork, as GitHub's schema has it (its examples lack keys), and what one may do."""
    rights = call.example("permissions") | {"admin": call.state.get("admin", True)}
    found = {key: value for key, value in call.example().items() if key not in ("parent", "source")}
    return (
        {"language": None, "has_discussions": False}
        | found
        | {"permissions": rights}
        | call.state.get("repository", {})
    )


def change_project(call: Call) -> Any:
    if call.body.get("default_branch", "main") not in call.state.get("branches", ["main"]):
        raise Refusal(422, "Validation Failed: default_branch")
    call.state.setdefault("repository", {}).update(call.body)
    return project(call)


def rulesets(call: Call) -> Any:
    """Those of the organisation are listed too, unless one asks for the repository's own."""
    shown = ("id", "name", "target", "enforcement", "source_type", "source")
    found = call.things("rulesets")
    if call.query.get("includes_parents") == "false":
        found = [rules for rules in found if rules.get("source_type") != "Organization"]
    return call.page(
        [call.example(0) | {key: value for key, value in rules.items() if key in shown} for rules in found]
    )


def one_ruleset(call: Call) -> Any:
    """GitHub adds its defaults to rules, and shows who may bypass them to administrators only."""
    found = call.example() | call.thing("rulesets", "id", call.values["ruleset_id"])
    rules = [rule | {"parameters": ADDED.get(rule["type"], {}) | rule.get("parameters", {})} for rule in found["rules"]]
    found["rules"] = [{key: value for key, value in rule.items() if value != {}} for rule in rules]
    if not call.state.get("admin", True):
        del found["bypass_actors"]
    return found


def make_ruleset(call: Call) -> Any:
    if call.body["name"] in [rules["name"] for rules in call.things("rulesets")]:
        raise Refusal(422, "Name must be unique")
    call.things("rulesets").append(call.body | {"id": 1 + len(call.things("rulesets"))})
    return call.example(status="201") | call.things("rulesets")[-1]


def change_ruleset(call: Call) -> Any:
    """What is not sent gets GitHub's default: nothing of the ruleset before stays."""
    rules = call.thing("rulesets", "id", call.values["ruleset_id"])
    number = rules["id"]
    rules.clear()
    rules.update(call.body | {"id": number})
    return call.example() | rules


def value(name: str) -> Callable[[Call], Any]:
    """Return what reads a table of the repository."""
    return lambda call: call.example() | call.state.get(name, {})


def change(name: str) -> Callable[[Call], None]:
    """Return what changes a table of the repository."""
    return lambda call: call.state.setdefault(name, {}).update(call.body)


def change_code_scanning(call: Call) -> Any:
    call.state.setdefault("code_scanning", {}).update(call.body)
    return {}


def named(name: str, key: str) -> Callable[[Call], Any]:
    """Return what lists things of which the repository has the names."""
    return lambda call: call.counted(key, [{"name": item} for item in call.state.get(name, [])])


def is_on(name: str) -> Callable[[Call], Any]:
    def answer(call: Call) -> None:
        if not call.state.get(name):
            raise Refusal(404, "Not Found")

    return answer


def switch_on(name: str) -> Callable[[Call], Any]:
    return lambda call: call.state.__setitem__(name, True)


def fixes(call: Call) -> Any:
    return {"enabled": bool(call.state.get("security_fixes")), "paused": False}


def private_reports(call: Call) -> Any:
    """Only public repositories can have them."""
    if call.state.get("repository", {}).get("private"):
        raise Refusal(422, "Bad Request")
    return {"enabled": bool(call.state.get("private_reports"))}


def branch(call: Call) -> Any:
    if call.values["branch"] not in call.state.get("branches", ["main"]):
        raise Refusal(404, "Branch not found")
    return call.example() | {"name": call.values["branch"]}


def environment(call: Call) -> Any:
    found = call.thing("environments", "name", call.values["environment_name"])
    return call.example() | {"deployment_branch_policy": None} | {key: found[key] for key in found if key != "policies"}


def make_environment(call: Call) -> Any:
    name, things = call.values["environment_name"], call.things("environments")
    things[:] = [thing for thing in things if thing["name"] != name]
    things.append({"name": name, "policies": []} | (call.body or {}))
    return environment(call)


def policies(call: Call) -> Any:
    found = call.thing("environments", "name", call.values["environment_name"])
    return call.counted("branch_policies", found.get("policies", []))


def make_policy(call: Call) -> Any:
    found = call.thing("environments", "name", call.values["environment_name"])
    if not (found.get("deployment_branch_policy") or {}).get("custom_branch_policies"):
        raise Refusal(404, "Not Found")
    found.setdefault("policies", []).append(call.body)
    return call.example() | call.body


def release(call: Call) -> Any:
    return call.example() | call.thing("releases", "tag_name", call.values["tag"])


def check_runs(call: Call) -> Any:
    found = call.state.get("checks", {}).get(call.values["ref"], [])
    found = [check for check in found if call.query.get("check_name", check["name"]) == check["name"]]
    by_app = call.query.get("app_id")  # GitHub Actions unless a check says otherwise
    found = [check for check in found if by_app in (None, str(check.get("app", {"id": 15368})["id"]))]
    return call.counted("check_runs", found)


def reference(call: Call) -> Any:
    """Answer which object of git's has the name."""
    found = call.state.get("refs", {}).get(call.values["ref"])
    if not found:
        raise Refusal(404, "Not Found")
    return call.example() | {"ref": f"refs/{call.values['ref']}", "object": call.example("object") | found}


def tag(call: Call) -> Any:
    found = call.thing("tags", "sha", call.values["tag_sha"])
    return call.example() | found | {"verification": call.example("verification") | found.get("verification", {})}


def user(call: Call) -> Any:
    return call.example() | {"login": PERSON}


def owners_errors(call: Call) -> Any:
    return {"errors": call.things("codeowners_errors")}


def nothing(call: Call) -> None:
    return None


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
