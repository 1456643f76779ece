"""L3, P8: real projects, from the package index, are adopted, and are built, tested and updated as before."""

import hashlib
import os
import re
import shutil
import sys
import tarfile
import xml.etree.ElementTree as xml
import zipfile

import pytest
from adoptions import origin_fixture, verified, write  # noqa: F401 # fixtures
from conftest import CACHE, clone, environment, record, run
from filelock import FileLock
from test_adopt import check, settings

pytestmark = pytest.mark.slow
# The archive's SHA-256, and whether its own tests run in seconds. thefuzz does not say what its tests need.
PROJECTS = {
    "itsdangerous==2.2.0": ("e0050c0b7da1eea53ffaf149c0cfbb5c6e2e2b69c4bef22c81fa6eb73e5f6173", True),
    "stamina==26.1.0": ("0214d05fdf5102c518194a4aac7520ce53cf660550ae3b940701aad88cf50c17", True),
    "tomlkit==0.15.2": ("83e32755ba1d20d9340bd069ee97e9f6232ba2346b63ffcba425de01f7e327a6", False),
    "thefuzz==0.22.1": ("7138039a7ecf540da323792d8592ef9902b1d79eb78c147d4f20664de79f3680", True),
    "six==1.17.0": ("ff70335d468e7eb6ec65b95b99d3a2836546063f63acc5171de367e834932a81", True),
    "toolz==1.0.0": ("2c86e3d9a04798ac556793bced838816296a2f085017664e4995cb40a1047a02", False),
    "jaraco.functools==4.1.0": ("70f7e0e2ae076498e212562325e805204fc092d7b4c17e0e86c959e249701a9d", True),
    "particle==0.25.3": ("78cf7e56e9e2118385fbfb8908d8395e7a267ab5f0596aaafebadb08cb04452b", False),
    "poetry-plugin-export==1.9.0": ("6fc8755cfac93c74752f85510b171983e2e47d782d4ab5be4ffc4f6945be7967", False),
}
LAYOUTS = {
    "itsdangerous==2.2.0": ("src/itsdangerous", "tests"),
    "stamina==26.1.0": ("src/stamina", "tests"),
    "tomlkit==0.15.2": ("tomlkit", "tests"),
    "thefuzz==0.22.1": ("thefuzz", "."),
    "six==1.17.0": ("six.py", "."),
    "toolz==1.0.0": ("toolz", "toolz/tests"),
    "jaraco.functools==4.1.0": ("jaraco", "."),
    "particle==0.25.3": ("src/particle", "tests"),
    "poetry-plugin-export==1.9.0": ("src/poetry_plugin_export", "tests"),
}
EXTRA = {"thefuzz==0.22.1": {"test-requirements.txt": "pycodestyle\n"}}
VERSION = {"SETUPTOOLS_SCM_PRETEND_VERSION": "1.2.3"}  # an archive has no tags


def unpacked(name, folder):
    """Return a repository with the files of a project's source archive, without what only archives have."""
    archives = CACHE / "archives" / name
    archives.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{archives}.lock"):
        if not list(archives.glob("*.tar.gz")):
            command = ["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:all:", "--dest", archives, name]
            run(sys.executable, *command, cwd=folder)
    (archive,) = archives.glob("*.tar.gz")
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == PROJECTS[name][0]
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    (project,) = folder.iterdir()
    for left in [*project.rglob("PKG-INFO"), *project.rglob("*.egg-info"), *project.rglob(".git")]:
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    return clone(write(project, EXTRA.get(name, {})))


def wheel(project, folder):
    """Build the wheel of a fresh clone; return its files but the list of them."""
    run("git", "clone", "--quiet", project, folder / "clone", cwd=folder.parent)
    run(
        "uv",
        "build",
        "--quiet",
        "--wheel",
        "--python",
        sys.executable,
        "--out-dir",
        folder,
        "clone",
        cwd=folder,
        **VERSION,
    )
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as file:
        return {path: file.read(path) for path in file.namelist() if not path.endswith("/RECORD")}


def outcomes(report):
    """Return how each test of a JUnit report ended."""
    cases = xml.parse(report).getroot().iter("testcase")
    return {
        (case.get("classname"), case.get("name")): sorted(part.tag for part in case if "system" not in part.tag)
        for case in cases
    }


