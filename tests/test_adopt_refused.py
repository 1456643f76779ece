"""L3, R3: what adoption refuses, and how it fails: with every reason, and the repository as it was."""

import os
import sys

import pytest
from adoption import Refused, planning
from adoptions import adopted_fixture, origin_fixture, repository_fixture, write  # noqa: F401 # fixtures
from conftest import TEMPLATE, clone, record, run
from test_adopt import OWN, PYPROJECT, check

pytestmark = pytest.mark.slow


def state(project):
    paths = (path for path in project.rglob("*") if path.is_file() and "objects" not in path.parts)
    return {str(path): path.read_bytes() for path in paths if path.name not in ("index", "lock")}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"pyproject.toml": "["}, ["pyproject.toml: does not parse"]),
        (
            {"tools/quality/settings.py": "", "tools/quality/wheels.py": ""},
            ["tools/quality/settings.py: is the name", "tools/quality/wheels.py: is the name"],
        ),
        ({"pyproject.toml": PYPROJECT + "[tool.quality-gate]\n"}, ["pyproject.toml: has a table [tool.quality-gate]"]),
        ({"docs": "", "tests/test_a.py": ""}, ["docs: is no folder"]),
        ({".pre-commit-config.yaml": "repos: 1\n"}, [".pre-commit-config.yaml: cannot be added to: has no list"]),
        ({".cruft.json": '{"context": {"cookiecutter": {"a": 1}}}'}, [".cruft.json: the project follows another"]),
        ({".coveragerc": b"# \xf6\n[run]\n"}, [".coveragerc: is not UTF-8"]),
        ({"tox.ini": "envlist = py\n"}, ["tox.ini: does not parse"]),
        ({"pyproject.toml": f"\ufeff{PYPROJECT}"}, ["byte order mark"]),
        ({".gitignore": "*.pyc\n".encode("utf-16")}, [".gitignore: is UTF-16"]),
        ({".cruft.json": "<<<<<<<"}, [".cruft.json: cannot be read"]),
        (
            {"pyproject.toml": PYPROJECT.replace('"-q"', "1") + "[tool.coverage.report]\nfail_under = 'x'\n"},
            ["[tool.coverage.report] fail_under"],
        ),
    ],
)
def test_refusals_name_every_problem_and_change_nothing(adopted, repository, files, words):
    """L3, R3."""
    project = repository(OWN | files)
    before = state(project)
    with pytest.raises(Refused) as refused:
        adopted(project)
    assert len(refused.value.problems) == len(words)
    assert all(word in problem for word, problem in zip(words, refused.value.problems, strict=True))
    assert state(project) == before


def test_a_failure_on_the_way_leaves_the_repository_as_it_was(adopted, repository):
    """L3, R3: git's own words are shown."""
    project = repository(OWN)
    write(project, {".git/index.lock": ""})
    before = state(project)
    with pytest.raises(Refused, match="git refuses: .*index.lock"):
        adopted(project)
    assert state(project) == before
    (project / ".git/index.lock").unlink()
    write(project, {".gitignore": "tools\n.pre*\n"})
    record(project, "ignore")
    write(project, {"tools/quality/wheels.py": "mine\n", ".pre-commit-config.yaml": "mine\n"})
    with pytest.raises(Refused, match=".pre-commit-config.yaml: is there, but not in git"):
        adopted(project)
    (project / ".pre-commit-config.yaml").unlink()
    with pytest.raises(Refused, match="tools/quality/wheels.py: is there, but not in git"):
        adopted(project)
    assert (project / "tools/quality/wheels.py").read_text() == "mine\n"


def test_an_earlier_branch_that_starts_elsewhere_is_refused(adopted, repository):
    """L3."""
    project = repository(OWN)
    run("git", "branch", "adopt-ci-template", cwd=project)
    with pytest.raises(Refused, match="git branch -D adopt-ci-template"):
        adopted(project)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (["merge --quiet --no-commit --no-ff other"], "a merge is not finished"),
        (["rebase --quiet --exec false HEAD~1"], "a rebase is not finished"),
        (["update-index --assume-unchanged pyproject.toml"], "does not look at .pyproject.toml"),
        (["sparse-checkout set --no-cone src"], "run git sparse-checkout disable"),
    ],
)
def test_work_that_git_hides_or_would_drop_is_refused(adopted, repository, steps, words):
    """L3: another branch ends a merge, and takes a file that git takes for unchanged."""
    project = repository(OWN)
    for step in [
        "switch -qc other",
        "commit -q --allow-empty -m a",
        "switch -q -",
        "commit -q --allow-empty -m b",
        *steps,
    ]:
        run("git", *step.split(), cwd=project, check=False)
    before = state(project)
    with pytest.raises(Refused, match=words):
        adopted(project)
    assert state(project) == before


