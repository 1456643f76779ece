"""X4: `nox -s affected` runs the tests that a change touches, no fewer, and says why where it runs all."""

import json
import os
import re
import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import environment, interpreter, record, run

pytestmark = pytest.mark.slow
PACKAGE, UNIT = "src/my_project", "src/tests/unit"
PAUSE = {"test_resumes_after_pause", "test_stop_ends_a_paused_demo", "test_step_does_nothing_while_paused"}
# The last two are in one file, where the second is skipped.
DEMO = PAUSE | {"test_is_not_running_at_first", "test_second_start_changes_nothing", "test_stop_ends_the_thread"}
DEMO |= {"test_ticks_after_start", "test_configured_demo_reaches_the_screen", "test_backend_answers"}
EVENTS = {"test_delivers_to_each_subscriber_of_the_topic", "test_message_without_subscriber_is_dropped"}
EVENTS |= {"test_publish_to_ten_subscribers", "test_publish_to_many_subscribers"}
CONFIG = {"test_absent_file_holds_no_settings", "test_absent_setting_is_the_default", "test_broken_file_is_an_error"}
CONFIG |= {"test_reads_settings_by_dotted_name", "test_starts_anew_in_each_test"}
ALL = DEMO | EVENTS | CONFIG | {"test_version_is_three_numbers", "test_render_status"}


def affected(project, *arguments, code=0, **variables):
    """Run the program; return why all tests run, if it says so, and the names of the tests that ran."""
    report = project / "reports/junit/affected.xml"
    report.unlink(missing_ok=True)
    command = ["python", "tools/affected.py", f"--junitxml={report}", *arguments]
    done = run(*command, cwd=project, check=False, **variables)
    assert done.returncode == code, done.stdout
    cases = ElementTree.parse(report).iter("testcase")
    said = re.search(r"^All tests run: (.*)\.$", done.stdout, re.M)
    return said and said[1], {case.get("name").partition("[")[0] for case in cases}


def with_testmon(project, version=f"{sys.version_info.major}.{sys.version_info.minor}"):
    """Return the variables of an environment such as the session's."""
    return environment(project, version, "pytest-testmon>=2.2,<3")


