"""The reference project: a baked project with 170 tests, whose stages wait instead of working.

All that is assumed stands here, on a scale of one second for one minute. A stage takes the start of a runner, the
restoring of its environment from the cache, and its work. That it includes restored environments is the careful
choice: no pipeline gains by its caches what the plain one may have gained as well.
"""

import re
import shutil
from pathlib import Path
from typing import NamedTuple

import yaml
from cookiecutter.main import cookiecutter
from pipelines import commit, merge, run

TEMPLATE = Path(__file__).parent.parent

# A runner's start, check-out and what a job does of itself. It is counted for every job, also for those that only
# some pipelines have (coverage, notify); no official figure exists.
START = 0.2
# The stages; `test` on each of three Pythons. Lint beside the tests, then build, then integration.
STAGES = {"lint": 2.0, "test": 8.0, "build": 2.0, "integration": 5.0, "quality-gate": START}
ORDER = {"lint": [], "test": [], "build": ["lint", "test"], "integration": ["build"], "quality-gate": ["integration"]}
# What a set-up takes: created, restored. No official figures either; public pull requests speak of 0.3 to 4 minutes for
# a conda environment and of 0.25 to 1 saved by its cache.
CONDA = (1.5, 0.75)
TOOLS = (0.5, 0.25)
# Workers that xdist starts by itself: GitHub's smallest standard runner has two cores, public and larger ones have four
# and more.
WORKERS, MORE_WORKERS = 2, 4


class Tests(NamedTuple):
    """Tests of one kind that take equally long."""

    kind: str
    name: str
    count: int
    seconds: float
    slow: bool = False


# 170 tests; those marked slow are a third of the time of the test stage, as few as they are.
SUITE = (
    Tests("unit", "quick", 110, 0.03),
    Tests("unit", "slow", 10, 0.1, slow=True),
    Tests("performance", "quick", 6, 0.225),
    Tests("performance", "slow", 4, 0.35, slow=True),
    Tests("integration", "any", 40, 0.10125),
)
# How often each job waits: for its set-up, and for its work.
WAITS = {"lint": 2, "test": 2, "coverage": 1, "build": 2, "integration": 2}
# The packages of the environment that the jobs need, by the beginnings of their names.
NEEDED = "coverage|nox|pip|pre-commit|pytest|python|pyyaml"
WORK = {stage: STAGES[stage] - START - TOOLS[1] for stage in ("lint", "build")}

TEST = """\
import time

import pytest

from my_project import __version__
"""
FUNCTION = """

{mark}@pytest.mark.parametrize("number", range({count}))
def test_{name}(number):
    assert __version__
    time.sleep({seconds})
"""
# Tests of several workers wait at the same time: what counts is when at least one does.
CONFTEST = """\
def pytest_terminal_summary(terminalreporter):
    reports = sum(terminalreporter.stats.values(), [])
    calls = [report for report in reports if getattr(report, "when", "") == "call"]
    waited, end = 0.0, 0.0
    for start, stop in sorted((call.start, call.stop) for call in calls):
        waited, end = waited + max(stop - max(start, end), 0.0), max(stop, end)
    terminalreporter.write_line(f"waited {waited:.3f} s")
"""
SESSIONS = """\
import io
import os
import tarfile
import time


def wait(seconds):
    time.sleep(seconds)
    print(f"waited {{seconds:.3f}} s", flush=True)


@nox.session(python=False)
def lint(session):
    wait({lint})
    with open(os.environ["GITHUB_OUTPUT"], "a") as output:
        output.write("findings=none\\n")


@nox.session(python=False)
def build(session):
    wait({build})
    Path("dist").mkdir()
    with tarfile.open("dist/my_project-0.1.0.tar.gz", "w:gz") as sdist:
        sdist.addfile(tarfile.TarInfo("my_project-0.1.0/PKG-INFO"), io.BytesIO())


"""


class Project(NamedTuple):
    """A generated project with a pull request checked out, and the event's payload."""

    path: Path
    payload: dict

    @property
    def workflow(self) -> Path:
        return self.path / ".github" / "workflows" / "ci.yml"


def make(folder: Path, speed: str, suite=SUITE, **answers: str) -> Project:
    """Generate the reference project below `folder`, with the tests of `suite`; its sessions lint and build wait."""
    answers = {"project_name": "My Project", "ci_speed": speed} | answers
    options = {"no_input": True, "accept_hooks": False, "extra_context": answers}
    project = Path(cookiecutter(str(TEMPLATE), output_dir=str(folder), **options))
    empty(project)
    for kind in dict.fromkeys(tests.kind for tests in suite):
        (project / "src/tests" / kind).mkdir()
        text = TEST + "".join(function(tests) for tests in suite if tests.kind == kind)
        (project / "src/tests" / kind / "test_reference.py").write_text(text, encoding="utf-8")
    (project / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    run("git", "init", "--quiet", "--initial-branch=develop", cwd=project)
    base = commit(project, "base")
    run("git", "switch", "--quiet", "--create", "feature", cwd=project)
    head = commit(project, "change")
    merge(project, base, "feature", {})
    ends = {"base": {"ref": "develop", "sha": base}, "head": {"ref": "feature", "sha": head}}
    payload = {"pull_request": {"number": 7, "title": "A change", **ends}, "repository": {"private": False}}
    return Project(project, payload)


def empty(project: Path) -> None:
    """Take the sample away, let lint and build wait, and install what the tests need only, without a download."""
    package = project / "src/my_project"
    for path in [*package.iterdir(), *(project / "src/tests").iterdir()]:
        if path.is_dir():
            shutil.rmtree(path)
        elif path.parent == package and path.name != "__init__.py":
            path.unlink()
    change(project / "pyproject.toml", r"(?ms)^paths = \[.*?\]$", "paths = []")
    change(project / "noxfile.py", "(?m)^(?=if __name__ ==)", SESSIONS.format(**WORK))
    change(project / "environment.yml", rf"(?m)^  - (?!({NEEDED})\b(?!-build)).*\n", "")
    change(project / "environment.yml", r"\Z", "  - hatchling\n  - editables\n")


def change(file: Path, pattern: str, text: str) -> None:
    """Replace every match of `pattern` in a file.

    Raises:
        LookupError: there is none, the template has changed.
    """
    new, count = re.subn(pattern, lambda match: text, file.read_text(encoding="utf-8"))
    if not count:
        raise LookupError(f"{file.name}: nothing matches {pattern!r}: adapt benchmarks/")
    file.write_text(new, encoding="utf-8")


def function(tests: Tests) -> str:
    return FUNCTION.format(mark="@pytest.mark.slow\n" if tests.slow else "", **tests._asdict())


def plain(text: str) -> str:
    """Return the plain pipeline: stages whose steps are those of a rendered workflow, in plain order."""
    workflow = yaml.safe_load(text)
    workflow["on"] = workflow.pop(True)  # YAML 1.1
    jobs = {id: workflow["jobs"][id] | {"needs": needs} for id, needs in ORDER.items()}
    jobs["quality-gate"]["steps"] = [{"run": "true"}]
    return yaml.safe_dump(workflow | {"jobs": jobs}, sort_keys=False)
