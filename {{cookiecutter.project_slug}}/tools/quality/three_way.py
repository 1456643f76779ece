"""Merge the difference of two renderings of the template into the project, as git picks a commit.

Both are written into its repository as commits that no branch holds, so that git needs nothing of its history.
"""

import difflib
import os
import re
import tempfile
from pathlib import Path, PurePosixPath

from quality import repository
from quality.repository import Unusable

AUTHOR = {f"GIT_{role}_{what}": "template" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
PICK = ("-c", "merge.directoryRenames=false", "-c", "rerere.enabled=false", "cherry-pick", "--no-commit")
Files = dict[str, tuple[str, bytes]]  # path: mode as git writes it, content


def lineage(path: str) -> list[str]:
    """Return `path` and the folders it is in."""
    return [path, *map(str, PurePosixPath(path).parents)][:-1]


def files(folder: Path, skip: list[str]) -> Files:
    """Return the files in `folder` but those that the globs `skip` name; raises Unusable for what is no glob."""
    try:
        skipped = {found.relative_to(folder).as_posix() for pattern in skip for found in folder.glob(pattern)}
    except (TypeError, ValueError, NotImplementedError) as error:
        raise Unusable(f"skip: {error}: correct it in .cruft.json or [tool.cruft] of pyproject.toml") from None
    paths = [path for path in repository.walk(folder) if skipped.isdisjoint(lineage(path))]
    modes = {path: "100755" if (folder / path).stat().st_mode & 0o100 else "100644" for path in paths}
    return {path: (modes[path], (folder / path).read_bytes()) for path in paths}


def only(data: bytes, tables: list[str]) -> bytes:
    """Return the tables of the TOML file `data` that `tables` name and those below them, each with the comments before it."""
    found = [*re.finditer(rb"(?m)(?:^#.*\n)*^\[([\w.-]+)\]", data)]
    ends = [match.start() for match in found[1:]] + [len(data)]
    wanted = tuple(f"{table}.".encode() for table in tables)
    pairs = zip(found, ends, strict=False)  # one end more where there is no table
    return b"".join(data[match.start() : end] for match, end in pairs if (match[1] + b".").startswith(wanted))


def ends(data: bytes, like: bytes) -> bytes:
    """Return `data`, if it is text, with the line ends of `like`."""
    if b"\0" in data:
        return data
    data = data.replace(b"\r\n", b"\n")
    return data.replace(b"\n", b"\r\n") if b"\r\n" in like else data


def entries(root: Path, option: str) -> list[list[str]]:
    """Return mode, blob, stage and path of each file that `git ls-files` lists with this option."""
    lines = os.fsdecode(repository.git(root, "ls-files", "-z", option).stdout).split("\0")[:-1]
    return [[*words.split(), path] for words, path in (line.split("\t", 1) for line in lines)]


def merge(root: Path, old: Files, new: Files) -> list[str]:
    """Merge the changes from `old` to `new` into the project; return one line for each file left to a person.

    What the project has deleted stays deleted, and no file is overwritten that the template did not bring.
    Raises Unusable, with nothing changed, if git refuses.
    """
    tracked: set[str] = set()
    own: dict[str, str] = {}  # the project's blobs: no links, no submodules
    for mode, blob, _, path in entries(root, "-s"):
        tracked.update(lineage(path))
        own |= {path: blob} if mode.startswith("100") else {}
    known = {name for path in old for name in lineage(path)}
    removed = old.keys() & own.keys() - new.keys()
    before: Files = {}
    after: Files = {}
    left = []
    for path in sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path)):
        there = [name for name in lineage(path) if name in tracked or os.path.lexists(root / name)]
        folders = [name for name in there if (root / name).is_dir() and not (root / name).is_symlink()]
        if path in old and path in own:
            like = repository.git(root, "cat-file", "blob", own[path]).stdout
            for side, rendered in ((before, old), (after, new)):
                side |= {path: (rendered[path][0], ends(rendered[path][1], like))} if path in rendered else {}
        elif path not in new or not known.isdisjoint(set(lineage(path)) - set(there)):
            continue  # deleted here: the file, or the folder that it is in
        elif not set(there) - set(folders) - removed and (path not in folders or path in known):
            after[path] = (new[path][0], ends(new[path][1], b""))
        elif not (root / path).is_file() or ends((root / path).read_bytes(), b"") != ends(new[path][1], b""):
            left.append(f"{path}: stays, the template has another: compare (`cruft diff`), or `skip` it in .cruft.json")
    if before == after:
        return left
    picked = repository.git(root, *PICK, record(root, after, "-p", record(root, before)), accept=(0, 1))
    unmerged: dict[str, dict[str, str]] = {}
    for _, blob, stage, path in entries(root, "-u"):
        unmerged.setdefault(path, {})[stage] = blob
    if picked.returncode and not unmerged:
        repository.refuse(picked)
    for path, blobs in unmerged.items():
        if len(blobs) < 3:
            left.append(f"{path}: is not merged: removed on one side, changed on the other: `git rm` or `git add` it")
        elif not settle(root, path, [blobs[stage] for stage in "123"]):
            left.append(f"{path}: is not merged: solve the conflict, then `git add`")
    return left


