"""The numbers that guides state are those of the settings, and the Pythons in their commands those that are tested.

A guide states one as a link to the reference whose title names the setting, `[60 %](CICD_REFERENCE.md "fail_under")`, the
reference itself in a row of a table: the name of the setting as code, then its value.
"""

import posixpath
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from quality import repository, settings
from quality.checks import Problem, Tree, adviser
from quality.checks.agreement import at, fit, lengths, sound, tested, written
from quality.coverage_settings import coverage_file
from quality.repository import Unusable
from quality.settings import LIMITS

REFERENCE = "docs/ci_cd/CICD_REFERENCE.md"
LINK = re.compile(r"""\[(?P<words>[^\[\]]*)\]\((?P<target>[^()\s#]*)(?:#[^()\s]*)?\s+["'](?P<name>[^"']+)["']\s*\)""")
ROW = re.compile(r"(?m)^ *\| *`(?P<name>[^`|\n]+)` *\|(?P<words>[^|\n]*)\|")
ROWS = re.compile(r"(?ms)^## Thresholds$.*?(?=^## |\Z)")  # the section of the reference that has them
# Examples and remarks: blocks, comments, a link within code.
CODE = re.compile(r"(?ms)^[ >]*(```+|~~~+)[^`\n]*$.*?(?:^[ >]*\1|\Z)|<!--.*?-->|`[^`\n]*\]\([^`\n]*`")
# What of the words of a statement is the value.
NUMBER = r"\d+([.,]\d+)*"
WORDS = {"lint": r"[\w-]+", "pythons": r"\d+\.\d+(,\s*\d+\.\d+)*"}
TIERS = ("P0", "P1", "P2")  # those of the template's answer
# Words of the pipeline that name a Python: a session, an artifact, what conda and ci.yml are given.
VERSIONED = re.compile(r"(?<![\w-])(?:tests?-|python=)(3\.\d+)")
GUIDE = re.compile(r"docs/ci_cd/.*\.md")
Values = dict[str, str | None]


def known(tree: Tree) -> Values:
    """Return the value of each setting that a guide may state, as it is written there.

    It is empty if the setting is absent, and None if it is itself wrong, which the other checks say.
    """
    if not sound(tree):
        return {}
    found, tool = tree.settings, at(tree.read("pyproject.toml"), "tool")
    values = {"fail_under": found.minimum, "target": found.target, "patch-target": found.patch_target, "lint": found.lint}
    values["line-length"] = line_length(tree)[1]
    values["pythons"] = ", ".join(tested(tree))
    values |= {f"{table}.{key}": at(tool, "quality-gate", table, key) for table, keys in LIMITS.items() for key in keys}
    values |= {f"tiers.{name}.target": tier.target for name, tier in found.tiers.items()}
    wrong = set() if fit(tested(tree)) else {"pythons"}
    return {name: None if name in wrong else written(value) for name, value in values.items()}


def line_length(tree: Tree) -> tuple[str, Any]:
    """Return the file in which the formatter finds the length of a line, and the length."""
    for path in (".ruff.toml", "ruff.toml"):  # ruff reads them instead of [tool.ruff]
        try:
            if (found := at(tree.read(path), "line-length") if (tree.root / path).is_file() else None) is not None:
                return path, found
        except Unusable:  # files.unparsable says so
            continue
    return "pyproject.toml", next(iter(lengths(tree).values()), None)


def statements(path: str, text: str, values: Values) -> list[re.Match[str]]:
    """Return the statements in a document, in their order, with the groups `name` of the setting and `words`.

    Other titles, other links and tables of the team are none.
    """
    text = CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    folder, section = posixpath.dirname(path), ROWS.search(text) if path == REFERENCE else None
    links = LINK.finditer(text)
    found = [link for link in links if posixpath.normpath(posixpath.join(folder, link["target"])) == REFERENCE]
    found += ROW.finditer(text, *section.span()) if section else ()
    return sorted([match for match in found if is_ours(match["name"], values)], key=lambda match: match.start())


def is_ours(name: str, values: Values) -> bool:
    """Tell whether a title is the name of a setting, of one that is gone, or looks like one."""
    if name in values or name.startswith(("tiers.", *(f"{table}." for table in LIMITS))):
        return True
    from difflib import get_close_matches

    return bool(get_close_matches(name, values, 1, 0.75))


