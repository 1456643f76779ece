"""Bring the template's changes, or what other answers change, into this project, and fail loudly where they conflict.

Usage: python tools/update_project.py [--minimum N] [--target N] [--patch N] [--tiers "N N N"] [--answer NAME=VALUE]...
       [--template-path PATH]

Without answers the project gets the newest template. With thresholds or other answers it keeps the template's commit:
every copy of the answers changes and nothing else. cruft renders the template before and after, and git merges the
difference. The project's own edits stay in both cases; nothing of its history is needed. What pyproject.toml says in
another way than the recorded answers is an answer too: its copies follow first.
Exit codes: 0 updated, or nothing to update; 1 conflicts or problems to solve, all listed; 2 nothing was changed.
"""

import argparse
import contextlib
import itertools
import json
import os
import re
import subprocess  # nosec B404 # runs cruft and the project's verification only
import sys
import tempfile
from pathlib import Path
from typing import Any

from quality import repository, settings, three_way
from quality.checks import documents
from quality.coverage_settings import coverage_file
from quality.repository import ROOT, Unusable

CRUFT, PYPROJECT = ".cruft.json", "pyproject.toml"
ANSWERS = {
    "minimum": "coverage_minimum",
    "target": "coverage_target",
    "patch": "patch_target",
    "tiers": "tier_targets",
}
# Answers that pyproject.toml gives as well, and what they are called by documents.known.
SETTINGS = {"coverage_minimum": "fail_under", "coverage_target": "target", "patch_target": "patch-target", "lint_gate": "lint"}
SETTINGS |= {"line_length": "line-length", "python_versions": "pythons", "tier_targets": "tiers"}
NEWEST = "Nothing to do: this is the newest template"
REFUSED = f"Of the answers that are not given here the template has what {PYPROJECT} says, else what {CRUFT} records."
# The minimum in the one section that coverage.py reads it from, of any of its files; other tools have the word too.
MINIMUM = re.compile(rb"(?m)(^\[(?:coverage:|tool\.coverage\.)?report\][^\n]*\n(?:(?!\[).*\n)*?\s*fail_under\s*[=:]\s*)[\d.]+")
REPEAT = f"{CRUFT}: has the answers that {PYPROJECT} gives, and no other yet: solve this, commit, repeat the command"


def render(source: list[str], answers: dict[str, Any], out: Path) -> tuple[dict[str, Any], Path]:
    """Return what .cruft.json says in a project of these answers, made by cruft below `out`, and its folder."""
    command = [sys.executable, "-m", "cruft", "create", *source, "--no-input", "--output-dir", str(out)]
    command += ["--extra-context", json.dumps(answers)]
    environment = os.environ | {"_TYPER_STANDARD_TRACEBACK": "1"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True)  # nosec B603 # no shell
    if run.returncode:
        output = repository.decode(run.stdout + run.stderr)
        # The template's own check of the answers says it best; else all that is no traceback.
        rules = re.findall(r"^(?:\S+): .*: must .*$", output, re.M)
        words = repository.one_line(re.sub(r"(?ms)^Traceback.*^  .*?\n", "", output))
        raise Unusable("\n".join([*rules, REFUSED] if rules else [f"the template cannot be rendered: {words}"]))
    (folder,) = out.iterdir()
    return repository.read(folder, CRUFT), folder


