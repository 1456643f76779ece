"""Which modules need packages that installing the project does not bring: nothing can try them without these."""

import ast
import re
import sys
import warnings

from adoption.layouts import PLACES, TEST
from adoption.requirements import name

HANDLERS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


def untried(project, layout, required):
    """Return the dotted names of the modules that import, at once, what none of the `required` distributions explains.

    What a package itself imports is there, whoever brings it. Modules that import such a module need it as well.
    """
    modules = {dotted(project, place, path): path for place in layout.source for path in code(project, place)}
    needs = {module: imported(project, module, path) for module, path in modules.items()}
    first = {module for module in modules if module.rpartition(".")[0] not in modules}
    while more := {module for module in modules if module not in first and is_on_the_way(module, first, needs)}:
        first |= more
    there = {found.partition(".")[0] for module in first for found in needs[module]}
    there |= {module.partition(".")[0] for module in modules} | {*sys.stdlib_module_names, "__future__", ""}
    tops = {module: {found.partition(".")[0] for found in names} - there for module, names in needs.items()}
    lacking = {module for module, names in tops.items() if any(not explained(top, required) for top in names)}
    while more := {module for module in modules if module not in lacking and parents(needs[module]) & lacking}:
        lacking |= more
    return sorted(lacking)


def is_on_the_way(module, first, needs):
    """Tell whether a module is imported with one of `first`."""
    return any(module in parents(needs[other]) for other in first)


def parents(names):
    """Return dotted names and those of the packages on their way."""
    return {
        ".".join(parts[:end]) for parts in (found.split(".") for found in names) for end in range(1, len(parts) + 1)
    }


def code(project, place):
    found = (path for path in project.paths if path == place or path.startswith(f"{place}/"))
    parts = ((path, path.split("/")) for path in found if path.endswith(".py"))
    return [path for path, folders in parts if not TEST.fullmatch(folders[-1]) and not {"test", "tests"} & {*folders}]


def dotted(project, place, path):
    """Return the name by which the module at `path` is imported."""
    root = place if place in PLACES and f"{place}/__init__.py" not in project.known else place.rpartition("/")[0]
    return path.removeprefix(f"{root}/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def explained(top, required):
    """Tell whether a distribution can hold the package `top`: one has the other's name in its own."""
    plain = name(top).replace("-", "")
    names = [found.replace("-", "") for found in required]
    return any(plain in found or found in plain for found in names)


def imported(project, module, path):
    """Return the dotted names that a module imports when it is imported itself."""
    with warnings.catch_warnings(action="ignore"):
        try:
            tree = ast.parse((project.root / path).read_bytes())
        except (SyntaxError, ValueError):
            return set()
    package = module if path.endswith("/__init__.py") else module.rpartition(".")[0]
    return {found for node in at_once(tree.body) for found in targets(node, package)}


def at_once(body):
    """Yield the imports that run with the module: not in functions, nor where their failure is caught."""
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif isinstance(node, ast.Try):
            caught = {part for handler in node.handlers for part in re.findall(r"\w+", handled(handler))}
            yield from at_once(node.finalbody if caught & HANDLERS else node.body + node.orelse + node.finalbody)
        elif isinstance(node, (ast.With, ast.ClassDef)):
            yield from at_once([] if "suppress" in ast.unparse(node)[:60] else node.body)
        # Which side of a condition runs is not known: a version, a platform, TYPE_CHECKING.


def handled(handler):
    return ast.unparse(handler.type) if handler.type else "Exception"


def targets(node, package):
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    parts = package.split(".")
    start = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
    base = ".".join(filter(None, (start, node.module)))
    return {base} | {f"{base}.{alias.name}" for alias in node.names}
