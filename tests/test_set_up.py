"""D1, D6, S2: the pages for the first steps name what is there: secrets, variables, jobs and hooks."""

import re

import pytest
import yaml
from conftest import find

SETUP, HOOKS = "docs/ci_cd/CICD_ENVIRONMENT_SETUP.md", "docs/ci_cd/PRE_COMMIT_GUIDE.md"
ANSWERS = {
    "default": {},
    "other": {"lint_tools": "ruff", "type_checking": "off", "codeql": False, "deploy": "pypi", "ci_speed": "fast"},
    "strict": {"type_checking": "strict"},
}


@pytest.fixture(params=ANSWERS)
def project(request, render):
    return render(**ANSWERS[request.param])


def read(path):
    return path.read_text(encoding="utf-8")


def section(project, path, heading):
    return find(rf"^## {heading}\n(.*?)(?=^## |\Z)", read(project / path), re.M | re.S)[1]


def test_each_secret_and_variable_is_named_and_no_other(project):
    """S2, D1, D6: with who sets it, and how."""
    texts = "\n".join(map(read, (project / ".github/workflows").iterdir()))
    cells = re.findall(r"^\| (`[^|]+) \|", section(project, SETUP, "Secrets and variables"), re.M)
    named = re.findall(r"`([A-Z_]+)`", " ".join(cells))
    assert sorted(named) == sorted(set(re.findall(r"\b(?:vars|secrets)\.(\w+)", texts)))


def test_each_job_is_run_here_by_the_session_that_it_runs_itself(project):
    """D1, D6."""
    jobs = yaml.safe_load(read(project / ".github/workflows/ci.yml"))["jobs"].values()
    steps = {job["name"].split(" (")[0]: " ".join(step.get("run", "") for step in job["steps"]) for job in jobs}
    sessions = {name: re.findall(r"-s (\w+)", text) for name, text in steps.items()}
    rows = re.findall(r"^\| (\w[\w ]*) \| (.*?)\|", section(project, SETUP, "Run the workflow here"), re.M)[1:]
    assert {name: re.findall(r"`nox -s (\w+)", cell) for name, cell in rows} == sessions


def test_each_hook_is_explained_and_no_other(project):
    """D1, D6: in the order in which the hooks run."""
    config = yaml.safe_load(read(project / ".pre-commit-config.yaml"))
    ids = [hook["id"] for repo in config["repos"] for hook in repo["hooks"]]
    assert re.findall(r"^### (.*)$", section(project, HOOKS, "The hooks"), re.M) == ids
