"""What tools/verify_project.py checks: one module for each subject, listed in `verify_project.ALONE` and `CHECKS`."""

from pathlib import Path
from typing import Any, NamedTuple

import repository
from settings import Settings


class Problem(NamedTuple):
    """Something wrong with the file at `path`, and the way to mend it."""

    path: str
    what: str
    fix: str


class Tree(NamedTuple):
    """The files of a project by path: what they hold, and as text; settings of None could not be read."""

    root: Path
    files: dict[str, bytes]
    texts: dict[str, str]
    settings: Settings | None

    def read(self, path: str) -> Any:
        return repository.read(self.root, path)
