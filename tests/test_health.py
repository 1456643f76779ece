"""M1, F3: the report on CI's health, on repositories that the stand-in of gh keeps by the rules of GitHub's API."""

import importlib
import json
import re
import subprocess
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest
from conftest import CACHE, TEMPLATE, find, run
from githubs import github_fixture  # noqa: F401 # a fixture
from healths import NOW, artifact, charts, make_job, make_jobs, make_run, sample, stamp, stand_in, verdict
from pipelines import openapi, start

pytestmark = pytest.mark.slow  # installs GitHub's description
ISSUES = "repos/{owner}/{repo}/issues"
SEEN = {
    "HEALTH_VARIABLES": json.dumps({"CI_TEST_SHARDS": "2"}),
    "HEALTH_SECRETS": json.dumps(
        {"CODECOV_TOKEN": True, "SLACK_WEBHOOK_URL": False, "TEMPLATE_APP_PRIVATE_KEY": False}
    ),
}


@pytest.fixture
def report(bake, tools, github, monkeypatch, capsys):
    """Return a function that runs the program for a generated project, with `things` in the repository on GitHub."""
    api, program = (importlib.import_module(name) for name in ("github.api", "ci_health"))

    def start(*arguments, project=None, environment=None, **things):
        github.set(**things)
        with monkeypatch.context() as patch:
            patch.setattr(api, "subprocess", SimpleNamespace(run=stand_in))
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


def test_the_sample_is_what_the_document_shows(bake, github):
    """M1: one page, the verdict first; the README shows its chart. The program itself runs, and asks by gh."""
    github.set(**sample())
    command = (sys.executable, "tools/ci_health.py", "--now", "2026-11-27T06:00Z")
    result = run(*command, cwd=bake(), check=False, **SEEN)
    assert (result.returncode, result.stderr) == (0, "")
    shown = (TEMPLATE / "docs/MAINTENANCE.md").read_text(encoding="utf-8")
    assert re.sub(r"(?m)^##", "####", result.stdout).strip() in shown
    assert charts(result.stdout)[0] in (TEMPLATE / "README.md").read_text(encoding="utf-8")


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
    (tmp_path / "charts.json").write_text(json.dumps([*found, *broken]), encoding="utf-8")
    folder = openapi.installed(CACHE)
    answer = run(openapi.NODE / "bin/node", folder / "chart.mjs", tmp_path / "charts.json", cwd=folder)
    took, good, *refused = json.loads(answer.stdout)
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


def test_without_runs_nothing_is_judged_and_no_issue_changes(report, github):
    """M1: it says what it did not see, and what there is is still shown."""
    result = report("--issue", artifacts=[], cache={"active_caches_size_in_bytes": 0, "active_caches_count": 0})
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("## CI health: not judged\n")
    assert "No runs with a verdict in 12 weeks." in result.stdout
    assert charts(result.stdout) == []
    assert "- coverage: no run has an artifact coverage-verdict" in unseen(result)
    assert cells(result, "Caches")[:2] == ["0 MB", "0 kept"]
    assert github.writes() == []


def test_few_runs_are_shown_and_not_judged(report, github):
    """M1: four bad runs are chance."""
    result = report("--issue", **week(4, bad=4, minutes=60))
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
    assert "| Test (Python 3.12, part 1) | 2 | 7.2 | 7.5 | 1 | 1 |" in result.stdout
    assert "| Build | 2 | 1.0 | 1.0 | 1 | 0 |" in result.stdout


def test_more_runs_than_github_lists_are_read_by_halves(report, github):
    """M1: 1,000 at most of a range; of a single second no more can be had, which is said."""
    more = [make_run(1 + place / 250, attempt=1) for place in range(1001)]
    result = report(runs=more, refuse=[{"call": "/jobs", "status": 403, "message": "API rate limit exceeded"}])
    assert cells(result, "Average duration")[1:] == ["1001 runs, the last attempt of each", "15", "met"]
    ranges = {call.partition("created=")[2] for call in github.calls() if "created=2026-11-2" in call}
    assert len(ranges) == 3, "the week and its halves"
    result = report(runs=[make_run(1) for _ in range(1001)], refuse=[{"call": "/jobs", "message": "rate limit"}])
    assert "GitHub gives 1000 of 1001 runs of one second" in unseen(result)
    assert cells(result, "Average duration")[-1] == "unknown"


def test_a_limit_in_the_middle_ends_the_asking_and_keeps_what_was_read(report, github):
    """M1: no call after it; what is not whole is missed for sure or unknown, never met."""
    limit = {"call": "/jobs", "status": 403, "message": "API rate limit exceeded for installation", "after": 2}
    result = report("--issue", refuse=[limit], **week(6, jobs=True))
    assert result.returncode == 0, result.stderr
    asked = [call for call in github.calls() if "/jobs" in call or "artifacts" in call or "cache" in call]
    assert len(asked) == 3
    assert cells(result, "Average duration")[-1] == "met"
    assert cells(result, "All jobs together")[1].startswith("2 of 6 runs")
    assert "- jobs of some runs: GET repos/{owner}/{repo}/actions/runs/" in unseen(result)
    assert "rate limit exceeded for installation (HTTP 403) (and 3 more)" in unseen(result)
    assert "- caches: not asked after that" in unseen(result)


