"""L3: an existing repository gets what it lacks, keeps what it has, and follows the template from then on."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import TEMPLATE, clone, differences, record, run

pytestmark = pytest.mark.slow
PYPROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "acme-tools"
version = "1.0"
requires-python = ">=3.12"
authors = [{ name = "Ann Åkesson", email = "ann@example.org" }]

[dependency-groups]
test = ["pytest>=8"]

[tool.pytest.ini_options]
addopts = ["-q"]
"""
OWN = {
    "pyproject.toml": PYPROJECT,
    "README.md": "# Acme\n",
    "COPYING": "MIT License\n",
    ".gitignore": "*.pyc\n",
    ".github/workflows/tests.yml": "on: push\njobs: {}\n",
    "src/acme/__init__.py": '__version__ = "1.0"\n',
    "src/acme/core.py": "X = 1\n",
    "src/tests/unit/test_core.py": "def test_x():\n    from acme.core import X\n\n    assert X == 1\n",
}
BARE = {path: text for path, text in OWN.items() if path.startswith("src/")}


@pytest.fixture
def origin(tmp_path):
    """A git repository with the template as it is now, which a test may change."""
    copy = tmp_path / "template"
    for part in ("hooks", "scripts", "{{cookiecutter.project_slug}}"):
        shutil.copytree(TEMPLATE / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TEMPLATE / "cookiecutter.json", copy)
    return clone(copy)


@pytest.fixture
def repository(tmp_path):
    """Return a function that writes files and commits them in a repository with an awkward path."""

    def make(files):
        project = tmp_path / "ihr Projekt ü"
        for path, text in files.items():
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).write_text(text, encoding="utf-8")
        return clone(project)

    return make


def adopt(origin, project, *arguments):
    return run(sys.executable, origin / "scripts/adopt.py", project, *arguments, cwd=origin, check=False)


def state(project):
    return {path: path.read_bytes() for path in project.rglob("*") if path.is_file() and ".git" not in path.parts}


def test_adds_what_is_missing_reports_what_differs_and_follows_the_template(origin, repository):
    project = repository(OWN)
    run("git", "remote", "add", "origin", "git@github.com:acme-org/acme.git", cwd=project)
    before = state(project)
    result = adopt(origin, project, "coverage_minimum=70")
    assert (result.returncode, result.stderr.strip()) == (0, "")
    after = state(project)
    assert before.items() <= after.items()
    for path in (".cruft.json", ".github/workflows/ci.yml", "tools/verify_project.py", "src/tests/conftest.py"):
        assert f"{path}: added" in result.stdout
        assert project / path in after
    for path in ("src/acme/demo_mode.py", "src/acme/py.typed", "src/tests/unit/test_package.py", "LICENSE"):
        assert project / path not in after
    for words in (
        "[tool.quality-gate]: add the table",
        "[tool.coverage.run]: add the table",
        "[tool.pytest.ini_options] testpaths: add",
        '[tool.pytest.ini_options] addopts: add "-ra"',
        '[dependency-groups] test: add "pytest-benchmark>=',
        "[dependency-groups] lint: add",
        "[tool.quality-gate.tiers]: must name the project's own modules",
    ):
        assert f"pyproject.toml: kept: {words}" in result.stdout
    assert "pytest>=9" not in result.stdout, "a requirement that is there is not asked for again"
    assert "LICENSE: not added: COPYING takes its place" in result.stdout
    assert "README.md: kept: differs" in result.stdout
    assert ".gitignore: kept: add the lines __pycache__/" in result.stdout
    linked = (project / ".cruft.json").read_text(encoding="utf-8")
    for answer in ("acme", "acme-tools", "acme-org", "3.12 3.13", "ann@example.org", "70", "Proprietary", str(origin)):
        assert f'"{answer}"' in linked
    assert '"develop_branch": ""' in linked

    again = adopt(origin, project, "--allow-dirty")
    assert again.returncode == 0
    assert ": added" not in again.stdout
    assert [line for line in result.stdout.splitlines() if ": added" not in line] == again.stdout.splitlines()
    assert differences(state(project), after) == []

    record(project, "change")
    rendered = origin / "{{cookiecutter.project_slug}}"
    (rendered / "tools/settings.py").write_text("# newer\n", encoding="utf-8")
    (rendered / "src/{{cookiecutter.package_name}}/more.py").write_text("", encoding="utf-8")
    (rendered / "src/tests/unit/test_more.py").write_text("", encoding="utf-8")
    (rendered / "tools/verify_project.py").write_text("def verify(root):\n    return [], []\n", encoding="utf-8")
    (rendered / "README.md").write_text("# All new\n", encoding="utf-8")
    record(origin, "change")
    run("cruft", "update", "--skip-apply-ask", cwd=project)
    assert run("cruft", "check", cwd=project).returncode == 0
    updated = state(project)
    assert updated[project / "tools/settings.py"] == b"# newer\n"
    assert before.items() <= updated.items()
    new = {path.name for path in updated.keys() - after.keys()}
    assert new == {"README.md.rej"}, "the sample stays away; what does not fit lies beside the kept file"


