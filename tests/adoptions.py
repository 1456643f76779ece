"""What the tests of adoption share: repositories of any shape, the template as a repository, renderings made once."""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import adopt
import pytest
from adoption import rendering
from conftest import TEMPLATE, clone, run
from filelock import FileLock

TEST = "def test_it():\n    pass\n"
NAMED = '[project]\nname = "acme"\n'
SETUP = "from setuptools import setup, find_packages\n"
FLAT = {"acme/__init__.py": "", "acme/core.py": "", "tests/test_core.py": TEST}


def write(folder, files):
    """Write `files`, a mapping of paths to texts or bytes; returns the folder."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def make_origin(folder):
    """Make a git repository with the template as it is now."""
    for part in ("hooks", "scripts", "{{cookiecutter.project_slug}}"):
        shutil.copytree(TEMPLATE / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", ".ruff_cache"))
    shutil.copy(TEMPLATE / "cookiecutter.json", folder)
    return clone(folder)


@pytest.fixture(scope="session", name="origin")
def origin_fixture(once, tmp_path_factory):
    """The template as a git repository, for all tests."""

    def template_repository():
        return make_origin(tmp_path_factory.mktemp("origin") / "template")

    return once(template_repository)


@pytest.fixture(name="repository")
def repository_fixture(tmp_path):
    """Return a function that commits files in a new repository with an awkward path."""

    def make(files):
        return clone(write(tmp_path / "ihr Projekt ü", files))

    return make


@pytest.fixture(name="adopted")
def adopted_fixture(origin, repository, monkeypatch, tmp_path_factory):
    """Return a function that adopts a repository of the given files in this process; returns it and the report.

    The template is rendered once for each set of answers.
    """
    render = rendering.render
    shared = Path(origin).parent / "rendered"
    shared.mkdir(exist_ok=True)

    def render_once(template, answers, given, out):
        key = hashlib.sha256(json.dumps([answers, sorted(given)], sort_keys=True).encode()).hexdigest()[:16]
        with FileLock(shared / f"{key}.lock"):
            if not (shared / key).exists():
                with tempfile.TemporaryDirectory() as folder:
                    made, dropped = render(template, answers, given, folder)
                    (made / ".dropped").write_text(json.dumps(dropped), encoding="utf-8")
                    shutil.move(made, shared / key)
        made = Path(shutil.copytree(shared / key, Path(out, "made")))
        dropped = json.loads((made / ".dropped").read_text(encoding="utf-8"))
        (made / ".dropped").unlink()
        return made, dropped

    monkeypatch.setattr(rendering, "render", render_once)

    def adopt_files(files, report=False, **given):
        project = files if isinstance(files, Path) else repository(files)
        return project, "\n".join(adopt.adopt(project, str(origin), given, report)) + "\n"

    return adopt_files


def changes(project, commit="HEAD"):
    """Return pairs of git's letter for a change and the path, for one commit, renames found."""
    output = run("git", "show", "--format=", "--name-status", "-z", "--find-renames", commit, cwd=project).stdout
    fields = output.strip("\0").split("\0")
    return {*zip(fields[1::2], fields[::2], strict=True)}


def contents(project, commit):
    """Return the files of a commit as a mapping of paths to git's name of their content."""
    listed = run("git", "ls-tree", "-r", "-z", commit, cwd=project).stdout.strip("\0").split("\0")
    return {path: about for about, _, path in (entry.partition("\t") for entry in listed)}


def verified(project):
    """Return what the project's own verification prints."""
    command = [sys.executable, "tools/verify_project.py"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True).stdout
