"""P1, P2, G5: which files a project has, and that its verification finds each kind of damage."""

import json
import re
import shutil
import subprocess
import sys

import pytest
from conftest import ANSWERS, run

FILES = """
.codecov.yml .gitignore .pre-commit-config.yaml AGENTS.md CHANGELOG.md CONTRIBUTING.md LICENSE README.md SECURITY.md
docs/ci_cd/CICD_ENVIRONMENT_SETUP.md docs/ci_cd/CICD_MANUAL.md docs/ci_cd/CICD_QUICK_START.md
docs/ci_cd/CICD_REFERENCE.md docs/ci_cd/DEPLOYMENT_GUIDE.md docs/ci_cd/PRE_COMMIT_GUIDE.md
docs/ci_cd/TEMPLATE_UPDATES.md docs/ci_cd/manual/debugging.md docs/ci_cd/manual/developing.md
docs/ci_cd/manual/emergencies.md docs/ci_cd/manual/flaky-tests.md docs/ci_cd/manual/maintaining.md
docs/ci_cd/manual/performance.md docs/ci_cd/manual/reviewing.md docs/ci_cd/manual/security.md
docs/ci_cd/manual/stages.md docs/ci_cd/manual/testing.md conf/requirements.txt environment.yml noxfile.py
pyproject.toml
.github/CODEOWNERS .github/ISSUE_TEMPLATE/bug_report.yml .github/ISSUE_TEMPLATE/coverage_bypass.yml
.github/ISSUE_TEMPLATE/feature_request.yml .github/ISSUE_TEMPLATE/flaky_test.yml .github/dependabot.yml
.github/pull_request_template.md .github/rulesets/protected-branches.json .github/rulesets/release-tags.json
.github/workflows/ci-health.yml .github/workflows/ci.yml .github/workflows/codeql.yml
.github/workflows/dependencies.yml .github/workflows/flaky-hunt.yml .github/workflows/nightly.yml
.github/workflows/template-update.yml
src/PKG/__init__.py src/PKG/config_manager.py src/PKG/core/__init__.py src/PKG/core/event_bus.py src/PKG/demo_mode.py
src/PKG/frontend/__init__.py src/PKG/frontend/status_view.py src/PKG/py.typed src/tests/conftest.py
src/tests/integration/test_demo_integration.py src/tests/performance/test_event_bus_performance.py
src/tests/unit/core/test_event_bus.py src/tests/unit/test_config_manager.py src/tests/unit/test_demo_mode.py
src/tests/unit/test_package.py src/tests/unit/test_status_view.py
tools/audit.py tools/ci_health.py tools/coverage_gate.py tools/flaky_tests.py tools/github_setup.py tools/lint_gate.py
tools/plugins/pytest_quarantine.py tools/plugins/pytest_rules.py tools/quality/__init__.py tools/quality/bypass.py
tools/quality/checks/__init__.py tools/quality/checks/agreement.py tools/quality/checks/documents.py
tools/quality/checks/files.py tools/quality/checks/mirror.py tools/quality/coverage_data.py
tools/quality/coverage_settings.py
tools/quality/flaky/__init__.py tools/quality/flaky/issues.py tools/quality/flaky/records.py
tools/quality/flaky/results.py tools/quality/github/__init__.py tools/quality/github/api.py
tools/quality/github/issues.py tools/quality/github/items.py tools/quality/github/rules.py
tools/quality/health/__init__.py tools/quality/health/numbers.py tools/quality/health/page.py
tools/quality/health/reading.py tools/quality/health/records.py tools/quality/health/workflows.py
tools/quality/repository.py tools/quality/settings.py tools/quality/three_way.py tools/quality/wheels.py
tools/quality_gate.py tools/quarantine.py tools/try_wheel.py tools/update_project.py tools/verify_project.py
""".split()
REQUIRED = """
.codecov.yml .github/rulesets/protected-branches.json .github/workflows/ci.yml .pre-commit-config.yaml README.md
conf/requirements.txt environment.yml noxfile.py pyproject.toml tools/audit.py tools/ci_health.py
tools/coverage_gate.py tools/flaky_tests.py tools/github_setup.py tools/lint_gate.py tools/plugins/pytest_quarantine.py
tools/plugins/pytest_rules.py tools/quality_gate.py tools/quarantine.py tools/try_wheel.py tools/update_project.py
""".split()
CODEQL = ".github/workflows/codeql.yml"
RELEASE = {".github/workflows/release.yml", "tools/check_release.py"}
# Not file_prefix: it is the hook that puts it before names.
CHANGED = {name: value for name, value in ANSWERS.items() if name[0] != "_" and name != "file_prefix"} | {
    "project_name": "Other Name",
    "package_name": "other",
    "description": "Something else.",
    "author_name": "Some One",
    "author_email": "some.one@example.com",
    "github_owner": "other-org",
    "code_owners": "@your-org/other-team @someone",
    "copyright_year": "1999",
    "python_versions": "3.12 3.14",
    "main_branch": "trunk",
    "develop_branch": "",
    "coverage_minimum": "61",
    "coverage_target": "81",
    "patch_target": "62",
    "tier_targets": "99 79 59",
    "line_length": "100",
    "external_service": "database",
    "codeql": False,
    "project_slug": "other-slug",
}
ONE_BY_ONE = [
    pytest.param(name, value, id=f"{name}={value}")
    for name, answer in CHANGED.items()
    for value in (answer[1:] if isinstance(answer, list) else [answer])
]


