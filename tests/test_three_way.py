"""L1, L3, M2: updates merge in three ways in every project, and leave to a person, by name, what they cannot merge.

The template is a small one; the programs are those of the real one.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import TEMPLATE, record, run

TOOLS = TEMPLATE / "{{cookiecutter.project_slug}}/tools"
PROGRAMS = ("repository", "three_way", "update_project")
INNER = "{{cookiecutter.slug}}"
NUMBERS = "".join(f"line {number}\n" for number in range(1, 21))


def write(folder, files):
    """Write the files, as text or bytes; None removes one."""
    for path, content in files.items():
        file = folder / path
        if content is None:
            file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())


def made(folder, files):
    """Make a repository of the files; return its folder."""
    write(folder, files)
    run("git", "init", "--quiet", folder, cwd=folder)
    record(folder, "start")
    return folder


@pytest.fixture
def pair(tmp_path):
    """Return a function that makes a template of `files` and a project of `own`, which names its commit.

    The repository of the project has never seen what the template renders. `template(files)` changes that.
    """

    def make(files, own, **state):
        answers = {"slug": "project", "_private": "x", "coverage_minimum": "60"}
        rendered = {f"{INNER}/{path}": content for path, content in files.items()}
        source = made(tmp_path / "template é", {"cookiecutter.json": json.dumps(answers), **rendered})
        state |= {"template": str(source), "commit": head(source), "checkout": None, "directory": None}
        state |= {"context": {"cookiecutter": answers}}
        # The verification judges projects of the real template only.
        programs = {f"tools/{name}.py": (TOOLS / f"{name}.py").read_bytes() for name in PROGRAMS}
        programs |= {"tools/verify_project.py": "print('{\"problems\": []}')\n", ".gitignore": "__pycache__/\n"}
        project = made(tmp_path / "my work é", programs | {".cruft.json": json.dumps(state)} | own)

        def template(changed):
            write(source / INNER, changed)
            record(source, "change")

        return SimpleNamespace(template=template, folder=project, source=source)

    return make


@pytest.fixture
def merge(tools, tmp_path):
    """Return a function that makes a project of `own` and merges into it what renderings hold, `old` and `new`."""

    def rendered(files):
        modes = {path: "100755" if path.endswith(".sh") else "100644" for path in files}
        return {path: (modes[path], content.encode() if isinstance(content, str) else content) for path, content in files.items()}

    def call(old, new, own, project=None):
        project = project or made(tmp_path / "my work é", own)
        left = tools.three_way.merge(project, rendered(old), rendered(new))
        assert list(project.rglob("*.rej")) == []
        return project, left

    return call


def head(folder):
    return run("git", "rev-parse", "HEAD", cwd=folder).stdout.strip()


def update(project, *arguments, code=0):
    result = run(sys.executable, "tools/update_project.py", *arguments, cwd=project, check=False)
    assert result.returncode == code, result.stdout + result.stderr
    assert list(project.rglob("*.rej")) == []
    return result.stdout if code < 2 else result.stderr


def text(project, path="m.txt"):
    return (project / path).read_bytes().decode()


def changed(old=(3, 15), new="template"):
    """Return the numbers with other words in the lines `old`."""
    words = NUMBERS
    for number in old:
        words = words.replace(f"line {number}\n", f"{new} {number}\n")
    return words


MARKED = "<<<<<<< project\nmine 3\n=======\ntemplate 3\n>>>>>>> template\n"
STAYS = "stays, the template has another: compare (`cruft diff`), or `skip` it in .cruft.json"
CONFLICT = "is not merged: solve the conflict, then `git add`"
REMOVED = "is not merged: removed on one side, changed on the other: `git rm` or `git add` it"


def listed(*lines):
    """What the program says of these files."""
    return "".join(f"{line}\n" for line in lines) + f"{len(lines)} conflicts and problems\n"


def test_a_file_that_was_never_rendered_into_the_project_is_merged(pair):
    """L3: an adopted project: its own version is the first that its repository has seen."""
    it = pair({}, own={"m.txt": changed([9], "mine")})
    it.template({"m.txt": changed()})
    assert update(it.folder).endswith("\n0 conflicts and problems\n")
    assert text(it.folder) == changed().replace("line 9\n", "mine 9\n")
    assert run("git", "status", "--porcelain", cwd=it.folder).stdout == " M .cruft.json\nM  m.txt\n"
    record(it.folder, "updated")
    assert update(it.folder) == "Nothing to do: this is the newest template\n0 conflicts and problems\n"


@pytest.mark.parametrize("minimum", ["", "70"], ids=["update", "thresholds"])
def test_what_is_recorded_is_what_cruft_records(pair, tmp_path, minimum):
    """L1, L2: other thresholds leave the template's commit, and private answers are the template's."""
    it = pair({"a.txt": "{{ cookiecutter.coverage_minimum }}\n"}, own={"a.txt": "mine\n\n60\n"}, skip=["x"])
    before = json.loads(text(it.folder, ".cruft.json"))
    it.template({"m.txt": changed()})
    twin = Path(shutil.copytree(it.folder, tmp_path / "twin"))
    update(it.folder, *(["--minimum", minimum] if minimum else []))
    pinned = ["--variables-to-update", json.dumps({"coverage_minimum": minimum}), "--checkout", before["commit"]]
    run("cruft", "update", "-y", *(pinned if minimum else []), cwd=twin)
    recorded, of_cruft = (json.loads(text(folder, ".cruft.json")) for folder in (it.folder, twin))
    if minimum:
        assert of_cruft.pop("checkout") == before["commit"]
        assert recorded.pop("checkout") is None
    assert recorded == of_cruft
    assert text(it.folder, "a.txt") == f"mine\n\n{minimum or 60}\n"
    assert text(it.folder) == (NUMBERS if minimum else changed())


def test_a_shallow_clone_merges_without_an_identity(pair, tmp_path):
    """M2: as in the weekly workflow."""
    it = pair({}, own={"m.txt": changed([9], "mine")})
    it.template({"m.txt": changed()})
    run("git", "clone", "--quiet", "--depth", "1", f"file://{it.folder}", "shallow", cwd=tmp_path)
    result = run(
        *(sys.executable, "tools/update_project.py"), cwd=tmp_path / "shallow", GIT_CONFIG_GLOBAL=os.devnull, check=False
    )
    assert result.returncode == 0, result.stderr
    assert text(tmp_path / "shallow") == changed().replace("line 9\n", "mine 9\n")


@pytest.mark.parametrize("conflict", [False, True], ids=["clean", "conflict"])
@pytest.mark.parametrize("ends", ["autocrlf", "eol=crlf", "text=auto", "-text"])
def test_line_ends_are_those_of_the_project(pair, tmp_path, ends, conflict):
    """L1: CRLF in the working tree only, by git's setting or attributes, or in the repository too."""
    in_repository = ends == "-text"
    own = {".gitattributes": "" if ends == "autocrlf" else f"* {ends}\n"}
    mine = changed([3 if conflict else 9], "mine")
    it = pair({}, own=own | {"m.txt": mine.replace("\n", "\r\n") if in_repository else mine})
    it.template({"m.txt": changed()})
    setting = f"--config=core.autocrlf={str(ends == 'autocrlf').lower()}"
    run("git", "clone", "--quiet", setting, it.folder, "windows", cwd=tmp_path)
    project = tmp_path / "windows"
    crlf = ends != "text=auto"
    assert text(project).count("\r\n") == (20 if crlf else 0)
    update(project, code=int(conflict))
    merged = changed().replace("line 9\n", "mine 9\n")
    if conflict:
        merged = changed().replace("template 3\n", MARKED)
    assert text(project) == (merged.replace("\n", "\r\n") if crlf else merged)
    if not conflict:
        assert run("git", "diff", "--shortstat", "HEAD", "--", "m.txt", cwd=project).stdout.split()[3] == "2"


