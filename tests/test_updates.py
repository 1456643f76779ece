"""L1, L2, M2: real cruft on real projects: updates, conflicts, other thresholds, and the weekly workflow."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
from conftest import ANSWERS, TEMPLATE, clone, differences, find, record, run
from pipelines import act, hook_environment
from test_numbers import documents, stated
from test_tree import tree

pytestmark = pytest.mark.slow
PROJECT = "{{cookiecutter.project_slug}}"
QUESTIONS = {name: value for name, value in ANSWERS.items() if name[0] != "_"}
CHANGING = {"fail_under", "target", *(f"tiers.P{number}.target" for number in range(3))}
RELEASES = sorted((TEMPLATE / "tests/answers").glob("*.json"))


@pytest.fixture
def linked(template, tmp_path):
    """Return a function that makes a project by `cruft create` from a copy of the template, committed."""

    def create(**answers):
        clone(template)
        extra = ["--extra-context", json.dumps(answers)]
        run("cruft", "create", template, "--no-input", "--output-dir", tmp_path / "my work é", *extra, cwd=tmp_path)
        (project,) = (tmp_path / "my work é").iterdir()
        record(project, "start")
        return project

    return create


def change(folder, path, old, new):
    """Replace `old` by `new` in the file at `path` and commit; None for `old` writes the file anew."""
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    text = new if old is None else file.read_text(encoding="utf-8").replace(old, new)
    assert old is None or text != file.read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    record(folder, f"change {path}")


def update(project, *arguments, check=True):
    return run(sys.executable, "tools/update_project.py", *arguments, cwd=project, check=check)


def fresh(template, tmp_path, answers):
    """Return the files of a new project with the same answers, from the template as it is now."""
    out = tmp_path / "fresh"
    run("cruft", "create", template, "--no-input", "--output-dir", out, "--extra-context", answers, cwd=tmp_path)
    (project,) = out.iterdir()
    return tree(project)


def test_user_edits_survive_an_update_that_equals_a_fresh_project(linked, template, tmp_path):
    """L1: a change beside an edit, to a deleted file, files added, moved and removed, a new rev, a new answer."""
    project = linked()
    edit = ("## Every day", "## My own section\n\nMine.\n\n## Every day")
    change(project, "README.md", *edit)
    change(project, "mine/own.txt", None, "mine\n")
    (project / "CONTRIBUTING.md").unlink()
    record(project, "no contributing")
    branch = run("git", "rev-parse", "HEAD", cwd=project).stdout

    answers = json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))
    answers = {"project_name": answers.pop("project_name"), "greeting": "Hello"} | answers
    (template / "cookiecutter.json").write_text(json.dumps(answers), encoding="utf-8")
    change(template, f"{PROJECT}/README.md", "## Delete the sample", "## Delete the whole sample")
    change(template, f"{PROJECT}/CONTRIBUTING.md", "# Contributing", "# How to contribute")
    change(template, f"{PROJECT}/.pre-commit-config.yaml", "rev: v6.0.0", "rev: v6.1.0")
    change(template, f"{PROJECT}/GREETING.md", None, "{{ cookiecutter.greeting }}\n")
    (template / PROJECT / "SECURITY.md").rename(template / PROJECT / "docs/SECURITY.md")
    (template / PROJECT / ".github/ISSUE_TEMPLATE/feature_request.yml").unlink()
    record(template, "move and remove")

    assert run("cruft", "check", cwd=project, check=False).returncode == 1
    update(project)
    assert run("cruft", "check", cwd=project).returncode == 0
    assert run("git", "rev-parse", "HEAD", cwd=project).stdout == branch
    expected = fresh(template, tmp_path, json.dumps({}))
    readme = expected["README.md"].decode().replace(*edit)
    expected |= {"README.md": readme.encode(), "mine/own.txt": b"mine\n"}
    del expected["CONTRIBUTING.md"]
    assert expected["GREETING.md"] == b"Hello\n"
    updated, recorded = tree(project), ".cruft.json"
    assert json.loads(updated.pop(recorded)) == json.loads(expected.pop(recorded))
    assert differences(updated, expected) == []
    assert not (project / "SECURITY.md").exists()


@pytest.mark.parametrize("deleted", [True, False], ids=["sample deleted", "sample kept"])
def test_updates_leave_the_sample_alone(linked, template, deleted):
    """L1, P9: with plain cruft too; a deleted sample never comes back in parts, and the rules for tests arrive."""
    project = linked()
    package = "src/{{cookiecutter.package_name}}"
    if deleted:
        commands = find(r"## Delete the sample.*?```bash\n(.*?)```", (project / "README.md").read_text("utf-8"), re.S)
        run("bash", "-ec", commands[1], cwd=project)
        record(project, "delete the sample")
    assert run("cruft", "diff", "--exit-code", cwd=project).stdout == ""
    change(template, f"{PROJECT}/{package}/more.py", None, "X = 1\n")
    change(template, f"{PROJECT}/{package}/more/deep.py", None, "X = 1\n")
    change(template, f"{PROJECT}/{package}/core/event_bus.py", "class", "# better\nclass")
    change(template, f"{PROJECT}/src/tests/unit/test_more.py", None, "")
    change(template, f"{PROJECT}/src/tests/unit/more/test_deep.py", None, "")
    change(template, f"{PROJECT}/src/tests/conftest.py", "Fixtures", "Other fixtures")
    change(template, f"{PROJECT}/tools/plugins/pytest_rules.py", "The rules", "Other rules")
    run("cruft", "update", "--skip-apply-ask", cwd=project)
    changed = run("git", "status", "--porcelain", "--untracked-files=all", cwd=project).stdout.split()[1::2]
    assert sorted(changed) == [".cruft.json", "tools/plugins/pytest_rules.py"]


def test_the_verification_that_an_update_brings_is_the_one_that_judges(linked, template):
    """M2: also where it cannot start."""
    project = linked()
    verify = f"{PROJECT}/tools/verify_project.py"
    change(template, verify, '"Verification"', '"New verification"')
    change(template, f"{PROJECT}/tools/quality/repository.py", "def walk(", "def walk(  # newer\n    ")
    change(template, f"{PROJECT}/tools/quality/checks/files.py", '"is missing"', '"is gone"')
    (project / "noxfile.py").unlink()
    record(project, "no noxfile")
    assert "noxfile.py: is gone: restore it" in update(project, check=False).stdout
    record(project, "updated")
    change(project, "tools/verify_project.py", "import argparse", "import argparse, nothing_like_it")
    result = update(project, check=False)
    assert result.returncode == 1
    assert "tools/verify_project.py: failed with exit code 1: ModuleNotFoundError" in result.stdout


def test_a_changed_choice_is_an_update(linked, template, tmp_path):
    project = linked()
    run("cruft", "update", "-y", "--variables-to-update", '{"lint_tools": "ruff"}', cwd=project)
    expected = fresh(template, tmp_path, '{"lint_tools": "ruff"}')
    updated = tree(project)
    assert json.loads(updated.pop(".cruft.json")) == json.loads(expected.pop(".cruft.json"))
    assert differences(updated, expected) == []


def test_conflict_is_loud_and_its_solution_is_quiet(linked, template):
    """M2: cruft itself exits 0 here."""
    project = linked()
    change(project, "CONTRIBUTING.md", "# Contributing", "# Our way")
    change(template, f"{PROJECT}/CONTRIBUTING.md", "# Contributing", "# The way")
    result = update(project, check=False)
    assert result.returncode == 1
    assert "CONTRIBUTING.md: is not merged: solve the conflict" in result.stdout
    assert "CONTRIBUTING.md:1: holds a conflict, up to line 5" in result.stdout
    text = (project / "CONTRIBUTING.md").read_text(encoding="utf-8")
    text = re.sub(r"(?s)<<<<<<<.*?=======\n(.*?)>>>>>>>.*?\n", r"\1", text)
    (project / "CONTRIBUTING.md").write_text(text, encoding="utf-8")
    record(project, "solved")
    assert update(project).stdout.endswith("0 conflicts and problems\n")


def test_nothing_is_touched_without_git(linked):
    """L1, M2: cruft alone would leave reject files and exit with 0."""
    project = linked()
    shutil.rmtree(project / ".git")
    before = tree(project)
    result = update(project, check=False)
    assert (result.returncode, "git init" in result.stderr) == (2, True)
    assert tree(project) == before


def test_thresholds_change_every_consumer_and_nothing_else(linked, template, tmp_path):
    """L2, V5: offline, with the template's own commit, although the template has gone on; edits stay.

    One of the numbers has been edited in its home: the command that the verification then advises writes the copies.
    """
    project = linked(author_name="Jürgen Größe")
    change(project, "pyproject.toml", "fail_under = 60", "fail_under = 70")
    change(project, "pyproject.toml", "dependencies = []", "dependencies = [ ]")
    expected = fresh(
        template,
        tmp_path,
        json.dumps(
            {
                "author_name": "Jürgen Größe",
                "coverage_minimum": "70",
                "coverage_target": "85",
                "tier_targets": "99 79 59",
            }
        ),
    )
    change(template, f"{PROJECT}/README.md", "## Delete the sample", "## Delete the whole sample")
    before = json.loads((project / ".cruft.json").read_text(encoding="utf-8"))
    words = ["nox", "-s", "thresholds", "--", "--minimum", "70", "--target", "85", "--tiers", "99 79 59"]
    run(*words, cwd=project)
    expected["pyproject.toml"] = expected["pyproject.toml"].replace(b"dependencies = []", b"dependencies = [ ]")
    updated = tree(project)
    after, wanted = json.loads(updated.pop(".cruft.json")), json.loads(expected.pop(".cruft.json"))
    assert differences(updated, expected) == []
    assert (after["commit"], after["checkout"]) == (before["commit"], before["checkout"])
    assert after["context"]["cookiecutter"]["coverage_minimum"] == wanted["context"]["cookiecutter"]["coverage_minimum"]
    assert run("git", "diff", "--shortstat", "HEAD", "--", ".cruft.json", cwd=project).stdout.split()[3] == "3"
    changed = run("git", "diff", "--name-only", "HEAD", cwd=project).stdout.split()
    guides = {path for path, text in documents(project).items() for name, _ in stated(path, text) if name in CHANGING}
    assert "docs/ci_cd/CICD_REFERENCE.md" in guides
    assert set(changed) == {".codecov.yml", ".cruft.json", "pyproject.toml", *guides}

    # The record is no longer what the project says: by hand to 72 everywhere; then to 74 at one place, and as advised.
    record(project, "updated")
    change(project, "pyproject.toml", "fail_under = 70", "fail_under = 72")
    for path in guides:
        text = (project / path).read_text(encoding="utf-8")
        text = re.sub(r'\[70(?=[^][]*\]\([^()]*"fail_under"\))', "[72", text).replace(
            "| `fail_under` | 70", "| `fail_under` | 72"
        )
        (project / path).write_text(text, encoding="utf-8")
    record(project, "followed")
    assert run(sys.executable, "tools/verify_project.py", cwd=project).stdout == "0 problems\n"
    pyproject = (project / "pyproject.toml").read_text(encoding="utf-8")
    (project / "pyproject.toml").write_text(pyproject.replace("fail_under = 72", "fail_under = 74"), encoding="utf-8")
    said = run(sys.executable, "tools/verify_project.py", cwd=project, check=False).stdout
    (advised,) = set(re.findall(r", or have `(.*)` write it everywhere\n", said))
    assert "0 conflicts and problems" in run("bash", "-c", advised, cwd=project).stdout
    recorded = json.loads((project / ".cruft.json").read_text(encoding="utf-8"))["context"]["cookiecutter"]
    assert recorded["coverage_minimum"] == "74"


def test_bad_thresholds_are_refused_as_at_generation(linked):
    project = linked()
    result = update(project, "--minimum", "90", "--patch", "101", check=False)
    assert result.returncode == 2
    for line in (
        "patch_target: '101': must be a whole number from 0 to 100",
        "coverage_minimum: '90': must not be above coverage_target",
        "coverage_target: '80': must not be below coverage_minimum",
    ):
        assert line in result.stderr.splitlines()
    assert "the template has what pyproject.toml says, else what .cruft.json records." in result.stderr
    assert run("git", "status", "--porcelain", cwd=project).stdout == ""
    result = run("nox", "-s", "thresholds", cwd=project, check=False)
    assert result.returncode == 1
    assert "give thresholds after --" in result.stderr


def test_a_moved_template_is_named_by_path(linked, template, tmp_path):
    project = linked()
    moved = template.rename(tmp_path / "moved é")
    change(moved, f"{PROJECT}/README.md", "## Delete the sample", "## Delete the whole sample")
    result = update(project, check=False)
    assert result.returncode == 2
    assert "Nothing was changed" in result.stderr
    assert run("git", "status", "--porcelain", cwd=project).stdout == ""
    update(project, "--template-path", moved)
    assert "Delete the whole sample" in (project / "README.md").read_text(encoding="utf-8")


def test_nothing_is_touched_in_a_dirty_tree_or_without_link(linked):
    project = linked()
    (project / "new.txt").write_text("new\n", encoding="utf-8")
    result = update(project, check=False)
    assert (result.returncode, "commit or stash first:\n?? new.txt" in result.stderr) == (2, True)
    (project / "new.txt").unlink()
    (project / ".cruft.json").unlink()
    result = update(project, check=False)
    assert (result.returncode, "cruft link ADDRESS" in result.stderr) == (2, True)


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_answers_of_every_release_still_generate(bake, release):
    """L1: an answer that is renamed or removed would break the update of every project that gave it."""
    answers = json.loads(release.read_text(encoding="utf-8"))
    assert set(answers) <= set(QUESTIONS)
    assert bake(**answers)


def test_every_tag_has_its_answers():
    tags = run("git", "tag", "--list", "v*", cwd=TEMPLATE).stdout.split()
    recorded = {f"v{path.stem}" for path in RELEASES}
    assert recorded
    assert set(tags) <= recorded, "save the answers of the release in tests/answers"


def weekly(project, tmp_path, **options):
    work = tmp_path / "weekly"
    work.mkdir()
    result = act.run(project, "schedule", work=work, workflow="template-update.yml", **options)
    calls = result.folder / "gh.jsonl"
    lines = calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []
    found = [call["arguments"] for call in map(json.loads, lines) if call["arguments"][:2] == ["issue", "create"]]
    for arguments in found:  # the label is how the issue is found again
        assert arguments[arguments.index("--label") + 1] == "template-update"
    return result, [call for call in map(json.loads, lines) if call["arguments"][0] != "auth"]  # act itself asks that


def check_issue(result, calls, number, title):
    """The run is green, opens no pull request, and renews the issue `number`, or makes one if that is empty."""
    assert result.jobs["update"].result == "success", result.end
    assert result.records("peter-evans/create-pull-request") == []
    expected = ["issue edit"] if number else ["label create", "issue create"]
    assert [" ".join(call["arguments"][:2]) for call in calls] == ["issue list", *expected]
    assert title in calls[-1]["arguments"]


APP = {"vars": {"TEMPLATE_APP_CLIENT_ID": "1"}, "secrets": {"TEMPLATE_APP_PRIVATE_KEY": "key"}}


@pytest.mark.parametrize(
    ("options", "path", "token"),
    [
        (APP, f"{PROJECT}/.github/workflows/ci.yml", "app-token"),
        ({"secrets": {"GITHUB_TOKEN": "default"}}, f"{PROJECT}/README.md", "default"),
    ],
    ids=["app and a workflow", "no app"],
)
def test_weekly_workflow_opens_a_pull_request(linked, template, tmp_path, options, path, token):
    """M2: with the app's token if there is one."""
    project = linked(python_versions="3.13")
    change(template, path, "the", "really the")
    result, calls = weekly(project, tmp_path, **options)
    assert result.jobs["update"].result == "success", result.end
    (request,) = result.records("peter-evans/create-pull-request")
    assert request["token"] == token
    assert calls == []


