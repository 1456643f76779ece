"""The coverage data that the tests leave: each leg, a Python and a part, records into a file of its own.

The file's name tells the leg, the code that was tested and the durations by which the parts were made; until the tests
have passed it ends with `-unfinished` (noxfile.py).
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import coverage
from repository import Unusable

FOLDER = "reports/coverage"
DURATIONS = ".test_durations"  # of pytest-split
LEG = re.compile(r"\.coverage-(3\.\d+)-(\d+)-(\w+)-(\w+)(-unfinished)?")


class Leg(NamedTuple):
    """A file of coverage data, as its name tells."""

    path: Path
    python: str
    part: int
    code: str
    durations: str
    unfinished: str


def hashed(files: Iterable[Path]) -> str:
    """Return a name for what the files are called and hold; those that do not exist do not count."""
    contents = {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()}
    return hashlib.sha256(json.dumps(contents).encode()).hexdigest()[:12]


def code_of(paths: list[str]) -> str:
    return hashed(Path(path) for path in paths if path.endswith(".py"))


def found_legs() -> list[Leg]:
    names = [(path, LEG.fullmatch(path.name)) for path in sorted(Path("reports").rglob(".coverage-*"))]
    return [Leg(path, name[1], int(name[2]), *name.groups("")[2:]) for path, name in names if name]


def record(paths: list[str]) -> str:
    """Return the file into which this Python's tests record, and remove what they recorded before."""
    python, part = f"{sys.version_info[0]}.{sys.version_info[1]}", os.environ.get("COVERAGE_PART", "1")
    if not part.isdecimal():
        raise Unusable(f"COVERAGE_PART is {part!r}: it must be the number of a part")
    for old in Path(FOLDER).glob(f".coverage-{python}-{part}-*"):
        old.unlink()
    return f"{FOLDER}/.coverage-{python}-{part}-{code_of(paths)}-{hashed([Path(DURATIONS)])}"


def expected() -> set[tuple[str, int]]:
    """Return the legs, Python and part, that there must be; none if nobody says so."""
    given, parts = os.environ.get("COVERAGE_PYTHONS", "[]"), os.environ.get("COVERAGE_PARTS", "1")
    try:
        return {(str(python), part + 1) for python in json.loads(given) for part in range(int(parts))}
    except (TypeError, ValueError) as error:
        raise Unusable(f"COVERAGE_PYTHONS {given!r} must be a JSON list, COVERAGE_PARTS {parts!r} a number: {error}") from error


def named(legs: Iterable[Leg]) -> str:
    return "Python " + ", ".join(sorted({leg.python for leg in legs}, key=lambda version: int(version[2:])))


def to_judge(paths: list[str], other: str) -> tuple[list[str], str]:
    """Return the files of data to judge, and a sentence that says which: those of all legs, else the file `other`.

    Raises Unusable if that of a leg is missing, or does not belong to the others.
    """
    code = code_of(paths)
    wanted, found = expected(), found_legs()
    legs = [leg for leg in found if leg.code == code and (not wanted or (leg.python, leg.part) in wanted)]
    stale = [leg for leg in found if leg.code != code]
    told = f" Not judged: {named(stale)}, whose tests ran on other code." if stale else ""
    if failed := [leg for leg in legs if leg.unfinished]:
        raise Unusable(f"the tests of {named(failed)} failed or were stopped: make them pass, the coverage is judged then")
    if missing := sorted(wanted - {(leg.python, leg.part) for leg in legs}):
        names = ", ".join(f"Python {python} part {part}" for python, part in missing)
        raise Unusable(f"no data of {names}: see the log of these tests, and whether their reports were kept.{told}")
    if not legs:
        if not Path(other).is_file():
            raise Unusable(f"no data: run `nox -s tests` or `pytest --cov`.{told}")
        lines_of(Path(other))
        return [other], f"Judged: the last `pytest --cov`.{told}"
    lines = {leg: lines_of(leg.path) for leg in legs}
    for python in sorted({leg.python for leg in legs}):
        parts = [leg for leg in legs if leg.python == python]
        if len({leg.durations for leg in parts}) > 1:
            raise Unusable(f"the parts of Python {python} were made by different {DURATIONS}, some test may be in none: run all again")
        if not any(lines[leg] for leg in parts):
            raise Unusable(f"the tests of Python {python} recorded no line of the package: see their log")
    return [str(leg.path) for leg in legs], f"Judged: {named(legs)}.{told}"


def lines_of(path: Path) -> int:
    """Return how many lines a file of data holds; raises coverage.CoverageException if it is none."""
    data = coverage.CoverageData(str(path))
    data.read()
    return sum(len(data.lines(name) or ()) for name in data.measured_files())
