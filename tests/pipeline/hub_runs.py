"""What GitHub answers about runs, commits and tags."""

import io
import zipfile
from pathlib import Path
from typing import Any

from hub_things import Call, Refusal

CAP = 1000  # filtered lists of runs end here: https://docs.github.com/rest/actions/workflow-runs


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