def tree(project):
    files = (path for path in project.rglob("*") if path.is_file())
    return {path.relative_to(project).as_posix(): path.read_bytes() for path in files if ".git" not in path.parts}


def verify(project, *arguments, **variables):
    return run(sys.executable, "tools/verify_project.py", *arguments, cwd=project, check=False, **variables)


def test_default_tree_is_exactly_this(bake):
    assert sorted(tree(bake())) == sorted(path.replace("PKG", "my_project") for path in FILES)


def test_lines_of_the_programs_are_short(bake):
    """R4: 130 columns at most, beside which a diff still fits."""
    files = [path for path in (bake(deploy="pypi") / "tools").rglob("*.py")]
    numbered = [(path.name, *line) for path in files for line in enumerate(path.read_text("utf-8").splitlines(), 1)]
    assert [f"{name}:{number}" for name, number, line in numbered if len(line) > 130] == []


@pytest.mark.parametrize(("name", "value"), ONE_BY_ONE)
def test_each_answer_changes_something_and_no_other_file_appears(render, name, value):
    before, after = tree(render()), tree(render(**{name: value}))
    package = {"package_name": "other", "project_slug": "other_slug", "project_name": "other_name"}.get(
        name, "my_project"
    )
    expected = {path.replace("my_project", package) for path in before}
    expected -= {CODEQL} if name == "codeql" else set()
    assert set(after) == expected | (RELEASE if name == "deploy" else set())
    assert after != before


def edit(path, old, new):
    """Return the damage that replaces `old`, a regular expression, by `new` in the file at `path`."""

    def damage(project):
        file = project / path
        text, count = re.subn(old, new, file.read_text(encoding="utf-8"), count=1)
        assert count == 1
        file.write_text(text, encoding="utf-8")

    return damage


def write(path, text=""):
    """Return the damage that writes the file at `path`."""

    def damage(project):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text, encoding="utf-8")

    return damage


def remove(path):
    return lambda project: (project / path).unlink()


