"""M4, M6: `nox -s github_setup`, by the rules of GitHub's description: the plan, what it changes, what it leaves."""

import importlib
import json
import sys

import pytest
from conftest import environment, run
from githubs import github_fixture  # noqa: F401 # a fixture
from pipelines import write

slow = pytest.mark.slow  # installs GitHub's description
BRANCH = "dev/a#b"  # a name that must be quoted in an address
PRO = "Upgrade to GitHub Pro or make this repository public to enable this feature."
RELEASE = "on: push\njobs:\n  publish:\n    environment: pypi\n"
ON = {"can_approve_pull_request_reviews": True, "default_workflow_permissions": "read"}
ONLY = {"protected_branches": False, "custom_branch_policies": True}
PYPI = {"name": "pypi", "policies": [{"name": "v*", "type": "tag"}], "deployment_branch_policy": ONLY}
UNKNOWN = "Unknown owner on line 1: make sure @octo exists and has write access to the repository\n\n  * @octo\n    ^"
OWNER = {"line": 1, "column": 3, "kind": "Unknown owner", "message": UNKNOWN, "path": "CODEOWNERS"}  # GitHub's words
SECRETS = ["CODECOV_TOKEN", "TEMPLATE_APP_PRIVATE_KEY"]


def setup(project, *arguments, code=0, **variables):
    """Run the program; return its lines."""
    command = [sys.executable, "tools/github_setup.py", *arguments]
    done = run(*command, cwd=project, check=False, PYTHONDONTWRITEBYTECODE="1", **variables)
    assert done.returncode == code, done.stdout + done.stderr
    return (done.stdout + done.stderr).splitlines()


def complete(project, github, **things):
    """Let the repository be as it should be, but for `things`."""
    files = sorted((project / ".github/rulesets").glob("*.json"))
    found = [json.loads(path.read_text(encoding="utf-8")) | {"id": number} for number, path in enumerate(files, 7)]
    programs = importlib.import_module("quality.github.issues")
    names = [{"name": name, "color": "ffffff"} for name in programs.LABELS]
    state = {"repository": {"default_branch": "develop"}, "branches": ["main", "develop"], "rulesets": found}
    state |= {"labels": names, "workflow_permissions": ON}
    state |= dict.fromkeys(("alerts", "security_fixes", "private_reports"), True)
    github.set(**state | {"code_scanning": {"state": "not-configured"}} | things)


@slow
def test_a_new_repository_is_set_up_and_a_second_time_changes_nothing(github, bake, copy):
    """M6, M4: the plan changes nothing; it names each setting, and what is left to a person with the place."""
    project = copy(develop_branch=BRANCH)
    write(project, {".github/workflows/publish.yml": RELEASE})
    github.set(branches=["main", BRANCH], repository={"default_branch": "main", "full_name": "octo/app"})
    github.set(
        workflow_permissions={"can_approve_pull_request_reviews": False, "default_workflow_permissions": "write"}
    )
    github.set(codeowners_errors=[OWNER])
    plan = run("nox", "-s", "github_setup", cwd=project, **environment(project)).stdout.splitlines()
    assert github.writes() == []
    changes = [line.removeprefix("change: ") for line in plan if line.startswith("change: ")]
    assert changes[:3] == [
        f"default branch: main → {BRANCH}",
        "ruleset 'Protected branches': none → 4 rules",
        "ruleset 'Release tags': none → 2 rules",
    ]
    assert changes[3].startswith("labels: none → audit, bug, ")
    assert changes[4:] == [
        'permissions of Actions: default_workflow_permissions: "write" → "read"; '
        "can_approve_pull_request_reviews: false → true",
        "Dependabot alerts: off → on",
        "Dependabot security updates: off → on",
        "private vulnerability reporting: off → on",
        "CodeQL's default setup: on → off",
        "environment pypi: none → for tags v* only",
    ]
    assert "Nothing is changed. To change it: `nox -s github_setup -- --apply`" in plan
    done = setup(project, "--apply")
    assert [line.removeprefix("done: ") for line in done if line.startswith("done: ")] == changes
    state = github.state
    assert state["repository"]["default_branch"] == BRANCH
    assert [rules["target"] for rules in state["rulesets"]] == ["branch", "tag"]
    assert (state["workflow_permissions"], state["environments"]) == (ON, [PYPI])
    assert (state["alerts"], state["security_fixes"], state["private_reports"]) == (True, True, True)
    assert state["code_scanning"]["state"] == "not-configured"
    github.writes()
    assert "All is as it should be." in setup(project, "--apply")
    assert github.writes() == []
    steps = [line.removeprefix("- ").partition(",")[0] for line in done if line.startswith("- ")]
    assert steps[:4] == ["CODECOV_TOKEN", "SLACK_WEBHOOK_URL", "TEMPLATE_APP_CLIENT_ID", "TEMPLATE_APP_PRIVATE_KEY"]
    assert "trusted publisher" in steps[4]
    assert steps[5].startswith("CODEOWNERS:1: Unknown owner on line 1: ")
    assert any("workflow publish.yml, environment pypi" in line for line in done)
    assert "https://app.codecov.io/gh/octo/app/new" in "".join(done)


