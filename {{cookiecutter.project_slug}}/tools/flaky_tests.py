"""Hunt for flaky tests: repeat the tests in random order and say which of them fail at times.

Usage: python tools/flaky_tests.py [--repetitions N] [--seed N] [--minutes N] [--issues] [TESTS and options of pytest]

Each run has the next seed: with the same one, order and random numbers are the same. All tests run but those that need a
service; quarantined ones have their real outcome. What is not given comes from HUNT_REPETITIONS, HUNT_SEED, HUNT_MINUTES,
HUNT_TESTS (words, quoted as in a shell) and HUNT_ISSUES ("true"); without a seed it is the time. No run begins that is
unlikely to end within the minutes. With --issues GitHub has an issue for each flaky test (tools/quality/flaky/issues.py). The
project is the current folder.
Exit codes: 0 hunted, whatever was found, 2 nothing could be judged, or the issues could not be kept.
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess  # nosec B404 # runs pytest only
import time
from pathlib import Path
from typing import Any

from quality import repository, settings
from quality.flaky import results
from quality.flaky.results import Hunt, Outcome
from quality.repository import Unusable, cell

REPORTS = Path("reports/junit")
# The order is pytest-randomly's alone, and nothing ends a run early or measures what slows it down.
OPTIONS = "-p pytest_rules --flaky-hunt -n0 --maxfail=0 --continue-on-collection-errors --benchmark-disable --no-cov -q"
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
    if not shutil.which("pytest"):
        raise Unusable(f"pytest is not installed here: run: {repository.nox('hunt', Path.cwd())}")
    for old in REPORTS.glob("hunt-*.xml"):
        old.unlink()
    runs, notes, longest, start = {}, [], 0.0, time.monotonic()
    own = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    on_github = bool(os.environ.get("GITHUB_ACTIONS"))
    for number, seed in enumerate(range(given.seed, given.seed + given.repetitions), 1):
        before = time.monotonic()
        if runs and before - start + longest > 60 * given.minutes:
            notes.append(f"{given.repetitions - number + 1} of {given.repetitions} runs had no time left.")
            break
        print(f"{'::group::' if on_github else ''}Run {number} of {given.repetitions}, seed {seed}", flush=True)
        report = REPORTS / f"hunt-{seed}.xml"
        command = ["pytest", *OPTIONS.split(), f"--randomly-seed={seed}", f"--junitxml={report}", *words]
        code = subprocess.run(command, env=own).returncode  # nosec B603 # no shell
        print("::endgroup::" * on_github, flush=True)
        if code in (USAGE_ERROR, NO_TESTS):
            reason = "finds no tests" if code == NO_TESTS else "refuses its options, its settings, or a test that is not there"
            raise Unusable(f"pytest {reason} (exit code {code}, its words are above)")
        try:
            runs[seed] = judged(report, code)
        except Unusable as error:
            notes.append(f"The run with seed {seed} is not judged: {error} (exit code {code}).")
        longest = max(longest, time.monotonic() - before)
    tests = results.add_up(runs)
    if not any(test.runs for test in tests):
        raise Unusable(" ".join(notes) or "every test is skipped")
    return Hunt(tests, [*runs], notes, words, limits)


def judged(report: Path, code: int) -> dict[str, results.Case]:
    """Return what the tests of a run did; raises Unusable if it did not come to its end."""
    cases = results.read(report)
    if code not in (0, 1):
        raise Unusable("it did not come to its end")
    return cases


def table(tests: list[Outcome]) -> list[str]:
    lines = ["| Test | Failed | Rate | 95 % interval | Seeds | First line |", "| --- | ---: | ---: | ---: | --- | --- |"]
    for test in tests:
        name = f"{test.name} (quarantine {test.quarantine})" if test.quarantine else test.name
        more = f" and {len(test.failed) - SHOWN} more" if test.failed[SHOWN:] else ""
        seeds = ", ".join(map(str, test.failed[:SHOWN])) + more
        found = results.rate(len(test.failed), test.runs)
        lines.append(f"| {cell(name)} | {found} | {seeds} | {cell(test.error)} |")
    return lines


def markdown(found: Hunt) -> str:
    """Return the result for the terminal and for the summary of a job."""
    by = {name: [test for test in found.tests if test.verdict == name] for name in ("flaky", "broken", "passed")}
    ran = sum(map(len, by.values()))
    lines = [f"## Flaky tests: {len(by['flaky'])} of {ran}", ""]
    if by["flaky"]:
        worst = by["flaky"][0]
        lines += [*table(by["flaky"]), "", f"The same order as when {cell(worst.name)} failed, and then this test alone:", ""]
        lines += ["```bash", found.again(worst.failed[0]), found.again(worst.failed[0], worst.name), "```", ""]
    if by["broken"]:
        many = "Broken, not flaky, because they failed in every run:"
        told = many if len(found.seeds) > 1 else "Failed in the only run, which does not tell broken from flaky:"
        lines += [told, "", *table(by["broken"]), ""]
    if clean := [test for test in by["passed"] if test.quarantine]:
        said = ", ".join(f"{cell(test.name)} ({cell(test.quarantine)})" for test in clean)
        lines += [f"In quarantine and without a failure: {said}.", ""]
    judged = f"{found.seeds[0]}" if len(found.seeds) == 1 else f"{found.seeds[0]} to {found.seeds[-1]}"
    return "\n".join([*lines, " ".join([f"Runs: {len(found.seeds)}, seeds {judged}.", *map(cell, found.notes)]), ""])


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
        from quality.flaky import issues  # which others do without

        print(*issues.keep_all(found), sep="\n")
    return 0


if __name__ == "__main__":
    repository.run(main, "Flaky tests")
