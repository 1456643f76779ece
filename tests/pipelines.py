"""Helpers of the tests that run a generated project's pipeline or its pre-commit hooks for real."""

import itertools
import sys
from pathlib import Path

from conftest import CACHE, run

sys.path[:0] = [str(Path(__file__).parent / "pipeline"), str(Path(__file__).parent / "mirrors")]

import act  # noqa: E402 # found through the line above
import mirrors  # noqa: E402 # found through the line above
import openapi  # noqa: E402, F401 # found through the line above

COUNTER = itertools.count()


def hook_environment(project, newer=None):
    """Return the variables with which pre-commit installs a project's hooks from local mirrors."""
    variables = mirrors.build(project / ".pre-commit-config.yaml", CACHE / "mirrors", newer)
    return variables | {"PRE_COMMIT_HOME": str(mirrors.home(CACHE / "pre-commit")), "ZIZMOR_OFFLINE": "true"}


def commit(project, message="change"):
    """Commit all that is in the project, without its hooks; return the commit."""
    run("git", "add", "--all", cwd=project)
    run("git", "commit", "--quiet", "--no-verify", "--allow-empty", "--message", message, cwd=project)
    return run("git", "rev-parse", "HEAD", cwd=project).stdout.strip()


def write(project, files):
    """Write `files`, a mapping of paths to texts or bytes; None removes the file, a function changes its text."""
    for path, text in files.items():
        file = project / path
        if text is None:
            file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            file.write_bytes(text)
            continue
        file.write_text(text(file.read_text(encoding="utf-8")) if callable(text) else text, encoding="utf-8")


def merge(project, base, branch, upstream):
    """Check out what GitHub runs a pull request on: its branch merged into the base, gone on by `upstream`."""
    run("git", "switch", "--quiet", "--detach", base, cwd=project)
    write(project, upstream)
    commit(project, "upstream")
    run("git", "merge", "--quiet", "--no-ff", "--no-edit", branch, cwd=project)
    run("git", "update-ref", "refs/pull/7/merge", "HEAD", cwd=project)
    run("git", "symbolic-ref", "HEAD", "refs/pull/7/merge", cwd=project)


def start(
    project,
    tmp_path,
    event="push",
    files=None,
    *,
    branch="feature",
    upstream=None,
    env=None,
    payload=None,
    work=None,
    **options,
):
    """Commit the project, then `files` on a branch, and run its pipeline for `event`; return what happened.

    The first commit is the base of a merge group, and what a pull request's event calls its base; the branch that the
    pull request goes to has got `upstream` since then.
    """
    base = commit(project, "base")
    if event in ("pull_request", "merge_group"):
        run("git", "switch", "--quiet", "--create", branch, cwd=project)
    write(project, files or {})
    head = commit(project)
    if event == "pull_request":
        merge(project, base, branch, upstream or {})
    payloads = {
        "pull_request": {
            "pull_request": {
                "number": 7,
                "title": "A change",
                "base": {"ref": "develop", "sha": base},
                "head": {"ref": branch, "sha": head},
            }
        },
        "merge_group": {"merge_group": {"base_sha": base, "head_sha": head}},
    }
    work = work or tmp_path / f"run-{next(COUNTER)}"
    work.mkdir(exist_ok=True)
    return act.run(
        project,
        event,
        work=work,
        payload=payloads.get(event, {}) | {"repository": {"private": False}} | (payload or {}),
        env=hook_environment(project) | (env or {}),
        **options,
    )
