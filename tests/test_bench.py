"""X2, X3, C10: what `make bench` computes from a run of the pipeline, and one run of a small suite."""

import json
import re
import sys
from types import SimpleNamespace

import pytest
from conftest import TEMPLATE, interpreter
from pipelines import act

sys.path.append(str(TEMPLATE / "benchmarks"))

import figures  # noqa: E402 # found through the line above
import pipeline  # noqa: E402
import reference  # noqa: E402

NEEDS = {"lint": [], "test": [], "build": ["lint", "test"], "integration": ["test"]}
NEEDS |= {"gate": list(NEEDS)}
TIMES = {"lint": [2.0], "test": [8.0, 6.0, 7.0], "build": [2.0], "integration": [5.0], "gate": [0.5]}


@pytest.mark.parametrize(
    ("needs", "times", "seconds", "path"),
    [
        ({}, {}, 13.5, ["test", "integration", "gate"]),
        ({}, {"lint": [12.0]}, 14.5, ["lint", "build", "gate"]),
        ({}, {"integration": []}, 10.5, ["test", "build", "gate"]),
        ({"gate": ["integration"]}, {"integration": [], "build": [0.25]}, 8.5, ["test", "gate"]),
        ({"build": [], "integration": []}, {}, 8.5, ["test", "gate"]),
        ({id: [] for id in NEEDS}, {id: [] for id in TIMES}, 0.0, []),
    ],
    ids=["as written", "a slow lint", "a skipped job", "after a skipped job only", "side by side", "nothing ran"],
)
def test_critical_path(needs, times, seconds, path):
    """X2: the slowest leg counts, a skipped job takes no time but waits for what it needs."""
    assert figures.critical_path(NEEDS | needs, TIMES | times) == (seconds, path)


def test_no_jobs_take_no_time():
    assert figures.critical_path({}, {}) == (0.0, [])
    assert figures.total({}) == 0


def test_cost_counts_every_leg_but_those_of_other_pythons():
    """X2: one Python less is paid less, and is waited for if it was the slowest."""
    measured = figures.Measured(NEEDS, TIMES, TIMES, {"test": ["3.11, 1", "3.13, 1", "3.13, 2"]})
    assert measured.cost == (30.5, 13.5)
    assert measured.only("test", "3.13").cost == (22.5, 12.5)
    part = figures.Measured({"test": []}, {"test": [1.0, 3.0]}, {}, {"test": ["3.13, 1", "3.13, 2"]})
    assert measured.changed_by(part).cost == (13.5, 8.5)
    assert figures.extent([2.0, 4.5, 3.0]) == "2.0 to 4.5, a spread of 2.5"


def log(job, python, *steps):
    """Return what act logs of one leg: for each step its seconds and its lines."""
    leg = {"jobID": "test", "job": job, "matrix": {"python": python}, "stage": "Main"}
    for number, (seconds, *lines) in enumerate(steps):
        step = leg | {"stepID": [str(number)], "step": f"step {number}"}
        yield from [step | {"msg": line} for line in lines]
        yield step | {"msg": "done", "stepResult": "success", "executionTime": round(seconds * 1e9)}
    yield leg | {"msg": "Job succeeded", "jobResult": "success"}


def a_run(*steps):
    """Return a run of a matrix of two legs with these steps, and of a job that was skipped."""
    definition = {"strategy": {}, "steps": [{"run": ""} for _ in steps]}
    events = [event for job, python in (("a", "3.12"), ("b", "3.13")) for event in log(job, python, *steps)]
    test = act.read_job(definition, events, None)
    return act.Run(0, {"test": test, "skipped": act.read_job({"steps": []}, [], None)}, "", None)


def test_times_are_read_from_the_log():
    """X2: seconds of the steps, and what the log says that was waited for."""
    run = a_run((1.5, "waited 0.750 s\n"), (3.0, "it waited 9.000 s\n", "waited 2.250 s\r\n"), (0.25,))
    assert figures.step_times(run) == {"test": [4.75, 4.75], "skipped": []}
    assert figures.waits(run, 0.5, {"test": 2}) == {"test": [3.5, 3.5], "skipped": []}


