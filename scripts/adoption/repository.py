"""The repository that is adopted, and the only place where git is run."""

import os
import subprocess
from pathlib import Path

from adoption import Refused

BRANCH = "adopt-ci-template"
# What git keeps of work in several steps: a checkout of another branch drops it.
UNFINISHED = {"MERGE_HEAD": "a merge", "CHERRY_PICK_HEAD": "a cherry-pick", "REVERT_HEAD": "a revert"}
UNFINISHED |= {"rebase-merge": "a rebase", "rebase-apply": "a rebase or git am"}
# Nothing of the user's settings may run or sign: hooks, templates of messages, monitors.
QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "core.safecrlf=false", "-c", "core.fsmonitor=false")


def git(root, *arguments, must=False, words="", **variables):
    """Run git in `root` with the text `words` as input; return its output, or an empty string if it fails.

    Keyword arguments are added to the environment. Raises Refused, with git's own words, if git refuses to work in the
    repository, or fails though it `must` not.
    """
    environment = os.environ | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"} | variables
    command = ["git", *QUIET, *map(str, arguments)]
    run = subprocess.run(command, cwd=root, capture_output=True, input=os.fsencode(words), env=environment)
    if b"dubious ownership" in run.stderr or (must and run.returncode):
        raise Refused(f"git refuses: {' '.join(os.fsdecode(run.stderr).split())}: mend it and run again")
    return os.fsdecode(run.stdout).removesuffix("\n") if run.returncode == 0 else ""


def names(root, *options):
    """Return the paths that `git ls-files` lists."""
    return [path for path in git(root, "ls-files", "-z", *options, must=True).split("\0") if path]


def unfit(root, template):
    """Yield why the folder `root` is no repository to work on."""
    if root == template:
        yield f"{root}: is the template itself: name the repository that shall get it: PROJECT=../their-repo"
        return
    top = git(root, "rev-parse", "--show-toplevel") if root.is_dir() else ""
    if not top:
        yield f"{root}: is no git repository with a work tree: name the root of one, or run git init and commit there"
    elif Path(top).resolve() != root:
        yield f"{root}: is a folder of a repository, GitHub reads workflows at the root only: use PROJECT={top}"
    elif not git(root, "rev-parse", "--verify", "HEAD"):
        yield f"{root}: has no commit: commit first, so that `git diff` shows what was added"
    else:
        status = ("status", "--porcelain", "-z", "--untracked-files=normal", "--no-renames")
        dirty = [entry[3:] for entry in git(root, *status, must=True).split("\0") if entry]
        for path, what in UNFINISHED.items():
            if Path(root, git(root, "rev-parse", "--git-path", path)).exists():
                yield f"{root}: {what} is not finished, and would be lost: finish or abort it"
        # Skipped, or assumed to be unchanged: work that the status does not show.
        if hidden := [entry[2:] for entry in names(root, "-v") if entry[0] == "S" or entry[0].islower()]:
            yield (
                f"{root}: {len(hidden)} that git does not look at ({', '.join(hidden[:5])}): run git sparse-checkout "
                "disable, or git update-index --no-skip-worktree, or --no-assume-unchanged, for each"
            )
        if dirty:
            yield f"{root}: {len(dirty)} uncommitted ({', '.join(dirty[:5])}): commit or stash them"
        git(root, "var", "GIT_AUTHOR_IDENT", must=True)
        git(root, "var", "GIT_COMMITTER_IDENT", must=True)


def earlier(root):
    """Return what an earlier run has left, as one line, or an empty string; raises Refused if it stands in the way."""
    branch = f"refs/heads/{BRANCH}"
    if not git(root, "rev-parse", "--verify", "--quiet", branch):
        return ""
    head, base = git(root, "rev-parse", "HEAD"), git(root, "merge-base", "HEAD", branch)
    if head == base and git(root, "cat-file", "-t", f"{branch}:.cruft.json"):
        return f"The branch {BRANCH} has it already: git switch {BRANCH}"
    raise Refused(f"{BRANCH}: this branch exists and does not start here: merge it, or run: git branch -D {BRANCH}")


class Stage:
    """The committed tree of the repository at `root` in the folder `folder`, with an index of its own.

    git works there as in the project, by its attributes and settings; new objects stay in the folder.
    """

    def __init__(self, root, folder):
        self.root, self.tree = root, Path(folder, "tree")
        self.tree.mkdir()
        Path(folder, "objects").mkdir()
        objects = Path(root, git(root, "rev-parse", "--git-path", "objects", must=True)).resolve()
        self.variables = {
            "GIT_DIR": git(root, "rev-parse", "--absolute-git-dir", must=True),
            "GIT_WORK_TREE": str(self.tree),
            "GIT_INDEX_FILE": str(Path(folder, "index")),
            "GIT_OBJECT_DIRECTORY": str(Path(folder, "objects")),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects),
        }
        self.git("read-tree", "HEAD")
        self.git("checkout-index", "--all", "--force", "--quiet")

    def git(self, *arguments, **options):
        """Run git on this tree; raises Refused if it fails."""
        return git(self.tree, *arguments, **{"must": True, **self.variables, **options})

    def put(self, files):
        """Write `files`, a mapping of paths to (bytes, is executable), and add them to the index, ignored or not."""
        for path, (data, is_program) in files.items():
            (self.tree / path).parent.mkdir(parents=True, exist_ok=True)
            (self.tree / path).write_bytes(data)
            if is_program:
                (self.tree / path).chmod(0o755)
        self.add(files)

    def add(self, paths, **variables):
        self.git("update-index", "--add", "-z", "--stdin", words="".join(f"{path}\0" for path in paths), **variables)

    def ignored(self, paths):
        """Return those of `paths` that git's rules ignore, its index aside."""
        # Exit code 1: none of them.
        found = self.git("check-ignore", "--no-index", "-z", "--stdin", words="\0".join(paths), must=False)
        return [path for path in found.split("\0") if path]

    def commit(self, steps):
        """Make a commit of each of `steps`, pairs of message and paths; check them out. Returns the branch before.

        No hook runs and nothing is signed: the commits are made by git's plumbing. Raises Refused if that fails, then
        the repository is as it was.
        """
        real = {"GIT_OBJECT_DIRECTORY": self.variables["GIT_ALTERNATE_OBJECT_DIRECTORIES"]}
        real |= {"GIT_ALTERNATE_OBJECT_DIRECTORIES": "", "GIT_INDEX_FILE": f"{self.variables['GIT_INDEX_FILE']}-real"}
        self.git("read-tree", "HEAD", **real)
        start = commit = git(self.root, "rev-parse", "HEAD", must=True)
        for message, paths in steps:
            if paths:
                self.add(paths, **real)
                tree = self.git("write-tree", **real)
                commit = self.git("commit-tree", tree, "-p", commit, "-F", "-", words=f"{message}\n", **real)
        before = git(self.root, "symbolic-ref", "--quiet", "--short", "HEAD") or start
        git(self.root, "update-ref", f"refs/heads/{BRANCH}", commit, "0" * len(start), must=True)
        try:
            git(self.root, "checkout", "--quiet", "--no-overwrite-ignore", BRANCH, must=True)
        except BaseException:
            git(self.root, "checkout", "--quiet", "--force", before)
            git(self.root, "update-ref", "-d", f"refs/heads/{BRANCH}", commit)
            raise
        return before
