"""What pyproject.toml gets: the settings of the template, with the project's layout, needs and thresholds."""

import re
import tomllib

import tomlkit
from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from adoption import texts
from adoption.builds import join
from adoption.layouts import children
from adoption.project import lines, strings, table
from adoption.requirements import name
from adoption.thresholds import coverage_place

# For the lowest Python of the template's tools: a resolver for older ones must not look for them.
MARKER = "; python_version >= '3.11'"
LINTERS = ("bandit", "ruff", "black", "isort", "flake8", "mypy", "codespell", "rumdl")


def pieces(text):
    """Return the tables of a rendered pyproject.toml as (dotted name, text); comments belong to what follows."""
    starts = [(match[1], match.start()) for match in re.finditer(r"(?m)(?:^#.*\n)*^\[([\w.-]+)\]", text)]
    ends = [start for _, start in starts[1:]] + [len(text)]
    return [(found, text[start:end].strip() + "\n") for (found, start), end in zip(starts, ends, strict=True)]


def only(parts, *prefixes):
    """Return the text of the tables whose names are, or begin with, one of `prefixes`."""
    wanted = [text for found, text in parts if any(f"{found}.".startswith(f"{prefix}.") for prefix in prefixes)]
    return "\n".join(wanted)


def gate(rendered, layout, pythons, targets, draft):
    """Return the tables [tool.quality-gate…] of a project; its tiers name no module yet.

    `targets` are those of Codecov, by its names, which need not be whole numbers; `draft` has the lists.
    """
    document = tomlkit.parse(only(rendered, "tool.quality-gate"))
    values = document["tool"]["quality-gate"]
    values["source"] = layout.source[0] if len(layout.source) == 1 else layout.source
    values["tests"] = layout.tests
    for key in ("untested", "exempt", "untried"):
        values[key] = texts.array(getattr(draft, key))
    values["socket-ban"] = False
    for key, part in (("target", "project"), ("patch-target", "patch")):
        if int(targets.get(part, values[key])) == values[key] != targets.get(part, values[key]):
            values[key] = targets[part]
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
    """Return what the dependency groups of the project lack.

    A tool that the project's own tests name is theirs, in their version. A group `dev` of its own stays as it is.
    """
    template = tomllib.loads(only(rendered, "dependency-groups"))["dependency-groups"]
    own = table(project.pyproject, "dependency-groups")
    marker = MARKER if allows_older(project) else ""
    others = {name(item) for group, items in template.items() if group != "test" for item in items}
    tests = [item for item in needs.tests if name(item) not in others]
    copied = set(map(name, needs.tests))
    referred = {key: text for key, text in needs.texts.items() if key not in copied}
    present = {*referred, *map(name, tests)}
    # The template's plugins have releases for an older pytest too.
    is_old = not Requirement(plain(needs.texts.get("pytest", "pytest"))).specifier.contains("9.0")
    included = [{"include-group": group} for group in needs.groups if group not in ("test", *around(own, needs))]
    found = {"runtime": list(map(plain, needs.runtime)), "test": [*included, *map(plain, tests)]}
    for group, items in template.items():
        there = {*map(name, strings(own.get(group)))} | (present if group in ("test", "lint") else set())
        for item in items if group != "dev" or "dev" not in own else ():
            theirs = referred.get(name(item), "")
            if isinstance(item, str):
                own_version = name(item) if is_old and group == "test" else item
                item = plain(theirs) if re.search("[<=~]", theirs) else f"{own_version}{marker}"
            if name(item) not in there:
                found.setdefault(group, []).append(item)
    if "dev" in found:
        more = ["runtime"] * bool(needs.runtime) + around(own, needs)
        found["dev"] = [{"include-group": group} for group in more] + found["dev"]
    return {group: items for group, items in found.items() if items}


def around(own, needs):
    """Return the groups of the project's tests that include its group `test`, which cannot include them."""
    return [group for group in needs.groups if group != "test" and "test" in reached(own, group)]


def reached(own, group, seen=()):
    """Return the names of a dependency group and of those that it includes."""
    items = own.get(group) or () if group not in seen else ()
    parts = [item.get("include-group") for item in items if isinstance(item, dict)]
    return {group}.union(*(reached(own, part, (*seen, group)) for part in parts))


