"""S1, S2, S4, M4, T3, T5: what documents promise about Dependabot, branch rules, variables and secrets."""

import importlib
import json
import re

import pytest
import yaml
from conftest import TEMPLATE, find

ANSWERS = {"default": {}, "other": {"develop_branch": "", "codeql": False, "deploy": "pypi", "main_branch": "trunk"}}


@pytest.fixture(params=ANSWERS)
def project(request, bake):
    return bake(**ANSWERS[request.param])


def read(path):
    return path.read_text(encoding="utf-8")


def updates(root):
    found = yaml.safe_load(read(root / ".github/dependabot.yml"))["updates"]
    assert len({update["package-ecosystem"] for update in found}) == len(found)
    return {update["package-ecosystem"]: update for update in found}


@pytest.mark.parametrize("own", [True, False], ids=["template", "project"])
def test_dependabot_waits_a_week_and_groups(bake, own):
    """S1, T3: the conda file is generated, so no ecosystem edits it."""
    found = updates(TEMPLATE if own else bake())
    assert sorted(found) == ["github-actions", *(["npm"] if own else []), "pip", "pre-commit"]
    for name, update in found.items():
        assert update["directory"] == ("/tests/github" if name == "npm" else "/"), name
        assert update["schedule"] == {"interval": "weekly"}, name
        assert update.get("cooldown", {}).get("default-days", 3) >= 7, f"{name}: zizmor and the documents say a week"
        assert [group["patterns"] for group in update["groups"].values()] == [["*"]], f"{name}: not one pull request"


def test_dependabot_leaves_generated_files_and_lower_bounds_alone(bake):
    """S4: other strategies raise a lower bound to what conda-forge may not have, or need a lock file."""
    pip = updates(bake())["pip"]
    assert pip.get("exclude-paths") == ["conf/**"], "the generated file would be edited too"
    assert pip.get("versioning-strategy") == "increase-if-necessary"


def test_dependabots_branch_is_completed_without_the_projects_code(bake):
    """S4, C9: for the bot alone, by the generator of the verification, whose version stands in one place."""
    job = yaml.safe_load(read(bake() / ".github/workflows/dependencies.yml"))["jobs"]["regenerate"]
    assert job["if"] == "github.event.pull_request.user.login == 'dependabot[bot]'"
    script = "\n".join(step.get("run", "") for step in job["steps"])
    assert not re.search(r"\bnox\b|tools/|--editable|python -m", script), "runs code of the project"
    installs = re.findall(r".*\binstall\b.*", script)
    assert installs, "the generator is not installed"
    assert all("--only-binary :all:" in line for line in installs), "runs the build of a package"
    assert not re.search(r"pyproject2conda==\d", script), "a second place for the version"
    pattern = find(r"'(pyproject2conda==.*?)'", script)[1]
    config = read(bake() / ".pre-commit-config.yaml")
    hooks = {hook["id"]: hook for repo in yaml.safe_load(config)["repos"] for hook in repo["hooks"]}
    found = re.findall(pattern, config)
    assert len(found) == 1, f".pre-commit-config.yaml names {len(found)} versions of the generator"
    assert found[0] in hooks["verify-project"]["additional_dependencies"]


def test_branch_rules_require_the_gate_and_one_approval_and_lock_nobody_out(project, tools):
    """M4: a sole maintainer, who cannot approve, may merge as administrator (role 5), through a pull request only."""
    ruleset = json.loads(read(project / ".github/rulesets/protected-branches.json"))
    ci = yaml.safe_load(read(project / ".github/workflows/ci.yml"))
    rules = {rule["type"]: rule.get("parameters", {}) for rule in ruleset["rules"]}
    assert (ruleset["target"], ruleset["enforcement"]) == ("branch", "active")
    names = ruleset["conditions"]["ref_name"]
    assert sorted(names["include"]) == sorted(f"refs/heads/{branch}" for branch in ci[True]["push"]["branches"])
    assert names["exclude"] == [], "GitHub demands the key"
    bypass = {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "pull_request"}
    assert ruleset.get("bypass_actors") == [bypass], "a sole maintainer can never merge"
    assert set(rules) == {"deletion", "non_fast_forward", "pull_request", "required_status_checks"}
    assert rules["pull_request"] == {
        "required_approving_review_count": 1,
        "dismiss_stale_reviews_on_push": True,
        "require_code_owner_review": False,
        "require_last_push_approval": False,
        "required_review_thread_resolution": True,
    }, "the documents promise one approval, of the newest commit, with all threads resolved"
    # 15368 is GitHub Actions: nobody else can report the check.
    check = {"context": ci["jobs"]["quality-gate"]["name"], "integration_id": 15368}
    assert rules["required_status_checks"] == {
        "strict_required_status_checks_policy": False,
        "do_not_enforce_on_create": True,
        "required_status_checks": [check],
    }, "branches can be created, and need not be rebased for each merge"
    words = " ".join(read(project / "docs/ci_cd/CICD_ENVIRONMENT_SETUP.md").split())
    assert "one approval and for one check, **Quality gate**" in words
    known = importlib.import_module("quality.github.rules")
    assert (known.GATE, known.ACTIONS) == tuple(check.values()), "programs know it by this name"
    files = (project / "tools").rglob("*.py")
    assert [path.name for path in files if '= "Quality gate"' in read(path)] == ["rules.py"], "in one place"


def test_guide_explains_what_no_run_can(project):
    """R4: with a CI_RUNNER that is no valid list no job starts, so only a guide can say what to do."""
    guide = " ".join(read(project / "docs/ci_cd/manual/debugging.md").split())
    for words in ("'runs-on'*", "Error parsing fromJson", "stays *Queued*", "> Actions > Variables"):
        assert words in guide


def test_tags_of_releases_stay_what_they_are(project):
    """M4, M3: whoever may push makes them; nobody but an administrator moves or deletes one."""
    ruleset = json.loads(read(project / ".github/rulesets/release-tags.json"))
    assert (ruleset["target"], ruleset["enforcement"]) == ("tag", "active")
    assert ruleset["conditions"] == {"ref_name": {"include": ["refs/tags/v*"], "exclude": []}}
    assert ruleset["bypass_actors"] == [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}]
    assert [rule["type"] for rule in ruleset["rules"]] == ["deletion", "update"]


def test_codeql_looks_for_what_it_can_find(bake):
    """S1: in the code and in the workflows, with more queries than by default."""
    steps = yaml.safe_load(read(bake() / ".github/workflows/codeql.yml"))["jobs"]["analyze"]["steps"]
    (init,) = [step["with"] for step in steps if "codeql-action/init@" in step["uses"]]
    assert init == {"languages": "python, actions", "queries": "security-extended"}


def test_the_template_explains_the_variables_of_every_project(bake):
    """C11, T1: each that a workflow reads, and no other."""
    texts = "\n".join(map(read, (bake() / ".github/workflows").iterdir()))
    table = re.findall(r"^\| (`[A-Z].*?) \|", read(TEMPLATE / "docs/ANSWERS.md"), re.M)
    assert sorted(re.findall(r"`(\w+)`", " ".join(table))) == sorted(set(re.findall(r"\bvars\.(\w+)", texts)))


def test_commits_are_checked_for_secrets_and_weaknesses(project):
    """S1."""
    config = yaml.safe_load(read(project / ".pre-commit-config.yaml"))
    hooks = {hook["id"] for repo in config["repos"] for hook in repo["hooks"]}
    assert {"bandit", "detect-private-key", "zizmor", "check-github-workflows", "check-dependabot"} <= hooks
