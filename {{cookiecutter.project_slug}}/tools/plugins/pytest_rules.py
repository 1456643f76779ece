"""The rules for tests, a plugin of pytest that works beside the project's own settings, markers and conftest.py.

It reads `tests`, `socket-ban`, `external-service` and `quarantine` of [tool.quality-gate], in the first pyproject.toml with
that table from pytest's rootdir upwards; without one it registers the markers and leaves the rest alone. A wrong setting,
and coverage measured in another folder than the root, end pytest with exit code 4. It loads pytest_quarantine.
"""

import os
import re
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

pytest_plugins = ["pytest_quarantine"]
FOLDERS = ("unit", "integration", "performance")
MARKERS = (
    "unit: tests of one module, without network (by folder)",
    "integration: tests of modules together (by folder)",
    "performance: tests that measure time (by folder)",
    "slow: tests that take more than a second",
    "quarantine(issue, until): a flaky test that may fail until the date, and must not stay after it",
)
LIMITS = ("days", "tests", "clean-nights")  # of quarantine: numbers
COLUMNS = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")
PRECEDENCE = ("error", "failed", "xfailed", "xpassed", "skipped", "passed")  # the first decides: each test counts once


class Rules(NamedTuple):
    """The settings: folders (no `tests` without settings), a service's name or an empty string, limits of quarantine."""

    root: Path
    tests: Path | None = None
    socket_ban: bool = False
    service: str = ""
    quarantine: dict[str, Any] = {}

    def kind_of(self, path: Any) -> str:
        """Return the folder of FOLDERS that holds a test; "other" beside them, as for a doctest of the package."""
        if self.tests and Path(path).is_relative_to(self.tests):
            folder = [*Path(path).relative_to(self.tests).parts, ""][0]
            return folder if folder in FOLDERS else "other"
        return "other"


RULES, NOTES = pytest.StashKey[Rules](), pytest.StashKey[list[str]]()


def read_rules(start: Path) -> Rules:
    """Return the settings that hold in the folder `start`; raises pytest.UsageError if they cannot be used."""
    for root in (start, *start.parents):
        file = root / "pyproject.toml"
        try:
            tool = tomllib.loads(file.read_text(encoding="utf-8")).get("tool")
        except (FileNotFoundError, IsADirectoryError):
            continue
        except (OSError, ValueError, RecursionError) as error:
            raise pytest.UsageError(f"{file}: cannot be read: {error}: correct it") from None
        table = tool.get("quality-gate") if isinstance(tool, dict) else None
        if isinstance(table, dict):
            return checked(file, table)
        if table is not None:
            raise pytest.UsageError(f"{file}: [tool.quality-gate]: {table!r} is no table: write its settings below it")
    return Rules(start)


def checked(file: Path, table: dict[str, Any]) -> Rules:
    """Return the settings in `table` of `file`; raises pytest.UsageError with all that is wrong."""
    root = file.parent
    tests, ban = table.get("tests", "src/tests"), table.get("socket-ban", False)
    service, limits = table.get("external-service", ""), table.get("quarantine", {})
    problems = []
    place = Path(os.path.normpath(root / tests)) if tests and isinstance(tests, str) else root.parent
    if not place.is_relative_to(root) or ("tests" in table and not place.is_dir()):
        problems.append(f'tests: {tests!r} is no folder in {root}: name the folder of the tests ("." for the root)')
    if not isinstance(ban, bool):
        problems.append(f"socket-ban: {ban!r} is neither true nor false: write true to keep unit tests off the network")
    if not isinstance(service, str) or not re.fullmatch("([a-z][a-z0-9_]*)?", service):
        rule = "is no name of lower-case letters, digits and `_`"
        problems.append(f'external-service: {service!r} {rule}: write such a name, or "" if tests need no service')
    if not isinstance(limits, dict):
        problems.append(f"quarantine: {limits!r} is no table: write days and tests below [tool.quality-gate.quarantine]")
        limits = {}
    wrong = [key for key in LIMITS if type(limits.get(key, 0)) not in (int, float) or not limits.get(key, 0) >= 0]
    rule = "is not a number, 0 or more: write one, or nothing for no limit"
    problems += [f"quarantine.{key}: {limits[key]!r} {rule}" for key in wrong]
    if problems:
        raise pytest.UsageError("\n".join(f"{file}: [tool.quality-gate] {problem}" for problem in problems))
    return Rules(root, place, ban, service, limits)


