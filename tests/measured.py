"""Projects with coverage data that no test has run for, and what the coverage gate says of them."""

import json

import coverage
from conftest import run
from coverage.parser import PythonParser
from pipelines import commit, write

BUS = "src/my_project/core/event_bus.py"


def with_data(copy, files=None, left_out=None):
    """Return a committed project with `files` on top, and data as of `record`."""
    project = copy()
    commit(project)
    write(project, files or {})
    record(project, left_out)
    return project


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
    parser = PythonParser(filename=str(path))
    parser.parse_source()
    return parser.arcs()


def gate(project, *arguments, **variables):
    return run("python", "tools/coverage_gate.py", *arguments, cwd=project, check=False, **variables)


def rows(project, *arguments, **variables):
    report = json.loads(gate(project, "--json", *arguments, **variables).stdout)
    return report["verdict"], {(row["name"], row["note"]): row for row in report["rows"]}