CONFLICT = "<<<<<<< ours\nmine\n=======\ntheirs\n>>>>>>> theirs\n"
TIER = r'"src/my_project/config_manager.py"'
DAMAGES = {
    "file missing": (remove("environment.yml"), "environment.yml: is missing"),
    "program missing": (remove("tools/coverage_gate.py"), "tools/coverage_gate.py: is missing"),
    "variable left": (write("a.txt", "x\n{{ cookiecutter.x }}"), "a.txt:2: holds a tag of the template"),
    "condition left": (write("a.md", "{% if cookiecutter.x %}"), "a.md:1: holds a tag of the template"),
    "raw left": (write("a.yml", "{% raw %}"), "a.yml:1: holds a tag of the template"),
    "name left": (write("{{cookiecutter.x}}.txt"), "{{cookiecutter.x}}.txt:0: holds a tag of the template"),
    "reject file": (write("src/a.py.rej", "x"), "src/a.py.rej: is what an update could not apply"),
    "conflict": (
        write("a.md", f"a\n{CONFLICT}"),
        "a.md:2: holds a conflict, up to line 6: keep the right side, or name",
    ),
    "conflict with base": (
        write("a.py", CONFLICT.replace("=======", "||||||| base\nx\n=======")),
        "a.py:1: holds a conflict, up to line 7",
    ),
    "python": (write("src/my_project/__init__.py", "def"), "src/my_project/__init__.py: does not parse"),
    "python semantics": (write("src/tests/conftest.py", "return"), "src/tests/conftest.py: does not parse"),
    "toml": (write("a.toml", "a = = b"), "a.toml: does not parse"),
    "yaml": (write("a.yaml", "a: [b"), "a.yaml: does not parse"),
    "json": (write("a.json", "{"), "a.json: does not parse"),
    "no test": (remove("src/tests/unit/test_demo_mode.py"), "src/my_project/demo_mode.py: has no test file"),
    "no nested test": (
        write("src/my_project/core/other.py"),
        "no test file src/tests/unit/core/test_other.py or src/tests/unit/test_other.py",
    ),
    "one flat test for two modules": (
        write("src/my_project/core/demo_mode.py"),
        "src/my_project/core/demo_mode.py: has no test file src/tests/unit/core/test_demo_mode.py: ",
    ),
    "tier pattern": (edit("pyproject.toml", TIER, '"src/gone.py"'), "'src/gone.py' matches no module"),
    "empty tier pattern": (edit("pyproject.toml", TIER, '""'), "paths: '' matches no module"),
    "two tiers": (
        edit("pyproject.toml", TIER, '"src/my_project/core/event_bus.py"'),
        "src/my_project/core/event_bus.py is in P0 and P1",
    ),
    "minimum above target": (edit("pyproject.toml", "fail_under = 60", "fail_under = 81"), "81 is above the target 80"),
    "not a number": (edit("pyproject.toml", "patch-target = 60", 'patch-target = "60"'), "patch-target: '60' is not a"),
    "lint gate": (edit("pyproject.toml", 'lint = "errors"', 'lint = "none"'), "lint: 'none' is none of errors,"),
    "codecov target": (edit(".codecov.yml", "target: 80%", "target: 70%"), ".codecov.yml: project target: 70 but"),
    "codecov patch": (edit(".codecov.yml", "target: 60%", "target: 61%"), ".codecov.yml: patch target: 61 but"),
    "codecov tier": (
        edit(".codecov.yml", "target: 100%", "target: 99%"),
        ".codecov.yml: component P0, target: 99 but pyproject.toml says 100: make it equal",
    ),
    "codecov paths": (
        edit(".codecov.yml", "core/[*]", "cor/*"),
        ".codecov.yml: component P1, paths: ['src/my_project/cor/**'] but pyproject.toml says ['src/",
    ),
    "codecov without tiers": (
        edit(".codecov.yml", "(?s)component_management.*(?=ignore)", ""),
        ".codecov.yml: component P2: is missing: add it",
    ),
    "codecov empty": (write(".codecov.yml"), ".codecov.yml: component P0: is missing: add it"),
    "tier is no table": (
        edit("pyproject.toml", r"(?s)\[tool.quality-gate.tiers.P0\].*?\n\n", "[tool.quality-gate.tiers]\nP0 = 100\n\n"),
        "pyproject.toml: has not the expected form",
    ),
    "threshold over 100": (
        edit("pyproject.toml", "patch-target = 60", "patch-target = 101"),
        "101 is not a number from 0",
    ),
    "threshold is true": (edit("pyproject.toml", "patch-target = 60", "patch-target = true"), "True is not a number"),
    "package renamed": (
        edit("pyproject.toml", '\nsource = "src/my_project', '\nsource = "src/gone'),
        "'src/gone' holds no module",
    ),
    "one test for a private twin": (
        write("src/my_project/_demo_mode.py"),
        "src/my_project/_demo_mode.py: has no test file src/tests/unit/test__demo_mode.py:",
    ),
    "package in a folder called build": (
        write("src/my_project/build/__init__.py", "def"),
        "build/__init__.py: does not",
    ),
    "classifier": (
        edit("pyproject.toml", '.*Python :: 3.12",\n', ""),
        "ci.yml: inputs.python.options: ['all', '3.11', '3.12",
    ),
    "newest classifier": (
        edit("pyproject.toml", '.*Python :: 3.13",\n', ""),
        "python-include: python>=3.11,<3.14 is not",
    ),
    "requires-python": (edit("pyproject.toml", '">=3.11"', '">=3.12"'), "requires-python: >=3.12 is not >=3.11"),
    "manual run": (
        edit(".github/workflows/ci.yml", "3.12", "3.14"),
        "ci.yml: inputs.python.options: ['all', '3.11', '3.14",
    ),
    "matrix": (
        edit(".github/workflows/ci.yml", '"3.12", "3.13"\\]\'\\) }}', '"3.13"]\') }}'),
        "the last list of matrix.python",
    ),
    "pull requests": (
        edit(
            ".github/workflows/ci.yml",
            '\\|\\| \'\\["3.11"(.*\\) }})',
            r"""|| github.event_name == 'pull_request' && '["3.15"]' || '["3.11"\1""",
        ),
        "the other lists of matrix.python: ['3.15']",
    ),
    "legs that are judged": (
        edit(".github/workflows/ci.yml", '(COVERAGE_PYTHONS.*)"3.11", ', r"\1"),
        "ci.yml: COVERAGE_PYTHONS: ",
    ),
    "newest": (
        edit(".github/workflows/ci.yml", 'PYTHON_VERSION: "3.13"', 'PYTHON_VERSION: "3.11"'),
        "PYTHON_VERSION: 3.11 is not 3.13",
    ),
    "check renamed": (edit(".github/workflows/ci.yml", "name: Quality gate", "name: Gate"), "requires the checks"),
    "ruleset": (
        edit(".github/rulesets/protected-branches.json", "Quality gate", "Gate"),
        "requires the checks ['Gate']",
    ),
    "readme": (edit("README.md", "Quality gate", "gate"), "README.md: does not name the required check 'Quality gate'"),
}
# Those that the program itself shows: what is generated, how it ends.
RUN = {
    "dependency": (edit("pyproject.toml", "pytest-cov>=7", "pytest-cov>=7.1"), "environment.yml: is not what"),
    "generated file": (edit("conf/requirements.txt", "pytest-cov<8", "pytest-cov<9"), "conf/requirements.txt: is not"),
    "nothing to generate from": (
        write("pyproject.toml", "[tool]"),
        "pyproject.toml: the classifiers: [] are not the Pythons to test, each 3.N from 3.11 on",
    ),
    "json": DAMAGES["json"],
}


