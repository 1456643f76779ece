"""Judge the measured coverage by the thresholds of pyproject.toml: the same verdict here and in CI.

Usage: python tools/coverage_gate.py [--base COMMIT] [--json] | --record

Judges what the tests of all Pythons and parts have covered together: each leg records into a file of its own
(`nox -s tests`; --record prints its name, with the part that COVERAGE_PART says), which names the code that was tested.
COVERAGE_PYTHONS, a JSON list, and COVERAGE_PARTS, their number, say which legs there must be; without them those that
there are count. Without any it judges the data of the last `pytest --cov`.
Fails below the minimum, below a tier's target in one of its modules, below the patch target in the lines changed since
the base, and if the list `untested` has got other modules since then; warns below the target. COVERAGE_BYPASS_ISSUE and
COVERAGE_BYPASS_UNTIL (YYYY-MM-DD, the last day) together turn failures into warnings. The verdict is also kept, as JSON,
in reports/coverage-verdict.json.
Exit codes: 0 passed or only warnings, 1 a threshold is missed, 2 nothing could be judged.
"""

import argparse
import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import coverage

from quality import coverage_data, repository, settings
from quality.bypass import bypass, linked
from quality.coverage_settings import coverage_file, coverage_options, coverage_table
from quality.repository import ROOT, Unusable

KEPT = "reports/coverage-verdict.json"  # what --json prints: ci.yml keeps it, ci_health.py compares it


class Row(NamedTuple):
    """One line of the verdict; numbers are percent, `status` is pass, warn, fail or n/a."""

    name: str
    tier: str
    percent: str
    target: str
    status: str
    note: str = ""


