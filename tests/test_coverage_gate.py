"""V1-V3, F3, R2, R4: the coverage gate alone, for what would take too long to show in whole runs of the pipeline."""

import json

import coverage
import pytest
from conftest import run
from pipelines import commit, merge, write


@pytest.fixture
def measured(copy):
    """Return a function that generates a project with 100 % coverage data of a module that `lines` may leave out."""

    def measure(files=None, left_out=None):
        project = copy()
        commit(project)
        write(project, files or {})
        record(project, left_out)
        return project

    return measure


def record(project, left_out=None):
    """Write data in which every module ran as a whole, but those of `left_out`, which gives the arcs that ran."""
    data = coverage.CoverageData(str(project / "reports/coverage/.coverage"))
    (project / "reports/coverage").mkdir(parents=True, exist_ok=True)
    data.erase()
    arcs = {}
    for path in sorted((project / "src/my_project").rglob("*.py")):
        name = path.relative_to(project).as_posix()
        arcs[name] = all_arcs(path) if name not in (left_out or {}) else left_out[name]
    data.add_arcs(arcs)
    data.touch_files(arcs)
    data.write()


def all_arcs(path):
    """Return every arc that coverage.py holds possible in the file at `path`."""
    from coverage.parser import PythonParser

    parser = PythonParser(filename=str(path))
    parser.parse_source()
    return parser.arcs()


def gate(project, *arguments, **variables):
    return run("python", "tools/coverage_gate.py", *arguments, cwd=project, check=False, **variables)


def rows(project, *arguments, **variables):
    report = json.loads(gate(project, "--json", *arguments, **variables).stdout)
    return report["verdict"], {(row["name"], row["note"]): row for row in report["rows"]}


BUS = "src/my_project/core/event_bus.py"


def test_coverage_gate_agrees_with_coverage_report_to_the_digit(measured):
    project = measured(left_out={BUS: [], "src/my_project/demo_mode.py": []})
    verdict, found = rows(project)
    assert verdict == "failed"

    def reported(*arguments):
        return run("coverage", "report", "--format=total", "--fail-under=0", *arguments, cwd=project).stdout.strip()

    assert found["total", "minimum"]["percent"] == reported()
    assert found["tier P0", "each module counts"]["percent"] == reported(
        "--include=src/my_project/config_manager.py,src/my_project/demo_mode.py"
    )
    assert found[BUS, ""]["percent"] == reported(f"--include={BUS}") == "0.00"
    assert found[BUS, ""]["status"] == "fail"


def test_coverage_gate_fails_a_module_of_a_tier_whose_other_modules_make_up_for_it(measured):
    project = measured(left_out={BUS: []}, files={"src/my_project/core/long.py": "x = 1\n" * 200})
    verdict, found = rows(project)
    assert verdict == "failed"
    assert float(found["tier P1", "each module counts"]["percent"]) > 80
    assert found[BUS, ""]["status"] == "fail"


CANNOT = {
    "no data": (lambda project: (project / "reports/coverage/.coverage").unlink(), "No data to report"),
    "wrong settings": (
        lambda project: write(project, {"pyproject.toml": lambda text: text.replace("core/**", "gone/**")}),
        "matches no module",
    ),
    "two tiers": (
        lambda project: write(project, {"pyproject.toml": lambda text: text.replace("frontend/**", "core/**")}),
        "a module has one tier",
    ),
    "new module": (
        lambda project: write(project, {"src/my_project/new.py": ""}),
        "no data for src/my_project/new.py: measure this checkout",
    ),
    "broken Latin-1": (
        lambda project: (project / BUS).write_bytes("'Grüße\n".encode("latin-1")),
        "event_bus.py",
    ),
    "a package that no setting knows": (
        lambda project: write(project, {"src/second/__init__.py": ""}),
        "source_pkgs: names no package of src/second/__init__.py: add it there",
    ),
    "a broken table": (
        lambda project: write(
            project, {"pyproject.toml": lambda text: text.split("[tool.coverage.run]")[0] + "[tool.coverage]\nrun = 1"}
        ),
        "[tool.coverage.run] is no table",
    ),
    "broken data": (
        lambda project: write(project, {"reports/coverage/.coverage": "not a database"}),
        "cannot judge: ",
    ),
}


@pytest.mark.parametrize("case", CANNOT)
def test_coverage_gate_says_why_it_cannot_judge(measured, case):
    project = measured()
    cause, message = CANNOT[case]
    cause(project)
    result = gate(project)
    assert message in result.stderr
    assert (result.returncode, result.stderr.count("\n")) == (2, 1), result.stderr


NO_MODULES = {
    "ignored": {".gitignore": "_version.py\n"},
    "omitted": {
        "pyproject.toml": lambda text: text.replace("branch = true", 'branch = true\nomit = ["*/_version.py"]')
    },
    "exempt": {"pyproject.toml": lambda text: text.replace("exempt = []", 'exempt = ["*/_version.py"]')},
}


@pytest.mark.parametrize("case", NO_MODULES)
def test_coverage_gate_asks_no_data_of_what_git_or_coverage_leave_out(measured, case):
    """R2: a generated module without data stops nothing."""
    project = measured(files=NO_MODULES[case])
    write(project, {"src/my_project/_version.py": "x = 1\n"})
    verdict, found = rows(project)
    assert verdict == "passed"
    assert ("src/my_project/_version.py", "no tier") not in found


