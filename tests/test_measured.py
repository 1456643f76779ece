"""R2, R4, V1: the coverage gate after real test runs, with files in the package that are no modules."""

import pytest
from conftest import environment, run
from pipelines import commit, write

pytestmark = pytest.mark.slow
UNCOVERED = "y = 2\n" * 300
PYPROJECT = "pyproject.toml"


def exempt(text):
    return text.replace("exempt = []", 'exempt = ["src/my_project/data/*"]')


def omit(text):
    return exempt(text).replace("branch = true", 'branch = true\nomit = ["src/my_project/data/*"]')


CASES = {
    "a template that is exempt and omitted": {"src/my_project/data/a.py": "{% if x %}", PYPROJECT: omit},
    "a template that is exempt": {"src/my_project/data/a.py": "{% if x %}", PYPROJECT: exempt},
    "an undecodable file that is exempt": {"src/my_project/data/a.py": b"x = 'Gr\xfc'\n", PYPROJECT: exempt},
    "uncovered data": {"src/my_project/data/a.py": UNCOVERED, PYPROJECT: exempt},
    "a generated module": {"src/my_project/_version.py": UNCOVERED, ".gitignore": lambda text: text + "_version.py\n"},
    "an ignored folder": {"src/my_project/build/a.py": "def", ".gitignore": lambda text: text + "build/\n"},
    "a file that cannot be imported": {"src/my_project/gunicorn.conf.py": UNCOVERED},
    "a folder without __init__": {"src/my_project/scripts/run.py": "", "src/tests/unit/test_run.py": ""},
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_module_changes_no_verdict(copy, case):
    """R2: the total is that of the modules, which all reach 100 %."""
    project = copy()
    write(project, CASES[case])
    commit(project)
    variables = environment(project)
    run("pytest", "--cov", "--cov-fail-under=0", "--cov-report=html", "--cov-report=xml", cwd=project, **variables)
    gate = run("python", "tools/coverage_gate.py", cwd=project, check=False, **variables)
    assert "| total |  | 100.00 | 60 | pass, minimum |" in gate.stdout, gate.stderr
    assert gate.returncode == 0
    assert "0 problems" in run("python", "tools/verify_project.py", cwd=project, check=False, **variables).stdout


@pytest.mark.parametrize("source", ["--cov=.", "--cov=src", "--cov=my_project"])
def test_what_is_measured_besides_the_modules_does_not_count(copy, source):
    """V1: the verdict here is that of CI whatever pytest was told to measure."""
    project = copy()
    variables = environment(project)
    run("pytest", source, "--cov-fail-under=0", cwd=project, **variables)
    assert "| total |  | 100.00 | 60 |" in run("python", "tools/coverage_gate.py", cwd=project, **variables).stdout


@pytest.mark.parametrize("count", [0, 1])
def test_patch_of_a_project_with_another_repository_inside(copy, count):
    """R3: it is not added, and new modules still count."""
    project = copy()
    commit(project)
    run("git", "init", "--quiet", "nested", cwd=project)
    write(project, {"nested/a.py": "x = 1\n", "src/my_project/new.py": "x = 1\n" * count})
    variables = environment(project)
    run("pytest", "--cov", "--cov-fail-under=0", cwd=project, **variables)
    gate = run("python", "tools/coverage_gate.py", "--base", "HEAD", cwd=project, check=False, **variables)
    said = "| patch |  | 0.00 | 60 | fail, 1 lines" if count else "no line of the package changed since HEAD"
    assert said in gate.stdout, gate.stderr
