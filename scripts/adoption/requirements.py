"""What a project needs to run and to be tested, wherever it says so."""

import re
from pathlib import PurePosixPath
from typing import NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from adoption.project import lines, strings, table

GROUPS = ("test", "tests", "testing")
OTHERS = ("dev", "develop", "development")
# Where an application lists what it needs.
APPLICATION = ("requirements.txt", "conf/requirements.txt", "requirements/base.txt", "requirements/requirements.txt")
FILE = re.compile(
    r"(?i)(.*/)?(({0})[-_.]requirements|requirements[-_/.]({0})|reqs/({0}))\.(txt|in)".format(
        "tests?|testing|dev|development"
    )
)


class Needs(NamedTuple):
    """Requirements of the code and of the tests that are copied, and `groups` and `extras` that are referred to.

    `texts` has all of them by normalised name, `required` the names of what the code needs; `origins` says from where
    they were taken.
    """

    runtime: list[str]
    tests: list[str]
    groups: list[str]
    extras: list[str]
    texts: dict[str, str]
    required: set[str]
    origins: list[str]


def name(requirement):
    """Return the normalised name of a requirement, or an empty string."""
    found = re.match(r"[A-Za-z0-9][\w.-]*", requirement if isinstance(requirement, str) else "")
    return canonicalize_name(found[0]) if found else ""


def read(text):
    """Return the requirement of one line in its usual form; options, paths and addresses are none."""
    text = re.sub(r"(^|\s)#.*", "", text).strip().split(" --")[0]
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return ""
    return "" if requirement.url else str(requirement)


def from_file(project, path, seen=()):
    """Return the requirements of a file and of those that it includes; of one that pins all, the names."""
    found, included = [], []
    for line in project.text(path).replace("\\\n", " ").splitlines():
        if include := re.match(r"\s*(?:-r|--requirement)[ =]*(\S+)", line):
            other = re.sub(r"[^/]+/\.\./", "", PurePosixPath(path).parent.joinpath(include[1]).as_posix())
            included += from_file(project, other, (*seen, path)) if other not in (*seen, path) else []
        elif requirement := read(line):
            found.append(requirement)
    if sum("==" in requirement for requirement in found) * 2 > len(found):
        found = [re.split(r"[=<>!~;\s]", item)[0] for item in found]
    return [*included, *found]


def caret(version):
    """Return the specifier of a version in poetry's form."""
    if "||" in version or version.strip() in ("", "*"):
        return ""
    found = []
    for part in version.split(","):
        sign, digits = re.match(r"\s*([\^~=<>!]*)\s*(.*?)\s*$", part).groups()
        numbers = re.findall(r"\d+", digits.split("+")[0])[:3]
        if sign in ("^", "~") and numbers:
            zeros = next((index for index, number in enumerate(numbers) if number != "0"), len(numbers) - 1)
            place = zeros if sign == "^" else min(1, len(numbers) - 1)
            upper = [*numbers[:place], str(int(numbers[place]) + 1)]
            found.append(f">={digits},<{'.'.join(upper)}")
        else:
            found.append(f"{sign or '=='}{digits}")
    return ",".join(found)


def from_poetry(dependencies):
    """Return the requirements of a table of poetry's; others than from an index are left out."""
    found = []
    for package, values in dependencies.items() if isinstance(dependencies, dict) else ():
        for value in values if isinstance(values, list) else [values]:
            value = {"version": value} if isinstance(value, str) else value
            if package == "python" or not isinstance(value, dict) or not isinstance(value.get("version"), str):
                continue
            extras = ",".join(strings(value.get("extras")))
            marker = value.get("markers") or ""
            text = f"{package}[{extras}]" if extras else package
            found.append(read(f"{text}{caret(value['version'])}{f'; {marker}' if marker else ''}"))
    return [requirement for requirement in found if requirement]