def status(project):
    """Return what git says of each path but .cruft.json."""
    lines = run("git", "status", "--porcelain", "-z", "--no-renames", cwd=project).stdout.split("\0")
    return {line[3:]: line[:2].strip() for line in lines if line and not line.endswith(".cruft.json")}


def test_what_git_merges_needs_nobody(pair):
    """L1: files renamed, removed and added, a file that becomes a folder and the reverse, modes, binary files."""
    binary = bytes(range(256))
    files = {"old.txt": NUMBERS, "gone.txt": "x\n", "run.sh": "#!/bin/sh\n", "b.bin": binary, "deleted.txt": "x\n"}
    files |= {"file": "x\n", "folder/f": "x\n", "away/a": "x\n", "same.txt": "x\n", "skipped/s": "x\n"}
    own = {"old.txt": changed([9], "mine"), "deleted.txt": None, "away/a": None, "same.txt": "y\n", "also.txt": "y\n"}
    it = pair(files, own=own, skip=["skip*"])
    (it.folder / "away").rmdir()
    (it.source / INNER / "run.sh").chmod(0o755)
    new = {"old.txt": None, "deep/new é.txt": changed(), "gone.txt": None, "b.bin": binary[::-1], "deleted.txt": "y\n"}
    new |= {"file": None, "file/f": "x\n", "folder/f": None, "folder": "x\n", "away/b": "x\n", "same.txt": "y\n"}
    new |= {"also.txt": "y\n", "skipped/s": "y\n", "skipped/new": "y\n"}
    write(it.source / INNER, {"folder/f": None, "file": None})
    (it.source / INNER / "folder").rmdir()
    it.template({path: content for path, content in new.items() if (path, content) not in [("file", None), ("folder/f", None)]})
    update(it.folder)
    assert text(it.folder, "deep/new é.txt") == changed().replace("line 9\n", "mine 9\n")
    assert (it.folder / "b.bin").read_bytes() == binary[::-1]
    assert os.access(it.folder / "run.sh", os.X_OK)
    assert status(it.folder) == {
        **{path: "A" for path in ("deep/new é.txt", "file/f", "folder")},
        **{path: "D" for path in ("old.txt", "gone.txt", "file", "folder/f")},
        **{path: "M" for path in ("b.bin", "run.sh")},
    }


