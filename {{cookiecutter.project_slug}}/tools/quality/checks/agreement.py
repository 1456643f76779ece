"""Facts that stand in more than one file agree with their home, which is pyproject.toml or ci.yml."""

import json
import re
import subprocess  # nosec B404 # runs pyproject2conda only
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from quality import repository
from quality.checks import Problem, Tree, adviser
from quality.checks.files import RULESET, WORKFLOWS, ci, codecov, generated
from quality.coverage_settings import coverage_file
from quality.github.rules import branches
from quality.settings import LIMITS, limits, numbers

# Without this table pyproject2conda refuses; setup.py and poetry know no such thing.
NAMED = b'\n[project]\nname = "project"\n'
# Workflows of the template, beside ci.yml, that may name a Python, and how.
OTHERS = ("ci-health", "codeql", "dependencies", "flaky-hunt", "nightly", "template-update")
VERSION = re.compile(r"(?mi)^[ -]*(python[-_]version): *[\"']?(3\.\d+)\b")
LENGTHS = {"ruff": "line-length", "black": "line-length", "flake8": "max-line-length", "isort": "line_length"}


def at(value: Any, *names: str) -> Any:
    """Return what stands below `names` in nested tables, or None."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def written(value: Any) -> str:
    """Return a setting as people write it: 60 and 60.0 are one."""
    whole = isinstance(value, float) and value.is_integer()
    return "" if value is None else str(int(value) if whole else value)


def sound(tree: Tree) -> bool:
    """Tell whether copies may be compared with the settings: with one that is itself wrong they would be wrong as well."""
    document = tree.read("pyproject.toml")
    return not (numbers(tree.settings) or any(limits(document, name) for name in LIMITS))


def percent(value: Any, original: float) -> Any:
    """Return Codecov's number (80, 80.0 and 80% are one), or `original` where it has none or compares with the base."""
    if value in ("auto", None) or value is False:
        return original
    try:
        return float(str(value).removesuffix("%"))
    except ValueError:
        return value


def component(item: Any, original: float) -> tuple[Any, Any]:
    statuses = [status for status in at(item, "statuses") or [] if at(status, "type") in (None, "project")]
    return percent(at(statuses[0], "target") if statuses else None, original), at(item, "paths")


def thresholds(tree: Tree) -> Iterator[Problem]:
    """Components of Codecov that are called as no tier are the project's own, unless the name is one that a tier had."""
    if not sound(tree):
        return
    found, path = tree.settings, codecov(tree)
    document = tree.read(path)
    status = at(document, "coverage", "status")
    components = {at(item, "name"): item for item in at(document, "component_management", "individual_components") or []}
    tiers = {name: tier for name, tier in found.tiers.items() if tier.paths}
    copies = {
        f"{name} target": (percent(at(status, name, "default", "target"), original), original)
        for name, original in (("project", found.target), ("patch", found.patch_target))
    }
    for name, tier in tiers.items():
        if name in components:
            parts = zip(("target", "paths"), component(components[name], tier.target), tier, strict=False)
            copies |= {f"component {name}, {part}": (copy, original) for part, copy, original in parts}
        else:
            yield Problem(path, f"component {name}: is missing", "add it, with the tier's target and paths of pyproject.toml")
    for name, (copy, original) in copies.items():
        if copy != original:
            what = f"{name}: {written(copy)} but pyproject.toml says {written(original)}"
            yield Problem(path, what, "make it equal to pyproject.toml")
    for name in [name for name in components if re.fullmatch(r"P\d+", str(name)) and name not in found.tiers]:
        yield Problem(path, f"component {name}: pyproject.toml has no such tier", "remove it, or give it another name")


def tested(tree: Tree) -> list[str]:
    """Return the Pythons to test: `pythons` of [tool.quality-gate] where they are others than the classifiers name."""
    prefix = "Programming Language :: Python :: "
    classifiers = at(tree.read("pyproject.toml"), "project", "classifiers") or []
    named = [item.removeprefix(prefix) for item in classifiers if re.fullmatch(rf"{prefix}3\.\d+", item)]
    return tree.settings.pythons or sorted(named, key=lambda version: int(version[2:]))


def fit(versions: list[str]) -> bool:
    """Tell whether these are Pythons that the tools know, each once and in order."""
    known = {version for version in versions if re.fullmatch(r"3\.(1[1-9]|[2-9]\d)", version)}
    return bool(versions) and versions == sorted(known)


