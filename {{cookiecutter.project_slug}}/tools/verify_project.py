"""Verify the project's tree: the one check that generation, pre-commit and the build stage share.

Usage: python tools/verify_project.py [--json] [--state]

Prints every problem as `path: what: how to fix`. With --state it writes the numbers that documents state first.
Exit codes: 0 nothing found, 1 problems found, 2 the tree could not be read (git refuses, for instance).
"""

import functools
import importlib.util
import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from quality import repository, settings
from quality.checks import Problem, Tree, agreement, documents, files, mirror
from quality.repository import ROOT, Broken, Unusable

ALONE = (files.missing, files.rejected, files.conflicts, files.leftovers, files.unparsable)
# A check, and the files without which it makes no sense; the first is named if it has another form than expected.
CHECKS = (
    (mirror.untested, ["pyproject.toml"]),
    (agreement.pythons, ["pyproject.toml", files.ci]),
    (agreement.dependencies, ["pyproject.toml"]),
    (agreement.thresholds, [files.codecov]),
    (agreement.required_check, [files.RULESET, files.ci]),
    (agreement.overriding, ["pyproject.toml"]),
    (agreement.line_lengths, ["pyproject.toml", ".cruft.json"]),
    (documents.numbers, ["pyproject.toml", ".cruft.json"]),
    (documents.versions, ["pyproject.toml"]),
)


def contents(root: Path, paths: list[str]) -> tuple[dict[str, bytes], list[Problem]]:
    """Return what the files hold, and the problems of those that cannot be read."""
    found, problems = {}, []
    for path in paths:
        try:
            # Others are deleted but still in git's index, submodules, or links to folders and pipes.
            if (root / path).is_file():
                found[path] = (root / path).read_bytes()
        except OSError as error:
            problems.append(Problem(path, f"cannot be read: {error.strerror}", "make it readable"))
    return found, problems


def verify(root: Path) -> tuple[list[Problem], list[str]]:
    """Return all problems of the tree at `root`, and one line for each check that could not be done here.

    Raises Unusable or OSError if its files cannot be listed.
    """
    paths = repository.paths(root)
    found, unreadable = contents(root, paths)
    known, wrong, skipped = None, [], []
    try:
        known = settings.load(root, paths)
        wrong = known.problems
    except (FileNotFoundError, Broken):
        pass  # see files.missing and files.unparsable
    except Unusable as error:
        wrong = [str(error).removeprefix("pyproject.toml: ")]
    texts = {path: repository.decode(data) for path, data in found.items() if not (known and known.is_exempt(path))}
    tree = Tree(root, found, texts, known, functools.cache(functools.partial(repository.read, root)))
    problems = unreadable + [problem for check in ALONE for problem in check(tree)]
    broken = {problem.path for problem in problems}
    problems += [Problem("pyproject.toml", what, "correct the setting") for what in wrong]
    if not shutil.which("git") and (root / ".git").exists():
        skipped.append("ignored files: not told apart, git is not installed here")
    for check, places in CHECKS:
        needed = [place if isinstance(place, str) else place(tree) for place in places]
        if check is agreement.dependencies and not importlib.util.find_spec("pyproject2conda"):
            skipped.append("dependency files: not compared, pyproject2conda is not installed here")
        elif known is None or broken & set(needed):
            skipped.append(f"{check.__name__}: not checked until the problems above are solved")
        else:
            problems += guarded(check, tree, needed[0])
    return problems, skipped


def guarded(check: Callable[[Tree], Iterable[Problem]], tree: Tree, path: str) -> list[Problem]:
    """Return what the check finds; a file of another form than it expects is a problem as well."""
    try:
        return list(check(tree))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        what = f"has not the expected form ({check.__name__}: {repository.one_line(repr(error))})"
        return [Problem(path, what, "restore it from the template (`cruft diff`)")]


def main() -> int:
    import argparse

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    parser.add_argument("--state", action="store_true", help="write the values of the settings where documents state them")
    arguments = parser.parse_args()
    if arguments.state:
        documents.state(ROOT)
    problems, skipped = verify(ROOT)
    if arguments.json:
        print(json.dumps({"problems": [problem._asdict() for problem in problems], "skipped": skipped}, indent=2))
    else:
        print(*(": ".join(problem) for problem in problems), *skipped, f"{len(problems)} problems", sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    repository.run(main, "Verification")
