"""Facts that stand in more than one file agree with their home, which is pyproject.toml or ci.yml."""

import json
import re
import subprocess  # nosec B404 # runs pyproject2conda only
import sys
from collections.abc import Iterator
from pathlib import Path

from checks import Problem, Tree
from checks.files import CI, CODECOV, GENERATED, RULESET


def thresholds(tree: Tree) -> Iterator[Problem]:
    found, codecov = tree.settings, tree.read(CODECOV)
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


def pythons(tree: Tree) -> Iterator[Problem]:
    document, ci = tree.read("pyproject.toml"), tree.read(CI)
    prefix = "Programming Language :: Python :: "
    classifiers = [entry.removeprefix(prefix) for entry in document["project"]["classifiers"] if entry.startswith(prefix)]
    versions = [version for version in classifiers if re.fullmatch(r"3\.\d+", version)]
    first, last = versions[0], versions[-1]
    expression = ci["jobs"]["test"]["strategy"]["matrix"]["python"]
    matrix = [json.loads(found) for found in re.findall(r"'(\[[^']*\d\"\])'", expression)]
    judged = [step["env"]["COVERAGE_PYTHONS"] for step in ci["jobs"]["coverage"]["steps"] if "COVERAGE_PYTHONS" in step.get("env", {})]
    conda = document["tool"]["pyproject2conda"]["envs"]["conda"]["python-include"]
    # YAML 1.1 reads `on` as true.
    options = ci[True]["workflow_dispatch"]["inputs"]["python"]["options"]
    copies = {
        ("pyproject.toml", "requires-python"): (document["project"]["requires-python"], f">={first}"),
        ("pyproject.toml", "python-include"): (conda, f"python>={first},<3.{int(last[2:]) + 1}"),
        (CI, "inputs.python.options"): (options, ["all", *versions]),
        (CI, "the last list of matrix.python"): (matrix[-1], versions),
        (CI, "the other lists of matrix.python"): (sorted(set().union(*matrix) - set(versions)), []),
        (CI, "COVERAGE_PYTHONS"): (judged, [re.sub(r"fromJSON\((.*)\)", r"\1", expression)]),
        (CI, "PYTHON_VERSION"): (ci["env"]["PYTHON_VERSION"], last),
    }
    for (path, name), (copy, expected) in copies.items():
        if copy != expected:
            yield Problem(path, f"{name}: {copy} is not {expected}", "make it agree with the classifiers in pyproject.toml")


def required_check(tree: Tree) -> Iterator[Problem]:
    name, ruleset = tree.read(CI)["jobs"]["quality-gate"]["name"], tree.read(RULESET)
    rules = [rule for rule in ruleset["rules"] if rule["type"] == "required_status_checks"]
    required = [check["context"] for rule in rules for check in rule["parameters"]["required_status_checks"]]
    if required != [name]:
        yield Problem(RULESET, f"requires the checks {required}", f"require exactly [{name!r}], as ci.yml names the gate")
    if name not in tree.texts.get("README.md", name):
        yield Problem("README.md", f"does not name the required check {name!r}", "name it as ci.yml does")


def overriding(tree: Tree) -> Iterator[Problem]:
    """Files in which coverage.py or pytest look first: they would not read pyproject.toml any more, and not say so."""
    found = {path: "coverage.py" for path in (".coveragerc", ".coveragerc.toml") if path in tree.files}
    found |= {path: "pytest" for path in ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini") if path in tree.files}
    sections = {path: f"\n{tree.texts.get(path, '')}" for path in ("setup.cfg", "tox.ini")}
    found |= {path: "coverage.py" for path, text in sections.items() if "\n[coverage:" in text}
    for path, tool in found.items():
        yield Problem(path, f"takes the place of the settings of {tool} in pyproject.toml", "move its settings there")


def dependencies(tree: Tree) -> Iterator[Problem]:
    """Regenerate in another folder and compare: pyproject2conda's own check compares only times of change."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "conf").mkdir()
        Path(folder, "pyproject.toml").write_bytes(tree.files["pyproject.toml"])
        command = [sys.executable, "-m", "pyproject2conda", "project", "--overwrite", "force"]
        run = subprocess.run(command, cwd=folder, capture_output=True)  # nosec B603 # fixed words
        for path in [path for path in GENERATED if path in tree.files]:
            made = Path(folder, path).read_bytes() if Path(folder, path).exists() else run.stderr
            if made != tree.files[path]:
                yield Problem(path, "is not what pyproject.toml generates", "run `nox -s dependencies`")
