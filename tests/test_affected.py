"""X4: `nox -s affected` runs the tests that a change touches, and all of them where it cannot know."""

import os
import re
import sys
from pathlib import Path

import pytest
from conftest import environment, interpreter, run
from pipelines import commit, write

pytestmark = pytest.mark.slow
BUS, MODE = "src/my_project/core/event_bus.py", "src/my_project/demo_mode.py"
EVENTS = {"test_delivers_to_each_subscriber_of_the_topic", "test_publish_to_ten_subscribers"}
EVENTS |= {"test_publish_to_many_subscribers"}


def affected(project, *arguments, code=0, **variables):
    """Run the session; return what it says and the names of the tests that ran."""
    done = run("nox", "-s", "affected", "--", "-v", *arguments, cwd=project, check=False, **variables)
    assert done.returncode == code, done.stdout
    names = re.findall(r"::(\w+)(?:\[.*\])? (?:PASSED|FAILED|SKIPPED)", done.stdout)
    return done.stdout + done.stderr, set(names)


def test_a_change_runs_the_tests_that_it_touches(copy):
    """X4, P7: from the conda environment, which holds no testmon; the data is kept, and git ignores it."""
    project = copy()
    variables = environment(project)
    assert "testmon" not in (project / "environment.yml").read_text(encoding="utf-8")
    assert "- affected " in run("nox", "-l", cwd=project, **variables).stdout, "none that `nox` alone runs"
    commit(project)
    said, every = affected(project, **variables)
    assert "All tests run: the first time with this Python and these packages" in said
    assert len(every) == 20
    said, names = affected(project, **variables)
    assert ("first time" in said, names) == (False, set())
    write(project, {BUS: lambda text: text.replace("for handler in handlers", "for handler in list(handlers)")})
    _, names = affected(project, **variables)
    assert EVENTS <= names
    assert not {"test_render_status", "test_version_is_three_numbers", "test_absent_setting_is_the_default"} & names
    write(project, {"src/tests/unit/test_package.py": lambda text: text.replace("assert", "assert not")})
    for _ in range(2):  # what fails runs until it passes
        assert affected(project, code=1, **variables)[1] == {"test_version_is_three_numbers"}
    run("git", "checkout", "--", "src", cwd=project)
    assert "test_version_is_three_numbers" in affected(project, **variables)[1]
    assert run("git", "status", "--porcelain", cwd=project).stdout == ""
    assert not (project / "reports/coverage").exists()
    assert "0 problems" in run("python", "tools/verify_project.py", cwd=project, **variables).stdout


def test_a_change_of_the_packages_runs_all(copy):
    """X4: one more, or another patch level of one."""
    project = copy()
    variables = environment(project)
    _, every = affected(project, **variables)
    more = '"pytest-testmon>=2.2,<3", "toolz==0.12.0"'
    write(project, {"pyproject.toml": lambda text: text.replace('"pytest-testmon>=2.2,<3"', more)})
    assert affected(project, **variables)[1] == every
    assert affected(project, **variables)[1] == set()
    write(project, {"pyproject.toml": lambda text: text.replace("toolz==0.12.0", "toolz==0.12.1")})
    said, names = affected(project, **variables)
    assert names == every
    assert "All tests run: the first time with this Python and these packages" in said


def test_the_session_works_with_uv_alone(copy, tmp_path):
    """X4, P7: `./noxfile.py`, which brings nox, takes the newest Python of the project."""
    interpreter("3.12")
    project = copy(python_versions="3.11 3.12")
    (tmp_path / "uv").symlink_to(Path(sys.executable).with_name("uv"))
    others = [folder for folder in os.environ["PATH"].split(os.pathsep) if folder != str(Path(sys.executable).parent)]
    path = os.pathsep.join([str(tmp_path), *others])
    result = run("./noxfile.py", "-s", "affected", cwd=project, PATH=path)
    assert "All tests run" in result.stdout + result.stderr
    assert re.search(r"^platform .* Python 3\.12\.", result.stdout, re.M)


def test_coverage_of_the_project_does_not_get_in_the_way(copy):
    """X4: two cannot trace at the same time."""
    project = copy()
    write(project, {"pyproject.toml": lambda text: text.replace("addopts = [", 'addopts = [\n    "--cov",')})
    assert len(affected(project, **environment(project))[1]) == 20
    assert not (project / "reports/coverage").exists()
