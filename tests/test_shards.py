"""X2, V1, C1: tests are split by the time they take, which nightly.yml measures and ci.yml reads."""

import json
import re
import shutil
import xml.etree.ElementTree as xml

import pytest
from conftest import environment, run
from pipelines import start, write
from test_flows import NIGHTLY
from test_pipeline import BUILT, project_of, verdicts

pytestmark = pytest.mark.slow
SHARDS = {"CI_TEST_SHARDS": "2"}
DURATIONS = ".test_durations"
# The last tests of the project, in its order, wait; the others take next to no time.
WAITS = [0.1, 0.3] * 8
TESTS = f"""\
import time

import pytest


@pytest.mark.parametrize("number", range({len(WAITS)}))
def test_waits(number):
    time.sleep({WAITS}[number])
"""
WAITING = {"src/tests/unit/test_waits.py": TESTS, "src/tests/performance/test_event_bus_performance.py": None}


def measure(project, tmp_path, store, files=None):
    """Run the job of nightly.yml that measures; return it, and what the cache holds then."""
    options = {"workflow": "nightly.yml", "payload": {"schedule": NIGHTLY}, "vars": SHARDS, "job": "durations"}
    done = start(project, tmp_path, "schedule", files, env={"CACHE_STORE": str(store)}, **options)
    return done.jobs["durations"], sorted(store.rglob(DURATIONS))


def split(project, tmp_path, **env):
    """Run the tests in two parts; return the run, and the names of the tests that ran in each part."""
    done = start(project, tmp_path, vars=SHARDS, needs=BUILT, job="quality-gate", env=env)
    reports = sorted(done.artifacts.glob("test-3.13-*/junit/tests.xml"))
    parts = [
        [f"{case.get('classname')}.{case.get('name')}" for case in xml.parse(file).iter("testcase")] for file in reports
    ]
    return done, parts


def longest(parts):
    """Return the share of all waits that the part with most of them has."""
    numbers = [re.findall(r"test_waits\[(\d+)\]", " ".join(names)) for names in parts]
    return max(sum(WAITS[int(number)] for number in found) for found in numbers) / sum(WAITS)


def test_parts_take_the_same_time_once_it_was_measured(copy, tmp_path):
    """X2, V1: the waits are known, so no clock is read; every test runs once either way."""
    project, store = project_of(copy), tmp_path / "store"
    write(project, WAITING)
    done, equal_counts = split(project, tmp_path, CACHE_STORE=str(store))
    assert verdicts(done)[0] == "pass", done.end
    job, found = measure(project, tmp_path, store)
    assert (job.result, len(found)) == ("success", 1), job.end
    done, equal_times = split(project, tmp_path, CACHE_STORE=str(store))
    assert verdicts(done)[0] == "pass", done.end
    every = sorted(sum(equal_counts, []))
    assert sorted(sum(equal_times, [])) == every
    assert len(set(every)) == len(every) == 21 + len(WAITS)
    assert [len(names) for names in equal_counts] == [19, 18]
    assert longest(equal_counts) > 0.9
    assert longest(equal_times) < 0.6


def test_parts_made_by_different_durations_are_refused(copy, tmp_path):
    """V1, R4: where the nightly run ends between the starts of two parts, a test may be in none of them."""
    project, store = project_of(copy), tmp_path / "store"
    write(project, WAITING)
    job, found = measure(project, tmp_path, store)
    assert (job.result, len(found)) == ("success", 1), job.end
    tests = json.loads(found[0].read_text(encoding="utf-8"))
    newer = found[0].parent.with_name("0001 test-durations-0")
    newer.mkdir()
    others = {name: 0.0 if "test_waits" in name else 1.0 for name in tests}
    (newer / DURATIONS).write_text(json.dumps(others), encoding="utf-8")
    done, parts = split(project, tmp_path, CACHE_STORE=str(store), CACHE_RACE="1")
    ran = sum(parts, [])
    assert (len(set(ran)), len(ran)) != (len(tests), len(tests)), "the parts fit together: nothing is to be refused"
    assert done.jobs["test"].result == "success"
    assert "the parts of Python 3.13 were made by different .test_durations" in done.jobs["coverage"].log
    assert verdicts(done)[0] == "fail"


def test_durations_of_failing_tests_are_not_kept(copy, tmp_path):
    """X2, C1: the job is red then, and the parts stay as they were."""
    files = {"src/tests/unit/test_package.py": "def test_it():\n    assert 1 == 2\n"}
    job, found = measure(project_of(copy), tmp_path, tmp_path / "store", files)
    assert (job.result, found) == ("failure", [])


def test_durations_measured_here_are_those_of_the_tests_that_exist(copy):
    """X2, P7, R2: git ignores the file, verification accepts it without git too, and no coverage is left to judge."""
    project = copy()
    write(project, {DURATIONS: '{"src/tests/unit/test_gone.py::test_it": 9.0}'})
    variables = environment(project)
    run("nox", "-s", "durations", cwd=project, **variables)
    measured = json.loads((project / DURATIONS).read_text(encoding="utf-8"))
    assert len(measured) == 23
    assert not any("test_gone" in name or "integration" in name for name in measured)
    assert DURATIONS not in run("git", "status", "--porcelain", "--untracked-files=all", cwd=project).stdout
    shutil.rmtree(project / ".git")
    run("python", "tools/verify_project.py", cwd=project, **variables)
    gate = run("nox", "-s", "coverage_gate", cwd=project, check=False, **variables)
    assert gate.returncode == 1
    assert "no data: run `nox -s tests`" in gate.stdout + gate.stderr
