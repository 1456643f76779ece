"""C4, V1, R4: the coverage of all Pythons and parts is judged together; data that does not belong to it is refused."""

import json
import re

import pytest
from conftest import run
from measured import BUS, gate, record, rows, with_data
from pipelines import write

pytestmark = pytest.mark.slow

LAST = "reports/coverage/.coverage"
MODE = "src/my_project/demo_mode.py"


@pytest.fixture
def legs(copy, tools, monkeypatch):
    """Return a project without data, and a function that records a leg in which all ran but what it names."""
    project = with_data(copy)
    (project / LAST).unlink()
    monkeypatch.chdir(project)

    def leg(python="3.13", part="1", left_out=None, ended=True):
        monkeypatch.setattr(tools.coverage_data.sys, "version_info", tuple(map(int, python.split("."))))
        monkeypatch.setenv("COVERAGE_PART", part) if part else monkeypatch.delenv("COVERAGE_PART")
        name = tools.coverage_data.record(tools.repository.paths(project))
        record(project, left_out)
        if ended:
            (project / f"{name}-unfinished").unlink()
        return (project / LAST).rename(project / name)

    return project, leg


def judged(project, **variables):
    result = gate(project, "--json", **variables)
    assert result.returncode in (0, 1), result.stderr
    return json.loads(result.stdout)["judged"]


def refused(project, **variables):
    """Return the one line with which the gate says that it cannot judge."""
    result = gate(project, **variables)
    assert (result.returncode, result.stderr.count("\n")) == (2, 1), result.stdout
    assert not re.search(r"\d\d\.\d\d", result.stdout), "a number in spite of it"
    return result.stderr


def test_what_one_python_or_part_leaves_out_another_covers(legs):
    project, leg = legs
    for python, part, left_out in [("3.12", "1", BUS), ("3.12", "2", MODE), ("3.13", "1", MODE)]:
        leg(python, part, {left_out: []})
    report = json.loads(gate(project, "--json").stdout)
    assert (report["verdict"], report["judged"]) == ("passed", "Judged: Python 3.12, 3.13.")
    assert report["rows"][0]["percent"] == "100.00"
    assert "Judged: Python 3.12, 3.13." in gate(project).stdout
    leg("3.12", "2", {BUS: []})
    leg("3.13", "1", {BUS: []})
    assert rows(project)[1][BUS, ""]["status"] == "fail"


def test_a_leg_keeps_its_newest_data_only_and_the_gate_keeps_it(legs):
    project, leg = legs
    kept = {leg("3.9", "1"), leg("3.13", "2")}
    leg("3.13", "1")
    write(project, {BUS: lambda text: text + "\nX = 1\n"})
    kept |= {leg("3.13", "1")}
    gate(project)
    assert set((project / "reports/coverage").glob(".coverage*")) == kept
    (other,) = (path for path in kept if "-3.9-" in path.name)
    assert {leg("3.13", ""), other} == set((project / "reports/coverage").glob(".coverage*")), "no part is left"


@pytest.mark.parametrize("changed", [BUS, "src/tests/unit/test_package.py", "src/tests/unit/test_new.py"])
def test_data_of_other_code_does_not_count(legs, changed):
    """Whether a module or a test has changed, or is new."""
    project, leg = legs
    leg("3.12")
    write(project, {changed: '"""Other."""\n'})
    said = refused(project)
    assert (
        "no data: run `nox -s tests` or `pytest --cov`. Not judged: Python 3.12, whose tests ran on other code" in said
    )
    leg("3.13")
    assert judged(project) == "Judged: Python 3.13. Not judged: Python 3.12, whose tests ran on other code."
    told = {"COVERAGE_PYTHONS": '["3.12", "3.13"]'}
    assert "no data of Python 3.12 part 1: see the log" in refused(project, **told)


