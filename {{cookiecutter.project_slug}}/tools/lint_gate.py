"""Run pre-commit once on all files and judge its findings: errors or style.

Usage: python tools/lint_gate.py

A finding is style if its hook is one of `style-hooks` in [tool.quality-gate] of pyproject.toml, unless its code
says that the code cannot work. `lint` in the same table decides what fails: errors, everything, or nothing (report).
Exit codes: 0 passed or only reported, 1 findings that block, 2 pre-commit itself failed or could not be asked.
"""

import os
import re
import secrets
import subprocess  # nosec B404 # runs pre-commit only
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import yaml

from quality import repository, settings
from quality.repository import ROOT, Unusable

CONFIG = ".pre-commit-config.yaml"
# What GitHub's own Python workflow lets fail a build: syntax errors, wrong comparisons, undefined names.
# ruff names a syntax error by a word.
HARD = re.compile(r"E9\d\d|F63\d|F7\d\d|F82\d|invalid-syntax|SyntaxError")
# What pre-commit says of a failed hook before the hook's own words.
SAID = re.compile(r"- (hook id: |duration: |exit code: |files were modified by this hook$)")
PLACE = re.compile(r"^(?P<path>[^\s:][^:]*):(?P<line>\d+):(?:\d+:)? *(?P<text>.+)$")
SHOWN, LINES = 50, 20  # findings in the summary, lines of one finding


class Result(NamedTuple):
    """What one hook said: pre-commit's remarks about it, and its own output."""

    hook: str
    failed: bool
    remarks: list[str]
    output: list[str]


class Finding(NamedTuple):
    """Something that a hook found; `line` is 0 if the hook names no line."""

    hook: str
    path: str
    line: int
    text: str
    is_error: bool


def renamed(root: Path, token: str) -> tuple[str, list[tuple[str, str]]]:
    """Return pre-commit's configuration with `token` and a number as the name of each hook, and their ids and names.

    pre-commit prints the name before the result: with a name that no hook can know, no output of a hook looks like that.
    """
    document, hooks = repository.read(root, CONFIG), []
    try:
        document.pop("fail_fast", None)  # every hook is asked
        for hook in [hook for repo in document["repos"] for hook in repo["hooks"]]:
            hooks.append((hook["id"], hook.get("name", hook["id"])))
            hook["name"] = f"{token} {len(hooks) - 1}"
            hook.pop("fail_fast", None)
    except (AttributeError, KeyError, TypeError) as error:
        raise Unusable(f"{CONFIG}: has not the expected form ({error!r}): run: pre-commit validate-config") from error
    return yaml.safe_dump(document, sort_keys=False), hooks


