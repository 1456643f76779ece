"""Issues for flaky tests, which tools/flaky_tests.py keeps with --issues.

A flaky test has an issue, a file with more than four has one for all; a test in quarantine has the issue that its mark names.
What all hunts have found stands in a hidden comment of the body; it is believed where a bot or oneself has opened the issue,
and in the one that a mark names as far as numbers go. A night is a scheduled hunt of all tests in which every run was judged
and every file collected. Without a failure for `clean-nights` nights in a row an issue is closed, or, for a test in
quarantine, a comment proposes to end that; of a test that fails in every run of a hunt a comment says that it is broken.
Each is said once, until the test does otherwise.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Any

from quality.flaky import records
from quality.flaky.records import STATE, UNKNOWN, Record, address, advance, body, hidden, sentence, title
from quality.flaky.results import Hunt
from quality.github.api import Refused, ask, pages
from quality.github.issues import ISSUES, fit, is_ours, keep, tag, whole
from quality.repository import Unusable, plain

LABEL = "flaky-test"
MARKER = re.compile(r"<!-- (flaky-test: \w{16}) -->")
TOGETHER = 4  # tests of a file that have issues of their own; of more the file has one
NEW = 20  # issues that one hunt opens: where more is wrong, it is one thing


def marker(name: str) -> str:
    """Return what an issue is found by: `name` is the id of a test, or a path for all tests of a file."""
    return f"flaky-test: {hashlib.sha256(name.encode(errors='backslashreplace')).hexdigest()[:16]}"


def keep_all(hunt: Hunt) -> Iterator[str]:
    """Bring all issues up to date with a hunt; yield what was done, line by line.

    One that GitHub refuses stops no other. Raises Unusable at the end with all that was refused; Refused at once if GitHub
    does not list them, or they are switched off.
    """
    refused = []
    for step in steps(hunt):
        try:
            yield from step
        except Refused as error:
            if error.status == 410:
                raise
            refused.append(str(error))
            if error.is_limit:
                break
    if refused:
        raise Unusable(f"{len(refused)} refused by GitHub: {'; '.join(refused)}")


def steps(hunt: Hunt) -> Iterator[Iterable[str]]:
    """Yield for each issue what brings it up to date, and yields what it did."""
    order = sorted(pages(ISSUES, labels=LABEL, state="all"), key=lambda issue: (issue["state"] == "open", issue["number"]))
    found = ((MARKER.search(issue["body"] or ""), issue) for issue in order)
    issues = {match[1]: issue for match, issue in found if match and is_ours(issue)}
    homes: dict[str, str] = {}  # of tests in quarantine, those whose mark names an issue of the hunt's own
    others: dict[int, list[str]] = {}
    for test in hunt.tests:
        if number := re.fullmatch(rf"(?:#|{re.escape(address())}/issues/)([1-9]\d{{0,8}})", test.quarantine):
            mine = [name for name in (test.name, test.path) if is_open(issues, name, int(number[1]))]
            if mine:
                homes[test.name] = mine[0]
            else:
                others.setdefault(int(number[1]), []).append(test.name)
    for place, names in others.items():
        yield in_quarantine(place, names, hunt)
    opened = 0
    for name, state, moved in plan(hunt, issues, homes, {name for names in others.values() for name in names}):
        for test_name in moved:
            yield close(test_name, issues[marker(test_name)], name)
        opened += marker(name) not in issues
        if marker(name) in issues or opened <= NEW:
            yield publish(name, issues.get(marker(name)), state, hunt, set(homes))
    if opened > NEW:
        yield [f"{opened - NEW} more are flaky and have no issue: one hunt opens {NEW} at most"]


def is_open(issues: dict[str, Any], name: str, number: int = 0) -> bool:
    """Tell whether the issue of a test or a file is open, and has the `number` if one is given."""
    issue = issues.get(marker(name))
    return bool(issue) and issue["state"] == "open" and number in (0, issue["number"])


def plan(
    hunt: Hunt, issues: dict[str, Any], homes: dict[str, str], elsewhere: set[str]
) -> Iterator[tuple[str, dict[str, Record], list[str]]]:
    """Yield each test or file that has an issue, what is known of its tests, and the tests whose own issue then ends."""
    known = {name: own for issue in issues.values() for name, own in records.read(issue).items()}
    flaky = [test.name for test in hunt.tests if test.verdict == "flaky" and not test.quarantine]
    by_file: dict[str, list[str]] = {}
    for name in dict.fromkeys([*flaky, *homes, *sorted(known.keys() - elsewhere)]):
        by_file.setdefault(name.partition("::")[0], []).append(name)
    for path, names in by_file.items():
        alone = [name for name in names if homes.get(name) == name]
        busy = {name for name in names if name in flaky or is_open(issues, name) or homes.get(name) == path}
        own = [name for name in names if name in busy and name not in alone]
        if len(own) > TOGETHER or is_open(issues, path):
            state = {name: known.get(name, UNKNOWN) for name in own} | records.read(issues.get(marker(path)))
            yield path, state, [name for name in own if is_open(issues, name)]
        else:
            alone += own
        for name in alone:
            yield name, {name: known.get(name, UNKNOWN)}, []


def publish(
    name: str, issue: dict[str, Any] | None, state: dict[str, Record], hunt: Hunt, quarantined: set[str]
) -> Iterator[str]:
    """Keep the issue of a test or a file; `state` is what was known before this hunt."""
    done = {test: advance(test, own, hunt) for test, own in state.items()}
    after = {test: own for test, (own, _) in done.items()}
    is_wanted = any(own["told"] != "clean" or test in quarantined for test, own in after.items())
    news = {test: said for test, (_, said) in done.items() if said == "broken" or test in quarantined or not is_wanted}
    comment = [sentence(test, said, hunt, test in quarantined) for test, said in news.items() if said]
    if issue and issue["state"] == "closed" and is_wanted:
        comment.insert(0, f"It fails again: {records.where(*records.here())}.")
    text = body(after, hunt, issue["number"] if issue else 0)
    told = keep(LABEL, marker(name), title(name), text, is_wanted, "\n\n".join(comment))
    if told:
        yield f"{told}: {name}"
    if told.startswith("opened"):  # the mark to paste needs its number, and a list may lack the issue yet
        number = int(told.partition("#")[2])
        ask(f"{ISSUES}/{number}", "PATCH", {"body": whole(marker(name), body(after, hunt, number))})


def close(name: str, issue: dict[str, Any], path: str) -> Iterator[str]:
    """Close the issue of a test, which the one of the file takes over."""
    text = (issue["body"] or "").replace(tag(marker(name)), "")
    comment = f"`{plain(path)}` has one issue for all of its flaky tests."
    done = keep(LABEL, marker(name), issue["title"], text, wanted=False, comment=comment)
    yield from [f"{done}: {name}"] if done else []


def in_quarantine(number: int, names: list[str], hunt: Hunt) -> Iterator[str]:
    """Write what is known of tests into the issue that their marks name, and say there what is to be said.

    Anybody may have opened it: what it says of a test counts for that test, and is printed nowhere.
    """
    place, told = f"{ISSUES}/{number}", ", ".join(names)
    try:
        issue = ask(place)
    except Refused as error:
        if error.status not in (404, 410):
            raise
        yield f"#{number}, the issue of {told}, is not in this repository"
        return
    if "pull_request" in issue:
        yield f"#{number}, the issue of {told}, is a pull request"
        return
    state, comment = records.read(issue), []
    for name in names:
        own, news = advance(name, state.get(name, UNKNOWN), hunt)
        state[name] = own | {"error": ""}
        comment += [sentence(name, news, hunt, in_quarantine=True)] if news else []
    old = (issue["body"] or "").replace("\r\n", "\n")
    words = STATE.sub("", old).rstrip()
    text = records.fit(state, lambda kept: f"{words}\n\n{hidden(kept)}\n" if kept else f"{words}\n")
    if text != old:
        ask(place, "PATCH", {"body": text})
        yield f"edited #{number}: {told}"
    if comment:
        ask(f"{place}/comments", "POST", {"body": fit("\n\n".join(comment))})
        yield f"commented #{number}: {told}"