def replace(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def project(copy):
    """A project whose tests have all run once."""
    project = copy()
    assert affected(project, **with_testmon(project)) == ("there is no data of an earlier run", ALL)
    return project


def test_the_session_has_an_environment_of_its_own_and_leaves_nothing_behind(copy):
    """X4, P5, P7: as in the conda environment, which holds no testmon, and with arguments after --."""
    project = copy()
    variables = environment(project)
    assert "testmon" not in (project / "environment.yml").read_text(encoding="utf-8")
    assert "- affected " in run("nox", "-l", cwd=project, **variables).stdout, "none that `nox` alone runs"
    record(project, "start")
    first = run("nox", "-s", "affected", "--", "-v", cwd=project, **variables).stdout
    assert "All tests run: there is no data of an earlier run." in first
    assert "test_status_view.py::test_render_status[True-False-running: 3 ticks] PASSED" in first
    assert "24 passed, 1 skipped" in first
    assert "no tests ran" in run("nox", "-s", "affected", cwd=project, **variables).stdout
    replace(project / f"{UNIT}/test_package.py", "assert", "assert not")
    failed = run("nox", "-s", "affected", "--", "-q", cwd=project, check=False, **variables)
    assert (failed.returncode, "1 failed" in failed.stdout) == (1, True)
    assert run("git", "status", "--porcelain", cwd=project).stdout.splitlines() == [f" M {UNIT}/test_package.py"]
    assert not (project / "reports/coverage").exists()
    assert "0 problems" in run("python", "tools/verify_project.py", cwd=project, **variables).stdout
    shutil.rmtree(project / ".git")
    assert "0 problems" in run("python", "tools/verify_project.py", cwd=project, **variables).stdout
    bytecode = with_testmon(project) | {"PYTHONDONTWRITEBYTECODE": None}
    assert affected(project, code=1, **bytecode)[1] == ALL
    assert affected(project, code=1, **bytecode) == (None, {"test_version_is_three_numbers"})


def test_the_session_works_with_uv_alone(copy, tmp_path):
    """X4, P7: `./noxfile.py`, which brings nox, takes the newest Python of the project."""
    interpreter("3.12")
    project = copy(python_versions="3.11 3.12")
    (tmp_path / "uv").symlink_to(Path(sys.executable).with_name("uv"))
    others = [folder for folder in os.environ["PATH"].split(os.pathsep) if folder != str(Path(sys.executable).parent)]
    path = os.pathsep.join([str(tmp_path), *others])
    result = run("./noxfile.py", "-s", "affected", cwd=project, PATH=path)
    assert "All tests run" in result.stdout
    assert re.search(r"^platform .* Python 3\.12\.", result.stdout, re.M)


def test_a_change_runs_the_tests_that_it_touches_and_no_others(project):
    """X4: lines that a test runs, values that it imports, the test itself; words and comments nothing."""
    variables = with_testmon(project)
    assert affected(project, **variables) == (None, set())
    replace(
        project / f"{PACKAGE}/demo_mode.py", 'publish no ticks."""\n', 'publish no ticks."""\n        assert self\n'
    )
    assert affected(project, **variables) == (None, PAUSE)
    with (project / f"{PACKAGE}/demo_mode.py").open("a", encoding="utf-8") as file:
        file.write("\nLIMIT = 3\n")
    assert affected(project, "-n", "2", **variables) == (None, DEMO)
    with (project / f"{PACKAGE}/demo_mode.py").open("a", encoding="utf-8") as file:
        file.write("# words\n")
    assert affected(project, **variables) == (None, set())
    replace(project / f"{UNIT}/test_config_manager.py", "def test_broken_file_is_an_error(", "def test_new_name(")
    assert affected(project, **variables) == (None, CONFIG - {"test_broken_file_is_an_error"} | {"test_new_name"})
    replace(project / f"{PACKAGE}/__init__.py", "0.1.0", "0.1.1")
    assert "test_version_is_three_numbers" in affected(project, **variables)[1]
    assert affected(project, **variables) == (None, set())


def test_what_failed_or_was_left_out_runs_again(project):
    """X4, R4: until it passes; a selection of the user's own hides nothing from the next run."""
    variables = with_testmon(project)
    view = project / f"{PACKAGE}/frontend/status_view.py"
    replace(view, "stopped after", "ended after")
    names = {"test_render_status", "test_configured_demo_reaches_the_screen"}
    assert affected(project, code=1, **variables) == (None, names)
    assert affected(project, code=1, **variables) == (None, names)
    replace(view, "ended after", "stopped after")
    assert affected(project, "-m", "unit", **variables) == (None, {"test_render_status"})
    assert affected(project, **variables) == (None, {"test_configured_demo_reaches_the_screen"})
    assert affected(project, **variables) == (None, set())


def test_a_change_of_what_all_share_runs_all_and_is_named(project, tmp_path):
    """X4: packages, Python, settings, fixtures, data; and data of testmon that cannot be read."""
    variables = with_testmon(project)
    (project / f"{PACKAGE}/words.json").write_text("[]", encoding="utf-8")
    (project / f"{PACKAGE}/empty.py").write_text("# nothing\n", encoding="utf-8")
    replace(project / "pyproject.toml", "timeout = 300", "timeout = 301")
    replace(project / "src/tests/conftest.py", "timeout=10.0", "timeout=11.0")
    changed = f"pyproject.toml, {PACKAGE}/empty.py, {PACKAGE}/words.json, src/tests/conftest.py"
    assert affected(project, **variables) == (f"changed since the last run: {changed}", ALL)
    (project / f"{PACKAGE}/empty.py").write_text("# nothing\n\nVALUE = 1\n", encoding="utf-8")
    assert affected(project, **variables) == (f"changed since the last run: {PACKAGE}/empty.py", ALL)
    for count in range(7):
        folder = tmp_path / f"packages/other_{count}-1.0.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: other-{count}\nVersion: 1.0\n", encoding="utf-8"
        )
    more = variables | {"PYTHONPATH": f"{variables['PYTHONPATH']}{os.pathsep}{folder.parent}"}
    five = ", ".join(f"package other-{count}" for count in range(5))
    assert affected(project, **more) == (f"changed since the last run: {five} and 2 more", ALL)
    replace(folder / "METADATA", "Version: 1.0", "Version: 1.0.1")
    assert affected(project, **more) == ("changed since the last run: package other-6", ALL)
    assert affected(project, **more) == (None, set())
    for name in ("data", "basis.json"):
        (project / "reports/testmon" / name).write_text("{", encoding="utf-8")
        assert affected(project, **more) == ("there is no data of an earlier run", ALL)
    basis = json.loads((project / "reports/testmon/basis.json").read_text(encoding="utf-8"))
    basis["Python"] = "3.9.1 linux"
    (project / "reports/testmon/basis.json").write_text(json.dumps(basis), encoding="utf-8")
    assert affected(project, **more) == ("changed since the last run: Python", ALL)


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_other_pythons(copy, version):
    """X4: warnings are errors in the tests, and newer Pythons warn of more."""
    project = copy()
    variables = with_testmon(project, version)
    assert affected(project, **variables)[0]
    replace(project / f"{PACKAGE}/core/event_bus.py", "len(handlers)", "len(list(handlers))")
    assert EVENTS <= affected(project, **variables)[1] < DEMO | EVENTS


