"""M1, F3: the report on CI's health, on repositories that the stand-in of gh keeps by the rules of GitHub's API."""

import json
import re
import sys
from datetime import timedelta

import pytest
from charts import read
from conftest import TEMPLATE, find, run
from githubs import github_fixture, hub_at_hand_fixture  # noqa: F401 # fixtures
from healths import (  # noqa: F401 # a fixture
    NOW,
    artifact,
    cells,
    charts,
    make_job,
    make_jobs,
    make_run,
    report_fixture,
    sample,
    unseen,
    verdict,
    week,
)
from pipelines import start, write

pytestmark = pytest.mark.slow  # installs GitHub's description
SEEN = {
    "HEALTH_VARIABLES": json.dumps({"CI_TEST_SHARDS": "2"}),
    "HEALTH_SECRETS": json.dumps(
        {"CODECOV_TOKEN": True, "SLACK_WEBHOOK_URL": False, "TEMPLATE_APP_PRIVATE_KEY": False}
    ),
}


def test_the_sample_is_what_the_document_shows(bake, github, tmp_path):
    """M1: one page, the verdict first. The program itself runs, and asks by gh."""
    github.set(**sample())
    files = {
        path: (bake() / path).read_text(encoding="utf-8") for path in ("pyproject.toml", ".github/workflows/ci.yml")
    }
    write(tmp_path, files)
    command = (sys.executable, bake() / "tools/ci_health.py", "--now", "2026-11-27T06:00Z")
    result = run(*command, cwd=tmp_path, check=False, **SEEN)
    assert (result.returncode, result.stderr) == (0, "")
    shown = (TEMPLATE / "docs/EXAMPLES.md").read_text(encoding="utf-8")
    page = re.sub(r"(?m)^##", "####", result.stdout).strip()
    assert page in shown, f"put this page into docs/EXAMPLES.md:\n{page}"


def test_charts_are_what_mermaid_reads(report, tmp_path, github):
    """M1: by its own parser, each bar at its week; a broken chart is refused, so this can fail."""
    result = report(**sample())
    found = charts(result.stdout)
    assert len(found) == 2
    broken = [
        found[0].replace("-->", "->"),
        found[0].replace("bar [", "bar [, "),
        found[0].replace("xychart", "xchart"),
    ]
    took, good, *refused = read([*found, *broken], tmp_path)
    assert all("error" in chart for chart in refused) and len(refused) == 3
    weeks = [f"{NOW - timedelta(days=7 * back):%m-%d}" for back in range(12, 0, -1)]
    for chart, top, target in ((took, 16, 15), (good, 100, 90)):
        bars, line = chart["plots"]
        assert (chart["yAxis"]["min"], chart["yAxis"]["max"], bars["type"], line["type"]) == (0, top, "bar", "line")
        assert [place for place, _ in bars["data"]] == weeks
        assert line["data"] == [[place, target] for place in weeks]
    assert took["plots"][0]["data"][6] == good["plots"][0]["data"][6] == ["10-16", 0]
    assert [value for _, value in good["plots"][0]["data"]][-5:] == [80, 75, 100, 100, 100]
    assert "no run with a verdict in the weeks from 10-16;" in result.stdout


def test_few_runs_are_shown_and_not_judged(report, github):
    """M1: four bad runs are chance; an issue that is open stays so."""
    issue = {"number": 1, "title": "t", "body": "<!-- ci-health -->", "state": "open", "labels": ["ci-health"]}
    result = report("--issue", issues=[issue], **week(4, bad=4, minutes=60))
    assert cells(result, "Average duration")[-3:] == ["4 runs, the last attempt of each", "15", "too few"]
    assert cells(result, "Success on main, develop") == ["0 %", "0 of 4 runs", "90", "too few"]
    assert "fewer than 5 runs" in result.stdout
    assert github.writes() == []


