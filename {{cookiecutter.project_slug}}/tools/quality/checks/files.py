"""Checks of each file alone: it is there, it parses, and nothing is left in it of an update or of the template."""

import re
from collections.abc import Iterator

from quality import repository
from quality.checks import Problem, Tree

WORKFLOWS, RULESET = ".github/workflows", ".github/rulesets/protected-branches.json"
# Where Codecov looks, in its order.
CODECOV = [f"{place}{dot}codecov.{end}" for end in ("yml", "yaml") for dot in ("", ".") for place in ("", "dev/", ".github/")]
PROGRAMS = "audit ci_health coverage_gate flaky_tests github_setup lint_gate quality_gate quarantine try_wheel update_project"
PROGRAMS += " plugins/pytest_quarantine plugins/pytest_rules"
REQUIRED = (RULESET, ".pre-commit-config.yaml", "pyproject.toml", *(f"tools/{name}.py" for name in PROGRAMS.split()))
LEFTOVER = re.compile(r"\{[{%][^}\n]{0,99}\bcookiecutter\b|\{% *(end)?raw")
START, MIDDLE, END = re.compile("<{7,} "), re.compile("={7,}\r?$"), re.compile(">{7,} ")
EXEMPT = ", or name the file in [tool.quality-gate] exempt of pyproject.toml if it is meant to be so"


def or_exempt(path: str, fix: str) -> str:
    """Return how to mend a file that may be exempt instead: any but the one that says so."""
    return fix if path == "pyproject.toml" else fix + EXEMPT


def ci(tree: Tree) -> str:
    return f"{WORKFLOWS}/{repository.prefix(tree.root)}ci.yml"


def codecov(tree: Tree) -> str:
    return next((path for path in CODECOV if path in tree.files), ".codecov.yml")


def generated(tree: Tree) -> list[str]:
    """Return the dependency files that pyproject.toml generates."""
    return [environment["output"] for environment in tree.read("pyproject.toml")["tool"]["pyproject2conda"]["envs"].values()]


def missing(tree: Tree) -> Iterator[Problem]:
    prefix = repository.prefix(tree.root)
    environments = (f"{prefix}environment.yml", f"conf/{prefix}requirements.txt")
    readme = re.findall(r'^readme = "(README.md)"', tree.texts.get("pyproject.toml", ""), re.M)
    for path in sorted([ci(tree), codecov(tree), f"{prefix}noxfile.py", *environments, *readme, *REQUIRED]):
        if path not in tree.files:
            ignored = (tree.root / path).exists()
            what, fix = ("is ignored by git", "change .gitignore") if ignored else ("is missing", "restore it from git")
            yield Problem(path, what, f"{fix} or from the template (`cruft diff`)")


def rejected(tree: Tree) -> Iterator[Problem]:
    """What an update of the template leaves where it cannot merge."""
    for path in tree.texts:
        if path.endswith((".rej", ".orig")):
            yield Problem(path, "is what an update could not apply", or_exempt(path, "apply it by hand and remove it"))


def conflicts(tree: Tree) -> Iterator[Problem]:
    """All three parts of a conflict, as git writes them: one of them alone is a title, a quotation or an example."""
    for path, text in tree.texts.items():
        first = middle = 0
        for number, line in enumerate(text.split("\n") if "<<<<<<< " in text else (), 1):
            if START.match(line):
                first, middle = number, 0
            elif first and MIDDLE.match(line):
                middle = number
            elif middle and END.match(line):
                fix = or_exempt(path, "keep the right side")
                yield Problem(f"{path}:{first}", f"holds a conflict, up to line {number}", fix)
                first = middle = 0


def leftovers(tree: Tree) -> Iterator[Problem]:
    for path, text in tree.texts.items():
        for number, line in enumerate([path, *text.split("\n")] if LEFTOVER.search(f"{path}\n{text}") else []):
            if LEFTOVER.search(line):
                yield Problem(f"{path}:{number}", "holds a tag of the template", or_exempt(path, "replace it by its value"))


def unparsable(tree: Tree) -> Iterator[Problem]:
    for path in tree.texts:
        try:
            repository.parse(path, tree.files[path])
        except repository.Unusable as error:
            yield Problem(path, str(error), or_exempt(path, "correct the syntax"))
