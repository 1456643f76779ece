"""M4, M6: single settings of a repository on GitHub: what the files of a project ask for, and what is found."""

import importlib

import pytest
from githubs import github_fixture, hub_at_hand_fixture  # noqa: F401 # fixtures
from pipelines import write
from test_github_setup import ONLY, OWNER, PYPI, RELEASE

PROTECTED = {"protected_branches": True, "custom_branch_policies": False}


@pytest.mark.parametrize(
    ("names", "branches"),
    [
        (["refs/heads/develop", "refs/heads/main"], ["develop", "main"]),
        (["~DEFAULT_BRANCH", "refs/heads/releases/**", "refs/heads/a/b"], ["a/b"]),
        (["~ALL"], []),
    ],
)
def test_branches_are_what_the_rules_name(tools, names, branches):
    """M6: a pattern names none."""
    rules = importlib.import_module("quality.github.rules")
    assert rules.branches({"conditions": {"ref_name": {"include": names}}}) == branches
    assert rules.branches({}) == []


@pytest.mark.parametrize(
    ("environment", "is_there"),
    [
        ("pypi", True),
        ("{ name: pypi, url: u }", True),
        ("pypi-test", False),
        ("[pypi]", False),
        ("{ url: pypi }", False),
    ],
)
def test_who_publishes_is_read_from_the_workflows(tools, tmp_path, monkeypatch, environment, is_there):
    """M6: the exact name of the environment, in whatever file; comments and scripts say nothing."""
    items = importlib.import_module("quality.github.items")
    monkeypatch.setattr(items, "ROOT", tmp_path)
    assert items.publisher() == ""
    jobs = f"jobs:\n  a:\n    steps: [{{ run: 'x' }}]\n  b:\n    environment: {environment}\n"
    other = "# environment: pypi\njobs:\n  a:\n    steps:\n      - run: |\n          environment: pypi\n"
    write(tmp_path / ".github/workflows", {"a.yml": other, "b.yml": "", "c.yml": "jobs:\n", "own.yaml": jobs})
    assert items.publisher() == ("own.yaml" if is_there else "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("found", "state", "calls"),
    [
        (PYPI | {"deployment_branch_policy": None}, "for a person", 0),
        (PYPI | {"policies": []}, "change", 1),
        (PYPI | {"policies": [{"name": "main", "type": "branch"}]}, "as it should be", 0),
        (
            PYPI | {"deployment_branch_policy": dict.fromkeys(ONLY, False) | {"protected_branches": True}},
            "as it should be",
            0,
        ),
    ],
)
def test_an_environment_that_every_branch_may_use_is_not_right(
    github, hub_at_hand, tools, tmp_path, monkeypatch, found, state, calls
):
    """M6: one that is there keeps who must approve; where a call broke off, the rest is done."""
    items = importlib.import_module("quality.github.items")
    monkeypatch.setattr(items, "ROOT", tmp_path)
    write(tmp_path, {".github/workflows/release.yml": RELEASE})
    github.set(environments=[found])
    (item,) = items.environment({"html_url": "https://github.com/octo/app"})
    assert (item.state, len(item.calls)) == (state, calls)
    assert ("https://github.com/octo/app/settings/environments" in item.text) == (state == "for a person")
    for call in item.calls:
        items.ask(*call)
    assert github.state["environments"] == [PYPI if calls else found]


UNKNOWN = OWNER["message"].partition("\n")[0]
PATTERN = "Invalid pattern on line 3: Did you mean `**/*.rb`?"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("errors", "refused", "said"),
    [
        ([], None, []),
        ([], 404, []),
        ([], 403, ["look at CODEOWNERS: GET repos/{owner}/{repo}/codeowners/errors: gh: no (HTTP 403)"]),
        (
            [OWNER, OWNER | {"line": 3, "kind": "Invalid pattern", "message": f"{PATTERN}\n\n  ***/*.rb @a\n  ^"}],
            None,
            [
                f"CODEOWNERS:1: {UNKNOWN}: write a person (@name) or a team (@org/team) who may write to the "
                "repository, never an organisation itself",
                f"CODEOWNERS:3: {PATTERN}",
            ],
        ),
    ],
    ids=["right", "no file", "refused", "wrong"],
)
def test_who_cannot_review_is_named(github, hub_at_hand, tools, errors, refused, said):
    """M6, D7: an organisation, the default where one owns the repository, is no owner of code."""
    github.set(codeowners_errors=errors)
    if refused:
        github.set(refuse=[{"call": "/codeowners/errors$", "status": refused, "message": "no"}])
    assert list(importlib.import_module("github_setup").errors_of_owners()) == said
