"""What GitHub answers about the settings of a repository."""

from collections.abc import Callable
from typing import Any

from hub_things import Call, Refusal

# What rules have that were made without it.
ADDED = {
    "pull_request": {"allowed_merge_methods": ["merge", "squash", "rebase"], "required_reviewers": []},
    "update": {"update_allows_fetch_and_merge": False},
}


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


def owners_errors(call: Call) -> Any:
    return {"errors": call.things("codeowners_errors")}


def nothing(call: Call) -> None:
    return None
