"""D4, F4, M5: what the pages for maintainers say is what the programs and the rules have."""

import importlib
import json
import re

import pytest

PAGES = "docs/ci_cd/manual"


def section(text, heading):
    """Return a section of a page, without those below it."""
    return re.search(rf"^##+ {re.escape(heading)}\n(.*?)(?=^##+ |\Z)", text, re.M | re.S)[1]


@pytest.fixture(name="maintaining")
def maintaining_fixture(bake):
    return (bake() / PAGES / "maintaining.md").read_text(encoding="utf-8")


def test_every_label_has_what_to_do(maintaining, tools):
    """D4: those that github_setup makes, no other; the week asks for each of a program or of a form for trouble."""
    labels = set(importlib.import_module("quality.github.issues").LABELS)
    assert set(re.findall(r"^\| `([a-z-]+)` \|", section(maintaining, "Triage"), re.M)) == labels
    asked = set(re.findall(r"--label (\S+)", section(maintaining, "Every week")))
    assert asked == labels - {"bug", "enhancement"}  # others are asked for by `no:label`


@pytest.mark.parametrize("rhythm", ["week", "month", "quarter"])
def test_every_task_has_its_command(maintaining, rhythm):
    """M5: in the block of its rhythm, below the line that says what for."""
    block = re.search(r"```bash\n(.*?)```", maintaining.split(f"## Every {rhythm}\n")[1], re.S)[1]
    tasks = re.split(r"^# ", block, flags=re.M)
    assert tasks.pop(0) == "" and len(tasks) > 1
    for task in tasks:
        assert len(task.strip().splitlines()) > 1, task


def test_each_emergency_has_its_runbook(bake, tools):
    """F4: signs, the first five minutes, commands, back to normal; the bypass by the names that the gate reads."""
    text = (bake() / PAGES / "emergencies.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)", text, re.M)
    books = ["The build system is down", "Hotfix", "Coverage blocks valid work", "Flaky epidemic", "Undo a merge"]
    assert headings == books
    for heading in headings:
        book = section(text, heading)
        assert all(f"**{part}.**" in book for part in ("Signs", "First five minutes", "Back to normal")), heading
        assert "```bash" in book, heading
    names = importlib.import_module("quality.bypass").NAMES
    assert set(re.findall(r"gh variable set (COVERAGE_\w+)", text)) == set(names)


def test_two_approvals_are_the_rules_that_are_there_and_one_more(render, tools):
    """F4: for the branch of releases alone; where all goes to it there is no such file."""
    project = render(main_branch="trunk")
    rules = importlib.import_module("quality.github.rules")
    there = rules.load(project)[rules.BRANCHES]
    page = (project / PAGES / "emergencies.md").read_text(encoding="utf-8")
    given = json.loads(re.search(r"```json\n(.*?)```", page, re.S)[1])
    assert given["name"] not in [known["name"] for known in rules.load(project).values()]
    assert rules.branches(given) == ["trunk"]
    (rule,) = (rule for rule in there["rules"] if rule["type"] == "pull_request")
    assert given["bypass_actors"] == there["bypass_actors"]
    assert given["rules"] == [rule | {"parameters": rule["parameters"] | {"required_approving_review_count": 2}}]
    assert "```json" not in (render(develop_branch="") / PAGES / "emergencies.md").read_text(encoding="utf-8")


def test_what_may_not_be_published_is_not_said_to_be(render):
    """D1, G2: PyPI refuses a proprietary package; any other can be published there later."""
    guides = [
        (render(license=given) / "docs/ci_cd/DEPLOYMENT_GUIDE.md").read_text("utf-8")
        for given in ("MIT", "Proprietary")
    ]
    assert ["PyPI" in guide for guide in guides] == [True, False]
