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
def parsed(file: str, package: str) -> tuple[int, list[str]]:
    """Return the line of the first statement of a file of `package`, and the modules that it may import.

    With these come the packages that hold them. The line is 0 if there is no statement.
    """
    found: list[str] = []
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):  # a test may have changed it
        return 0, found
    for node in ast.walk(tree):
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
    names = dict.fromkeys(".".join(words[:count]) for words in parts for count in range(1, len(words) + 1))
    return tree.body[0].lineno if tree.body else 0, list(names)


def values(module: object) -> dict[str, Any]:
    """Return what a module holds; a lazy one sleeps on, and what is no module holds nothing."""
    return ModuleType.__getattribute__(module, "__dict__") if issubclass(type(module), ModuleType) else {}


def imported(item: pytest.Item) -> Iterator[tuple[str, int]]:
    """Yield the project's files that the file of a test imports, directly or not, and the lines where they start.

    Only files that are loaded count.
    """
    root, seen = item.config.rootpath, {""}
    queue = [(str(item.path), values(getattr(item, "module", None)).get("__package__") or "")]
    while queue:
        for name in parsed(*queue.pop())[1]:
            module = values(sys.modules.get(name))
            file = module.get("__file__") or ""
            if file not in seen and Path(file).is_relative_to(root) and not Path(file).is_relative_to(sys.prefix):
                queue.append((file, module.get("__package__") or ""))
                yield file, parsed(*queue[-1])[0]
            seen.add(file)


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Run a line, while testmon records, that looks like the first one of each of these files."""
    for file, line in imported(item) if item.path.suffix == ".py" else ():
        if line:
            code = compile("\n" * (line - 1) + "0", file, "exec")
            exec(code)  # nosec B102 # a constant
