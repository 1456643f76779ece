"""What a wheel holds, and whether the tree and the sdist build the same one."""

import importlib.machinery
import re
import shutil
import subprocess  # nosec B404 # runs the build only
import sys
import zipfile
from importlib.metadata import EntryPoints, PathDistribution
from pathlib import Path

from quality import repository, settings
from quality.repository import ROOT, Unusable

SUFFIXES = sorted(importlib.machinery.all_suffixes(), key=len, reverse=True)
VERSIONED = re.compile(r"^[^/]+(?=\.(dist-info|data)/)")  # folders with the version in their name
METADATA = "*.dist-info/METADATA"
# All else in that folder tells how the wheel was built.
COMPARED = (METADATA, "*.dist-info/entry_points.txt", "*.dist-info/licenses/")


def members(wheel: Path) -> dict[str, bytes]:
    """Return the files of a wheel that pip has accepted."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        return {VERSIONED.sub("*", name): archive.read(name) for name in names}


def entry_points(wheel: Path) -> EntryPoints:
    info = next(part for part in zipfile.Path(wheel).iterdir() if part.name.endswith(".dist-info"))
    return PathDistribution(info).entry_points


def origins(name: str, paths: list[str]) -> list[str]:
    """Return those of `paths` that the member `name` of a wheel can come from; none if it was generated."""
    return [path for path in paths if f"/{path}".endswith(f"/{name}")]


def module(path: str, data: bytes = b"") -> str:
    """Return the dotted name of the module at `path` of a wheel or of the source folder, or an empty string."""
    suffix = next((suffix for suffix in SUFFIXES if path.endswith(suffix)), "")
    if not suffix or suffix in (".so", ".pyd") and b"PyInit" not in data:  # a library that a module loads
        return ""
    path = re.sub(r"^\*\.data/(purelib|platlib)/", "", path)
    parts = path.removesuffix(suffix).removesuffix("/__init__").split("/")
    return ".".join(parts) if all(map(str.isidentifier, parts)) else ""


def names(path: str, known: settings.Settings) -> list[str]:
    """Return the dotted names that the module at `path` of the tree can have, the likeliest first."""
    return [name for place in known.imported_as(path) if (name := module(place))]


def modules(held: dict[str, bytes], known: settings.Settings, paths: list[str]) -> set[str]:
    """Return the modules among the members `held` of a wheel, without tests and what is exempt."""
    found = {name: set(origins(path, paths)) for path, data in held.items() if (name := module(path, data))}
    left_out = {path for path in paths if known.is_exempt(path) or known.is_test(path)}
    return {name for name, files in found.items() if not files or files - left_out}


def strangers(held: dict[str, bytes], known: settings.Settings, paths: list[str]) -> list[str]:
    """Return the modules among the members `held` of a wheel whose files in the tree no setting knows."""
    found = {path: origins(path, paths) for path, data in held.items() if module(path, data)}
    # A file is what the longest name is made of: src/acme/x.py is acme/x.py rather than x.py.
    longest = {file: path for path in sorted(found, key=len) for file in found[path]}
    made = {path: [file for file in files if longest[file] == path] or files for path, files in found.items()}
    code = {path: [file for file in files if not (known.is_test(file) or known.is_exempt(file))] for path, files in made.items()}
    return sorted(module(path, held[path]) for path, files in code.items() if files and not any(map(known.place_of, files)))


def holds(held: dict[str, bytes], path: str, known: settings.Settings) -> bool:
    """Tell whether a wheel holds the module at `path` of the tree under a name of its own, as `package-dir` gives it."""
    inside = path.removeprefix(known.place_of(path)) or f"/{path}"
    return any(name.endswith(inside) and data == (ROOT / path).read_bytes() for name, data in held.items())


def build_from_tree(paths: list[str], folder: Path) -> Path:
    """Build a wheel straight from a copy of the tree: in the tree itself, what earlier builds left would get in.

    The copy is of git and of all that lies where git knows something: some of it is ignored, as a generated version is.
    """
    tree, tops = folder / "tree", {".git", *(path.partition("/")[0] for path in paths)}

    def left_out(place: str, names: list[str]) -> list[str]:
        files = {name: Path(place, name) for name in names}
        others = [name for name in names if Path(place) == ROOT and name not in tops]
        return others + [name for name, file in files.items() if not (file.is_file() or file.is_dir() or file.is_symlink())]

    shutil.copytree(ROOT, tree, symlinks=True, ignore=left_out)
    command = [sys.executable, "-P", "-m", "build", "--wheel", "--outdir", str(folder), str(tree)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # nosec B603 # no shell
    if done.returncode:
        print(repository.decode(done.stdout))
        raise Unusable("the tree builds no wheel, the sdist does: see above")
    return next(folder.glob("*.whl"))


def compare(given: dict[str, bytes], straight: dict[str, bytes], paths: list[str]) -> list[str]:
    """Return how the wheel made from the sdist differs from the one built straight from the tree."""
    problems = []
    for name in sorted(given.keys() | straight.keys()):
        if name.startswith("*.dist-info/") and not name.startswith(COMPARED):
            continue
        if name not in given:
            problems.append(f"{name}: the sdist builds a wheel without it: add to the sdist what it is made of")
        elif name not in straight:
            problems.append(f"{name}: the sdist builds it, the tree does not: build it from both, or from neither")
        elif name == METADATA:
            if lines := sorted(set(given[name].splitlines()) ^ set(straight[name].splitlines())):
                said = "; ".join(map(repository.decode, lines[:9]))
                problems.append(f"METADATA: sdist and tree build other lines: add to the sdist what makes them: {said}")
        elif given[name] != straight[name] and origins(name, paths):  # a generated file may tell where it was made
            problems.append(f"{name}: the sdist builds other content than the tree: find what changes the file")
    return problems