def test_a_project_without_files_of_its_own_passes_once_its_tiers_are_named(origin, repository):
    project = repository(BARE | {"src/acme/extra.py": "Y = 1\n"})
    result = adopt(origin, project)
    assert "pyproject.toml: its tiers name the sample's modules" in result.stdout
    assert 'license = "LicenseRef-Proprietary"' in (project / "pyproject.toml").read_text(encoding="utf-8")
    for path in ("pyproject.toml", ".codecov.yml"):
        text = (project / path).read_text(encoding="utf-8")
        text = re.sub(r' *(- |")src/acme/demo_mode.py"?,?\n', "", text).replace("config_manager.py", "core.py")
        text = text.replace("acme/core/**", "acme/extra.py").replace("acme/frontend/**", "acme/__init__.py")
        (project / path).write_text(text, encoding="utf-8")
    verified = run(sys.executable, "tools/verify_project.py", cwd=project, check=False)
    assert verified.stdout.splitlines()[0].startswith("src/acme/extra.py: has no test file")
    assert verified.stdout.splitlines()[-1] == "1 problems"
    (project / "src/tests/unit/test_extra.py").write_text("", encoding="utf-8")
    run(sys.executable, "tools/verify_project.py", cwd=project)


MODULES = {"__init__.py": "", "core.py": "X = 1\n"}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({f"acme/{name}": text for name, text in MODULES.items()}, ["acme/: a package at the root"]),
        ({"src/core.py": "", "src/util.py": ""}, ["src/core.py, src/util.py: directly in src/"]),
        ({f"src/{name}": text for name, text in MODULES.items()}, ["src/__init__.py, src/core.py: directly in src/"]),
        (BARE | {"tests/test_b.py": "", "tests/conftest.py": ""}, ["tests: tests at the root"]),
        (BARE | {"tests/unit/test_b.py": "", "test_a.py": ""}, ["tests: tests", "test_a.py: tests"]),
        (BARE | {"src/other/__init__.py": ""}, ["src/: the packages acme, other: must be one"]),
        ({"main.py": ""}, ["main.py: no package"]),
        ({"acme/__init__.py": "", "tests/test_a.py": ""}, ["acme/: a package at the root", "tests: tests at the root"]),
    ],
    ids=["root", "flat", "flat-package", "tests", "test-kinds", "two", "none", "root-and-tests"],
)
def test_other_layouts_are_refused_with_commands_that_make_them_fit(origin, repository, files, found):
    if "tests/unit/test_b.py" in files:
        files = {path: text for path, text in files.items() if not path.startswith("src/tests/")}
    project = repository(files)
    before = state(project)
    result = adopt(origin, project)
    assert result.returncode == 1
    problems = result.stderr.strip().splitlines()
    assert len(problems) == len(found)
    for problem, words in zip(problems, found, strict=True):
        assert problem.startswith(words)
        assert "git mv " in problem
    assert differences(state(project), before) == []
    for problem in problems:
        subprocess.run(problem.partition("run: ")[2], shell=True, check=True, cwd=project)
    record(project, "change")
    assert adopt(origin, project).returncode == 0


def test_refusals_name_every_problem_and_change_nothing(origin, repository, tmp_path):
    project = repository(BARE | {"tests/test_a.py": ""})
    (project / "new.txt").write_text("", encoding="utf-8")
    before = state(project)
    wrong = ["coverage_minimum=x", "line_length=7", "license=GPL", "coverage=70", "codeql=perhaps"]
    result = adopt(origin, project, *wrong)
    assert result.returncode == 1
    for words in (
        "1 uncommitted (new.txt): commit or stash them, or use --allow-dirty",
        "tests: tests at the root",
        "coverage_minimum: 'x': must be a whole number from 0 to 100",
        "line_length: '7': must be a whole number from 60 to 320",
        "license: 'GPL': must be one of MIT, ",
        "coverage: '70': is no answer: use one of project_name, ",
        "codeql: 'perhaps': must be one of True, False",
    ):
        assert words in result.stderr
    assert "cruft create" not in result.stderr
    assert differences(state(project), before) == []
    assert adopt(origin, project, "nonsense").returncode == 2


