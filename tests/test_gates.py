"""C3, C7: the quality gate and the lint gate alone, for what would take too long in whole runs of the pipeline."""

import itertools
import json
import re

import pytest
from conftest import environment, find, run
from pipelines import commit, hook_environment, write

RESULTS = ["success", "failure", "cancelled", "skipped"]
STAGES = ["lint", "test", "coverage", "build", "integration"]
EVENTS = ["push", "pull_request", "merge_group", "schedule", "workflow_dispatch"]


@pytest.fixture
def quality_gate(tools, tmp_path, monkeypatch, capsys):
    """Return a function that runs the gate's program on results; it returns its verdict and its summary."""
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))

    def judge(results, event="push", findings="none"):
        needs = {stage: {"result": result, "outputs": {}} for stage, result in results.items()}
        if "lint" in needs:
            needs["lint"]["outputs"] = {"findings": findings} if findings else {}
        summary.write_text("", encoding="utf-8")
        monkeypatch.setenv("GITHUB_EVENT_NAME", event)
        monkeypatch.setenv("NEEDS", json.dumps(needs))
        code = tools.quality_gate.main()
        text = summary.read_text(encoding="utf-8")
        verdict = find(r"^## Quality gate: (\w+)\n", text)[1]
        assert code == (verdict == "fail")
        said = capsys.readouterr().out
        assert said.startswith(text)
        assert (f"::{'error' if code else 'warning'} title=Quality gate::" in said) == (verdict != "pass")
        return verdict, text

    return judge


@pytest.mark.parametrize("event", EVENTS)
def test_quality_gate_for_every_combination_of_results(quality_gate, event):
    """C7: passes only if every stage succeeded; integration alone may be skipped, and only off pull requests."""
    may_skip = event not in ("pull_request", "merge_group")
    for results in itertools.product(RESULTS, repeat=len(STAGES)):
        stages = dict(zip(STAGES, results, strict=True))
        integration = stages["integration"] == "success" or (may_skip and stages["integration"] == "skipped")
        expected = integration and all(stages[stage] == "success" for stage in STAGES[:-1])
        verdict, summary = quality_gate(stages, event)
        assert verdict == ("pass" if expected else "fail"), stages
        for stage, result in stages.items():
            assert f"| {stage} | {result} |" in summary


@pytest.mark.parametrize(
    ("findings", "verdict"), [("none", "pass"), ("style", "warn"), ("errors", "warn"), ("", "fail"), ("other", "fail")]
)
def test_quality_gate_warns_of_findings_and_fails_without_a_report(quality_gate, findings, verdict):
    assert quality_gate(dict.fromkeys(STAGES, "success"), "pull_request", findings)[0] == verdict


@pytest.mark.parametrize("name", ["failover", "warnings"])
def test_quality_gate_reads_verdicts_not_names(quality_gate, name):
    assert quality_gate(dict.fromkeys([*STAGES, name], "success"))[0] == "pass"


@pytest.mark.parametrize("stage", STAGES)
def test_quality_gate_misses_a_stage_that_it_is_not_told_of(quality_gate, stage):
    """C7: as after an edit of its `needs`."""
    results = {name: "success" for name in STAGES if name not in (stage, "lint")}
    if stage != "lint":
        results = {"lint": "success", **results}
    verdict, summary = quality_gate(results)
    assert (verdict, f"| {stage} | missing | fail |" in summary) == ("fail", True)


@pytest.mark.parametrize("needs", ["", "{", "[]", "1", '{"lint": 1}', '{"lint": {"result": "success"}}', "[" * 9999])
def test_quality_gate_that_cannot_read_the_results_is_not_green(bake, needs):
    """R3: exit code 2 and one line, by a Python that has nothing but itself."""
    result = run("python3", "-I", "-S", "tools/quality_gate.py", cwd=bake(), check=False, NEEDS=needs)
    assert (result.returncode, result.stderr.count("\n")) == (2, 1), result.stderr
    assert "NEEDS is not the `needs` of GitHub" in result.stderr


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
        "rumdl": ("style", {"f.md": "[Nowhere](nowhere.md)\n", ".rumdl.toml": 'enable = ["MD013"]\n'}),
        "codespell in a guide": ("style", {"docs/ci_cd/CICD_MANUAL.md": lambda text: f"{text}\nRecieve.\n"}),
        "rumdl heading": ("style", {"docs/ci_cd/manual/testing.md": lambda text: f"{text}\n## Next\nText.\n"}),
        "rumdl table": ("style", {"docs/ci_cd/manual/stages.md": lambda text: f"{text}\n| a |\n| - |\nText.\n"}),
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
        hook, document = case.partition(" ")[0], "".join(path for path in files if path.endswith(".md"))
        place = f"a{number}.py" if "src/my_project/a.py" in files else document
        assert re.search(rf"^\| {kind.rstrip('s')} \| [^|]*\b{hook}\b[^|]* \|.*{place}", table, re.M), (case, table)
        assert re.search(rf"^::(error|warning) (file=.*,)?title=Lint [^:]*\b{hook}\b[^:]*::", result.stdout, re.M)