def update(answers: dict[str, str], template_path: str) -> tuple[str, list[str]]:
    """Return what was done, and a line for each file left to a person; raises Unusable if nothing was changed."""
    if not (ROOT / CRUFT).exists():
        raise Unusable(f"{CRUFT}: is missing: link the project to its template with `cruft link ADDRESS`")
    state = repository.read(ROOT, CRUFT)
    try:
        template, commit, given = state["template"], state["commit"], state["context"]["cookiecutter"].items()
        given = {name: value for name, value in given if not name.startswith("_")}
        skip = [*state.get("skip", [])]
        tables = [*state.get("tables", [])]  # of an adopted project: those of pyproject.toml that it has from the template
    except (AttributeError, KeyError, TypeError):
        raise Unusable(f"{CRUFT}: names no template, commit and answers: restore it from git") from None
    if not repository.in_git(ROOT):
        raise Unusable("git alone can merge, and it does not keep this project: run git init and commit all files")
    if dirty := repository.git(ROOT, "status", "--porcelain", "--untracked-files=normal").stdout:
        raise Unusable(f"this is no clean working tree: commit or stash first:\n{repository.decode(dirty).rstrip()}")
    if (ROOT / PYPROJECT).exists():
        skip += repository.read(ROOT, PYPROJECT).get("tool", {}).get("cruft", {}).get("skip", [])
    source = [template_path or template, *(["--directory", state["directory"]] if state.get("directory") else [])]
    pinned = [*source, "--checkout", commit]
    with tempfile.TemporaryDirectory() as folder:  # a name of Python's own, by which the template's hook knows a copy
        values = documents.present(ROOT)
        now = given | edited(given, values)
        steps: list[tuple[dict[str, Any], Path]] = []
        if now != given:
            try:
                steps.append(render(pinned, now, Path(folder, "now")))
            except Unusable:  # the template knows no such numbers: they stay edits
                now = given
        steps.append(render(pinned if answers else source, now | answers, Path(folder, "new")))
        if steps[-1][0]["commit"] == commit and not answers:
            return NEWEST, []
        if unknown := sorted(answers.keys() - steps[-1][0]["context"]["cookiecutter"].keys()):
            raise Unusable(f"{', '.join(unknown)}: the template asks no such thing: use the names in {CRUFT}")
        steps.insert(0, render(pinned, given, Path(folder, "old")))
        sides = [three_way.files(rendered, [CRUFT, *skip]) for _, rendered in steps]
        sides = [
            {path: (mode, taken(path, data, tables, values)) for path, (mode, data) in side.items()} for side in sides
        ]
        for (old, new), step in zip(itertools.pairwise(sides), steps[1:], strict=True):
            try:
                left = three_way.merge(ROOT, old, new)
            except Unusable:
                repository.git(ROOT, "reset", "--hard", "--quiet")  # it was clean
                raise
            if left and step is not steps[-1]:
                left.append(REPEAT)
                answers = {}  # their turn is later
                break
        result = step[0]
    context = {"cookiecutter": result["context"]["cookiecutter"] | {"_template": template}}
    # The commit was pinned for this run only.
    checkout = state.get("checkout") if result["commit"] == commit else None
    state |= {"commit": result["commit"], "checkout": checkout, "context": context}
    (ROOT / CRUFT).write_text(json.dumps(state, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    repository.git(ROOT, "update-index", "--", CRUFT, accept=(0, 128))  # staged as all else is, if git knows it
    return f"Updated to commit {result['commit']} of the template", left + own_minimum(answers.get("coverage_minimum"))


def edited(given: dict[str, Any], values: documents.Values) -> dict[str, str]:
    """Return the answers that pyproject.toml gives in another way than `given`: they were changed by hand."""
    values = values | {"tiers": documents.tier_targets(values)}
    found = {answer: (values.get(name) or "").replace(",", "") for answer, name in SETTINGS.items() if answer in given}
    found = {answer: value for answer, value in found.items() if value and value != str(given[answer])}
    return {answer: value for answer, value in found.items() if "." not in value or answer == "python_versions"}


def taken(path: str, data: bytes, tables: list[str], values: documents.Values) -> bytes:
    """Return a rendered file as the project has it: with the numbers that it states, which are written after the merge.

    An adopted project has those tables of pyproject.toml, and no tiers for Codecov.
    """
    if path.endswith(".md"):
        return documents.restated(path, data, values)
    if tables and path == ".codecov.yml":
        return re.sub(rb"(?ms)^  individual_components:.*?(?=^\S|\Z)", b"", data)
    return three_way.only(data, tables) if tables and path == PYPROJECT else data


def own_minimum(wanted: str | None) -> list[str]:
    """Write the minimum that is wanted where no update brings it: coverage's settings are the project's own.

    Return a line if they are in a form that only a person can change.
    """

    def differs() -> bool:
        return settings.load(ROOT, repository.paths(ROOT)).minimum != int(wanted or 0)

    try:
        if not wanted or not differs():
            return []
        own = coverage_file(ROOT)
        before = (ROOT / own).read_bytes()
        (ROOT / own).write_bytes(MINIMUM.sub(rb"\g<1>%d" % int(wanted), before))
        with contextlib.suppress(Unusable):
            if not differs():
                return []
        (ROOT / own).write_bytes(before)
        return [f"{own}: these settings of coverage are the project's own: set fail_under to {wanted}"]
    except (Unusable, OSError):  # the verification says so
        return []


def problems(*options: str) -> list[str]:
    """Return one line for all that is wrong with the project now."""
    # In a process of its own: the update may have brought another verification.
    command = [sys.executable, "tools/verify_project.py", "--json", *options]
    run = subprocess.run(command, cwd=ROOT, capture_output=True)  # nosec B603 # fixed words
    three_way.stage(ROOT)
    try:
        return [": ".join(problem.values()) for problem in json.loads(run.stdout)["problems"]]
    except ValueError:
        said = repository.decode(run.stderr).strip().splitlines() or ["nothing"]
        return [f"tools/verify_project.py: failed with exit code {run.returncode}: {said[-1]}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, answer in ANSWERS.items():
        parser.add_argument(f"--{option}", help=f"other value of the answer {answer}, in percent")
    parser.add_argument("--answer", metavar="NAME=VALUE", action="append", default=[], help="other value of any answer")
    parser.add_argument("--template-path", default="", help="a clone of the template to use instead of its address")
    arguments = vars(parser.parse_args())
    answers = {name: value for name, _, value in (given.partition("=") for given in arguments["answer"])}
    answers |= {answer: arguments[option] for option, answer in ANSWERS.items() if arguments[option] is not None}
    try:
        done, left = update(answers, arguments["template_path"])
    except (Unusable, OSError) as error:
        print(f"Nothing was changed:\n{error}", file=sys.stderr)
        return 2
    found = left + problems(*["--state"] * (done != NEWEST))
    print(*(found or [done]), f"{len(found)} conflicts and problems", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    repository.run(main, "Update")
