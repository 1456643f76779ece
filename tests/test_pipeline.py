"""C, V, T2: the rendered workflow runs under act, on real projects, in good cases and in bad ones."""

import itertools
import re

import pytest
import yaml
from conftest import TEMPLATE, find, interpreter
from pipelines import start
from test_tree import FILES

pytestmark = pytest.mark.slow

LINTED = {"lint": {"result": "success", "outputs": {"findings": "none"}}}
BUILT = LINTED | {"build": {"result": "success"}}
TESTED = {"test": {"result": "success"}, "coverage": {"result": "success"}}
EVENTS = ["push", "pull_request", "merge_group", "workflow_dispatch"]
HOSTILE = "a\";$(touch${IFS}pwned)'`touch${IFS}pwned`&"
FUNCTION = (
    "\n\ndef added_{0}(value):\n    if value:\n        return 1\n    if not value:\n        return 2\n    return 3\n"
)


def uncovered(count):
    """Return files that add `count` functions which no test calls, in a module of no tier."""
    text = '"""Something new."""\n' + "".join(FUNCTION.format(number) for number in range(count))
    package = "src/my_project"
    test = "from my_project import extra\n\n\ndef test_module():\n    assert extra.__doc__\n"
    return {f"{package}/extra.py": text, "src/tests/unit/test_extra.py": test}


def project_of(copy, versions="3.13", **answers):
    for version in versions.split():
        interpreter(version)
    return copy(python_versions=versions, **answers)


def verdicts(run):
    """Return the gate's verdict and the one on each stage, from the table in its summary."""
    summary = run.jobs["quality-gate"].summary
    rows = re.findall(r"^\| (\S+) \| (\S+) \| (.*) \|$", summary, re.M)
    return find(r"## Quality gate: (\w+)", summary)[1], {stage: verdict for stage, _, verdict in rows[2:]}


def counts(job, kind):
    """Return how many tests of a kind passed and failed, from the table in the job's summary."""
    found = re.search(rf"^\| {kind} \| (\d+) \| (\d+) \|", job.summary, re.M)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def keeps_and_uploads(run):
    """Compare what is kept, and what Codecov gets, per Python, with its token."""
    kept = {path.relative_to(run.artifacts).as_posix() for path in run.artifacts.rglob("*") if path.is_file()}
    assert {
        "test-3.13-1/coverage/coverage.xml",
        "test-3.13-1/coverage/html/index.html",
        "test-3.13-1/junit/tests.xml",
        "dist/my_project-0.1.0-py3-none-any.whl",
        "dist/my_project-0.1.0.tar.gz",
        "coverage-verdict/coverage-verdict.json",
    } <= kept
    assert [path for path in kept if re.fullmatch(r"test-3\.13-1/coverage/\.coverage-3\.13-1-\w+-\w+", path)]
    coverage, results = sorted(run.records("codecov/codecov-action"), key=len)
    assert coverage["files"] == "reports/coverage/coverage.xml"
    assert (results["files"], results["report_type"]) == ("reports/junit/tests.xml", "test_results")
    assert coverage["flags"] == results["flags"] == "python3.13"
    assert coverage["token"] == results["token"] == "t0ken"


