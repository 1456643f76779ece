"""The plan of an adoption: every file as it will be, verified by the project's own tools before anything changes."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import PurePosixPath

from adoption import Refused, building, files, ignores, imports, linters, tables, texts
from adoption.draft import PYPROJECT, Draft
from adoption.project import table
from adoption.thresholds import codecov

MINOR = sys.version_info.minor
IGNORES, CRUFT = ".gitignore", ".cruft.json"
NO_TEST = "has no test file"
# What the verification says of a file that it is not meant to read.
MEANT = re.compile(
    r"does not parse|holds a conflict|holds a tag of the template|is what an update could not apply"
    r"|\S+: Python \S+ is not tested$"
)


def make(project, stage, made, layout, answers):
    """Put the files of an adoption in the tree of `stage`; return the Draft.

    `made` is the rendered template. Raises Refused if something is in the way, or the result would not verify.
    """
    for tool in ("quality-gate", "pyproject2conda"):
        if tool in project.tool():
            raise Refused(f"{PYPROJECT}: has a table [tool.{tool}] already, of something else: remove it, then adopt")
    draft = Draft(project, stage)
    draft.new, draft.kept = files.choose(project, made)
    stage.put({path: ((made / path).read_bytes(), os.access(made / path, os.X_OK)) for path in draft.new})
    if ".codecov.yml" in draft.new:
        draft.change(".codecov.yml", lambda text: (files.codecov(text, layout), ["tests"]))
    link(draft, made)
    draft.exempt = tables.unmeasured(project, layout)
    draft.todo += [
        f"{pattern}: coverage does not measure it, by your settings: nothing judges it" for pattern in draft.exempt
    ]
    layout = layout._replace(source=[place for place in layout.source if not {place, f"{place}/*"} & {*draft.exempt}])
    hooks(draft, made, layout)
    ignore(draft, made)
    rendered = tables.pieces((made / PYPROJECT).read_text(encoding="utf-8"))
    draft.untried = imports.untried(project, layout, draft.needs.required)
    settings(draft, rendered, layout, int(answers["coverage_minimum"]))
    baseline(draft, rendered, layout, answers["python_versions"].split())
    follow(draft, rendered)
    stage.add([*draft.new, *draft.merged])
    return draft


def link(draft, made):
    """Write .cruft.json: with it updates know the template, its answers, and what is the project's alone."""
    record = json.loads((made / CRUFT).read_text(encoding="utf-8"))
    own = {path for path in draft.kept if not path.startswith("src/")}
    own |= {IGNORES, linters.HOOKS} & draft.project.known
    record["skip"] = sorted({".git", "src", *own})
    draft.stage.put({CRUFT: (json.dumps(record, indent=2, ensure_ascii=False).encode() + b"\n", False)})
    draft.new.append(CRUFT)


def follow(draft, rendered):
    """Record which tables of pyproject.toml are the template's, as a whole or in part: updates change no others."""
    before, after = draft.project.pyproject, tomllib.loads((draft.stage.tree / PYPROJECT).read_text("utf-8-sig"))
    for name, text in rendered:
        place = name.split(".")
        added = table(tomllib.loads(text), *place).keys() <= table(after, *place).keys()
        if name == "dependency-groups" or added and not table(before, *place):
            draft.tables.append(name)
    record = json.loads((draft.stage.tree / CRUFT).read_text(encoding="utf-8")) | {"tables": draft.tables}
    draft.stage.put({CRUFT: (json.dumps(record, indent=2, ensure_ascii=False).encode() + b"\n", False)})


def hooks(draft, made, layout):
    """Add the hooks: the template's where there are none, else the verification only."""
    rendered, ours = (made / linters.HOOKS).read_text(encoding="utf-8"), linters.excluded(draft.project, draft.new)
    if linters.HOOKS not in draft.project.known:
        draft.change(linters.HOOKS, lambda text: (linters.fitted(rendered, layout), ["hooks"]))
    elif not any(
        "exclude" in line for line in draft.change(linters.HOOKS, lambda text: linters.add_hook(text, rendered, ours))
    ):
        draft.todo.append(f"{linters.HOOKS}: `exclude` should also match {ours}")


def ignore(draft, made):
    """Add the template's lines to .gitignore."""
    if PYPROJECT not in draft.project.known:
        draft.stage.put({PYPROJECT: (b"", False)})
    ours = [*draft.new, IGNORES, PYPROJECT]
    rendered = (made / IGNORES).read_text(encoding="utf-8")
    added, hidden = ignores.merge(draft.stage, draft.project.paths, ours, rendered)
    if added:
        draft.note(IGNORES, [" ".join(added)])
    draft.todo += [f"{path}: is committed, but a rule of .gitignore in its folder ignores it" for path in hidden]


