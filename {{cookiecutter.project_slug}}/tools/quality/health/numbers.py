"""What runs and their jobs add up to; nothing here asks GitHub or the clock."""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from quality.github.rules import GATE
from quality.health.records import FAILED, VERDICTS, Job, Run, minutes

FEW = 5  # below so many runs a percentage or an average is chance, and no target is judged by it
WEEK, WEEKS = timedelta(days=7), 12


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


def judge(found: Measure, count: int, at_least: bool = False, is_whole: bool = True) -> Measure:
    """Return the measure of `count` runs with its verdict: on what is shown, so on one decimal.

    Of a part of the runs a target is only missed for sure, not met.
    """
    value = None if found.value is None else round(found.value, 1)
    word = ""
    if found.target is not None:
        met = value is not None and (value >= found.target if at_least else value <= found.target)
        word = "unknown" if value is None or met and not is_whole else "too few" if count < FEW else "met" if met else "missed"
    return found._replace(value=value, verdict=word)


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