@pytest.hookimpl(tryfirst=True)  # pytest-socket reads its options in the same hook
def pytest_configure(config: pytest.Config) -> None:
    rules = config.stash[RULES] = read_rules(config.rootpath)
    notes = config.stash[NOTES] = []
    config.stash[config.pluginmanager.get_plugin("pytest_quarantine").LIMITS] = rules.quarantine
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    if name := rules.service:
        skipped = f"requires_{name}: tests that need {name}; skipped unless {name.upper()}_URL is set"
        config.addinivalue_line("markers", skipped)
    if rules.socket_ban:
        bans_all = config.getoption("disable_socket", None)
        if bans_all is None:
            notes.append("Unit tests may open sockets: pytest-socket is not there to ban them.")
        elif not bans_all:  # what stays within the machine is no network, and asyncio needs it
            config.option.allow_unix_socket = True
    measures = config.getoption("cov_source", None) and not config.getoption("no_cov", None)
    if "coverage.control" in sys.modules and not measures:  # started by `coverage run`
        measures = sys.modules["coverage.control"].Coverage.current()
    if measures and rules.tests and not rules.root.samefile(Path.cwd()):
        command = f"cd {shlex.quote(str(rules.root))} && pytest --cov"
        raise pytest.UsageError(f"coverage is set up in {rules.root}: run: {command}")


@pytest.hookimpl(tryfirst=True)  # the project's own hooks, `-m` and parts see the markers
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by folder, and by what they need."""
    rules = config.stash[RULES]
    ban = rules.socket_ban and config.getoption("disable_socket", None) is not None
    variable = f"{rules.service.upper()}_URL"
    has_service = os.environ.get(variable) and not config.getoption("flaky_hunt")
    reason = f"{variable} is not set" if not os.environ.get(variable) else "no service in a hunt for flaky tests"
    for item in items:
        kind = rules.kind_of(item.path)
        if kind in FOLDERS:
            item.add_marker(kind)
        if ban and kind == "unit":
            item.add_marker("disable_socket")
        if rules.service and item.get_closest_marker(f"requires_{rules.service}") and not has_service:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    outcome = yield
    outcome.get_result().folder_kind = item.config.stash[RULES].kind_of(item.path)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Forgive a part without tests: others have some."""
    parts = session.config.getoption("splits", None)
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and isinstance(parts, int) and parts > 1:
        session.exitstatus = pytest.ExitCode.OK
        session.config.stash[NOTES].append(f"No test in this one of {parts} parts: CI_TEST_SHARDS can be lower.")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Write the notes, and to the job summary of GitHub the counts of each kind."""
    lines, path = config.stash[NOTES], os.environ.get("GITHUB_STEP_SUMMARY")
    if hasattr(config, "workerinput"):
        return  # xdist: the controller has all reports
    for note in lines:
        terminalreporter.write_line(note)
    if not path or not config.stash[RULES].tests:
        return
    table = ["## Tests", "", f"| Kind | {' | '.join(COLUMNS)} | pass rate |", "| --- |" + " ---: |" * (len(COLUMNS) + 1)]
    counts = count_tests(terminalreporter, config)
    for kind in (*FOLDERS, "other"):
        own = [counts.get((kind, column), 0) for column in COLUMNS]
        if any(own):
            decided = sum(own[:3])
            rate = f"{100 * own[0] / decided:.2f} %" if decided else ""
            table.append(f"| {' | '.join([kind, *map(str, own), rate])} |")
    try:
        with open(path, "a", encoding="utf-8") as summary:
            print(*lines, *table, "", sep="\n", file=summary)
    except OSError as error:
        terminalreporter.write_line(f"GITHUB_STEP_SUMMARY: no counts written: {error}")


def count_tests(terminalreporter: Any, config: pytest.Config) -> dict[tuple[str, str], int]:
    """Return the number of tests by kind and outcome; one that could not be collected has the kind of its file."""
    counts, seen = {}, set()
    for column in PRECEDENCE:
        for report in terminalreporter.getreports(column):
            if report.nodeid not in seen:
                seen.add(report.nodeid)
                file = config.rootpath / report.nodeid.partition("::")[0]
                key = getattr(report, "folder_kind", "") or config.stash[RULES].kind_of(file), column
                counts[key] = counts.get(key, 0) + 1
    return counts
