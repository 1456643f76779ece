"""V3, R1: coverage of the changed lines."""

import json
import re
import shutil

import coverage
import pytest
from conftest import run
from measured import BUS, all_arcs, gate, record, rows, with_data
from pipelines import commit, merge, write

pytestmark = pytest.mark.slow

PATCH = {"covered": (2, "pass"), "uncovered": (1, "fail")}


@pytest.mark.parametrize("case", PATCH)
def test_patch_counts_the_changed_lines_only(copy, case):
    """V3: decided here by a diff against the base; the rest of the module does not count."""
    changed = {BUS: lambda text: text + "\n\ndef added():\n    return 1\n"}
    project = with_data(copy, files=changed)
    if case == "uncovered":
        last = len((project / BUS).read_text(encoding="utf-8").splitlines())
        record(project, {BUS: [arc for arc in all_arcs(project / BUS) if last not in map(abs, arc)]})
    _, found = rows(project, "--base", "HEAD")
    (row,) = [row for (name, _), row in found.items() if name == "patch"]
    hit, status = PATCH[case]
    assert (row["percent"], row["status"]) == (f"{50 * hit:.2f}", status)
    assert row["note"] == "2 lines since HEAD"


ADDED = "\n\ndef added():\n    return 1\n"
SETTINGS = {
    "binary": {".gitattributes": "*.py binary\n"},
    "no diff": {".gitattributes": "*.py -diff\n"},
    "a driver": {".gitattributes": "*.py diff=odd\n"},
    "line ends": {".gitattributes": "*.py text eol=crlf\n"},
}
ODD = [
    ("noprefix", "true"),
    ("mnemonicPrefix", "true"),
    ("external", "false"),
    ("odd.textconv", "false"),
    ("renames", "false"),
]
ODD += [("interHunkContext", "9"), ("orderFile", "/dev/null")]


@pytest.mark.parametrize("case", SETTINGS)
def test_patch_does_not_depend_on_attributes_and_settings_of_git(copy, case):
    """V3, R1: what git would hide or show otherwise counts as it is."""
    project = with_data(copy, files=SETTINGS[case] | {BUS: lambda text: text + ADDED})
    for name, value in ODD:
        run("git", "config", f"diff.{name}", value, cwd=project)
    run("git", "config", "color.ui", "always", cwd=project)
    assert ("patch", "2 lines since HEAD") in rows(project, "--base", "HEAD", GIT_DIFF_OPTS="-u3")[1]


@pytest.mark.parametrize("name", ["new.py", "größe.py", 'a "b".py', "a b/c d.py"])
@pytest.mark.parametrize("state", ["untracked", "added", "committed"])
def test_patch_counts_new_files_of_any_name(copy, name, state):
    """V3, R1: a module that nobody has added to git yet is a change as well."""
    project = with_data(copy, files={f"src/my_project/{name}": "def added():\n    return 1\n"})
    if state != "untracked":
        run("git", "add", "--all", cwd=project)
    base = "HEAD"
    if state == "committed":
        run("git", "commit", "--quiet", "--no-verify", "--message", "new", cwd=project)
        base = "HEAD^1"
    before = run("git", "status", "--porcelain", cwd=project).stdout
    (note,) = [note for name, note in rows(project, "--base", base)[1] if name == "patch"]
    assert note.startswith("2 lines since ")
    assert run("git", "status", "--porcelain", cwd=project).stdout == before


def test_patch_counts_lines_of_other_encodings_and_line_ends(copy):
    """R1: with what looks like a diff in it."""
    text = b"# coding: latin-1\r\n# Gr\xfc\xdfe\r\n++ 1\r\n-- 2\r\nx = '''\r\n@@ -1 +9 @@'''\r\n"
    project = with_data(copy)
    (project / "src/my_project/new.py").write_bytes(text)
    data = coverage.CoverageData(str(project / "reports/coverage/.coverage"))
    data.read()
    data.add_arcs({"src/my_project/new.py": [(-1, 3), (3, 4), (4, 5), (5, -1)]})
    data.write()
    assert rows(project, "--base", "HEAD")[1]["patch", "3 lines since HEAD"]["percent"] == "100.00"


def test_a_moved_module_is_no_patch(copy):
    """V3: as in the review of the pull request."""
    project = with_data(copy)
    (project / BUS).rename(project / "src/my_project/core/moved.py")
    record(project)
    run("git", "add", "--all", cwd=project)
    assert ("patch", "no line of the package changed since HEAD") in rows(project, "--base", "HEAD")[1]


