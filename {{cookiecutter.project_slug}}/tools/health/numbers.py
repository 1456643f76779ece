"""What runs and their jobs add up to; nothing here asks GitHub or the clock.

Times are UTC. A run has a verdict if it is completed and nobody cancelled or skipped it.
"""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

# The conclusions that are verdicts; the others are action_required, cancelled, neutral, skipped and stale.
FAILED = ("failure", "timed_out", "startup_failure")
VERDICTS = ("success", *FAILED)
GATE = "Quality gate"  # the job that ends with the verdict on the run
FEW = 5  # below so many runs a percentage or an average is chance, and no target is judged by it
WEEK, WEEKS = timedelta(days=7), 12


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


class Measure(NamedTuple):
    """A value with what it is taken from; `verdict` is met, missed, too few, unknown, or empty without a target."""

    name: str
    value: float | None
    unit: str
    of: str
    target: float | None = None
    verdict: str = ""


class Week(NamedTuple):
    """A week of the trend: its first day, its runs with a verdict, their average duration, success on the main branches."""

    start: datetime
    runs: int
    minutes: float | None
    success: float | None


class Repeated(NamedTuple):
    """A job over all its runs; minutes are those of an attempt."""

    name: str
    times: int
    average: float
    longest: float
    repeated: int
    flaky: int


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


def percentile(values: Iterable[float], percent: float) -> float | None:
    """Return the smallest value that so many percent of all do not exceed (nearest rank), None without values."""
    ordered = sorted(values)
    return ordered[max(math.ceil(percent / 100 * len(ordered)), 1) - 1] if ordered else None


def average(values: Iterable[float]) -> float | None:
    found = list(values)
    return sum(found) / len(found) if found else None


def share(part: int, whole: int) -> float | None:
    """Return `part` in percent of `whole`, None of nothing."""
    return 100 * part / whole if whole else None


def completed(runs: Iterable[Run], now: datetime) -> list[Run]:
    """Return the completed runs of the last week."""
    return [run for run in runs if run.conclusion and now - WEEK < run.created <= now]


def durations(runs: Iterable[Run]) -> list[float]:
    """Return the minutes of the runs with a verdict; one whose workflow GitHub could not read has not begun."""
    return [run.minutes for run in runs if run.is_verdict and run.conclusion != "startup_failure"]


def success(runs: Iterable[Run], branches: list[str]) -> tuple[int, int]:
    """Return how many of the runs of the branches succeeded, and how many have a verdict."""
    judged = [run.conclusion for run in runs if run.is_verdict and run.is_on(branches)]
    return judged.count("success"), len(judged)


def flaky(jobs: Iterable[Job]) -> set[tuple[int, str]]:
    """Return (run, job) of those that failed and, in a later attempt of the run, so of the same commit, succeeded."""
    first: dict[tuple[int, str], int] = {}
    found, ordered = set(), sorted(jobs, key=lambda job: job.attempt)
    for job in ordered:
        key = (job.run, job.name)
        if job.conclusion in FAILED:
            first.setdefault(key, job.attempt)
        elif job.conclusion == "success" and job.attempt > first.get(key, job.attempt):
            found.add(key)
    return found


def times_to_verdict(runs: Iterable[Run], jobs: Iterable[Job]) -> list[float]:
    """Return the minutes from the start of each run with a verdict to the end of the first gate: what one waits for.

    GitHub gives the start of the last attempt; the first one starts when the run is created.
    """
    created = {run.id: run.created for run in runs if run.is_verdict}
    ends: dict[int, datetime] = {}
    for job in jobs:
        if job.name == GATE and job.run in created and job.conclusion in VERDICTS:
            ends[job.run] = min(job.ended, ends.get(job.run, job.ended))
    return [minutes(created[run], end) for run, end in ends.items()]


def billed(jobs: Iterable[Job]) -> int:
    """Return the minutes of all jobs, each rounded up as GitHub does; a skipped job costs none."""
    return sum(math.ceil(job.minutes) for job in jobs if job.conclusion != "skipped")


def by_job(jobs: list[Job]) -> list[Repeated]:
    """Return each job by its name, the slowest first."""
    names: dict[str, list[Job]] = {}
    for job in jobs:
        if job.conclusion in VERDICTS:
            names.setdefault(job.name, []).append(job)
    unstable = [name for _, name in flaky(jobs)]
    found = []
    for name, own in names.items():
        took, repeated = [job.minutes for job in own], len(own) - len({job.run for job in own})
        found.append(Repeated(name, len(own), sum(took) / len(own), max(took), repeated, unstable.count(name)))
    return sorted(found, key=lambda job: (-job.average, job.name))


def judge(name: str, value: float | None, unit: str, of: str, count: int, target: float | None, at_least: bool = False) -> Measure:
    """Return a measure of `count` runs with its verdict: on what is shown, so on one decimal."""
    value = None if value is None else round(value, 1)
    if target is None or value is None:
        return Measure(name, value, unit, of, target, "" if target is None else "unknown")
    met = value >= target if at_least else value <= target
    return Measure(name, value, unit, of, target, "too few" if count < FEW else "met" if met else "missed")


def trend(runs: list[Run], branches: list[str], now: datetime) -> list[Week]:
    """Return the last weeks, each of seven days up to the moment `now`, the oldest first."""
    found = []
    for back in range(WEEKS, 0, -1):
        start = now - back * WEEK
        own = [run for run in runs if start < run.created <= start + WEEK]
        took, (good, judged) = durations(own), success(own, branches)
        found.append(Week(start, len(took), average(took), share(good, judged)))
    return found


def fallen(before: dict[str, float], after: dict[str, float]) -> list[tuple[str, float, float]]:
    """Return (module, before, after) of the modules whose coverage fell, the deepest fall first."""
    both = [(name, before[name], after[name]) for name in sorted(before.keys() & after.keys())]
    return sorted([found for found in both if found[2] < found[1]], key=lambda found: found[2] - found[1])
