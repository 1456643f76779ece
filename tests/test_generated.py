"""P3, P5, P7: a generated project works: its tests, its commands and its build."""

import re
import sys
import zipfile

import pytest
import yaml
from conftest import environment, find, interpreter, run

pytestmark = pytest.mark.slow
VERIFY = [sys.executable, "tools/verify_project.py"]
STRICT = {"tier_targets": "100 100 100", "coverage_minimum": "100", "coverage_target": "100", "patch_target": "100"}
VARIANTS = {
    "default": {},
    "ruff": {"lint_tools": "ruff", "type_checking": "strict", "external_service": "data_base", **STRICT},
    "bare": {"type_checking": "off", "codeql": False, "develop_branch": "", "package_name": "some_Package9"},
    "nasty": {"project_name": 'Ünï "q" \\ #: & 🎉', "license": "Proprietary"},
}


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_own_tests_pass_and_the_sample_reaches_its_tiers(copy, variant, version):
    project = copy(**VARIANTS[variant], python_versions="3.11 3.12 3.13 3.14")
    interpreter(version)
    variables = environment(project, version)
    result = run("pytest", "--cov", "-n", "2", cwd=project, **variables)
    assert re.search(r"=+ \d+ passed, 1 skipped in", result.stdout)
    assert re.search(r"^Name +Stmts +Miss +Branch +BrPart +Cover", result.stdout, re.M), "V1: branch coverage"
    gate = run("python", "tools/coverage_gate.py", cwd=project, **variables)
    assert "## Coverage: passed" in gate.stdout
    assert "fail" not in gate.stdout


def test_plain_commands_work_as_well_as_sessions(copy):
    """P3, P7, S1: those of the brief; what the guides name runs in tests/test_guides.py."""
    project = copy()
    variables = environment(project, "3.11")
    node = "tests/unit/test_demo_mode.py::TestDemoMode"
    assert "7 passed" in run("pytest", node, "-v", cwd=project / "src", **variables).stdout
    result = run("pytest", "--cov", cwd=project, **variables)
    assert "Required test coverage of 60.0% reached. Total coverage: 100.00%" in result.stdout
    bandit = ["bandit", "-c", "pyproject.toml", "-r", "."]
    for command in (["black", "--check", "."], ["isort", "--check", "."], ["flake8"], ["mypy"], bandit):
        assert "nosec" not in run(*command, cwd=project, **variables).stderr, (
            "bandit warns of codes that are not needed"
        )
    listed = run("nox", "-l", cwd=project, **variables).stdout
    for session in ("lint", "tests-3.11", "tests-3.12", "tests-3.13", "coverage_gate", "integration", "build"):
        assert f"* {session} " in listed


@pytest.mark.parametrize("variant", ["default", "bare"])
def test_wheel_holds_the_package_and_nothing_else(copy, variant):
    project = copy(**VARIANTS[variant])
    run("nox", "--no-venv", "-s", "build", cwd=project, **environment(project))
    (wheel,) = (project / "dist").glob("*.whl")
    package = next(path.name for path in (project / "src").iterdir() if path.name not in ("tests", "__pycache__"))
    source = {
        path.relative_to(project / "src").as_posix()
        for path in (project / "src" / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == source
    assert len(list((project / "dist").glob("*.tar.gz"))) == 1


def test_dependencies_are_generated_from_pyproject(copy):
    """P5: the list is edited in one place."""
    project = copy()
    pyproject = project / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    pyproject.write_text(text.replace("dependencies = []", 'dependencies = ["packaging>=25"]'), encoding="utf-8")
    assert "environment.yml: is not what" in run(*VERIFY, cwd=project, check=False).stdout
    run("nox", "-s", "dependencies", cwd=project, **environment(project))
    assert "  - packaging>=25\n" in (project / "environment.yml").read_text(encoding="utf-8")
    assert "\npackaging>=25\n" in (project / "conf/requirements.txt").read_text(encoding="utf-8")
    run(*VERIFY, cwd=project)


def test_build_fails_on_a_wrong_tree(copy):
    project = copy()
    (project / "src/tests/unit/test_demo_mode.py").unlink()
    result = run("nox", "-s", "build", cwd=project, check=False, **environment(project))
    assert result.returncode == 1
    assert "demo_mode.py: has no test file" in result.stdout
    assert not (project / "dist").exists()


# Those that have to do without the sample.
SESSIONS = ("coverage_gate", "integration", "benchmark", "build")


def test_sample_deleted_as_the_readme_says_and_all_is_green(copy):
    project = copy()
    readme = (project / "README.md").read_text(encoding="utf-8")
    commands = find(r"## Delete the sample.*?```bash\n(.*?)```", readme, re.S)[1]
    run("git", "add", "--all", cwd=project)
    run("bash", "-ec", commands, cwd=project)
    left = run(*VERIFY, cwd=project, check=False).stdout
    assert left.count("matches no module") == 4
    pyproject = (project / "pyproject.toml").read_text(encoding="utf-8")
    pyproject, tiers = re.subn(r"(?ms)^paths = \[.*?\]$", "paths = []", pyproject)
    assert tiers == 3
    (project / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    codecov = yaml.safe_load((project / ".codecov.yml").read_text(encoding="utf-8"))
    codecov["component_management"]["individual_components"] = []
    (project / ".codecov.yml").write_text(yaml.safe_dump(codecov), encoding="utf-8")
    run(*VERIFY, cwd=project)
    variables = environment(project)
    run("nox", "--no-venv", "--no-install", "-s", "tests", cwd=project, **variables)
    run("nox", "--no-venv", "--no-install", "-s", *SESSIONS, cwd=project, **variables)
