"""What a run did, read from act's JSON log."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


@dataclass
class Step:
    """`outcome` is what happened, `result` what counts after continue-on-error (GitHub calls it the conclusion)."""

    name: str
    result: str = "skipped"
    outcome: str = "skipped"
    seconds: float = 0.0


@dataclass
class Job:
    """One job, or one leg of a matrix; the job of a matrix holds what all its legs did."""

    result: str
    steps: list[Step] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    log: str = ""
    legs: dict[str, "Job"] = field(default_factory=dict)

    @property
    def end(self) -> str:
        """What a message needs of the log."""
        return "\n".join([f"{self.result}:", *[line for line in self.log.splitlines() if line.strip()][-25:]])


@dataclass
class Run:
    exit_code: int
    jobs: dict[str, Job]
    log: str
    folder: Path

    @property
    def end(self) -> str:
        """The end of each job that went wrong, or of the log if none did."""
        wrong = {name: job for name, job in self.jobs.items() if job.result not in ("success", "skipped")}
        return "\n".join(f"{name} {job.end}" for name, job in wrong.items()) or self.log[-2000:]

    @property
    def artifacts(self) -> Path:
        """One folder for each artifact that the jobs uploaded."""
        return self.folder / "artifacts"

    def records(self, action: str) -> list[dict[str, str]]:
        """The inputs of each call of an action that only reports to an outside service."""
        path = self.folder / "records.jsonl"
        lines = map(json.loads, path.read_text().splitlines() if path.exists() else [])
        return [entry["inputs"] for entry in lines if entry["action"] == action]


def text(events: list[dict], prefix: str = "") -> str:
    """What a reader of the log wants: no set-up chatter, and no colours (under act, steps write to a terminal)."""
    said = [e for e in events if e.get("stage", "Main") == "Main" and not e["msg"].startswith("LocalRepositoryCache")]
    return "".join(prefix.format(e.get("job", "").strip()) + COLOUR.sub("", e["msg"]).rstrip("\n") + "\n" for e in said)


def read_job(definition: dict, events: list[dict], needs: dict | None) -> Job:
    """`needs` is what later jobs see of this one; a run that was stopped has only the log.

    Legs are told apart by act's names for them and called as on GitHub: by the values of their matrix.
    """
    names = {e["job"]: ", ".join(map(str, e["matrix"].values())) for e in events}
    legs = {name: read_leg(definition, [e for e in events if e["job"] == job]) for job, name in sorted(names.items())}
    ended = [e["jobResult"] for e in events if "jobResult" in e]
    result = needs["result"] if needs else (ended or ["cancelled" if events else "skipped"])[-1]
    if any("Skipping unsupported platform" in e["msg"] for e in events):
        result = "queued"  # no runner has this label: GitHub would wait for one
    job = Job(result, outputs=(needs or {}).get("outputs") or {})
    for leg in legs.values():
        job.steps, job.summary, job.log = job.steps + leg.steps, job.summary + leg.summary, job.log + leg.log
    job.legs = legs if "strategy" in definition else {}
    return job


def read_leg(definition: dict, events: list[dict]) -> Job:
    """act gives each leg the result of its whole matrix and logs no skipped step: both come from the steps here."""
    main = [e for e in events if len(e.get("stepID", [])) == 1 and e["stage"] == "Main"]
    written = enumerate(definition.get("steps", []))
    steps = {s.get("id", str(i)): Step(s.get("name") or s.get("uses") or s["run"]) for i, s in written}
    tolerated = {e["stepID"][0] for e in main if e["msg"] == "Failed but continue next step"}
    for e in [e for e in main if "stepResult" in e]:
        (id,) = e["stepID"]
        result = "success" if id in tolerated else e["stepResult"]
        steps[id] = Step(e["step"], result, e["stepResult"], e.get("executionTime", 0) / 1e9)
    summary = "".join(e["content"] for e in main if e.get("command") == "summary")
    ended = any("jobResult" in e for e in events) and all(s.result != "failure" for s in steps.values())
    return Job("success" if ended else "failure", [*steps.values()], {}, summary, text(events))
