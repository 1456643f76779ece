"""Fixtures, markers and rules that all tests share."""

import functools
import os
import shlex
import sys
import time
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

TESTS = Path(__file__).parent
FOLDERS = ("unit", "integration", "performance")
SERVICE_MARKER = "requires_{{ cookiecutter.external_service }}"
SERVICE_VARIABLE = "{{ cookiecutter.external_service | upper }}_URL"
CODE = {path.stem for path in TESTS.parent.iterdir()}
CODE.discard(TESTS.name)
CACHED = type(functools.cache(print))
NAMESPACE = ModuleType.__dict__["__dict__"]
EXAMPLE = 'write quarantine(issue="#1", until="2030-12-31")'
EXPIRED = pytest.StashKey()
EMPTY_PART = pytest.StashKey()


@pytest.fixture
def mock_config_file(tmp_path):
    """Return a function that writes a settings file."""

    def write(text):
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(autouse=True)
def reset_singletons():
    """Empty the project's caches after each test.

    A singleton is a function with functools.cache. No
    other object is asked for anything: a lazy one would
    wake up.
    """
    yield
    for name, module in list(sys.modules.items()):
        is_module = issubclass(type(module), ModuleType)
        if is_module and name.partition(".")[0] in CODE:
            values = NAMESPACE.__get__(module).values()
            for value in list(values):
                if type(value) is CACHED:
                    value.cache_clear()


@pytest.fixture
def wait_until():
    """Return a function that waits for a condition."""

    def poll(condition, timeout=10.0):
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"not within {timeout} seconds")
            time.sleep(0.001)

    return poll


def quarantine_end(mark):
    """Return the last day of a quarantine.

    Raises:
        ValueError: the issue or the date is wrong.
    """
    issue, until = map(mark.kwargs.get, ("issue", "until"))
    if not issue:
        raise ValueError("names no issue")
    return date.fromisoformat(str(until))


def kind_of(path):
    """Return the folder of FOLDERS that holds a test."""
    if path.is_relative_to(TESTS):
        folder = path.relative_to(TESTS).parts[0]
        if folder in FOLDERS:
            return folder
    return "other"  # beside them, a doctest of the package


def pytest_configure(config):
    """Refuse to measure with other settings than CI's."""
    root = config.rootpath
    measures = config.getoption("cov_source", None)
    coverage = sys.modules.get("coverage")
    if coverage and not measures:
        measures = coverage.Coverage.current()
    if measures and Path.cwd() != root:
        place = shlex.quote(str(root))
        command = f"cd {place} && pytest --cov"
        raise pytest.UsageError(
            f"coverage is set up in {root}: run: {command}",
        )


def pytest_collection_modifyitems(config, items):
    """Mark tests by folder, and by what they need."""
    problems = []
    for item in items:
        kind = kind_of(item.path)
        if kind in FOLDERS:
            item.add_marker(kind)
        if kind == "unit":
            item.add_marker("disable_socket")
        if item.get_closest_marker(SERVICE_MARKER):
            if not os.environ.get(SERVICE_VARIABLE):
                reason = f"{SERVICE_VARIABLE} is not set"
                mark = pytest.mark.skip(reason=reason)
                item.add_marker(mark)
        quarantine = item.get_closest_marker("quarantine")
        if quarantine:
            try:
                apply_quarantine(item, quarantine)
            except ValueError as error:
                told = f"{item.nodeid}: {error}: {EXAMPLE}"
                problems.append(told)
                item.stash[EXPIRED] = told
    # A worker of xdist would only crash: its tests fail.
    if problems and not hasattr(config, "workerinput"):
        raise pytest.UsageError("\n".join(problems))


def apply_quarantine(item, quarantine):
    """Forgive failures until the date, then fail."""
    issue = quarantine.kwargs.get("issue")
    end = quarantine_end(quarantine)
    if date.today() <= end:
        mark = pytest.mark.xfail(
            reason=f"quarantine for {issue} until {end}",
            strict=False,
        )
        item.add_marker(mark, append=False)  # before others
    else:
        ended = f"quarantine for {issue} ended on {end}"
        item.stash[EXPIRED] = ended


def pytest_sessionfinish(session, exitstatus):
    """Forgive a part without tests: others have some."""
    parts = session.config.getoption("splits", None) or 1
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        if parts > 1:
            session.exitstatus = pytest.ExitCode.OK
            session.config.stash[EMPTY_PART] = parts


# The first that fits decides: each test counts once.
COLUMNS = ("error", "failed", "xfailed", "xpassed")
COLUMNS += ("skipped", "passed")


def count_tests(terminalreporter, root):
    """Return the number of tests by kind and outcome."""
    counts, seen = {}, set()
    for column in COLUMNS:
        for report in terminalreporter.getreports(column):
            if report.nodeid not in seen:
                seen.add(report.nodeid)
                file = report.nodeid.partition("::")[0]
                kind = kind_of(root / file)
                own = counts.setdefault(kind, {})
                own[column] = own.get(column, 0) + 1
    return counts


def pytest_terminal_summary(terminalreporter, config):
    """Write the counts of each kind to the job summary."""
    if hasattr(config, "workerinput"):
        return  # xdist: the controller has all reports
    lines = []
    parts = config.stash.get(EMPTY_PART, None)
    if parts:
        line = f"No test in this one of {parts} parts:"
        lines.append(f"{line} CI_TEST_SHARDS can be lower.")
        terminalreporter.write_line(lines[0])
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    columns = ("passed", "failed", "error", "skipped")
    columns += ("xfailed", "xpassed")
    lines += [
        "## Tests",
        "",
        f"| Kind | {' | '.join(columns)} | pass rate |",
        "| --- |" + " ---: |" * (len(columns) + 1),
    ]
    counts = count_tests(terminalreporter, config.rootpath)
    for kind in (*FOLDERS, "other"):
        found = counts.get(kind, {})
        own = [found.get(column, 0) for column in columns]
        decided = sum(own[:3])
        if any(own):
            rate = 100 * own[0] / max(decided, 1)
            shown = f"{rate:.2f} %" if decided else ""
            cells = [kind, *map(str, own), shown]
            lines.append(f"| {' | '.join(cells)} |")
    with open(path, "a", encoding="utf-8") as summary:
        print(*lines, "", sep="\n", file=summary)


def pytest_runtest_setup(item):
    """Fail a test whose quarantine is over."""
    if EXPIRED in item.stash:
        pytest.fail(item.stash[EXPIRED], pytrace=False)
