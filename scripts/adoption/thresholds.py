"""How much coverage a project asks for, and where coverage.py and Codecov are told so."""

import math
import re

from ruamel.yaml import YAML, YAMLError

from adoption.project import table

COVERAGE_FILES = (".coveragerc", ".coveragerc.toml", "setup.cfg", "tox.ini")


def coverage_place(project):
    """Return the file from which coverage.py takes its settings, or nothing, and the settings by section."""
    for path in COVERAGE_FILES:
        if path.endswith(".toml") and path in project.known:
            return path, table(project.toml(path), "tool", "coverage") or project.toml(path)
        sections = project.ini(path)
        own = {
            name.removeprefix("coverage:"): values
            for name, values in sections.items()
            if path[0] == "." or name[:9] == "coverage:"
        }
        if own or path[0] == "." and path in project.known:
            return path, own
    return ("pyproject.toml" if project.tool("coverage") else ""), project.tool("coverage")


def answers(project):
    """Return the answers about thresholds: those of coverage.py and of Codecov, as whole numbers."""
    path, sections = coverage_place(project)
    found = re.match(r"\d+(\.\d+)?", str(table(sections, "report").get("fail_under") or "").strip())
    options = "".join(map(project.text, ("pyproject.toml", "setup.cfg", "tox.ini", "pytest.ini")))
    told = re.search(r"--cov-fail-under[= ](\d+)", options)
    minimum, where = (told[1], "--cov-fail-under") if told else ("0", "green on the first day")
    minimum, where = (found[0], path) if found else (minimum, where)
    own, numbers = codecov(project)
    target = numbers.get("project")
    lowest = math.ceil(float(minimum))
    target = (int(target), own) if target and lowest <= target <= 100 else (max(80, lowest), "default")
    found = {"coverage_minimum": (int(float(minimum)), where), "coverage_target": target}
    found |= {"patch_target": (int(numbers["patch"]), own)} if "patch" in numbers else {}
    return {name: (str(value), origin) for name, (value, origin) in found.items()}


def codecov(project):
    """Return Codecov's settings of the project, their path or nothing, and the targets in them that are numbers."""
    pattern = r"(dev/|\.github/)?\.?codecov\.ya?ml"
    path = next((path for path in project.paths if re.fullmatch(pattern, path)), "")
    try:
        document = YAML(typ="safe").load(project.text(path)) if path else {}
    except YAMLError:
        document = {}
    status = table(document, "coverage", "status")
    targets = {
        part: str(table(status, part, "default").get("target")).removesuffix("%") for part in ("project", "patch")
    }
    return path, {part: float(value) for part, value in targets.items() if re.fullmatch(r"\d+(\.\d+)?", value)}
