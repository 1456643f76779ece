"""V1, V2, F3, R2, R4: the coverage gate alone, for what would take too long to show in whole runs of the pipeline."""

import coverage
import pytest
from conftest import run
from measured import BUS, gate, rows, with_data
from pipelines import write


def test_coverage_gate_agrees_with_coverage_report_to_the_digit(copy):
    project = with_data(copy, left_out={BUS: [], "src/my_project/demo_mode.py": []})
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


def test_coverage_gate_fails_a_module_of_a_tier_whose_other_modules_make_up_for_it(copy):
    project = with_data(copy, left_out={BUS: []}, files={"src/my_project/core/long.py": "x = 1\n" * 200})
    verdict, found = rows(project)
    assert verdict == "failed"
    assert float(found["tier P1", "each module counts"]["percent"]) > 80
    assert found[BUS, ""]["status"] == "fail"


CANNOT = {
    "a plugin that is not installed": (
        lambda project: write(
            project, {"pyproject.toml": lambda text: text.replace("branch = true", 'branch = true\nplugins = ["gone"]')}
        ),
        "No module named 'gone'",
    ),
    "no data": (
        lambda project: (project / "reports/coverage/.coverage").unlink(),
        "no data: run `nox -s tests` or `pytest --cov`",
    ),
    "wrong settings": (
        lambda project: write(project, {"pyproject.toml": lambda text: text.replace("core/**", "gone/**")}),
        "matches no module",
    ),
    "two tiers": (
        lambda project: write(project, {"pyproject.toml": lambda text: text.replace("frontend/**", "core/**")}),
        "a module has one tier",
    ),
    "new module": (
        lambda project: write(project, {"src/my_project/new/new.py": ""}),
        "no data for src/my_project/new/new.py: measure this checkout, installed with `pip install -e .`; folders "
        "without __init__.py need include_namespace_packages = true in [tool.coverage.report]; what is no code of the",
    ),
    "broken Latin-1": (
        lambda project: (project / BUS).write_bytes("'Grüße\n".encode("latin-1")),
        "event_bus.py",
    ),
    "a package that no setting knows": (
        lambda project: write(project, {"src/second/__init__.py": ""}),
        "[tool.quality-gate] source: src/second/__init__.py is in none of src/my_project: add its folder there",
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
def test_coverage_gate_says_why_it_cannot_judge(copy, case):
    project = with_data(copy)
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
def test_coverage_gate_asks_no_data_of_what_git_or_coverage_leave_out(copy, case):
    """R2: a generated module without data stops nothing."""
    project = with_data(copy, files=NO_MODULES[case])
    write(project, {"src/my_project/_version.py": "x = 1\n"})
    verdict, found = rows(project)
    assert verdict == "passed"
    assert ("src/my_project/_version.py", "no tier") not in found


def test_coverage_gate_judges_every_package_that_is_named(copy):
    """R4: the untested one fails the minimum and is listed."""
    old, new = 'source = "src/my_project"', 'source = ["src/my_project", "src/second"]'
    project = with_data(
        copy,
        files={
            "src/second/__init__.py": "x = 1\n" * 900,
            "pyproject.toml": lambda text: text.replace(old, new),
        },
    )
    data = coverage.CoverageData(str(project / "reports/coverage/.coverage"))
    data.read()
    data.touch_files(["src/second/__init__.py"])
    data.write()
    verdict, found = rows(project)
    assert verdict == "failed"
    assert found["src/second/__init__.py", "no tier"]["percent"] == "0.00"


def test_coverage_gate_refuses_data_from_another_path(copy):
    project = with_data(copy)
    elsewhere = coverage.CoverageData(str(project / "reports/coverage/.coverage"))
    elsewhere.erase()
    elsewhere.add_lines({"/elsewhere/my_project/demo_mode.py": [1]})
    elsewhere.write()
    result = gate(project)
    assert result.returncode == 2
    assert "No data to report" in result.stderr or "No source for code" in result.stderr


BYPASSES = {
    "valid": ({"ISSUE": "#1", "UNTIL": "2999-12-31"}, "Bypassed until 2999-12-31 (#1)", True),
    "over": ({"ISSUE": "#1", "UNTIL": "2020-12-31"}, "Bypass refused: it ended on 2020-12-31", False),
    "no issue": ({"UNTIL": "2999-12-31"}, "Bypass refused: it needs an issue and a date", False),
    "no end": ({"ISSUE": "#1"}, "Bypass refused: it needs an issue and a date", False),
    "not a date": ({"ISSUE": "#1", "UNTIL": "tomorrow"}, "Bypass refused: it needs an issue and a date", False),
    "no such day": ({"ISSUE": "#1", "UNTIL": "2999-02-31"}, "Bypass refused: '2999-02-31'", False),
}


@pytest.mark.parametrize("case", BYPASSES)
def test_bypass(copy, case):
    """F3: an issue and an end date turn failures into warnings; anything less is refused, and says why."""
    variables, sentence, forgiven = BYPASSES[case]
    project = with_data(copy, left_out={BUS: []})
    variables = {f"COVERAGE_BYPASS_{name}": value for name, value in variables.items()}
    result = gate(project, GITHUB_ACTIONS="true", **variables)
    assert result.returncode == (0 if forgiven else 1)
    assert sentence in result.stdout
    assert f"::{'warning' if forgiven else 'error'} file={BUS}" in result.stdout