def measured(data: coverage.Coverage, modules: list[str]) -> dict[str, Any]:
    """Return coverage.py's own JSON report of `modules`; what else was measured does not count."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "coverage.json")
        data.json_report(outfile=str(path), include=modules)
        return json.loads(path.read_text(encoding="utf-8"))


def compare(name: str, tier: str, percent: str, target: float, below: str, note: str = "") -> Row:
    return Row(name, tier, percent, f"{target:g}", "pass" if float(percent) >= target else below, note)


def judge_modules(data: coverage.Coverage, report: dict[str, Any], found: settings.Settings) -> list[Row]:
    """Return a row for the total, for each tier and for each module; `report` is that of the modules."""
    unmeasured = sorted(set(found.modules) - set(report["files"]))
    if unmeasured:
        own = coverage_file(ROOT)
        report_table, run_table = (coverage_table(own, name) for name in ("report", "run"))
        raise Unusable(
            f"no data for {', '.join(unmeasured)}: measure this checkout, installed with `pip install -e .`; folders without "
            f"__init__.py need include_namespace_packages = true in {report_table}; what is no code of the package belongs into "
            f".gitignore or into omit of {run_table}"
        )
    total = report["totals"]["percent_covered_display"]
    rows = [compare("total", "", total, found.minimum, "fail", "minimum")]
    rows.append(compare("total", "", total, found.target, "warn", "target"))
    for name, tier in found.tiers.items():
        if tier.modules:
            percent = measured(data, tier.modules)["totals"]["percent_covered_display"]
            rows.append(Row(f"tier {name}", name, percent, f"{tier.target:g}", "n/a", "each module counts"))
    for module in found.modules:
        name, percent = found.tier_of(module), report["files"][module]["summary"]["percent_covered_display"]
        if name:
            rows.append(compare(module, name, percent, found.tiers[name].target, "fail"))
        else:
            rows.append(Row(module, "", percent, "", "n/a", "no tier"))
    return rows


def start_of(base: str) -> str:
    """Return the commit at which the changes since `base`, a commit or a branch, begin; nothing without a base."""
    if not base:
        return ""
    common = repository.git(ROOT, "merge-base", base, "HEAD", accept=(0, 1, 128))
    if common.returncode:
        said = f" (git: {repository.one_line(repository.decode(common.stderr))})" if common.stderr else ""
        raise Unusable(f"no common commit with the base {base!r}: fetch it with its history (fetch-depth: 0){said}")
    return common.stdout.decode().strip()


def judge_baseline(found: settings.Settings, start: str) -> list[Row]:
    """Return the row for the list `untested`, if there were settings at the commit `start`: none may be added to it."""
    then = repository.git(ROOT, "show", f"{start}:./pyproject.toml", accept=(0, 128)).stdout if start else b""
    try:
        gate = settings.table(repository.parse("pyproject.toml", then), "tool", "quality-gate")
        old, new = set(settings.strings(gate, "untested")), set(found.untested)
    except Unusable:  # then; what it says now has been read
        return []
    if not gate or not (old or new):
        return []
    # A module that has got another name stays in the list; one that has got its test leaves no place for another.
    added, note = sorted(new - old), "modules without a test file, which may only get fewer"
    if len(added) <= len(old - {*found.modules}):
        return [Row("untested", "", str(len(new)), str(len(old)), "pass", note)]
    return [Row("untested", "", str(len(new)), str(len(old)), "fail", f"{note}, not others ({', '.join(added[:9])})")]


def judge_patch(report: dict[str, Any], found: settings.Settings, base: str, start: str) -> Row:
    """Return the row for the lines of modules changed since the commit `start`, which `base` has led to."""
    if not start:
        return Row("patch", "", "", f"{found.patch_target:g}", "n/a", "not judged: no base (--base COMMIT)")
    lines = missed = 0
    with repository.other_index(ROOT) as index:
        # Files that are new to git are changes as well.
        if new := sorted(set(repository.listed(ROOT, "--others", "--exclude-standard")).intersection(found.modules)):
            repository.git(ROOT, "add", "--intent-to-add", "--", *new, GIT_LITERAL_PATHSPECS="1", **index)
        for path, _, now in repository.changed_lines(ROOT, start, **index):
            if path in found.modules:
                missing, executed = (report["files"][path][f"{kind}_lines"] for kind in ("missing", "executed"))
                lines += len({*missing, *executed}.intersection(now))
                missed += len(set(missing).intersection(now))
    since = start[:10] if re.fullmatch(r"[0-9a-f]{40}|.*[~^].*", base) else base
    if not lines:
        return Row("patch", "", "", f"{found.patch_target:g}", "n/a", f"no line of the package changed since {since}")
    percent, note = f"{100 * (lines - missed) / lines:.2f}", f"{lines} lines since {since}"
    return compare("patch", "", percent, found.patch_target, "fail", note)


def markdown(rows: list[Row], verdict: str, sentences: list[str]) -> str:
    table = ["| Module | Tier | Coverage | Target | Status |", "| --- | --- | ---: | ---: | --- |"]
    for row in rows:
        status = f"{row.status}, {row.note}" if row.note else row.status
        table.append(f"| {repository.cell(row.name)} | {row.tier} | {row.percent} | {row.target} | {status} |")
    return "\n".join([f"## Coverage: {verdict}", "", *table, "", " ".join(filter(None, sentences)), ""])


def annotate(rows: list[Row], forgiven: bool) -> None:
    for row in rows:
        if row.status in ("fail", "warn"):
            level = "error" if row.status == "fail" and not forgiven else "warning"
            tier = f" of tier {row.tier}" if row.tier else ""
            text = f"{row.name}{tier}: {row.percent} %, {row.note or 'target'} {row.target} %"
            text = f"{row.percent} {row.note}: at most {row.target}" if row.name == "untested" else text
            repository.annotate(level, "Coverage", text, row.name if row.name.endswith(".py") else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default=os.environ.get("COVERAGE_BASE", ""), help="what the patch is compared with")
    parser.add_argument("--json", action="store_true", help="print the verdict as one JSON object")
    parser.add_argument("--record", action="store_true", help="print where this Python's tests record, and judge nothing")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    paths = repository.paths(ROOT)
    if arguments.record:
        print(coverage_data.record(paths))
        return 0
    found = settings.load(ROOT, paths)
    if found.problems:
        raise Unusable("; ".join(found.problems))
    for module in found.modules:
        repository.read(ROOT, module)  # coverage.py does not name the file that it cannot parse
    try:
        data = coverage.Coverage(data_file=None, config_file=coverage_file(ROOT))
        last = coverage_options(ROOT)("run:data_file")
        files, judged = coverage_data.to_judge(paths, str(last))
        data.combine(files, strict=True, keep=True)
        report = measured(data, found.modules)
        rows = judge_modules(data, report, found)
        start = start_of(arguments.base)
        rows[2:2] = [judge_patch(report, found, arguments.base, start), *judge_baseline(found, start)]
    except (ImportError, SyntaxError, ValueError, coverage.CoverageException) as error:
        raise Unusable(error) from error
    forgiven, sentence = bypass(dict(os.environ))
    statuses = {row.status for row in rows}
    failed = "fail" in statuses and not forgiven
    verdict = "failed" if failed else "warning" if statuses & {"fail", "warn"} else "passed"
    whole = {"verdict": verdict, "judged": judged, "bypass": sentence, "rows": [row._asdict() for row in rows]}
    (ROOT / KEPT).parent.mkdir(exist_ok=True)
    (ROOT / KEPT).write_text(json.dumps(whole, indent=2), encoding="utf-8")
    print(json.dumps(whole, indent=2) if arguments.json else markdown(rows, verdict, [judged, sentence]))
    repository.tell("GITHUB_STEP_SUMMARY", markdown(rows, verdict, [judged, linked(sentence, dict(os.environ))]))
    if not arguments.json:
        annotate(rows, forgiven)
    return 1 if failed else 0


if __name__ == "__main__":
    repository.run(main, "Coverage gate: cannot judge")
