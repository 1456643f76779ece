"""M1, M3, M4, M6: the template's own repository does with the programs of the projects what they do."""

import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from conftest import TEMPLATE, find, run
from githubs import github_fixture  # noqa: F401 # a fixture
from healths import week
from pipelines import act, write
from release import saved  # scripts/release.py
from releases import GATE
from test_release_flow import push, results, tagged

pytestmark = pytest.mark.slow
WITHOUT = shutil.ignore_patterns(".venv", ".cache", "__pycache__", "build", "reports")


@pytest.fixture
def own(tmp_path):
    """A copy of this repository."""
    return shutil.copytree(TEMPLATE, tmp_path / "own", symlinks=True, ignore=WITHOUT)


def test_the_templates_tag_is_checked_and_released(own, tmp_path):
    """M3, T3: with the answers that are saved for the tests of later updates."""
    saved(own, "0.9.0")
    head = tagged(own, "v0.9.0")
    run("git", "branch", "--force", "main", cwd=own, check=False)
    result, releases = push(own, tmp_path, "v0.9.0", "work", {"checks": {head: [GATE]}})
    assert results(result) == ["success"] * 2, result.end
    (release,) = releases
    assert (release["tag_name"], release["prerelease"], release["_files"]) == ("v0.9.0", False, {})
    assert "- A thing, see [its page]." in release["body"]


def test_the_templates_health_is_reported_and_its_issue_kept(own, tmp_path):
    """M1: ci-health.yml by `make health`, with the targets of the template's pyproject.toml."""
    tagged(own, "v0.9.0")
    work, repository = tmp_path / "work", {"fork": False, "private": False, "default_branch": "main"}
    write(work, {"run/repository.json": json.dumps(week(6, minutes=60) | {"repository": repository})})
    options = {"workflow": "ci-health.yml", "env": {"HEALTH_NOW": "2026-11-27T06:00Z"}}
    job = act.run(own, "schedule", work=work, payload={"repository": repository}, **options).jobs["report"]
    assert job.result == "success", job.end
    assert "| Average duration | 60 minutes | 6 runs, the last attempt of each | 30 | missed |" in job.summary
    (issue,) = json.loads((work / "run/repository.json").read_text(encoding="utf-8"))["issues"]
    assert (issue["state"], issue["labels"]) == ("open", ["ci-health"])


def test_the_templates_repository_is_set_up_by_what_the_plan_says(own, github):
    """M4, M6: the printed command, pasted, sets it up; a second time changes nothing, and no bytecode is left."""
    github.set(branches=["main"])
    make = ("make", "--old-file=.venv/new", f"BIN={Path(sys.prefix, 'bin')}", "github-setup", "ARGS=--check")
    plan = run(*make, cwd=own, check=False, PYTHONDONTWRITEBYTECODE=None)
    assert plan.returncode == 2, "make's own for 1"
    assert github.writes() == []
    command = shlex.split(find(r"To change it: `(.+)`$", plan.stdout, re.M)[1])
    assert command[-1] == "--apply"
    done = run(*command, cwd=own, PYTHONDONTWRITEBYTECODE=None)
    assert "done: ruleset 'Protected branches': none → 4 rules\n" in done.stdout
    files = sorted((own / ".github/rulesets").glob("*.json"))
    wanted = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    assert [{key: rules[key] for key in rules if key != "id"} for rules in github.state["rulesets"]] == wanted
    github.writes()
    assert "All is as it should be." in run(*command, cwd=own, PYTHONDONTWRITEBYTECODE=None).stdout
    assert github.writes() == []
    assert [*own.glob("*/tools/**/__pycache__")] == []
