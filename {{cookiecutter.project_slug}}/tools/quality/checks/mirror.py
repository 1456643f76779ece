"""The mirror rule: the tests of a module lie where its name says."""

from collections.abc import Iterator
from os.path import commonpath
from pathlib import PurePosixPath

from quality.checks import Problem, Tree
from quality.settings import Settings, below

KEY = "[tool.quality-gate] untested"
Parts = tuple[str, ...]
Key = tuple[PurePosixPath, str]


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
    unit = PurePosixPath(known.tests, "unit")  # a package may be called so as well
    top = unit if any(below(path, str(unit)) and known.is_test(path) for path in paths) else unit.parent
    name = PurePosixPath(place).stem
    return [top, top / name, top / f"test_{name}"]


def owned(modules: list[PurePosixPath], known: Settings, paths: list[str]) -> dict[PurePosixPath, dict[Key, bool]]:
    """Return the folders and names that the test file of each module may have, and whether it is looked for there first.

    No two modules have one in common: it is that of the module which mirrors it, then of the one with that very name.
    """
    keys: dict[PurePosixPath, dict[Key, bool]] = {}
    claims: dict[Key, dict[PurePosixPath, tuple[bool, bool]]] = {}
    starts = {place: tops(known, place, paths) for place in known.source}
    for module in modules:
        places, keys[module] = folders(module, known), {}
        mirrored = [top.joinpath(*place) for top in starts[known.place_of(str(module))] for place in places]
        beside = [module.parent, module.parent / "tests"] if known.has_code_among_tests() else []
        for folder in dict.fromkeys(mirrored + beside):
            for name in dict.fromkeys((module.stem.strip("_"), module.stem)):
                keys[module][folder, name] = folder in mirrored[: len(places)]
                claims.setdefault((folder, name), {})[module] = (folder == mirrored[0], name == module.stem)
    first = {key: max(ranks.values()) for key, ranks in claims.items()}
    owners = {key: [module for module, rank in ranks.items() if rank == first[key]] for key, ranks in claims.items()}
    return {module: {key: usual for key, usual in own.items() if owners[key] == [module]} for module, own in keys.items()}


def untested(tree: Tree) -> Iterator[Problem]:
    """`<source>/a/b.py` is tested by a/test_b.py below <tests>/unit, or by test_b.py if no other module would be as well.

    Without a folder unit the tests lie directly in <tests>; where code lies among the tests, beside the module too.
    A module of the list `untested` has no test yet; the list can only get shorter.
    """
    known = tree.settings
    modules = [PurePosixPath(module) for module in known.modules if not module.endswith("/__init__.py")]
    for module, keys in owned(modules, known, list(tree.files)).items():
        tests = [str(folder / file) for folder, name in keys for file in (f"test_{name}.py", f"{name}_test.py")]
        there = [test for test in tests if test in tree.files]
        if there and str(module) in known.untested:
            said = f"{KEY}: {module} has a test, {there[0]}"
            yield Problem("pyproject.toml", said, "remove the entry: the list only gets shorter")
        elif not there and str(module) not in known.untested:
            usual = {folder: name for (folder, name), is_usual in reversed(keys.items()) if is_usual}
            said = " or ".join(str(folder / f"test_{name}.py") for folder, name in reversed(usual.items()))
            yield Problem(str(module), f"has no test file {said}", "add the test file or remove the module")
    for entry in sorted(set(known.untested) - set(map(str, modules))):
        yield Problem("pyproject.toml", f"{KEY}: {entry!r} is no module that needs a test", "remove the entry")
