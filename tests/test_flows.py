"""C1, C11, S1: the workflows beside ci.yml, and its step that asks GitHub before it relies on it, run under act."""

import json

import pytest
from conftest import TEMPLATE, run
from pipelines import act, commit, start, write
from test_pipeline import project_of

pytestmark = pytest.mark.slow
NIGHTLY, WEEKLY = "23 3 * * *", "41 4 * * 1"
CODEQL = ".github/workflows/codeql.yml"


def execute(project, tmp_path, event, workflow, **options):
    """Run a workflow; return what happened and the calls of `gh` in it."""
    commit(project)
    work = tmp_path / "work"
    work.mkdir()
    result = act.run(project, event, work=work, workflow=workflow, **options)
    return result, calls(result)


def calls(result):
    file = result.folder / "gh.jsonl"
    lines = map(json.loads, file.read_text(encoding="utf-8").splitlines() if file.exists() else [])
    return [" ".join(call["arguments"]) for call in lines if call["arguments"][0] != "auth"]  # act itself asks that


@pytest.mark.parametrize(
    ("event", "cron", "started"),
    [
        ("schedule", NIGHTLY, ["ci.yml"]),
        ("schedule", WEEKLY, ["codeql.yml"]),
        ("workflow_dispatch", None, ["ci.yml", "codeql.yml"]),
    ],
    ids=["every night", "once a week", "by hand"],
)
def test_nightly_starts_what_its_clock_says(copy, tmp_path, event, cron, started):
    """C1, S1: a schedule in ci.yml itself would let GitHub switch pull requests' checks off."""
    payload, env = {"schedule": cron} if cron else {}, {"WORKFLOWS": f".github/workflows/ci.yml {CODEQL}"}
    result, called = execute(copy(), tmp_path, event, "nightly.yml", job="start", payload=payload, env=env)
    assert result.jobs["start"].result == "success", result.end
    assert [call for call in called if call.startswith("workflow run")] == [f"workflow run {name}" for name in started]


def test_the_template_starts_its_own_checks_every_week(tmp_path):
    """C1, T3."""
    run("git", "clone", "--quiet", TEMPLATE, tmp_path / "clone", cwd=tmp_path)
    result, called = execute(tmp_path / "clone", tmp_path, "schedule", "weekly.yml")
    assert result.jobs["start"].result == "success", result.end
    assert called == ["workflow run ci.yml", "workflow run codeql.yml"]


@pytest.mark.parametrize("active", ["", ".github/workflows/ci.yml", "x/.github/workflows/codeql.yml", CODEQL + "x"])
def test_nightly_does_not_miss_a_codeql_that_the_project_does_not_want(copy, tmp_path, active):
    """C11: not chosen, removed later, or switched off on GitHub."""
    options = {"job": "start", "payload": {"schedule": WEEKLY}, "env": {"WORKFLOWS": active}}
    result, called = execute(copy(codeql=False), tmp_path, "schedule", "nightly.yml", **options)
    assert result.jobs["start"].result == "success", result.end
    assert [call for call in called if call.startswith("workflow run")] == []


@pytest.mark.parametrize("event", ["push", "pull_request", "workflow_dispatch"])
@pytest.mark.parametrize(
    ("private", "variable", "analyzes"),
    [(False, None, True), (True, "true", True), (True, None, False), (True, "false", False)],
    ids=["public", "private with Code Security", "private", "private, said no"],
)
def test_codeql_is_green_also_where_it_is_not_available(copy, tmp_path, event, private, variable, analyzes):
    """C11, S1: one warning then, which names the switch and the variable."""
    options = {"payload": {"repository": {"private": private}}, "vars": {"CODE_SECURITY": variable} if variable else {}}
    result, _ = execute(copy(), tmp_path, event, "codeql.yml", **options)
    assert result.exit_code == 0, result.end
    assert len(result.records("github/codeql-action/analyze")) == analyzes
    warnings = [line for line in result.log.splitlines() if "::warning" in line]
    assert len(warnings) == (not analyzes)
    for warning in warnings:
        assert "Settings > Advanced Security" in warning
        assert "CODE_SECURITY" in warning


@pytest.mark.parametrize(
    ("event", "env", "outcome"),
    [
        ("pull_request", {"DEPENDENCY_GRAPH_DOWN": "1", "VULNERABLE": "1"}, "warned"),
        ("pull_request", {}, "reviewed"),
        ("pull_request", {"VULNERABLE": "1"}, "refused"),
        ("push", {"VULNERABLE": "1"}, "not asked"),
    ],
    ids=["graph off", "graph on", "finding", "push"],
)
def test_dependency_review_asks_first(copy, tmp_path, event, env, outcome):
    """C11, S1: off in a new repository: a warning in GitHub's own words; on: findings fail, private or not."""
    project, hook = project_of(copy), "id: calm, name: calm, language: system, entry: 'true', always_run: true"
    write(project, {".pre-commit-config.yaml": f"repos: [{{ repo: local, hooks: [{{ {hook} }}] }}]\n"})
    run_of = start(project, tmp_path, event, job="lint", env=env, payload={"repository": {"private": True}})
    lint, asked = run_of.jobs["lint"], [call for call in calls(run_of) if "dependency-graph" in call]
    assert lint.result == ("failure" if outcome == "refused" else "success"), lint.end
    assert bool(run_of.records("actions/dependency-review-action")) == (outcome in ("reviewed", "refused"))
    assert len(asked) == (event == "pull_request")
    warnings = [line for line in lint.log.splitlines() if "::warning" in line]
    assert len(warnings) == (outcome == "warned")
    for warning in warnings:
        assert "Settings > Advanced Security" in warning
        assert "Dependency review is not supported on this repository. Please enable it. (HTTP 403)" in warning
    for call in asked:
        commits = run("git", "rev-parse", "HEAD^1^", "HEAD^2", cwd=tmp_path / "my-project").stdout.split()
        assert call.rpartition("/")[2] == "...".join(commits)
