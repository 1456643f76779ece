"""G1, G5, G6: what generation does around the files, and that it does no harm where something is missing."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from conftest import ANSWERS, TEMPLATE, clone, run

pytestmark = pytest.mark.slow

OWN = ("author_name=Ada", "author_email=ada@example.com", "github_owner=octo")  # answers that are no examples


def generate(out, *answers, check=True, template=TEMPLATE, **environment):
    return run("cookiecutter", template, "--no-input", "-o", out, *answers, cwd=out.parent, check=check, **environment)


def only(folder, *programs):
    """Return a PATH that holds just `programs`."""
    folder.mkdir()
    for program in programs:
        (folder / program).symlink_to(shutil.which(program))
    return str(folder)


def head(project):
    return run("git", "symbolic-ref", "HEAD", cwd=project).stdout.strip()


def test_makes_a_repository_on_the_main_branch_with_the_hook_and_says_what_next(tmp_path):
    result = generate(tmp_path / "out", "main_branch=trunk/1")
    project = tmp_path / "out/my-project"
    assert head(project) == "refs/heads/trunk/1"
    assert os.access(project / ".git/hooks/pre-commit", os.X_OK)
    assert "pre_commit" in (project / ".git/hooks/pre-commit").read_text(encoding="utf-8")
    assert run("git", "log", cwd=project, check=False).returncode, "nothing may be committed"
    for text in (f"cd {project}", "conda env create", "git commit", "docs/ci_cd/CICD_QUICK_START.md goes on to"):
        assert text in result.stdout
    assert "author_name, author_email, github_owner are still examples" in result.stdout
    assert "Warning" not in result.stderr


def test_without_git_it_warns_with_the_command(tmp_path):
    result = generate(tmp_path / "out", PATH=only(tmp_path / "bin", "cookiecutter"))
    assert "Warning: git is not installed: install it, then run: git init && git symbolic-ref" in result.stderr
    assert not (tmp_path / "out/my-project/.git").exists()
    assert (tmp_path / "out/my-project/README.md").exists()


@pytest.mark.slow
def test_without_precommit_it_warns_with_the_command(tmp_path):
    run("uv", "venv", "--quiet", "--python", sys.executable, tmp_path / "bare", cwd=tmp_path)
    run("uv", "pip", "install", "--quiet", "--python", tmp_path / "bare", "cookiecutter", cwd=tmp_path)
    path = only(tmp_path / "bin", "git")
    command = [tmp_path / "bare/bin/python", "-m", "cookiecutter", TEMPLATE, "--no-input"]
    result = run(*command, cwd=tmp_path, PATH=path)
    assert "pre-commit is not installed: run: python -m pip install pre-commit && pre-commit install" in result.stderr
    assert head(tmp_path / "my-project") == "refs/heads/main"


def test_with_a_broken_git_it_warns_with_the_command(tmp_path):
    """G5: as on a Mac without the command line tools."""
    (tmp_path / "bin").mkdir()
    git = tmp_path / "bin/git"
    git.write_text("#!/bin/sh\necho 'xcrun: error: invalid active developer path' >&2\nexit 1\n", encoding="utf-8")
    git.chmod(0o755)
    result = generate(tmp_path / "out", PATH=f"{git.parent}{os.pathsep}{os.environ['PATH']}")
    said = "xcrun: error: invalid active developer path"
    assert f"Warning: git failed ({said}): mend that, then run: git init && git symbolic-ref" in result.stderr
    assert (tmp_path / "out/my-project/README.md").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_inside_a_repository_of_another_owner_no_other_one_is_made(tmp_path):
    """G5, R3: git's own words, no silent other way."""
    run("git", "init", "--quiet", "outer", cwd=tmp_path)
    run("chown", "-R", "12345", "outer", cwd=tmp_path)
    result = generate(tmp_path / "outer/packages")
    assert "detected dubious ownership" in result.stderr
    assert not (tmp_path / "outer/packages/my-project/.git").exists()


def test_from_a_git_hook_and_on_a_terminal_of_ascii_it_makes_its_own_repository(tmp_path):
    """G5, R1: git names its repository to what it starts."""
    run("git", "init", "--quiet", "other", cwd=tmp_path)
    variables = {"GIT_DIR": str(tmp_path / "other/.git"), "GIT_INDEX_FILE": str(tmp_path / "other/.git/index")}
    result = generate(tmp_path / "dü ß", "author_name=Jürgen", PYTHONIOENCODING="ascii", **variables)
    project = tmp_path / "dü ß/my-project"
    assert head(project) == "refs/heads/main"
    assert "is ready in" in result.stdout
    assert not (tmp_path / "other/.git/hooks/pre-commit").exists()


