"""Judge the results of all stages of a run: the one check that a merge requires.

Usage: python3 tools/quality_gate.py, in the job `quality-gate` of ci.yml, with NEEDS, GitHub's `needs` as JSON.

Every stage must have succeeded; integration alone may be skipped, where no change is to be merged. What lint found and
let pass is a warning. Any Python 3 without packages runs this: a runner of one's own may have nothing else.
Exit codes: 0 passed or only warnings, 1 a stage failed, 2 NEEDS could not be read.
"""

import json
import os
import sys

STAGES = ("lint", "test", "coverage", "build", "integration")
CHANGES = ("pull_request", "merge_group")


def judge(name, stage, event):
    """Return the verdict on a stage: pass, warn or fail, the last two perhaps with a reason."""
    may_skip = name == "integration" and event not in CHANGES
    if stage["result"] != "success" and not (may_skip and stage["result"] == "skipped"):
        return "fail"
    findings = stage["outputs"].get("findings", "") if name == "lint" else "none"
    if findings in ("errors", "style"):
        return f"warn: {findings}"
    return "pass" if findings == "none" else "fail: no findings reported"


def main():
    sys.stdout.reconfigure(errors="backslashreplace")
    try:
        stages = {**{name: {"result": "missing"} for name in STAGES}, **json.loads(os.environ.get("NEEDS", ""))}
        event = os.environ.get("GITHUB_EVENT_NAME", "")
        rows = [(name, str(stage["result"]), judge(name, stage, event)) for name, stage in stages.items()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        print(f"Quality gate: cannot judge: NEEDS is not the `needs` of GitHub: {error!r}", file=sys.stderr)
        return 2
    verdict = next((word for word in ("fail", "warn") if any(row[2].startswith(word) for row in rows)), "pass")
    lines = [f"## Quality gate: {verdict}", "", "| Stage | Result | Verdict |", "| --- | --- | --- |"]
    lines += [*(f"| {' | '.join(row)} |" for row in rows), ""]
    print(*lines, sep="\n")
    if "GITHUB_STEP_SUMMARY" in os.environ:
        with open(os.environ["GITHUB_STEP_SUMMARY"], "a", encoding="utf-8", errors="backslashreplace") as summary:
            print(*lines, sep="\n", file=summary)
    if verdict != "pass":
        level = "error" if verdict == "fail" else "warning"
        said = [f"{name}: {result} ({text})" for name, result, text in rows if text.startswith(verdict)]
        print(f"::{level} title=Quality gate::{', '.join(said)}")
    return int(verdict == "fail")


if __name__ == "__main__":
    sys.exit(main())
