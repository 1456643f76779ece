"""The mirror rule: the tests of a module lie where its name says."""

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from checks import Problem, Tree
from settings import SOURCE, TESTS, below, folder

Parts = tuple[str, ...]


def folders(module: PurePosixPath, packages: list[str]) -> list[Parts]:
    """Return the folders below unit/ where the test of a module may lie, the one that is always its own first."""
    package = next(folder(package) for package in packages if below(str(module), folder(package)))
    nested = module.parent.parts[len(PurePosixPath(package).parts) :]
    whole = module.parent.relative_to(SOURCE).parts
    return list(dict.fromkeys([nested, ()] if len(packages) == 1 else [whole, nested, ()]))


def untested(tree: Tree) -> Iterator[Problem]:
    """`<package>/a/b.py` is tested by unit/a/test_b.py, or by unit/test_b.py if no other module would be as well.

    With several packages unit/<package>/a/test_b.py is its own place.
    """
    modules = [PurePosixPath(module) for module in tree.settings.modules if not module.endswith("/__init__.py")]
    allowed = {module: folders(module, tree.settings.packages) for module in modules}
    names = Counter(module.stem.strip("_") for module in modules)
    users = Counter((place, module.stem.strip("_")) for module, places in allowed.items() for place in places)
    for module, places in allowed.items():
        plain = module.stem.strip("_")
        name = f"test_{plain if names[plain] == 1 else module.stem}.py"
        own = [place for place in places if place == places[0] or users[place, plain] == 1]
        tests = [PurePosixPath(TESTS, "unit", *place, name).as_posix() for place in own]
        if not set(tests) & set(tree.files):
            yield Problem(str(module), f"has no test file {' or '.join(tests)}", "add the test file or remove the module")
