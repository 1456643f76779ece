"""Hunt for flaky tests: repeat the tests in random order and say which of them fail at times.

Usage: python tools/flaky_tests.py [--repetitions N] [--seed N] [--minutes N] [--issues] [TESTS and options of pytest]

Each run has the next seed: with the same one, order and random numbers are the same. All tests run but those that need a
service; quarantined ones have their real outcome. What is not given comes from HUNT_REPETITIONS, HUNT_SEED, HUNT_MINUTES,
HUNT_TESTS (words, quoted as in a shell) and HUNT_ISSUES ("true"); without a seed it is the time. No run begins that is
unlikely to end within the minutes, and one that goes on longer is ended. With --issues GitHub has an issue for each flaky
test (tools/quality/flaky/issues.py), unless issues are switched off, which is a warning. The project is the current folder.
Exit codes: 0 hunted, whatever was found, 2 nothing could be judged, or an issue could not be kept (the others are).
"""

import argparse
import os
import re
import shlex
import subprocess  # nosec B404 # runs pytest only
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from quality import repository, settings
from quality.flaky import results
from quality.flaky.results import Hunt, Outcome
from quality.repository import Unusable, code, fenced, plain

REPORTS = Path("reports/junit")
# The order is pytest-randomly's alone, and nothing ends a run early or measures what slows it down.
OPTIONS = "-p pytest_rules --flaky-hunt --maxfail=0 --continue-on-collection-errors -q"
PLUGINS = {"xdist": "-n0", "pytest_benchmark": "--benchmark-disable", "pytest_cov": "--no-cov"}  # where they are
HIDDEN = {"GITHUB_STEP_SUMMARY", "GH_TOKEN", "GITHUB_TOKEN"}  # from the tests
USAGE_ERROR, NO_TESTS = 4, 5  # pytest's exit codes
MOST = {"repetitions": 1000, "seed": 2**32 - 1001, "minutes": 1440}  # numpy's seeds have 32 bits
SHOWN = 8  # seeds of a test


