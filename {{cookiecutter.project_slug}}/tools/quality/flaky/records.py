"""What all hunts have found of a flaky test, as it stands in issues: hidden, for the next hunt, and as text for people."""

import json
import os
import re
from datetime import date, timedelta
from typing import Any

from quality import repository
from quality.flaky.results import Hunt, Outcome, rate, wilson

STATE = re.compile(r"\n*<!-- flaky-state: (.*?) -->\n*")
KEPT = 10  # seeds of a test
ROWS = 50  # tests of an issue: its body has a longest length
# `nights` without a failure in a row, `told` "clean" or "broken" if that was said, `run` the last one.
Record = dict[str, Any]
UNKNOWN: Record = {"passed": 0, "failed": 0, "nights": 0, "seeds": []}
UNKNOWN |= dict.fromkeys(("error", "again", "where", "told", "run"), "")


def records(issue: dict[str, Any] | None) -> dict[str, Record]:
    """Return what the issue knows of its tests, by id; what somebody has broken is unknown."""
    found = STATE.search((issue or {}).get("body") or "")
    try:
        state = json.loads(found[1]) if found else {}
        return {name: {key: same(own.get(key), value) for key, value in UNKNOWN.items()} for name, own in state.items()}
    except (ValueError, AttributeError):
        return {}


def same(value: Any, default: Any) -> Any:
    return value if type(value) is type(default) else default


def hidden(state: dict[str, Record]) -> str:
    """Return the comment that `records` reads; nothing in it can end it, or be taken for another."""
    text = re.sub("[-<>]", lambda sign: f"\\u{ord(sign[0]):04x}", json.dumps(state, sort_keys=True))
    return f"<!-- flaky-state: {text} -->"


def advance(own: Record, test: Outcome | None, hunt: Hunt) -> tuple[Record, str]:
    """Return what is known of a test after this hunt, and "clean" or "broken" if that is to be said.

    `test` is None if the hunt has not met it: after a night with all tests it is gone, which counts as clean. A second
    attempt of a run counts for nothing.
    """
    run, limit = os.environ.get("GITHUB_RUN_ID", ""), hunt.limits.get("clean-nights", float("inf"))
    if run and own["run"] == run:
        return own, ""
    failed, passed = (test.failed, test.passed) if test else ([], 0)
    own = own | {"run": run, "passed": own["passed"] + passed}
    if failed:
        own |= {"failed": own["failed"] + len(failed), "seeds": (own["seeds"] + failed)[-KEPT:], "nights": 0}
        own |= {"error": test.error, "again": hunt.again(failed[-1]), "where": where()}
    elif os.environ.get("GITHUB_EVENT_NAME") == "schedule" and not hunt.selection and (passed or not test):
        own["nights"] += 1
    said = "broken" if len(failed) > 1 and not passed else "clean" if own["nights"] >= limit else ""
    stays = own["told"] == "clean" and not failed or own["told"] == "broken" and not passed
    said = said or (own["told"] if stays else "")
    return own | {"told": said}, said if said != own["told"] else ""


def where() -> str:
    """Return the address of this run, and its commit."""
    commit, run = os.environ.get("GITHUB_SHA", "")[:10], os.environ.get("GITHUB_RUN_ID", "")
    return f"{address()}/actions/runs/{run} (commit {commit})" if run else "a run outside GitHub"


def address() -> str:
    return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{os.environ.get('GITHUB_REPOSITORY', '')}"


def plain(text: str) -> str:
    """Return text of others, so that it cannot end code in Markdown, or hide."""
    return repository.one_line(text).replace("`", "'").replace("<!--", "<! --")


def total(own: Record) -> int:
    return max(own["passed"] + own["failed"], 1)


def title(name: str) -> str:
    """Return the title of the issue of a test or a file; GitHub limits it to 256 characters."""
    return f"Flaky test{'' if '::' in name else 's'}: {repository.one_line(name)}"[:256]


def body(state: dict[str, Record], hunt: Hunt, number: int = 0) -> str:
    """Return the text of an issue; with its `number` it has the mark to paste."""
    ranked = sorted(state.items(), key=lambda item: (-wilson(item[1]["failed"], total(item[1]))[0], item[0]))[:ROWS]
    lines = ["Passes and fails without a change. In all hunts so far:", ""]
    lines += ["| Test | Failed | Rate | 95 % interval | Seeds |", "| --- | ---: | ---: | ---: | --- |"]
    for name, own in ranked:
        seeds = ", ".join(map(str, own["seeds"]))
        lines.append(f"| {repository.cell(plain(name))} | {rate(own['failed'], total(own))} | {seeds} |")
    name, own = ranked[0]
    if own["again"]:
        lines += ["", f"The last failure of `{plain(name)}`, in {own['where']}:", "", "```text", plain(own["error"]), "```", ""]
        lines += ["Repeat that run, with the same order and the same random numbers:", "", "```bash", own["again"], "```"]
    if number:
        end = date.today() + timedelta(min(hunt.limits.get("days", 30), 30))
        lines += ["", "Mend it, or let it fail for a while:", "", "```python"]
        lines += [f'@pytest.mark.quarantine(issue="#{number}", until="{end}")', "```"]
    nights = hunt.limits.get("clean-nights")
    closed = f"It closes this issue after {nights:g} nights without a failure, and opens it after one. " if nights else ""
    lines += ["", f"{closed}The hunt writes this text anew each time: use comments.", "", hidden(dict(ranked))]
    return "\n".join(lines)


def sentence(name: str, said: str, hunt: Hunt, in_quarantine: bool) -> str:
    """Return what a comment says of a test that is "clean" or "broken"."""
    if said == "broken":
        return f"`{plain(name)}` failed in every run of the last hunt, {where()}: it is broken, not flaky."
    nights = f"`{plain(name)}` has not failed for {hunt.limits['clean-nights']:g} nights"
    return f"{nights}: delete its mark, which ends the quarantine, and close this issue." if in_quarantine else f"{nights}."
