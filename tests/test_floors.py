"""P5: the lower bounds of the dependencies are versions that exist on conda-forge, and versions that work."""

import re
import tomllib

import pytest
import yaml
from conftest import TEMPLATE, environment, run
from test_facts import DEPENDENCIES, FORMATTERS, read

CONDA_FORGE = tomllib.loads(read(TEMPLATE / "tests/conda_forge.toml"))
DEPENDENCY_FILES = ("environment.yml", "conf/requirements.txt")


def number(version):
    return tuple(map(int, version.split(".")))


def test_conda_forge_has_every_lower_bound(render):
    """P5: a bound that the channel lacks stops `conda env create` on the first day."""
    seen = set()
    for answers in DEPENDENCIES:
        for spec in yaml.safe_load(read(render(**answers) / "environment.yml"))["dependencies"]:
            name, cap, floor = re.fullmatch(r"([a-z0-9-]+)(?:<([\d.]+),)?>=([\d.]+)", spec).groups()
            seen.add(name)
            known = CONDA_FORGE[name]
            assert number(floor) <= number(known), f"{spec}: only {known} is known on conda-forge"
            if cap and name != "python":  # of which the channel has every minor version
                assert number(known) < number(cap), f"{spec}: excludes {known}, which conda-forge has"
    assert set(CONDA_FORGE) - seen == set(), "no longer asked for"


@pytest.mark.slow
def test_lowest_versions_do_all_that_the_project_does(copy):
    """P5, P7: with the lowest version of each dependency; the night of tests/test_nightly.py has the oldest Python."""
    tools = "black+isort+flake8"
    project = copy(lint_tools=tools, type_checking="strict")
    variables = environment(project, "3.13", "--resolution=lowest-direct")
    before = [read(project / path) for path in DEPENDENCY_FILES]
    parts = ["--splits", "1", "--group", "1", "-n", "2"]  # as in CI
    run("nox", "--no-venv", "--no-install", "-s", "tests", "--", *parts, cwd=project, **variables)
    sessions = ["coverage_gate", "build", "integration", "benchmark", "dependencies"]
    run("nox", "--no-venv", "--no-install", "-s", *sessions, cwd=project, **variables)
    assert [read(project / path) for path in DEPENDENCY_FILES] == before
    for command in (*FORMATTERS[tools], ["mypy"], ["bandit", "-q", "-c", "pyproject.toml", "-r", "."]):
        run(*command, cwd=project, **variables)
    assert "0 problems" in run("python", "tools/verify_project.py", cwd=project, **variables).stdout
    for program in ("cruft", "pre-commit"):
        run(program, "--help", cwd=project, **variables)
