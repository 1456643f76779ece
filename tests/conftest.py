"""What all tests share: baked projects, real environments and a home folder of their own."""

import hashlib
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from cookiecutter.main import cookiecutter
from filelock import FileLock

TEMPLATE = Path(__file__).parent.parent
# Downloads and built tools, by content; safe to delete.
CACHE = Path(os.environ.get("CI_TEMPLATE_CACHE", TEMPLATE / ".cache"))
ANSWERS = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))


def isolate():
    """Give the tests a home with a git identity, and every installed Python on PATH."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    pythons = sorted(pyenv.glob("versions/3.[1-9][0-9].*/bin"))
    home = Path(tempfile.mkdtemp(prefix="home-"))
    (home / ".gitconfig").write_text("[user]\n\tname = Tester\n\temail = tester@example.com\n", encoding="utf-8")
    for name in [name for name in os.environ if name.startswith(("GIT_", "GITHUB_", "PRE_COMMIT", "COVERAGE_"))]:
        del os.environ[name]
    os.environ |= {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), *map(str, pythons), os.environ["PATH"]]),
        "CI_TEMPLATE_CACHE": str(CACHE),  # for whoever runs a pipeline
        "UV_CACHE_DIR": str(CACHE / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
        "PIP_CACHE_DIR": str(CACHE / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_COMPILE": "0",  # pip reads the value as that of --compile
    }
    os.environ.pop("VIRTUAL_ENV", None)
    return home


HOME = isolate()


def pytest_collection_modifyitems(items):
    """Begin with the slow tests: at the end no worker waits for another one's."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_unconfigure():
    shutil.rmtree(HOME, ignore_errors=True)


def pytest_terminal_summary(terminalreporter):
    """Print what the tests of the guides have counted: blocks that ran, those that are exempt, links, numbers."""
    found = Counter()
    for report in terminalreporter.getreports("passed"):
        for name, counts in report.user_properties:
            found.update(counts if name == "guides" else {})
    if found:
        terminalreporter.section("guides")
        terminalreporter.write_line(", ".join(f"{count} {name}" for name, count in sorted(found.items())))


def run(*command, cwd, check=True, **environment):
    """Run a command; return the finished process, its output as text.

    Keyword arguments are added to the environment; None removes a variable.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    merged = {name: value for name, value in {**own, **environment}.items() if value is not None}
    result = subprocess.run(
        list(map(str, command)), cwd=cwd, env=merged, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    said = last_lines(f"{result.stdout}\n{result.stderr}")
    if check and result.returncode:
        raise AssertionError(f"{' '.join(map(str, command))} exited with {result.returncode}:\n{said}")
    result.returncode = Code(result.returncode)
    result.returncode.said = last_lines(said, 3)
    return result


class Code(int):
    """An exit code that a failing assertion shows together with the command's last words."""

    said = ""

    def __repr__(self):
        return f"{int(self)} <{self.said}>"


def last_lines(text, count=25):
    """Return the end of a log, which is what a message needs."""
    return "\n".join([line for line in text.splitlines() if line.strip()][-count:])


def find(pattern, text, flags=0):
    """Return the match of `pattern` in `text`; fails with the end of the text if there is none."""
    match = re.search(pattern, text, flags)
    assert match, f"no match of {pattern!r} in text that ends with:\n{last_lines(text)}"
    return match


def differences(one, other):
    """Return one line for each path at which two mappings of paths to contents differ."""
    lines = [f"{path}: only in the first" for path in one.keys() - other.keys()]
    lines += [f"{path}: only in the second" for path in other.keys() - one.keys()]
    return sorted(lines + [f"{path}: differs" for path in one.keys() & other.keys() if one[path] != other[path]])


