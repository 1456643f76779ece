"""Bring the template's changes, or other thresholds, into this project, and fail loudly where they conflict.

Usage: python tools/update_project.py [--minimum N] [--target N] [--patch N] [--tiers "N N N"] [--template-path PATH]

Without thresholds the project gets the newest template. With thresholds it keeps the template's commit and gets other
answers: every copy of the numbers changes and nothing else. The project's own edits stay in both cases.
Exit codes: 0 updated, or nothing to update; 1 conflicts or problems to solve, all listed; 2 nothing was changed.
"""

import argparse
import json
import os
import re
import subprocess  # nosec B404 # runs cruft and the project's verification only
import sys

import repository
from repository import ROOT, Unusable

CRUFT = ".cruft.json"
ANSWERS = {
    "minimum": "coverage_minimum",
    "target": "coverage_target",
    "patch": "patch_target",
    "tiers": "tier_targets",
}


def update(answers: dict[str, str], template_path: str) -> str:
    """Run cruft and return what it says; raises Unusable with the reason if it has changed nothing."""
    if not (ROOT / CRUFT).exists():
        raise Unusable(f"{CRUFT}: is missing: link the project to its template with `cruft link ADDRESS`")
    repository.in_git(ROOT)  # raises git's own words, which cruft would hide
    state = repository.read(ROOT, CRUFT)
    if not isinstance(state, dict) or not isinstance(state.get("commit"), str):
        raise Unusable(f"{CRUFT}: names no commit of the template: restore it from git")
    command = [sys.executable, "-m", "cruft", "update", "--skip-apply-ask"]
    command += ["--template-path", template_path] if template_path else []
    if answers:
        command += ["--variables-to-update", json.dumps(answers), "--checkout", state["commit"]]
    run = subprocess.run(command, cwd=ROOT, capture_output=True)  # nosec B603 # no shell
    output = repository.decode(run.stdout + run.stderr)
    if run.returncode:
        # The template's own check of the answers says it best; all else is shown whole.
        rules = re.findall(r"^(?:\S+): .*: must .*$", output, re.M)
        raise Unusable("\n".join(rules) or output.strip())
    if answers:
        # The commit was pinned for this run only.
        changed = repository.read(ROOT, CRUFT) | {"checkout": state.get("checkout")}
        (ROOT / CRUFT).write_text(json.dumps(changed, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return repository.decode(run.stdout).strip()


def problems() -> list[str]:
    """Return one line for each conflict and for all else that is wrong with the project now."""
    lines = []
    if repository.in_git(ROOT):
        unmerged = repository.git(ROOT, "diff", "--name-only", "-z", "--diff-filter=U").stdout.split(b"\0")
        names = map(os.fsdecode, filter(None, unmerged))
        lines += [f"{path}: is not merged: solve the conflict, then `git add`" for path in names]
    # In a process of its own: the update may have brought another verification.
    command = [sys.executable, "tools/verify_project.py", "--json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True)  # nosec B603 # fixed words
    try:
        return lines + [": ".join(problem.values()) for problem in json.loads(run.stdout)["problems"]]
    except ValueError:
        said = repository.decode(run.stderr).strip().splitlines() or ["nothing"]
        return [*lines, f"tools/verify_project.py: failed with exit code {run.returncode}: {said[-1]}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, answer in ANSWERS.items():
        parser.add_argument(f"--{option}", help=f"other value of the answer {answer}, in percent")
    parser.add_argument("--template-path", default="", help="a clone of the template to use instead of its address")
    arguments = vars(parser.parse_args())
    answers = {answer: arguments[option] for option, answer in ANSWERS.items() if arguments[option] is not None}
    try:
        said = update(answers, arguments["template_path"])
    except (Unusable, OSError) as error:
        print(f"Nothing was changed:\n{error}", file=sys.stderr)
        return 2
    found = problems()
    # cruft praises itself also where it has left conflicts.
    print(*(found or [said]), f"{len(found)} conflicts and problems", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    repository.run(main, "Update")
