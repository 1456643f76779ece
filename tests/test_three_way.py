"""L1, L2, L3, M2: updates merge in three ways in every project, and name what they leave to a person.

The repositories of these projects have never seen what the template rendered, as after an adoption. Merges run in this
process; whole updates run on a template of one file.
"""

import json
import os
import shutil
import sys
from types import SimpleNamespace

import pytest
from conftest import TEMPLATE, clone, record, run
from test_updates import PROJECT, change

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


def test_files_are_rendered_ones_but_those_to_skip(tools, tmp_path):
    """L1: globs, and names of files and folders with all that is in them."""
    write(tmp_path, {path: "x\n" for path in ("a.txt", "b/c/d.txt", "b/e.txt", "f/g.txt")})
    (tmp_path / "b/e.txt").chmod(0o755)
    assert tools.three_way.files(tmp_path, ["b/*/*", "f"]) == {
        "a.txt": ("100644", b"x\n"),
        "b/e.txt": ("100755", b"x\n"),
    }
    assert list(tools.three_way.files(tmp_path, ["a.txt", "b"])) == ["f/g.txt"]
    for pattern in ("", "/x", 1):
        with pytest.raises(tools.repository.Unusable, match="correct it in .cruft.json"):
            tools.three_way.files(tmp_path, [pattern])


def test_tables_are_picked_with_their_comments(tools):
    """L3: and those below them, not those of a longer name."""
    data = b'[a]\nx = [\n    "[b]",\n]\n\n# about\n# b\n[b]\ny = 1\n[b.c-d]\n\n[bc]\nz = 1\n'
    assert tools.three_way.only(data, ["b"]) == b"# about\n# b\n[b]\ny = 1\n[b.c-d]\n\n"
    assert tools.three_way.only(b"", ["b"]) == b""


@pytest.fixture
def pair(tmp_path):
    """Return a function that makes a template and a project that follows it; `template(content)` changes m.txt."""

    def make(own, **state):
        answers = {"slug": "project", "_private": "x", "coverage_minimum": "60"}
        files = {f"{INNER}/m.txt": NUMBERS, f"{INNER}/a.txt": "{{ cookiecutter.coverage_minimum }}\n"}
        source = made(tmp_path / "template é", files | {"cookiecutter.json": json.dumps(answers)})
        commit = run("git", "rev-parse", "HEAD", cwd=source).stdout.strip()
        state |= {"template": str(source), "commit": commit, "checkout": "v1", "directory": None}
        state |= {"context": {"cookiecutter": answers | {"_private": "old", "_template": str(source)}}}
        # The verification judges projects of the real template only.
        names = ("repository", "settings", "three_way", "update_project")
        files = {f"tools/{name}.py": (TEMPLATE / PROJECT / f"tools/{name}.py").read_bytes() for name in names}
        files |= {"tools/verify_project.py": "print('{\"problems\": []}')\n", ".gitignore": "__pycache__/\n"}
        project = made(tmp_path / "my work é", files | {".cruft.json": json.dumps(state)} | own)

        def template(content):
            write(source / INNER, {"m.txt": content})
            record(source, "change")

        return SimpleNamespace(template=template, project=project, source=source, commit=commit)

    return make


def update(project, *arguments, code=0, **variables):
    result = run(sys.executable, "tools/update_project.py", *arguments, cwd=project, check=False, **variables)
    assert result.returncode == code, result.stdout + result.stderr
    assert list(project.rglob("*.rej")) == []
    return result.stdout if code < 2 else result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("option", ["", "--minimum=70", "--answer=coverage_minimum=70"])
def test_what_is_recorded_is_what_cruft_records(pair, tmp_path, option):
    """L1, L2, L3: other answers leave the template's commit, and private ones are the template's."""
    it = pair({"a.txt": "mine\n\n60\n", "m.txt": MINE}, skip=["x"])
    it.template(changed())
    twin = shutil.copytree(it.project, tmp_path / "twin")
    said = update(it.project, *filter(None, [option]))
    pinned = ["--variables-to-update", '{"coverage_minimum": "70"}', "--checkout", it.commit]
    run("cruft", "update", "-y", *(pinned if option else []), cwd=twin)
    recorded, of_cruft = (json.loads(text(folder, ".cruft.json")) for folder in (it.project, twin))
    assert said == f"Updated to commit {recorded['commit']} of the template\n0 conflicts and problems\n"
    assert recorded == of_cruft | ({"checkout": "v1"} if option else {})
    assert text(it.project, "a.txt") == f"mine\n\n{70 if option else 60}\n"
    assert text(it.project) == (MINE if option else BOTH)
    assert status(it.project) == {".cruft.json": "M ", "a.txt" if option else "m.txt": "M "}
    if not option:
        record(it.project, "updated")
        assert update(it.project) == "Nothing to do: this is the newest template\n0 conflicts and problems\n"
        assert "speed: the template asks no such thing" in update(it.project, "--answer", "speed=1", code=2)
        assert status(it.project) == {}


