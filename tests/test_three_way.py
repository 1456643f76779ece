"""L1, L2, L3, M2: updates merge in three ways in every project, and name what they leave to a person.

The repositories of these projects have never seen what the template rendered, as after an adoption. Merges run in this
process; test_update_project.py has whole updates.
"""

import os

import pytest
from conftest import record, run

INNER = "{{cookiecutter.slug}}"
NUMBERS = "".join(f"line {number}\n" for number in range(1, 21))
MARKED = "<<<<<<< project\nmine 3\n=======\ntemplate 3\n>>>>>>> template\n"
STAYS = "stays, the template has another: compare (`cruft diff`), or `skip` it in .cruft.json"
CONFLICT = "is not merged: solve the conflict, then `git add`"
REMOVED = "is not merged: removed on one side, changed on the other: `git rm` or `git add` it"


def changed(lines=(3, 15), words="template"):
    """Return the numbers with other words in some `lines`."""
    return "".join(f"{words if number in lines else 'line'} {number}\n" for number in range(1, 21))


MINE, BOTH = changed([9], "mine"), changed().replace("line 9\n", "mine 9\n")


def encoded(content):
    return content if isinstance(content, bytes) else content.encode()


def write(folder, files):
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(encoded(content))


def made(folder, files):
    """Make a repository of the files; return its folder."""
    write(folder, files)
    run("git", "init", "--quiet", folder, cwd=folder)
    record(folder, "start")
    return folder


def text(project, path="m.txt"):
    return (project / path).read_bytes().decode()


def status(project):
    """Return what git says of each path."""
    lines = run("git", "status", "--porcelain", "-z", "--no-renames", cwd=project).stdout.split("\0")
    return {line[3:]: line[:2] for line in lines if line}


@pytest.fixture
def merge(tools):
    """Return a function that merges into a project what differs between two renderings; it returns what is left."""

    def rendered(files):
        modes = {path: "100755" if path.endswith(".sh") else "100644" for path in files}
        return {path: (modes[path], encoded(content)) for path, content in files.items()}

    def call(project, old, new):
        left = tools.three_way.merge(project, rendered(old), rendered(new))
        assert list(project.rglob("*.rej")) == []
        return left

    return call


