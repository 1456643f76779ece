"""M1: what runs and jobs add up to, against values computed by hand."""

import importlib
from datetime import timedelta

import pytest
from healths import NOW, make_job, make_run


@pytest.fixture(scope="session")
def numbers(tools):
    """The module; `tools` has put its folder on the path."""
    return importlib.import_module("quality.health.numbers")


@pytest.fixture(scope="session")
def records(numbers):
    return importlib.import_module("quality.health.records")


@pytest.fixture
def runs(records):
    """Return a function that makes runs of (days ago, what else make_run takes)."""
    return lambda *told: [records.run_of(make_run(ago, **more)) for ago, more in told]


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 50, None),
        ([7], 50, 7),
        ([7], 95, 7),
        ([4, 1, 3, 2], 50, 2),
        ([5, 4, 1, 3, 2], 50, 3),
        (range(1, 21), 95, 19),
        (range(1, 22), 95, 20),
        (range(1, 101), 95, 95),
    ],
)
def test_percentile_is_the_nearest_rank(numbers, values, percent, expected):
    """M1: p50 of four is the second, p95 of twenty-one the twentieth: 0.95 · 21 = 19.95."""
    assert numbers.percentile(values, percent) == expected


def test_duration_is_that_of_runs_with_a_verdict(numbers, runs):
    """M1: (10 + 20) / 2; what was cancelled ended early, what GitHub could not read never began."""
    found = runs(
        (1, {"minutes": 10}),
        (1, {"minutes": 20, "conclusion": "failure"}),
        (1, {"minutes": 1, "conclusion": "cancelled"}),
        (1, {"minutes": 0, "conclusion": "startup_failure"}),
        (1, {"minutes": 90, "status": "in_progress", "conclusion": None}),
    )
    assert numbers.average(numbers.durations(found)) == 15
    assert numbers.average([]) is None


def test_success_counts_what_is_in_the_branches(numbers, runs):
    """M1: 2 of 4; not a pull request, though a fork's branch has the name, nor what was cancelled or waits."""
    found = runs(
        (1, {"branch": "main"}),
        (1, {"branch": "release/1", "event": "workflow_dispatch"}),
        (1, {"branch": "main", "conclusion": "timed_out"}),
        (1, {"branch": "main", "conclusion": "startup_failure"}),
        (1, {"branch": "main", "event": "pull_request"}),
        (1, {"branch": "topic"}),
        (1, {"branch": "main", "conclusion": "cancelled"}),
        (1, {"branch": "main", "conclusion": "action_required"}),
        (1, {"branch": "main", "status": "queued", "conclusion": None}),
        (1, {"branch": None}),
    )
    assert numbers.success(found, ["main", "release/*"]) == (2, 4)
    assert (numbers.share(2, 4), numbers.share(0, 0)) == (50, None)


FLAKY = {
    # name: (attempts of one job as (attempt, conclusion), whether it is flaky)
    "failed, then passed": ([(1, "failure"), (2, "success")], True),
    "timed out, then passed": ([(1, "timed_out"), (3, "success")], True),
    "passed, failed, passed": ([(1, "success"), (2, "failure"), (3, "success")], True),
    "passed, then failed": ([(1, "success"), (2, "failure")], False),
    "failed twice": ([(1, "failure"), (2, "failure")], False),
    "cancelled, then passed": ([(1, "cancelled"), (2, "success")], False),
    "once": ([(1, "success")], False),
}


@pytest.mark.parametrize("case", FLAKY)
def test_flaky_is_what_failed_and_later_passed_in_one_run(numbers, records, case):
    """M1: whatever the order in which GitHub lists the attempts."""
    attempts, is_flaky = FLAKY[case]
    run, other = make_run(1), make_run(1)
    found = [make_job(run, "Test", attempt, 1, conclusion, attempt) for attempt, conclusion in attempts]
    found += [make_job(other, "Test", 0, 1, "success", 9), make_job(run, "Lint", 0, 1, "success", 9)]
    expected = {(run["id"], "Test")} if is_flaky else set()
    assert numbers.flaky(records.jobs_of(found)) == numbers.flaky(records.jobs_of(found[::-1])) == expected