@pytest.mark.parametrize(
    ("speed", "event"),
    [
        *itertools.product(["thorough"], EVENTS),
        ("balanced", "pull_request"),
        ("fast", "pull_request"),
    ],
)
def test_green_path(copy, tmp_path, speed, event):
    """C1, C2, C4-C8, V4: each event, and each ci_speed; hostile branches and titles change nothing."""
    project = project_of(copy, "3.12 3.13" if speed == "fast" else "3.13", ci_speed=speed)
    title = {"pull_request": {"number": 7, "title": HOSTILE, "base": {"ref": "develop"}, "head": {"ref": HOSTILE}}}
    payload = title if (speed, event) == ("thorough", "pull_request") else {}
    inputs = {"python": "all", "slow": "false"} if event == "workflow_dispatch" else {}
    # Lint and build are the same whatever the event and the speed; two runs have them all.
    is_whole = speed == "thorough" and event in ("push", "pull_request")
    options = {"inputs": inputs, "secrets": {"CODECOV_TOKEN": "t0ken"}}
    options["needs"] = None if is_whole else BUILT
    run = start(project, tmp_path, event, branch=HOSTILE, payload=payload, **options)
    is_pull_request = event == "pull_request"
    assert run.exit_code == 0, run.end
    results = {name: job.result for name, job in run.jobs.items()}
    integration = "success" if event in ("pull_request", "merge_group") else "skipped"
    assert results == dict.fromkeys(results, "success") | {"integration": integration}
    assert verdicts(run)[0] == "pass"
    assert list(run.jobs["test"].legs) == ["3.13, 1"]
    slow_runs = speed == "thorough"
    for leg in run.jobs["test"].legs.values():
        assert counts(leg, "performance") == (2 if slow_runs and event != "workflow_dispatch" else 1, 0)
        assert counts(leg, "unit") == (21, 0)
        assert ("created: " in leg.log) == (speed != "thorough"), "xdist"
    assert counts(run.jobs["integration"], "integration") == ((1, 0) if integration == "success" else (0, 0))
    assert ("created: " in run.jobs["integration"].log) == (speed != "thorough" and integration == "success"), "xdist"
    tried = "7 modules and 0 commands of my_project-0.1.0-py3-none-any.whl tried, 0 problems"
    assert [words in run.jobs["build"].summary for words in ("Name: my-project", tried)] == [is_whole] * 2
    if event == "push":
        keeps_and_uploads(run)
    if is_pull_request:
        assert HOSTILE in run.jobs["notify"].summary
    assert not list(tmp_path.rglob("pwned"))


MINIMUM = r"\| total \|  \| 5\d\.\d\d \| 60 \| fail, minimum \|"
# All test files of the sample but those of integration.
MEASURED_TESTS = [path for path in FILES if re.match(r"src/tests/(unit|performance)/", path)]
CASES = {
    # name: (event, files, options, the stage that fails, what the summaries or the logs of test and coverage show)
    "failing test": (
        "push",
        {"src/tests/unit/test_package.py": "def test_it():\n    assert 1 == 2\n"},
        {},
        "test",
        r"\| unit \| 20 \| 1 \| 0 \| 0 \| 0 \| 0 \| 95\.24 % \|",
    ),
    "collection error": (
        "push",
        {"src/tests/unit/test_package.py": "import nothing\n"},
        {},
        "test",
        "No module named 'nothing'",
    ),
    "no tests at all": (
        "push",
        {path: "" for path in MEASURED_TESTS},
        {},
        "test",
        "no tests ran|deselected",
    ),
    "under the minimum": ("push", uncovered(9), {}, "coverage", MINIMUM),
    "between minimum and target": (
        "push",
        uncovered(8),
        {},
        "",
        r"::warning title=Coverage::total: 6\d\.\d\d %, target 80 %",
    ),
    "changed lines under the patch target": (
        "pull_request",
        uncovered(2),
        {},
        "coverage",
        r"\| patch \|  \| \d\d\.\d\d \| 60 \| fail, \d+ lines since",
    ),
    "a base branch that has gone on": (
        "pull_request",
        {"src/my_project/__init__.py": lambda text: text + "\nNAMES = [1]\nNAMES.append(2)\n"},
        {"upstream": uncovered(3)},
        "",
        r"\| patch \|  \| 100\.00 \| 60 \| pass, 2 lines since",
    ),
    "base branch missing": (
        "merge_group",
        {},
        {"payload": {"merge_group": {"base_sha": "0" * 40}}},
        "coverage",
        "cannot judge: no common commit with the base",
    ),
    "bypass that is valid": (
        "push",
        uncovered(20),
        {"vars": {"COVERAGE_BYPASS_ISSUE": "#12", "COVERAGE_BYPASS_UNTIL": "2999-12-31"}},
        "",
        r"Bypassed until 2999-12-31 \(\[#12\]\(https://github\.com/[^/]+/[^/]+/issues/12\)\)",
    ),
    "bypass without issue": (
        "push",
        uncovered(20),
        {"vars": {"COVERAGE_BYPASS_UNTIL": "2999-12-31"}},
        "coverage",
        "Bypass refused: it needs an issue and a date",
    ),
    "Codecov down": (
        "push",
        {},
        {"env": {"CODECOV_DOWN": "1"}},
        "",
        "::warning title=Codecov::The upload failed",
    ),
    "artifacts cannot be kept": ("push", {}, {"env": {"ARTIFACTS_DOWN": "1"}}, "test", "was not kept"),
    "cache down": ("push", {}, {"env": {"CACHE_DOWN": "1"}}, "", "Coverage: passed"),
}


