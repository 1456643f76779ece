"""Verify the new project, then prepare git and pre-commit; exit 1 only if the tree is wrong.

What the machine lacks (git, pre-commit) costs a warning with the command to run later.
"""

import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")
PROJECT = Path.cwd()


def succeeds(*command):
    """Run `command` quietly in the project; return whether it succeeded."""
    return run(*command).returncode == 0


def run(*command):
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, stdin=subprocess.DEVNULL)


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
    if succeeds("git", "rev-parse", "--is-inside-work-tree") and not succeeds("git", "check-ignore", "--quiet", "."):
        return "the project is inside a git repository: no other one was made, and its git hooks are left alone"
    # Not --initial-branch: git before 2.28 does not know it.
    if not (succeeds("git", "init") and succeeds("git", "symbolic-ref", "HEAD", f"refs/heads/{branch}")):
        return f"git failed: run: {later}"
    return ""


def prepare_hooks():
    """Install the git hook of pre-commit; return a warning or an empty string."""
    later = "python -m pip install pre-commit && pre-commit install"
    commands = [[sys.executable, "-m", "pre_commit"], [shutil.which("pre-commit") or "pre-commit"]]
    for command in commands:
        try:
            if not succeeds(*command, "--version"):
                continue
        except OSError:
            continue
        result = run(*command, "install")
        reason = " ".join((result.stdout + result.stderr).split())
        return f"pre-commit failed ({reason}): run: {later}" if result.returncode else ""
    return f"pre-commit is not installed: run: {later}"


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
    verification = run(sys.executable, str(Path("tools", "verify_project.py")))
    if verification.returncode:
        print(verification.stdout + verification.stderr, file=sys.stderr)
        return 1
    if is_rerender():
        return 0
    warning = prepare_git()
    for line in [warning] if warning else [prepare_hooks()]:
        if line:
            print(f"Warning: {line}", file=sys.stderr)
    print(summary())
    return 0


if __name__ == "__main__":
    sys.exit(main())