def arguments() -> tuple[argparse.Namespace, list[str]]:
    """Return the options, numbers as such, and the words for pytest; raises Unusable with all that is wrong."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form, allow_abbrev=False)
    for name, default in (("repetitions", "10"), ("seed", str(int(time.time()) % 10**6)), ("minutes", "1440")):
        parser.add_argument(f"--{name}", metavar="N", default=os.environ.get(f"HUNT_{name.upper()}", "").strip() or default)
    parser.add_argument("--issues", action="store_true", default=os.environ.get("HUNT_ISSUES") == "true")
    given, words = parser.parse_known_args()
    problems = []
    for name, most in MOST.items():
        value, least = getattr(given, name), int(name != "seed")
        if not (re.fullmatch("[0-9]{1,10}", value) and least <= int(value) <= most):
            problems.append(f"{name}: {value!r} is no whole number from {least} to {most}")
        else:
            setattr(given, name, int(value))
    try:
        words = words or shlex.split(os.environ.get("HUNT_TESTS", ""))
    except ValueError as error:
        problems.append(f"tests: {os.environ['HUNT_TESTS']!r}: {error}: quote words as in a shell")
    if problems:
        raise Unusable("; ".join(problems))
    return given, words


def hunt(given: argparse.Namespace, words: list[str], limits: dict[str, Any]) -> Hunt:
    """Run the tests, each time with the next seed; raises Unusable if no run can be judged."""
    if not find_spec("pytest"):
        raise Unusable(f"pytest is not installed here: run: {repository.nox('hunt', Path.cwd())}")
    for old in REPORTS.glob("hunt-*.xml"):
        old.unlink()
    options = [*OPTIONS.split(), *(option for plugin, option in PLUGINS.items() if find_spec(plugin))]
    runs, notes, is_whole, longest, start = {}, [], True, 0.0, time.monotonic()
    own = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    on_github = bool(os.environ.get("GITHUB_ACTIONS"))
    for number, seed in enumerate(range(given.seed, given.seed + given.repetitions), 1):
        before = time.monotonic()
        left = 60 * given.minutes - (before - start)
        if left <= 0 or longest > left:
            notes.append(f"{given.repetitions - number + 1} of {given.repetitions} runs had no time left.")
            break
        print(f"{'::group::' if on_github else ''}Run {number} of {given.repetitions}, seed {seed}", flush=True)
        report = REPORTS / f"hunt-{seed}.xml"
        pytest = [sys.executable, "-P", "-m", "pytest"]  # -P: not with the current folder, as the command
        command = [*pytest, *options, f"--randomly-seed={seed}", f"--junitxml={report}", *words]
        try:
            status = subprocess.run(command, env=own, timeout=left).returncode  # nosec B603 # no shell
        except subprocess.TimeoutExpired:
            status = None
        print("::endgroup::" * on_github, flush=True)
        if status in (USAGE_ERROR, NO_TESTS):
            reason = "finds no tests" if status == NO_TESTS else "refuses its options, its settings, or a test that is not there"
            raise Unusable(f"pytest {reason} (exit code {status}, its words are above)")
        try:
            runs[seed] = judged(report, status)
        except Unusable as error:
            told = f"is not judged: {error} (exit code {status})"
            minutes = f"was ended after {left / 60:.0f} minutes, when the hunt had no more"
            notes.append(f"The run with seed {seed} {minutes if status is None else told}.")
        is_whole = is_whole and seed in runs and not any(case.is_file for case in runs[seed].values())
        longest = max(longest, time.monotonic() - before)
    tests = results.add_up(runs)
    if not any(test.runs for test in tests):
        raise Unusable(" ".join(notes) or "every test is skipped")
    return Hunt(tests, [*runs], notes, words, limits, is_whole)


def judged(report: Path, status: int | None) -> dict[str, results.Case]:
    """Return what the tests of a run did; raises Unusable if it did not come to its end."""
    cases = results.read(report)
    if status not in (0, 1):
        raise Unusable("it did not come to its end")
    return cases


def table(tests: list[Outcome]) -> list[str]:
    lines = ["| Test | Failed | Rate | 95 % interval | Seeds | First line |", "| --- | ---: | ---: | ---: | --- | --- |"]
    for test in tests:
        name = f"{code(test.name)} (quarantine {code(test.quarantine)})" if test.quarantine else code(test.name)
        more = f" and {len(test.failed) - SHOWN} more" if test.failed[SHOWN:] else ""
        seeds = ", ".join(map(str, test.failed[:SHOWN])) + more
        found = results.rate(len(test.failed), test.runs)
        lines.append(f"| {name} | {found} | {seeds} | {code(test.error)} |")
    return lines


def markdown(found: Hunt) -> str:
    """Return the result for the terminal and for the summary of a job."""
    by = {name: [test for test in found.tests if test.verdict == name] for name in ("flaky", "broken", "passed")}
    ran = sum(map(len, by.values()))
    lines = [f"## Flaky tests: {len(by['flaky'])} of {ran}", ""]
    if by["flaky"]:
        worst = by["flaky"][0]
        commands = f"{found.again(worst.failed[0])}\n{found.again(worst.failed[0], worst.name)}"
        lines += [*table(by["flaky"]), "", f"The same order as when `{plain(worst.name)}` failed, and then this test alone:", ""]
        lines += [*fenced("bash", commands), ""]
    if by["broken"]:
        many = "Broken, not flaky, because they failed in every run:"
        told = many if len(found.seeds) > 1 else "Failed in the only run, which does not tell broken from flaky:"
        lines += [told, "", *table(by["broken"]), ""]
    if clean := [test for test in by["passed"] if test.quarantine]:
        said = ", ".join(f"`{plain(test.name)}` (`{plain(test.quarantine)}`)" for test in clean)
        lines += [f"In quarantine and without a failure: {said}.", ""]
    judged = f"{found.seeds[0]}" if len(found.seeds) == 1 else f"{found.seeds[0]} to {found.seeds[-1]}"
    return "\n".join([*lines, " ".join([f"Runs: {len(found.seeds)}, seeds {judged}.", *found.notes]), ""])


def main() -> int:
    given, words = arguments()
    limits = settings.table(repository.read(Path.cwd(), "pyproject.toml"), "tool", "quality-gate", "quarantine")
    found = hunt(given, words, limits)
    text = markdown(found)
    print(text)
    repository.tell("GITHUB_STEP_SUMMARY", text)
    for note in found.notes:
        repository.annotate("warning", "Flaky tests", note)
    for test in found.tests:
        if test.verdict == "flaky" and not test.quarantine:
            said = f"{test.name} failed in {len(test.failed)} of {test.runs} runs: {found.again(test.failed[0])}"
            repository.annotate("warning", "Flaky test", said, test.path)
    if given.issues:
        from quality.flaky.issues import keep_all  # which others do without
        from quality.github.issues import unless_off

        with unless_off("Flaky tests"):
            for line in keep_all(found):
                print(line)
    return 0


if __name__ == "__main__":
    repository.run(main, "Flaky tests")
