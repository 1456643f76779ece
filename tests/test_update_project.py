"""L1, L2, L3, M2: whole updates, on a template of one file, of projects that have never seen what it rendered."""

import json
import os
import shutil
import sys
from types import SimpleNamespace

import pytest
from conftest import TEMPLATE, clone, record, run
from test_numbers import REFERENCE
from test_three_way import (
    BOTH,
    CONFLICT,
    INNER,
    MARKED,
    MINE,
    NUMBERS,
    changed,
    made,
    status,
    text,
    write,
)
from test_updates import PROJECT, change

DAYS = '"quarantine.days"'


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
        tools = TEMPLATE / PROJECT / "tools"
        programs = [tools / "update_project.py", *(tools / "quality").rglob("*.py")]
        files = {f"tools/{path.relative_to(tools).as_posix()}": path.read_bytes() for path in programs}
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
    """L3: its tables and hooks stand in another order with words of its own, and README.md is its own.

    D6: guides state its numbers, those that the update brings too, and these never conflict.
    """
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
    mine["pyproject.toml"] = mine["pyproject.toml"].replace("days = 60 ", "days = 30 ")
    made(project, mine | {"README.md": "# Ours\n\nQuality gate\n"})
    guides = [path.relative_to(project).as_posix() for path in project.rglob("*.md") if DAYS in text(project, path)]
    page, row = "docs/ci_cd/NEW.md", "| `quarantine.days` | 30 | days until a quarantine ends"
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
    change(template, f"{PROJECT}/{page}", None, f"# New\n\n[60 days](CICD_REFERENCE.md#thresholds {DAYS}).\n")
    assert update(project).endswith("\n0 conflicts and problems\n")
    assert {path: text(project, path) for path in merged} == mine
    assert status(project) == {path: "M " for path in (".cruft.json", *merged, REFERENCE, *guides)} | {page: "A "}
    assert "[30 days]" in text(project, page) and f"{row}, at most |" in text(project, REFERENCE)
    record(project, "updated")
    change(template, f"{PROJECT}/{REFERENCE}", "quarantine ends, at most", "quarantine ends by itself")
    change(template, f"{PROJECT}/.pre-commit-config.yaml", "v2.4.3", "v2.4.4")
    change(template, f"{PROJECT}/.gitignore", "/site/\n", "/site/\n/web/\n")
    said = update(project, code=1)
    assert f".pre-commit-config.yaml: {CONFLICT}\n" in said
    assert ".gitignore" not in said
    assert ".md" not in said
    assert f"{row} by itself |" in text(project, REFERENCE)
    assert all(f"rev: v2.4.{number}\n" in text(project, merged[2]) for number in (2, 4))


@pytest.mark.slow
def test_a_record_of_another_form_is_refused(pair):
    """L3, R3: with nothing changed."""
    made = pair({}, tables=3)
    made.template(changed())
    assert ".cruft.json: names no template, commit and answers: restore it from git" in update(made.project, code=2)
    assert status(made.project) == {}
