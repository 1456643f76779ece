"""The plan of an adoption: every file as it will be, verified by the project's own tools before anything changes."""

import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from adoption import Refused, building, files, ignores, linters, pytests, requirements, tables, texts
from adoption.answers import codecov, coverage_place

PYPROJECT, IGNORES, CRUFT = "pyproject.toml", ".gitignore", ".cruft.json"
NO_TEST = "has no test file"
# What the verification says of a file that it is not meant to read.
MEANT = re.compile(r"does not parse|holds a conflict|holds a tag of the template|is what an update could not apply")


@dataclass
class Plan:
    """What an adoption adds and changes; `changes` and `todo` are lines of the report."""

    new: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    untested: list[str] = field(default_factory=list)
    exempt: list[str] = field(default_factory=list)
    todo: list[str] = field(default_factory=list)
    needs: requirements.Needs | None = None


def make(project, stage, made, layout, answers):
    """Put the files of an adoption in the tree of `stage`; return the Plan.

    `made` is the rendered template. Raises Refused if something is in the way, or the result would not verify.
    """
    plan = Plan(needs=requirements.find(project))
    plan.new, plan.kept = files.choose(project, made)
    stage.put({path: ((made / path).read_bytes(), os.access(made / path, os.X_OK)) for path in plan.new})
    if ".codecov.yml" in plan.new:
        change(stage, ".codecov.yml", lambda text: files.codecov(text, layout))
    link(stage, made, plan)
    hooks(project, stage, made, layout, plan)
    plan.exempt = tables.unmeasured(project, layout)
    layout = layout._replace(source=[place for place in layout.source if not {place, f"{place}/*"} & {*plan.exempt}])
    plan.todo += [
        f"{pattern}: coverage does not measure it, by your settings: nothing judges it" for pattern in plan.exempt
    ]
    stage.put({} if PYPROJECT in project.known else {PYPROJECT: (b"", False)})
    ours = [*plan.new, IGNORES, PYPROJECT]
    added, hidden = ignores.merge(stage, project.paths, ours, (made / IGNORES).read_text(encoding="utf-8"))
    note(project, plan, IGNORES, [" ".join(added)] if added else [])
    plan.todo += [f"{path}: is committed, but a rule of .gitignore in its folder ignores it" for path in hidden]
    settings(project, stage, made, layout, answers, plan)
    baseline(project, stage, made, layout, answers, plan)
    stage.add([*plan.new, *plan.merged])
    return plan


def change(stage, path, edit):
    """Change the text of a file in the tree of `stage`, which may not be there yet."""
    place = stage.tree / path
    before = place.read_bytes() if place.exists() else b""
    after = texts.edit(before, edit)
    if after != before:
        place.write_bytes(after)
    return after != before


def note(project, plan, path, added):
    """Put a file to which something was `added` down as new or as merged."""
    if added:
        holder = plan.merged if path in project.known else plan.new
        if path not in holder:
            holder.append(path)
        plan.changes += [f"{path}: {what}" for what in added] if path in project.known else []


def hooks(project, stage, made, layout, plan):
    rendered = (made / linters.HOOKS).read_text(encoding="utf-8")
    if linters.HOOKS not in project.known:
        change(stage, linters.HOOKS, lambda text: linters.fitted(rendered, layout))
        return note(project, plan, linters.HOOKS, ["hooks"])
    added = []

    def add(text):
        text, found = linters.add_hook(text, rendered, linters.excluded(project, plan.new))
        added.extend(found)
        return text

    try:
        change(stage, linters.HOOKS, add)
    except Exception as error:  # whatever YAML's reader raises
        raise Refused(
            f"{linters.HOOKS}: {' '.join(str(error).split())}: write it as pre-commit's documents do"
        ) from error
    note(project, plan, linters.HOOKS, added)
    if not any("exclude" in line for line in added):
        plan.todo.append(f"{linters.HOOKS}: `exclude` should also match {linters.excluded(project, plan.new)}")


def settings(project, stage, made, layout, answers, plan):
    """Merge the settings of pyproject.toml and of the files that stand for parts of it."""
    rendered = tables.pieces((made / PYPROJECT).read_text(encoding="utf-8"))
    add_groups(project, stage, plan, tables.groups(project, rendered, plan.needs))
    place, values = tables.coverage(project, rendered, layout, int(answers["coverage_minimum"]), plan.needs)
    own = coverage_place(project)[0]
    for part, found in values.items():
        add(project, stage, plan, place, ("tool", "coverage", part) if place == PYPROJECT else (part,), found, own)
    for path, where, found in building.settings(project, layout, plan.new):
        add(project, stage, plan, path, where, found)
    for path, where, found in linters.exclusions(project, plan.new):
        if not add(project, stage, plan, path, where, found):
            plan.todo.append(f"{path}: [{'.'.join(where)}] should leave alone what {json.dumps(found)} would")
    plan.todo += linters.elsewhere(project, plan.new)
    if options := pytests.options(project, plan.new):
        path, where, *_ = pytests.place(project)
        toml = path.endswith(".toml")
        change(
            stage,
            path,
            lambda text: (
                texts.extend_text(text, where, "addopts", options)
                if toml
                else pytests.add_to_ini(text, where[0], options)
            ),
        )
        note(project, plan, path, [f"[{'.'.join(where)}] addopts: {' '.join(options)}"])
    if linters.HOOKS in plan.new:
        addition = linters.linter_tables(project, rendered, layout)
        paragraph(project, stage, plan, addition)
    paragraph(project, stage, plan, tables.conda(project, rendered, plan.needs))


