"""What a run of a pipeline costs: pure arithmetic on the times of its jobs.

`Times` maps each job to the seconds of its legs: one for a job without a matrix, none for a job that was skipped.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

Times = dict[str, list[float]]
WAITED = re.compile(r"^waited (\d+\.\d+) s$", re.MULTILINE)


class Measured(NamedTuple):
    """One run: what each job needs, what its legs waited, what their steps took on this machine, the legs' names."""

    needs: dict[str, list[str]]
    net: Times
    raw: Times
    legs: dict[str, list[str]]

    def changed_by(self, part: "Measured") -> "Measured":
        """Return the same run with the times of those jobs that a run of a part of the pipeline took."""
        return self._replace(net=self.net | part.net, legs=self.legs | part.legs)

    def only(self, job: str, value: str) -> "Measured":
        """Return the same run with no other legs of a job than those whose first value of the matrix is `value`."""
        kept = [seconds for leg, seconds in self.part_times(job) if leg == value]
        return self._replace(net=self.net | {job: kept})

    def part_times(self, job: str) -> Iterator[tuple[str, float]]:
        """Yield the first value of the matrix and the net seconds of each leg of a job."""
        return zip([name.partition(",")[0] for name in self.legs[job]], self.net[job], strict=True)

    @property
    def cost(self) -> tuple[float, float]:
        """The net seconds of all jobs, which is what is paid for, and of the critical path."""
        return total(self.net), critical_path(self.needs, self.net)[0]


def legs_of(run) -> dict[str, list]:
    """Return what ran of each job of a run of `act.run`: nothing of one that was skipped."""
    ran = {id: job.legs.values() or [job] for id, job in run.jobs.items() if job.result != "skipped"}
    return {id: list(ran.get(id, [])) for id in run.jobs}


def step_times(run) -> Times:
    """Return how long the steps of each leg took, as act's log tells it."""
    return {id: [sum(step.seconds for step in leg.steps) for leg in legs] for id, legs in legs_of(run).items()}


def waits(run, start: float, expected: dict[str, int]) -> Times:
    """Return how long each leg waited, as its log tells it, with the `start` of its runner.

    Args:
        expected: how many lines of each leg's log tell of a wait.

    Raises:
        LookupError: there are more or fewer, and the sum would be wrong.
    """
    found = {id: [WAITED.findall(leg.log) for leg in legs] for id, legs in legs_of(run).items()}
    for id, legs in found.items():
        if wrong := [len(lines) for lines in legs if len(lines) != expected.get(id, 0)]:
            raise LookupError(
                f"job {id} waits {wrong[0]} times, not {expected.get(id, 0)}: adapt benchmarks/ to ci.yml"
            )
    return {id: [start + sum(map(float, lines)) for lines in legs] for id, legs in found.items()}


def total(times: Times) -> float:
    """Return the seconds of all legs of all jobs."""
    return sum(map(sum, times.values()))


def critical_path(needs: dict[str, list[str]], times: Times) -> tuple[float, list[str]]:
    """Return how long a run takes if no job waits for a runner, and the jobs that decide it, in order.

    A job starts when every leg of all that it needs has ended. A skipped job takes no time, but ends no earlier than
    what it needs.

    Args:
        needs: the jobs that each job needs.
        times: the seconds of the legs of every job in `needs`.
    """
    paths: dict[str, tuple[float, list[str]]] = {}

    def path(id: str) -> tuple[float, list[str]]:
        if id not in paths:
            before, names = max(map(path, needs[id]), default=(0.0, []))
            paths[id] = (before + max(times[id], default=0.0), [*names, *([id] if times[id] else [])])
        return paths[id]

    return max(map(path, needs), default=(0.0, []))


def extent(seconds: list[float]) -> str:
    """Return the shortest and the longest of some parts, and their spread."""
    low, high = min(seconds), max(seconds)
    return f"{low:.1f} to {high:.1f}, a spread of {high - low:.1f}"


def table(header: str, rows: list[list[str]]) -> str:
    """Return a Markdown table; the columns of `header` are split by semicolons, all but the first hold numbers."""
    names = header.split("; ")
    lines = [names, ["---", *["---:"] * (len(names) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
