"""A run, a job and their times, as GitHub's API gives them; times are UTC.

A run has a verdict if it is completed and nobody cancelled or skipped it.
"""

from collections.abc import Iterable
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

# The conclusions that are verdicts; the others are action_required, cancelled, neutral, skipped and stale.
FAILED = ("failure", "timed_out", "startup_failure")
VERDICTS = ("success", *FAILED)


class Run(NamedTuple):
    """A run of the pipeline; `started` is when its last attempt began, `conclusion` is empty while it is not completed."""

    id: int
    branch: str
    event: str
    conclusion: str
    attempt: int
    created: datetime
    started: datetime
    ended: datetime

    @property
    def minutes(self) -> float:
        """How long the last attempt has taken."""
        return minutes(self.started, self.ended)

    @property
    def is_verdict(self) -> bool:
        return self.conclusion in VERDICTS

    def is_on(self, branches: list[str]) -> bool:
        """Tell whether the run is one of what is in a branch; that of a fork's pull request has the fork's name of it."""
        is_change = self.event in ("pull_request", "pull_request_target")
        return not is_change and any(fnmatchcase(self.branch, name) for name in branches)


class Job(NamedTuple):
    """One attempt of a job that has ended; `run` is the run's number."""

    run: int
    name: str
    attempt: int
    conclusion: str
    started: datetime
    ended: datetime

    @property
    def minutes(self) -> float:
        return minutes(self.started, self.ended)


def minutes(start: datetime, end: datetime) -> float:
    """Return the minutes between two times; a skipped job of GitHub's ends a second before it begins."""
    return max((end - start).total_seconds(), 0) / 60


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def run_of(found: dict[str, Any]) -> Run:
    """Return a run as GitHub's API gives it."""
    created, conclusion = when(found["created_at"]), found["conclusion"] if found["status"] == "completed" else ""
    started, attempt = when(found.get("run_started_at") or found["created_at"]), found.get("run_attempt") or 1
    names = (found["head_branch"] or "", found["event"], conclusion or "")
    return Run(found["id"], *names, attempt, created, started, when(found["updated_at"]))


def jobs_of(found: Iterable[dict[str, Any]]) -> list[Job]:
    """Return the jobs of GitHub's API that have ended, each once: an attempt repeats those that it took over."""
    jobs = {}
    for job in found:
        if job["completed_at"] and job["started_at"]:
            times = (when(job["started_at"]), when(job["completed_at"]))
            attempt, conclusion = job.get("run_attempt") or 1, job["conclusion"] or ""
            key = (job["run_id"], job["name"], *times)
            if key not in jobs or attempt < jobs[key].attempt:
                jobs[key] = Job(job["run_id"], job["name"], attempt, conclusion, *times)
    return list(jobs.values())