@pytest.mark.parametrize("conflict", [False, True], ids=["clean", "conflict"])
@pytest.mark.parametrize("ends", ["autocrlf", "eol=crlf", "text=auto", "-text"])
@pytest.mark.parametrize("of_template", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_line_ends_stay_as_the_project_has_them(merge, tmp_path, of_template, ends, conflict):
    """L1: CRLF in the working tree only, by git's setting or attributes, or in the repository too."""
    mine = changed([3], "mine") if conflict else MINE
    attributes = "" if ends == "autocrlf" else f"* {ends}\n"
    own = {".gitattributes": attributes, "m.txt": mine.replace("\n", "\r\n") if ends == "-text" else mine}
    setting = f"--config=core.autocrlf={str(ends == 'autocrlf').lower()}"
    run("git", "clone", "--quiet", setting, made(tmp_path / "origin", own), "windows", cwd=tmp_path)
    old, new = ({"m.txt": content.replace("\n", of_template)} for content in (NUMBERS, changed()))
    assert merge(tmp_path / "windows", old, new) == ([f"m.txt: {CONFLICT}"] if conflict else [])
    merged = changed().replace("template 3\n", MARKED) if conflict else BOTH
    assert text(tmp_path / "windows") == (merged if ends == "text=auto" else merged.replace("\n", "\r\n"))
    if not conflict:
        assert status(tmp_path / "windows") == {"m.txt": "M "}
        lines = run("git", "diff", "--numstat", "HEAD", cwd=tmp_path / "windows").stdout.split()
        assert lines == ["2", "2", "m.txt"]


def test_what_git_can_merge_needs_nobody(merge, tmp_path):
    """L1: files moved, removed and added, a file that becomes a folder and the reverse, modes, other encodings."""
    binary = bytes(range(256)) + b"\r\n"
    old = {
        "old.txt": NUMBERS,
        "gone.txt": "x\n",
        "run": "x\n",
        "b.bin": binary,
        "deleted.txt": "x\n",
        "latin": b"\xe9\n",
    }
    old |= {
        "here/a": NUMBERS,
        "here/b": MINE,
        "file": "x\n",
        "folder/f": "x\n",
        "away/a": "x\n",
        "same.txt": "x\n",
        "run.py": "x\n",
        "latin": b"\xe9\n",
    }
    own = {path: content for path, content in old.items() if path not in ("deleted.txt", "away/a")}
    own |= {"old.txt": MINE, "same.txt": "y\n", "also.txt": "y\r\n", "here/mine": "x\n"}
    new = {"deep/new é.txt": changed(), "run": "x\n", "b.bin": binary[::-1], "deleted.txt": "y\n", "latin": b"\xe8\n"}
    new |= {"file/f": "x\n", "folder": "x\n", "away/a": "x\n", "away/b": "x\n", "same.txt": "y\n", "also.txt": "y\r\n"}
    new |= {"run.sh": "y\r\n", "there/a": NUMBERS, "there/b": MINE}
    project = made(tmp_path, own)
    assert merge(project, old, new) == []
    assert text(project, "deep/new é.txt") == BOTH
    assert text(project, "run.sh") == "y\n"
    assert os.access(project / "run.sh", os.X_OK)
    assert [(project / path).read_bytes() for path in ("b.bin", "latin")] == [binary[::-1], b"\xe8\n"]
    assert status(project) == {
        **{path: "A " for path in ("deep/new é.txt", "file/f", "folder", "run.sh", "there/a", "there/b")},
        **{path: "D " for path in ("old.txt", "gone.txt", "file", "folder/f", "run.py", "here/a", "here/b")},
        **{path: "M " for path in ("b.bin", "latin")},
    }


def test_what_needs_a_person_is_named_and_nothing_of_the_project_is_lost(merge, tmp_path):
    """L1, M2: files that are there already, tracked or not, and what is removed or moved over a change."""
    binary = bytes(range(256)) + b"\r\n"
    old = {"removed.txt": NUMBERS, "b.bin": binary, "link.txt": "x\n", "old.local": "x\n", "moved.txt": NUMBERS}
    old |= {"m.txt": NUMBERS, "links/a": "x\n", "was.local": "x\n", "file.local": "x\n"}
    own = {
        "removed.txt": "mine\n",
        "b.bin": binary + b"1",
        "added.txt": "mine\n",
        "block": "mine\n",
        "room/a": "mine\n",
    }
    own |= {"room/a": "mine\n", "moved.txt": "mine\n" + NUMBERS, "target.txt": "mine\n", ".gitignore": "*.local\n"}
    local = {path: "mine\n" for path in ("old.local", "new.local", "was.local", "file.local")}
    new = {
        "b.bin": binary + b"2",
        "added.txt": "x\n",
        "block/b": "x\n",
        "room": "x\n",
        "to/t": "x\n",
        "m.txt": changed(),
    }
    new |= {"target.txt": NUMBERS, "link.txt": "y\n", "old.local": "y\n", "new.local": "y\n", "links/a": "y\n"}
    new |= {"m.txt": changed(), "links/b": "y\n", "file.local/f": "y\n"}
    project = tmp_path / "project"
    write(project, own | local | {"m.txt": changed([3], "mine")})
    for name, aim in {"link.txt": "m.txt", "links": "room", "to": "../elsewhere"}.items():
        (project / name).symlink_to(aim)
    made(project, {})
    names = "added.txt block/b file.local/f link.txt links/a links/b new.local old.local room target.txt to/t"
    lines = [f"{path}: {STAYS}" for path in names.split()]
    lines += [f"b.bin: {CONFLICT}", f"m.txt: {CONFLICT}", f"moved.txt: {REMOVED}", f"removed.txt: {REMOVED}"]
    assert merge(project, old, new) == lines
    for path, content in (own | local).items():
        assert (project / path).read_bytes() == encoded(content), path
    assert text(project) == changed().replace("template 3\n", MARKED)
    assert [os.readlink(project / name) for name in ("link.txt", "links", "to")] == ["m.txt", "room", "../elsewhere"]
    assert not (tmp_path / "elsewhere").exists()
    assert status(project) == {"b.bin": "UU", "m.txt": "UU", "moved.txt": "UD", "removed.txt": "UD"}


BLOCKS = {name: "".join(f"{name} {number}\n" for number in range(8)) for name in "abcd"}
BEFORE = "".join(BLOCKS.values())


@pytest.mark.parametrize(
    ("own", "part", "other", "is_merged"),
    [
        ("cbda", "b 4\n", "b 4\nnew\n", True),
        ("cbda", "b 6\n", "b 6\nnew\n", True),
        ("cbda", "b 4\n", "", True),
        ("cbda", "a 3\n", "new\n", True),
        ("cbda", "a 7\n", "new\n", True),
        ("cbda", "b 0\n", "", True),
        ("cbda", "a 7\n", "a 7\nnew\n", False),
        ("cbbda", "b 4\n", "b 4\nnew\n", False),
        ("cda", "b 4\n", "b 4\nnew\n", False),
    ],
    ids=[
        "added",
        "close to an end",
        "removed",
        "changed",
        "last",
        "first",
        "other surroundings",
        "stands twice",
        "stands nowhere",
    ],
)
def test_a_change_finds_what_the_project_has_moved(merge, tmp_path, own, part, other, is_merged):
    """L3: where its surroundings stand, if that is one place; else it is a conflict."""
    mine = "# mine\n" + "# also\n".join(BLOCKS[name] for name in own)
    project = made(tmp_path, {"m.txt": mine})
    left = merge(project, {"m.txt": BEFORE}, {"m.txt": BEFORE.replace(part, other)})
    assert left == ([] if is_merged else [f"m.txt: {CONFLICT}"])
    assert status(project) == {"m.txt": "M " if is_merged else "UU"}
    if is_merged:
        assert text(project) == mine.replace(part, other)
    else:
        run("git", "checkout", "--ours", "m.txt", cwd=project)
        assert text(project) == mine


def test_a_change_whose_surroundings_the_template_has_twice_is_not_put_beside_the_wrong_ones(merge, tmp_path):
    """L3: although the project has them once."""
    before = BLOCKS["b"] + BLOCKS["c"] + BLOCKS["b"]
    project = made(tmp_path, {"m.txt": BLOCKS["c"] + BLOCKS["b"].replace("b 0", "b mine")})
    new = before.replace("b 4\n", "b new\n", 1)
    assert merge(project, {"m.txt": before}, {"m.txt": new}) == [f"m.txt: {CONFLICT}"]


def test_only_what_conflicts_has_markers(merge, tmp_path):
    """L3: other changes of the same file are merged."""
    mine = "".join(BLOCKS[name] for name in "cbda").replace("d 4\n", "d mine\n")
    project = made(tmp_path, {"m.txt": mine})
    new = BEFORE.replace("b 4\n", "b new\n").replace("d 4\n", "d new\n")
    assert merge(project, {"m.txt": BEFORE}, {"m.txt": new}) == [f"m.txt: {CONFLICT}"]
    above, _, marked = text(project).partition("<<<<<<<")
    assert "b new\n" in above
    assert "d mine\n" in marked
    assert "d new\n" in marked


def test_a_project_below_the_root_of_a_repository(merge, tmp_path):
    """L1, R2: only its own files are looked at and changed."""
    root = made(tmp_path, {"services/é/m.txt": MINE, "m.txt": "x\n", "new.txt": "x\n"})
    assert merge(root / "services/é", {"m.txt": NUMBERS}, {"m.txt": changed(), "new.txt": "y\n"}) == []
    assert text(root, "services/é/m.txt") == BOTH
    assert status(root) == {"services/é/m.txt": "M ", "services/é/new.txt": "A "}


def test_changes_that_git_does_not_list_are_not_overwritten(merge, tools, tmp_path):
    """L1: in a file that it was told to take for unchanged."""
    project = made(tmp_path, {"m.txt": NUMBERS})
    run("git", "update-index", "--assume-unchanged", "m.txt", cwd=project)
    write(project, {"m.txt": "mine\n"})
    with pytest.raises(tools.repository.Unusable, match="git refuses: error: "):
        merge(project, {"m.txt": NUMBERS}, {"m.txt": changed(), "new.txt": "x\n"})
    assert text(project) == "mine\n"
    assert status(project) == {}


def test_a_merge_that_git_does_not_begin_is_no_success(merge, tools, tmp_path, monkeypatch):
    """M2: a failure without conflicts."""
    monkeypatch.setattr(tools.three_way, "PICK", ("-c", "alias.fail=!echo no >&2; false", "fail"))
    with pytest.raises(tools.repository.Unusable, match="git refuses: no"):
        merge(made(tmp_path, {"m.txt": NUMBERS}), {"m.txt": NUMBERS}, {"m.txt": changed()})


def test_what_a_sparse_working_tree_leaves_out_is_merged_too(merge, tmp_path):
    """L1: it is not deleted, and not free for files of the template."""
    project = made(tmp_path, {"m.txt": NUMBERS, "far/m.txt": MINE, "far/own.txt": "mine\n"})
    run("git", "sparse-checkout", "set", "near", cwd=project)
    assert not (project / "far").exists()
    left = merge(project, {"far/m.txt": NUMBERS}, {"far/m.txt": changed(), "far/own.txt": "x\n"})
    assert left == [f"far/own.txt: {STAYS}"]
    assert run("git", "show", ":far/m.txt", cwd=project).stdout == BOTH
    assert run("git", "show", ":far/own.txt", cwd=project).stdout == "mine\n"