def test_weekly_workflow_without_an_app_leaves_workflows_to_a_person(linked, template, tmp_path):
    """M2, C11: GitHub refuses workflows that its own token pushes; the issue names what changes, and both ways out."""
    project = linked(python_versions="3.13")
    change(template, f"{PROJECT}/.github/workflows/ci.yml", "name: CI", "name: CI/CD")
    change(template, f"{PROJECT}/.github/workflows/new.yml", None, "name: New\n")
    result, calls = weekly(project, tmp_path)
    check_issue(result, calls, "", "The template changes workflows")
    for words in ("nox -s update", "an app", ".github/workflows/ci.yml", ".github/workflows/new.yml"):
        assert words in calls[-1]["body"]


def test_weekly_workflow_names_the_setting_without_which_it_opens_nothing(linked, template, tmp_path):
    """C11: a new repository does not let Actions open pull requests, and GitHub does not say where the switch is."""
    project = linked(python_versions="3.13")
    change(template, f"{PROJECT}/README.md", "the", "really the")
    result, calls = weekly(project, tmp_path, env={"PULL_REQUESTS_DOWN": "1"})
    assert result.jobs["update"].result == "success", result.end
    switch = "Settings > Actions > General > Allow GitHub Actions to create and approve pull requests"
    assert len(re.findall(rf"::warning title=Template update::.*{switch}", result.log)) == 1
    assert [" ".join(call["arguments"][:2]) for call in calls] == ["issue list", "label create", "issue create"]
    assert "The template's changes wait for a pull request" in calls[-1]["arguments"]
    assert switch in calls[-1]["body"]
    guide = " ".join((project / "docs/ci_cd/TEMPLATE_UPDATES.md").read_text(encoding="utf-8").split())
    assert switch.replace("Allow", "*Allow") + "*" in guide