def pythons(tree: Tree) -> Iterator[Problem]:
    document, path, versions = tree.read("pyproject.toml"), ci(tree), tested(tree)
    workflow = tree.read(path)
    home = "[tool.quality-gate] pythons" if tree.settings.pythons else "the classifiers"
    if not fit(versions):
        what = f"{home}: {versions} are not the Pythons to test, each 3.N from 3.11 on, in ascending order"
        yield Problem("pyproject.toml", what, 'write them there, or in [tool.quality-gate] as pythons = ["3.12", "3.13"]')
        return
    first, last = versions[0], versions[-1]
    required = at(document, "project", "requires-python")
    expression = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    matrix = [json.loads(found) for found in re.findall(r"'(\[[^']*\d\"\])'", expression)]
    variables = [step.get("env", {}) for step in workflow["jobs"]["coverage"]["steps"]]
    judged = [found["COVERAGE_PYTHONS"] for found in variables if "COVERAGE_PYTHONS" in found]
    conda = document["tool"]["pyproject2conda"]["envs"]["conda"]["python-include"]
    # YAML 1.1 reads `on` as true.
    options = workflow[True]["workflow_dispatch"]["inputs"]["python"]["options"]
    copies = {
        ("pyproject.toml", "requires-python"): (required, required if tree.settings.pythons else f">={first}"),
        ("pyproject.toml", "python-include"): (conda, f"python>={first},<3.{int(last[2:]) + 1}"),
        (path, "inputs.python.options"): (options, ["all", *versions]),
        (path, "the last list of matrix.python"): (matrix[-1], versions),
        (path, "the other lists of matrix.python"): (sorted(set().union(*matrix) - set(versions)), []),
        (path, "COVERAGE_PYTHONS"): (judged, [re.sub(r"fromJSON\((.*)\)", r"\1", expression)]),
        (path, "PYTHON_VERSION"): (workflow["env"]["PYTHON_VERSION"], last),
    }
    for (place, name), (copy, expected) in copies.items():
        if copy != expected:
            yield Problem(place, f"{name}: {copy} is not {expected}", f"make it agree with {home} in pyproject.toml")
    for place in [f"{WORKFLOWS}/{repository.prefix(tree.root)}{name}.yml" for name in OTHERS]:
        for match in VERSION.finditer(text := tree.texts.get(place, "")):
            if match[2] != last:
                line = text.count("\n", 0, match.start(1)) + 1
                yield Problem(f"{place}:{line}", f"{match[1]}: {match[2]} is not {last}", f"write {last}, the newest of {home}")


def lengths(tree: Tree) -> dict[str, Any]:
    """Return the length of a line by the tool that pyproject.toml gives it to, the formatter first."""
    tool = at(tree.read("pyproject.toml"), "tool")
    return {name: found for name, key in LENGTHS.items() if (found := at(tool, name, key)) is not None}


def line_lengths(tree: Tree) -> Iterator[Problem]:
    """Those of an adopted project's own tables, which `tables` in .cruft.json does not name, may differ."""
    state = tree.read(".cruft.json") if ".cruft.json" in tree.files else {}
    ours = at(state, "tables") or [f"tool.{name}" for name in LENGTHS]
    found = {name: value for name, value in lengths(tree).items() if f"tool.{name}" in ours}
    if len(set(map(written, found.values()))) > 1:
        first = next(iter(found.values()))
        told = ", ".join(f"[tool.{name}] {LENGTHS[name]} {value}" for name, value in found.items())
        fix = adviser(tree)(f"write {first} in each", "update", f"--answer line_length={first}")
        yield Problem("pyproject.toml", f"the lengths of a line differ: {told}", fix)


def required_check(tree: Tree) -> Iterator[Problem]:
    name, ruleset = tree.read(ci(tree))["jobs"]["quality-gate"]["name"], tree.read(RULESET)
    rules = [rule for rule in ruleset["rules"] if rule["type"] == "required_status_checks"]
    required = [check["context"] for rule in rules for check in rule["parameters"]["required_status_checks"]]
    if required != [name]:
        yield Problem(RULESET, f"requires the checks {required}", f"require exactly [{name!r}], as ci.yml names the gate")
    events = tree.read(ci(tree))[True]
    for event in ("push", "pull_request"):
        started = (at(events, event, "branches") or ["*"]) if event in events else []
        for branch in [name for name in branches(ruleset) if not any(fnmatchcase(name, pattern) for pattern in started)]:
            what = f"protects {branch}, but {event} of ci.yml does not start there: no {name!r} would be reported"
            yield Problem(RULESET, what, "name the same branches in both")
    readme = tree.texts.get("README.md", "")
    if RULESET in readme and name not in readme:
        yield Problem("README.md", f"does not name the required check {name!r}", "name it as ci.yml does")


def overriding(tree: Tree) -> Iterator[Problem]:
    """Files in which coverage.py or pytest look first: what pyproject.toml says would not be read any more, unsaid."""
    document = tree.read("pyproject.toml")
    first = coverage_file(tree.root)
    found = {first: "coverage"} if first != "pyproject.toml" and at(document, "tool", "coverage") else {}
    if at(document, "tool", "pytest"):
        found |= {path: "pytest" for path in ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini") if path in tree.files}
    for path, tool in found.items():
        yield Problem(path, f"takes the place of [tool.{tool}] in pyproject.toml", "keep the settings in one of the two")


def dependencies(tree: Tree) -> Iterator[Problem]:
    """Regenerate in another folder and compare: pyproject2conda's own check compares only times of change."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for path in generated(tree):
            Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
        named = b"" if at(tree.read("pyproject.toml"), "project") else NAMED
        Path(folder, "pyproject.toml").write_bytes(tree.files["pyproject.toml"] + named)
        command = [sys.executable, "-m", "pyproject2conda", "project", "--overwrite", "force"]
        run = subprocess.run(command, cwd=folder, capture_output=True)  # nosec B603 # fixed words
        for path in [path for path in generated(tree) if path in tree.files]:
            made = Path(folder, path).read_bytes() if Path(folder, path).exists() else run.stderr
            if made.splitlines() != tree.files[path].splitlines():  # git may write CRLF
                yield Problem(path, "is not what pyproject.toml generates", f"run `{repository.nox('dependencies', tree.root)}`")