@pytest.mark.parametrize("name", PROJECTS)
def test_a_real_project_is_adopted_and_stays_what_it_is(origin, tmp_path, name):
    """L3: no moved file, the same wheel, the same outcome of each test, 0 problems, a passing gate, an update."""
    for part in ("own", "before", "after"):
        (tmp_path / part).mkdir()
    project = unpacked(name, tmp_path / "own")
    before = wheel(project, tmp_path / "before")
    template = tmp_path / "template"
    run("git", "clone", "--quiet", origin, template, cwd=tmp_path)
    adopt = [sys.executable, template / "scripts/adopt.py", project, "--template", template]
    start = run("git", "rev-parse", "HEAD", cwd=project).stdout.strip()
    run(*adopt, cwd=template)
    check(project, start)
    assert verified(project).splitlines()[-1] == "0 problems"
    gate = settings(project)["tool"]["quality-gate"]
    assert (gate["source"], gate["tests"]) == LAYOUTS[name]
    assert run(*adopt, cwd=template).stdout.startswith("Nothing to do")
    assert wheel(project, tmp_path / "after") == before
    if PROJECTS[name][1]:
        same_tests(project, start, tmp_path)
    updated(project, template)


def noxfile_of(project):
    """Return the name of the template's noxfile, which is prefixed where the project has one."""
    return min((path.name for path in project.glob("*noxfile.py")), key=lambda name: name == "noxfile.py")


def same_tests(project, start, tmp_path):
    """Run the tests before adoption and, as the pipeline does, after it; then the gate."""
    variables = environment(project)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    old = tmp_path / "old"
    run("git", "worktree", "add", "--quiet", "--detach", old, start, cwd=project)
    site = tmp_path / "site"  # what the wheel says of itself, for tests that ask importlib.metadata
    (built,) = (tmp_path / "after").glob("*.whl")
    with zipfile.ZipFile(built) as file:
        file.extractall(site, [path for path in file.namelist() if ".dist-info/" in path])
    places = lambda root: {"PYTHONPATH": os.pathsep.join(map(str, (root / "src", root, site)))}  # noqa: E731
    run("python", "-m", "pytest", "--junitxml", tmp_path / "old.xml", cwd=old, **variables | places(old))
    nox = ["nox", "-f", noxfile_of(project), "--no-venv", "--no-install", "-s"]
    run(*nox, "tests", cwd=project, **variables | places(project))
    ours = outcomes(project / "reports/junit/tests.xml")
    assert ours == outcomes(tmp_path / "old.xml")
    assert ours
    judged = run(*nox, "coverage_gate", cwd=project, **variables, COVERAGE_PYTHONS=f'["{version}"]')
    assert re.search(r"\| total \|", judged.stdout)


def updated(project, template):
    """A change of the template arrives in what was added and merged; in what the project never took it is left out."""
    folder = template / "{{cookiecutter.project_slug}}"
    for path, old, new in (
        ("tools/quality/wheels.py", '"""', '"""Changed: '),
        ("pyproject.toml", "patch-target = ", "# changed\npatch-target = "),
        ("pyproject.toml", "\ntimeout = 300", "\ntimeout = 400"),
        ("pyproject.toml", "\nprecision = 2", "\nprecision = 3"),
        ("pyproject.toml", "hatchling>=", "hatchling>"),
        (".pre-commit-config.yaml", "    rev: ", "    rev: v99 # was "),
        ("README.md", "# ", "# Changed "),
        ("noxfile.py", '"""The', '"""Changed: the'),
    ):
        text = (folder / path).read_text(encoding="utf-8")
        (folder / path).write_text(text.replace(old, new, 1), encoding="utf-8")
    record(template, "change")
    done = run("nox", "-f", noxfile_of(project), "-s", "update", cwd=project, check=False)
    assert (done.returncode, list(project.rglob("*.rej"))) == (0, []), done.stdout
    assert (project / "tools/quality/wheels.py").read_text(encoding="utf-8").startswith('"""Changed: ')
    assert "# changed\npatch-target = " in (project / "pyproject.toml").read_text(encoding="utf-8")
    assert not any("Changed" in path.read_text(encoding="utf-8") for path in project.glob("README*"))