def test_what_needs_a_person_is_named_and_nothing_of_the_project_is_lost(pair, tmp_path):
    """L1, M2: files that are there already, tracked or not, and what is removed or moved over a change."""
    binary = bytes(range(256))
    files = {"removed.txt": NUMBERS, "b.bin": binary, "link.txt": "x\n", "untracked.local": "x\n", "moved.txt": NUMBERS}
    mine = {"removed.txt": "mine\n", "b.bin": binary + b"1", "added.txt": "mine\n", "block": "mine\n", "room/a": "mine\n"}
    mine |= {"moved.txt": "mine\n" + NUMBERS, "target.txt": "mine\n", "m.txt": changed([3], "mine"), "link.txt": None}
    it = pair(files, own=mine | {"untracked.local": None})
    (it.folder / "link.txt").symlink_to("m.txt")
    (it.folder / "to").symlink_to(tmp_path / "elsewhere")
    record(it.folder, "links")
    local = {"untracked.local": "mine\n", "new.local": "mine\n"}
    write(it.folder, local)
    new = {"removed.txt": None, "b.bin": binary + b"2", "added.txt": "x\n", "block/b": "x\n", "room": "x\n", "to/t": "x\n"}
    new |= {"moved.txt": None, "target.txt": NUMBERS, "link.txt": "y\n", "untracked.local": "y\n", "new.local": "y\n"}
    it.template(new | {"m.txt": changed()})
    said = update(it.folder, code=1)
    stay = ["added.txt", "block/b", "link.txt", "new.local", "room", "target.txt", "to/t", "untracked.local"]
    lines = [f"{path}: {STAYS}" for path in stay]
    lines += [f"b.bin: {CONFLICT}", f"m.txt: {CONFLICT}", f"moved.txt: {REMOVED}", f"removed.txt: {REMOVED}"]
    assert said == listed(*lines)
    expected = {path: content for path, content in (mine | local).items() if path not in ("m.txt", "link.txt")}
    for path, content in expected.items():
        assert (it.folder / path).read_bytes() == (content if isinstance(content, bytes) else content.encode()), path
    assert text(it.folder) == changed().replace("template 3\n", MARKED)
    assert os.readlink(it.folder / "link.txt") == "m.txt"
    assert not (tmp_path / "elsewhere").exists()
    assert status(it.folder) == {"b.bin": "UU", "m.txt": "UU", "moved.txt": "UD", "removed.txt": "UD"}
    run("git", "checkout", "--ours", ".", cwd=it.folder)
    record(it.folder, "solved")
    assert update(it.folder).endswith("\n0 conflicts and problems\n")
    assert text(it.folder) == changed([3], "mine")


BLOCKS = {name: "".join(f"{name} {number}\n" for number in range(8)) for name in "abcd"}