@slow
def test_drift_is_named_and_mended_and_what_is_not_ours_stays(github, bake, tools):
    """M4: each setting; rulesets by name, whatever else GitHub has of that kind."""
    project = bake()
    complete(project, github)
    assert setup(project, "--check")[-1].startswith("- ")
    rules = github.state["rulesets"]
    parameters = rules[0]["rules"][2]["parameters"]
    parameters |= {"required_approving_review_count": 0, "allowed_merge_methods": ["squash"]}
    rules[0]["rules"][3]["parameters"]["required_status_checks"] = [{"context": "Other"}]
    rules[0]["rules"].append({"type": "required_signatures"})
    rules[1] |= {"enforcement": "disabled", "bypass_actors": []}
    others = [rules[0] | {"id": 1, "name": "Ours"}]
    others += [{"id": 3, "name": "Release tags", "source_type": "Organization", "rules": [], "enforcement": "active"}]
    twin = rules[1] | {"id": 90}
    theirs = [{"name": "AUDIT", "color": "000000"}, {"name": "theirs", "color": "111111"}]
    complete(project, github, rulesets=[*others, *rules, twin], labels=theirs, alerts=False, security_fixes=False)
    github.set(private_reports=False)
    github.set(workflow_permissions=ON | {"can_approve_pull_request_reviews": False})
    github.set(repository={"default_branch": "main"}, code_scanning={"state": "configured"})
    said = "\n".join(setup(project, "--check", code=1))
    for words in (
        "change: default branch: main → develop",
        'rules.required_signatures: {"type": "required_signatures"} → none',
        "rules.pull_request.parameters.required_approving_review_count: 0 → 1",
        'required_status_checks.Quality gate: none → {"context": "Quality gate"',
        'required_status_checks.Other: {"context": "Other"} → none',
        'ruleset \'Release tags\': enforcement: "disabled" → "active"; bypass_actors.RepositoryRole 5: none → {',
        "for a person: ruleset 'Release tags': there is another of this name: gh api -X DELETE repos/{owner}/{repo}",
        "change: labels: none → bug, ci-health, ",
        "permissions of Actions: can_approve_pull_request_reviews: false → true",
        "change: Dependabot alerts: off → on",
        "change: Dependabot security updates: off → on",
        "change: private vulnerability reporting: off → on",
        "change: CodeQL's default setup: on → off",
    ):
        assert words in said
    assert github.writes() == []
    assert setup(project, "--apply", code=1)[-1].startswith("- ")  # the twin is left to a person
    assert "PUT repos/{owner}/{repo}/rulesets/7" in github.writes()
    state = github.state
    assert state["rulesets"][:2] == others
    kept, (*_, reviews, checks) = {"allowed_merge_methods": ["squash"]}, state["rulesets"][2]["rules"]
    wanted = json.loads((project / ".github/rulesets/protected-branches.json").read_text(encoding="utf-8"))["rules"]
    assert (reviews["parameters"], checks) == (wanted[2]["parameters"] | kept | {"required_reviewers": []}, wanted[3])
    assert state["rulesets"][-1] == twin
    assert state["labels"][:2] == theirs
    github.set(rulesets=[rules for rules in state["rulesets"] if rules is not state["rulesets"][-1]])
    assert "All is as it should be." in setup(project, "--check")
    assert github.writes() == []


