"""S4: what Dependabot changes can go green: the workflow that completes its pull requests runs for real and pushes."""

import sys
from pathlib import Path

import pytest
from conftest import run
from pipelines import act, commit, write
from remote import Remote
from test_pipeline import HOSTILE, project_of

pytestmark = pytest.mark.slow
BOT = "dependabot[bot]"
# What Dependabot makes of a range in pyproject.toml.
EDITS = {
    "widened range": ('"pytest>=9,<10"', '"pytest>=9,<11"'),
    "raised lower bound": ('"coverage>=7.14,<8"', '"coverage>=7.15.1,<8"'),
    "new major": ('"pytest-cov>=7,<8"', '"pytest-cov>=8.0.1,<9"'),
    "generator": ('"pyproject2conda>=0.23.1,<0.24"', '"pyproject2conda>=0.23,<0.25"'),
    # The workflow runs on another Python than this test: no marker may make a difference.
    "marker": ("dependencies = []\n", "dependencies = ['tomli>=2,<3; python_version < \"3.12\"']\n"),
}
TRAPS = ("pip", "venv", "site", "sitecustomize", "encodings", "tomllib", "pyproject2conda", "typer")


@pytest.fixture
def remote(tmp_path):
    if not Path(run("git", "--exec-path", cwd=tmp_path).stdout.strip(), "git-http-backend").exists():
        pytest.skip("this git has no http-backend and cannot serve repositories")
    with Remote(tmp_path / "remote") as server:
        yield server
        server.shutdown()


@pytest.fixture
def pull_request(copy, tmp_path, remote):
    """Return a function that makes a pull request of `files` on a remote repository and runs the workflow for it."""

    def make(files, author=BOT, branch="dependabot/pip/python-1a2b3c", base=None, **options):
        project, bare = project_of(copy), remote.folder / "project.git"
        write(project, base or {})
        commit(project, "base")
        run("git", "switch", "--quiet", "--create", branch, cwd=project)
        write(project, files)
        commit(project, "Bump the python group")
        run("git", "clone", "--quiet", "--bare", project, bare, cwd=tmp_path)
        return project, execute(project, author, branch, **options)

    def execute(project, author=BOT, branch="dependabot/pip/python-1a2b3c", **options):
        bare = remote.folder / "project.git"
        work = tmp_path / f"work-{len(list(tmp_path.iterdir()))}"
        work.mkdir()
        settings = {f"url.{remote.url}/project.git.pushInsteadOf": f"file://{bare}", "http.proxy": ""}
        redirect = {"CI_TEMPLATE_PROJECT": str(bare), "GIT_CONFIG_COUNT": str(len(settings))}
        for number, (key, value) in enumerate(settings.items()):
            redirect |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        head = {"ref": branch, "sha": run("git", "rev-parse", "HEAD", cwd=project).stdout.strip()}
        payload = {"pull_request": {"number": 7, "user": {"login": author}, "base": {"ref": "develop"}, "head": head}}
        options["secrets"] = {"GITHUB_TOKEN": "default"} | options.get("secrets", {})
        workflow = {"workflow": "dependencies.yml", "work": work, "payload": payload, "env": redirect}
        return act.run(project, "pull_request", **workflow, **options)

    make.again = execute
    return make


def edit(old, new):
    def change(text):
        assert text.count(old) == 1
        return text.replace(old, new)

    return change


def edits(*pairs):
    def change(text):
        for pair in pairs:
            text = edit(*pair)(text)
        return text

    return change


def pushed(remote, tmp_path, branch="dependabot/pip/python-1a2b3c"):
    """Return a clone of the branch as it is on the remote now, and the titles of its commits since the base."""
    clone = tmp_path / f"clone-{len(list(tmp_path.iterdir()))}"
    run("git", "clone", "--quiet", "--branch", branch, remote.folder / "project.git", clone, cwd=tmp_path)
    return clone, run("git", "log", "--format=%s", "-n", "2", cwd=clone).stdout.splitlines()


def verify(project):
    return run(sys.executable, "tools/verify_project.py", cwd=project, check=False).stdout


