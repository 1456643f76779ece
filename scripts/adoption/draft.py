"""An adoption in the making: the tree with what has been added and changed so far, and the notes for its report."""

import json
import tomllib

from adoption import Refused, pytests, requirements, texts
from adoption.project import table

PYPROJECT = "pyproject.toml"


class Draft:
    """The changes in the tree of `stage`.

    `new` and `merged` are the paths of files added and changed, `kept` what takes the place of a file of the template,
    `changes` and `todo` lines of the report, `untested`, `exempt` and `untried` the lists in [tool.quality-gate],
    `tables` those of pyproject.toml that updates follow.
    """

    def __init__(self, project, stage):
        self.project, self.stage = project, stage
        self.needs = requirements.find(project)
        self.new, self.merged, self.kept, self.changes, self.todo = [], [], {}, [], []
        self.untested, self.exempt, self.untried, self.tables = [], [], [], []

    def change(self, path, edit):
        """Put the text of a file, which may not be there yet, through `edit`; it gives it and a list of what it added.

        Raises Refused if it cannot: then the file is written in a form that nothing can be added to.
        """
        place, added = self.stage.tree / path, []
        before = place.read_bytes() if place.exists() else b""

        def edited(text):
            text, found = edit(text)
            added.extend(found)
            return text

        try:
            before.decode()
        except UnicodeDecodeError:
            raise Refused(f"{path}: is not UTF-8, and text is added to it: save it as UTF-8, then adopt") from None
        try:
            after = texts.edit(before, edited)
            if path.endswith(".toml"):
                tomllib.loads(after.decode("utf-8-sig"))
        except Exception as error:  # whatever the readers of TOML and YAML raise
            reason = " ".join(str(error).split())
            raise Refused(f"{path}: cannot be added to: {reason}: write it in the usual form") from error
        if added:
            place.write_bytes(after)
            self.note(path, added)
        return added

    def note(self, path, added):
        """Put a file to which lines `added` came down as new or as merged."""
        is_own = path in self.project.known
        holder = self.merged if is_own else self.new
        if path not in holder:
            holder.append(path)
        self.changes += [f"{path}: {what}" for what in added] if is_own else []

    def append(self, path, addition, *words):
        """Add a paragraph at the end of a file; the `words` say what it is."""
        return self.change(path, lambda text: (texts.append(text, addition), words))

    def add(self, path, place, values):
        """Add `values` to a table of TOML or a section of another file; what is there stays. Returns what was added."""

        def toml(text):
            text, keys = texts.add_keys(text, place, values)
            said = ", ".join(f"{key} = {json.dumps(values[key])}" for key in keys)
            return text, [f"[{'.'.join(place)}] {said}" if place else said] if keys else []

        def ini(text):
            for key, value in values.items():
                value = "".join(f"\n    {item}" for item in value) if isinstance(value, list) else value
                value = str(value).lower() if isinstance(value, bool) else value
                text = texts.add_option(text, place[0], key, value)
            return text, [f"[{place[0]}] {', '.join(values)}"] if values else []

        return self.change(path, toml if path.endswith(".toml") else ini)

    def add_groups(self, groups):
        """Add requirements to the dependency groups."""
        own = table(self.project.pyproject, "dependency-groups")
        wanted = {group: [item for item in items if item not in own.get(group, [])] for group, items in groups.items()}

        def edit(text):
            text, keys = texts.add_keys(
                text, ("dependency-groups",), {key: items for key, items in wanted.items() if items}
            )
            return text, [f"[dependency-groups] {key}: {', '.join(map(short, wanted[key]))}" for key in keys]

        self.change(PYPROJECT, edit)

    def spare_pytest(self):
        """Keep pytest off the template's programs where it takes every file for tests."""
        if options := pytests.options(self.project, self.new):
            path, place, *_ = pytests.place(self.project)
            words = [f"[{'.'.join(place)}] addopts: {' '.join(options)}"]
            if path.endswith(".toml"):
                self.change(path, lambda text: (texts.extend_text(text, place, "addopts", options), words))
            else:
                self.change(path, lambda text: (pytests.add_to_ini(text, place[0], options), words))


def short(item):
    return f"the group {item['include-group']}" if isinstance(item, dict) else requirements.name(item)
