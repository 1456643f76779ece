"""What pyproject.toml gets: the settings of the template, with the project's layout, needs and thresholds."""

import re
import tomllib

import tomlkit
from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from adoption import texts
from adoption.answers import coverage_place
from adoption.project import strings, table
from adoption.requirements import name

# The lowest Python of the template's tools; a resolver for all Pythons of the project must not need them for older ones.
OLDEST, MARKER = "3.11", "; python_version >= '3.11'"
LINTERS = ("bandit", "ruff", "black", "isort", "flake8", "mypy", "codespell", "rumdl")


def pieces(text):
    """Return the tables of a rendered pyproject.toml as (dotted name, text); a table's text begins with its comments."""
    starts = [(match[1], match.start()) for match in re.finditer(r"(?m)(?:^#.*\n)*^\[([\w.-]+)\]", text)]
    ends = [start for _, start in starts[1:]] + [len(text)]
    return [(found, text[start:end].strip() + "\n") for (found, start), end in zip(starts, ends, strict=True)]


def only(parts, *prefixes):
    """Return the text of the tables whose names are, or begin with, one of `prefixes`."""
    wanted = [text for found, text in parts if any(f"{found}.".startswith(f"{prefix}.") for prefix in prefixes)]
    return "\n".join(wanted)


def gate(rendered, layout, pythons, untested=(), exempt=()):
    """Return the tables [tool.quality-gate…] of a project; its tiers name no module yet."""
    document = tomlkit.parse(only(rendered, "tool.quality-gate"))
    values = document["tool"]["quality-gate"]
    values["source"] = layout.source[0] if len(layout.source) == 1 else layout.source
    values["tests"] = layout.tests
    values["untested"] = texts.array(untested)
    values["exempt"] = texts.array(exempt)
    if "socket-ban" in values:
        values["socket-ban"] = False
    for tier in values.get("tiers", {}).values():
        tier["paths"] = []
    text = tomlkit.dumps(document)
    line = f"# The Pythons to test, whatever the classifiers say.\npythons = {texts.inline_list(pythons)}\n"
    return text.replace("\ntarget = ", f"\n{line}target = ", 1)


def allows_older(project):
    """Tell whether the project may be installed on a Python that the template's tools do not know."""
    required = str(table(project.pyproject, "project").get("requires-python") or "")
    required = required or ("<4" if project.tool("poetry", "dependencies").get("python") else "")
    try:
        return bool(required) and SpecifierSet(required).contains("3.10.99")
    except InvalidSpecifier:
        return True


def groups(project, rendered, needs):
    """Return the dependency groups that the project shall have, with what its own lists already name left out."""
    template = tomllib.loads(only(rendered, "dependency-groups"))["dependency-groups"]
    own = table(project.pyproject, "dependency-groups")
    marker = MARKER if allows_older(project) else ""
    found = {}
    for group, items in template.items():
        there = {name(item) for item in strings(own.get(group))}
        there |= needs.names if group in ("test", "lint") else set()
        lacking = [item for item in items if not isinstance(item, str) or name(item) not in there]
        found[group] = [f"{item}{marker}" if isinstance(item, str) else item for item in lacking]
    included = [{"include-group": group} for group in needs.groups if group != "test"]
    if any("dev" in reached(own, group) for group in needs.groups):
        included = []
    found["test"] = [*included, *map(plain, needs.tests), *found["test"]]
    if needs.runtime:
        found["runtime"] = list(map(plain, needs.runtime))
        found["dev"].insert(0, {"include-group": "runtime"})
    return {group: items for group, items in found.items() if items}


def reached(own, group, seen=()):
    """Return the names of a dependency group and of those that it includes."""
    items = own.get(group) or () if group not in seen else ()
    others = [item.get("include-group") for item in items if isinstance(item, dict)]
    return {group}.union(*(reached(own, other, (*seen, group)) for other in others))


def plain(requirement):
    return str(Requirement(requirement)).replace('"', "'")


def coverage(project, rendered, layout, minimum, needs):
    """Return the settings of coverage, by table, that a project lacks, and the file where they belong."""
    path, own = coverage_place(project)
    folders = [place for place in layout.source if not place.endswith(".py")]
    modules = [place.removesuffix(".py") for place in layout.source if place.endswith(".py")]
    source = {key: value for key, value in {"source": folders, "source_pkgs": modules}.items() if value}
    run, report = table(own, "run"), table(own, "report")
    if path or is_measured(project, needs):
        has_source = {"source", "source_pkgs", "source_dirs", "include"} & {
            *run,
            *(["include"] if "include" in report else []),
        }
        lacking = {"run": {"relative_files": True} | ({} if has_source else source), "report": {"fail_under": minimum}}
        values = {
            part: {key: value for key, value in found.items() if key not in table(own, part)}
            for part, found in lacking.items()
        }
        return path or "pyproject.toml", values
    template = tomllib.loads(only(rendered, "tool.coverage"))["tool"]["coverage"]
    template["run"].pop("source")
    template["run"] |= source
    template["report"]["fail_under"] = minimum
    return "pyproject.toml", template


def is_measured(project, needs):
    """Tell whether the project measures its coverage somewhere: then it decides where the data lie and what counts."""
    if needs.names & {"coverage", "pytest-cov", "codecov"}:
        return True
    places = r"(tox\.ini|noxfile\.py|Makefile|justfile|setup\.cfg|pytest\.ini|pyproject\.toml|\.github/workflows/.*)"
    found = [path for path in project.paths if re.fullmatch(places, path)]
    return any(
        re.search(r"--cov\b|\bcoverage (run|report|combine|xml)|\bcodecov\b", project.text(path)) for path in found
    )


def conda(rendered, needs):
    """Return the tables [tool.pyproject2conda…]; the extras of the project that its tests need are in both files."""
    text = only(rendered, "tool.pyproject2conda")
    extras = f"extras = {texts.inline_list(needs.extras)}\n"
    return re.sub(r"(?m)^(groups = .*\n)", rf"\g<1>{extras}", text) if needs.extras else text
