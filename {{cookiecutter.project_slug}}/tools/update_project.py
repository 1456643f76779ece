"""Bring the template's changes, or other thresholds, into this project, and fail loudly where they conflict.

Usage: python tools/update_project.py [--minimum N] [--target N] [--patch N] [--tiers "N N N"] [--template-path PATH]

Without thresholds the project gets the newest template. With thresholds it keeps the template's commit and gets other
answers: every copy of the numbers changes and nothing else. The project's own edits stay in both cases.
Exit codes: 0 updated, or nothing to update; 1 conflicts or problems to solve, all listed; 2 nothing was changed.
"""

import argparse
import json
import re
import subprocess  # nosec B404 # runs cruft and git only
import sys
from pathlib import Path

import verify_project

ROOT = Path(__file__).resolve().parent.parent
CRUFT = ROOT / ".cruft.json"
ANSWERS = {
    "minimum": "coverage_minimum",
    "target": "coverage_target",
    "patch": "patch_target",
    "tiers": "tier_targets",
}


def update(answers: dict[str, str], template_path: str) -> tuple[bool, str]:
    """Run cruft; return whether it went through, and what it says or why nothing was changed."""
    if not CRUFT.exists():
        return False, ".cruft.json: is missing: link the project to its template with `cruft link ADDRESS`"
    state = json.loads(CRUFT.read_text(encoding="utf-8"))
    command = [sys.executable, "-m", "cruft", "update", "--skip-apply-ask"]
    command += ["--template-path", template_path] if template_path else []
    if answers:
        command += ["--variables-to-update", json.dumps(answers), "--checkout", state["commit"]]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)  # nosec B603 # no shell
    output = run.stdout + run.stderr
    if run.returncode:
        # The template's own check of the answers says it best; all else is shown whole.
        rules = re.findall(r"^(?:\S+): .*: must .*$", output, re.M)
        return False, "\n".join(rules) or output.strip()
    if answers:
        # The commit was pinned for this run only.
        changed = json.loads(CRUFT.read_text(encoding="utf-8")) | {"checkout": state["checkout"]}
        CRUFT.write_text(json.dumps(changed, indent=2) + "\n", encoding="utf-8")
    return True, run.stdout.strip()


def problems() -> list[str]:
    """Return one line for each conflict and for all else that is wrong with the project now."""
    command = ["git", "diff", "--name-only", "--diff-filter=U"]
    unmerged = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)  # nosec B603 # fixed words
    lines = [f"{path}: is not merged: solve the conflict, then `git add`" for path in unmerged.stdout.splitlines()]
    return lines + [": ".join(problem) for problem in verify_project.verify(ROOT)[0]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, answer in ANSWERS.items():
        parser.add_argument(f"--{option}", help=f"other value of the answer {answer}, in percent")
    parser.add_argument("--template-path", default="", help="a clone of the template to use instead of its address")
    arguments = vars(parser.parse_args())
    answers = {answer: arguments[option] for option, answer in ANSWERS.items() if arguments[option] is not None}
    went_through, said = update(answers, arguments["template_path"])
    if not went_through:
        print(f"Nothing was changed:\n{said}", file=sys.stderr)
        return 2
    found = problems()
    # cruft praises itself also where it has left conflicts.
    print(*(found or [said]), f"{len(found)} conflicts and problems", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
