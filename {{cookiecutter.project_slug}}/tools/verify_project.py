"""Verify the project's tree: the one check that generation, pre-commit and the build stage share.

Usage: python tools/verify_project.py [--json]

Prints every problem as `path: what: how to fix`. Exit codes: 0 nothing found, 1 problems found.
"""

import argparse
import importlib.util
import json
import os
import re
import shutil
import subprocess  # nosec B404 # runs git and this interpreter only
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import settings
import yaml

ROOT = Path(__file__).resolve().parent.parent
CI, CODECOV, RULESET = ".github/workflows/ci.yml", ".codecov.yml", ".github/rulesets/protected-branches.json"
GENERATED = ("environment.yml", "conf/requirements.txt")
REQUIRED = (CI, CODECOV, RULESET, *GENERATED, ".pre-commit-config.yaml", "README.md", "noxfile.py", "pyproject.toml")
REQUIRED += ("src/tests/conftest.py", "tools/coverage_gate.py", "tools/lint_gate.py", "tools/settings.py")
REQUIRED += ("tools/update_project.py",)
# What tools leave at the root of a project that is not in git yet.
SKIPPED = {".git", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", "build", "dist", "reports"}
LEFTOVER = re.compile(r"\{[{%][^}\n]*\bcookiecutter\b|\{% *(end)?raw")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Problem(NamedTuple):
    """Something wrong with the file at `path`, and the way to mend it."""

    path: str
    what: str
    fix: str


@cache
def read_yaml(text: str) -> Any:
    return yaml.load(text, LOADER)  # nosec B506 # a safe loader


def paths(root: Path) -> list[str]:
    """Return the files of the project: those that git does not ignore, or all where there is no repository yet."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if (root / ".git").exists() and shutil.which("git"):
        listed = subprocess.run(command, cwd=root, capture_output=True, text=True)  # nosec B603 # fixed words
        if listed.returncode == 0:
            return sorted(filter(None, set(listed.stdout.split("\0"))))
    found = []
    for folder, folders, names in os.walk(root):
        if Path(folder) == root:
            folders[:] = set(folders) - SKIPPED
        folders[:] = [name for name in folders if not Path(folder, name, "pyvenv.cfg").exists()]
        found += [Path(folder, name).relative_to(root).as_posix() for name in names]
    return sorted(found)


def texts(root: Path) -> dict[str, str]:
    """Return the text of every text file of the project, by path."""
    found = {}
    for path in paths(root):
        try:
            found[path] = (root / path).read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError):
            continue  # not text, or deleted but still in git's index
    return found


def missing(files: dict[str, str]) -> Iterator[Problem]:
    for path in REQUIRED:
        if path not in files:
            yield Problem(path, "is missing", "restore it from git or from the template (`cruft diff`)")


def conflicts(files: dict[str, str]) -> Iterator[Problem]:
    """What an update of the template leaves where it meets the project's own edits."""
    for path, text in files.items():
        if path.endswith((".rej", ".orig")):
            yield Problem(path, "is what an update could not apply", "apply it by hand, then remove the file")
        marked = "<<<<<<< " in text or ">>>>>>> " in text
        for number, line in enumerate(text.splitlines() if marked else [], 1):
            if line.startswith(("<<<<<<< ", ">>>>>>> ")):
                yield Problem(f"{path}:{number}", "holds a conflict marker", "keep the right side and remove the markers")


def leftovers(files: dict[str, str]) -> Iterator[Problem]:
    for path, text in files.items():
        lines = [path, *text.splitlines()] if LEFTOVER.search(f"{path}\n{text}") else []
        for number, line in enumerate(lines):
            if LEFTOVER.search(line):
                yield Problem(f"{path}:{number}", "holds a tag of the template", "replace the tag by its value")


def unparsable(files: dict[str, str]) -> Iterator[Problem]:
    parsers = {
        ".py": lambda text: compile(text, "file", "exec", dont_inherit=True),
        ".toml": tomllib.loads,
        ".json": json.loads,
        ".yml": lambda text: list(yaml.compose_all(text, LOADER)),
    }
    parsers[".yaml"] = parsers[".yml"]
    for path, text in files.items():
        try:
            parsers.get(PurePosixPath(path).suffix, str)(text)
        except (SyntaxError, ValueError, yaml.YAMLError) as error:
            yield Problem(path, f"does not parse: {' '.join(str(error).split())}", "correct the syntax")


def wrong_settings(root: Path, files: dict[str, str]) -> Iterator[Problem]:
    for what in settings.load(root).problems:
        yield Problem("pyproject.toml", what, "correct the setting")


def untested(root: Path, files: dict[str, str]) -> Iterator[Problem]:
    """The mirror rule: src/<package>/a/b.py is tested by unit/a/test_b.py, or by unit/test_b.py if no other module is a b."""
    modules = [PurePosixPath(module) for module in settings.load(root).modules if not module.endswith("/__init__.py")]
    for module in modules:
        unique = sum(other.stem.strip("_") == module.stem.strip("_") for other in modules) == 1
        name = f"test_{module.stem.strip('_') if unique else module.stem}.py"
        nested = PurePosixPath("src/tests/unit", *module.parts[2:-1], name).as_posix()
        flat = f"src/tests/unit/{name}"
        if nested not in files and not (unique and flat in files):
            places = f"{nested} or {flat}" if unique and nested != flat else nested
            yield Problem(str(module), f"has no test file {places}", "add the test file or remove the module")


def different_thresholds(root: Path, files: dict[str, str]) -> Iterator[Problem]:
    found, codecov = settings.load(root), read_yaml(files[CODECOV])
    status = codecov["coverage"]["status"]
    components = codecov["component_management"]["individual_components"]
    copies = {
        "project target": (status["project"]["default"]["target"], f"{found.target}%"),
        "patch target": (status["patch"]["default"]["target"], f"{found.patch_target}%"),
        "components": (
            {item["name"]: (item["statuses"][0]["target"], item["paths"]) for item in components},
            {name: (f"{tier.target}%", tier.paths) for name, tier in found.tiers.items() if tier.paths},
        ),
    }
    for name, (copy, original) in copies.items():
        if copy != original:
            yield Problem(CODECOV, f"{name}: {copy} but pyproject.toml says {original}", "make it equal to pyproject.toml")


def different_pythons(root: Path, files: dict[str, str]) -> Iterator[Problem]:
    document, ci = tomllib.loads(files["pyproject.toml"]), read_yaml(files[CI])
    prefix = "Programming Language :: Python :: "
    classifiers = [entry.removeprefix(prefix) for entry in document["project"]["classifiers"] if entry.startswith(prefix)]
    versions = [version for version in classifiers if re.fullmatch(r"3\.\d+", version)]
    first, last = versions[0], versions[-1]
    expression = ci["jobs"]["test"]["strategy"]["matrix"]["python"]
    matrix = [json.loads(found) for found in re.findall(r"'(\[[^']*\d\"\])'", expression)]
    conda = document["tool"]["pyproject2conda"]["envs"]["conda"]["python-include"]
    # YAML 1.1 reads `on` as true.
    options = ci[True]["workflow_dispatch"]["inputs"]["python"]["options"]
    copies = {
        ("pyproject.toml", "requires-python"): (document["project"]["requires-python"], f">={first}"),
        ("pyproject.toml", "python-include"): (conda, f"python>={first},<3.{int(last[2:]) + 1}"),
        (CI, "inputs.python.options"): (options, ["all", *versions]),
        (CI, "the last list of matrix.python"): (matrix[-1], versions),
        (CI, "the other lists of matrix.python"): (sorted(set().union(*matrix) - set(versions)), []),
        (CI, "NEWEST_PYTHON"): (ci["env"]["NEWEST_PYTHON"], last),
    }
    for (path, name), (copy, expected) in copies.items():
        if copy != expected:
            yield Problem(path, f"{name}: {copy} is not {expected}", "make it agree with the classifiers in pyproject.toml")


def different_check(root: Path, files: dict[str, str]) -> Iterator[Problem]:
    name, ruleset = read_yaml(files[CI])["jobs"]["quality-gate"]["name"], json.loads(files[RULESET])
    rules = [rule for rule in ruleset["rules"] if rule["type"] == "required_status_checks"]
    required = [check["context"] for rule in rules for check in rule["parameters"]["required_status_checks"]]
    if required != [name]:
        yield Problem(RULESET, f"requires the checks {required}", f"require exactly [{name!r}], as ci.yml names the gate")
    if name not in files.get("README.md", name):
        yield Problem("README.md", f"does not name the required check {name!r}", "name it as ci.yml does")


def stale_dependencies(root: Path, files: dict[str, str]) -> Iterator[Problem]:
    """Regenerate in another folder and compare: pyproject2conda's own check compares only times of change."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "conf").mkdir()
        Path(folder, "pyproject.toml").write_text(files["pyproject.toml"], encoding="utf-8")
        command = [sys.executable, "-m", "pyproject2conda", "project", "--overwrite", "force"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True)  # nosec B603 # fixed words
        for path in set(GENERATED) & set(files):
            made = Path(folder, path).read_text(encoding="utf-8") if Path(folder, path).exists() else run.stderr
            if made != files[path]:
                yield Problem(path, "is not what pyproject.toml generates", "run `nox -s dependencies`")


def verify(root: Path) -> tuple[list[Problem], list[str]]:
    """Return all problems of the tree at `root`, and one line for each check that could not be done here."""
    files = texts(root)
    problems, skipped = [*missing(files), *conflicts(files), *leftovers(files), *unparsable(files)], []
    broken = {problem.path for problem in problems}
    checks = {
        "pyproject.toml": [wrong_settings, untested, different_pythons],
        CODECOV: [different_thresholds],
        RULESET: [different_check],
    }
    if importlib.util.find_spec("pyproject2conda"):
        checks["pyproject.toml"].append(stale_dependencies)
    else:
        skipped.append("dependency files: not compared, pyproject2conda is not installed here")
    for path, check in ((path, check) for path, group in checks.items() for check in group):
        if broken & {path, CI, "pyproject.toml"}:
            skipped.append(f"{check.__name__}: not checked until the problems above are solved")
            continue
        try:
            problems += check(root, files)
        except (AttributeError, KeyError, IndexError, TypeError) as error:
            what = f"has not the expected form ({check.__name__}: {error})"
            problems.append(Problem(path, what, "restore it from the template (`cruft diff`)"))
    return problems, skipped


def main() -> int:
    parser = argparse.ArgumentParser(description="Verify the project's tree. Exit codes: 0 fine, 1 problems found.")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    arguments = parser.parse_args()
    problems, skipped = verify(ROOT)
    if arguments.json:
        print(json.dumps({"problems": [problem._asdict() for problem in problems], "skipped": skipped}, indent=2))
    else:
        print(*(": ".join(problem) for problem in problems), *skipped, f"{len(problems)} problems", sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