def test_one_flaky_run_of_two(report):
    """M1: 50 percent, found by its attempts; the job is named, a run that failed twice is none."""
    flaky, broken = make_run(1, attempt=2), make_run(2, conclusion="failure", attempt=2)
    jobs = {str(flaky["id"]): make_jobs(flaky, flaky=True)}
    jobs[str(broken["id"])] = [make_job(broken, "Build", 1, 1, "failure", attempt) for attempt in (1, 2)]
    result = report(runs=[flaky, broken], jobs=jobs)
    assert cells(result, "Flaky runs") == ["50 %", "1 of 2 runs", "5", "too few"]
    assert "| `Test (Python 3.12, part 1)` | 2 | 7.2 | 7.5 | 1 | 1 |" in result.stdout
    assert "| `Build` | 2 | 1.0 | 1.0 | 1 | 0 |" in result.stdout


def test_a_job_named_by_a_fork_is_only_its_name(report):
    """M1, C9: a pull request runs its own workflow, so its jobs have names of anybody; in the issue they are code."""
    (run,), name = week(1)["runs"], "@team ![x](y) `a` | <b>\nc"
    result = report(runs=[run], jobs={str(run["id"]): [make_job(run, name, 0, 1)]})
    assert "\n| `@team ![x](y) 'a' \\| <b> c` | 1 | 1.0 | 1.0 | 0 | 0 |\n" in result.stdout


def test_coverage_is_compared_with_a_week_before(report):
    """M1: of runs on the branches, the same branch; not a pull request, nor a nearer run."""
    runs = [make_run(1), make_run(7.9), make_run(8.1), make_run(9, branch="main"), make_run(0.5, event="pull_request")]
    percents = [("a", "50.00"), ("a", "99.00"), ("a", "60.00"), ("a", "97.00"), ("a", "1.00")]
    kept = [
        artifact(run, place, verdict(**dict([pair])))
        for place, (run, pair) in enumerate(zip(runs, percents, strict=True))
    ]
    result = report(runs=runs, artifacts=kept)
    assert "| `src/app/a.py` | 60.00 | 50.00 | -10.00 |" in result.stdout
    assert "It fell in 1 modules." in result.stdout
    kept[2] |= {"expired": True}
    result = report(runs=runs, artifacts=kept)
    assert "81.20 % on 2026-11-26, branch develop; there is nothing to compare it with." in result.stdout
    assert "coverage: no run of develop a week before that of 2026-11-26 has an artifact" in unseen(result)
    assert "1 have expired" in unseen(result)
    result = report(runs=runs, artifacts=[*kept[:2], artifact(runs[2], 7, {"other.txt": "no verdict"})])
    assert "- coverage: the artifact 7 holds no verdict: " in unseen(result)


def test_one_issue_while_a_target_is_missed(report, github):
    """M1: opened, edited, not doubled, closed when all are met, reopened; without --issue nothing is written."""
    missed, met = week(6, bad=3, jobs=True), week(6, jobs=True)
    assert report(**missed).stdout.startswith("## CI health: missed\n")
    assert github.writes() == []
    said = [
        report("--issue", **things).stdout for things in (missed, missed, week(8, bad=7, jobs=True), met, met, missed)
    ]
    done = ["opened #1", "nothing to do", "edited #1", "closed #1", "nothing to do", "reopened #1"]
    assert [find(r"^Issue: (.*)$", text, 8)[1] for text in said] == done
    (issue,) = github.state["issues"]
    assert (issue["state"], issue["labels"], issue["title"]) == ("open", ["ci-health"], "A target of CI is missed")
    assert "**Missed: success on main, develop 50 %, target 90.**" in issue["body"]
    assert issue["comments"][0].startswith("All targets are met:")
    github.set(
        refuse=[{"call": "POST.*/issues", "status": 410, "message": "Issues are disabled for this repo"}], issues=[]
    )
    result = report("--issue", environment={"GITHUB_ACTIONS": "true"}, **missed)
    assert (result.returncode, "::warning title=CI health::The issue could not be kept: " in result.stdout) == (0, True)