def stage(root: Path) -> None:
    """Stage what has changed since the merge, but for what is not merged."""
    changed = os.fsdecode(repository.git(root, "diff", "--name-only", "--relative", "-z").stdout).split("\0")[:-1]
    unmerged = {path for *_, path in entries(root, "-u")}
    repository.git(root, "update-index", "--", *(path for path in changed if path not in unmerged))


def record(root: Path, content: Files, *parents: str) -> str:
    """Write the files as a commit of the repository; return its name."""

    def git(*arguments: str, **variables: str) -> str:
        return os.fsdecode(repository.git(root, *arguments, **variables).stdout).removesuffix("\n")

    prefix = git("rev-parse", "--show-prefix")
    with tempfile.TemporaryDirectory() as folder:
        file, index = Path(folder, "file"), {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        for path, (mode, data) in content.items():
            file.write_bytes(data)
            blob = git("hash-object", "-w", "--no-filters", str(file))
            git("update-index", "--add", "--cacheinfo", f"{mode},{blob},{prefix}{path}", **index)
        tree = git("write-tree", **index)
    return git("commit-tree", tree, *parents, "-m", "Update from the template", **AUTHOR)


def settle(root: Path, path: str, blobs: list[str]) -> bool:
    """Put each change to where its surroundings stand; git merges the rest. Return whether no conflict is left.

    So what the project has moved is found. Before and in the project the same lines must stand once, no more; around lines
    that are changed or removed, those on one side are enough.
    """
    base, ours, theirs = (repository.git(root, "cat-file", "blob", blob).stdout for blob in blobs)
    if b"\0" in base + ours + theirs:
        return False
    lines, mine, target = (text.splitlines(keepends=True) for text in (base, ours, theirs))
    for context in (3, 2, 1):
        was = lines.copy()
        for group in difflib.SequenceMatcher(None, was, target, autojunk=False).get_grouped_opcodes(context):
            kinds = [kind for kind, *_ in group]
            sides = [group[1:] * (kinds[0] == "equal"), group[:-1] * (kinds[-1] == "equal")]
            for around in filter(None, [group, *(sides if {"replace", "delete"}.intersection(kinds) else [])]):
                part, other = was[around[0][1] : around[-1][2]], target[around[0][3] : around[-1][4]]
                places = [[at for at in range(len(text)) if text[at : at + len(part)] == part] for text in (lines, mine)]
                if [len(found) for found in places] == [1, 1]:
                    for text, (at,) in zip((lines, mine), places, strict=True):
                        text[at : at + len(part)] = other
                    break
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {"project": mine, "before": lines, "template": target}.items():
            Path(folder, name).write_bytes(b"".join(text))
        words = ("merge-file", "-p", "project", "before", "template")
        merged = repository.git(Path(folder), *words, accept=tuple(range(128)))
    (root / path).write_bytes(ends(merged.stdout, (root / path).read_bytes()))
    if merged.returncode == 0:
        repository.git(root, "update-index", "--", path)
    return merged.returncode == 0