def stated(path: str, text: str, values: Values) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the name of the setting and the words of each statement in a document."""
    for match in statements(path, text, values):
        yield text.count("\n", 0, match.start()) + 1, match["name"], repository.one_line(match["words"])


def restated(path: str, data: bytes, values: Values) -> bytes:
    """Return the document with the values in its statements, and without the rows of settings that are absent."""
    text = data.decode("utf-8", "surrogateescape")
    for match in reversed(statements(path, text, values)):
        name, value, (start, end) = match["name"], values.get(match["name"]), match.span("words")
        if value == "" and match.re is ROW:
            start, words = match.start(), ""
            end = text.find("\n", match.end()) + 1 or len(text)
        elif value and not says(repository.one_line(match["words"]), value):
            words = re.sub(WORDS.get(name, NUMBER), value, match["words"], count=1)
        else:
            continue
        text = f"{text[:start]}{words}{text[end:]}"
    return text.encode("utf-8", "surrogateescape")


def present(root: Path) -> Values:
    """Return what `known` does of the project at `root`, and nothing where its settings cannot be read."""
    try:
        return known(Tree(root, {}, {}, settings.load(root, repository.paths(root)), partial(repository.read, root)))
    except (Unusable, OSError, AttributeError, LookupError, TypeError, ValueError):  # the verification says so
        return {}


def state(root: Path) -> None:
    """Write the values of the settings into the documents of the project at `root`."""
    if not (values := present(root)):
        return
    paths = repository.paths(root)
    is_exempt = settings.load(root, paths).is_exempt
    for path in [path for path in paths if path.endswith(".md") and (root / path).is_file() and not is_exempt(path)]:
        data = (root / path).read_bytes()
        if (changed := restated(path, data, values)) != data:
            (root / path).write_bytes(changed)


def says(words: str, value: str) -> bool:
    """Tell whether the words begin with the value, which a unit may follow; 60 and 60.0 are one."""
    words = words.strip("`*_")
    number = re.match(r"\d+(\.\d+)?(?![\w.,])", words)
    unit = words.removeprefix(f"{value} ")
    begins = words == value or unit != words and not re.search(r"\d", unit)
    return begins or bool(number) and written(float(number[0])) == value and not re.search(r"\d", words[number.end() :])


def numbers(tree: Tree) -> Iterator[Problem]:
    """A tier that the table of the reference leaves out would be a threshold that nobody is told."""
    if not (values := known(tree)):
        return
    pages = {path: text for path, text in tree.texts.items() if path.endswith(".md")}
    found = {path: list(stated(path, text, values)) for path, text in pages.items()}
    home, advise = {"fail_under": coverage_file(tree.root), "line-length": line_length(tree)[0]}, adviser(tree)
    for path, statements in found.items():
        for line, name, words in statements:
            value, place = values.get(name, ""), home.get(name, "pyproject.toml")
            if value == "":
                yield Problem(f"{path}:{line}", f"{name}: {place} has no such setting", "remove what is said of it, or set it")
            elif value and not says(words, value):
                fix, answer = f"write {value}", option(values, name, value)
                session = "update" if answer.startswith("--answer") else "thresholds"
                fix = advise(fix, session, answer) if answer else fix
                yield Problem(f"{path}:{line}", f"{name}: {words} but {place} says {value}", fix)
    rows = {name for _, name, _ in found.get(REFERENCE, ())}
    for name in tree.settings.tiers if "fail_under" in rows else ():
        if (key := f"tiers.{name}.target") not in rows:
            row = f"| `{key}` | {values[key]} | percent of each module of {name} | the build fails |"
            yield Problem(REFERENCE, f"{key}: is in no table", f"add a row for it: {row}")


def option(values: Values, name: str, value: str) -> str:
    """Return the option that changes a setting, where the template knows it as an answer: a whole number, the tiers it made."""
    options = {"pythons": given(value), "lint": f"--answer lint_gate={value}", "line-length": f"--answer line_length={value}"}
    if "." not in value:
        options |= {"fail_under": f"--minimum {value}", "target": f"--target {value}", "patch-target": f"--patch {value}"}
    if targets := tier_targets(values):
        options |= {f"tiers.{tier}.target": f'--tiers "{targets}"' for tier in TIERS}
    return options.get(name, "")


def given(pythons: str) -> str:
    return f'--answer python_versions="{pythons.replace(",", "")}"'


def tier_targets(values: Values) -> str:
    """Return the targets of the tiers as the template's answer, or nothing if there are others than it knows."""
    targets = {name: value or "" for name, value in values.items() if name.startswith("tiers.")}
    names = [f"tiers.{tier}.target" for tier in TIERS]
    is_known = targets.keys() == {*names} and all(target.isdecimal() for target in targets.values())
    return " ".join(targets[name] for name in names) if is_known else ""


def versions(tree: Tree) -> Iterator[Problem]:
    """Commands and names in the guides that have a Python in them: it is one that is tested."""
    if not fit(pythons := tested(tree)):
        return
    advise = adviser(tree)
    fix = f"write {'one of ' * (len(pythons) > 1)}{', '.join(pythons)}"
    for path, text in tree.texts.items():
        wrong = [match for match in VERSIONED.finditer(text) if match[1] not in pythons] if GUIDE.fullmatch(path) else []
        for match in wrong:
            line = text.count("\n", 0, match.start()) + 1
            advice = advise(fix, "update", given(" ".join(pythons)))
            yield Problem(f"{path}:{line}", f"{match[0]}: Python {match[1]} is not tested", advice)
