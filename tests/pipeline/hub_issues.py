"""What GitHub answers about issues and labels."""

from typing import Any

from hub_things import Call, Refusal

# Who opens issues, unless they say who did; outside workflows the token is PERSON's.
BOT, PERSON = {"login": "github-actions[bot]", "type": "Bot"}, "octo-person"
MOST = 65536  # characters of a body


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


def user(call: Call) -> Any:
    return call.example() | {"login": PERSON}
