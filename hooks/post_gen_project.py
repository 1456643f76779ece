"""Verify the new project, then prepare git and pre-commit; exit 1 only if the tree is wrong.

What the machine lacks (git, pre-commit) costs a warning with the command to run later.
"""

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")
PROJECT = Path.cwd()


def git(*arguments):
    """Run git quietly in the project; return whether it succeeded, and its words if not."""
    environment = os.environ | {"LC_ALL": "C"}
    done = subprocess.run(["git", *arguments], capture_output=True, stdin=subprocess.DEVNULL, env=environment)
    return done.returncode == 0, " ".join(os.fsdecode(done.stderr).split())


def verify():
    """Return the problems that the project's own verification finds, as lines."""
    sys.dont_write_bytecode = True  # the project's folder holds only what was rendered
    sys.path.insert(0, str(PROJECT / "tools"))
    import verify_project

    # Every rendered file counts, so git, which may be broken or ignore some for a repository around, is out of sight.
    path = os.environ.pop("PATH", "")
    os.environ["PATH"] = str(PROJECT)
    try:
        return [": ".join(problem) for problem in verify_project.verify(PROJECT)[0]]
    finally:
        os.environ["PATH"] = path


def is_rerender():
    """Tell whether cruft renders a throw-away copy, for `cruft diff` or `cruft update`.

    cruft's context holds no output folder, for `cruft create` neither; its copies lie in a folder that Python's
    tempfile has made.
    """
    temporary = Path(tempfile.gettempdir()).resolve()
    folders = [folder for folder in PROJECT.resolve().parents if folder.parent == temporary]
    made_by_tempfile = any(re.fullmatch(r"tmp[a-z0-9_]{8}", folder.name) for folder in folders)
    return "_output_dir" not in ANSWERS and made_by_tempfile


def prepare_git():
    """Make a repository unless there is one; yield warnings. Returns whether it is the project's own."""
    branch = ANSWERS["main_branch"]
    later = f"git init && git symbolic-ref HEAD {shlex.quote(f'refs/heads/{branch}')}"
    if not shutil.which("git"):
        yield f"git is not installed: install it, then run: {later}"
        return False
    if not (PROJECT / ".git").exists():
        is_inside, words = git("rev-parse", "--is-inside-work-tree")
        if not is_inside and "not a git repository" not in words:
            yield f"git failed ({words}): mend that, then run: {later}"
            return False
        if is_inside and not git("check-ignore", "--quiet", ".")[0]:
            yield (
                "the project is inside a git repository: no other one was made, and its git hooks are left alone; "
                "GitHub and pre-commit read their files at the root of a repository only: the pipeline, `nox -s lint` "
                "and the hooks do not work here. Generate outside of it, or run git init here and make it a submodule"
            )
            return False
        # Not --initial-branch: git before 2.28 does not know it.
        made, words = git("init")
        if not (made and git("symbolic-ref", "HEAD", f"refs/heads/{branch}")[0]):
            yield f"git failed ({words}): run: {later}"
            return False
    if not git("var", "GIT_AUTHOR_IDENT")[0]:
        yield "git does not know you: run: git config --global user.name NAME; git config --global user.email ADDRESS"
    return True


def install_hooks():
    """Run `pre-commit install`; raises an exception or SystemExit if that fails."""
    try:
        # In this process where it can be: a new one costs as much as all the rendering.
        from pre_commit.main import main as pre_commit
    except ImportError:
        subprocess.run(["pre-commit", "install"], check=True, stdin=subprocess.DEVNULL, capture_output=True)
    else:
        if code := pre_commit(["install"]):
            raise RuntimeError(f"exit code {code}")


def prepare_hooks():
    """Install the git hook of pre-commit; yield a warning if that fails."""
    output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            install_hooks()
        return
    except FileNotFoundError:
        reason = "pre-commit is not installed"
    except (Exception, SystemExit) as error:  # whatever it is, the project is complete without the git hook
        reason = " ".join(f"pre-commit failed ({output.buffer.getvalue().decode()} {error})".split())
    yield f"{reason}: run: python -m pip install pre-commit && pre-commit install"


def warnings():
    """Prepare git, then its hooks; yield what could not be done, with the command to run later."""
    if (yield from prepare_git()):
        yield from prepare_hooks()


def summary():
    owner, slug = ANSWERS["github_owner"], ANSWERS["project_slug"]
    return f"""
{slug} is ready in {PROJECT}. Next:

    cd {shlex.quote(str(PROJECT))}
    conda env create -f environment.yml && conda activate {slug} && pip install --no-deps -e .
    git add -A && git commit -m "Start from ci-template"

Then create https://github.com/{owner}/{slug}, push, and connect Codecov: https://app.codecov.io/gh/{owner}/{slug}/new
(secret CODECOV_TOKEN). README.md has the first ten minutes."""


def main():
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):  # set where git itself has started this
        os.environ.pop(name, None)
    problems = verify()
    if problems:
        print(*problems, sep="\n", file=sys.stderr)
        return 1
    if is_rerender():
        return 0
    for warning in warnings():
        print(f"Warning: {warning}", file=sys.stderr)
    print(summary())
    return 0


if __name__ == "__main__":
    sys.exit(main())
