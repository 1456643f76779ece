"""The coverage data that the tests leave: each leg, a Python and a part, records into a file of its own.

The file's name tells the leg, the code that was tested and the durations by which the parts were made. Until the tests
have passed there is an empty file beside it whose name ends with `-unfinished`; noxfile.py removes that.
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

from quality import repository
from quality.repository import Unusable

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
    """Return the file into which this Python's tests record, mark it, and remove what they recorded before.

    COVERAGE_PART says which part of the tests they are; without it they are all, and the data of every part goes.
    """
    python, part = f"{sys.version_info[0]}.{sys.version_info[1]}", os.environ.get("COVERAGE_PART", "")
    if not re.fullmatch("([1-9][0-9]*)?", part):
        raise Unusable(f"COVERAGE_PART is {part!r}: it must be the number of a part")
    for old in Path(FOLDER).glob(f".coverage-{python}-{part or '*'}-*"):
        old.unlink()
    data = Path(FOLDER, f".coverage-{python}-{part or 1}-{code_of(paths)}-{hashed([Path(DURATIONS)])}")
    data.parent.mkdir(parents=True, exist_ok=True)
    Path(f"{data}-unfinished").touch()
    return str(data)


def expected() -> set[tuple[str, int]]:
    """Return the legs, Python and part, that there must be; none if nobody says so."""
    given, parts = os.environ.get("COVERAGE_PYTHONS", ""), os.environ.get("COVERAGE_PARTS", "1")
    if not given:
        return set()
    # What json.loads would read, without 3.10 as a number.
    if not re.fullmatch(r'\[ *"3\.\d+"( *, *"3\.\d+")* *\]', given) or not re.fullmatch("[1-9][0-9]?", parts):
        wanted = f'must be a list as ["3.12", "3.13"], COVERAGE_PARTS {parts!r} a number above 0'
        raise Unusable(f"COVERAGE_PYTHONS {given!r} {wanted}")
    return {(python, part + 1) for python in re.findall(r"3\.\d+", given) for part in range(int(parts))}


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
    hint = " A Python file that tests or the installation write belongs into .gitignore." if stale else ""
    if failed := [leg for leg in legs if leg.unfinished]:
        names = " ".join(f"{leg.path}".removesuffix("-unfinished") + "*" for leg in failed)
        raise Unusable(f"the tests of {named(failed)} failed or were stopped: make them pass, or forget them: rm {names}")
    if missing := sorted(wanted - {(leg.python, leg.part) for leg in legs}):
        names = ", ".join(f"Python {python} part {part}" for python, part in missing)
        raise Unusable(f"no data of {names}: see the log of these tests, and whether their reports were kept.{told}{hint}")
    if not legs:
        if not Path(other).is_file():
            raise Unusable(f"no data: run `{repository.nox('tests')}` or `pytest --cov`.{told}{hint}")
        lines_of(Path(other))
        newer = [path for path in paths if path.endswith(".py") and changed(Path(path)) > changed(Path(other))]
        since = f" Since then {', '.join(newer[:3])} has changed." if newer else ""
        return [other], f"Judged: the last `pytest --cov`.{since}{told}"
    lines = {leg: lines_of(leg.path) for leg in legs}
    for python in sorted({leg.python for leg in legs}):
        parts = [leg for leg in legs if leg.python == python]
        if len({leg.durations for leg in parts}) > 1:
            made = f"the parts of Python {python} were made by different {DURATIONS}"
            raise Unusable(f"{made}, some test may be in none: run all again")
        if not any(lines[leg] for leg in parts):
            raise Unusable(f"the tests of Python {python} recorded no line of the package: see their log")
    return [str(leg.path) for leg in legs], f"Judged: {named(legs)}.{told}"


def changed(path: Path) -> float:
    return path.stat().st_mtime if path.is_file() else 0.0


def lines_of(path: Path) -> int:
    """Return how many lines a file of data holds; raises coverage.CoverageException if it is none."""
    data = coverage.CoverageData(str(path))
    data.read()
    return sum(len(data.lines(name) or ()) for name in data.measured_files())
