"""What the runs of a hunt for flaky tests say: their JUnit reports, read and added up for each test."""

import shlex
from collections.abc import Iterable
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree  # nosec B405 # reports of the project's own pytest

from quality import repository
from quality.repository import Unusable, one_line, plain

Z = 1.959963984540054  # 97.5 % of a normal distribution lie below it, so that 95 % lie between -Z and Z
LONGEST = 200  # characters of a message


class Case(NamedTuple):
    """A test in one run; `error` is the first line of its traceback, `quarantine` the issue of its mark."""

    failed: bool
    skipped: bool
    error: str
    quarantine: str
    is_file: bool  # a file or a class that could not be collected, which only a report of the failure names


class Outcome(NamedTuple):
    """A test in all runs: how often it passed, the seeds of the runs in which it failed, and the first error."""

    name: str
    passed: int
    failed: list[int]
    error: str = ""
    quarantine: str = ""

    @property
    def runs(self) -> int:
        return self.passed + len(self.failed)

    @property
    def verdict(self) -> str:
        """Return "flaky" if it failed and passed, else "broken", "passed", or "skipped" if it did neither."""
        if self.failed:
            return "flaky" if self.passed else "broken"
        return "passed" if self.passed else "skipped"

    @property
    def path(self) -> str:
        return self.name.partition("::")[0]


class Hunt(NamedTuple):
    """All runs: the tests, the worst first, the seeds that were judged, and what is to say of others.

    `selection` are the words for pytest that chose the tests, `limits` the settings of quarantine; it is whole if each run
    was judged and each file collected.
    """

    tests: list[Outcome]
    seeds: list[int]
    notes: list[str]
    selection: list[str]
    limits: dict[str, Any]
    is_whole: bool = True

    def again(self, seed: int, *tests: str) -> str:
        """Return the command that repeats a run, of `tests` alone if there are some."""
        return again(seed, *(tests or self.selection))


def again(seed: int, *words: str) -> str:
    """Return the command that repeats a run of what `words` choose, or of all tests."""
    return f"{repository.nox('hunt', Path.cwd())} -- --seed {seed} --repetitions 1 {shlex.join(words)}".strip()


def wilson(failures: int, runs: int) -> tuple[float, float]:
    """Return the bounds of the 95 % interval of the rate of failures, from 0 to 1; `runs` is not 0.

    With p = failures / runs and n = runs they are (p + z²/2n ± z √(p (1-p) / n + z²/4n²)) / (1 + z²/n): E. B. Wilson,
    Probable inference, the law of succession, and statistical inference, J. Am. Stat. Assoc. 22 (1927) 209-212.
    """
    rate, square = failures / runs, Z * Z / runs
    middle, half = rate + square / 2, Z * sqrt(rate * (1 - rate) / runs + square / (4 * runs))
    return max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square))


def rate(failures: int, runs: int) -> str:
    """Return the rate of failures and its interval as cells of a Markdown table."""
    low, high = wilson(failures, runs)
    return f"{failures} of {runs} | {100 * failures / runs:.0f} % | {100 * low:.1f} to {100 * high:.1f} %"


def read(path: Path) -> dict[str, Case]:
    """Return the tests in the JUnit report at `path`, by id; raises Unusable if there is none, or pytest broke down."""
    try:
        root = ElementTree.parse(path).getroot()  # nosec B314 # as above
    except FileNotFoundError:
        raise Unusable("it left no report") from None
    except (ElementTree.ParseError, ValueError) as error:
        raise Unusable(f"its report does not parse: {one_line(error)}") from None
    names: dict[tuple[str, str], str] = {}
    cases: dict[tuple[str, str], Case] = {}
    for element in root.iter("testcase"):
        key = element.get("classname", ""), element.get("name", "")
        problems = [*element.iter("failure"), *element.iter("error")]
        if key == ("pytest", "internal"):
            raise Unusable(f"pytest itself failed: `{plain(problems[0].text or '')[-LONGEST:]}`")
        said = {item.get("name"): item.get("value", "") for item in reversed([*element.iter("property")])}
        # A test that fails and cannot be torn down has two elements, and the properties are in one of them.
        names[key] = said.get("hunt-test") or names.get(key) or "::".join(filter(None, key))
        old = cases.get(key, Case(False, False, "", "", False))
        cases[key] = Case(
            failed=bool(problems) or old.failed,
            skipped=element.find("skipped") is not None,
            error=old.error or first_line(problems),
            quarantine=said.get("hunt-quarantine") or old.quarantine,
            is_file=any(problem.get("message") == "collection failure" for problem in element.iter("error")),
        )
    return {names[key]: case for key, case in cases.items()}


def first_line(problems: Iterable[ElementTree.Element]) -> str:
    """Return the first line of the first traceback that says what happened (pytest begins it with E), or the message."""
    for element in problems:
        lines = (element.text or "").splitlines()
        found = [line[1:] for line in lines if line.startswith("E  ")] or [element.get("message") or "", *lines]
        return one_line(next(filter(str.strip, found), "no message"))[:LONGEST]
    return ""


def add_up(runs: dict[int, dict[str, Case]]) -> list[Outcome]:
    """Return all tests of `runs`, which are by seed, the worst first: by the lower bound of the rate of failures."""
    found = []
    for name in {name: None for cases in runs.values() for name in cases}:
        seen = {seed: cases[name] for seed, cases in runs.items() if name in cases}
        failed = [seed for seed, case in seen.items() if case.failed]
        passed = len([case for case in seen.values() if not (case.failed or case.skipped)])
        if any(case.is_file for case in seen.values()):
            passed = len(runs) - len(failed)
        said = [next(filter(None, (getattr(case, field) for case in seen.values())), "") for field in ("error", "quarantine")]
        found.append(Outcome(name, passed, failed, *said))
    return sorted(found, key=lambda test: (-wilson(len(test.failed), max(test.runs, 1))[0], test.name))