def settings(draft, rendered, layout, minimum):
    """Merge the settings of pyproject.toml and of the files that stand for parts of it."""
    project = draft.project
    draft.add_groups(tables.groups(project, rendered, draft.needs))
    path, values = tables.coverage(project, rendered, layout, minimum, draft.needs)
    for part, found in values.items():
        draft.add(path, place_of_coverage(project, path, part), found)
    for path, place, found in building.settings(project, layout, draft.new):
        draft.add(path, place, found)
    for path, place, found in linters.exclusions(project, draft.new):
        if not draft.add(path, place, found):
            draft.todo.append(f"{path}: [{'.'.join(place)}] should leave alone what {json.dumps(found)} would")
    draft.todo += linters.elsewhere(project, draft.new)
    draft.spare_pytest()
    parts = linters.linter_tables(project, rendered, layout) if linters.HOOKS in draft.new else ""
    for addition in filter(str.strip, (parts, tables.conda(project, rendered, draft.needs))):
        draft.append(PYPROJECT, addition, *(f"[{name}] added" for name, _ in tables.pieces(addition)))


def place_of_coverage(project, path, part):
    """Return the table or the section of a part of coverage's settings in the file at `path`."""
    if path == PYPROJECT or path.endswith(".toml") and project.toml(path).get("tool"):
        return "tool", "coverage", part
    return (f"coverage:{part}" if path in ("setup.cfg", "tox.ini") else part,)


def baseline(draft, rendered, layout, pythons):
    """Write [tool.quality-gate] with what the verification finds: modules without tests, broken fixtures."""
    project, place, targets = draft.project, draft.stage.tree / PYPROJECT, codecov(draft.project)[1]
    start = place.read_bytes()
    for first in (True, False, False):
        text = tables.gate(rendered, layout, pythons, targets, draft)
        place.write_bytes(texts.edit(start, lambda own, text=text: texts.append(own, text)))
        if first:
            draft.note(PYPROJECT, ["[tool.quality-gate] added"])
            generate(draft.stage)
        draft.stage.add({*draft.new, *draft.merged})
        problems = verify(draft.stage)
        more = {item["path"] for item in problems if item["what"].startswith(NO_TEST)}
        paths = {re.sub(r":\d+$", "", item["path"]) for item in problems if MEANT.match(item["what"])}
        lowest = min(int(version.partition(".")[2]) for version in pythons)
        if MINOR < lowest and (unread := sorted(path for path in paths & project.known if path.endswith(".py"))):
            raise Refused(
                f"{', '.join(unread[:5])}: does not parse on Python 3.{MINOR}, and the project needs 3.{lowest}: "
                f"remove .venv and repeat with PYTHON=python3.{lowest}"
            )
        more -= paths
        odd = exempt(project, layout, paths & project.known, draft.new)
        if not (more or odd):
            break
        draft.untested, draft.exempt = sorted({*draft.untested, *more}), sorted({*draft.exempt, *odd})
    if problems:
        raise Refused(*(": ".join(item.values()) for item in problems))


def exempt(project, layout, paths, new):
    """Return patterns for the broken files `paths`: a folder of nothing else that is parsed is named as a whole.

    Not one that holds `new` files, those of the template.
    """
    found, kinds = set(), (".json", ".py", ".toml", ".yaml", ".yml")
    parsed = [path for path in project.paths if path.endswith(kinds) and path not in paths]
    parsed += [f"{place}/" for place in layout.source] + layout.source + new
    for path in paths:
        parents = [str(parent) for parent in PurePosixPath(path).parents if len(parent.parts) > 1]
        whole = [parent for parent in parents if not any(f"{other}/".startswith(f"{parent}/") for other in parsed)]
        found.add(f"{escaped(whole[-1])}/*" if whole else escaped(path))
    return found


def escaped(path):
    return re.sub(r"([*?\[])", r"[\1]", path)


def generate(stage):
    """Write the dependency files as `nox -s dependencies` does."""
    text = (stage.tree / PYPROJECT).read_text(encoding="utf-8-sig")
    if "project" not in tomllib.loads(text):  # or the generator would refuse
        text += '\n[project]\nname = "project"\n'
    given = stage.tree.parent / PYPROJECT
    given.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pyproject2conda", "project", "--overwrite=force", f"--pyproject={given}"]
    run = subprocess.run(command, cwd=stage.tree, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"})
    if run.returncode:
        said = re.sub(r"[╭╮╰╯│─]", " ", " ".join(run.stderr.strip().splitlines()[-3:]))  # a traceback has a frame
        raise Refused(f"{PYPROJECT}: its requirements cannot be made into dependency files: {' '.join(said.split())}")


def verify(stage):
    """Return what the project's own verification finds in the tree, as dictionaries with path, what and fix.

    It states the project's own numbers in the guides: answers are whole numbers, and what is not set is not stated.
    """
    command = [sys.executable, "tools/verify_project.py", "--json", "--state"]
    run = subprocess.run(command, cwd=stage.tree, capture_output=True, text=True, env=os.environ | stage.variables)
    try:
        return json.loads(run.stdout)["problems"]
    except ValueError:
        said = run.stderr.strip().splitlines() or ["tools/verify_project.py: failed and says nothing"]
        raise Refused(said[-1].removeprefix("Verification: ")) from None