def test_patch_of_a_merge_commit_is_what_the_merge_brings(copy):
    """V3: the base branch has gained an untested module since the pull request's event: it is nobody's patch here."""
    project = with_data(copy)
    event = run("git", "rev-parse", "HEAD", cwd=project).stdout.strip()
    run("git", "switch", "--quiet", "--create", "topic", cwd=project)
    write(project, {BUS: lambda text: text + ADDED})
    commit(project)
    merge(project, event, "topic", {"src/my_project/foreign.py": "x = 1\n" * 41})
    record(project, {"src/my_project/foreign.py": []})
    first = run("git", "rev-parse", "HEAD^1", cwd=project).stdout[:10]
    row = rows(project, "--base", "HEAD^1")[1]["patch", f"2 lines since {first}"]
    assert (row["percent"], row["status"]) == ("100.00", "pass")
    assert ("patch", f"43 lines since {event[:10]}") in rows(project, "--base", event)[1]


def test_patch_of_a_project_below_the_root_of_a_repository(copy, tmp_path):
    """R2, V3: paths are those of the project, not of the repository around."""
    source = with_data(copy, files={BUS: lambda text: text + ADDED})
    run("git", "stash", "--quiet", cwd=source)
    outer = tmp_path / "outer"
    outer.mkdir()
    project = source.rename(outer / "service")
    run("git", "stash", "pop", "--quiet", cwd=project)
    changed = (project / BUS).read_bytes()
    run("git", "checkout", "--quiet", BUS, cwd=project)
    shutil.rmtree(project / ".git")
    run("git", "init", "--quiet", cwd=outer)
    commit(outer)
    (project / BUS).write_bytes(changed)
    assert rows(project, "--base", "HEAD")[1]["patch", "2 lines since HEAD"]["percent"] == "100.00"


def test_patch_without_a_base_or_without_changes_is_said_and_passes(copy):
    project = with_data(copy)
    assert ("patch", "not judged: no base (--base COMMIT)") in rows(project)[1]
    assert ("patch", "no line of the package changed since HEAD") in rows(project, "--base", "HEAD")[1]
    result = gate(project, "--base", "origin/nowhere")
    assert (result.returncode, "no common commit with the base 'origin/nowhere'" in result.stderr) == (2, True)


BASELINES = {  # modules without a test file, at the base and now; the status, if there is a row
    "grown": (["a"], ["a", "b"], "fail"),
    "begun": ([], ["a"], "fail"),
    "shorter": (["a", "b"], ["b"], "pass"),
    "with another": (["a"], ["b"], "fail"),
    "renamed": (["gone"], ["b"], "pass"),
    "repeated": (["a"], ["a", "a"], "pass"),
    "none": ([], [], None),
    "taken away before": (None, ["a"], "fail"),
    "unreadable then": ("a", ["a"], None),
    "no list of names then": ([1], ["a"], None),
}


@pytest.mark.parametrize("case", BASELINES)
def test_the_list_of_modules_without_tests_only_gets_shorter(copy, case):
    """V3, L3: whoever adds to it in a pull request is told the two numbers."""
    old, new, status = BASELINES[case]
    names = {name: f"src/my_project/{name}.py" for name in ("a", "b", "gone")}

    def listed(names_now):
        value = [names.get(name, name) for name in names_now] if isinstance(names_now, list) else names_now
        line = "" if value is None else f"untested = {json.dumps(value)}\n"
        return {
            "pyproject.toml": lambda text: re.sub(r"^(untested = .*\n)?(?=socket-ban)", line, text, count=1, flags=re.M)
        }

    project = with_data(copy, {names[name]: "" for name in "ab"})
    write(project, listed(old))
    commit(project)
    write(project, listed(new))
    verdict, found = rows(project, "--base", "HEAD")
    (row,) = [row for (name, _), row in found.items() if name == "untested"] or [None]
    assert (row and row["status"], verdict) == (status, "failed" if status == "fail" else "passed")
    assert not row or (row["percent"], row["target"]) == (str(len(set(new))), str(len(old or [])))
    said = gate(project, "--base", "HEAD", GITHUB_ACTIONS="true").stdout
    told = f"::error title=Coverage::{len(new)} modules without a test file, which may only get fewer, not others "
    told += f"({names['b' if 'b' in new else 'a']}"
    assert (told in said) == (status == "fail")
    assert rows(project)[0] == "passed", "there is nothing to compare with"
    write(project, {"pyproject.toml": lambda text: text.replace("[tool.quality-gate", "[tool.none")})
    commit(project)
    run("git", "checkout", "--quiet", "HEAD~1", "pyproject.toml", cwd=project)
    write(project, listed(new))
    assert rows(project, "--base", "HEAD")[0] == "passed", "before there were settings"