def run_precommit(root: Path) -> tuple[int, list[Result]]:
    """Run all hooks, show their output as it comes, return the exit code and what each hook said."""
    token = secrets.token_hex(8)
    text, hooks = renamed(root, token)
    header = re.compile(rf"{token} (\d+)(\.{{3,}}(?:\(.*\))?(Passed|Failed|Skipped))$")
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, CONFIG)
        path.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color=never", f"--config={path}"]
        with subprocess.Popen(  # nosec B603 # no shell
            command, cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            for data in process.stdout or ():
                line = repository.decode(data.replace(b"\0", b" ")).rstrip("\r\n")
                if match := header.fullmatch(line):
                    hook, name = hooks[int(match[1])]
                    results.append(Result(hook, match[3] == "Failed", [], []))
                    line = f"{name}{match[2]}"
                elif results:
                    last = results[-1]
                    (last.remarks if SAID.match(line) and not last.output else last.output).append(line)
                print(line, flush=True)
    return process.returncode, results


def findings(root: Path, results: list[Result], style_hooks: list[str], changed: list[tuple[str, int]]) -> list[Finding]:
    """Return what the failed hooks found, errors first; `changed` are the places that fixers have changed."""
    found, fixers = [], []
    for result in [result for result in results if result.failed]:
        is_style = result.hook in style_hooks
        places = [match for line in result.output if (match := PLACE.match(line)) and (root / match["path"]).exists()]
        for place in places:
            is_error = not is_style or bool(HARD.match(place["text"]))
            found.append(Finding(result.hook, place["path"], int(place["line"]), place["text"], is_error))
        if is_style and changed and "- files were modified by this hook" in result.remarks:
            fixers.append(result.hook)
        elif not places:
            said = [line for line in result.output if line.strip()] or result.remarks[1:]
            more = [f"and {len(said) - LINES} more lines, in the log"] if len(said) > LINES else []
            # Of a style hook as well: it has neither found nor changed anything, so it cannot do its work.
            found.append(Finding(result.hook, "", 0, "\n".join(said[:LINES] + more), True))
    if fixers:
        hooks = " and ".join(fixers)
        found += [Finding(hooks, path, line, "would be changed", False) for path, line in changed]
    return sorted(found, key=lambda finding: not finding.is_error)


def judged(root: Path, style_hooks: list[str]) -> tuple[int, list[Finding]]:
    """Run pre-commit; return its exit code and what it found, with the lines that its hooks, and only they, changed."""
    with repository.other_index(root) as index:
        repository.git(root, "add", "--update", "--", ".", **index)
        before = repository.git(root, "write-tree", **index).stdout.decode().strip()
        code, results = run_precommit(root)
        changed = [(path, max(line, 1)) for path, line, _ in repository.changed_lines(root, before, **index)]
    if not results and not code:
        raise Unusable(f"pre-commit ran no hook: name some in {CONFIG}")
    return code, findings(root, results, style_hooks, changed)


def markdown(found: list[Finding], verdict: str) -> str:
    lines = [f"## Lint: {verdict}", ""]
    if found:
        lines += ["| Kind | Hook | Place | Finding |", "| --- | --- | --- | --- |"]
    for finding in found[:SHOWN]:
        place = f"`{finding.path}:{finding.line}`" if finding.path else ""
        cells = ("error" if finding.is_error else "style", finding.hook, place, finding.text)
        lines.append(f"| {' | '.join(map(repository.cell, cells))} |")
    if len(found) > SHOWN:
        lines.append(f"\nand {len(found) - SHOWN} more, in the log.")
    return "\n".join([*lines, ""])


def report(found: list[Finding], verdict: str) -> None:
    """Write the job's summary, its output `findings` and the annotations, where GitHub runs this."""
    kind = "errors" if any(finding.is_error for finding in found) else "style" if found else "none"
    repository.tell("GITHUB_STEP_SUMMARY", markdown(found, verdict))
    repository.tell("GITHUB_OUTPUT", f"findings={kind}")
    for finding in found[:SHOWN]:
        level = "error" if finding.is_error else "warning"
        repository.annotate(level, f"Lint {finding.hook}", finding.text, finding.path, finding.line)


def main() -> int:
    known = settings.load(ROOT, repository.paths(ROOT))
    if known.problems:
        raise Unusable("; ".join(known.problems))
    top = Path(os.fsdecode(repository.git(ROOT, "rev-parse", "--show-toplevel").stdout.rstrip(b"\n")))
    if not top.samefile(ROOT):
        raise Unusable(f"pre-commit works at the root of a repository only, which is {top}: move {CONFIG} there")
    code, found = judged(ROOT, known.style_hooks)
    if code not in (0, 1) or bool(code) != bool(found):
        raise Unusable(f"pre-commit failed with exit code {code}, see above")
    errors = sum(finding.is_error for finding in found)
    blocks = {"errors": errors, "everything": len(found), "report": 0}[known.lint]
    verdict = "failed" if blocks else "warning" if found else "passed"
    report(found, verdict)
    print(f"Lint: {verdict}: {errors} errors, {len(found) - errors} style findings")
    return 1 if blocks else 0


if __name__ == "__main__":
    repository.run(main, "Lint gate")
