"""Where pytest takes every Python file for tests, by the project's settings, it must not take the template's."""

import re

from adoption import texts
from adoption.project import strings, table

# Options with which pytest imports files that are no tests.
ALL = re.compile(r"--doctest-modules|--doctest-glob|--mypy|--flake8|--ruff|--black|--pylint|--codestyle")
# Where pytest looks for its settings, in its order; the files of its own count even if they are empty.
OWN = {"pytest.toml": "pytest", ".pytest.toml": "pytest", "pytest.ini": "pytest", ".pytest.ini": "pytest"}
SHARED = {"tox.ini": "pytest", "setup.cfg": "tool:pytest"}


def place(project):
    """Return the file with pytest's settings, its section or table, and its options and folders, as one text each."""
    pytest = project.tool("pytest")
    where = ("tool", "pytest", "ini_options") if "ini_options" in pytest or not pytest else ("tool", "pytest")
    path, section = next(((path, name) for path, name in OWN.items() if path in project.known), ("pyproject.toml", ""))
    if not section and not pytest:
        shared = ((path, name) for path, name in SHARED.items() if name in project.ini(path))
        path, section = next(shared, (path, ""))
    where = (section,) if section else where
    found = project.ini(path).get(section, {}) if not path.endswith(".toml") else table(project.toml(path), *where)
    return path, where, *(" ".join(strings(found.get(name))) for name in ("addopts", "testpaths"))


def options(project, paths):
    """Return the options that keep pytest off the programs among the added `paths`; none where it only takes tests."""
    _, _, addopts, testpaths = place(project)
    if not ALL.search(addopts) or testpaths.split():
        return []
    return [
        f"--ignore={name}"
        for name in sorted({path if "/" not in path else "tools" for path in paths if path.endswith(".py")})
    ]


def add_to_ini(text, section, added):
    """Return the ini `text` with options `added` at the end of `addopts`; raises ValueError if it cannot be done."""
    head = re.search(rf"(?m)^\[{re.escape(section)}\]", text)
    found = re.compile(r"(?m)^([ \t]*)addopts[ \t]*[=:].*(?:\n(?:[ \t]*\n)*\1[ \t]+\S.*)*").search(text, head.end())
    lines = found[0].split("\n")
    indent = re.match(r"\s*", lines[-1])[0]
    joined = "".join(f"\n{indent}{option}" if lines[1:] else f" {option}" for option in added)
    changed = text[: found.end()] + joined + text[found.end() :]
    before, after = (texts.sections(version)[section].pop("addopts") for version in (text, changed))
    if after.split() != [*before.split(), *added]:
        raise ValueError("addopts is written in a form that cannot be added to")
    return changed
