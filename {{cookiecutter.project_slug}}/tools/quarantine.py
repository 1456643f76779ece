"""List the tests in quarantine: with which issue, since when, until when.

Usage: python tools/quarantine.py FILE, which pytest has written with --quarantined (`nox -s quarantine` does both).

The start of a quarantine is the first commit that brought its issue into the test's file. The project is the current
folder.
Exit codes: 0 all are in order, or there is none, 1 a quarantine is over, wrong or beyond a limit, 2 nothing could be listed.
"""

import re
import sys
from datetime import date
from pathlib import Path
from typing import Any

from quality import repository
from quality.repository import Unusable, code, plain

TABLE = "[tool.quality-gate.quarantine]"


def since(root: Path, path: Path, issue: str) -> str:
    """Return the day on which `issue` came into the file, or why it cannot be told."""
    if not repository.in_git(root):
        return "no history here"
    if repository.git(root, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
        return "history is not here"
    whole = re.sub(r"([\\.^$*+?()\[\]{}|])", r"\\\1", issue) + "([^0-9A-Za-z_]|$)"
    found = ["log", "--follow", "--format=%cd", "--date=short", "--pickaxe-regex", f"-S{whole}", "--", str(path)]
    days = repository.git(root, *found, accept=(0, 128)).stdout.decode().split()
    return days[-1] if days else "not committed"


def row(root: Path, found: dict[str, str]) -> str:
    start = since(root, Path(found["path"]), found["issue"]) if found["issue"] else ""
    days = (date.fromisoformat(found["end"]) - date.today()).days if found["end"] else None
    left = "" if days is None else str(days) if days >= 0 else f"ended {-days} days ago"
    cells = [code(found["test"]), code(found["issue"]) or "none", start, found["end"] or code(found["until"]) or "none", left]
    return f"| {' | '.join(cells)} |"


def judge(limits: dict[str, Any], quarantines: list[dict[str, str]]) -> str:
    """Return the sentence on number and limits."""
    today = str(date.today())
    current = [found for found in quarantines if not found["end"] or found["end"] >= today]
    number = f"{limits['tests']:g}" if "tests" in limits else "any number of"
    days = f", for {limits['days']:g} days from today at most" if "days" in limits else ""
    return f"In quarantine: {len(current)}; {TABLE} allows {number} tests{days}."


def main() -> int:
    root, path = Path.cwd(), Path((sys.argv[1:] or [""])[0])
    if len(sys.argv) != 2 or not path.is_file():
        raise Unusable(f"give the file that pytest has written with --quarantined: run: {repository.nox('quarantine', root)}")
    report = repository.read(root, str(path))
    quarantines = sorted(report["quarantines"], key=lambda found: (found["end"], found["test"]))
    sentence, problems = judge(report["limits"], quarantines), report["problems"]
    head = ["| Test | Issue | Since | Until | Days left |", "| --- | --- | --- | --- | ---: |"]
    rows = [*head, *(row(root, found) for found in quarantines), ""] if quarantines else []
    wrong = ["", *(f"- `{plain(problem)}`" for problem in problems)] if problems else []
    text = "\n".join(["## Quarantine", "", *rows, sentence if quarantines else "No test is in quarantine.", *wrong, ""])
    print(text)
    repository.tell("GITHUB_STEP_SUMMARY", text)
    for problem in problems:
        repository.annotate("error", "Quarantine", problem)
    return 1 if problems else 0


if __name__ == "__main__":
    repository.run(main, "Quarantine")
