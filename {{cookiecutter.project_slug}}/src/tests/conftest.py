"""Fixtures, markers and rules that all tests share."""

import os
import sys
import time
from datetime import date
from pathlib import Path

import pytest

FOLDERS = ("unit", "integration", "performance")
SERVICE_MARKER = "requires_{{ cookiecutter.external_service }}"
SERVICE_VARIABLE = "{{ cookiecutter.external_service | upper }}_URL"
PACKAGE = "{{ cookiecutter.package_name }}"
EXPIRED = pytest.StashKey()


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
    """Empty the package's caches after each test.

    A singleton is a function with functools.cache.
    """
    yield
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == PACKAGE:
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
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


def pytest_collection_modifyitems(items):
    """Mark tests by folder, and by what they need."""
    problems = []
    for item in items:
        tests = Path(__file__).parent
        if not item.path.is_relative_to(tests):
            continue  # a doctest of the package
        folder = item.path.relative_to(tests).parts[0]
        if folder in FOLDERS:
            item.add_marker(folder)
        if folder == "unit":
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
                problems.append(f"{item.nodeid}: {error}")
    if problems:
        example = 'issue="#123", until="2030-12-31"'
        problems.append(f"Write quarantine({example})")
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
        item.add_marker(mark)
    else:
        ended = f"quarantine for {issue} ended on {end}"
        item.stash[EXPIRED] = ended


def pytest_terminal_summary(terminalreporter, config):
    """Write the counts of each kind to the job summary."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    is_xdist_worker = hasattr(config, "workerinput")
    if is_xdist_worker or not path:
        return
    columns = ("passed", "failed", "error", "skipped")
    columns += ("xfailed", "xpassed")
    lines = [
        "## Tests",
        "",
        f"| Kind | {' | '.join(columns)} | pass rate |",
        "| --- |" + " ---: |" * (len(columns) + 1),
    ]
    for kind in FOLDERS:
        place = f"/{kind}/"
        counts = [0] * len(columns)
        for index, column in enumerate(columns):
            reports = terminalreporter.getreports(column)
            nodes = [report.nodeid for report in reports]
            own = [node for node in nodes if place in node]
            counts[index] = len(own)
        decided = sum(counts[:3])
        if decided:
            rate = f"{100 * counts[0] / decided:.2f} %"
            cells = " | ".join(map(str, counts))
            lines.append(f"| {kind} | {cells} | {rate} |")
    with open(path, "a", encoding="utf-8") as summary:
        print(*lines, "", sep="\n", file=summary)


def pytest_runtest_setup(item):
    """Fail a test whose quarantine is over."""
    if EXPIRED in item.stash:
        pytest.fail(item.stash[EXPIRED], pytrace=False)