def test_without_identity_it_says_how_to_set_one(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.gitconfig").write_text("[user]\n\tuseConfigOnly = true\n", encoding="utf-8")
    result = generate(tmp_path / "out", HOME=str(tmp_path / "home"), EMAIL=None)
    assert "git does not know you: run: git config --global user.name" in result.stderr
    assert head(tmp_path / "out/my-project") == "refs/heads/main"


def test_hooks_path_of_the_user_is_respected_and_said(tmp_path):
    """pre-commit refuses to install while core.hooksPath is set."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.gitconfig").write_text("[core]\n\thooksPath = /elsewhere\n", encoding="utf-8")
    result = generate(tmp_path / "out", HOME=str(tmp_path / "home"))
    assert "pre-commit failed" in result.stderr
    assert "core.hooksPath" in result.stderr


def test_without_home_it_goes_on(tmp_path):
    config = tmp_path / "config.yml"
    config.write_text(f"replay_dir: {tmp_path}/replay\ncookiecutters_dir: {tmp_path}/templates\n", encoding="utf-8")
    nowhere = {"HOME": "/dev/null/home", "XDG_CACHE_HOME": None, "XDG_CONFIG_HOME": None}
    result = generate(tmp_path / "out", **nowhere, COOKIECUTTER_CONFIG=config)
    project = tmp_path / "out/my-project"
    assert head(project) == "refs/heads/main"
    if not (project / ".git/hooks/pre-commit").exists():
        assert "pre-commit failed" in result.stderr
        assert "run: python -m pip install pre-commit && pre-commit install" in result.stderr


def test_old_git_without_initial_branch_is_enough(tmp_path):
    """git before 2.28 refuses --initial-branch and ignores the setting: a wrapper does the same here."""
    wrapper = tmp_path / "bin/git"
    wrapper.parent.mkdir()
    real = shutil.which("git")
    wrapper.write_text(
        f'#!/bin/sh\nfor word; do case "$word" in --initial-branch*|-b) exit 129;; esac; done\n'
        f'case "$2" in init.*) shift 2;; esac\nexec {real} "$@"\n'
    )
    wrapper.chmod(0o755)
    result = generate(
        tmp_path / "out", "main_branch=trunk", *OWN, PATH=f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}"
    )
    assert head(tmp_path / "out/my-project") == "refs/heads/trunk"
    assert "still examples" not in result.stdout


def test_inside_a_repository_no_other_one_is_made(tmp_path):
    run("git", "init", "--quiet", "outer", cwd=tmp_path)
    outer = tmp_path / "outer"
    (outer / ".gitignore").write_text("conf/\n*.yml\n", encoding="utf-8")
    result = generate(outer / "packages")
    assert "inside a git repository" in result.stderr
    assert "the pipeline, `nox -s lint` and the hooks do not work here" in result.stderr
    assert not (outer / "packages/my-project/.git").exists()
    assert not (outer / ".git/hooks/pre-commit").exists()


def test_in_an_ignored_folder_of_a_repository_it_is_a_repository_of_its_own(tmp_path):
    run("git", "init", "--quiet", "outer", cwd=tmp_path)
    (tmp_path / "outer/.gitignore").write_text("/build/\n", encoding="utf-8")
    generate(tmp_path / "outer/build")
    assert (tmp_path / "outer/build/my-project/.git").is_dir()


def test_a_wrong_tree_fails_lists_every_problem_and_leaves_nothing(tmp_path, template):
    project = template / "{{cookiecutter.project_slug}}"
    (project / "src/tests/unit/test_demo_mode.py").unlink()
    (project / "broken.json").write_text("{", encoding="utf-8")
    result = generate(tmp_path / "out", template=template, check=False)
    assert result.returncode == 1
    assert "src/my_project/demo_mode.py: has no test file" in result.stderr
    assert "broken.json: does not parse" in result.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_a_failure_halfway_leaves_what_was_there_before(tmp_path, template):
    (template / "{{cookiecutter.project_slug}}/z.txt").write_text("{{ cookiecutter.unknown }}", encoding="utf-8")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/other.txt").write_text("mine", encoding="utf-8")
    assert generate(tmp_path / "out", template=template, check=False).returncode
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["other.txt"]


def test_an_existing_folder_is_not_touched(tmp_path):
    (tmp_path / "out/my-project").mkdir(parents=True)
    (tmp_path / "out/my-project/README.md").write_text("mine", encoding="utf-8")
    result = generate(tmp_path / "out", check=False)
    assert result.returncode == 1
    assert [path.name for path in (tmp_path / "out/my-project").iterdir()] == ["README.md"]
    assert (tmp_path / "out/my-project/README.md").read_text(encoding="utf-8") == "mine"


def test_jinja2_time_changes_nothing(tmp_path, template):
    """G1: users need no package beyond cookiecutter's own; the `now` tag is the same with jinja2-time."""
    generate(tmp_path / "without")
    answers = ANSWERS | {"_extensions": ["jinja2_time.TimeExtension"]}
    (template / "cookiecutter.json").write_text(json.dumps(answers), encoding="utf-8")
    generate(tmp_path / "with", template=template)
    result = subprocess.run(
        ["diff", "-r", "--exclude=.git", tmp_path / "without", tmp_path / "with"], capture_output=True, text=True
    )
    assert (result.returncode, result.stdout) == (0, "")


def test_questions_are_asked_in_a_terminal(tmp_path):
    """G2: the prompts are shown, and a single space is an empty answer."""
    answers = ["Asked Name", *[""] * 11, " ", *[""] * 13]
    main = "from cookiecutter.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", main, TEMPLATE, "-o", tmp_path / "out"],
        input="\n".join(answers) + "\n",
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    for prompt in ANSWERS["__prompts__"].values():
        words = prompt if isinstance(prompt, str) else prompt["__prompt__"]
        assert words.split("`")[0].split("(")[0].strip() in " ".join(result.stdout.split())
    workflow = (tmp_path / "out/asked-name/.github/workflows/ci.yml").read_text(encoding="utf-8")
    assert "develop" not in workflow


