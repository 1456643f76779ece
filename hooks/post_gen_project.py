"""Verify the new project, then prepare git and pre-commit; exit 1 only if the tree is wrong.

What the machine lacks (git, pre-commit) costs a warning with the command to run later.
"""

import contextlib
import io
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")
PROJECT = Path.cwd()


def git(*arguments):
    """Run git quietly in the project; return whether it succeeded."""
    return subprocess.run(["git", *arguments], capture_output=True, stdin=subprocess.DEVNULL).returncode == 0


def verify():
    """Return the problems that the project's own verification finds, as lines."""
    sys.dont_write_bytecode = True  # the project's folder holds only what was rendered
    sys.path.insert(0, str(PROJECT / "tools"))
    import verify_project

    return [": ".join(problem) for problem in verify_project.verify(PROJECT)[0]]


def is_rerender():
    """Tell whether cruft renders a throw-away copy, for `cruft diff` or `cruft update`.

    cruft's context holds no output folder, for `cruft create` neither; its copies lie below the
    system's folder for temporary files.
    """
    temporary = Path(tempfile.gettempdir()).resolve()
    return "_output_dir" not in ANSWERS and temporary in PROJECT.resolve().parents


def prepare_git():
    """Make a repository unless the project is part of one; return a warning or an empty string."""
    branch = ANSWERS["main_branch"]
    later = f"git init && git symbolic-ref HEAD {shlex.quote(f'refs/heads/{branch}')}"
    if not shutil.which("git"):
        return f"git is not installed: install it, then run: {later}"
    if git("rev-parse", "--is-inside-work-tree") and not git("check-ignore", "--quiet", "."):
        return "the project is inside a git repository: no other one was made, and its git hooks are left alone"
    # Not --initial-branch: git before 2.28 does not know it.
    if not (git("init") and git("symbolic-ref", "HEAD", f"refs/heads/{branch}")):
        return f"git failed: run: {later}"
    return ""


def prepare_hooks():
    """Install the git hook of pre-commit; return a warning or an empty string."""
    later = "python -m pip install pre-commit && pre-commit install"
    program = shutil.which("pre-commit")
    output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            try:
                # In this process where it can be: a new one costs as much as all the rendering.
                from pre_commit.main import main as pre_commit
            except ImportError:
                if not program:
                    return f"pre-commit is not installed: run: {later}"
                subprocess.run([program, "install"], check=True, capture_output=True, stdin=subprocess.DEVNULL)
            else:
                pre_commit(["install"])
    except (Exception, SystemExit) as error:  # whatever it is, the project is complete without the git hook
        reason = " ".join(f"{output.buffer.getvalue().decode()} {error}".split())
        return f"pre-commit failed ({reason}): run: {later}"
    return ""


def summary():
    owner, slug = ANSWERS["github_owner"], ANSWERS["project_slug"]
    return f"""
{slug} is ready in {PROJECT}. Next:

    cd {PROJECT}
    conda env create -f environment.yml && conda activate {slug} && pip install --no-deps -e .
    git add -A && git commit -m "Start from ci-template"

Then create https://github.com/{owner}/{slug}, push, and connect Codecov: https://app.codecov.io/gh/{owner}/{slug}/new
(secret CODECOV_TOKEN). README.md has the first ten minutes."""


def main():
    problems = verify()
    if problems:
        print(*problems, sep="\n", file=sys.stderr)
        return 1
    if is_rerender():
        return 0
    warning = prepare_git() or prepare_hooks()
    if warning:
        print(f"Warning: {warning}", file=sys.stderr)
    print(summary())
    return 0


if __name__ == "__main__":
    sys.exit(main())
