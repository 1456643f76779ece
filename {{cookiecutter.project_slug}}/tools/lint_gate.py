"""Run pre-commit once on all files and judge its findings: errors or style.

Usage: python tools/lint_gate.py

A finding is style if its hook is one of `style-hooks` in [tool.quality-gate] of pyproject.toml, unless its code
says that the code cannot work. `lint` in the same table decides what fails: errors, everything, or nothing (report).
Exit codes: 0 passed or only reported, 1 findings that block, 2 pre-commit itself failed.
"""

import itertools
import os
import re
import subprocess  # nosec B404 # runs pre-commit and git only
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import settings

ROOT = Path(__file__).resolve().parent.parent
# What GitHub's own Python workflow lets fail a build: syntax errors, wrong comparisons, undefined names.
# ruff names a syntax error by a word.
HARD = re.compile(r"E9\d\d|F63\d|F7\d\d|F82\d|invalid-syntax|SyntaxError")
HOOK = re.compile(r"^(?P<name>.+?)\.{3,}(?:\(.*\))?(?P<status>Passed|Failed|Skipped)$")
PLACE = re.compile(r"^(?P<path>[^\s:][^:]*):(?P<line>\d+):(?:\d+:)? *(?P<text>.+)$")
HUNK = re.compile(r"^@@ -(?P<line>\d+)")
SHOWN = 50


class Finding(NamedTuple):
    """Something that a hook found; `line` is 0 if the hook names no line."""

    hook: str
    path: str
    line: int
    text: str
    is_error: bool


def run_precommit() -> tuple[int, list[str]]:
    """Run all hooks, show their output as it comes, return the exit code and the lines."""
    command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color=never"]
    lines = []
    with subprocess.Popen(  # nosec B603 # fixed words
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line.rstrip("\n"))
    return process.returncode, lines


def failed_hooks(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the id and the output of each failed hook."""
    starts = [number for number, line in enumerate(lines) if HOOK.match(line)]
    for start, end in itertools.pairwise([*starts, len(lines)]):
        if lines[start].endswith("Failed"):
            hook = next(line.removeprefix("- hook id: ") for line in lines[start:end] if line.startswith("- hook id: "))
            yield hook, [line for line in lines[start + 1 : end] if line.strip()]


def changed_lines() -> Iterator[tuple[str, int]]:
    """Yield the places that the fixers have changed, as they were before."""
    command = ["git", "diff", "--unified=0", "--no-color", "--no-ext-diff", "--src-prefix=", "--dst-prefix="]
    diff = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")  # nosec B603 # fixed words
    path = ""
    for line in diff.stdout.splitlines():
        if line.startswith("--- "):
            path = line.removeprefix("--- ").rstrip("\t")
        elif match := HUNK.match(line):
            yield path, max(int(match["line"]), 1)


def findings(lines: list[str], style_hooks: list[str]) -> list[Finding]:
    """Return what the failed hooks found, errors first."""
    found, fixers = [], []
    for hook, output in failed_hooks(lines):
        is_style = hook in style_hooks
        places = [match for line in output if (match := PLACE.match(line))]
        for place in places:
            is_error = not is_style or bool(HARD.match(place["text"]))
            found.append(Finding(hook, place["path"], int(place["line"]), place["text"], is_error))
        if is_style and "- files were modified by this hook" in output:
            fixers.append(hook)
        elif not places:
            found.append(Finding(hook, "", 0, output[-1], not is_style))
    if fixers:
        hooks = " and ".join(fixers)
        found += [Finding(hooks, path, line, "would be changed", False) for path, line in changed_lines()]
    return sorted(found, key=lambda finding: not finding.is_error)


def markdown(found: list[Finding], verdict: str) -> str:
    lines = [f"## Lint: {verdict}", ""]
    if found:
        lines += ["| Kind | Hook | Place | Finding |", "| --- | --- | --- | --- |"]
    for finding in found[:SHOWN]:
        place = f"`{finding.path}:{finding.line}`" if finding.path else ""
        text = finding.text.replace("|", "\\|").replace("<", "&lt;")
        lines.append(f"| {'error' if finding.is_error else 'style'} | {finding.hook} | {place} | {text} |")
    if len(found) > SHOWN:
        lines.append(f"\nand {len(found) - SHOWN} more, in the log.")
    return "\n".join([*lines, ""])


def report(found: list[Finding], verdict: str) -> None:
    """Write the job's summary, its output `findings` and the annotations, where GitHub runs this."""
    kind = "errors" if any(finding.is_error for finding in found) else "style" if found else "none"
    for variable, text in (("GITHUB_STEP_SUMMARY", markdown(found, verdict)), ("GITHUB_OUTPUT", f"findings={kind}")):
        if path := os.environ.get(variable):
            with open(path, "a", encoding="utf-8") as file:
                print(text, file=file)
    if os.environ.get("GITHUB_ACTIONS"):
        for finding in found[:SHOWN]:
            level, text = "error" if finding.is_error else "warning", finding.text.replace("%", "%25")
            print(f"::{level} file={finding.path},line={finding.line},title=Lint {finding.hook}::{text}")


def main() -> int:
    found_settings = settings.load(ROOT)
    if found_settings.problems:
        print("Lint gate: cannot judge:", *found_settings.problems, sep="\n", file=sys.stderr)
        return 2
    code, lines = run_precommit()
    found = findings(lines, found_settings.style_hooks)
    if code not in (0, 1) or bool(code) != bool(found):
        print(f"Lint gate: pre-commit failed with exit code {code}, see above", file=sys.stderr)
        return 2
    errors = sum(finding.is_error for finding in found)
    blocks = {"errors": errors, "everything": len(found), "report": 0}[found_settings.lint]
    verdict = "failed" if blocks else "warning" if found else "passed"
    report(found, verdict)
    print(f"Lint: {verdict}: {errors} errors, {len(found) - errors} style findings")
    return 1 if blocks else 0


if __name__ == "__main__":
    sys.exit(main())
