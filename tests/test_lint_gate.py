"""C3, R1, R3, R4: the lint gate alone, with hooks of the machine, which need no installation."""

import sys

import pytest
import yaml
from conftest import run
from pipelines import commit, write

pytestmark = pytest.mark.slow

NESTED = """\
docs links...............................................................Failed
- hook id: links
- exit code: 1

README.md: 404
docs links......Failed
"""
BLANKS = "sed -i 's/ *$//'"


@pytest.fixture
def lint(copy, tmp_path):
    """Return a function that runs the gate with the given hooks, of which `style` are style, on a committed project."""

    def start(hooks, files=None, dirty=None, style=(), lint="errors", **more):
        project = copy()
        hook = {"language": "system", "pass_filenames": False}
        local = [hook | {"id": name, "name": name, "entry": entry} for name, entry in hooks.items()]
        config = {"repos": [{"repo": "local", "hooks": local}]} | more
        names = f"style-hooks = {list(style)!r}\nold-hooks = ["
        write(
            project,
            {".pre-commit-config.yaml": yaml.safe_dump(config)}
            | {"pyproject.toml": lambda text: text.replace("style-hooks = [", names).replace('"errors"', f'"{lint}"')}
            | (files or {}),
        )
        commit(project)
        write(project, dirty or {})
        summary, output = tmp_path / "summary.md", tmp_path / "output"
        variables = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(output), "GITHUB_ACTIONS": "true"}
        result = run(sys.executable, "tools/lint_gate.py", cwd=project, check=False, **variables)
        if not summary.exists():
            return result, []
        rows = [line for line in summary.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][2:]
        return result, rows

    return start


def say(path, code=1):
    return f"sh -c 'cat {path}; exit {code}'"


@pytest.mark.parametrize("text", [NESTED, "docs links......Failed\n", "a....Passed\nb....(x)Skipped\n"])
def test_output_that_looks_like_a_report_of_precommit_belongs_to_its_hook(lint, text):
    """R4: also a whole report of another run of pre-commit."""
    result, rows = lint({"first": say("said.txt"), "second": "true"}, {"said.txt": text})
    assert (result.returncode, result.stderr) == (1, "")
    lines = "<br>".join(text.replace("\n\n", "\n").splitlines())
    assert rows == [f"| error | first |  | {lines} |"]
    assert "Lint: failed: 1 errors, 0 style findings" in result.stdout
    assert "second...." in result.stdout, "the log shows the names of the hooks"


def test_a_hook_shows_all_its_lines_up_to_a_limit(lint):
    """R4: not the last line alone; a hook that says nothing shows its exit code."""
    text = "".join(f"line {number} of the <output> | here\n" for number in range(1, 24))
    result, rows = lint({"long": say("said.txt", 3), "mute": "sh -c 'exit 7'"}, {"said.txt": text})
    shown = "<br>".join(f"line {number} of the &lt;output> \\| here" for number in range(1, 21))
    assert rows == [
        f"| error | long |  | {shown}<br>and 3 more lines, in the log |",
        "| error | mute |  | - exit code: 7 |",
    ]
    assert "::error title=Lint long::line 1 of the <output> | here%0Aline 2 of" in result.stdout


def test_places_must_be_files(lint):
    """A time or an address looks like a place."""
    _, rows = lint({"a": say("said.txt")}, {"said.txt": "README.md:3:1: E1 wrong\n12:30:15 started\nhttp://x:80: no\n"})
    assert rows == ["| error | a | `README.md:3` | E1 wrong |"]


@pytest.mark.parametrize("dirty", ["other", "same", "none"])
def test_only_what_the_hooks_changed_is_blamed_on_them(lint, dirty):
    """R4: edits that are not committed are the user's; they stay."""
    files = {"a.txt": "one\ntwo  \nthree\n", "b.txt": "x\ny\n"}
    edits = {"other": {"b.txt": "x\nedited\n"}, "same": {"a.txt": "one, edited\ntwo  \nthree\n"}, "none": {}}[dirty]
    result, rows = lint({"fixer": f"{BLANKS} a.txt"}, files, edits, style=["fixer"])
    assert rows == ["| style | fixer | `a.txt:2` | would be changed |"]
    assert "::warning file=a.txt,line=2,title=Lint fixer::would be changed" in result.stdout
    assert result.returncode == 0


FIXER = """\
import pathlib
for path in pathlib.Path("texts").rglob("*.txt"):
    path.write_bytes(path.read_bytes().replace(b" \\n", b"\\n"))
"""