@pytest.mark.parametrize("names", [["marker"], [*EDITS.keys() - {"marker"}]], ids=["marker", "all others"])
def test_a_pull_request_of_dependabot_is_completed(pull_request, remote, tmp_path, names):
    """S4, C9: whatever it edits; once; and what belongs to the project is never executed."""
    trap = "import pathlib\n\npathlib.Path(__file__).with_name('pwned').touch()\n"
    base = {f"{module}.py": trap for module in TRAPS}
    project, result = pull_request({"pyproject.toml": edits(*(EDITS[name] for name in sorted(names)))}, base=base)
    assert "is not what pyproject.toml generates" in verify(project), "without the workflow it is red"
    assert result.jobs["regenerate"].result == "success", result.end
    clone, titles = pushed(remote, tmp_path)
    assert titles == ["Regenerate the dependency files [dependabot skip]", "Bump the python group"]
    changed = run("git", "diff", "--name-only", "HEAD^", cwd=clone).stdout.split()
    assert changed == ["conf/requirements.txt", "environment.yml"]
    assert verify(clone) == "0 problems\n"
    assert not list(tmp_path.rglob("pwned"))
    given = list(remote.given)
    assert pull_request.again(clone).jobs["regenerate"].result == "success"
    assert pushed(remote, tmp_path)[1] == titles
    assert remote.given == given, "the second run found nothing to push"


@pytest.mark.parametrize(
    ("options", "token"),
    [
        ({"vars": {"TEMPLATE_APP_CLIENT_ID": "1"}, "secrets": {"TEMPLATE_APP_PRIVATE_KEY": "key"}}, "app-token"),
        ({"vars": {"TEMPLATE_APP_CLIENT_ID": "1"}}, "default"),
        ({"secrets": {"TEMPLATE_APP_PRIVATE_KEY": "key"}}, "default"),
        ({}, "default"),
    ],
    ids=["app", "app whose key is no secret of Dependabot", "key alone", "no app"],
)
def test_the_push_has_the_apps_token_if_there_is_one(pull_request, remote, tmp_path, options, token):
    """S4: without an app, one click starts the checks, and the run says so; a hostile branch is only a name."""
    files = {"pyproject.toml": edit(*EDITS["new major"])}
    _, result = pull_request(files, branch=HOSTILE, **options)
    assert result.jobs["regenerate"].result == "success", result.end
    assert set(remote.given) == {f"x-access-token:{token}"}
    assert ("Approve workflows to run" in result.jobs["regenerate"].log) == (token == "default")
    assert "Regenerate" in pushed(remote, tmp_path, HOSTILE)[1][0]
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("author", ["octocat", "dependabot", "dependabot[bot]x"])
def test_a_pull_request_of_anybody_else_starts_no_job(pull_request, remote, tmp_path, author):
    _, result = pull_request({"pyproject.toml": edit(*EDITS["new major"])}, author=author)
    assert result.jobs["regenerate"].result == "skipped"
    assert pushed(remote, tmp_path)[1][0] == "Bump the python group"
    assert remote.given == []


def test_nothing_to_regenerate_pushes_nothing(pull_request, remote, tmp_path):
    _, result = pull_request({"pyproject.toml": lambda text: text + "# nothing\n"})
    assert result.jobs["regenerate"].result == "success", result.end
    assert "Nothing to regenerate" in result.jobs["regenerate"].log
    assert pushed(remote, tmp_path)[1][0] == "Bump the python group"
    assert remote.given == []


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("pyproject2conda==0.0.99", "pyproject2conda==0.0.99"),
        ("pyproject2conda", "The hook verify-project names no version of pyproject2conda: restore it"),
    ],
    ids=["unknown", "none"],
)
def test_the_generator_is_the_one_of_the_verification(pull_request, remote, version, said):
    """One version in one place: one that does not exist is looked for, in vain; without one the fix is named."""
    _, result = pull_request({".pre-commit-config.yaml": edit("pyproject2conda==0.23.2", version)})
    assert result.jobs["regenerate"].result == "failure"
    assert said in result.jobs["regenerate"].log
    assert remote.given == []