@pytest.mark.parametrize(
    ("own", "new", "merged"),
    [
        ("cbda", ("b 4\n", "b 4\nb new\n"), "cbda"),
        ("cbda", ("b 7\n", "b 7\nb new\n"), "cbda"),
        ("cbda", ("b 4\n", ""), "cbda"),
        ("cbda", ("a 3\n", "a new\n"), "cbda"),
        ("cbbda", ("b 4\n", "b 4\nb new\n"), ""),
        ("cda", ("b 4\n", "b 4\nb new\n"), ""),
    ],
    ids=["added", "added at an end", "removed", "changed", "stands twice", "stands nowhere"],
)
def test_a_change_finds_what_the_project_has_moved(pair, own, new, merged):
    """L3: where its surroundings stand, if that is one place; else it is a conflict."""
    before = {"m.txt": "".join(BLOCKS.values())}
    mine = "# mine\n" + "# also\n".join(BLOCKS[name] for name in own)
    it = pair(before, own={"m.txt": mine})
    it.template({"m.txt": before["m.txt"].replace(*new)})
    said = update(it.folder, code=int(not merged))
    if merged:
        assert text(it.folder) == mine.replace(*new)
        assert status(it.folder) == {"m.txt": "M"}
    else:
        assert said == listed(f"m.txt: {CONFLICT}")
        run("git", "checkout", "--ours", "m.txt", cwd=it.folder)
        assert text(it.folder) == mine


def test_only_what_conflicts_has_markers(pair):
    """L3: other changes of the same file are merged."""
    before = "".join(BLOCKS.values())
    mine = "".join(BLOCKS[name] for name in "cbda").replace("d 4\n", "d mine\n")
    it = pair({"m.txt": before}, own={"m.txt": mine})
    it.template({"m.txt": before.replace("b 4\n", "b new\n").replace("d 4\n", "d new\n")})
    assert update(it.folder, code=1) == listed(f"m.txt: {CONFLICT}")
    above, _, marked = text(it.folder).partition("<<<<<<<")
    assert "b new\n" in above
    assert all(line in marked for line in ("d mine\n", "d new\n"))


def test_a_project_below_the_root_of_a_repository(pair):
    """L1, R2: only its own files are looked at and changed."""
    it = pair({}, own={"m.txt": changed([9], "mine")}, inside="services/é")
    root = it.folder.parents[2]
    write(root, {"m.txt": "x\n", "new.txt": "x\n"})
    record(root, "others")
    it.template({"m.txt": changed(), "new.txt": "y\n"})
    update(it.folder)
    assert text(it.folder) == changed().replace("line 9\n", "mine 9\n")
    assert (text(it.folder, "new.txt"), text(root), text(root, "new.txt")) == ("y\n", "x\n", "x\n")


def refusal(it, words):
    """The update changes nothing, and says why in one line below the first."""
    before = status(it.folder), text(it.folder, ".cruft.json")
    first, line = update(it.folder, code=2).splitlines()
    assert first == "Nothing was changed:"
    assert words in line
    assert (status(it.folder), text(it.folder, ".cruft.json")) == before


def test_a_template_whose_old_commit_is_gone(pair):
    """L1: its history was written anew."""
    it = pair({})
    shutil.rmtree(it.source / ".git")
    made(it.source, {f"{INNER}/m.txt": changed()})
    refusal(it, "the template cannot be rendered: ")
    (it.source / "cookiecutter.json").unlink()
    refusal(it, "the template cannot be rendered: ")


def test_changes_that_git_does_not_list_are_not_overwritten(pair):
    """L1: in a file that it was told to take for unchanged."""
    it = pair({})
    it.template({"m.txt": changed()})
    run("git", "update-index", "--assume-unchanged", "m.txt", cwd=it.folder)
    write(it.folder, {"m.txt": "mine\n"})
    refusal(it, "git refuses: error: ")
    assert text(it.folder) == "mine\n"


@pytest.mark.parametrize("pattern", ["", "/x", "**x", 1])
def test_what_is_no_path_to_skip_is_said(pair, pattern):
    it = pair({}, skip=[pattern])
    it.template({"m.txt": changed()})
    if pattern == "**x" and sys.version_info >= (3, 13):
        pytest.skip("is a pattern there")
    refusal(it, "correct it in .cruft.json")


def test_a_template_in_a_folder_of_its_repository(pair, tmp_path):
    """L1: `directory` of .cruft.json; named by a path relative to the project."""
    it = pair({}, own={"m.txt": changed([9], "mine")})
    moved = tmp_path / "moved/inner"
    shutil.copytree(it.source, moved, ignore=shutil.ignore_patterns(".git"))
    made(tmp_path / "moved", {})
    commit = run("git", "rev-parse", "HEAD", cwd=tmp_path / "moved").stdout.strip()
    state = json.loads(text(it.folder, ".cruft.json")) | {"directory": "inner", "commit": commit}
    it.project({".cruft.json": json.dumps(state)})
    write(moved / INNER, {"m.txt": changed()})
    record(tmp_path / "moved", "change")
    update(it.folder, "--template-path", "../../moved")
    assert text(it.folder) == changed().replace("line 9\n", "mine 9\n")
    assert json.loads(text(it.folder, ".cruft.json"))["template"] == state["template"]