def test_a_limit_before_the_jobs_of_repeated_runs_leaves_flaky_runs_open(report):
    """M1: they are asked for first; without them no target of flaky runs is met."""
    limit = {"call": "/jobs", "status": 429, "message": "You have exceeded a secondary rate limit"}
    runs = week(6)["runs"] + [make_run(2, attempt=2)]
    result = report(refuse=[limit], runs=runs)
    assert cells(result, "Flaky runs") == ["0 %", "0 of 6 runs", "5", "unknown"]
    assert "Met: average duration, success on main, develop. Not judged: flaky runs." in result.stdout


def test_no_more_calls_are_made_than_a_token_has(report, github, monkeypatch):
    """M1: 1,000 an hour for a workflow's token; the report stops before."""
    reading = importlib.import_module("health.reading")
    monkeypatch.setattr(reading, "JOBS_OF", 4)
    result = report(**week(6, jobs=True))
    assert cells(result, "All jobs together")[1].startswith("4 of 6 runs, ")
    assert "- jobs of some runs: the report reads those of 4 runs, there are 6" in unseen(result)
    github.calls()
    monkeypatch.setattr(reading, "CALLS", 5)
    result = report()
    assert len(github.calls()) == 5
    assert ": 5 calls were made, of the 1,000 that a workflow's token has in an hour\n" in unseen(result)
    assert "- runs of earlier weeks: not asked after that\n" in unseen(result)


PRIVATE = {"call": "/actions/", "status": 403, "message": "Resource not accessible by integration"}


def test_without_rights_the_program_says_what_it_lacks(report, github):
    """M1: exit code 2 if nothing could be read; a part that could is shown."""
    result = report(refuse=[PRIVATE], **week(6))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("CI health: cannot report: runs from 2026-11-20 to 2026-11-27: GET repos/")
    assert "Resource not accessible by integration (HTTP 403)" in result.stderr
    assert len(github.calls()) == 16, "each list once"
    result = report(refuse=[{"call": "", "status": 404, "message": "Not Found"}])
    assert result.returncode == 2
    hidden = {"call": "(cache/usage|artifacts)", "status": 404, "message": "Not Found"}
    result = report(refuse=[hidden], **week(6, jobs=True))
    assert result.returncode == 0, result.stderr
    assert [line.split(":")[0] for line in unseen(result).splitlines() if line] == [
        "- artifacts",
        "- caches",
        "- coverage",
        "- whether some secrets and variables are set",
    ]
    assert "| Artifacts |  |  |  |  |" in result.stdout


def test_a_fork_says_that_it_is_one(report):
    """M1: its targets are judged all the same."""
    result = report(repository={"fork": True}, **week(6, jobs=True))
    assert "- the repository that this is a fork of: runs, secrets and variables are those of the fork" in unseen(
        result
    )
    assert result.stdout.startswith("## CI health: met\n")


def test_coverage_is_compared_with_a_week_before(report):
    """M1: of runs on the branches, the same branch; not a pull request, nor a nearer run."""
    runs = [make_run(1), make_run(7.9), make_run(8.1), make_run(9, branch="main"), make_run(0.5, event="pull_request")]
    percents = [("a", "50.00"), ("a", "99.00"), ("a", "60.00"), ("a", "97.00"), ("a", "1.00")]
    kept = [
        artifact(run, place, verdict(**dict([pair])))
        for place, (run, pair) in enumerate(zip(runs, percents, strict=True))
    ]
    result = report(runs=runs, artifacts=kept)
    assert "| src/app/a.py | 60.00 | 50.00 | -10.00 |" in result.stdout
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


WRONG = {
    "target": (
        "[tool.quality-gate.health]\nflaky = -1\nminuts = 3\n",
        {},
        ["flaky: -1 is not a number", "write minutes"],
    ),
    "variables": ("", {"HEALTH_VARIABLES": "[1]"}, ["HEALTH_VARIABLES: is no JSON object"]),
    "time": ("", {"HEALTH_NOW": "soon"}, []),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_settings_are_named(report, tmp_path, case):
    """R3: all at once, exit code 2."""
    text, variables, said = WRONG[case]
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    (tmp_path / ".github/workflows").mkdir(parents=True)
    (tmp_path / ".github/workflows/x.yml").write_text("env: { A: '${{ vars.B }}' }", encoding="utf-8")
    result = report(project=tmp_path, environment=variables)
    assert result.returncode == (2 if said else 0)
    for words in said:
        assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_the_last_second_and_the_first_of_a_week_are_asked_for_once(report, github):
    """M1: GitHub's ranges hold both ends."""
    report()
    asked = [call.partition("created=")[2].replace("%3A", ":") for call in github.calls() if "created=" in call]
    ends = [NOW - timedelta(days=7 * back) for back in range(12)]
    assert asked == [f"{stamp(end - timedelta(days=7) + timedelta(seconds=1))}..{stamp(end)}" for end in ends]


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