def test_a_wait_that_is_not_told_is_not_taken_for_speed():
    with pytest.raises(LookupError, match="job test waits 1 times, not 2: adapt benchmarks/"):
        figures.waits(a_run((1.5, "waited 0.750 s\n")), 0.5, {"test": 2})


def test_workers_that_wait_at_the_same_time_wait_once():
    """X2: xdist's gain is what overlaps; set-ups of tests and reports without a phase are no waits."""
    spans = [("call", 1, 5), ("call", 2, 3), ("call", 4, 6), ("call", 8, 9), ("setup", 0, 99)]
    reports = [SimpleNamespace(when=when, start=start, stop=stop) for when, start, stop in spans]
    conftest, said = {}, []
    exec(reference.CONFTEST, conftest)
    stats = {"passed": reports[2:], "failed": reports[:2], "warnings": [SimpleNamespace()]}
    conftest["pytest_terminal_summary"](SimpleNamespace(stats=stats, write_line=said.append))
    assert said == ["waited 6.000 s"]


def test_reference_has_the_size_and_the_stages_that_the_targets_are_for():
    """C10: 170 tests, and stages of 2, 8, 2 and 5 minutes, 15 in all."""
    counts = {
        kind: sum(tests.count for tests in reference.SUITE if tests.kind == kind) for kind in ("unit", "integration")
    }
    assert counts == {"unit": 120, "integration": 40}
    assert sum(tests.count for tests in reference.SUITE) == 170
    for stage, kinds in {"test": ("unit", "performance"), "integration": ("integration",)}.items():
        work = sum(tests.count * tests.seconds for tests in reference.SUITE if tests.kind in kinds)
        assert reference.START + reference.CONDA[1] + work == pytest.approx(reference.STAGES[stage])
    times = {id: [seconds] for id, seconds in reference.STAGES.items()}
    assert figures.critical_path(reference.ORDER, times)[0] == 15 + reference.START


def found(fast=1.0):
    """Return measurements of all pipelines; `fast` is how long the integration of a fast one takes."""
    whole = figures.Measured(NEEDS, TIMES, TIMES, {"test": ["3.12, 1", "3.13, 1", "3.13, 2"]})
    quick = whole._replace(
        net={"lint": [2.0], "test": [3.0, 1.0, 1.0], "build": [1.0], "integration": [fast], "gate": [0.2]}
    )
    names = {*pipeline.PIPELINES, *(name for pair in pipeline.LEVERS.values() for name in pair)}
    return {name: quick if "fast" in name else whole for name in names}


def rows(text):
    """Return the first cells of the rows of all tables in a text, without their headers."""
    return [cell for cell in re.findall(r"^\| (.*?) \|", text, re.M) if cell not in ("---", "pipeline", "lever")]


def test_report_says_which_goal_is_missed_and_by_what():
    """X2, C10: thorough is within 15, balanced takes as long and misses 10."""
    text = " ".join(pipeline.report(found()).split())
    assert "| thorough | 30.5 | 8.0 | 13.5 | 100% | 15: met | 30, 14 |" in text
    assert "| fast | 9.2 | 3.0 | 4.2 | 31% | 5: met | 30, 14 |" in text
    missing = "What is missing is a lever that shortens"
    assert f"- balanced misses its goal: test 8.0, integration 5.0, gate 0.5. {missing} test. " in text
    assert "fast misses" not in text
    assert "by equal counts 6.0 to 7.0, a spread of 1.0; by measured" in text
    text = " ".join(pipeline.report(found(fast=4.0)).split())
    assert f"- fast misses its goal: test 3.0, integration 4.0, gate 0.2. {missing} integration. " in text
    long = figures.Measured({"test": []}, {"test": [10.1]}, TIMES, {"test": ["3.13, 1"]})
    text = " ".join(pipeline.report(found() | {"thorough": long}).split())
    assert f"- thorough misses its goal: test 10.1. {missing} test. " in text, "no job may take longer than 10"


