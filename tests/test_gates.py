"""C7, V1-V3, F3: each gate alone, for what would take too long to show in whole runs of the pipeline."""

import contextlib
import io
import itertools
import json
import os
import re

import coverage
import pytest
import yaml
from conftest import environment, run
from pipelines import commit, hook_environment, write

RESULTS = ["success", "failure", "cancelled", "skipped"]
STAGES = ["lint", "test", "build", "integration"]
EVENTS = ["push", "pull_request", "merge_group", "schedule", "workflow_dispatch"]


@pytest.fixture(scope="session")
def quality_gate(bake, tmp_path_factory):
    """Return a function that executes the gate's own step, as rendered, and returns its verdict and its summary."""
    workflow = yaml.safe_load((bake() / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    (step,) = workflow["jobs"]["quality-gate"]["steps"]
    assert step["shell"] == "python3 {0}"
    code = compile(step["run"], "quality-gate", "exec")
    summary = tmp_path_factory.mktemp("gate") / "summary.md"

    def judge(results, event="push", findings="none", shards="1"):
        needs = {stage: {"result": result, "outputs": {}} for stage, result in results.items()}
        needs["lint"]["outputs"] = {"findings": findings} if findings else {}
        summary.write_text("", encoding="utf-8")
        variables = {"EVENT": event, "NEEDS": json.dumps(needs), "SHARDS": shards}
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
            for name, value in {**variables, "GITHUB_STEP_SUMMARY": str(summary)}.items():
                patch.setenv(name, value)
            try:
                exec(code, {})
                failed = False
            except SystemExit as error:
                failed = bool(error.code)
        text = summary.read_text(encoding="utf-8")
        verdict = re.match(r"## Quality gate: (\w+)\n", text)[1]
        assert failed == (verdict == "fail")
        return verdict, text

    return judge


@pytest.mark.parametrize("event", EVENTS)
def test_quality_gate_for_every_combination_of_results(quality_gate, event):
    """C7: passes only if every stage succeeded; integration alone may be skipped, and only off pull requests."""
    may_skip = event not in ("pull_request", "merge_group")
    for results in itertools.product(RESULTS, repeat=4):
        stages = dict(zip(STAGES, results, strict=True))
        integration = stages["integration"] == "success" or (may_skip and stages["integration"] == "skipped")
        expected = integration and all(stages[stage] == "success" for stage in STAGES[:3])
        verdict, summary = quality_gate(stages | {"coverage": "skipped"}, event)
        assert verdict == ("pass" if expected else "fail"), stages
        for stage, result in stages.items():
            assert f"| {stage} | {result} |" in summary


@pytest.mark.parametrize(
    ("findings", "verdict"), [("none", "pass"), ("style", "warn"), ("errors", "warn"), ("", "fail"), ("other", "fail")]
)
def test_quality_gate_warns_of_findings_and_fails_without_a_report(quality_gate, findings, verdict):
    results = dict.fromkeys([*STAGES, "coverage"], "success")
    assert quality_gate(results, "pull_request", findings)[0] == verdict


@pytest.mark.parametrize("shards", ["1", "2"])
@pytest.mark.parametrize("result", RESULTS)
def test_quality_gate_needs_the_combined_coverage_of_shards(quality_gate, shards, result):
    verdict, _ = quality_gate(dict.fromkeys(STAGES, "success") | {"coverage": result}, "pull_request", shards=shards)
    assert (verdict == "pass") == (result == "success" or (shards, result) == ("1", "skipped"))


@pytest.fixture
def measured(copy):
    """Return a function that generates a project with 100 % coverage data of a module that `lines` may leave out."""

    def measure(files=None, left_out=None):
        project = copy()
        commit(project)
        write(project, files or {})
        data = coverage.CoverageData(str(project / "reports/coverage/.coverage"))
        (project / "reports/coverage").mkdir(parents=True)
        arcs = {}
        for path in sorted((project / "src/my_project").rglob("*.py")):
            name = path.relative_to(project).as_posix()
            arcs[name] = all_arcs(path) if name not in (left_out or {}) else left_out[name]
        data.add_arcs(arcs)
        data.touch_files(arcs)
        data.write()
        return project

    return measure


def all_arcs(path):
    """Return every arc that coverage.py holds possible in the file at `path`."""
    from coverage.parser import PythonParser

    parser = PythonParser(filename=str(path))
    parser.parse_source()
    return parser.arcs()


def gate(project, *arguments, **variables):
    return run("python", "tools/coverage_gate.py", *arguments, cwd=project, check=False, **variables)


def rows(project, *arguments, **variables):
    report = json.loads(gate(project, "--json", *arguments, **variables).stdout)
    return report["verdict"], {(row["name"], row["note"]): row for row in report["rows"]}


BUS = "src/my_project/core/event_bus.py"


def test_coverage_gate_agrees_with_coverage_report_to_the_digit(measured):
    project = measured(left_out={BUS: [], "src/my_project/demo_mode.py": []})
    verdict, found = rows(project)
    assert verdict == "failed"

    def reported(*arguments):
        return run("coverage", "report", "--format=total", "--fail-under=0", *arguments, cwd=project).stdout.strip()

    assert found["total", "minimum"]["percent"] == reported()
    assert found["tier P0", "each module counts"]["percent"] == reported(
        "--include=src/my_project/config_manager.py,src/my_project/demo_mode.py"
    )
    assert found[BUS, ""]["percent"] == reported(f"--include={BUS}") == "0.00"
    assert found[BUS, ""]["status"] == "fail"


def test_coverage_gate_fails_a_module_of_a_tier_whose_other_modules_make_up_for_it(measured):
    project = measured(left_out={BUS: []}, files={"src/my_project/core/long.py": "x = 1\n" * 200})
    verdict, found = rows(project)
    assert verdict == "failed"
    assert float(found["tier P1", "each module counts"]["percent"]) > 80
    assert found[BUS, ""]["status"] == "fail"


CANNOT = {
    "no data": (lambda project: (project / "reports/coverage/.coverage").unlink(), "No data to report"),
    "wrong settings": (
        lambda project: write(project, {"pyproject.toml": lambda text: text.replace("core/**", "gone/**")}),
        "matches no module",
    ),
    "two tiers": (
        lambda project: write(project, {"pyproject.toml": lambda text: text.replace("frontend/**", "core/**")}),
        "a module has one tier",
    ),
    "new module": (
        lambda project: write(project, {"src/my_project/new.py": ""}),
        "no data for src/my_project/new.py: measure this checkout",
    ),
    "broken data": (
        lambda project: write(project, {"reports/coverage/.coverage": "not a database"}),
        "cannot judge: ",
    ),
}


@pytest.mark.parametrize("case", CANNOT)
def test_coverage_gate_says_why_it_cannot_judge(measured, case):
    project = measured()
    cause, message = CANNOT[case]
    cause(project)
    result = gate(project)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_coverage_gate_refuses_data_from_another_path(measured):
    project = measured()
    elsewhere = coverage.CoverageData(str(project / "reports/coverage/.coverage"))
    elsewhere.erase()
    elsewhere.add_lines({"/elsewhere/my_project/demo_mode.py": [1]})
    elsewhere.write()
    result = gate(project)
    assert result.returncode == 2
    assert "No data to report" in result.stderr or "No source for code" in result.stderr


PATCH = {"covered": (2, "pass"), "uncovered": (1, "fail")}


@pytest.mark.parametrize("case", PATCH)
def test_patch_counts_the_changed_lines_only(measured, case):
    """V3: decided here by a diff against the base; the rest of the module does not count."""
    changed = {BUS: lambda text: text + "\n\ndef added():\n    return 1\n"}
    project = measured(files=changed)
    data = coverage.CoverageData(str(project / "reports/coverage/.coverage"))
    if case == "uncovered":
        data.erase()
        files = [path.relative_to(project).as_posix() for path in (project / "src/my_project").rglob("*.py")]
        full = {name: all_arcs(project / name) for name in files}
        last = len((project / BUS).read_text(encoding="utf-8").splitlines())
        full[BUS] = [arc for arc in full[BUS] if last not in map(abs, arc)]
        data.add_arcs(full)
        data.write()
    _, found = rows(project, "--base", "HEAD")
    (row,) = [row for (name, _), row in found.items() if name == "patch"]
    hit, status = PATCH[case]
    assert (row["percent"], row["status"]) == (f"{50 * hit:.2f}", status)
    assert row["note"] == "2 lines since HEAD"


def test_patch_without_a_base_or_without_changes_is_said_and_passes(measured):
    project = measured()
    assert ("patch", "not judged: no base (--base COMMIT)") in rows(project)[1]
    assert ("patch", "no line of the package changed since HEAD") in rows(project, "--base", "HEAD")[1]
    result = gate(project, "--base", "origin/nowhere")
    assert (result.returncode, "no common commit with the base 'origin/nowhere'" in result.stderr) == (2, True)


BYPASSES = {
    "valid": ({"ISSUE": "#1", "UNTIL": "2999-12-31"}, "Bypassed until 2999-12-31 (#1)", True),
    "over": ({"ISSUE": "#1", "UNTIL": "2020-12-31"}, "Bypass refused: it ended on 2020-12-31", False),
    "no issue": ({"UNTIL": "2999-12-31"}, "Bypass refused: it needs an issue and a date", False),
    "no end": ({"ISSUE": "#1"}, "Bypass refused: it needs an issue and a date", False),
    "not a date": ({"ISSUE": "#1", "UNTIL": "tomorrow"}, "Bypass refused: it needs an issue and a date", False),
    "no such day": ({"ISSUE": "#1", "UNTIL": "2999-02-31"}, "Bypass refused: '2999-02-31'", False),
}


@pytest.mark.parametrize("case", BYPASSES)
def test_bypass(measured, case):
    """F3: an issue and an end date turn failures into warnings; anything less is refused, and says why."""
    variables, sentence, forgiven = BYPASSES[case]
    project = measured(left_out={BUS: []})
    variables = {f"COVERAGE_BYPASS_{name}": value for name, value in variables.items()}
    result = gate(project, GITHUB_ACTIONS="true", **variables)
    assert result.returncode == (0 if forgiven else 1)
    assert sentence in result.stdout
    assert f"::{'warning' if forgiven else 'error'} file={BUS}" in result.stdout


UNPINNED = """\
on: push
jobs:
  a:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v7
"""
LINT = {
    "black+isort+flake8": {
        "black": ("style", {"src/my_project/a.py": "x  = 1\n"}),
        "isort": ("style", {"src/my_project/a.py": "import sys\nimport os\n\nprint(sys, os)\n"}),
        "flake8": ("style", {"src/my_project/a.py": "import os\n"}),
        "flake8 undefined": ("errors", {"src/my_project/a.py": "print(nothing)\n"}),
        "mypy": ("errors", {"src/my_project/a.py": 'x: int = "a"\n'}),
        "trailing-whitespace": ("style", {"a.txt": "a \nb\n"}),
        "detect-private-key": ("errors", {"b.txt": "-----BEGIN RSA " + "PRIVATE KEY-----\n"}),
        "bandit": ("errors", {"src/my_project/a.py": "import os\n\nos.system(input())\n"}),
        "end-of-file-fixer": ("style", {"c.txt": "a"}),
        "mixed-line-ending": ("style", {"d.txt": "a\r\nb\nc\n"}),
        "check-case-conflict": ("errors", {"e.txt": "a\n", "E.txt": "a\n"}),
        "debug-statements": ("errors", {"src/my_project/a.py": "breakpoint()\n"}),
        "check-github-workflows": ("errors", {".github/workflows/bad.yml": "on: push\njobs: {a: {stepz: []}}\n"}),
        "check-dependabot": ("errors", {".github/dependabot.yml": lambda text: text.replace("weekly", "hourly")}),
        "check-jsonschema": ("errors", {".github/ISSUE_TEMPLATE/bad.yml": "name: a\n"}),
        "zizmor": ("errors", {".github/workflows/unpinned.yml": UNPINNED}),
        "verify-project": ("errors", {"a.json": "{\n"}),
        "check-codecov": ("errors", {".codecov.yml": lambda text: text.replace("round: down", "round: sideways")}),
    },
    "ruff": {
        "ruff-format": ("style", {"src/my_project/a.py": "x  = 1\n"}),
        "ruff-check": ("style", {"src/my_project/a.py": "def f():\n    x = 1\n"}),
        "ruff-check undefined": ("errors", {"src/my_project/a.py": "print(nothing)\n"}),
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("tools", LINT)
def test_lint_gate_tells_errors_from_style(copy, tmp_path, tools):
    """C3, P6: one run of pre-commit; each hook bites, each finding is named by its hook and told apart."""
    project = copy(lint_tools=tools)
    for number, (_, files) in enumerate(LINT[tools].values()):
        module = {f"src/my_project/a{number}.py": files.get("src/my_project/a.py")}
        files = module if module[f"src/my_project/a{number}.py"] else files
        write(project, files | {f"src/tests/unit/test_a{number}.py": '"""Tests of a."""\n'})
    commit(project)
    summary, output = tmp_path / "summary.md", tmp_path / "output"
    variables = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(output), "GITHUB_ACTIONS": "true"}
    variables |= environment(project) | hook_environment(project)
    result = run("nox", "-s", "lint", cwd=project, check=False, **variables)
    assert result.returncode == 1, result.stdout
    assert output.read_text(encoding="utf-8").splitlines()[-1] == "findings=errors"  # black writes there as well
    table = summary.read_text(encoding="utf-8")
    for number, (case, (kind, files)) in enumerate(LINT[tools].items()):
        hook, place = case.partition(" ")[0], f"a{number}.py" if "src/my_project/a.py" in files else ""
        assert re.search(rf"^\| {kind.rstrip('s')} \| [^|]*\b{hook}\b[^|]* \|.*{place}", table, re.M), (case, table)
        assert re.search(rf"^::(error|warning) file=.*title=Lint [^:]*\b{hook}\b[^:]*::", result.stdout, re.M)


def test_os_environment_is_untouched():
    """The quality gate runs in this process: it must leave nothing behind."""
    assert "NEEDS" not in os.environ