def test_weekly_workflow_reports_conflicts_in_one_issue(linked, template, tmp_path):
    """M2: the one that is open is renewed."""
    project = linked(python_versions="3.13")
    change(project, "CONTRIBUTING.md", "# Contributing", "# Our way")
    change(template, f"{PROJECT}/CONTRIBUTING.md", "# Contributing", "# The way")
    result, calls = weekly(project, tmp_path, env={"OPEN_ISSUE": "7"})
    check_issue(result, calls, "7", "The template's changes conflict")
    assert "CONTRIBUTING.md: is not merged: solve the conflict" in calls[-1]["body"]


def test_weekly_workflow_of_a_project_without_link_or_template(linked, template, tmp_path):
    project = linked(python_versions="3.13")
    moved = template.rename(tmp_path / "moved")
    result, calls = weekly(project, tmp_path)
    assert (result.jobs["update"].result, calls) == ("failure", [])
    Path(tmp_path / "weekly").rename(tmp_path / "first")
    (project / ".cruft.json").unlink()
    record(project, "not linked")
    result, calls = weekly(project, tmp_path)
    assert (result.jobs["update"].result, calls) == ("success", [])
    assert "not linked to its template" in result.jobs["update"].log
    assert moved.exists()


def test_transcript_of_the_guide_is_what_happens(bake, template, tmp_path):
    """Every command of the guide runs as it stands there; every line shown below one is said by it."""
    guide = (bake() / "docs/ci_cd/TEMPLATE_UPDATES.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", guide, re.S)
    assert len(blocks) == 4
    clone(template)
    hooks = hook_environment(bake())
    count = int(hooks["GIT_CONFIG_COUNT"])
    address = {f"GIT_CONFIG_KEY_{count}": f"url.{template}.insteadOf"}
    address |= {f"GIT_CONFIG_VALUE_{count}": "https://github.com/org/ci-template", "GIT_CONFIG_COUNT": str(count + 1)}
    folder = tmp_path
    for number, block in enumerate(blocks):
        for step in block.split("$ ")[1:]:
            command, *said = step.splitlines()
            if command.startswith("cd "):
                folder /= command.removeprefix("cd ")
                continue
            result = run("bash", "-c", command, cwd=folder, check=False, **hooks | address)
            for line in said:
                assert line in result.stdout + result.stderr, (command, result.stdout, result.stderr)
            assert said or result.returncode == 0, result.stderr
        if number == 0:
            change(template, f"{PROJECT}/CONTRIBUTING.md", "# Contributing", "# How to contribute")
            change(template, f"{PROJECT}/NEW.md", None, "# New\n")
    assert (folder / "NEW.md").exists()
    assert (folder / "CONTRIBUTING.md").read_text(encoding="utf-8").startswith("# How we contribute\n")
