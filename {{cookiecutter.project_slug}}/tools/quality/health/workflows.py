"""What the project's own workflows say: the branches of the pipeline, and the secrets and variables that they name."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from quality import repository
from quality.repository import Unusable

FOLDER = ".github/workflows"
NAMED = re.compile(r"""\b(secrets|vars)(?:\.|\[\s*['"])([A-Za-z_]\w*)""", re.I)


def texts(value: Any) -> Iterator[str]:
    """Yield all texts in what a YAML file holds, so not its comments."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


def workflows(root: Path) -> Iterator[tuple[str, Any]]:
    """Yield the name and the content of each workflow; one that does not parse is the verification's matter."""
    for path in sorted((root / FOLDER).glob("*.y*ml")):
        try:
            yield path.name, repository.read(root, f"{FOLDER}/{path.name}")
        except (Unusable, OSError):
            continue


def branches(root: Path, workflow: str) -> list[str]:
    """Return the branches whose pushes start `workflow`, empty if the file does not say it."""
    document = dict(workflows(root)).get(workflow)
    # YAML 1.1 reads the key `on` as true.
    for name in (True, "push", "branches"):
        document = document.get(name) if isinstance(document, dict) else None
    return [name for name in document if isinstance(name, str)] if isinstance(document, list) else []


def named(root: Path, but: str) -> dict[tuple[str, str], list[str]]:
    """Return the files, without the file `but`, that name a secret or a variable, by (secrets or vars, NAME)."""
    found: dict[tuple[str, str], list[str]] = {}
    for file, document in [pair for pair in workflows(root) if pair[0] != but]:
        for context, name in sorted({match for text in texts(document) for match in NAMED.findall(text)}):
            key = (context.lower(), name.upper())
            if key != ("secrets", "GITHUB_TOKEN") and file not in found.setdefault(key, []):
                found[key].append(file)
    return dict(sorted(found.items()))