def test_report_has_a_row_for_each_pipeline_and_lever():
    assert rows(pipeline.report(found())) == [*pipeline.PIPELINES, *pipeline.LEVERS]


def test_the_page_on_speed_shows_the_tables_that_the_benchmark_prints():
    """X3: no line more or less than the program has."""
    assert rows((TEMPLATE / "docs/SPEED.md").read_text(encoding="utf-8")) == rows(pipeline.report(found()))


def test_a_machine_that_lacks_something_is_told(monkeypatch, capsys):
    """R3: one line for each, and exit code 2."""
    monkeypatch.setattr(pipeline, "PYTHONS", "3.98 3.99")
    monkeypatch.setattr(pipeline.conftest, "pytest_unconfigure", lambda: None)
    assert pipeline.main() == 2
    said = capsys.readouterr().err
    assert [line.partition(":")[0] for line in said.splitlines()] == [
        "this machine lacks Python 3.98",
        "this machine lacks Python 3.99",
    ]


def test_what_is_not_green_is_not_measured(monkeypatch, capsys):
    """R3: one exit code for a pipeline that fails and for one that has changed."""

    def fail(bench):
        raise pipeline.Failure("fast, 1 shard(s): not green")

    monkeypatch.setattr(pipeline, "lacking", list)
    monkeypatch.setattr(pipeline, "measure_all", fail)
    monkeypatch.setattr(pipeline.conftest, "pytest_unconfigure", lambda: None)
    assert pipeline.main() == 1
    assert capsys.readouterr() == ("", "fast, 1 shard(s): not green\n")


@pytest.mark.slow
def test_a_small_suite_runs_through_the_rendered_pipeline(tmp_path):
    """X2, X3: two shards with xdist, by the times that a night has kept; what ran, never how long."""
    newest = "3.13"
    interpreter(newest)
    tests = reference.Tests
    suite = (
        tests("unit", "quick", 4, 0.01),
        tests("unit", "late", 1, 0.02, slow=True),
        tests("integration", "any", 2, 0.01),
    )
    bench = pipeline.Bench(tmp_path, suite, newest)
    bench.measure_tests()
    (file,) = bench.store.rglob(".test_durations")
    names = list(json.loads(file.read_text(encoding="utf-8")))
    assert len(names) == 5
    # One quick test as long as all others together: no clock decides.
    file.write_text(json.dumps({name: 4.0 if name.endswith("quick[0]") else 1.0 for name in names}), encoding="utf-8")
    measured, run = bench.run("balanced", 2)
    assert measured.legs["test"] == ["3.13, 1", "3.13, 2"]
    assert [len(measured.net[id]) for id in ("lint", "test", "build", "integration")] == [1, 2, 1, 1]
    assert measured.needs["integration"] == ["test"]
    assert figures.critical_path(measured.needs, measured.net)[1][-2:] == ["quality-gate", "notify"]
    logs = [leg.log for leg in run.jobs["test"].legs.values()]
    assert all("created: 2/2 workers" in log for log in logs)
    assert [re.findall(r"(\d) passed", log) for log in logs] == [["1"], ["3"]]
    measured = bench.measure("balanced", plain=True)
    assert measured.needs == reference.ORDER
    broken = pipeline.Bench(tmp_path, (tests("unit", "broken", 1, "1 / 0"),), newest)
    with pytest.raises(pipeline.Failure, match=r"fast, 1 shard\(s\): not green"):
        broken.measure("fast", job="test")


def test_what_the_benchmark_does_not_know_is_an_error(tmp_path):
    """R4: a changed template is not measured wrongly."""
    file = tmp_path / "ci.yml"
    file.write_text("env:\n  OTHER: 1\n", encoding="utf-8")
    with pytest.raises(LookupError, match="ci.yml: nothing matches .*WORKERS.*: adapt benchmarks/"):
        reference.change(file, "(?m)^  WORKERS: .*$", "  WORKERS: 2")
