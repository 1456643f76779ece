"""Adopt an existing repository: the template's CI, fitted to its layout, on a branch of its own; no file is moved.

Usage: make adopt PROJECT=../their-repo [ARGS="--report coverage_minimum=70"]

The branch adopt-ci-template gets two commits, files added and settings merged; each can be reverted alone. `--report`
prints what they would be and changes nothing. Answers are derived from the project; NAME=VALUE wins.
Exit codes: 0 done, or nothing to do; 1 refused or failed, with every problem listed and nothing changed; 2 wrong usage.
"""

import argparse
import json
import shlex
import sys
import tempfile
from pathlib import Path

from adoption import Refused, answers, layouts, planning, rendering, report, repository
from adoption.project import Project

TEMPLATE = answers.TEMPLATE
CRUFT = planning.CRUFT
ADD = """Add the CI of ci-template

Only files that were not there; `git revert` of this commit takes them away again."""
MERGE = """Merge the settings of ci-template

What the project has set stays as it is."""


def done_before(project, given):
    """Return why there is nothing to do, or an empty string; raises Refused if another template is followed."""
    if CRUFT not in project.names:
        return repository.earlier(project.root)
    try:
        record = json.loads(project.text(CRUFT))
        known = record["context"]["cookiecutter"].keys() >= {"coverage_minimum", "lint_gate"}
    except (AttributeError, ValueError, LookupError, TypeError) as error:
        raise Refused(f"{CRUFT}: cannot be read: {error!r}: restore it from git") from None
    if not known:
        raise Refused(f"{CRUFT}: the project follows another template, {record.get('template')}: a project has one")
    if given:
        way = "python tools/update_project.py --answer NAME=VALUE"
        raise Refused(f"{', '.join(given)}: is given, but {CRUFT} has answers: to change them, run there: {way}")
    return "Nothing to do: the project has been adopted; `nox -s update` brings the template's changes."


def adopt(root, template, given, only_report=False):
    """Adopt the project at `root`; return the lines to print. Raises Refused, then nothing is changed."""
    problems = [*repository.unfit(root, TEMPLATE), *answers.unfit(given)]
    if problems:
        raise Refused(*problems)
    project = Project(root)
    if done := done_before(project, given):
        return [done]
    layout = layouts.detect(project)
    derived = answers.derive(project, layout) | {name: (value, "given") for name, value in given.items()}
    with tempfile.TemporaryDirectory() as out, tempfile.TemporaryDirectory() as work:
        made, dropped = rendering.render(template, {name: value for name, (value, _) in derived.items()}, given, out)
        record = json.loads((made / CRUFT).read_text(encoding="utf-8"))["context"]["cookiecutter"]
        derived |= {name: (record[name], "the project's own breaks a rule of the template") for name in dropped}
        every = {name: derived.get(name, (record[name], "default")) for name in answers.QUESTIONS if name[0] != "_"}
        stage = repository.Stage(root, work)
        values = {name: str(value) for name, (value, _) in every.items()}
        plan = planning.make(project, stage, made, layout, values)
        told = [*report.lines(project, layout, every, plan)]
        if only_report:
            return [f"{project.root}: would be adopted; nothing is changed", *told]
        before = stage.commit([(ADD, plan.new), (MERGE, plan.merged)])
    undo = f"git switch {shlex.quote(before)} && git branch -D {repository.BRANCH}"
    follow = ["Next", f"  git push -u origin {repository.BRANCH}, and open a pull request; or undo it: {undo}"]
    return [f"{project.root}: adopted, on the branch {repository.BRANCH}", *told, *follow]


def main():
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # names of files can hold any bytes
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path, help="root of the existing repository")
    parser.add_argument("answers", nargs="*", metavar="NAME=VALUE", help="answers; others are derived from the project")
    parser.add_argument("--template", help="what .cruft.json records (default: where this clone comes from)")
    parser.add_argument("--report", action="store_true", help="print what would happen and change nothing")
    arguments = parser.parse_intermixed_args()
    if wrong := [answer for answer in arguments.answers if "=" not in answer]:
        parser.error(f"{', '.join(wrong)}: must be NAME=VALUE")
    if arguments.template and Path(arguments.template).exists():
        arguments.template = str(Path(arguments.template).absolute())  # as cruft records it
    template = arguments.template or repository.git(TEMPLATE, "config", "remote.origin.url") or str(TEMPLATE)
    given = dict(answer.split("=", 1) for answer in arguments.answers)
    try:
        told = adopt(arguments.project.resolve(), template, given, arguments.report)
    except Refused as error:
        print(*error.problems, sep="\n", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or 'git'}: {error.strerror}: mend it and run again", file=sys.stderr)
        return 1
    print(*told, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
