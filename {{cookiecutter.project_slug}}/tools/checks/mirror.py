"""The mirror rule: the tests of a module lie where its name says."""

from collections import Counter
from collections.abc import Iterator
from os.path import commonpath
from pathlib import PurePosixPath

from checks import Problem, Tree
from settings import Settings, below

KEY = "[tool.quality-gate] untested"
Parts = tuple[str, ...]


def folders(module: PurePosixPath, known: Settings) -> list[Parts]:
    """Return the folders of tests that mirror that of a module, the one that is always its own first."""
    place = known.place_of(str(module))
    inside = module.parent.parts[len(PurePosixPath(place).parts) :]
    if len(known.source) > 1:
        found = [module.parent.parts[len(PurePosixPath(commonpath(known.source)).parts) :], inside]
    else:
        found = [inside, () if place in known.packages else inside[1:]]
    return list(dict.fromkeys([*found, ()]))


def tops(known: Settings, place: str, paths: list[str]) -> list[PurePosixPath]:
    """Return the folders below which the tests of the code in `place` mirror it, the usual one first."""
    unit = PurePosixPath(known.tests, "unit")
    top = unit if any(below(path, str(unit)) for path in paths) else unit.parent
    name = PurePosixPath(place).stem
    return [top, top / name, top / f"test_{name}"]


def untested(tree: Tree) -> Iterator[Problem]:
    """`<source>/a/b.py` is tested by a/test_b.py below <tests>/unit, or by test_b.py if no other module would be as well.

    Without a folder unit the tests lie directly in <tests>; where code lies among the tests, beside the module too.
    A module of the list `untested` has no test yet; the list can only get shorter.
    """
    known, paths = tree.settings, list(tree.files)
    modules = [PurePosixPath(module) for module in known.modules if not module.endswith("/__init__.py")]
    allowed = {module: folders(module, known) for module in modules}
    names = Counter(module.stem.strip("_") for module in modules)
    users = Counter((place, module.stem.strip("_")) for module, places in allowed.items() for place in places)
    starts = {place: tops(known, place, paths) for place in known.source}
    for module, places in allowed.items():
        plain = module.stem.strip("_")
        name = plain if names[plain] == 1 else module.stem
        own = [place for place in places if place == places[0] or users[place, plain] == 1]
        mirrored = [top.joinpath(*place) for top in starts[known.place_of(str(module))] for place in own]
        beside = [module.parent, module.parent / "tests"] if known.has_code_among_tests() else []
        tests = [str(folder / file) for folder in mirrored + beside for file in (f"test_{name}.py", f"{name}_test.py")]
        there = [test for test in tests if test in tree.files]
        if there and str(module) in known.untested:
            yield Problem("pyproject.toml", f"{KEY}: {module} has a test, {there[0]}", "remove the entry: the list only gets shorter")
        elif not there and str(module) not in known.untested:
            usual = " or ".join(tests[: 2 * len(own) : 2])
            yield Problem(str(module), f"has no test file {usual}", "add the test file or remove the module")
    for entry in sorted(set(known.untested) - set(map(str, modules))):
        yield Problem("pyproject.toml", f"{KEY}: {entry!r} is no module that needs a test", "remove the entry")
