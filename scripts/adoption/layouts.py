"""Where the code and the tests of a project lie: what its build is told, else what its folders look like."""

import re
from collections import Counter
from os.path import commonpath
from pathlib import PurePosixPath
from typing import NamedTuple

from adoption import Refused, builds, pytests
from adoption.builds import TESTS, distribution, join

# Folders and modules at the root that are no product, even if they can be imported.
ASIDE = set("admin bench benchmark benchmarks bin build ci conf demo demos dist doc docs documentation".split())
ASIDE |= set(
    "example examples notebooks reports samples script scripts site stubs templates testing tools util utils".split()
)
MODULES_ASIDE = set("benchmark build conf conftest dodo ez_setup fabfile manage noxfile pavement setup tasks".split())
MODULES_ASIDE |= {"toxfile", "versioneer", "__init__"}
TEST = re.compile(r"test_.*\.py|.*_test\.py")
# Where code lies if nobody says it.
PLACES = ("src", "lib", "python", ".")


class Layout(NamedTuple):
    """The folders of the code (or files, of single modules) and the folder of the tests, and what says so."""

    source: list[str]
    tests: str
    where: str


def detect(project):
    """Return the layout of a project; raises Refused, with one sentence, if there is none that can be served."""
    subprojects = [path for path in project.paths if re.fullmatch(r"(.+)/(pyproject\.toml|setup\.py|setup\.cfg)", path)]
    source, where = declared(project) or guessed(project)
    folders = {str(PurePosixPath(path).parent) for path in subprojects} if not project.is_packaged else set()
    pairs = [(f"{folder}/", f"{place}/") for folder in folders for place in source]
    is_theirs = any(place.startswith(folder) or folder.startswith(place) for folder, place in pairs)
    if not source or is_theirs:
        if folders:
            folders = ", ".join(sorted(folders)[:4])
            raise Refused(
                f"{project.root}: no project at its root, but in {folders}: the pipeline serves one project at "
                "the root of a repository: move it there, or give it a repository of its own"
            )
        raise Refused(
            f"{project.root}: holds no Python code to test, neither where a build's settings say, nor at the root, in "
            "src, lib or python (tests, docs, tools, stubs and the like are none): adopt it once there is a module"
        )
    return Layout(source, tests(project, source), where)


def is_code(project, path):
    """Tell whether `path` is a module or a folder with some."""
    return path in project.known or path in project.folders and any(inside(project, path))


def inside(project, folder):
    return (path for path in project.paths if path.endswith(".py") and (folder == "." or path.startswith(f"{folder}/")))


def declared(project):
    """Return the places of the code by the build's own settings, and which these are; or None."""
    for where, places in builds.places(project):
        places = [re.sub(r"(/\*+)+(\.py)?$", "", place.strip("/").removeprefix("./")) or "." for place in places]
        for suffix in ("", ".py"):
            found = [f"{place}{suffix}" for place in places if is_code(project, f"{place}{suffix}")]
            if source := combined(project, found):
                return source, where
    return None


def guessed(project, *places):
    """Return the places of the code by the look of the folders, and that they are."""
    for place in places or PLACES:
        units = children(project, place)
        if place == "." and units:
            name = re.sub(r"[-.]+", "_", distribution(project)).lower()
            named = [unit for unit in units if unit.lower().removesuffix(".py") == name]
            packages = [unit for unit in units if not unit.endswith(".py")]
            units = named or packages or units
        if units:
            return combined(project, [join(place, unit) for unit in units]), "its folders"
    return [], ""


def children(project, place):
    """Return the packages and modules directly in a folder, less what is no product."""
    start = "" if place == "." else f"{place}/"
    names = {path.removeprefix(start).partition("/")[0] for path in inside(project, place)}
    found = []
    namespace = re.split(r"[-._]", distribution(project))[0].lower()
    for name in sorted(names):
        path, stem = f"{start}{name}", name.removesuffix(".py")
        if path in project.folders:
            own = f"{path}/__init__.py" in project.known
            own = (
                own
                or place != "."
                or name.lower() == namespace
                and any(p.endswith("__init__.py") for p in inside(project, path))
            )
            is_product = (
                own and name.isidentifier() and name not in (TESTS if place != "." else ASIDE | TESTS | {"src"})
            )
        else:
            is_product = stem.isidentifier() and not TEST.fullmatch(name) and stem not in MODULES_ASIDE
            is_product = is_product or place != "." and stem == "__init__"
        if is_product:
            found.append(name)
    return found


def combined(project, places):
    """Return the settings `source` for places of code: what lies in one folder below the root is that folder."""
    places = [place for place in dict.fromkeys(places) if not any(place.startswith(f"{other}/") for other in places)]
    if "." in places:
        places = guessed(project, ".")[0]
    found = []
    for place in places:
        parent = str(PurePosixPath(place).parent)
        kids = [join(place, name) for name in children(project, place)] if place in project.folders else []
        if parent != ".":
            alone = children(project, parent) == [PurePosixPath(place).name]
            found.append(place if alone and f"{place}/__init__.py" in project.known else parent)
        elif place in PLACES and len(kids) == 1 and f"{kids[0]}/__init__.py" in project.known:
            found += kids
        else:
            found.append(place)
    return list(dict.fromkeys(found))


def tests(project, source):
    """Return the folder of the tests: what pytest is told, else where most test files lie, else "tests"."""
    files = [PurePosixPath(path) for path in project.paths if TEST.fullmatch(PurePosixPath(path).name)]
    files = [
        file for file in files if file.parts[0] not in ASIDE or any(file.is_relative_to(place) for place in source)
    ]
    for told in (PurePosixPath(word).as_posix() for word in pytests.place(project)[3].split()):
        if told not in source and told != "." and any(file.is_relative_to(told) for file in files):
            return told
    counts = Counter(folder_of_tests(file, source) for file in files)
    order = ["tests", "test", "src/tests"]
    best = sorted(counts, key=lambda place: (-counts[place], order.index(place) if place in order else 9, place))
    return best[0] if best else "tests"


def folder_of_tests(file, source):
    """Return the setting `tests` for one test file: its outermost folder of tests, or the code that it lies in."""
    parts = file.parts[:-1]
    for end, part in enumerate(parts, 1):
        if part in TESTS or part.endswith("_tests") or part.startswith("tests_"):
            place = "/".join(parts[:end])
            nested = [
                code for code in source if place.startswith(f"{code}/") and place.count("/") > code.count("/") + 1
            ]
            return nested[0] if nested else place
    beside = [place for place in source if file.is_relative_to(place)]
    if beside:
        return beside[0] if len(source) == 1 else commonpath(source) or "."
    return parts[0] if parts else "."
