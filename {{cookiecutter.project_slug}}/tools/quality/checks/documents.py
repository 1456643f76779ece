"""The numbers that guides state are those of the settings, and the Pythons in their commands those that are tested.

A guide states one as a link to the reference whose title names the setting, `[60 %](CICD_REFERENCE.md "fail_under")`, the
reference itself in a row of a table: the name of the setting as code, then its value.
"""

import re
from collections.abc import Iterator

from quality import repository
from quality.checks import Problem, Tree, adviser
from quality.checks.agreement import at, fit, lengths, sound, tested, written
from quality.coverage_settings import coverage_file
from quality.settings import LIMITS

REFERENCE = "docs/ci_cd/CICD_REFERENCE.md"
LINK = re.compile(r"(?<!`)\[([^\[\]]*)\]\([^()\s]*CICD_REFERENCE\.md(?:#[^()\s]*)?\s+[\"']([\w.-]+)[\"']\s*\)")
ROW = re.compile(r"(?m)^ *\| *`([\w.-]+)` *\|([^|\n]*)\|")
FENCED = re.compile(r"(?ms)^ *(```+|~~~+).*?^ *\1")
TIERS = ("P0", "P1", "P2")  # those of the template's answer
# Words of the pipeline that name a Python: a session, an artifact, what conda and ci.yml are given.
VERSIONED = re.compile(r"(?<![\w-])(?:tests?-|python=)(3\.\d+)")
GUIDE = re.compile(r"docs/ci_cd/.*\.md")


def known(tree: Tree) -> dict[str, str | None]:
    """Return the value of each setting that a guide may state, as it is written there.

    It is empty if the setting is absent, and None if it is itself wrong, which the other checks say.
    """
    if not sound(tree):
        return {}
    found, tool = tree.settings, at(tree.read("pyproject.toml"), "tool")
    values = {"fail_under": found.minimum, "target": found.target, "patch-target": found.patch_target, "lint": found.lint}
    values["line-length"] = next(iter(lengths(tree).values()), None)
    values["pythons"] = ", ".join(tested(tree))
    values |= {f"{table}.{key}": at(tool, "quality-gate", table, key) for table, keys in LIMITS.items() for key in keys}
    values |= {f"tiers.{name}.target": tier.target for name, tier in found.tiers.items()}
    wrong = set() if fit(tested(tree)) else {"pythons"}
    return {name: None if name in wrong else written(value) for name, value in values.items()}


def stated(path: str, text: str, values: dict[str, str | None]) -> Iterator[tuple[int, str, str]]:
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
    if not (values := known(tree)):
        return
    pages = {path: text for path, text in tree.texts.items() if path.endswith(".md")}
    found = {path: list(stated(path, text, values)) for path, text in pages.items()}
    home, advise = {"fail_under": coverage_file(tree.root)}, adviser(tree)
    for path, statements in found.items():
        for line, name, words in statements:
            value, place = values.get(name, ""), home.get(name, "pyproject.toml")
            if value == "":
                yield Problem(f"{path}:{line}", f"{name}: {place} has no such setting", "remove what is said of it, or set it")
            elif value and not says(words, value):
                fix, answer = f"write {value}", option(tree, name, value)
                session = "update" if answer.startswith("--answer") else "thresholds"
                fix = advise(fix, session, answer) if answer else fix
                yield Problem(f"{path}:{line}", f"{name}: {words} but {place} says {value}", fix)
    rows = {name for _, name, _ in found.get(REFERENCE, ())}
    for name in tree.settings.tiers if "fail_under" in rows else ():
        if (key := f"tiers.{name}.target") not in rows:
            row = f"| `{key}` | {values[key]} | percent of each module of {name} | the build fails |"
            yield Problem(REFERENCE, f"{key}: is in no table", f"add a row for it: {row}")


def option(tree: Tree, name: str, value: str) -> str:
    """Return the option that changes a setting, where the template knows it as an answer: a whole number, the tiers it made."""
    options = {"pythons": given(value), "lint": f"--answer lint_gate={value}", "line-length": f"--answer line_length={value}"}
    if "." not in value:
        options |= {"fail_under": f"--minimum {value}", "target": f"--target {value}", "patch-target": f"--patch {value}"}
    if targets := tier_targets(tree):
        options |= {f"tiers.{tier}.target": f'--tiers "{targets}"' for tier in tree.settings.tiers}
    return options.get(name, "")


def given(pythons: str) -> str:
    return f'--answer python_versions="{pythons.replace(",", "")}"'


def tier_targets(tree: Tree) -> str:
    """Return the targets of the tiers as the template's answer, or nothing if there are others than it knows."""
    tiers = tree.settings.tiers
    targets = [written(tiers[name].target) for name in TIERS] if tiers.keys() == set(TIERS) else []
    return "" if any("." in target for target in targets) else " ".join(targets)


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
