"""What GitHub says about the pipeline's runs, within the number of calls that it allows; and what it did not say."""

import io
import json
import math
import zipfile
from datetime import datetime, timedelta
from typing import Any

from quality.github import api
from quality.github.api import Refused
from quality.health.numbers import WEEK, WEEKS
from quality.health.records import Job, Run, jobs_of, run_of

ACTIONS = "repos/{owner}/{repo}/actions"
# A workflow's token may make 1,000 calls an hour for a repository (https://docs.github.com/rest/using-the-rest-api
# "Rate limits for the REST API"); other workflows and the issue need some of them.
CALLS = 800
CAPPED = 1000  # results of a filtered list of runs, whatever its total is: the API gives no more
JOBS_OF = 300  # runs at most, whose jobs are read: one call each
ARTIFACTS = 2000  # at most are added up: a call for each hundred
SECOND = timedelta(seconds=1)
VERDICT = "coverage-verdict"  # the artifact in which ci.yml keeps the verdict of the coverage gate


class Reader:
    """Asks GitHub; `unseen` says what it did not answer and why, `answers` how often it did.

    `has_last_week` tells whether it gave all runs of the last week.
    """

    def __init__(self) -> None:
        self.calls = self.answers = 0
        self.stopped = self.has_last_week = False
        self.unseen: dict[str, list[str]] = {}

    def get(self, what: str, path: str, is_file: bool = False, **query: Any) -> Any:
        """Return GitHub's answer, JSON or the bytes of a file, or None; then `unseen` has the reason below `what`.

        Raises Unusable if gh is not there.
        """
        if self.stopped:
            self.miss(what, "not asked after that")
        elif self.calls >= CALLS:
            self.stopped = True
            self.miss(what, f"{CALLS} calls were made, of the 1,000 that a workflow's token has in an hour")
        else:
            self.calls += 1
            try:
                answer = (api.call if is_file else api.ask)(path, **query)
                self.answers += 1
                return answer
            except Refused as error:
                # Not this call alone: no more are allowed, the token is none, or nobody answers.
                self.stopped = error.is_limit or error.status in (0, 401)
                self.miss(what, str(error))
            except ValueError as error:
                self.miss(what, f"no JSON: {error}")
        return None

    def miss(self, what: str, reason: str) -> None:
        self.unseen.setdefault(what, []).append(reason)

    def listed(self, what: str, path: str, key: str, most: int, **query: Any) -> tuple[list[Any], int]:
        """Return up to `most` items of a list, and how many GitHub has."""
        items: list[Any] = []
        total, page = 1, 1
        while len(items) < min(total, most):
            answer = self.get(what, path, per_page=api.PER_PAGE, page=page, **query)
            if not answer or not answer[key]:
                break
            items += answer[key]
            total, page = answer["total_count"], page + 1
        return items[:most], total if items else 0

    def runs_between(self, workflow: str, start: datetime, end: datetime) -> list[Run]:
        """Return the runs created from `start` to `end`; where the API caps them, those of each half."""
        what, path = f"runs from {start:%Y-%m-%d} to {end:%Y-%m-%d}", f"{ACTIONS}/workflows/{workflow}/runs"
        created = f"{start:%Y-%m-%dT%H:%M:%SZ}..{end:%Y-%m-%dT%H:%M:%SZ}"
        first = self.get(what, path, per_page=api.PER_PAGE, page=1, created=created)
        if first is None:
            return []
        total, found = first["total_count"], first["workflow_runs"]
        if total > CAPPED and end - start > SECOND:
            middle = (start + (end - start) / 2).replace(microsecond=0)
            halves = ((middle + SECOND, end), (start, middle))
            return [run for half in halves for run in self.runs_between(workflow, *half)]
        if total > CAPPED:
            self.miss(what, f"GitHub gives {CAPPED} of {total} runs of one second")
        for page in range(2, math.ceil(min(total, CAPPED) / api.PER_PAGE) + 1):
            answer = self.get(what, path, per_page=api.PER_PAGE, page=page, created=created)
            if answer is None:
                break
            found += answer["workflow_runs"]
        return [run_of(run) for run in found]

    def runs(self, workflow: str, now: datetime) -> list[Run]:
        """Return the runs of the weeks of the trend, the newest week first; a run that a page repeats is there once."""
        found: dict[int, Run] = {}
        for back in range(WEEKS):
            if self.stopped:
                self.miss("runs of earlier weeks", "not asked after that")
                break
            end, known = now - back * WEEK, {*self.unseen}
            found |= {run.id: run for run in self.runs_between(workflow, end - WEEK + SECOND, end)}
            self.has_last_week = self.has_last_week or not back and self.unseen.keys() == known
        return list(found.values())

    def jobs(self, runs: list[Run]) -> list[Job]:
        """Return the jobs of all attempts of completed runs: first of those with several attempts, then of the newest."""
        ordered = sorted(runs, key=lambda run: (run.attempt == 1, -run.created.timestamp()))
        if len(runs) > JOBS_OF:
            self.miss("jobs of some runs", f"the report reads those of {JOBS_OF} runs, there are {len(runs)}")
        found: list[Any] = []
        for run in ordered[:JOBS_OF]:
            found += self.listed("jobs of some runs", f"{ACTIONS}/runs/{run.id}/jobs", "jobs", CAPPED, filter="all")[0]
        return jobs_of(found)

    def storage(self) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
        """Return (bytes, number) of the artifacts that are kept and of the caches, None of what could not be read."""
        artifacts, total = self.listed("artifacts", f"{ACTIONS}/artifacts", "artifacts", ARTIFACTS)
        if total > len(artifacts) and "artifacts" not in self.unseen:
            self.miss("artifacts", f"the newest {len(artifacts)} of {total} are added up")
        sizes = [artifact["size_in_bytes"] for artifact in artifacts if not artifact["expired"]]
        caches = self.get("caches", f"{ACTIONS}/cache/usage")
        kept = (sum(sizes), len(sizes)) if artifacts or "artifacts" not in self.unseen else None
        return kept, (caches["active_caches_size_in_bytes"], caches["active_caches_count"]) if caches else None

    def coverage(self, runs: list[Run]) -> tuple[tuple[Run, dict[str, float]], ...]:
        """Return (run, percent by module) of the newest of `runs` and of the newest at least a week before it.

        The key "total" is the package. What is missing is said and left out.
        """
        found, _ = self.listed("coverage", f"{ACTIONS}/artifacts", "artifacts", ARTIFACTS, name=VERDICT)
        kept = {artifact["workflow_run"]["id"]: artifact for artifact in found if artifact["workflow_run"]}
        own = sorted([run for run in runs if run.id in kept], key=lambda run: run.created, reverse=True)
        usable = [run for run in own if not kept[run.id]["expired"]]
        earlier = [run for run in usable if run.branch == usable[0].branch and run.created <= usable[0].created - WEEK]
        if "coverage" not in self.unseen and not earlier:
            expired = len(own) - len(usable)
            why = f"no run of {usable[0].branch} a week before that of {usable[0].created:%Y-%m-%d}" if usable else "no run"
            self.miss("coverage", f"{why} has an artifact {VERDICT}" + f"; {expired} have expired" * bool(expired))
        read = [(run, self.percents(kept[run.id]["id"])) for run in [*usable[:1], *earlier[:1]]]
        return tuple((run, percents) for run, percents in read if percents)

    def percents(self, artifact: int) -> dict[str, float]:
        """Return the percentages of a verdict of tools/coverage_gate.py, which an artifact holds."""
        data = self.get("coverage", f"{ACTIONS}/artifacts/{artifact}/zip", is_file=True)
        if data is None:
            return {}
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                rows = json.loads(archive.read(archive.namelist()[0]))["rows"]
            names = [row for row in rows if row["name"] == "total" or row["name"].endswith((".py", ".pyw"))]
            return {row["name"]: float(row["percent"]) for row in names}
        except (zipfile.BadZipFile, ValueError, LookupError, TypeError) as error:
            self.miss("coverage", f"the artifact {artifact} holds no verdict: {error}")
            return {}
