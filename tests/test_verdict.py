"""C4, V1, X2, P7: one verdict on coverage, by nox and in the pipeline, with real tests of several Pythons and parts."""

import re

import pytest
from conftest import environment, run
from pipelines import commit, start, write
from test_legs import MODE
from test_pipeline import BUILT, MINIMUM, counts, project_of, uncovered, verdicts

pytestmark = pytest.mark.slow
NEW_ONLY = """
import sys

if sys.version_info >= (3, 13):
    AGE = "new"
    KIND = "new"
else:
    AGE = "old"
    KIND = "old"
"""


def test_nox_judges_what_all_pythons_cover(copy):
    """P7: each Python covers one branch of a module of P0; tests that fail leave no verdict."""
    project = project_of(copy, "3.12 3.13")
    write(project, {MODE: lambda text: text + NEW_ONLY})
    commit(project)
    pythons = {version: environment(project, version) for version in ("3.12", "3.13")}

    def nox(session, version):
        return run("nox", "--no-venv", "-s", session, cwd=project, check=False, **pythons[version])

    assert nox("tests", "3.13").returncode == 0
    alone = nox("coverage_gate", "3.13")
    assert "Judged: Python 3.13." in alone.stdout
    assert re.search(rf"\| {MODE} \| P0 \| 9\d\.\d\d \| 100 \| fail \|", alone.stdout)
    assert nox("tests", "3.12").returncode == 0
    both = nox("coverage_gate", "3.13")
    assert "Judged: Python 3.12, 3.13." in both.stdout
    assert both.returncode == 0
    write(project, {"src/tests/unit/test_package.py": "def test_it():\n    assert 1 == 2\n"})
    assert nox("tests", "3.12").returncode == 1
    assert "the tests of Python 3.12 failed or were stopped" in nox("coverage_gate", "3.13").stdout


def test_tests_that_do_not_even_start_leave_no_verdict(copy):
    """R4: neither that on older data nor that of other Pythons; the marker of the leg stays."""
    project = project_of(copy, "3.13")
    commit(project)
    variables = environment(project, "3.13")
    run("pytest", "--cov", "--cov-fail-under=0", cwd=project, **variables)
    write(project, {"src/tests/conftest.py": "raise RuntimeError\n", "build.py": "print('not this one')\n"})
    done = run("nox", "--no-venv", "-s", "tests", "coverage_gate", "build", cwd=project, check=False, **variables)
    assert "the tests of Python 3.13 failed or were stopped" in done.stdout
    assert "not this one" not in done.stdout
    assert "was successful" in run("nox", "--no-venv", "-s", "build", cwd=project, **variables).stderr


@pytest.mark.parametrize("lost", ["", "test-3.12-1"])
def test_pipeline_judges_what_all_pythons_cover(copy, tmp_path, lost):
    """C4, V1: as above, in the run; without the data of one leg there is no verdict, and the gate is red."""
    project = project_of(copy, "3.12 3.13")
    env = {"ARTIFACTS_LOST": lost}
    run = start(
        project, tmp_path, "push", {MODE: lambda text: text + NEW_ONLY}, job="quality-gate", needs=BUILT, env=env
    )
    coverage = run.jobs["coverage"]
    assert list(run.jobs["test"].legs) == ["3.12, 1", "3.13, 1"]
    assert run.jobs["test"].result == "success"
    assert "## Coverage" not in run.jobs["test"].summary
    assert verdicts(run)[0] == ("fail" if lost else "pass"), coverage.end
    if lost:
        assert "cannot judge: no data of Python 3.12 part 1" in coverage.log
    else:
        assert "Judged: Python 3.12, 3.13." in coverage.summary
        assert f"| {MODE} | P0 | 100.00 | 100 | pass |" in coverage.summary


def test_a_leg_that_records_nothing_fails(copy, tmp_path):
    """C4: as in a project that switches coverage off."""

    def switched_off(text):
        return text.replace('"-ra",', '"-ra", "--no-cov",').replace('filterwarnings = ["error"]', "filterwarnings = []")

    files = {"pyproject.toml": switched_off}
    run = start(project_of(copy), tmp_path, "push", files, job="quality-gate", needs=BUILT)
    assert run.jobs["test"].result == "failure"
    assert "the tests recorded no coverage" in run.jobs["test"].log
    assert verdicts(run)[0] == "fail"


def test_shards_take_one_verdict_on_the_combined_data(copy, tmp_path):
    """X2, V1: each part alone would be under the tiers' targets."""
    run = start(project_of(copy), tmp_path, needs=BUILT, job="quality-gate", vars={"CI_TEST_SHARDS": "2"})
    legs = run.jobs["test"].legs
    assert list(legs) == ["3.13, 1", "3.13, 2"]
    parts = [counts(leg, "unit")[0] + counts(leg, "performance")[0] for leg in legs.values()]
    assert sum(parts) == 23
    assert all(parts)
    assert "## Coverage" not in run.jobs["test"].summary
    assert run.jobs["coverage"].result == "success", run.jobs["coverage"].end
    assert "| total |  | 100.00 | 60 | pass, minimum |" in run.jobs["coverage"].summary
    assert verdicts(run)[0] == "pass"


def test_shards_without_tests_are_green_if_others_have_some(copy, tmp_path):
    """R4, X2: two tests in three parts; if no part has any, the combined verdict fails."""
    project = project_of(copy, coverage_minimum="0", coverage_target="0", tier_targets="0 0 0")
    keep = project / "src/tests/unit/test_package.py"
    write(project, {path: None for path in (project / "src/tests").rglob("test_*.py") if path != keep})
    write(project, {"src/tests/unit/test_more.py": "def test_it():\n    pass\n"})
    run = start(project, tmp_path, needs=BUILT, job="quality-gate", vars={"CI_TEST_SHARDS": "3"})
    legs = run.jobs["test"].legs.values()
    assert [leg.result for leg in legs] == ["success"] * 3, run.end
    assert sum("CI_TEST_SHARDS can be lower" in leg.summary for leg in legs) == 1
    assert verdicts(run)[0] == "pass", run.jobs["coverage"].end
    files = {"src/tests/unit/test_package.py": "", "src/tests/unit/test_more.py": ""}
    run = start(project, tmp_path, "push", files, needs=BUILT, job="quality-gate", vars={"CI_TEST_SHARDS": "2"})
    assert (run.jobs["test"].result, run.jobs["coverage"].result) == ("success", "failure")
    assert verdicts(run)[0] == "fail"


def test_shards_under_the_minimum_fail_the_gate(copy, tmp_path):
    shards = {"CI_TEST_SHARDS": "2"}
    run = start(project_of(copy), tmp_path, "push", uncovered(9), needs=BUILT, job="quality-gate", vars=shards)
    assert run.jobs["test"].result == "success"
    assert run.jobs["coverage"].result == "failure"
    assert re.search(MINIMUM, run.jobs["coverage"].summary)
    assert verdicts(run)[0] == "fail"