def paragraph(project, stage, plan, addition):
    """Append rendered tables to pyproject.toml."""
    if addition.strip():
        change(stage, PYPROJECT, lambda text: texts.append(text, addition))
        names = [f"[{name}]" for name, _ in tables.pieces(addition)]
        note(project, plan, PYPROJECT, [f"{name} added" for name in names])


def add_groups(project, stage, plan, groups):
    added = []

    def edit(text):
        own = tomllib.loads(text).get("dependency-groups", {})
        wanted = {}
        for group, items in groups.items():
            there = own.get(group, [])
            wanted[group] = [item for item in items if item not in there]
        text, keys = texts.add_keys(
            text, ("dependency-groups",), {key: items for key, items in wanted.items() if items}
        )
        added.extend(f"[dependency-groups] {key}: {', '.join(map(short, wanted[key]))}" for key in keys)
        return text

    change(stage, PYPROJECT, edit)
    note(project, plan, PYPROJECT, added)


def short(item):
    return f"the group {item['include-group']}" if isinstance(item, dict) else requirements.name(item)


def add(project, stage, plan, path, where, values, own=None):
    """Add `values` to a table or section `where` of a file; what is there stays. Returns what was added."""
    added = []

    def edit(text):
        if path.endswith(".toml"):
            place = where if path == PYPROJECT or own is None else where[-1:]
            text, keys = texts.add_keys(text, place, values)
            said = ", ".join(f"{key} = {json.dumps(values[key])}" for key in keys)
            added.extend([f"[{'.'.join(place)}] {said}" if place else said] if keys else [])
            return text
        section = f"coverage:{where[0]}" if own in ("setup.cfg", "tox.ini") else where[0]
        for key, value in values.items():
            if isinstance(value, list):
                value = "".join(f"\n    {item}" for item in value)
            text = texts.add_option(text, section, key, str(value).lower() if isinstance(value, bool) else value)
            added.append(f"[{section}] {key}")
        return text

    change(stage, path, edit)
    note(project, plan, path, added)
    return added


def link(stage, made, plan):
    """Write .cruft.json: with it updates know the template, its answers, and what is the project's alone."""
    record = json.loads((made / CRUFT).read_text(encoding="utf-8"))
    own = {path for path in plan.kept if not path.startswith("src/")}
    record["skip"] = sorted({".git", "src", *own})
    stage.put({CRUFT: (json.dumps(record, indent=2, ensure_ascii=False).encode() + b"\n", False)})
    plan.new.append(CRUFT)


def baseline(project, stage, made, layout, answers, plan):
    """Write [tool.quality-gate] with what the verification finds: modules without tests, broken fixtures."""
    rendered = tables.pieces((made / PYPROJECT).read_text(encoding="utf-8"))
    pythons, targets = answers["python_versions"].split(), codecov(project)[1]
    start = (stage.tree / PYPROJECT).read_bytes() if (stage.tree / PYPROJECT).exists() else b""
    for first in (True, False, False):
        text = tables.gate(rendered, layout, pythons, targets, plan.untested, plan.exempt)
        (stage.tree / PYPROJECT).write_bytes(texts.edit(start, lambda own, text=text: texts.append(own, text)))
        if first:
            generate(stage)
        stage.add({*plan.new, *plan.merged, PYPROJECT})
        problems = verify(stage)
        more = {item["path"] for item in problems if item["what"].startswith(NO_TEST)} - {*plan.untested}
        paths = {re.sub(r":\d+$", "", item["path"]) for item in problems if MEANT.match(item["what"])}
        odd = exempt(project, layout, paths & project.known)
        if not (more or odd):
            break
        plan.untested, plan.exempt = sorted({*plan.untested, *more}), sorted({*plan.exempt, *odd})
    if problems:
        raise Refused(*(": ".join(item.values()) for item in problems))
    note(project, plan, PYPROJECT, ["[tool.quality-gate] added"])


def exempt(project, layout, paths):
    """Return patterns for the broken files `paths`: a folder of nothing else that is parsed is named as a whole."""
    found, kinds = set(), (".json", ".py", ".toml", ".yaml", ".yml")
    parsed = [path for path in project.paths if path.endswith(kinds) and path not in paths]
    parsed += [f"{place}/" for place in layout.source] + layout.source
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
        raise Refused(
            f"{PYPROJECT}: its requirements cannot be made into dependency files: {run.stderr.strip().splitlines()[-1]}"
        )


def verify(stage):
    """Return what the project's own verification finds in the tree, as dictionaries with path, what and fix."""
    command = [sys.executable, "tools/verify_project.py", "--json"]
    run = subprocess.run(command, cwd=stage.tree, capture_output=True, text=True, env=os.environ | stage.variables)
    try:
        return json.loads(run.stdout)["problems"]
    except ValueError:
        raise Refused(
            f"tools/verify_project.py: failed: {(run.stderr.strip().splitlines() or ['it says nothing'])[-1]}"
        ) from None
