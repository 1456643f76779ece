"""D2, D3: the pages of developers and reviewers have what each role asks for."""

import re

import pytest

ASKED = {
    "developing": {
        "branch": r"git switch -c feature/",
        "tests": r"nox -s affected",
        "watch mode": r"pytest-watcher",
        "hooks": r"PRE_COMMIT_GUIDE",
        "conventions of commits": r"imperative mood",
        "pull request with its template": r"gh pr create[^`]*`? asks: choose the template",
        "watching CI": r"gh pr checks --watch",
        "comments of a review": r"## Answer a review\n",
        "after the merge": r"git fetch --prune",
        "scenarios": r"(?s)## Scenario: a quick fix.*## Scenario: a large feature.*## Scenario: it fails in CI only",
        "best practices": r"## Best practices of developers\n",
    },
    "testing": {
        "placement": r"## Where tests go\n",
        "naming": r"## Name a test\n",
        "arrange, act, assert": r"## Arrange, act, assert\n+.*\n+```python",
        "goals of tiers": r"(?s)\| P0 \|.*\| P1 \|.*\| P2 \|",
        "node": r"pytest src/tests/unit/test_status_view\.py .*::TestDemoMode::test_",
        "marker": r'pytest -m "unit and not slow"',
        "report": r"pytest --cov --cov-report term --cov-report html",
        "systems": r"(?s)# macOS.*# Linux.*# Windows",
        "colours": r"(?s)\| green \|.*\| red \|.*\| yellow \|",
        "gaps": r"## Close a gap\n",
    },
    "reviewing": {
        "CI first": r"1\. \*\*CI\.\*\*",
        "checklists": r"(?s)## Code\n\n- \[ \].*## Tests\n\n- \[ \].*## Documents\n\n- \[ \].*## Function\n",
        "weights": r"(?s)\| P0 \| must.*\| P1 \| should.*\| P2 \| could",
        "good and bad": r"\| not so \| but so \|",
        "approval": r"(?s)## Approve\n.*one approval",
        "best practices": r"## Best practices of reviewers\n",
    },
}


@pytest.mark.parametrize("page", ASKED)
def test_a_page_has_what_its_role_asks_for(render, page):
    """D2, D3: what stands in blocks is run by tests/test_guides.py."""
    text = (render() / f"docs/ci_cd/manual/{page}.md").read_text(encoding="utf-8")
    assert [item for item, words in ASKED[page].items() if not re.search(words, text)] == []
