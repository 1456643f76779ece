"""The numbers that guides state are those of the settings.

A guide states one as a link to the reference whose title names the setting, `[60 %](CICD_REFERENCE.md "fail_under")`, the
reference itself in a row of a table: the name of the setting as code, then its value.
"""

import re
from collections.abc import Iterator
from typing import Any

from quality import repository
from quality.checks import Problem, Tree
from quality.checks.agreement import at, tested
from quality.coverage_settings import coverage_file
from quality.settings import LIMITS

REFERENCE = "docs/ci_cd/CICD_REFERENCE.md"
LINK = re.compile(r"(?<!`)\[([^\[\]]*)\]\([^()\s]*CICD_REFERENCE\.md(?:#[^()\s]*)?\s+[\"']([\w.-]+)[\"']\s*\)")
ROW = re.compile(r"(?m)^ *\| *`([\w.-]+)` *\|([^|\n]*)\|")
FENCED = re.compile(r"(?ms)^ *(```+|~~~+).*?^ *\1")
LENGTHS = (("ruff", "line-length"), ("black", "line-length"), ("flake8", "max-line-length"))


def known(tree: Tree) -> dict[str, str]:
    """Return the value of each setting that a guide may state, as it is written there; those that are absent are empty."""
    found, tool = tree.settings, at(tree.read("pyproject.toml"), "tool")
    values = {"fail_under": found.minimum, "target": found.target, "patch-target": found.patch_target, "lint": found.lint}
    values["line-length"] = next(filter(None, (at(tool, name, key) for name, key in LENGTHS)), None)
    values["pythons"] = ", ".join(tested(tree))
    values |= {f"{table}.{key}": at(tool, "quality-gate", table, key) for table, keys in LIMITS.items() for key in keys}
    values |= {f"tiers.{name}.target": tier.target for name, tier in found.tiers.items()}
    return {name: written(value) for name, value in values.items()}


def written(value: Any) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return "" if value is None else str(int(value) if whole else value)


def stated(path: str, text: str, values: dict[str, str]) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the name of the setting and the words of each statement in a document."""
    text = FENCED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    for match in LINK.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match[2], repository.one_line(match[1])
    for match in ROW.finditer(text) if path == REFERENCE else ():
        if match[1] in values or match[1].startswith(("tiers.", *(f"{table}." for table in LIMITS))):
            yield text.count("\n", 0, match.start()) + 1, match[1], repository.one_line(match[2])


def says(words: str, value: str) -> bool:
    """Tell whether the words begin with the value, which a unit may follow; 60 and 60.0 are one."""
    words = words.strip("`*")
    number = re.match(r"\d+(\.\d+)?(?![\w.,])", words)
    return f"{words} ".startswith(f"{value} ") or bool(number) and written(float(number[0])) == value


def numbers(tree: Tree) -> Iterator[Problem]:
    """A tier that the table of the reference leaves out would be a threshold that nobody is told."""
    values = known(tree)
    pages = {path: text for path, text in tree.texts.items() if path.endswith(".md")}
    found = {path: list(stated(path, text, values)) for path, text in pages.items()}
    home = {"fail_under": coverage_file(tree.root)}
    for path, statements in found.items():
        for line, name, words in statements:
            value, place = values.get(name), home.get(name, "pyproject.toml")
            if not value:
                yield Problem(f"{path}:{line}", f"{name}: {place} has no such setting", "remove what is said of it, or set it")
            elif not says(words, value):
                yield Problem(f"{path}:{line}", f"{name}: {words} but {place} says {value}", correction(tree, name, value))
    rows = {name for _, name, _ in found.get(REFERENCE, ())}
    for name in sorted(values.keys() - rows if "fail_under" in rows else ()):
        if name.startswith("tiers."):
            yield Problem(REFERENCE, f"{name}: is in no table", f"add a row for it: | `{name}` | {values[name]} |")


def correction(tree: Tree, name: str, value: str) -> str:
    """Return how to mend one place, and the command that mends all where the template knows the number as an answer."""
    tiers = [written(tier.target) for tier in tree.settings.tiers.values()]
    options = {f"tiers.{key}.target": f'--tiers "{" ".join(tiers)}"' for key in ("P0", "P1", "P2")} if len(tiers) == 3 else {}
    options |= {"fail_under": f"--minimum {value}", "target": f"--target {value}", "patch-target": f"--patch {value}"}
    if ".cruft.json" not in tree.files or name not in options or "." in options[name]:
        return f"write {value}"
    return f"write {value}, or have `{repository.nox('thresholds', tree.root)} -- {options[name]}` write it everywhere"
