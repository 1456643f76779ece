"""What all hunts have found of a flaky test, as it stands in issues: hidden, for the next hunt, and as text for people."""

import json
import os
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from quality.flaky.results import LONGEST, Hunt, Outcome, again, rate, wilson
from quality.github.issues import MOST
from quality.repository import code, fenced, one_line, plain

STATE = re.compile(r"\n*<!-- flaky-state: (.*?) -->\n*")
KEPT = 10  # seeds of a test
ROWS = 50  # tests of an issue, or fewer where its text is too long
ROOM = 100  # characters of the marker
# `nights` without a failure in a row, in which the test `is_gone` or not; `told` "clean" or "broken" if that was said; `run`
# the last one; of the last failure the run, the commit, the first line, and whether the hunt was one of chosen tests.
Record = dict[str, Any]
WORDS = ("told", "run", "failure", "commit")  # of letters and digits
UNKNOWN: Record = {"passed": 0, "failed": 0, "nights": 0, "seeds": [], "is_gone": False, "is_chosen": False, "error": ""}
UNKNOWN |= dict.fromkeys(WORDS, "")


def read(issue: dict[str, Any] | None) -> dict[str, Record]:
    """Return what the issue knows of its tests, by id; what somebody has broken is unknown."""
    found = STATE.search((issue or {}).get("body") or "")
    try:
        state = json.loads(found[1]) if found else {}
        return {name: {key: valid(key, own.get(key)) for key in UNKNOWN} for name, own in state.items()}
    except (ValueError, AttributeError, RecursionError):
        return {}


def valid(key: str, value: Any) -> Any:
    """Return a value of a record, or the one that says nothing if it cannot be such a one."""
    if type(value) is not type(UNKNOWN[key]):
        return UNKNOWN[key]
    if isinstance(value, list):
        return [seed for seed in value if type(seed) is int and 0 <= seed < 2**32][-KEPT:]
    if isinstance(value, int):
        return value if 0 <= value < 10**9 else 0
    return value[:LONGEST] if key not in WORDS or re.fullmatch("[0-9A-Za-z]{0,20}", value) else ""