@pytest.mark.parametrize("case", CASES)
def test_test_stage(copy, tmp_path, case):
    """C4, C7, V1-V3, V6, F3: what tests, coverage and gate make of it; lint and build are told to have passed.

    After failing tests no coverage is told.
    """
    event, files, options, failed, shown = CASES[case]
    run = start(project_of(copy), tmp_path, event, files, job="quality-gate", needs=BUILT, **options)
    test, coverage = run.jobs["test"], run.jobs["coverage"]
    results = {"test": ("failure", "failure"), "coverage": ("success", "failure"), "": ("success", "success")}
    assert (test.result, coverage.result) == results[failed], test.end + coverage.end
    said = test.summary + test.log + coverage.summary + coverage.log
    assert re.search(shown, said), test.end + coverage.end
    why = "was not kept|cannot judge: (the tests of|no data of) Python 3.13"
    assert failed != "test" or re.search(why, test.log + coverage.log)
    assert ("## Coverage" in said) == (failed != "test" and "cannot judge" not in said)
    verdict, stages = verdicts(run)
    assert verdict == ("fail" if failed else "pass")
    assert failed == "" or stages[failed] == "fail"
    assert run.jobs["quality-gate"].result == ("failure" if failed else "success")


def test_failing_integration_test_fails_the_gate(copy, tmp_path):
    text = "def test_it():\n    assert 1 == 2\n"
    files = {"src/tests/integration/test_broken.py": text}
    told = BUILT | TESTED
    run = start(project_of(copy), tmp_path, "pull_request", files, job="quality-gate", needs=told)
    assert run.jobs["integration"].result == "failure"
    assert counts(run.jobs["integration"], "integration") == (1, 1)
    assert verdicts(run)[0] == "fail"
    assert verdicts(run)[1]["integration"] == "fail"


@pytest.mark.parametrize(
    ("files", "shown"),
    [
        ({"src/tests/unit/test_demo_mode.py": None}, "src/my_project/demo_mode.py: has no test file"),
        ({"src/my_project/core/event_bus.py": "def ("}, "src/my_project/core/event_bus.py: does not parse"),
        ({"README.md": lambda text: text.replace("pytest", "")}, None),
    ],
    ids=["no test", "syntax error", "fine"],
)
def test_build_stage(copy, tmp_path, files, shown):
    """C5: structure and syntax are verified before anything is built."""
    told = LINTED | TESTED
    run = start(project_of(copy), tmp_path, "push", files, job="quality-gate", needs=told)
    assert run.jobs["build"].result == ("failure" if shown else "success")
    assert verdicts(run)[1]["build"] == ("fail" if shown else "pass")
    assert not shown or shown in run.jobs["build"].log


LINT_CASES = {
    "style": ("x  =  1\n", "style"),
    "undefined name": ("def f():\n    return nothing\n", "errors"),
    "syntax error": ("def (\n", "errors"),
}


@pytest.mark.parametrize(
    ("gate", "case"),
    [*itertools.product(["errors"], LINT_CASES), ("everything", "style"), ("report", "undefined name")],
)
def test_lint_stage(copy, tmp_path, case, gate):
    """C3, C7: what lint finds is told apart, shown, and blocks as `lint_gate` says."""
    text, findings = LINT_CASES[case]
    tools = {"style": "ruff", "undefined name": "black+isort+flake8", "syntax error": "ruff"}[case]
    project = project_of(copy, lint_gate=gate, lint_tools=tools)
    told = TESTED | {"build": {"result": "success"}}
    files = {"src/my_project/added.py": text, "src/tests/unit/test_added.py": '"""Tests."""\n'}
    run = start(project, tmp_path, "push", files, job="quality-gate", needs=told)
    blocks = gate == "everything" or (gate, findings) == ("errors", "errors")
    lint = run.jobs["lint"]
    assert lint.result == ("failure" if blocks else "success"), lint.end
    assert lint.outputs["findings"] == findings
    assert f"| {findings.rstrip('s')} |" in lint.summary
    assert re.search(
        rf"::{'error' if findings == 'errors' else 'warning'} file=src/my_project/added\.py,line=\d", lint.end
    )
    verdict, stages = verdicts(run)
    assert (verdict, stages["lint"]) == (("fail", "fail") if blocks else ("warn", f"warn: {findings}"))


