"""The page of the report on CI's health, as Markdown that GitHub renders."""

import json
import math
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from quality.health.numbers import FEW, Measure, Repeated, Week
from quality.health.records import Run
from quality.repository import cell, code

SHOWN = 5  # jobs of each kind
MODULES = 20  # whose coverage fell


class Report(NamedTuple):
    """All that the page says; what has not been read is empty, and `unseen` says why."""

    now: datetime
    start: datetime
    workflow: str
    branches: list[str]
    measures: list[Measure]
    weeks: list[Week]
    jobs: list[Repeated]
    coverage: tuple[tuple[Run, dict[str, float]], ...]
    fell: list[tuple[str, float, float]]
    named: list[tuple[str, str, str, str]]
    bypass: str
    unseen: dict[str, list[str]]


def verdict(measures: list[Measure]) -> tuple[str, str]:
    """Return the verdict on the targets, which is missed, met or not judged, and a sentence that says why."""
    words = ("missed", "unknown", "too few", "met")
    judged = {word: [measure for measure in measures if measure.verdict == word] for word in words}
    if missed := judged["missed"]:
        said = (f"{found.name.lower()} {found.value:g} {found.unit}, target {found.target:g}" for found in missed)
        return "missed", f"Missed: {'; '.join(said)}."
    if open_ones := judged["unknown"] + judged["too few"]:
        known = f"Met: {listed(judged['met'])}. " if judged["met"] else ""
        few = f" (fewer than {FEW} runs)" if judged["too few"] else ""
        return "not judged", f"{known}Not judged: {listed(open_ones)}{few}."
    return "met", f"All targets are met: {listed(judged['met'])}." if judged["met"] else "No targets are set."


def listed(measures: list[Measure]) -> str:
    return ", ".join(measure.name.lower() for measure in measures)


def table(head: str, rows: Iterable[Iterable[object]]) -> list[str]:
    """Return a table of cells as they are; `head` are its columns, divided by `|`, one that is a number after a colon."""
    names = [name.strip() for name in head.split("|")]
    lines = [f"| {' | '.join(name.lstrip(':') for name in names)} |"]
    lines.append(f"| {' | '.join('---:' if name.startswith(':') else '---' for name in names)} |")
    return [*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows), ""]


def measured(measures: list[Measure]) -> list[str]:
    rows = []
    for found in measures:
        value = "" if found.value is None else f"{found.value:g} {found.unit}"
        rows.append((cell(found.name), value, found.of, "" if found.target is None else f"{found.target:g}", found.verdict))
    return table("What | :last 7 days | of | :target | verdict", rows)


def chart(title: str, axis: str, weeks: list[Week], values: list[float | None], target: float | None, top: float) -> list[str]:
    """Return a chart for Mermaid, a bar for each week; it knows no missing value, so a week without one has none.

    https://mermaid.js.org/syntax/xyChart.html
    """
    bars = ", ".join(f"{value or 0:.1f}" for value in values)
    lines = ["```mermaid", "---", "config:", "  xyChart:", "    height: 220", "---", "xychart-beta", f'    title "{title}"']
    lines += [f"    x-axis {json.dumps([f'{week.start:%m-%d}' for week in weeks])}"]
    lines += [f'    y-axis "{axis}" 0 --> {max(math.ceil(top), 1)}', f"    bar [{bars}]"]
    lines += [] if target is None else [f"    line [{', '.join([f'{target:g}'] * len(weeks))}]"]
    return [*lines, "```", ""]


def trend(report: Report) -> list[str]:
    """Return the charts of duration and success; the line in them is the target."""
    weeks, targets = report.weeks, {measure.unit: measure.target for measure in report.measures[:2]}
    if not any(week.runs for week in weeks):
        return [f"No runs with a verdict in {len(weeks)} weeks.", ""]
    took, good = [week.minutes for week in weeks], [week.success for week in weeks]
    top = max([value for value in took if value is not None] + [targets.get("minutes") or 0])
    lines = chart("Average duration of a run", "minutes", weeks, took, targets.get("minutes"), top)
    lines += chart("Success on the main branches", "percent", weeks, good, targets.get("%"), 100)
    told = []
    for where, values in (("", took), (f" on {', '.join(report.branches)}", good)):
        if none := [f"{week.start:%m-%d}" for week, value in zip(weeks, values, strict=True) if value is None]:
            told.append(f"no run with a verdict{where} in the weeks from {', '.join(none)}")
    lines += [f"Seen: {'; '.join(told)}.", ""] if told else []
    return lines


def jobs(found: list[Repeated]) -> list[str]:
    """Return the slowest and the most repeated jobs."""
    repeated = sorted((job for job in found if job.repeated), key=lambda job: -job.repeated)[:SHOWN]
    shown = [job for place, job in enumerate(found) if place < SHOWN or job in repeated]
    rows = [(code(job.name), job.times, f"{job.average:.1f}", f"{job.longest:.1f}", job.repeated, job.flaky) for job in shown]
    told = f"The {SHOWN} slowest and the {SHOWN} most repeated of {len(found)} jobs of the last 7 days, in minutes of an attempt."
    return [*table("Job | :times | :average | :longest | :repeated | :failed, then passed", rows), told, ""] if rows else []


def coverage(report: Report) -> list[str]:
    """Return the modules whose coverage fell between the two runs."""
    if not report.coverage:
        return []
    (new, after), *old = report.coverage
    now = f"{after.get('total', 0):.2f} % on {new.created:%Y-%m-%d}, branch {new.branch}"
    if not old:
        return [f"{now}; there is nothing to compare it with.", ""]
    before, then = old[0][1], old[0][0].created
    told = f"{now}; {before.get('total', 0):.2f} % on {then:%Y-%m-%d}. It fell in {len(report.fell)} modules."
    rows = [(code(name), f"{was:.2f}", f"{has:.2f}", f"{has - was:+.2f}") for name, was, has in report.fell[:MODULES]]
    rest = [f"And {len(report.fell) - MODULES} more.", ""] if len(report.fell) > MODULES else []
    return [told, "", *(table("Module | :before | :now | :change", rows) if rows else []), *rest]


def page(report: Report) -> str:
    """Return the page: the verdict first, then numbers, and at the end what could not be seen."""
    word, sentence = verdict(report.measures)
    where = f"`{report.workflow}`, {report.start:%Y-%m-%d} to {report.now:%Y-%m-%d %H:%M} UTC"
    unseen = [f"- {what}: {said[0]}" + f" (and {len(said) - 1} more)" * (len(said) > 1) for what, said in report.unseen.items()]
    parts = {
        "Trend": trend(report),
        "Jobs": jobs(report.jobs),
        "Coverage": coverage(report),
        "Bypass of the coverage gate": [report.bypass, ""] if report.bypass else [],
        "Secrets and variables that workflows name": table("Name | kind | set | named in", report.named) if report.named else [],
        "Not seen": [*unseen, ""] if unseen else [],
    }
    lines = [f"## CI health: {word}", "", f"**{sentence}**", "", where, "", *measured(report.measures)]
    for name, part in parts.items():
        lines += [f"### {name}", "", *part] if part else []
    return "\n".join(lines)