def plain(requirement):
    return str(Requirement(requirement)).replace('"', "'")


def coverage(project, rendered, layout, minimum, needs):
    """Return the settings of coverage, by table, that a project lacks, and the file where they belong."""
    path, own = coverage_place(project)
    # coverage.py takes folders only: a module is what its reports include.
    modules = any(place.endswith(".py") for place in layout.source)
    source = {"source": ["."] if modules else layout.source}
    include = (
        {"include": [place if place.endswith(".py") else f"{place}/*" for place in layout.source]} if modules else {}
    )
    run, report = table(own, "run"), table(own, "report")
    if path or is_measured(project, needs):
        has_source = {"source", "source_pkgs", "source_dirs", "include"} & {
            *run,
            *(["include"] if "include" in report else []),
        }
        lacking = {"run": {"relative_files": True}, "report": {"fail_under": minimum}}
        if not has_source:
            lacking = {"run": lacking["run"] | source, "report": lacking["report"] | include}
        values = {
            part: {key: value for key, value in found.items() if key not in table(own, part)}
            for part, found in lacking.items()
        }
        return path or "pyproject.toml", values
    template = tomllib.loads(only(rendered, "tool.coverage"))["tool"]["coverage"]
    template["run"] |= source
    template["report"] |= {"fail_under": minimum} | include
    if modules:
        template["report"].pop("include_namespace_packages", None)
    return "pyproject.toml", template


def is_measured(project, needs):
    """Tell whether the project measures its coverage somewhere: then it decides where the data lie and what counts."""
    if needs.texts.keys() & {"coverage", "pytest-cov", "codecov"}:
        return True
    places = r"(tox\.ini|noxfile\.py|Makefile|justfile|setup\.cfg|pytest\.ini|pyproject\.toml|\.github/workflows/.*)"
    found = [path for path in project.paths if re.fullmatch(places, path)]
    return any(
        re.search(r"--cov\b|\bcoverage (run|report|combine|xml)|\bcodecov\b", project.text(path)) for path in found
    )


def conda(project, rendered, needs):
    """Return the tables [tool.pyproject2conda…]; the extras of the project that its tests need are in both files."""
    text = only(rendered, "tool.pyproject2conda")
    listed = f"extras = {texts.inline_list(needs.extras)}\n" if needs.extras else ""
    if "dev" in table(project.pyproject, "dependency-groups"):
        own = table(project.pyproject, "dependency-groups")
        parts = ["runtime"] * bool(needs.runtime) + around(own, needs) + ["test", "lint", "build", "tasks", "update"]
        text = text.replace('groups = ["dev"]', f"groups = {texts.inline_list(parts)}")
    return re.sub(r"(?m)^(groups = .*\n)", lambda match: match[0] + listed, text)


def unmeasured(project, layout):
    """Return patterns for the code that the project's own settings of coverage leave out, so that nothing judges it."""
    run = table(coverage_place(project)[1], "run")
    told = [item for key in ("source", "source_pkgs", "source_dirs") for item in listed(run.get(key))]
    units = [path for place in layout.source for path in units_of(project, place)]
    missed = [unit for unit in units if not any(is_meant(item, unit) for item in told)]
    return (
        [unit if unit.endswith(".py") else f"{unit}/*" for unit in missed] if told and len(missed) < len(units) else []
    )


def listed(value):
    return lines(value) if isinstance(value, str) else strings(value)


def units_of(project, place):
    """Return the packages and modules in a folder of code, or the place itself if it is one."""
    if place.endswith(".py") or f"{place}/__init__.py" in project.known:
        return [place]
    return [join(place, name) for name in children(project, place)]


def is_meant(item, unit):
    """Tell whether one of coverage's sources, a folder or a dotted name, holds or is in a package or module."""
    path, place = item.removeprefix("./").strip("/").replace(".", "/"), unit.removesuffix(".py")
    return (
        item in (".", "./")
        or f"{place}/".startswith(f"{path}/")
        or f"{path}/".startswith((f"{place}/", f"{place.rpartition('/')[2]}/"))
    )