@pytest.mark.slow  # renders seven times
def test_cruft_create_makes_the_repository_and_check_diff_and_update_do_not_see_it(tmp_path, template):
    """G1, G6: cruft renders again below the system's temporary folder, which is another one here."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    clone(template)
    run("cruft", "create", template, "--output-dir", tmp_path, "--no-input", cwd=tmp_path, TMPDIR=temporary)
    project = tmp_path / "my-project"
    assert head(project) == "refs/heads/main"
    assert os.access(project / ".git/hooks/pre-commit", os.X_OK)
    run("git", "add", "--all", cwd=project)
    run("git", "commit", "--no-verify", "--quiet", "--message", "start", cwd=project)
    before = run("git", "rev-parse", "HEAD", cwd=project).stdout
    (template / "{{cookiecutter.project_slug}}/new.txt").write_text("new\n", encoding="utf-8")
    run("git", "add", "--all", cwd=template)
    run("git", "commit", "--quiet", "--message", "new file", cwd=template)
    assert run("cruft", "check", cwd=project, check=False, TMPDIR=temporary).returncode == 1
    assert run("cruft", "diff", "--exit-code", cwd=project, TMPDIR=temporary).stdout == ""
    run("cruft", "update", "--skip-apply-ask", cwd=project, TMPDIR=temporary)
    assert run("cruft", "check", cwd=project, TMPDIR=temporary).returncode == 0
    assert (project / "new.txt").read_text(encoding="utf-8") == "new\n"
    assert run("git", "rev-parse", "HEAD", cwd=project).stdout == before
    changed = run("git", "status", "--porcelain", cwd=project).stdout.split()
    assert sorted(changed[1::2]) == [".cruft.json", "new.txt"]


def test_a_rerender_makes_no_repository(tmp_path, template):
    """G6: under cruft and in a folder that tempfile has made, nothing is prepared; beside it, all is."""
    clone(template)
    for folder, prepared in (("tmpab12_cde", False), ("tmp.ab12", True)):
        out = tmp_path / folder
        result = run("cruft", "create", template, "--output-dir", out, "--no-input", cwd=tmp_path, TMPDIR=str(tmp_path))
        assert (out / "my-project/README.md").exists()
        assert (out / "my-project/.git").exists() == prepared
        assert ("is ready" in result.stdout) == prepared
