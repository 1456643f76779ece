"""Rulesets of a repository: what the files in .github/rulesets ask for, and how GitHub's differ from them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from quality import repository
from quality.repository import Broken

FOLDER, BRANCHES = ".github/rulesets", ".github/rulesets/protected-branches.json"
GATE, ACTIONS = "Quality gate", 15368  # the one required check, a job of ci.yml, and the app that reports it: GitHub Actions


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


def branches(rules: dict[str, Any]) -> list[str]:
    """Return the branches that a ruleset names, without patterns: the default branch first, that of releases last."""
    names = ((rules.get("conditions") or {}).get("ref_name") or {}).get("include") or []
    return [name.removeprefix("refs/heads/") for name in names if re.fullmatch(r"refs/heads/[^*?\[]+", name)]


def merged(wanted: Any, found: Any) -> Any:
    """Return `wanted` with all that objects in `found` say besides; the items of lists are those of `wanted`."""
    if isinstance(wanted, list) and isinstance(found, list):
        known = by_name(found)
        return [merged(item, known.get(name_of(item))) for item in wanted]
    if isinstance(wanted, dict) and isinstance(found, dict):
        return found | {key: merged(value, found.get(key)) for key, value in wanted.items()}
    return wanted


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
    return {name_of(item): item for item in items}


def name_of(item: Any) -> str:
    """Return what an item of a list is: a rule, a check that is required, who may bypass, or all that it says."""
    keys = ("type", "context", "actor_type", "actor_id")
    named = [str(item[key]) for key in keys if key in item] if isinstance(item, dict) else []
    return " ".join(named) or json.dumps(item, sort_keys=True)
