"""Repositories with runs, as the stand-in of gh keeps them, for the tests of the report on CI's health."""

import importlib
import itertools
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from conftest import find

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
TESTS = [f"Test (Python 3.{minor}, part 1)" for minor in (11, 12, 13)]
NUMBERS = itertools.count(1)


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def make_run(ago, minutes=10, conclusion="success", branch="develop", event="push", attempt=1, now=NOW, **more):
    """Return a run of ci.yml that was created so many days ago; its last attempt has taken `minutes`."""
    created = now - timedelta(days=ago)
    started = created + timedelta(hours=2 * (attempt - 1))
    return {
        "id": next(NUMBERS),
        "path": ".github/workflows/ci.yml",
        "workflow_id": 1,
        "head_branch": branch,
        "event": event,
        "status": "completed",
        "conclusion": conclusion,
        "run_attempt": attempt,
        "created_at": stamp(created),
        "run_started_at": stamp(started),
        "updated_at": stamp(started + timedelta(minutes=minutes)),
    } | more


def make_job(run, name, begin, took, conclusion="success", attempt=1):
    """Return a job that began so many minutes after its attempt, and took so many."""
    start = datetime.fromisoformat(run["created_at"]) + timedelta(hours=2 * (attempt - 1), minutes=begin)
    times = {"started_at": stamp(start), "completed_at": stamp(start + timedelta(minutes=took))}
    times["created_at"] = times["started_at"]
    return {"run_id": run["id"], "name": name, "conclusion": conclusion, "run_attempt": attempt} | times


def make_jobs(run, flaky=False, last=0):
    """Return the jobs of a run of ci.yml; one failed first if `flaky`; the gate ends `last` minutes later."""
    end = "failure" if flaky else run["conclusion"]
    ends = ("success", "failure" if end == "failure" else "success", "success")
    found = [make_job(run, "Lint", 0.5, 2.2)]
    found += [make_job(run, name, 0.5, 6 + place, ends[place]) for place, name in enumerate(TESTS)]
    found += [make_job(run, "Build", 8.6, 1.7, "skipped" if end == "failure" else "success")]
    found += [make_job(run, "Quality gate", 10.5 + last, 0.2, end)]
    if flaky:
        found += [make_job(run, TESTS[1], 0.5, 7.5, attempt=2), make_job(run, "Quality gate", 9, 0.2, attempt=2)]
    return found


def verdict(**percents):
    """Return the files of an artifact with the verdict of the coverage gate."""
    rows = [{"name": name.replace("__", "/"), "percent": percent} for name, percent in percents.items()]
    total = [{"name": "total", "percent": "81.20"}, {"name": "tier P0", "percent": "1.00"}]
    names = [row | {"name": f"src/app/{row['name']}.py"} for row in rows]
    return {"coverage-verdict.json": json.dumps({"verdict": "passed", "rows": [*total, *names]})}


def artifact(run, number, files, name="coverage-verdict", size=2_000_000, **more):
    workflow_run = {"id": run["id"], "head_branch": run["head_branch"]}
    known = {"id": number, "name": name, "size_in_bytes": size, "expired": False, "created_at": run["created_at"]}
    return known | {"workflow_run": workflow_run, "files": files} | more


def sample():
    """Return a repository of twelve weeks: one without runs, one job of the last that failed and then passed."""
    runs, jobs = [], {}
    for back in range(12):
        for place in range(0 if back == 5 else 12 if back == 0 else 4 + back % 3):
            ago, minutes = 7 * back + 0.4 + place * 0.5, 9.6 + (back * 7 + place * 3) % 5 + back / 3
            bad = place == 2 and back in (3, 4, 8)
            branch, event = [("develop", "push"), ("develop", "workflow_dispatch"), ("topic", "pull_request")][
                place % 3
            ]
            branch, event = ("main", "push") if bad else (branch, event)
            run = make_run(ago, minutes, "failure" if bad else "success", branch, event)
            runs.append(run)
            if back == 0:
                run["run_attempt"] = 2 if place == 4 else 1
                jobs[str(run["id"])] = make_jobs(run, flaky=place == 4, last=place % 4)
    old = next(
        run for run in runs if run["created_at"] < stamp(NOW - timedelta(days=8)) and run["head_branch"] == "develop"
    )
    new = runs[0]
    kept = [artifact(new, 1, verdict(core__event_bus="88.50", demo_mode="100.00", config_manager="97.00"))]
    kept += [artifact(old, 2, verdict(core__event_bus="91.25", demo_mode="100.00", config_manager="98.10"))]
    kept += [artifact(new, 3, {}, "dist", 48_300_000), artifact(old, 4, {}, "dist", 50_000_000, expired=True)]
    cache = {"active_caches_size_in_bytes": 1_234_567_890, "active_caches_count": 14}
    return {"runs": runs, "jobs": jobs, "artifacts": kept, "cache": cache, "repository": {"fork": False}}


def charts(text):
    """Return the charts of a page."""
    return re.findall(r"```mermaid\n(.*?)```", text, re.S)


@pytest.fixture(name="report")
def report_fixture(bake, tools, github, hub_at_hand, monkeypatch, capsys):
    """Return a function that runs the program for a generated project, with `things` in the repository on GitHub."""
    program = importlib.import_module("ci_health")

    def start(*arguments, project=None, environment=None, **things):
        github.set(**things)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["ci_health.py", "--now", "2026-11-27T06:00Z", *arguments])
            patch.chdir(project or bake())
            for name, value in (environment or {}).items():
                patch.setenv(name, value)
            capsys.readouterr()
            with pytest.raises(SystemExit) as ended:
                tools.repository.run(program.main, "CI health: cannot report")
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, ended.value.code, out, err)

    return start


def week(count, bad=0, minutes=10, jobs=False, **more):
    """Return runs of the last week, the first of them failed, and their jobs."""
    runs = [
        make_run(1 + 0.1 * place, minutes, "failure" if place < bad else "success", **more) for place in range(count)
    ]
    return {"runs": runs, "jobs": {str(run["id"]): make_jobs(run) for run in runs} if jobs else {}}


def cells(result, name):
    """Return the cells of a row of the page's first table."""
    return find(rf"^\| {name} \|(.*)\|$", result.stdout, 8)[1].strip().split(" | ")


def unseen(result):
    """Return the last part of the page."""
    return result.stdout.partition("### Not seen\n")[2]
