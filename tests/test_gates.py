"""C3, C7: the quality gate and the lint gate alone, for what would take too long in whole runs of the pipeline."""

import contextlib
import io
import itertools
import json
import os
import re

import pytest
import yaml
from conftest import environment, find, run
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
        verdict = find(r"^## Quality gate: (\w+)\n", text)[1]
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
        "python-check-blanket-noqa": ("errors", {"src/my_project/a.py": "print(nothing)  # noqa\n"}),
        "codespell": ("style", {"src/my_project/a.py": '"""Recieve."""\n'}),
        "rumdl": ("style", {"f.md": "[Nowhere](nowhere.md)\n"}),
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
        assert re.search(rf"^::(error|warning) (file=.*,)?title=Lint [^:]*\b{hook}\b[^:]*::", result.stdout, re.M)


def test_os_environment_is_untouched():
    """The quality gate runs in this process: it must leave nothing behind."""
    assert "NEEDS" not in os.environ