def test_settings_behind_a_link_are_neither_read_nor_written(adopted, repository, tmp_path):
    """L3: a report changes nothing, outside of the repository either."""
    outside = write(tmp_path, {"theirs.toml": PYPROJECT}) / "theirs.toml"
    project = repository(OWN)
    for path in ("pyproject.toml", ".gitignore"):
        (project / path).unlink(missing_ok=True)
        (project / path).symlink_to(outside)
    record(project, "link")
    with pytest.raises(Refused) as refused:
        adopted(project, report=True)
    assert [problem.partition(" is a symbolic link")[0] for problem in refused.value.problems] == [
        ".gitignore:",
        "pyproject.toml:",
    ]
    assert outside.read_text() == PYPROJECT


def test_code_for_a_later_python_is_not_taken_for_broken(adopted, repository, monkeypatch):
    """L3, P8: it would be exempt, and nothing would judge it; broken fixtures of a project for this Python are."""
    project = repository(OWN | {"tests/data/later.py": "type = = int\n"})
    monkeypatch.setattr(planning, "MINOR", 11)
    with pytest.raises(Refused, match="later.py: does not parse on Python 3.11.* PYTHON=python3.12"):
        adopted(project)
    monkeypatch.setattr(planning, "MINOR", 12)
    adopted(project, report=True)


def command(project, *arguments, **environment):
    return run(
        sys.executable, TEMPLATE / "scripts/adopt.py", project, *arguments, cwd=TEMPLATE, check=False, **environment
    )


def test_only_a_clean_root_of_a_repository_is_adopted(origin, repository, tmp_path):
    """L3, R3: exit codes 1 and 2, every problem at once, git's own words where it refuses."""
    (tmp_path / "plain").mkdir()
    for folder in (tmp_path / "plain", tmp_path / "nothing"):
        assert f"{folder}: is no git repository" in command(folder).stderr
    project = repository(OWN)
    assert f"use PROJECT={project}" in command(project / "src").stderr
    assert f"{TEMPLATE}: is the template itself" in command(TEMPLATE).stderr
    nobody = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "EMAIL": "", "GIT_AUTHOR_EMAIL": ""}
    refused = command(project, **nobody, GIT_COMMITTER_NAME="", GIT_AUTHOR_NAME="")
    assert (refused.returncode, "git refuses: " in refused.stderr, "ident" in refused.stderr) == (1, True, True)
    write(project, {"new.txt": ""})
    wrong = command(project, "coverage=70", "license=GPL", "description={{ 1 }}")
    assert (wrong.returncode, len(wrong.stderr.strip().splitlines())) == (1, 4)
    assert "1 uncommitted (new.txt): commit or stash them" in wrong.stderr
    assert command(project, "nonsense").returncode == 2
    assert "1 uncommitted" in command(project, GIT_DIR=TEMPLATE / ".git", GIT_WORK_TREE=TEMPLATE).stderr
    (project / ".git/index").write_bytes(b"junk")
    assert "git refuses: " in command(project).stderr
    empty = clone(write(tmp_path / "empty", {"a.py": ""}))
    run("git", "update-ref", "-d", "HEAD", cwd=empty)
    assert "has no commit" in command(empty).stderr


def test_make_adopt_passes_project_and_answers(origin, repository):
    """L3, G3: without the environment, which `make new` needs too and its test makes; wrong answers are named."""
    project = repository(OWN)
    make = ["make", "adopt", "--old-file=.venv/new", f"BIN={sys.prefix}/bin", f"PROJECT={project}"]
    wrong = run(*make, f"ARGS=--template '{origin}' line_length=7 coverage_minimum=x", cwd=TEMPLATE, check=False)
    assert "line_length: '7': must be a whole number from 60 to 320" in wrong.stderr
    assert "coverage_minimum: 'x': must be a whole number" in wrong.stderr
    assert "Repeat" not in wrong.stderr
    run(*make, f"ARGS=--template '{origin}' line_length=101", cwd=TEMPLATE)
    check(project, "HEAD~2")
    assert '"line_length": "101"' in (project / ".cruft.json").read_text(encoding="utf-8")
