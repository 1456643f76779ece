"""The edge of the project's programs: files, git, GitHub's reports, and how a program ends.

Bytes become text here, git is asked here, and what stops a program becomes its exit code here.
"""

import codecs
import json
import os
import re
import shutil
import subprocess  # nosec B404 # runs git only
import sys
import tomllib
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

import yaml

ROOT = Path(__file__).resolve().parents[2]
# What tools leave at the root of a project that is not in git yet.
SKIPPED = {".git", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", "build", "dist", "reports"}
# UTF-32 first: its mark begins as that of UTF-16.
MARKS = {"utf-8-sig": codecs.BOM_UTF8, "utf-32": codecs.BOM_UTF32, "utf-16": codecs.BOM_UTF16}
# A diff must not depend on git's settings and attributes; names outside ASCII are quoted, so that they can be read back.
DIFF = "-c core.quotePath=true diff --no-color --no-ext-diff --no-textconv --text --unified=0 --inter-hunk-context=0"
DIFF += " --find-renames --no-prefix --relative"
HUNK = re.compile(rb"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,(\d+))? @@")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 200  # levels of a YAML file: its reader in C has no limit of its own, and crashes


class Unusable(Exception):
    """What a program needs is missing or broken; the message names it and, where there is one, the way out."""


class Broken(Unusable):
    """A file does not parse."""


def run(main: Callable[[], int], name: str) -> NoReturn:
    """Run the program `name` and exit with its code, or with 2 and one line if it cannot do its work."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # names of files can hold any bytes
    try:
        code = main()
    except (Unusable, OSError) as error:
        print(f"{name}: {one_line(error)}", file=sys.stderr)
        code = 2
    sys.exit(code)


def prefix(root: Path = ROOT) -> str:
    """Return what the names of the template's files begin with where adoption has found the plain ones taken."""
    found = (path for path in sorted(root.glob("*-noxfile.py")) if path.is_file())
    ours = (path for path in found if b"tools/verify_project.py" in path.read_bytes())
    return next((path.name.removesuffix("noxfile.py") for path in ours), "")


def nox(session: str, root: Path = ROOT) -> str:
    """Return the command that runs a session of the template's noxfile."""
    start = prefix(root)
    return f"nox -f {start}noxfile.py -s {session}" if start else f"nox -s {session}"


def one_line(error: object) -> str:
    return " ".join(str(error).split())


def decode(data: bytes) -> str:
    """Return `data` as text: by its byte order mark, else UTF-8, else each byte as one character of Latin-1.

    So ASCII text in a file of any encoding is found; what git takes for binary (a NUL, no mark) is empty.
    """
    encoding = next((name for name, mark in MARKS.items() if data.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in data[:8000]:
        return ""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return data.decode("latin-1")


def git(root: Path, *arguments: str, accept: tuple[int, ...] = (0,), **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in `root`; `variables` are added to its environment.

    Raises Unusable, with git's own words, if it is not installed or exits with another code than those of `accept`.
    """
    if not shutil.which("git"):
        raise Unusable("git is not installed, or not on PATH")
    environment = os.environ | {"LC_ALL": "C"} | variables
    environment.pop("GIT_DIFF_OPTS", None)
    done = subprocess.run(["git", *arguments], cwd=root, env=environment, capture_output=True)  # nosec B603 B607 # no shell
    return done if done.returncode in accept else refuse(done)


def refuse(done: subprocess.CompletedProcess[bytes]) -> NoReturn:
    raise Unusable(f"git refuses: {one_line(decode(done.stderr))}")


def in_git(root: Path) -> bool:
    """Tell whether the folder `root` is in a git repository that does not ignore it; raises Unusable if git refuses."""
    own = (root / ".git").exists()
    if not shutil.which("git"):
        return False
    asked = git(root, "rev-parse", "--is-inside-work-tree", accept=(0, 128))
    if asked.returncode and (own or b"not a git repository" not in asked.stderr):
        refuse(asked)
    inside = asked.stdout.strip() == b"true"
    return inside and (own or git(root, "check-ignore", "--quiet", ".", accept=(0, 1)).returncode == 1)


def paths(root: Path) -> list[str]:
    """Return the files of the project: those that git does not ignore, or all where there is no repository yet."""
    if not in_git(root):
        return walk(root)
    return listed(root, "--cached", "--others", "--exclude-standard")


def listed(root: Path, *options: str) -> list[str]:
    """Return the files that `git ls-files` lists."""
    names = git(root, "ls-files", "-z", *options).stdout.split(b"\0")
    return sorted({os.fsdecode(name) for name in names if name})


def walk(root: Path) -> list[str]:
    """Return all files below `root` but those that tools leave there."""
    found = []
    for folder, folders, names in os.walk(root):
        if Path(folder) == root:
            folders[:] = set(folders) - SKIPPED
        folders[:] = [name for name in folders if not Path(folder, name, "pyvenv.cfg").exists()]
        files = (Path(folder, name) for name in names)
        found += [file.relative_to(root).as_posix() for file in files if file.is_file()]
    return sorted(found)


def changed_lines(root: Path, start: str, **variables: str) -> Iterator[tuple[str, int, range]]:
    """Yield each change from the commit or tree `start` to the files as they are.

    A change is the path of the file, the number of its first line before, and the range of its lines now.
    """
    import ast

    path, in_header = "", False
    for line in git(root, *DIFF.split(), start, "--", ".", **variables).stdout.split(b"\n"):
        if line.startswith(b"diff --git "):
            in_header = True
        elif in_header and line.startswith((b"--- ", b"+++ ")):
            name = line[4:].rstrip(b"\t")
            name = ast.literal_eval(f"b{name.decode()}") if name.startswith(b'"') else name
            path = path if name == b"/dev/null" else os.fsdecode(name)
        elif match := HUNK.match(line):
            in_header, first = False, int(match[2])
            yield path, int(match[1]), range(first, first + int(match[3] or 1))


@contextmanager
def other_index(root: Path) -> Iterator[dict[str, str]]:
    """Yield the variables with which git works on a copy of the index and keeps new objects apart from the user's."""
    import tempfile

    asked = git(root, "rev-parse", "--git-path", "index", "--git-path", "objects").stdout
    index, objects = (Path(root, os.fsdecode(name)).resolve() for name in asked.splitlines())
    with tempfile.TemporaryDirectory() as folder:
        if index.exists():
            shutil.copy(index, Path(folder, "index"))
        yield {
            "GIT_INDEX_FILE": str(Path(folder, "index")),
            "GIT_OBJECT_DIRECTORY": folder,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects),
        }


def check_yaml(data: bytes) -> None:
    """Parse YAML without making objects of it, so that tags of other programs are no errors."""
    depth, has_alias = 0, False
    for event in yaml.parse(data, LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        has_alias = has_alias or isinstance(event, yaml.AliasEvent)
        if depth > DEEPEST:
            raise RecursionError
    if has_alias:
        list(yaml.compose_all(data, LOADER))


def load_yaml(data: bytes) -> Any:
    check_yaml(data)
    return yaml.load(data, LOADER)  # nosec B506 # a safe loader


PARSERS: dict[str, Callable[[bytes], Any]] = {
    ".py": lambda data: compile(data, "file", "exec", dont_inherit=True),
    ".toml": lambda data: tomllib.loads(data.decode()),
    ".json": json.loads,
    ".yml": check_yaml,
    ".yaml": check_yaml,
}


def parse(path: str, data: bytes, parsers: dict[str, Callable[[bytes], Any]] = PARSERS) -> Any:
    """Return what the file `path` holds, by its suffix, or None; raises Broken if it has another syntax."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return parsers.get(PurePosixPath(path).suffix, lambda data: None)(data)
    except (RecursionError, MemoryError):
        raise Broken("does not parse: it is nested too deeply") from None
    except (SyntaxError, ValueError, yaml.YAMLError) as error:
        raise Broken(f"does not parse: {one_line(error)}") from None


def read(root: Path, path: str) -> Any:
    """Return the content of a file of settings; raises OSError if it cannot be read, Broken if it does not parse."""
    try:
        return parse(path, (root / path).read_bytes(), PARSERS | {".yml": load_yaml, ".yaml": load_yaml})
    except Broken as error:
        raise Broken(f"{path}: {error}: correct the syntax") from None


def tell(variable: str, text: str) -> None:
    """Append `text` to one of GitHub's files, GITHUB_STEP_SUMMARY or GITHUB_OUTPUT, where GitHub runs this."""
    if path := os.environ.get(variable):
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            print(text, file=file)


def annotate(level: str, title: str, text: str, path: str = "", line: int = 0) -> None:
    """Print an annotation, which GitHub shows beside the code and on the run's page."""
    if not os.environ.get("GITHUB_ACTIONS"):
        return
    # GitHub reads these codes back; any other % is itself.
    text, path, title = (re.sub("%(?=25|0D|0A|3A|2C)", "%25", words) for words in (text, path, title))
    text, path, title = (words.replace("\r", "%0D").replace("\n", "%0A") for words in (text, path, title))
    path, title = (words.replace(":", "%3A").replace(",", "%2C") for words in (path, title))
    places = {"file": path, "line": line or "", "title": title}
    words = ",".join(f"{name}={value}" for name, value in places.items() if value)
    print(f"::{level} {words}::{text}")


def cell(text: str) -> str:
    """Return `text` for a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", "<br>")


def plain(text: str) -> str:
    """Return text of others for code in Markdown: one line, which can neither end the code nor begin a comment."""
    return one_line(text).replace("`", "'").replace("<!--", "<! --")


def code(text: str) -> str:
    """Return text of others for a cell of a Markdown table: a code span, which nothing in it can leave."""
    return f"`{plain(text)}`".replace("|", "\\|") if text.strip() else ""


def fenced(kind: str, text: str) -> list[str]:
    """Return a block of code in Markdown, line by line; its fence is longer than any in the text."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return [f"{fence}{kind}", text, fence]
