"""What coverage.py itself knows from its settings, in whichever file they are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from quality import repository
from quality.repository import Unusable

# The files in which coverage.py looks for its settings, in its order; the first that has some is the only one it reads.
COVERAGE_FILES = (".coveragerc", ".coveragerc.toml", "setup.cfg", "tox.ini")


def coverage_file(root: Path) -> str:
    """Return the file from which coverage.py takes its settings."""
    for name in COVERAGE_FILES:
        if (root / name).is_file() and (name.startswith(".") or b"\n[coverage:" in b"\n" + (root / name).read_bytes()):
            return name
    return "pyproject.toml"


def coverage_options(root: Path) -> Callable[[str], Any]:
    """Return coverage.py's own reading of its settings; raises Unusable if it cannot be had."""
    name = coverage_file(root)
    try:
        from coverage import Coverage
    except ImportError:
        way = "run: python -m pip install coverage"
        raise Unusable(f"the settings of coverage in {name} cannot be applied here: {way}") from None
    try:
        return Coverage(config_file=str(root / name)).get_option
    except Exception as error:  # of a broken file it raises TypeError and others as well
        raise Unusable(f"{name}: {repository.one_line(error)}") from error


def not_omitted(root: Path, code: list[str], option: Callable[[str], Any]) -> list[str]:
    """Leave out what coverage.py itself leaves out, by the `option` that it reads."""
    from coverage import CoverageException
    from coverage.files import GlobMatcher

    patterns = [*(option("run:omit") or ()), *(option("report:omit") or ())], option("report:include") or ["*"]
    try:
        # Relative to the project, unless they start with a wildcard.
        omitted, included = (
            GlobMatcher(own + [str(root / pattern) for pattern in own if pattern[:1] not in ("*", "?")]) for own in patterns
        )
    except CoverageException as error:
        raise Unusable(f"{coverage_file(root)}: omit, include: {error}") from error
    return [path for path in code if included.match(str(root / path)) and not omitted.match(str(root / path))]


def coverage_table(own: str, name: str) -> str:
    """Return what a table of coverage.py's settings is called in the file `own`."""
    if own == "pyproject.toml":
        return f"[tool.coverage.{name}]"
    return f"{own} [{name}]" if own.startswith(".") else f"{own} [coverage:{name}]"
