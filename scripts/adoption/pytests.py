"""Where pytest takes every Python file for tests, by the project's settings, it must not take the template's."""

import re

from adoption.project import strings, table

# Options with which pytest imports files that are no tests.
ALL = re.compile(r"--doctest-modules|--doctest-glob|--mypy|--flake8|--ruff|--black|--pylint|--codestyle")
INI = (("pytest.ini", "pytest"), (".pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest"))


def place(project):
    """Return the file with pytest's settings, its section or table, and its options and folders, as one text each."""
    for path, section in INI:
        own = project.ini(path).get(section)
        if own is not None:
            return path, (section,), own.get("addopts") or "", own.get("testpaths") or ""
    pytest = project.tool("pytest")
    where = ("tool", "pytest", "ini_options") if "ini_options" in pytest else ("tool", "pytest")
    own = table(pytest, "ini_options") or pytest
    return "pyproject.toml", where, " ".join(strings(own.get("addopts"))), " ".join(strings(own.get("testpaths")))


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
    """Return the ini `text` with options `added` at the end of `addopts`."""
    head = re.search(rf"(?m)^\[{re.escape(section)}\]", text)
    found = re.compile(r"(?m)^addopts\s*=.*(?:\n[ \t]+\S.*)*").search(text, head.end())
    last = found[0].rpartition("\n")[2]
    indent = re.match(r"\s*", last)[0] if "\n" in found[0] else ""
    joined = "".join(f"\n{indent}{option}" for option in added) if indent else "".join(f" {option}" for option in added)
    return text[: found.end()] + joined + text[found.end() :]
