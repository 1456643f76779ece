"""What a wheel holds, and whether the tree and the sdist build the same one."""

import importlib.machinery
import re
import shutil
import subprocess  # nosec B404 # runs the build only
import sys
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path

import repository
import settings
from repository import ROOT, Unusable

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


def commands(wheel: Path) -> set[str]:
    """Return the names of the console scripts of a wheel."""
    info = next(part for part in zipfile.Path(wheel).iterdir() if part.name.endswith(".dist-info"))
    return PathDistribution(info).entry_points.select(group="console_scripts").names


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


def modules(held: dict[str, bytes], known: settings.Settings, paths: list[str]) -> set[str]:
    """Return the modules among the members `held` of a wheel, without tests and what is exempt."""
    found = {name: set(origins(path, paths)) for path, data in held.items() if (name := module(path, data))}
    left_out = {path for path in paths if known.is_exempt(path) or settings.below(path, settings.TESTS)}
    return {name for name, files in found.items() if not files or files - left_out}


def build_from_tree(paths: list[str], folder: Path) -> Path:
    """Build a wheel straight from a copy of the tree: in the tree itself, what earlier builds left would get in."""
    tree = folder / "tree"
    if (ROOT / ".git").exists():  # some projects take their version from it
        repository.git(folder, "clone", "--quiet", "--shared", "--no-checkout", str(ROOT), str(tree))
        # In a hook of git its variables name the repository, whose index must stay as it is; 128: no commit yet.
        own = {"GIT_DIR": f"{tree}/.git", "GIT_INDEX_FILE": f"{tree}/.git/index"}
        repository.git(tree, "reset", "--quiet", accept=(0, 128), **own)
    # What git ignores may have been generated for the wheel.
    for path in {*paths, *(f"{settings.SOURCE}/{path}" for path in repository.walk(ROOT / settings.SOURCE))}:
        source, target = ROOT / path, tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink() or source.is_file():
            shutil.copy2(source, target, follow_symlinks=False)
        elif source.is_dir():  # another repository
            shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(".git"), dirs_exist_ok=True)
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(tree)]
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