@pytest.mark.slow
def test_a_shallow_clone_merges_where_git_knows_no_person(pair, tmp_path):
    """M2: as in the weekly workflow; a conflict ends with exit code 1 and is listed."""
    it = pair({"m.txt": changed([3], "mine"), "a.txt": "60\n"})
    it.template(changed())
    run("git", "clone", "--quiet", "--depth", "1", f"file://{it.project}", "shallow", cwd=tmp_path)
    said = update(tmp_path / "shallow", code=1, GIT_CONFIG_GLOBAL=os.devnull)
    assert said == f"m.txt: {CONFLICT}\n1 conflicts and problems\n"
    assert text(tmp_path / "shallow") == changed().replace("template 3\n", MARKED)


@pytest.mark.slow
def test_a_template_whose_old_commit_is_gone_is_said_in_one_line(pair):
    """L1: its history was written anew."""
    it = pair({"m.txt": MINE})
    shutil.rmtree(it.source / ".git")
    made(it.source, {f"{INNER}/m.txt": changed()})
    first, line = update(it.project, code=2).splitlines()
    assert first == "Nothing was changed:"
    assert line.startswith("the template cannot be rendered: ")
    assert f"reference is not a tree: {it.commit}" in line
    assert 'File "' not in line
    assert status(it.project) == {}


@pytest.mark.slow
def test_a_template_in_a_folder_of_its_repository(pair, tmp_path):
    """L1: `directory` of .cruft.json; the repository is named by a path relative to the project."""
    it = pair({"m.txt": MINE})
    outer = tmp_path / "outer"
    shutil.copytree(it.source, outer / "inner", ignore=shutil.ignore_patterns(".git"))
    commit = run("git", "rev-parse", "HEAD", cwd=made(outer, {})).stdout.strip()
    state = json.loads(text(it.project, ".cruft.json")) | {"directory": "inner", "commit": commit}
    write(it.project, {".cruft.json": json.dumps(state)})
    record(it.project, "a folder")
    write(outer / "inner" / INNER, {"m.txt": changed()})
    record(outer, "change")
    update(it.project, "--template-path", "../outer")
    assert text(it.project) == BOTH
    after = json.loads(text(it.project, ".cruft.json"))
    assert (after["template"], after["context"]["cookiecutter"]["_template"]) == (state["template"], state["template"])


@pytest.mark.slow
def test_an_adopted_project_gets_what_the_template_changes_in_merged_files(template, tmp_path):
    """L3: its tables and hooks stand in another order with words of its own, and README.md is its own."""
    clone(template)
    run("cruft", "create", template, "--no-input", "--skip", "README.md", cwd=tmp_path)
    project = tmp_path / "my-project"
    shutil.rmtree(project / ".git")
    merged = ("pyproject.toml", ".gitignore", ".pre-commit-config.yaml")
    before = {path: text(project, path) for path in merged}
    mine = {path: "\n\n# Ours.\n".join(reversed(before[path].rstrip().split("\n\n"))) + "\n" for path in merged[:2]}
    head, *repositories = before[merged[2]].rstrip().split("\n  - repo: ")
    ours = "meta\n    hooks:\n      - id: check-hooks-apply # ours"
    mine[merged[2]] = "\n  - repo: ".join([head, *reversed(repositories), ours]).replace("v2.4.3", "v2.4.2") + "\n"
    made(project, mine | {"README.md": "# Ours\n\nQuality gate\n"})
    for path, old, new in (
        ("pyproject.toml", "untried = []", 'untried = ["extra"]'),
        ("pyproject.toml", '    "pytest-testmon>=2.2,<3",\n', '    "pytest-testmon>=2.2,<3",\n    "pytest-watcher",\n'),
        (".gitignore", "/build/\n", "/build/\n/site/\n"),
        (".pre-commit-config.yaml", "debug-statements\n", "debug-statements\n      - id: check-json\n"),
    ):
        change(template, f"{PROJECT}/{path}", old, new)
        assert mine[path].count(old) == 1
        mine[path] = mine[path].replace(old, new)
    change(template, f"{PROJECT}/README.md", "# ", "# The ")
    assert update(project).endswith("\n0 conflicts and problems\n")
    assert {path: text(project, path) for path in merged} == mine
    assert status(project) == {path: "M " for path in (".cruft.json", *merged)}
    record(project, "updated")
    change(template, f"{PROJECT}/.pre-commit-config.yaml", "v2.4.3", "v2.4.4")
    change(template, f"{PROJECT}/.gitignore", "/site/\n", "/site/\n/web/\n")
    said = update(project, code=1)
    assert f".pre-commit-config.yaml: {CONFLICT}\n" in said
    assert ".gitignore" not in said
    assert all(f"rev: v2.4.{number}\n" in text(project, merged[2]) for number in (2, 4))
