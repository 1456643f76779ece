"""Report the health of CI on one page: what the runs of ci.yml say about time, success, flaky jobs and cost.

Usage: python tools/ci_health.py [--issue] [--now TIME]; the project is the current folder, GitHub is asked through gh.

Compares the last seven days with the targets of [tool.quality-gate.health] in pyproject.toml: `minutes`, the average
duration of a run; `success`, percent of the runs on the branches whose pushes start ci.yml (the repository's default branch
where it names none), at least; `flaky`, percent of the runs in which a job failed and, in a later attempt, passed. Below
five runs nothing is judged. With --issue, or HEALTH_ISSUE=true, one issue, labelled ci-health, is open while a target is missed
and closed when all are met; while something is not judged it stays as it is. HEALTH_VARIABLES (GitHub's `vars`, as JSON),
HEALTH_SECRETS (name: whether it is set) and COVERAGE_BYPASS_ISSUE, COVERAGE_BYPASS_UNTIL are what only a workflow can pass. The
page says what could not be seen.
Exit codes: 0 reported, also if targets are missed or a part could not be read, 2 nothing could be read.
"""

import argparse
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from quality import repository, settings
from quality.bypass import NAMES, bypass, linked
from quality.github import issues
from quality.github.api import Refused
from quality.health import numbers, workflows
from quality.health.numbers import Measure
from quality.health.page import Report, page, verdict
from quality.health.reading import Reader
from quality.health.records import Job, Run
from quality.repository import Unusable

TITLE = "A target of CI is missed"


def targets(root: Path) -> dict[str, Any]:
    """Return [tool.quality-gate.health]; raises Unusable with all that is wrong in it."""
    document = repository.read(root, "pyproject.toml")
    if problems := settings.limits(document, "health"):
        raise Unusable("; ".join(problems))
    return settings.table(document, "tool", "quality-gate", "health")


def measures(week: list[Run], jobs: list[Job], reader: Reader, branches: list[str], goals: dict[str, Any]) -> list[Measure]:
    """Return what is measured of the completed runs of the last week; those with a target come first."""
    took, (good, judged), read = numbers.durations(week), numbers.success(week, branches), {job.run for job in jobs}
    # A run with one attempt cannot be flaky, whatever its jobs were.
    seen = [run for run in week if run.id in read or run.attempt == 1]
    unstable, waited = {run for run, _ in numbers.flaky(jobs)}, numbers.times_to_verdict(week, jobs)
    has_all, main = reader.has_last_week, ", ".join(branches) or "the main branch"
    average, runs = numbers.average(took), f"{len(took)} runs, the last attempt of each"
    duration = Measure("Average duration", average, "minutes", runs, goals.get("minutes"))
    success = Measure(f"Success on {main}", numbers.share(good, judged), "%", f"{good} of {judged} runs", goals.get("success"))
    flaky = numbers.share(len(unstable), len(seen))
    flaky_runs = Measure("Flaky runs", flaky, "%", f"{len(unstable)} of {len(seen)} runs", goals.get("flaky"))
    found = [
        numbers.judge(duration, len(took), is_whole=has_all),
        numbers.judge(success, judged, at_least=True, is_whole=has_all),
        numbers.judge(flaky_runs, len(seen), is_whole=has_all and len(seen) == len(week)),
    ]
    for percent in (50, 95):
        value, of = numbers.percentile(waited, percent), f"{len(waited)} runs, from the start to the end of the first gate"
        found.append(numbers.judge(Measure(f"Time to verdict, p{percent}", value, "minutes", of), len(waited)))
    cost = numbers.billed(jobs) if jobs else None
    runs = f"{len(read)} of {len(week)} runs, each job rounded up to a minute as GitHub bills"
    found.append(Measure("All jobs together", cost, "minutes", runs))
    for name, stored in zip(("Artifacts", "Caches"), reader.storage(), strict=True):
        size, count = stored or (None, 0)
        found.append(Measure(name, size and round(size / 1e6, 1), "MB", f"{count} kept" if stored else ""))
    return found