@pytest.mark.parametrize("name", ["grün.txt", 'a "b", c:d.txt', "a b/c d.txt", "`a`|b.txt"])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig"])
def test_a_fixed_file_of_any_name_and_encoding_is_a_style_finding(lint, name, encoding):
    """R1: a trailing blank in a Latin-1 file."""
    files = {f"texts/{name}": "first\nGrüße \n".encode(encoding), ".gitattributes": "*.txt binary\n", "fix.py": FIXER}
    result, rows = lint({"fixer": f"{sys.executable} fix.py"}, files, style=["fixer"])
    assert rows == [f"| style | fixer | `texts/{name}:2` | would be changed |".replace("`|b", "`\\|b")]
    assert (result.returncode, result.stderr) == (0, "")


def test_output_of_any_bytes_is_shown(lint):
    """R1."""
    said = b"Gr\xfc\xdfe \0 \x01\n\xff\xfe\n"
    result, rows = lint({"a": say("said.bin")}, {"said.bin": said})
    assert (result.returncode, result.stderr) == (1, "")
    assert rows[0].startswith("| error | a |  | Grüße ")


def test_every_hook_is_asked(lint):
    """C3, C7: fail_fast would hide an error behind a finding of style."""
    result, rows = lint({"first": "false", "second": "false"}, style=["first"], fail_fast=True)
    assert [row.split(" | ")[1] for row in rows] == ["first", "second"]


@pytest.mark.parametrize("more", [{"default_stages": ["pre-push"]}, {"repos": []}], ids=["other stage", "no hook"])
def test_no_hook_is_no_pass(lint, more):
    """C3."""
    result, _ = lint({"first": "true"}, **more)
    assert (result.returncode, "pre-commit ran no hook" in result.stderr) == (2, True)


def test_a_style_hook_that_neither_finds_nor_changes_anything_is_an_error(lint):
    """C3: it crashed, or is not there: what it would have found is not known."""
    result, rows = lint(
        {"flake8": say("said.txt"), "black": "not-installed"}, {"said.txt": "crash\n"}, style=["flake8", "black"]
    )
    assert [row.split(" | ")[0] for row in rows] == ["| error", "| error"]
    assert result.returncode == 1


def test_a_file_that_a_hook_removes_is_named(lint):
    """R4."""
    _, rows = lint({"fixer": "rm a.txt"}, {"a.txt": "one\n"}, style=["fixer"])
    assert rows == ["| style | fixer | `a.txt:1` | would be changed |"]


def test_the_object_store_and_the_index_of_the_user_stay_as_they_are(lint, tmp_path):
    """R3: edits that are not committed are compared in a place apart."""
    result, _ = lint({"a": "git count-objects"}, {"a.txt": "one\n"}, {"a.txt": "two\n" * 99})
    project = tmp_path / "my-project"
    write(project, {"a.txt": "three\n"})
    before = run("git", "count-objects", "-v", cwd=project).stdout
    run(sys.executable, "tools/lint_gate.py", cwd=project)
    assert run("git", "count-objects", "-v", cwd=project).stdout == before
    assert run("git", "status", "--porcelain", cwd=project).stdout == " M a.txt\n"


@pytest.mark.parametrize(("count", "more"), [(49, 0), (50, 0), (51, 1)])
def test_an_error_beyond_the_findings_that_are_shown_is_not_lost(tools, count, more):
    """V1, C7: errors come first, whatever their number and place in the log."""
    Result, findings = tools.lint_gate.Result, tools.lint_gate.findings
    style = [f"README.md:{number}:1: E1 style" for number in range(1, count)]
    results = [Result("flake8", True, [], [*style, "README.md:9:1: F821 undefined name 'x'"])]
    found = findings(tools.repository.ROOT, results, ["flake8"], [])
    assert [finding.is_error for finding in found] == [True] + [False] * (count - 1)
    table = tools.lint_gate.markdown(found, "failed")
    assert table.count("\n| style |") == min(count, tools.lint_gate.SHOWN) - 1
    assert ("more, in the log" in table) == bool(more)
    assert not more or f"and {more} more, in the log" in table


@pytest.mark.parametrize(
    ("code", "is_error"),
    [("E999", True), ("E902", True), ("E501", False), ("F631", True), ("F632", True), ("F641", False), ("F701", True)]
    + [("F811", False), ("F821", True), ("F822", True), ("F841", False), ("W605", False), ("invalid-syntax", True)],
)
def test_codes_that_say_that_the_code_cannot_work_are_errors(tools, code, is_error):
    """C3: the classes that GitHub's own Python workflow stops for, and the codes beside them."""
    result = tools.lint_gate.Result("flake8", True, [], [f"README.md:1:1: {code} words"])
    (finding,) = tools.lint_gate.findings(tools.repository.ROOT, [result], ["flake8"], [])
    assert finding.is_error == is_error