def hidden(state: dict[str, Record]) -> str:
    """Return the comment that `read` reads; nothing in it can end it, or be taken for another."""
    text = json.dumps(state, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")
    return f"<!-- flaky-state: {text} -->"


def advance(name: str, own: Record, hunt: Hunt) -> tuple[Record, str]:
    """Return what is known of a test after this hunt, and "clean" or "broken" if that is to be said.

    A second attempt of a run counts for nothing. Nights in which a test was gone are none of one that is back.
    """
    (run, commit), limit = here(), hunt.limits.get("clean-nights", float("inf"))
    if run and own["run"] == run:
        return own, ""
    test = next((test for test in hunt.tests if test.name == name), None)
    failed, passed = (test.failed, test.passed) if test else ([], 0)
    nights = 0 if failed or (test and own["is_gone"]) else own["nights"]
    own = own | {"run": run, "passed": own["passed"] + passed, "nights": nights + is_clean(name, test, hunt)}
    if test:
        own["is_gone"] = False
    elif own["nights"] > nights:
        own["is_gone"] = True
    if failed:
        own |= {"failed": own["failed"] + len(failed), "seeds": (own["seeds"] + failed)[-KEPT:], "error": test.error}
        own |= {"failure": run, "commit": commit, "is_chosen": bool(hunt.selection)}
    said = "broken" if len(failed) > 1 and not passed else "clean" if own["nights"] >= limit else ""
    stays = own["told"] == "clean" and not failed or own["told"] == "broken" and not passed
    said = said or (own["told"] if stays else "")
    return own | {"told": said}, said if said != own["told"] else ""


def is_clean(name: str, test: Outcome | None, hunt: Hunt) -> bool:
    """Tell whether this hunt is a night without a failure of a test: a scheduled one of all tests, and a whole one.

    A test that the hunt has not met is gone, unless nothing of its file was met, and the file is there.
    """
    if os.environ.get("GITHUB_EVENT_NAME") != "schedule" or hunt.selection or not hunt.is_whole:
        return False
    if test:
        return test.passed > 0 and not test.failed
    path = name.partition("::")[0]
    return any(other.path == path for other in hunt.tests) or not Path(path).exists()


def here() -> tuple[str, str]:
    """Return this run's id and its commit."""
    return os.environ.get("GITHUB_RUN_ID", ""), os.environ.get("GITHUB_SHA", "")[:10]


def where(run: str, commit: str) -> str:
    """Return the address of a run, and its commit."""
    return f"{address()}/actions/runs/{run} (commit {commit})" if run else "a run outside GitHub"


def address() -> str:
    return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{os.environ.get('GITHUB_REPOSITORY', '')}"


def total(own: Record) -> int:
    return max(own["passed"] + own["failed"], 1)


def title(name: str) -> str:
    """Return the title of the issue of a test or a file; GitHub limits it to 256 characters."""
    return f"Flaky test{'' if '::' in name else 's'}: {one_line(name)}"[:256]


def fit(state: dict[str, Record], write: Callable[[dict[str, Record]], str], room: int = 0) -> str:
    """Return what `write` makes of as many tests as GitHub takes, the worst first, and none at all if need be."""
    ranked = sorted(state.items(), key=lambda item: (-wilson(item[1]["failed"], total(item[1]))[0], item[0]))[:ROWS]
    texts = (write(dict(ranked[:count])) for count in range(len(ranked), 0, -1))
    return next((text for text in texts if len(text) <= MOST - room), write({}))


def body(state: dict[str, Record], hunt: Hunt, number: int = 0) -> str:
    """Return the text of an issue; with its `number` it has the mark to paste."""
    return fit(state, lambda ranked: page(ranked, hunt, number), ROOM)


def page(ranked: dict[str, Record], hunt: Hunt, number: int) -> str:
    lines = ["Passes and fails without a change. In all hunts so far:", ""]
    lines += ["| Test | Failed | Rate | 95 % interval | Seeds |", "| --- | ---: | ---: | ---: | --- |"]
    for name, own in ranked.items():
        seeds = ", ".join(map(str, own["seeds"]))
        lines.append(f"| {code(name)} | {rate(own['failed'], total(own))} | {seeds} |")
    name, own = next(iter(ranked.items()), ("", UNKNOWN))
    if own["seeds"]:
        lines += ["", f"The last failure of `{plain(name)}`, in {where(own['failure'], own['commit'])}:", ""]
        lines += [*fenced("text", plain(own["error"])), ""]
        chosen, order = ([name], "") if own["is_chosen"] else ([], "the same order and ")
        lines += [f"Repeat it, with {order}the same random numbers:", "", *fenced("bash", again(own["seeds"][-1], *chosen))]
    if number:
        end = date.today() + timedelta(min(hunt.limits.get("days", 30), 30))
        lines += ["", "Mend it, or let it fail for a while:", "", "```python"]
        lines += [f'@pytest.mark.quarantine(issue="#{number}", until="{end}")', "```"]
    nights = hunt.limits.get("clean-nights")
    closed = f"It closes this issue after {nights:g} nights without a failure, and opens it after one. " if nights else ""
    lines += ["", f"{closed}The hunt writes this text anew each time: use comments.", "", hidden(ranked)]
    return "\n".join(lines)


def sentence(name: str, said: str, hunt: Hunt, in_quarantine: bool) -> str:
    """Return what a comment says of a test that is "clean" or "broken"."""
    if said == "broken":
        return f"`{plain(name)}` failed in every run of the last hunt, {where(*here())}: it is broken, not flaky."
    nights = f"`{plain(name)}` has not failed for {hunt.limits['clean-nights']:g} nights"
    return f"{nights}: delete its mark, which ends the quarantine, and close this issue." if in_quarantine else f"{nights}."