def test_allow_dirty_adopts_a_dirty_tree(origin, repository):
    project = repository(BARE)
    (project / "new.txt").write_text("", encoding="utf-8")
    assert adopt(origin, project).returncode == 1
    assert adopt(origin, project, "--allow-dirty").returncode == 0


def test_broken_metadata_and_other_answers_are_named(origin, repository):
    project = repository(BARE | {"pyproject.toml": "["})
    result = adopt(origin, project)
    assert (result.returncode, "pyproject.toml: does not parse: " in result.stderr) == (1, True)
    (project / "pyproject.toml").unlink()
    record(project, "mend")
    assert adopt(origin, project).returncode == 0
    context = '{"template": "x", "context": null}', '{"template": "x", "context": {"cookiecutter": []}}'
    for text in ("<<<<<<< a\n", "[]", "{}", "\xff", *context):
        linked = (project / ".cruft.json").read_bytes()
        (project / ".cruft.json").write_bytes(text.encode("latin-1"))
        result = adopt(origin, project, "--allow-dirty")
        assert (result.returncode, result.stderr.startswith(".cruft.json: cannot be read: ")) == (1, True)
        (project / ".cruft.json").write_bytes(linked)
    again = adopt(origin, project, "--allow-dirty", "line_length=91")
    assert (again.returncode, "line_length: is given, but .cruft.json has answers" in again.stderr) == (1, True)


@pytest.mark.parametrize(
    "table",
    ['authors = ["Ann <ann@example.org>"]', "classifiers = [1]", "requires-python = 3.11"],
)
def test_a_project_table_of_another_form_is_one_line(origin, repository, table):
    """R3: the authors are those of poetry."""
    project = repository(BARE | {"pyproject.toml": f"[project]\n{table}\n"})
    before = state(project)
    result = adopt(origin, project)
    assert (result.returncode, "Traceback" in result.stderr) == (1, False), result.stderr
    assert "pyproject.toml: [project] has not the expected form: " in result.stderr
    assert differences(state(project), before) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_repository_of_another_owner_is_refused_in_the_words_of_git(origin, repository):
    """R3."""
    project = repository(BARE)
    run("chown", "-R", "12345", project, cwd=project)
    result = adopt(origin, project)
    assert (result.returncode, "detected dubious ownership" in result.stderr) == (1, True)
    assert "is not a git repository" not in result.stderr
    assert "Traceback" not in result.stderr


def test_a_repository_that_git_cannot_read_is_refused_in_the_words_of_git(origin, repository):
    """R3."""
    project = repository(BARE)
    (project / ".git/index").write_bytes(b"junk")
    result = adopt(origin, project)
    assert (result.returncode, "git refuses: " in result.stderr and "index file" in result.stderr) == (1, True)
    assert "Traceback" not in result.stderr


def test_only_the_root_of_a_repository_is_adopted(origin, repository, tmp_path):
    (tmp_path / "plain").mkdir()
    for folder in (tmp_path / "plain", tmp_path / "nothing"):
        assert f"{folder}: is not a git repository" in adopt(origin, folder).stderr
    project = repository(BARE)
    assert f"use PROJECT={project}" in adopt(origin, project / "src").stderr
    assert not list((tmp_path / "plain").iterdir())
    assert f"{origin}: is the template itself" in adopt(origin, origin).stderr
    failed = adopt(origin, project, "--template", tmp_path / "nothing")
    assert failed.returncode == 1
    assert failed.stderr.startswith("InvalidCookiecutterRepository"), "no traceback"


def test_make_adopt_passes_project_and_answers(origin, repository):
    """Without the environment, which `make new` needs too and its test makes."""
    project = repository(BARE)
    command = ["make", "adopt", "--old-file=.venv/new", f"BIN={sys.prefix}/bin", f"PROJECT={project}"]
    run(*command, f"ARGS=--template '{origin}' line_length=99", cwd=TEMPLATE)
    assert "line-length = 99" in (project / "pyproject.toml").read_text(encoding="utf-8")