def test_every_form_of_import_counts(copy):
    """X4: a value that comes through other modules, by any form of import, in a package named as one of the tools."""
    project = copy(package_name="settings")
    variables = with_testmon(project)
    package, unit = project / "src/settings", project / "src/tests/unit"
    files = {
        "values.py": "# words first\n\nVALUE = 1\n",
        "relative.py": "from .values import VALUE\n",
        "parent.py": "from . import values\n",
        "absolute.py": "import settings.values as own\n",
        "inside.py": "def value():\n    from settings import values\n\n    return values.VALUE\n",
        "broken.py": "try:\n    from ...nowhere import values\nexcept ImportError:\n    values = None\n",
    }
    for name, text in files.items():
        (package / name).write_text(text, encoding="utf-8")
        stem = name.removesuffix(".py")
        uses = "from settings.inside import value\nvalue()" if stem == "inside" else f"import settings.{stem}"
        test = f"{uses}\n\n\ndef test_{stem}():\n    assert True\n"
        (unit / name.replace(stem, f"test_{stem}")).write_text(test, encoding="utf-8")
    assert affected(project, **variables)[0]
    (package / "values.py").write_text("# words first\n\nVALUE = 2\n", encoding="utf-8")
    expected = {"test_values", "test_relative", "test_parent", "test_absolute", "test_inside"}
    assert affected(project, **variables) == (None, expected)


def test_coverage_of_the_project_does_not_get_in_the_way_and_refusals_are_one_line(copy):
    """X4, R3: two cannot trace at once; exit code 2 comes with what to do."""
    project = copy()
    variables = with_testmon(project)
    replace(project / "pyproject.toml", "addopts = [", 'addopts = [\n    "--cov",')
    assert "test_version_is_three_numbers" in affected(project, **variables)[1]
    assert not (project / "reports/coverage").exists()
    command = ["python", "tools/affected.py"]
    for words, where, said in (
        (["--cov=src"], variables, "coverage cannot be measured in this run: run: pytest --cov"),
        ([], environment(project), "pytest-testmon is not installed here: run: nox -s affected"),
    ):
        done = run(*command, *words, cwd=project, check=False, **where)
        assert (done.returncode, done.stderr) == (2, f"Affected tests: {said}\n")
    (project / "pyproject.toml").write_text("[", encoding="utf-8")
    assert run(*command, cwd=project, check=False, **variables).returncode == 2