@slow
def test_who_does_not_administer_learns_what_is_seen_and_refused(github, bake, tools):
    """M6: every item is tried and named; who may bypass rules is hidden, which is no drift."""
    project = bake()
    complete(project, github, admin=False, labels=[], repository={"default_branch": "main"})
    plan = setup(project)
    assert "This login does not administer it: GitHub shows less to it, and refuses changes." in plan
    assert "as it should be: ruleset 'Protected branches': 4 rules" in plan
    for name in (
        "permissions of Actions",
        "Dependabot alerts",
        "Dependabot security updates",
        "CodeQL's default setup",
    ):
        assert any(line.startswith(f"cannot be read: {name}: GET repos/") for line in plan), name
    done = setup(project, "--apply", code=1)
    refused = [line for line in done if line.startswith("not done: ")]
    assert [line.split(": ")[1] for line in refused] == ["default branch", "labels"]
    assert all("Must have admin rights to Repository." in line for line in refused)
    assert "Not done, as the lines above say: default branch, labels, permissions of Actions, Dependabot" in "\n".join(
        done
    )


@slow
def test_a_private_repository_without_rulesets_gets_all_else(github, bake, tools):
    """M6: a free plan has none, which is said with the ways out; nor has it private reports of vulnerabilities.

    CodeQL's own set-up cannot be on without Code Security.
    """
    project = bake()
    missing = {"labels": [], "branches": ["main"], "repository": {"default_branch": "main", "private": True}}
    refuse = [{"call": "/rulesets", "message": PRO}]
    refuse += [{"call": "default-setup", "message": "Code Security must be enabled for this repository."}]
    secrets = {"dependabot_secrets": SECRETS, "variables": ["TEMPLATE_APP_CLIENT_ID"]}
    complete(
        project, github, **missing, refuse=refuse, secrets=SECRETS[:1], organization_secrets=SECRETS[1:], **secrets
    )
    done = setup(project, "--apply", code=1, DEPENDENCY_GRAPH_DOWN="1")
    way = "this plan has it for public repositories only: upgrade, or make this one public"
    assert f"for a person: rulesets: {way}" in done
    assert not any("private vulnerability reporting" in line for line in done)
    assert "for a person: default branch: main → develop, which is not on GitHub yet: push it first" in done
    assert "as it should be: CodeQL's default setup: off" in done
    assert "Not done, as the lines above say: default branch, rulesets" in done
    assert len(github.state["labels"]) == 7
    steps = [line.removeprefix("- ").partition(" (")[0] for line in done if line.startswith("- ")]
    code = "CODE_SECURITY, variable with the value true, once Code Security is on"
    assert steps == ["SLACK_WEBHOOK_URL, secret for Actions", code, "dependency graph"]


@slow
def test_a_repository_that_is_not_there_is_no_drift(github, bake):
    """M6: exit code 2, GitHub's words and the way out."""
    github.set(refuse=[{"call": "^GET repos/[^/]+/[^/]+$", "status": 404, "message": "Not Found"}])
    (line,) = setup(bake(), "--check", code=2)
    assert line.endswith("create the repository and push to it, or look at `git remote --verbose` and `gh auth status`")
    assert "Not Found (HTTP 404)" in line


@pytest.mark.parametrize("case", ["no gh", "not logged in"])
def test_without_gh_nothing_is_judged(bake, tmp_path, case):
    """M6, R3: exit code 2 and one line."""
    if case == "not logged in":
        (tmp_path / "gh").write_text("#!/bin/sh\necho 'To get started, please run:  gh auth login' >&2\nexit 4\n")
        (tmp_path / "gh").chmod(0o755)
    (line,) = setup(bake(), "--apply", code=2, PATH=str(tmp_path))
    words = {"no gh": "gh is not installed, or not on PATH: https://cli.github.com", "not logged in": "gh auth login"}
    assert line.startswith("GitHub setup: ")
    assert words[case] in line


def test_files_of_rules_that_cannot_be_used_are_all_named(copy, tmp_path):
    """R3: before GitHub is asked; gh is not there."""
    project = copy()
    rules = (project / ".github/rulesets/release-tags.json").read_text(encoding="utf-8")
    write(project, {".github/rulesets/a.json": "[]", ".github/rulesets/z.json": rules})
    (line,) = setup(project, code=2, PATH=str(tmp_path))
    assert ".github/rulesets/a.json: is no ruleset: give it a name and a list of rules" in line
    assert ".github/rulesets/z.json: has the name 'Release tags' of .github/rulesets/release-tags.json" in line