def test_lint_that_cannot_run_is_never_green(copy, tmp_path):
    """A broken installation of the hooks fails, also where no finding would block."""
    project = project_of(copy, lint_gate="report")
    told = TESTED | {"build": {"result": "success"}}
    files = {".pre-commit-config.yaml": lambda text: text.replace("rev: v6.0.0", "rev: v0.0.0")}
    env = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "url./nowhere/.insteadOf", "GIT_CONFIG_VALUE_0": "https://"}
    run = start(project, tmp_path, "push", files, job="quality-gate", needs=told, env=env)
    assert run.jobs["lint"].result == "failure"
    assert "Lint gate: pre-commit failed with exit code" in run.jobs["lint"].log
    assert verdicts(run)[0] == "fail"


def test_an_unknown_number_of_shards_stops_the_run(copy, tmp_path):
    run = start(project_of(copy), tmp_path, needs=BUILT, job="quality-gate", vars={"CI_TEST_SHARDS": "9"})
    assert run.exit_code
    assert "success" not in [job.result for job in run.jobs.values()]


def test_manual_runs_choose_a_python_and_slow_tests(copy, tmp_path):
    project = project_of(copy, "3.12 3.13")
    inputs = {"python": "3.12", "slow": "true"}
    run = start(project, tmp_path, "workflow_dispatch", job="test", inputs=inputs)
    assert list(run.jobs["test"].legs) == ["3.12, 1"]
    assert counts(run.jobs["test"], "performance") == (2, 0)


@pytest.mark.parametrize("value", ["own-runner", '["own-runner", "linux"]'])
def test_runner_is_a_repository_variable(copy, tmp_path, value):
    """G2: a label or a JSON list of labels; no other runner takes the jobs."""
    told = BUILT | TESTED
    options = {"job": "quality-gate", "needs": told, "vars": {"CI_RUNNER": value}}
    project = project_of(copy)
    assert start(project, tmp_path, runner="own-runner", **options).jobs["quality-gate"].result == "success"
    assert start(project, tmp_path, runner="other-runner", **options).jobs["quality-gate"].result == "queued"


@pytest.mark.parametrize("down", ["0", "1"])
def test_slack_hears_the_final_status_if_it_is_configured(copy, tmp_path, down):
    """C8: the message is data, whatever the branch is called; a failing message does not touch the verdict."""
    told = BUILT | {
        "test": {"result": "failure"},
        "coverage": {"result": "skipped"},
        "integration": {"result": "skipped"},
    }
    secrets = {"SLACK_WEBHOOK_URL": "https://example.invalid/hook"}
    project = project_of(copy)
    run = start(
        project, tmp_path, "pull_request", branch=HOSTILE, needs=told, secrets=secrets, env={"SLACK_DOWN": down}
    )
    (message,) = run.records("slackapi/slack-github-action")
    text = yaml.safe_load(message["payload"])["text"]
    assert text.startswith(f"failure: CI of {HOSTILE} at ")
    assert run.jobs["quality-gate"].result == "failure"


def test_examples_show_what_a_run_really_says(copy, tmp_path):
    """V2, V6: the summary in docs/EXAMPLES.md is this run's; only the commit differs, and the level of the headings."""
    files = uncovered(5) | {"src/my_project/demo_mode.py": lambda text: text + FUNCTION.format(0)}
    run = start(project_of(copy), tmp_path, "pull_request", files, job="coverage")
    page = (TEMPLATE / "docs/EXAMPLES.md").read_text(encoding="utf-8")
    shown = page.partition("untested lines to a module of P0:\n")[2].partition("The quality gate")[0]

    def lines(text):
        return [re.sub(r"since \w+", "since", line.lstrip("# ")) for line in text.splitlines() if line]

    assert lines(run.jobs["test"].summary + run.jobs["coverage"].summary) == lines(shown)
    said = (
        r"::error file=src/my_project/demo_mode\.py,title=Coverage::src/my_project/demo_mode\.py of tier P0: 85\.25 %"
    )
    assert re.search(said, run.jobs["coverage"].log)
