"""Verify the new project, then prepare git and pre-commit; exit 1 only if the tree is wrong.

What the machine lacks (git, pre-commit) costs a warning with the command to run later.
"""

import contextlib
import gc
import importlib.util
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")
PROJECT = Path.cwd()
# The defaults of answers that are nobody's.
EXAMPLES = {"author_name": "Your Name", "author_email": "you@example.com", "github_owner": "your-org"}
# pre-commit's own mark of the form of its git hooks, and the part of that form which `pre-commit install` fills in.
HOOK_FORM = "# ID: 138fd403232d2ddd5efb44317e38bf03\n"
HOOK_GAP = "INSTALL_PYTHON=''\nARGS=(hook-impl)\n"


def git(*arguments):
    """Run git quietly in the project; return whether it succeeded, and its words if not."""
    environment = os.environ | {"LC_ALL": "C"}
    done = subprocess.run(["git", *arguments], capture_output=True, stdin=subprocess.DEVNULL, env=environment)
    return done.returncode == 0, " ".join(os.fsdecode(done.stderr).split())


def add_prefix(prefix):
    """Put `prefix` before the names that an existing repository may have taken, and wherever these are named.

    Only in what was rendered, and not in tools/, whose programs are the same in every project and look for the names.
    """
    taken = [PROJECT / "noxfile.py", PROJECT / "environment.yml", PROJECT / "conf/requirements.txt"]
    taken += PROJECT.glob(".github/workflows/*.yml")
    names = rf"(?<![\w-])(?={'|'.join(re.escape(path.name) for path in taken)})"
    patterns = ("*.md", ".github/*.*", "docs/**/*.md", "pyproject.toml")
    texts = {path for pattern in patterns for path in PROJECT.glob(pattern)}
    for path in texts.union(taken[1:]):
        text = re.sub(names, prefix, path.read_text(encoding="utf-8"))
        text = re.sub(r"\bnox(?= -|`)|(?m:^nox$)", f"nox -f {prefix}noxfile.py", text)
        text = re.sub(r"\Aname: (?=\w)", f"name: {prefix.removesuffix('-')} ", text)
        path.write_bytes(text.encode())
    for path in taken:
        path.rename(path.with_name(prefix + path.name))


def verify():
    """Return the problems that the project's own verification finds, as lines."""
    sys.dont_write_bytecode = True  # the project's folder holds only what was rendered
    # The dependency files are rendered as well: the template's tests compare them with what the generator makes.
    sys.modules["pyproject2conda"] = None
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
    if "_output_dir" in ANSWERS:
        return False
    import tempfile

    temporary = Path(tempfile.gettempdir()).resolve()
    folders = [folder for folder in PROJECT.resolve().parents if folder.parent == temporary]
    return any(re.fullmatch(r"tmp[a-z0-9_]{8}", folder.name) for folder in folders)


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
        # Not --initial-branch: git before 2.28 does not know it, and this setting neither.
        made, words = git("-c", f"init.defaultBranch={branch}", "init")
        head, start = PROJECT / ".git/HEAD", f"refs/heads/{branch}"
        is_named = head.is_file() and head.read_bytes() == f"ref: {start}\n".encode()
        if not (made and (is_named or git("symbolic-ref", "HEAD", start)[0])):
            yield f"git failed ({words}): run: {later}"
            return False
    if not git("var", "GIT_AUTHOR_IDENT")[0]:
        yield "git does not know you: run: git config --global user.name NAME; git config --global user.email ADDRESS"
    return True


def write_hook():
    """Write what `pre-commit install` writes; return whether that could be done without running it.

    To import it costs more than to verify the project. It is left to pre-commit where the form of its hook is another
    one than is known here, and where it has something to say or to keep: a hook that is there, core.hooksPath.
    """
    found, hook = importlib.util.find_spec("pre_commit"), PROJECT / ".git/hooks/pre-commit"
    form = Path(found.origin if found and found.origin else "none").with_name("resources") / "hook-tmpl"
    text = form.read_text(encoding="utf-8") if form.is_file() else ""
    if HOOK_FORM not in text or HOOK_GAP not in text or sys.platform == "win32":
        return False
    if os.path.lexists(hook) or not hook.parents[1].is_dir() or git("config", "core.hooksPath")[0]:
        return False
    filled = f"""INSTALL_PYTHON={shlex.quote(sys.executable)}
ARGS=(hook-impl --config=.pre-commit-config.yaml --hook-type=pre-commit)
"""
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(text.replace(HOOK_GAP, filled), encoding="utf-8", errors="surrogateescape")
    hook.chmod(hook.stat().st_mode | 0o111)
    return True


def install_hooks():
    """Install the git hook of pre-commit; raises an exception or SystemExit if that fails."""
    if write_hook():
        return
    try:
        # In this process where it can be: a new one costs more.
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
    left = ", ".join(name for name, value in EXAMPLES.items() if ANSWERS[name] == value)
    hint = f"\n\nGenerate it again with answers of your own: {left} are still examples." if left else ""
    return f"""
{slug} is ready in {PROJECT}. Next:

    cd {shlex.quote(str(PROJECT))}
    conda env create -f {ANSWERS["file_prefix"]}environment.yml && conda activate {slug} && pip install --no-deps -e .
    git add -A && git commit -m "Start from ci-template"

docs/ci_cd/CICD_QUICK_START.md goes on to https://github.com/{owner}/{slug}, its rules and a first pull request.
Without conda: docs/ci_cd/CICD_ENVIRONMENT_SETUP.md.{hint}"""


def main():
    gc.disable()  # this ends before there is anything to collect
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):  # set where git itself has started this
        os.environ.pop(name, None)
    if ANSWERS["file_prefix"]:
        add_prefix(ANSWERS["file_prefix"])
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
