"""Quarantine of flaky tests, a plugin that pytest_rules loads and gives its settings.

`@pytest.mark.quarantine(issue="#1", until="YYYY-MM-DD")` lets a test fail until that day and makes it fail after it. In
[tool.quality-gate.quarantine] `days` says how far from today the day may be, `tests` how many tests may be in quarantine;
parameters of one test count once. What is wrong or beyond these ends pytest with exit code 4 and the whole list.
With --flaky-hunt quarantined tests have their real outcome, and the JUnit report names each test's id and issue. With
--quarantined all quarantines are written to a file as JSON, and none is refused.
"""

import json
import os
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

TABLE = "[tool.quality-gate.quarantine]"
LIMITS = pytest.StashKey[dict[str, Any]]()  # what the table says; a name that it lacks is no limit
FAILURE = pytest.StashKey[str]()  # of a test: what its quarantine makes it fail with
RERUN = ("rerunfailures", "flaky")  # plugins that repeat a test until it passes, so that nobody sees that it is flaky


class Quarantine(NamedTuple):
    """What a test's mark says; `end` is None while it is no date, `problem` what is wrong, or an empty string."""

    test: str
    path: str
    issue: str
    until: str
    end: date | None
    problem: str

    @property
    def has_ended(self) -> bool:
        return bool(self.end and self.end < date.today())


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("quarantine", "quarantine of flaky tests")
    help_of_hunt = "quarantined tests have their real outcome, and tests that need a service are skipped"
    group.addoption("--flaky-hunt", action="store_true", help=help_of_hunt)
    group.addoption("--quarantined", metavar="FILE", default="", help="write all quarantines to FILE and refuse none")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    limits = config.stash.get(LIMITS, {})
    if config.getoption("flaky_hunt"):
        name_for_report(config, items, limits)
    elif path := config.getoption("quarantined"):
        write_list(Path(path), [own for own, _ in find(items, limits)], limits)
    elif problems := apply(find(items, limits), limits):
        if not hasattr(config, "workerinput"):  # a worker of xdist would only crash: its tests fail
            raise pytest.UsageError("\n".join(problems))


def read(item: pytest.Item, mark: pytest.Mark, limits: dict[str, Any]) -> Quarantine:
    """Return the quarantine that a mark asks for."""
    issue, until = (str(mark.kwargs.get(name) or "") for name in ("issue", "until"))
    problem, end = "" if issue else "names no issue", None
    try:
        end = date.fromisoformat(until)
        if (end - date.today()).days > limits.get("days", (end - date.today()).days):
            latest = date.today() + timedelta(limits["days"])
            problem = problem or f"{end} is more than {limits['days']} days from today, {TABLE} days: at the latest {latest}"
    except ValueError:
        problem = problem or f"{until!r} is no date YYYY-MM-DD"
    if problem:
        day = date.today() + timedelta(min(limits.get("days", 14), 14))
        problem += f': write quarantine(issue="{issue or "#1"}", until="{day}")'
    return Quarantine(item.nodeid, str(item.path), issue, until, end, problem)


def find(items: Iterable[pytest.Item], limits: dict[str, Any]) -> list[tuple[Quarantine, list[pytest.Item]]]:
    """Return the quarantines with their tests: those of one function with the same mark are one."""
    found: dict[tuple[str, ...], tuple[Quarantine, list[pytest.Item]]] = {}
    for item in items:
        if mark := item.get_closest_marker("quarantine"):
            own = read(item, mark, limits)
            function = item.nodeid.removesuffix(item.name) + (getattr(item, "originalname", None) or item.name)
            first, same = found.get((function, own.issue, own.until), (own, []))
            first = first._replace(test=function) if same else own
            found[function, own.issue, own.until] = first, [*same, item]
    return list(found.values())


def apply(found: list[tuple[Quarantine, list[pytest.Item]]], limits: dict[str, Any]) -> list[str]:
    """Forgive failures until the end of each quarantine, then fail; return what is wrong with them, line by line."""
    too_many = beyond([own for own, _ in found], limits)
    problems = [too_many] if too_many else []
    for own, items in found:
        if own.problem:
            problems.append(f"{own.test}: {own.problem}")
        forgiven = pytest.mark.xfail(reason=f"quarantine for {own.issue} until {own.end}", strict=False)
        for item in items:
            if own.problem or too_many:
                item.stash[FAILURE] = f"{item.nodeid}: {own.problem or too_many}"
            elif own.has_ended:
                item.stash[FAILURE] = f"quarantine for {own.issue} ended on {own.end}"
            else:
                item.add_marker(forgiven, append=False)  # before the test's own
    if problems:
        problems.append("In quarantine:")
        current = [own for own, _ in found if not own.has_ended]
        problems += [f"  {own.test} (issue {own.issue or 'not named'}, until {own.until or 'not named'})" for own in current]
    return problems


def beyond(found: list[Quarantine], limits: dict[str, Any]) -> str:
    """Return that too many tests are in quarantine, or an empty string."""
    current = len([own for own in found if not own.has_ended])
    if current <= limits.get("tests", current):
        return ""
    return f"{current} tests are in quarantine, {TABLE} tests allows {limits['tests']}: mend or delete some"


def write_list(path: Path, found: list[Quarantine], limits: dict[str, Any]) -> None:
    """Write quarantines, limits and all that is wrong for tools/quarantine.py."""
    fields = [own._asdict() | {"end": str(own.end or "")} for own in found]
    wrong = [(own, f"ended on {own.end}: mend or delete it" if own.has_ended else own.problem) for own in found]
    problems = [*(f"{own.test}: {problem}" for own, problem in wrong if problem), beyond(found, limits)]
    told = {"limits": limits, "quarantines": fields, "problems": [problem for problem in problems if problem]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, indent=2), encoding="utf-8")


def name_for_report(config: pytest.Config, items: list[pytest.Item], limits: dict[str, Any]) -> None:
    """Give the JUnit report the id of each test and the issue of its quarantine; no plugin may repeat tests."""
    for plugin in RERUN:
        if config.pluginmanager.has_plugin(plugin):
            config.pluginmanager.unregister(name=plugin)
    for item in items:
        path = Path(os.path.relpath(item.path, config.invocation_params.dir)).as_posix()
        item.user_properties.append(("hunt-test", path + "".join(item.nodeid.partition("::")[1:])))
        if mark := item.get_closest_marker("quarantine"):
            item.user_properties.append(("hunt-quarantine", read(item, mark, limits).issue or "no issue"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if FAILURE in item.stash:
        pytest.fail(item.stash[FAILURE], pytrace=False)
