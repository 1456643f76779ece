"""Stand-ins for the GitHub repositories that a pre-commit configuration names.

Each holds the manifest of the real one and an empty package that requires the
tool at the version the tag names: so a project's own configuration runs the
real tools with nothing but a package index in reach.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

GITHUB = "https://github.com/"
HERE = Path(__file__).parent
TABLE: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "mirrors.yaml").read_text())
STUB = {n: (HERE / "stub" / n).read_text() for n in ("backend.py", "pyproject.toml")}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def home(base: Path) -> Path:
    """Return the PRE_COMMIT_HOME to use below a folder kept between runs.

    pre-commit knows an environment by URL and tag alone, so it would go on
    using one built from an older table; hence a new folder for a new table.
    """
    return base / _digest([TABLE, STUB])


def build(config: Path, folder: Path, newer: Mapping[str, str] | None = None) -> dict[str, str]:
    """Mirror the repositories of a configuration; return the variables to set.

    `newer` adds, per URL, one more tag for `pre-commit autoupdate` to find. A
    set appears by a rename and never changes, so workers can share a folder.
    """
    tags = _tags(config, newer or {})
    entries = {url: _entry(url) for url in tags}
    target = folder.resolve() / _digest([tags, entries, STUB])
    if not target.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".draft-", dir=folder) as scratch:
            draft = Path(scratch, "set")
            draft.mkdir()
            for url, revs in tags.items():
                _mirror(draft / url.removeprefix(GITHUB), entries[url], revs)
            try:
                draft.rename(target)
            except OSError:
                if not target.is_dir():  # otherwise another worker was first
                    raise
    # One rule for all of GitHub: what has no mirror fails at once, offline.
    last = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    return {
        "GIT_CONFIG_COUNT": str(last + 1),
        f"GIT_CONFIG_KEY_{last}": f"url.{target}/.insteadOf",
        f"GIT_CONFIG_VALUE_{last}": GITHUB,
    }


def _tags(config: Path, newer: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the tags to make for each remote repository, oldest first."""
    tags: dict[str, list[str]] = {}
    for repo in yaml.safe_load(config.read_text(encoding="utf-8"))["repos"]:
        if repo["repo"] not in ("local", "meta"):
            tags.setdefault(repo["repo"], []).append(repo["rev"])
    for url, rev in newer.items():
        tags[url].append(rev)
    return {url: list(dict.fromkeys(revs)) for url, revs in tags.items()}


def _entry(url: str) -> dict[str, Any]:
    """Look up a repository the way GitHub does, whatever the case of its name."""
    for known, entry in TABLE.items():
        if known.casefold() == url.removesuffix(".git").rstrip("/").casefold():
            return entry
    raise LookupError(f"no mirror is defined for {url}")


def _mirror(path: Path, entry: dict[str, Any], revs: list[str]) -> None:
    """Make one repository with one commit, on a tag, for every revision."""
    path.mkdir(parents=True)
    _git(path, "init", "--quiet", "--initial-branch=main")
    for rev in revs:
        for name, text in _files(entry, rev).items():
            (path / name).write_text(text, encoding="utf-8")
        _git(path, "add", "--all")
        _git(path, "commit", "--quiet", "--message", rev)
        _git(path, "tag", rev)


def _files(entry: dict[str, Any], rev: str) -> dict[str, str]:
    """Return what a mirror holds at a revision."""
    if not re.fullmatch(r"v?\d+(\.\d+)+", rev):
        raise ValueError(f"{rev!r} is not a tag that names a version")
    version = rev.removeprefix("v")
    lines = ["Metadata-Version: 2.1", "Name: hook-mirror", "Version: 0"]
    if "package" in entry:
        lines += [f"Requires-Dist: {entry['package']}=={version}"]
    for extra in entry.get("extras", ()):
        need = f"{entry['package']}[{extra}]=={version}; extra == '{extra}'"
        lines += [f"Provides-Extra: {extra}", f"Requires-Dist: {need}"]
    hooks = [{"name": h["id"], "entry": h["id"], "language": "python"} | h for h in entry["hooks"]]
    return STUB | {
        ".pre-commit-hooks.yaml": yaml.safe_dump(hooks, sort_keys=False),
        "METADATA": "\n".join(lines) + "\n",
    }


def _git(path: Path, *args: str) -> None:
    """Run git untouched by the caller's settings, hooks and signing keys."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=mirror", "-c", "user.email=mirror@example.com")
    subprocess.run(["git", "-C", str(path), *who, *args], check=True, env=env)