def test_coverage_gate_judges_every_package_that_is_named(measured):
    """R4: the untested one fails the minimum and is listed."""
    name = 'source_pkgs = ["my_project"'
    project = measured(
        files={
            "src/second/__init__.py": "x = 1\n" * 900,
            "pyproject.toml": lambda text: text.replace(name, name + ', "second"'),
        }
    )
    data = coverage.CoverageData(str(project / "reports/coverage/.coverage"))
    data.read()
    data.touch_files(["src/second/__init__.py"])
    data.write()
    verdict, found = rows(project)
    assert verdict == "failed"
    assert found["src/second/__init__.py", "no tier"]["percent"] == "0.00"


def test_coverage_gate_refuses_data_from_another_path(measured):
    project = measured()
    elsewhere = coverage.CoverageData(str(project / "reports/coverage/.coverage"))
    elsewhere.erase()
    elsewhere.add_lines({"/elsewhere/my_project/demo_mode.py": [1]})
    elsewhere.write()
    result = gate(project)
    assert result.returncode == 2
    assert "No data to report" in result.stderr or "No source for code" in result.stderr


PATCH = {"covered": (2, "pass"), "uncovered": (1, "fail")}


@pytest.mark.parametrize("case", PATCH)
def test_patch_counts_the_changed_lines_only(measured, case):
    """V3: decided here by a diff against the base; the rest of the module does not count."""
    changed = {BUS: lambda text: text + "\n\ndef added():\n    return 1\n"}
    project = measured(files=changed)
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
def test_patch_does_not_depend_on_attributes_and_settings_of_git(measured, case):
    """V3, R1: what git would hide or show otherwise counts as it is."""
    project = measured(files=SETTINGS[case] | {BUS: lambda text: text + ADDED})
    for name, value in ODD:
        run("git", "config", f"diff.{name}", value, cwd=project)
    run("git", "config", "color.ui", "always", cwd=project)
    assert ("patch", "2 lines since HEAD") in rows(project, "--base", "HEAD")[1]


@pytest.mark.parametrize("name", ["new.py", "größe.py", 'a "b".py', "a b/c d.py"])
@pytest.mark.parametrize("state", ["untracked", "added", "committed"])
def test_patch_counts_new_files_of_any_name(measured, name, state):
    """V3, R1: a module that nobody has added to git yet is a change as well."""
    project = measured(files={f"src/my_project/{name}": "def added():\n    return 1\n"})
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


def test_patch_counts_lines_of_other_encodings_and_line_ends(measured):
    """R1: with what looks like a diff in it."""
    text = b"# coding: latin-1\r\n# Gr\xfc\xdfe\r\n++ 1\r\n-- 2\r\nx = '''\r\n@@ -1 +9 @@'''\r\n"
    project = measured()
    (project / "src/my_project/new.py").write_bytes(text)
    data = coverage.CoverageData(str(project / "reports/coverage/.coverage"))
    data.read()
    data.add_arcs({"src/my_project/new.py": [(-1, 3), (3, 4), (4, 5), (5, -1)]})
    data.write()
    assert rows(project, "--base", "HEAD")[1]["patch", "3 lines since HEAD"]["percent"] == "100.00"


def test_a_moved_module_is_no_patch(measured):
    """V3: as in the review of the pull request."""
    project = measured()
    (project / BUS).rename(project / "src/my_project/core/moved.py")
    record(project)
    run("git", "add", "--all", cwd=project)
    assert ("patch", "no line of the package changed since HEAD") in rows(project, "--base", "HEAD")[1]


def test_patch_of_a_merge_commit_is_what_the_merge_brings(measured):
    """V3: the base branch has gained an untested module since the pull request's event: it is nobody's patch here."""
    project = measured()
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


def test_patch_without_a_base_or_without_changes_is_said_and_passes(measured):
    project = measured()
    assert ("patch", "not judged: no base (--base COMMIT)") in rows(project)[1]
    assert ("patch", "no line of the package changed since HEAD") in rows(project, "--base", "HEAD")[1]
    result = gate(project, "--base", "origin/nowhere")
    assert (result.returncode, "no common commit with the base 'origin/nowhere'" in result.stderr) == (2, True)


BYPASSES = {
    "valid": ({"ISSUE": "#1", "UNTIL": "2999-12-31"}, "Bypassed until 2999-12-31 (#1)", True),
    "over": ({"ISSUE": "#1", "UNTIL": "2020-12-31"}, "Bypass refused: it ended on 2020-12-31", False),
    "no issue": ({"UNTIL": "2999-12-31"}, "Bypass refused: it needs an issue and a date", False),
    "no end": ({"ISSUE": "#1"}, "Bypass refused: it needs an issue and a date", False),
    "not a date": ({"ISSUE": "#1", "UNTIL": "tomorrow"}, "Bypass refused: it needs an issue and a date", False),
    "no such day": ({"ISSUE": "#1", "UNTIL": "2999-02-31"}, "Bypass refused: '2999-02-31'", False),
}


@pytest.mark.parametrize("case", BYPASSES)
def test_bypass(measured, case):
    """F3: an issue and an end date turn failures into warnings; anything less is refused, and says why."""
    variables, sentence, forgiven = BYPASSES[case]
    project = measured(left_out={BUS: []})
    variables = {f"COVERAGE_BYPASS_{name}": value for name, value in variables.items()}
    result = gate(project, GITHUB_ACTIONS="true", **variables)
    assert result.returncode == (0 if forgiven else 1)
    assert sentence in result.stdout
    assert f"::{'warning' if forgiven else 'error'} file={BUS}" in result.stdout