def test_a_job_that_an_attempt_took_over_counts_once(numbers, records):
    """M1: GitHub shows it in each attempt, with the times of the one in which it ran; 1.1 → 2 and 61 → 61 minutes."""
    run = make_run(1)
    first = make_job(run, "Lint", 0, 1.1)
    found = [first, first | {"run_attempt": 2}, make_job(run, "Test", 0, 61), make_job(run, "Build", 5, 3, "skipped")]
    found += [first | {"completed_at": None, "name": "Coverage"}]
    jobs = records.jobs_of(found)
    assert [(job.name, job.attempt) for job in jobs] == [("Lint", 1), ("Test", 1), ("Build", 1)]
    assert numbers.billed(jobs) == 63


def test_time_to_verdict_ends_with_the_first_gate(numbers, records):
    """M1: from the creation of the run, so from its first attempt; a repeated gate, or none, is no wait."""
    once, twice, cancelled, none = make_run(1), make_run(2, attempt=2), make_run(3, conclusion="cancelled"), make_run(4)
    found = [make_job(once, "Quality gate", 11, 1), make_job(once, "Lint", 0, 30), make_job(none, "Lint", 0, 30)]
    found += [make_job(twice, "Quality gate", 8, 1, "success", 2), make_job(twice, "Quality gate", 7, 1, "failure")]
    found += [make_job(cancelled, "Quality gate", 3, 1, "failure")]
    runs = [records.run_of(run) for run in (once, twice, cancelled, none)]
    assert sorted(numbers.times_to_verdict(runs, records.jobs_of(found))) == [8, 12]


def test_jobs_are_listed_by_how_long_they_take(numbers, records):
    """M1: attempts of a run beyond the first are repetitions; 4 and (2 + 4 + 6) / 3 minutes."""
    one, other = make_run(1), make_run(2)
    found = [
        make_job(one, "Test", 0, 2, "failure"),
        make_job(one, "Test", 0, 4, attempt=2),
        make_job(other, "Test", 0, 6),
    ]
    found += [make_job(one, "Lint", 0, 5), make_job(one, "Build", 0, 90, "cancelled")]
    assert [tuple(job) for job in numbers.by_job(records.jobs_of(found))] == [
        ("Lint", 1, 5, 5, 0, 0),
        ("Test", 3, 4, 6, 1, 1),
    ]


@pytest.mark.parametrize(
    ("value", "count", "target", "options", "expected"),
    [
        (15, 5, 15, {}, "met"),
        (15.04, 5, 15, {}, "met"),
        (15.06, 5, 15, {}, "missed"),
        (90, 5, 90, {"at_least": True}, "met"),
        (89.94, 5, 90, {"at_least": True}, "missed"),
        (99, 5, 0, {}, "missed"),
        (99, 4, 0, {}, "too few"),
        (1, 5, 5, {"is_whole": False}, "unknown"),
        (9, 5, 5, {"is_whole": False}, "missed"),
        (None, 0, 0, {}, "unknown"),
        (99, 9, None, {}, ""),
    ],
)
def test_a_target_is_judged_on_what_is_shown(numbers, value, count, target, options, expected):
    """M1: on one decimal; not below five runs; of a part of them it is only missed."""
    found = numbers.judge(numbers.Measure("a", value, "%", "", target), count, **options)
    assert found.verdict == expected


def test_weeks_of_the_trend_hold_each_run_once(numbers, runs):
    """M1: seven days up to now, the last second included; a week without runs has no values."""
    week = 7
    found = runs(
        (0, {"minutes": 8}),
        (week - 2e-5, {"minutes": 10, "conclusion": "failure"}),
        (week, {"minutes": 30, "branch": "topic"}),
        (12 * week, {}),
        (-0.1, {}),
    )
    trend = numbers.trend(found, ["develop"], NOW)
    assert [week.start for week in trend] == [NOW - timedelta(days=7 * back) for back in range(12, 0, -1)]
    assert [tuple(week[1:]) for week in trend[-2:]] == [(1, 30, None), (2, 9, 50)]
    assert {tuple(week[1:]) for week in trend[:-2]} == {(0, None, None)}


def test_coverage_that_fell_is_listed_by_how_much(numbers):
    """M1: not what rose, stayed, came or went."""
    before = {"a": 90.0, "b": 80.0, "same": 50.0, "rose": 10.0, "gone": 99.0}
    after = {"a": 89.0, "b": 60.0, "same": 50.0, "rose": 11.0, "new": 0.0}
    assert numbers.fallen(before, after) == [("b", 80.0, 60.0), ("a", 90.0, 89.0)]
