"""R2, R3: programs where git refuses, settings are broken or the project lies elsewhere."""

import os
import shutil
import subprocess
import sys

import pytest
from conftest import run
from pipelines import commit, write
from test_tree import CONFLICT

pytestmark = pytest.mark.slow

CALM = "0 problems\n"
PROGRAMS = {
    "verify_project": "Verification: ",
    "coverage_gate": "Coverage gate: cannot judge: ",
    "lint_gate": "Lint gate: ",
    "try_wheel": "Wheel: cannot be tried: ",
}


def program(project, name, **variables):
    return run(sys.executable, f"tools/{name}.py", cwd=project, check=False, **variables)


def refusing(tmp_path, words):
    """Return a PATH whose git knows another owner: it refuses everything with `words`, as git does."""
    (tmp_path / "refusing").mkdir()
    git = tmp_path / "refusing/git"
    git.write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 128\n", encoding="utf-8")
    git.chmod(0o755)
    return f"{git.parent}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_repository_of_another_owner_is_refused_in_the_words_of_git(copy, tmp_path, name):
    """R3: nothing is judged some other way. Root can give the files away; for others the refusal is played."""
    project = copy()
    commit(project)
    if os.geteuid():
        variables = {"PATH": refusing(tmp_path, "fatal: detected dubious ownership in repository")}
    else:
        subprocess.run(["chown", "-R", "12345", project], check=True)
        variables = {}
    result = program(project, name, **variables)
    assert result.returncode == 2, result.stdout
    assert result.stderr.startswith(f"{PROGRAMS[name]}git ")
    assert "detected dubious ownership in repository" in result.stderr
    assert "fetch-depth" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["coverage_gate", "lint_gate", "try_wheel", "update_project"])
@pytest.mark.parametrize("path", ["pyproject.toml", ".pre-commit-config.yaml", ".cruft.json"])
@pytest.mark.parametrize("text", [CONFLICT, "[]\n", "\xff"], ids=["conflict", "list", "Latin-1"])
def test_a_broken_configuration_is_one_line_and_exit_code_2(copy, name, path, text):
    """R3: for every file of settings that a program reads; `nox` too, which reads pyproject.toml."""
    reads = {"lint_gate": [".pre-commit-config.yaml"], "update_project": [".cruft.json"]}.get(name, [])
    project = copy()
    (project / ".cruft.json").write_text('{"commit": "x"}', encoding="utf-8")
    commit(project)
    (project / path).write_bytes(text.encode("latin-1"))
    result = program(project, name)
    if path in reads or (path == "pyproject.toml" and name != "update_project"):
        *_, line = result.stderr.splitlines()
        assert f"{path}: " in line
        assert (result.returncode, len(result.stderr.splitlines())) == (2, 2 if name == "update_project" else 1)
    assert "Traceback" not in result.stderr
    if path == "pyproject.toml":
        result = run("nox", "-l", cwd=project, check=False)
        assert "Traceback" not in result.stderr
        assert (result.returncode, result.stderr) == (2, "")
        assert result.stdout.startswith("pyproject.toml: cannot be used: ")


@pytest.mark.parametrize("table", ["classifiers = 1", "classifiers = [1]", "classifiers = []", "requires-python = 3"])
@pytest.mark.parametrize("gate", ["", "source = 3", "pythons = 3", "source = [3]"])
def test_nox_says_what_it_cannot_read(copy, table, gate):
    """R3, P8."""
    project = copy()
    table = f"{table}\n[tool.quality-gate]\n{gate}" if gate else table
    write(project, {"pyproject.toml": f"[project]\n{table}\n"})
    result = run("nox", "-l", cwd=project, check=False)
    assert (result.returncode, result.stderr) == (2, "")
    assert result.stdout.startswith("pyproject.toml: cannot be used: ")


@pytest.mark.parametrize("pythons", ['"3.12"', "[3.12]", '["newest"]'])
def test_nox_names_pythons_that_are_none(copy, pythons):
    """R3, P8: "3.12" as a list would be the Pythons 3, . and so on."""
    project = copy()
    write(project, {"pyproject.toml": lambda text: text.replace("untested = []", f"pythons = {pythons}")})
    result = run("nox", "-l", cwd=project, check=False)
    assert (result.returncode, result.stderr) == (2, "")
    assert result.stdout.startswith("pyproject.toml: cannot be used: ")


def test_git_is_not_needed_and_its_absence_is_said(copy, tmp_path):
    """R3: without git ignored files cannot be told apart."""
    (tmp_path / "bin").mkdir()
    project = copy()
    result = program(project, "verify_project", PATH=str(tmp_path / "bin"))
    assert result.stdout == f"ignored files: not told apart, git is not installed here\n{CALM}"
    for name in ("coverage_gate", "lint_gate", "try_wheel"):
        result = program(project, name, PATH=str(tmp_path / "bin"))
        assert (result.returncode, result.stderr.count("\n")) == (2, 1), result.stderr


@pytest.mark.parametrize("ignored", ["", "services/my-project/"], ids=["part", "ignored"])
def test_a_project_below_the_root_of_a_repository_is_verified_by_its_own_files(bake, tmp_path, ignored):
    """R2: ignored files are no files of it; lint says that it cannot work there."""
    outer = tmp_path / "outer"
    project = outer / "services/my-project"
    shutil.copytree(bake(), project, ignore=shutil.ignore_patterns(".git"))
    write(outer, {".gitignore": f"secret.json\n{ignored}\n", "other/broken.json": "{"})
    run("git", "init", "--quiet", cwd=outer)
    commit(outer)
    assert program(project, "verify_project").stdout == CALM
    write(project, {"src/secret.json": "{"})
    assert program(project, "verify_project").stdout.count("secret.json") == bool(ignored)
    result = program(project, "lint_gate")
    assert result.returncode == 2
    assert f"works at the root of a repository only, which is {outer}: " in result.stderr