def named(root: Path, reader: Reader) -> list[tuple[str, str, str, str]]:
    """Return (name, kind, whether it is set, files) of what workflows name."""
    given = {"vars": known("HEALTH_VARIABLES"), "secrets": known("HEALTH_SECRETS")}
    rows = []
    for (kind, name), files in workflows.named(root, f"{repository.prefix(root)}ci-health.yml").items():
        is_set = given[kind].get(name)
        if kind == "vars" and "HEALTH_VARIABLES" in os.environ:
            is_set = name in given["vars"]
        word = "not seen" if is_set is None else "yes" if is_set else "no"
        rows.append((f"`{name}`", "variable" if kind == "vars" else "secret", word, repository.cell(", ".join(files))))
    if any(row[2] == "not seen" for row in rows):
        told = "no token of a workflow may list them: `gh secret list` and `gh variable list` do, for who may administer"
        reader.miss("whether some secrets and variables are set", told)
    return rows


def known(variable: str) -> dict[str, Any]:
    """Return the object in a variable; raises Unusable if it holds anything else."""
    try:
        found = json.loads(os.environ.get(variable) or "{}")
        return {name.upper(): value for name, value in found.items()}
    except (ValueError, AttributeError):
        raise Unusable(f"{variable}: is no JSON object: the workflow passes one") from None


def bypassed(now: datetime) -> str:
    """Return what the page says of a bypass that is set, and how to end one that forgives nothing any more."""
    is_valid, sentence = bypass(dict(os.environ), now.date())
    names = [name for name in NAMES if os.environ.get(name, "").strip()]
    end = ""
    if sentence and not is_valid:
        end = f" Delete what is left: `{' && '.join(f'gh variable delete {name}' for name in names)}`"
        repository.annotate("warning", "CI health", sentence)
    return linked(sentence, dict(os.environ)) + end


def report(root: Path, now: datetime, reader: Reader) -> Report:
    """Read all and return what the page says; raises Unusable if GitHub answers nothing."""
    goals, workflow = targets(root), f"{repository.prefix(root)}ci.yml"
    about = reader.get("the repository", "repos/{owner}/{repo}") or {}
    if about.get("fork"):
        reader.miss("the repository that this is a fork of", "runs, secrets and variables are those of the fork")
    if about.get("private"):
        reader.miss("what the minutes cost", "those that a plan includes are shown to the owner alone: settings of billing")
    default = about.get("default_branch")
    branches = workflows.branches(root, workflow) or ([default] if default else [])
    runs = reader.runs(workflow, now)
    week = numbers.completed(runs, now)
    jobs = reader.jobs(week)
    found = measures(week, jobs, reader, branches, goals)
    coverage = reader.coverage([run for run in runs if run.is_on(branches)])
    if reader.answers <= bool(about):  # about the repository alone, which every token may read
        raise Unusable("; ".join(f"{what}: {said[0]}" for what, said in reader.unseen.items()))
    fell = numbers.fallen(coverage[1][1], coverage[0][1]) if len(coverage) > 1 else []
    weeks, named_ones = numbers.trend(runs, branches, now), named(root, reader)
    by_job, start = numbers.by_job(jobs), now - numbers.WEEK
    return Report(now, start, workflow, branches, found, weeks, by_job, coverage, fell, named_ones, bypassed(now), reader.unseen)


def keep(found: Report, text: str) -> None:
    """Keep the issue: open while a target is missed, closed when all are met, else as it is."""
    word, sentence = verdict(found.measures)
    if word == "not judged":
        return
    try:
        done = issues.keep("ci-health", "ci-health", TITLE, text, word == "missed", "" if word == "missed" else sentence)
        print(f"Issue: {done or 'nothing to do'}")
    except Refused as error:
        repository.annotate("warning", "CI health", f"The issue could not be kept: {error}")
        print(f"The issue could not be kept: {error}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    issue, end = os.environ.get("HEALTH_ISSUE") == "true", os.environ.get("HEALTH_NOW", "")
    parser.add_argument("--issue", action="store_true", default=issue, help="open, edit or close the issue")
    parser.add_argument("--now", default=end, help="the end of the last seven days, as 2030-12-31T06:00Z")
    arguments = parser.parse_args()
    try:
        now = datetime.fromisoformat(arguments.now) if arguments.now else datetime.now(UTC)
    except ValueError:
        raise Unusable(f"--now {arguments.now!r} is no time: write one like 2030-12-31T06:00Z") from None
    now = now.replace(microsecond=0, tzinfo=now.tzinfo or UTC).astimezone(UTC)
    found = report(Path.cwd(), now, Reader())
    text = page(found)
    print(text)
    repository.tell("GITHUB_STEP_SUMMARY", text)
    word, sentence = verdict(found.measures)
    if word == "missed":
        repository.annotate("warning", "CI health", sentence)
    if arguments.issue:
        keep(found, text)
    return 0


if __name__ == "__main__":
    repository.run(main, "CI health: cannot report")