def test_data_of_pytest_alone_is_judged_where_no_leg_has_some(legs):
    project, leg = legs
    leg("3.13")
    record(project, {BUS: []})
    assert judged(project) == "Judged: Python 3.13."
    write(project, {"README.md": "Other words.\n"})
    assert judged(project) == "Judged: Python 3.13."
    write(project, {"src/tests/unit/test_package.py": ""})
    since = "Since then src/tests/unit/test_package.py has changed. Not judged: Python 3.13, whose"
    assert judged(project).startswith(f"Judged: the last `pytest --cov`. {since}")
    assert rows(project)[1][BUS, ""]["status"] == "fail"


def test_after_failing_tests_there_is_no_verdict(legs):
    project, leg = legs
    leg("3.13")
    leg("3.12", ended=False)
    said = refused(project)
    assert "the tests of Python 3.12 failed or were stopped: make them pass" in said
    assert run("sh", "-c", said.rpartition("forget them: ")[2], cwd=project).returncode == 0
    assert judged(project) == "Judged: Python 3.13.", "as was advised: the data of failed tests is gone"
    leg("3.12")
    assert judged(project) == "Judged: Python 3.12, 3.13."


@pytest.mark.parametrize(
    ("pythons", "parts", "missing"),
    [
        (["3.13"], "2", ""),
        (["3.13"], "3", "Python 3.13 part 3"),
        (["3.12", "3.13"], "2", "Python 3.12 part 1, Python 3.12 part 2"),
    ],
)
def test_every_leg_of_the_run_must_be_there(legs, pythons, parts, missing):
    project, leg = legs
    leg(part="1")
    leg(part="2")
    told = {"COVERAGE_PYTHONS": json.dumps(pythons), "COVERAGE_PARTS": parts}
    if missing:
        assert f"no data of {missing}: see the log" in refused(project, **told)
    else:
        assert judged(project, **told) == "Judged: Python 3.13."


def test_legs_of_no_run_do_not_count(legs):
    """As after a run in fewer parts; without a word about the legs there must be, each counts."""
    project, leg = legs
    leg(part="1")
    write(project, {".test_durations": '{"a": 1}'})
    leg(part="2")
    leg("3.12")
    assert judged(project, COVERAGE_PYTHONS='["3.13"]') == "Judged: Python 3.13."
    assert "different .test_durations" in refused(project)


def test_parts_made_by_different_durations_are_refused(legs):
    """X2: one part could have left a test to another that never had it."""
    project, leg = legs
    write(project, {".test_durations": "{}"})
    leg(part="1")
    write(project, {".test_durations": '{"a": 1}'})
    leg(part="2")
    assert "the parts of Python 3.13 were made by different .test_durations" in refused(project)
    leg(part="1")
    assert judged(project) == "Judged: Python 3.13."


def test_a_part_may_have_recorded_nothing_but_a_python_not(legs, tools):
    project, leg = legs
    everything = {path: [] for path in tools.repository.paths(project)}
    leg(part="1")
    leg(part="2", left_out=everything)
    assert judged(project) == "Judged: Python 3.13."
    leg("3.12", left_out=everything)
    assert "the tests of Python 3.12 recorded no line of the package" in refused(project)


@pytest.mark.parametrize("broken", ["not a database", ""])
def test_one_broken_file_of_data_is_not_left_out(legs, broken):
    project, leg = legs
    leg("3.12")
    leg("3.13").write_text(broken, encoding="utf-8")
    assert "3.13" in refused(project)


@pytest.mark.parametrize(
    "variables",
    [
        {"COVERAGE_PYTHONS": "3.13, 3.12"},
        {"COVERAGE_PYTHONS": "3"},
        {"COVERAGE_PYTHONS": "[]"},
        {"COVERAGE_PYTHONS": "[3.13]"},
        {"COVERAGE_PYTHONS": '["3.13"]', "COVERAGE_PARTS": "0"},
        {"COVERAGE_PARTS": "many", "COVERAGE_PYTHONS": "[1]"},
    ],
)
def test_legs_that_cannot_be_read_are_refused(legs, variables):
    project, leg = legs
    leg()
    assert "must be a list as" in refused(project, **variables)


def test_a_part_that_is_no_number_is_refused(copy):
    result = gate(copy(), "--record", COVERAGE_PART="first")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "COVERAGE_PART is 'first'" in result.stderr
