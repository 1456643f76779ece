"""A plugin of pytest that lets a test depend on the modules that its file imports, for tools/affected.py.

pytest-testmon records what runs during a test. Modules are loaded before, so that a changed value or class of one would
affect no test.
"""

import ast
import functools
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@functools.cache
def names(file: str, package: str) -> list[str]:
    """Return the modules that a file of `package` may import, with the packages that hold them."""
    found: list[str] = []
    try:
        nodes = list(ast.walk(ast.parse(Path(file).read_bytes())))
    except (OSError, SyntaxError, ValueError):  # a test may have changed it
        return found
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            try:
                name = f"{'.' * node.level}{node.module or ''}"
                base = importlib.util.resolve_name(name, package).removesuffix(".")
            except ImportError:  # as the import itself
                continue
            found += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    parts = [name.split(".") for name in found]
    return list(dict.fromkeys(".".join(words[:count]) for words in parts for count in range(1, len(words) + 1)))


def values(module: object) -> dict[str, Any]:
    """Return what a module holds; a lazy one sleeps on, and what is no module holds nothing."""
    return ModuleType.__getattribute__(module, "__dict__") if issubclass(type(module), ModuleType) else {}


def imported(item: pytest.Item) -> Iterator[str]:
    """Yield the project's files that the file of a test imports, directly or not, as far as they are loaded."""
    root, seen = item.config.rootpath, {""}
    queue = [(str(item.path), values(getattr(item, "module", None)).get("__package__") or "")]
    while queue:
        for name in names(*queue.pop()):
            module = values(sys.modules.get(name))
            file = module.get("__file__") or ""
            if file not in seen and Path(file).is_relative_to(root) and not Path(file).is_relative_to(sys.prefix):
                yield file
                queue.append((file, module.get("__package__") or ""))
            seen.add(file)


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Run a line, while testmon records, that looks like the first line of each of these files."""
    for file in imported(item) if item.path.suffix == ".py" else ():
        exec(compile("0", file, "exec"))  # nosec B102 # a constant
