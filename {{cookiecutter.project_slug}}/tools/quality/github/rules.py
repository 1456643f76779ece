"""Rulesets of a repository: what the files in .github/rulesets ask for, and how GitHub's differ from them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from quality import repository
from quality.repository import Broken

FOLDER, BRANCHES = ".github/rulesets", ".github/rulesets/protected-branches.json"


def load(root: Path) -> dict[str, dict[str, Any]]:
    """Return the rulesets in FOLDER by path; raises Broken if a file holds none, or has the name of another."""
    paths = sorted(path.relative_to(root).as_posix() for path in (root / FOLDER).glob("*.json"))
    found, names, problems = {path: repository.read(root, path) for path in paths}, {}, []
    for path, rules in found.items():
        parts = [rules.get(key) if isinstance(rules, dict) else None for key in ("name", "rules")]
        if [type(part) for part in parts] != [str, list]:
            problems.append(f"{path}: is no ruleset: give it a name and a list of rules")
        elif names.setdefault(parts[0], path) != path:
            problems.append(f"{path}: has the name {parts[0]!r} of {names[parts[0]]}: give each its own")
    if problems:
        raise Broken("; ".join(problems))
    return found


def first_branch(rules: dict[str, Any]) -> str:
    """Return the first branch that a ruleset names, an empty string if it names patterns only."""
    names = ((rules.get("conditions") or {}).get("ref_name") or {}).get("include") or []
    return next((name.removeprefix("refs/heads/") for name in names if re.fullmatch(r"refs/heads/[^*?\[]+", name)), "")


def differences(wanted: Any, found: Any, place: str = "") -> Iterator[str]:
    """Yield, as "place: found → wanted", what is in `wanted` and not so in `found`.

    A key that only `found` has is a default of GitHub. An item that only a list of `found` has is a difference; the order
    of lists is none.
    """
    if isinstance(wanted, list) and isinstance(found, list):
        wanted, found = by_name(wanted), by_name(found)
        wanted = dict.fromkeys(found) | wanted
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key, value in wanted.items():
            yield from differences(value, found.get(key), f"{place}.{key}".lstrip("."))
    elif wanted != found:
        yield f"{place}: {' → '.join('none' if value is None else json.dumps(value) for value in (found, wanted))}"


def by_name(items: list[Any]) -> dict[str, Any]:
    """Return the items of a list by what they are: a rule, a check that is required, who may bypass, or all they say."""
    keys = ("type", "context", "actor_type", "actor_id")
    found = {}
    for item in items:
        named = [str(item[key]) for key in keys if key in item] if isinstance(item, dict) else []
        found[" ".join(named) or json.dumps(item, sort_keys=True)] = item
    return found
