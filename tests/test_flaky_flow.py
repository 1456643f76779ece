"""F1, F2: flaky-hunt.yml, run under act, and the session that lists the quarantine."""

import json

import pytest
from conftest import environment, run
from pipelines import start, write
from test_pipeline import project_of
from test_pytest_rules import QUARANTINE, SOON

pytestmark = pytest.mark.slow
PLANTED = """import random


def test_flaky(request):
    assert request.config.getoption("randomly_seed") % 2


def test_good():
    assert random.random() < 1
"""
HOSTILE = 'src/tests/unit/test_planted.py "--ignore=$(touch pwned)" --ignore=`touch${IFS}pwned`;touch${IFS}pwned&'


def test_a_hunt_by_hand_opens_an_issue(copy, tmp_path):
    """F1: on the default branch; inputs are words, not code; the reports are kept."""
    project = project_of(copy)
    repository = {"private": False, "fork": False, "default_branch": "main"}
    inputs = {"tests": HOSTILE, "repetitions": "3", "seed": "7"}
    files = {"src/tests/unit/test_planted.py": PLANTED}
    options = {"workflow": "flaky-hunt.yml", "payload": {"repository": repository}, "inputs": inputs}
    result = start(project, tmp_path, "workflow_dispatch", files, **options)
    job = result.jobs["hunt"]
    assert job.result == "success", job.end
    assert "## Flaky tests: 1 of 2" in job.summary
    assert "| `src/tests/unit/test_planted.py::test_flaky` | 1 of 3 | 33 % | 6.1 to 79.2 % | 8 | " in job.summary
    assert job.log.count("::warning file=src/tests/unit/test_planted.py,title=Flaky test::") == 1
    (issue,) = json.loads((result.folder / "repository.json").read_text(encoding="utf-8"))["issues"]
    assert issue["title"] == "Flaky test: src/tests/unit/test_planted.py::test_flaky"
    assert 'quarantine(issue="#1", until=' in issue["body"]
    kept = sorted(path.name for path in (result.artifacts / "flaky-hunt").iterdir())
    assert kept == ["hunt-7.xml", "hunt-8.xml", "hunt-9.xml"]
    assert not [path for folder in (project, tmp_path) for path in folder.rglob("pwned")]
    assert not (result.folder / "gh-wrong.txt").exists()


def test_the_session_lists_the_quarantine(copy):
    """F2: a sentence where there is nobody; in a project with coverage and parallel tests in its own options."""
    project = copy()
    write(project, {"pyproject.toml": lambda text: text.replace("addopts = [", 'addopts = [\n    "--cov", "-n2",', 1)})
    command, variables = ("nox", "--no-venv", "--no-install", "-s", "quarantine"), environment(project)
    assert "No test is in quarantine." in run(*command, cwd=project, **variables).stdout
    text = QUARANTINE.format(f"issue='#7', until='{SOON}'", "False")
    write(project, {"src/tests/integration/test_q.py": text, "src/tests/unit/test_q.py": text.replace(SOON, "soon")})
    said = run(*command, cwd=project, check=False, **variables)
    assert said.returncode == 1
    assert f"| `src/tests/integration/test_q.py::test_it` | `#7` | not committed | {SOON} | 7 |" in said.stdout
    assert "| `src/tests/unit/test_q.py::test_it` | `#7` | not committed | `soon` |  |" in said.stdout
    assert "In quarantine: 2; [tool.quality-gate.quarantine] allows 10 tests, for 60 days" in said.stdout
