"""Keeps files for later jobs, with the real action's rules for roots, hidden files and repeated names."""

import glob
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from standin import RUN, WORKSPACE, down, fail, given, is_true, tell, warn


def base(pattern: str) -> Path:
    """The part before the first wildcard: where the search begins."""
    parts = Path(pattern).parts
    end = next((i for i, part in enumerate(parts) if re.search(r"[*?\[]", part)), len(parts))
    return Path(*parts[:end])


def files(pattern: str) -> Iterator[Path]:
    """Files that match, a folder standing for all below it; hidden ones count only on request."""
    start = base(pattern)
    for found in map(Path, glob.glob(pattern, recursive=True, include_hidden=True)):
        for path in [found] if found.is_file() else found.rglob("*"):
            visible = not any(part.startswith(".") for part in (start.name, *path.relative_to(start).parts))
            if path.is_file() and (visible or is_true("include-hidden-files")):
                yield path


def main() -> None:
    name = given("name")
    if down("ARTIFACTS"):
        fail(f"upload-artifact: the artifact service is down, {name} was not kept")
    lines = [line.strip() for line in given("path").splitlines() if line.strip()]
    patterns = [str(WORKSPACE / os.path.expanduser(line)) for line in lines if not line.startswith("!")]
    excluded = {path for line in lines if line.startswith("!") for path in files(str(WORKSPACE / line[1:]))}
    chosen = sorted({path for pattern in patterns for path in files(pattern)} - excluded)
    if not chosen:
        report = {"error": fail, "warn": warn}.get(given("if-no-files-found"), print)
        return report(f"No files were found with the provided path: {', '.join(lines)}. No artifacts will be uploaded.")
    root = Path(os.path.commonpath(map(base, patterns)))
    root = root.parent if root.is_file() else root
    store = RUN / "artifacts"
    store.mkdir(exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=RUN))
    for path in chosen:
        target = new / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    if is_true("overwrite"):
        shutil.rmtree(store / name, ignore_errors=True)
    try:
        new.rename(store / name)
    except OSError:
        fail(f"upload-artifact: an artifact with the name {name} already exists in this run (409 Conflict)")
    print(f"{name}: {len(chosen)} file(s)")
    tell("OUTPUT", "artifact-id=1")


main()