BYPASSES = {
    "ended": (
        {"ISSUE": "#12", "UNTIL": "2026-11-26"},
        "it ended on 2026-11-26 ([#12](https://g.invalid/octo/app/issues/12))",
    ),
    "half": ({"UNTIL": "2999-12-31"}, "it needs an issue and a date YYYY-MM-DD; issue '', until '2999-12-31'"),
    "no day": ({"ISSUE": "https://g.invalid/o/r/issues/1", "UNTIL": "2026-02-31"}, "Bypass refused: '2026-02-31'"),
}


@pytest.mark.parametrize("case", BYPASSES)
def test_a_bypass_that_forgives_nothing_any_more_is_named(report, case):
    """F3: with the command that ends it, for the variables that are set."""
    variables, said = BYPASSES[case]
    variables = {f"COVERAGE_BYPASS_{name}": value for name, value in variables.items()}
    server = {"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://g.invalid", "GITHUB_REPOSITORY": "octo/app"}
    result = report(environment=variables | server)
    assert said in result.stdout
    assert f"`{' && '.join(f'gh variable delete {name}' for name in variables)}`" in result.stdout
    assert "::warning title=CI health::Bypass refused: " in result.stdout


def test_a_bypass_that_is_valid_is_no_warning(report):
    """F3: today is the last day."""
    variables = {"COVERAGE_BYPASS_ISSUE": "#12", "COVERAGE_BYPASS_UNTIL": "2026-11-27", "GITHUB_ACTIONS": "true"}
    result = report(environment=variables)
    assert "\nBypassed until 2026-11-27 (#12): failures are warnings.\n" in result.stdout
    assert "::warning" not in result.stdout and "gh variable delete" not in result.stdout


def test_the_template_s_own_repository_can_use_it(report, tmp_path):
    """M1: targets are all that is needed; without branches in ci.yml, or without the file, it is the default branch."""
    (tmp_path / "pyproject.toml").write_text("[tool.quality-gate.health]\nflaky = 5\n", encoding="utf-8")
    result = report(project=tmp_path, repository={"default_branch": "trunk"}, **week(6, branch="trunk", jobs=True))
    assert cells(result, "Success on trunk")[:2] == ["100 %", "6 of 6 runs"]
    assert "**All targets are met: flaky runs.**" in result.stdout
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    assert "**No targets are set.**" in report(project=tmp_path, **week(6, jobs=True)).stdout


def test_the_workflow_reports_and_keeps_the_issue(copy, tmp_path):
    """M1, C9: with the rights of its job, what only a workflow knows, and one command that a person can run as well."""
    work = tmp_path / "work"
    (work / "run").mkdir(parents=True)
    (work / "run/repository.json").write_text(json.dumps(sample()), encoding="utf-8")
    options = {
        "work": work,
        "workflow": "ci-health.yml",
        "vars": {"CI_TEST_SHARDS": "2", "COVERAGE_BYPASS_ISSUE": "#12", "COVERAGE_BYPASS_UNTIL": "2026-11-26"},
        "secrets": {"CODECOV_TOKEN": "a secret"},
        "env": {"HEALTH_NOW": "2026-11-27T06:00Z"},
    }
    result = start(copy(python_versions="3.13"), tmp_path, "schedule", **options)
    job = result.jobs["report"]
    assert job.result == "success", job.end
    assert not (work / "run/gh-wrong.txt").exists()
    assert job.summary.startswith("## CI health: missed\n")
    for row in (
        "| `CODECOV_TOKEN` | secret | yes |",
        "| `SLACK_WEBHOOK_URL` | secret | no |",
        "| `CI_TEST_SHARDS` | variable | yes |",
    ):
        assert row in job.summary
    assert "Bypass refused: it ended on 2026-11-26 ([#12](https://github.com/" in job.summary
    assert "### Not seen" not in job.summary
    assert "a secret" not in job.summary + result.log
    (issue,) = json.loads((work / "run/repository.json").read_text(encoding="utf-8"))["issues"]
    assert issue["labels"] == ["ci-health"] and charts(issue["body"]) == charts(job.summary)