def runtime(project):
    """Return the requirements of the code that [project] does not list, and from where they are."""
    own, setup = table(project.pyproject, "project"), project.setup
    if own and "dependencies" not in strings(own.get("dynamic")):
        return [], ""
    if dependencies := project.tool("poetry", "dependencies"):
        return from_poetry(dependencies), "[tool.poetry.dependencies]"
    if flit := strings(project.tool("flit", "metadata").get("requires")):
        return [*filter(None, map(read, flit))], "[tool.flit.metadata]"
    files = project.tool("setuptools", "dynamic").get("dependencies")
    files = strings(files.get("file")) if isinstance(files, dict) else []
    if not files and (told := project.ini("setup.cfg").get("options", {}).get("install_requires")):
        if not told.strip().startswith("file:"):
            return [*filter(None, map(read, told.splitlines()))], "setup.cfg"
        files = lines(told.strip().removeprefix("file:"))
    if not files and "install_requires" in setup:
        return [*filter(None, map(read, strings(setup["install_requires"])))], "setup.py"
    if (
        not files
        and re.search(r"install_requires|requirements\.txt", project.text("setup.py"))
        or not project.is_packaged
    ):
        files = [path for path in APPLICATION if path in project.known][:1]
    found = [requirement for path in files for requirement in from_file(project, path)]
    return found, " ".join(files) if found else ""


def of_tests(project, words):
    """Yield lists of requirements that are named by one of `words`, and from where, the best first."""
    groups = table(project.pyproject, "dependency-groups")
    for word in words:
        yield [*map(read, expanded(groups, word))], f"[dependency-groups] {word}"
    poetry, cfg = project.tool("poetry"), project.ini("setup.cfg")
    for word in words:
        yield from_poetry(table(poetry, "group", word, "dependencies")), f"[tool.poetry.group.{word}]"
    if words == OTHERS:
        yield from_poetry(poetry.get("dev-dependencies")), "[tool.poetry.dev-dependencies]"
    flit = project.tool("flit", "metadata", "requires-extra")
    extras = project.setup.get("extras_require")
    for word in words:
        yield [*map(read, strings(flit.get(word)))], "[tool.flit.metadata.requires-extra]"
        yield [*map(read, (cfg.get("options.extras_require", {}).get(word) or "").splitlines())], "setup.cfg"
        yield [*map(read, strings(extras.get(word) if isinstance(extras, dict) else None))], "setup.py"
    if words == GROUPS:
        yield [*map(read, (cfg.get("options", {}).get("tests_require") or "").splitlines())], "setup.cfg"
        yield [*map(read, strings(project.setup.get("tests_require")))], "setup.py"
    files = [path for path in project.paths if (match := FILE.fullmatch(path)) and match[0].count("/") < 2]
    wanted = "test" if words == GROUPS else "dev"
    files = [path for path in files if wanted in path.rpartition("/")[2].lower()]
    for path in sorted(files, key=lambda path: (path.endswith(".txt"), path)):
        yield from_file(project, path), path


def of_tox(project):
    told = project.ini("tox.ini").get("testenv", {}).get("deps") or ""
    found = [re.sub(r"^[\w{},!.-]+:\s+", "", line.strip()) for line in told.splitlines()]
    files = [re.match(r"-r\s*(?:\{toxinidir\}/)?(\S+)", line) for line in found]
    included = [item for file in files if file for item in from_file(project, file[1])]
    return [requirement for line in found if (requirement := read(line))] + included


def expanded(groups, word, seen=()):
    """Return the requirements of a dependency group and of those that it includes."""
    found = []
    for item in groups.get(word) or () if word not in seen else ():
        found += expanded(groups, item.get("include-group"), (*seen, word)) if isinstance(item, dict) else strings(item)
    return found


def find(project):
    """Return the Needs of a project."""
    groups, extras = (
        table(project.pyproject, "dependency-groups"),
        table(project.pyproject, "project", "optional-dependencies"),
    )
    needed, origin = runtime(project)
    own = [word for word in GROUPS if word in groups]
    asked = [word for word in GROUPS if word in extras] or (
        [] if own else [word for word in OTHERS if word in extras][:1]
    )
    tests, origins = [], [origin] if origin else []
    if not (own or asked):
        choices = [*of_tests(project, GROUPS), (of_tox(project), "tox.ini")]
        choices += of_tests(project, OTHERS)
        tests, origin = next(((found, where) for found, where in choices if any(found)), ([], ""))
        tests = list(dict.fromkeys(filter(None, tests)))
        origins += [origin] if origin else []
    origins += [f"[dependency-groups] {word}" for word in own] + [
        f"[project.optional-dependencies] {word}" for word in asked
    ]
    named = [item for word in own for item in expanded(groups, word)]
    named += [item for word in asked for item in strings(extras.get(word))]
    needs = [*needed, *strings(table(project.pyproject, "project").get("dependencies"))]
    every = {name(item): item for item in [*needs, *tests, *named] if name(item)}
    return Needs(needed, tests, own, asked, every, {*map(name, needs)} - {""}, list(dict.fromkeys(origins)))