def interpreter(version):
    """Return the path of Python `version` ("3.12"); skips the test if the machine has none."""
    found = shutil.which(f"python{version}")
    if not found or subprocess.run([found, "-c", ""], capture_output=True).returncode:
        pytest.skip(f"Python {version} is not installed here")
    return found


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """Return a function that calls `make(**answers)`, which returns a folder, once for all workers."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared

    def call(make, **answers):
        key = hashlib.sha256(json.dumps([make.__name__, answers], sort_keys=True).encode()).hexdigest()[:16]
        record = shared / f"made-{key}"
        with FileLock(f"{record}.lock"):
            if not record.exists():
                record.write_text(str(make(**answers)), encoding="utf-8")
        return Path(record.read_text(encoding="utf-8"))

    return call


@pytest.fixture(scope="session")
def bake(once, cookies_session):
    """Return a function that generates a project with the given answers, hooks included, once for each set of answers.

    The projects are shared: a test that changes files asks for `copy`.
    """

    def bake_project(**answers):
        result = cookies_session.bake(extra_context=answers, template=str(TEMPLATE))
        assert result.exit_code == 0, result.exception
        return result.project_path

    return lambda **answers: once(bake_project, **answers)


@pytest.fixture(scope="session")
def render(once, tmp_path_factory):
    """Return a function like `bake` whose projects are what the template's files give: no hook runs."""

    def render_project(**answers):
        out = tmp_path_factory.mktemp("rendered")
        options = {"no_input": True, "extra_context": answers, "accept_hooks": False}
        return cookiecutter(str(TEMPLATE), output_dir=str(out), **options)

    return lambda **answers: once(render_project, **answers)


@pytest.fixture(scope="session")
def tools(bake):
    """The programs of a generated project as modules, for calls in this process."""
    folder = str(bake() / "tools")  # first: cookiecutter puts another list in the place of sys.path
    sys.path.insert(0, folder)
    names = ["coverage_gate", "lint_gate", "quality_gate", "try_wheel", "verify_project"]
    names += [f"quality.{name}" for name in ("coverage_data", "repository", "settings", "three_way", "wheels")]
    return SimpleNamespace(**{name.removeprefix("quality."): importlib.import_module(name) for name in names})


@pytest.fixture
def problems(tools, monkeypatch):
    """Return a function that verifies a project in this process, without regenerating its dependency files.

    It returns what the program would print of problems, as one text; `tests/test_tree.py` runs the program itself.
    """
    monkeypatch.setattr(tools.verify_project.importlib.util, "find_spec", lambda name: None)

    def find(project):
        found, skipped = tools.verify_project.verify(project)
        assert any("dependency files: not compared" in line for line in skipped)
        return "".join(": ".join(problem) + "\n" for problem in found)

    return find


@pytest.fixture
def copy(bake, tmp_path):
    """Return a function that generates a project which the test may change."""

    def generate(**answers):
        source = bake(**answers)
        return Path(shutil.copytree(source, tmp_path / source.name, symlinks=True))

    return generate


@pytest.fixture
def template(tmp_path):
    """A copy of the template that a test may break; `clone` makes it a git repository."""
    return copy_template(tmp_path / "template")


def copy_template(folder):
    """Copy what is rendered of the template to `folder`, and return that."""
    for part in ("hooks", "{{cookiecutter.project_slug}}"):
        shutil.copytree(TEMPLATE / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TEMPLATE / "cookiecutter.json", folder)
    return folder


def clone(template):
    """Make a git repository of the files of `template`; return its path."""
    run("git", "init", "--quiet", cwd=template)
    record(template, "template")
    return template


def record(folder, message):
    """Commit all files in `folder`, without its hooks."""
    run("git", "add", "--all", cwd=folder)
    run("git", "commit", "--quiet", "--no-verify", "--allow-empty", "--message", message, cwd=folder)


def environment(project, version=f"{sys.version_info.major}.{sys.version_info.minor}", *options):
    """Return the variables of an environment made of the project's own dependency file, with `options` of uv.

    The project itself is found through PYTHONPATH, so that all projects with the same dependencies share
    one environment; it is built once for each content of the dependency file, each Python and set of options.
    """
    python = interpreter(version)
    listed = sorted(project.glob("conf/*requirements.txt"))[0]  # that of an adopted project begins with its prefix
    requirements = listed.read_bytes()
    full_version = run(python, "-VV", cwd=project).stdout
    content = requirements + "".join([full_version, *options]).encode()
    folder = CACHE / "environments" / hashlib.sha256(content).hexdigest()[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "complete").exists():
            run("uv", "venv", "--quiet", "--clear", "--python", python, folder, cwd=project)
            requirement = ["--requirement", listed, *options]
            run("uv", "pip", "install", "--quiet", "--python", folder / "bin/python", *requirement, cwd=project)
            (folder / "complete").touch()
    return {
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(project / "src"),
        "VIRTUAL_ENV": str(folder),
    }
