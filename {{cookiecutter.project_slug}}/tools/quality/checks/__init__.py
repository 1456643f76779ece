"""What tools/verify_project.py checks: one module for each subject, listed in `verify_project.ALONE` and `CHECKS`."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from quality import repository
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


def adviser(tree: Tree) -> Callable[[str, str, str], str]:
    """Return a function that words the advice to do something by hand, or to have a session of nox do it everywhere.

    The session is named only where it can be pasted: the project has a commit that links it to its template. Of a tree
    that is not clean, which an update refuses, git keeps the changes meanwhile.
    """
    root = tree.root

    @functools.cache
    def start() -> str | None:
        known = ("cat-file", "-e", "HEAD:./.cruft.json")
        if not repository.in_git(root) or repository.git(root, *known, accept=(0, 1, 128)).returncode:
            return None
        is_clean = not repository.git(root, "status", "--porcelain", "--untracked-files=normal").stdout
        return "" if is_clean else "git stash -u && "

    def advise(by_hand: str, session: str, words: str) -> str:
        command = f"{start()}{repository.nox(session, root)} -- {words}"
        return by_hand if start() is None else f"{by_hand}, or have `{command}` write it everywhere"

    return advise