@pytest.mark.parametrize("path", [path for path in FILES if path in REQUIRED])
def test_verification_misses(copy, problems, path):
    project = copy()
    remove(path)(project)
    said = problems(project)
    assert f"{path}: is missing: restore it" in said
    assert said.count(path) == 1, "said once"


@pytest.mark.parametrize("damage", DAMAGES)
def test_verification_finds(copy, problems, damage):
    project = copy()
    cause, message = DAMAGES[damage]
    cause(project)
    assert message in problems(project)


@pytest.mark.parametrize("damage", RUN)
def test_the_program_finds(copy, damage):
    project = copy()
    cause, message = RUN[damage]
    cause(project)
    result = verify(project)
    assert result.returncode == 1, result.stderr
    assert message in result.stdout
    assert "Traceback" not in result.stderr


def test_verification_reports_all_problems_at_once_and_as_json(copy):
    project = copy()
    for damage in ("no test", "codecov target", "json", "ruleset"):
        DAMAGES[damage][0](project)
    report = json.loads(verify(project, "--json").stdout)
    paths = [problem["path"] for problem in report["problems"]]
    assert sorted(paths) == [
        ".codecov.yml",
        ".github/rulesets/protected-branches.json",
        "a.json",
        "src/my_project/demo_mode.py",
    ]
    assert all(problem["fix"] for problem in report["problems"])


def test_verification_accepts_nested_and_private_modules_and_what_tools_leave(copy, problems):
    project = copy()
    for path in ("src/my_project/core/deep/_inner.py", "src/my_project/__main__.py", "src/tests/unit/test_main.py"):
        write(path)(project)
    write("src/tests/unit/core/deep/test_inner.py")(project)
    for path in (".venv/pyvenv.cfg", ".venv/lib/bad.py", "reports/bad.json", "build/bad.yml", ".nox/bad.toml"):
        write(path, "{{ cookiecutter.x }}")(project)
    write(".vscode/settings.json", "// a comment\n{}")(project)
    (project / "picture.png").write_bytes(b"\x89PNG\xff")
    assert problems(project) == ""
    shutil.rmtree(project / ".git")
    shutil.rmtree(project / ".vscode")
    assert problems(project) == ""


@pytest.mark.slow
def test_verification_without_pyproject2conda_says_what_it_skipped(copy, tmp_path):
    project = copy()
    run("uv", "venv", "--quiet", tmp_path / "bare", cwd=project)
    run("uv", "pip", "install", "--quiet", "--python", tmp_path / "bare", "pyyaml", cwd=project)
    result = subprocess.run(
        [tmp_path / "bare/bin/python", "tools/verify_project.py"], cwd=project, capture_output=True, text=True
    )
    assert result.returncode == 0
    assert "not compared, pyproject2conda is not installed" in result.stdout
