"""What tools/verify_project.py checks: one module for each subject, listed in `verify_project.ALONE` and `CHECKS`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from quality.settings import Settings


class Problem(NamedTuple):
    """Something wrong with the file at `path`, and the way to mend it."""

    path: str
    what: str
    fix: str


class Tree(NamedTuple):
    """The files of a project by path: what they hold, and as text; settings of None could not be read.

    `read` is repository.read for this project, which reads each file of settings once.
    """

    root: Path
    files: dict[str, bytes]
    texts: dict[str, str]
    settings: Settings | None
    read: Callable[[str], Any]
