"""What the project's own programs know about it, read from pyproject.toml in this one place."""

import os
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from quality import repository
from quality.coverage_settings import coverage_file, coverage_options, coverage_table, not_omitted
from quality.repository import Unusable

# What coverage.py takes for code (coverage.files.find_python_files): it never reports a file of another name.
NAME = re.compile(r"[^.#~!$@%^&*()+=,]+\.pyw?")
# What pytest takes for tests wherever it lies, and folders of such files.
TEST, TEST_FOLDERS = re.compile(r"test_.*\.py|.*_test\.py"), {"test", "tests"}
LINT_GATES = ("errors", "everything", "report")
NAMES = {"source", "tests", "untested", "exempt", "untried", "pythons", "target", "patch-target", "lint", "style-hooks", "tiers"}
NAMES |= {"socket-ban", "external-service"}  # tools/plugins/pytest_rules.py reads them
NAMES |= {"audit"}  # see `ignored`
# Tables of limits, which may be absent: a number, 0 or more, for each name; some are percent.
LIMITS = {"quarantine": {"days", "tests", "clean-nights"}, "health": {"minutes", "success", "flaky"}}
PERCENT = {"success", "flaky"}
NAMES |= LIMITS.keys()


class Tier(NamedTuple):
    """A named group of modules with the coverage, in percent, that each of them must reach."""

    target: Any
    paths: list[str]
    modules: list[str]


class Settings(NamedTuple):
    """The quality settings of a project.

    `problems` lists what is wrong with them; the numbers may be used only while it is empty.
    Numbers are percent; modules are paths below the project's root, with forward slashes. A module is code in a folder
    of `source` that is no test, that git does not ignore, coverage does not omit and `exempt` does not name.
    """

    source: list[str]
    packages: list[str]
    tests: str
    modules: list[str]
    untested: list[str]
    exempt: list[str]
    untried: list[str]
    pythons: list[str]
    minimum: Any
    target: Any
    patch_target: Any
    lint: Any
    style_hooks: list[str]
    tiers: dict[str, Tier]
    problems: list[str]

    def tier_of(self, module: str) -> str:
        """Return the name of the tier that `module` belongs to, or an empty string."""
        return next((name for name, tier in self.tiers.items() if module in tier.modules), "")

    def is_exempt(self, path: str) -> bool:
        """Tell whether the checks of the whole tree leave the file at `path` alone."""
        return matches(path, self.exempt)

    def is_test(self, path: str) -> bool:
        """Tell whether the file at `path` belongs to the tests: by its name where code lies among them."""
        name, folders = PurePosixPath(path).name, PurePosixPath(path).parent.parts[len(PurePosixPath(self.tests).parts) :]
        named = bool(TEST.fullmatch(name) or TEST_FOLDERS.intersection(folders))
        return name == "conftest.py" or below(path, self.tests) and (named or not self.has_code_among_tests())

    def has_code_among_tests(self) -> bool:
        return any(below(place, self.tests) for place in self.source)

    def place_of(self, path: str) -> str:
        """Return the folder of `source` (or the file, if it is a single module) that holds `path`, or an empty string."""
        return next((place for place in self.source if below(path, place)), "")

    def imported_as(self, module: str) -> list[str]:
        """Return the paths that `module` can have below a folder from which Python imports, the likeliest first."""
        parts, place = PurePosixPath(module).parts, self.place_of(module)
        inside = len(PurePosixPath(place).parts)
        likely = inside - (place in self.packages or place == module)
        order = sorted(range(min(inside, len(parts) - 1) + 1), key=lambda start: (abs(start - likely), -start))
        return ["/".join(parts[start:]) for start in order]


def matches(path: str, patterns: list[str]) -> bool:
    """Tell whether one of `patterns` stands for `path`; in them `*` is any text, slashes too."""
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def below(path: str, place: str) -> bool:
    """Tell whether `path` is the file or is in the folder `place`; the folder "." holds all."""
    return place == "." or path == place or path.startswith(f"{place}/")


def load(root: Path, paths: list[str]) -> Settings:
    """Read the settings of the project at `root`, whose files are `paths`.

    Raises OSError if pyproject.toml cannot be read, Broken if it does not parse, Unusable if it has another form.
    """
    document = repository.read(root, "pyproject.toml")
    report, gate = table(document, "tool", "coverage", "report"), table(document, "tool", "quality-gate")
    if not isinstance(gate.get("tests", ""), str):
        raise Unusable(f"pyproject.toml: [tool.quality-gate] tests: {gate['tests']!r} is no string: name one folder")
    source = places(gate, "source")
    settings = Settings(
        source=source,
        packages=[place for place in source if f"{place}/__init__.py" in paths],
        tests="".join(places(gate, "tests")[:1]),
        modules=[],
        untested=strings(gate, "untested"),
        exempt=strings(gate, "exempt"),
        untried=strings(gate, "untried"),
        pythons=strings(gate, "pythons"),
        minimum=report.get("fail_under"),
        target=gate.get("target"),
        patch_target=gate.get("patch-target"),
        lint=gate.get("lint"),
        style_hooks=strings(gate, "style-hooks"),
        tiers={},
        problems=[],
    )
    # coverage.py knows a link by the file that it leads to; see `linked`.
    code = [path for path in paths if NAME.fullmatch(PurePosixPath(path).name) and (root / path).is_file()]
    code = [path for path in code if not (settings.is_test(path) or settings.is_exempt(path) or (root / path).is_symlink())]
    parts, own = (table(document, "tool", "coverage", "run"), report), coverage_file(root)
    if own != "pyproject.toml" or any(strings(part, name) for part in parts for name in ("omit", "include")):
        option = coverage_options(root)
        code = not_omitted(root, code, option)
        if own != "pyproject.toml":  # without a word of it coverage.py would say 0
            minimum = option("report:fail_under") if b"fail_under" in (root / own).read_bytes() else None
            settings = settings._replace(minimum=minimum)
    settings.modules.extend(path for path in code if settings.place_of(path))
    for name in table(document, "tool", "quality-gate", "tiers"):
        tier = table(document, "tool", "quality-gate", "tiers", name)
        patterns = strings(tier, "paths")
        held = [module for module in settings.modules if matches(module, patterns)]
        settings.tiers[name] = Tier(tier.get("target"), patterns, held)
        settings.problems.extend(unknown(tier, {"target", "paths"}, f"tool.quality-gate.tiers.{name}"))
    settings.problems.extend([*unknown(gate, NAMES, "tool.quality-gate"), *ignored(document)[1]])
    settings.problems.extend(problem for name in LIMITS for problem in limits(document, name))
    folder = root.resolve() / settings.tests
    if folder.is_file() or os.path.realpath(folder) != str(folder):
        what = f"{settings.tests!r} is a file or a link: name a folder, or '.' for the root"
        settings.problems.append(f"[tool.quality-gate] tests: {what}")
    strange = [*strangers(settings, code), *linked(settings, code, root, paths)]
    settings.problems.extend([*numbers(settings, own), *layout(settings), *patterns_without_match(settings, paths)])
    settings.problems.extend(
        f"[tool.quality-gate] source: {path} is in none of {', '.join(source)}: add its folder there and to the packages of the "
        f"wheel, or name it in omit of {coverage_table(own, 'run')}"
        for path in strange
    )
    return settings


def table(document: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return a table of pyproject.toml, empty if it is not there; raises Unusable if something else is."""
    for depth, name in enumerate(names, 1):
        document = document.get(name, {})
        if not isinstance(document, dict):
            raise Unusable(f"pyproject.toml: has not the expected form: [{'.'.join(names[:depth])}] is no table")
    return document


def unknown(holder: dict[str, Any], known: set[str], name: str) -> list[str]:
    """Return what is wrong with the settings `holder` has besides those `known`: one that looks like another is misspelt."""
    if not (strange := sorted(holder.keys() - known)):
        return []
    from difflib import get_close_matches

    meant = {key: get_close_matches(key, known, 1, 0.75) for key in strange}
    return [f"[{name}] {key}: there is no such setting: write {words[0]}" for key, words in meant.items() if words]


def strings(holder: dict[str, Any], name: str) -> list[str]:
    """Return the list `name` of a table, empty if it is not there; raises Unusable if it is no list of strings."""
    value = holder.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Unusable(f"pyproject.toml: has not the expected form: {name}: {value!r} is no list of strings")
    return value


def places(holder: dict[str, Any], name: str) -> list[str]:
    """Return the folders or files that `name` gives, one as a string or several as a list; raises Unusable as `strings`."""
    value = holder.get(name, [])
    found = strings({name: [value] if isinstance(value, str) else value}, name)
    for place in found:
        if not place or "\\" in place or place.startswith("/") or ".." in PurePosixPath(place).parts:
            rule = 'is no path from the project\'s root downwards: write one like "src/package"'
            raise Unusable(f"pyproject.toml: [tool.quality-gate] {name}: {place!r} {rule}")
    return [PurePosixPath(place).as_posix() for place in found]


def numbers(settings: Settings, own: str = "pyproject.toml") -> list[str]:
    minimum = f"{coverage_table(own, 'report')} fail_under"
    found = {
        minimum: settings.minimum,
        "[tool.quality-gate] target": settings.target,
        "[tool.quality-gate] patch-target": settings.patch_target,
    } | {f"[tool.quality-gate.tiers.{name}] target": tier.target for name, tier in settings.tiers.items()}
    wrong = [name for name, value in found.items() if type(value) not in (int, float) or not 0 <= value <= 100]
    problems = [f"{name}: {found[name]!r} is not a number from 0 to 100" for name in wrong]
    if not wrong and settings.minimum > settings.target:
        problems.append(f"{minimum}: {settings.minimum} is above the target {settings.target}")
    if settings.lint not in LINT_GATES:
        problems.append(f"[tool.quality-gate] lint: {settings.lint!r} is none of {', '.join(LINT_GATES)}")
    return problems


def limits(document: dict[str, Any], name: str) -> list[str]:
    """Return what is wrong with the table `name`, one of LIMITS."""
    where, known, values = f"tool.quality-gate.{name}", LIMITS[name], table(document, "tool", "quality-gate", name)
    most = {key: (100, " from 0 to 100") if key in PERCENT else (float("inf"), ", 0 or more") for key in known & values.keys()}
    wrong = [key for key in most if type(values[key]) not in (int, float) or not 0 <= values[key] <= most[key][0]]
    problems = [f"[{where}] {key}: {values[key]!r} is not a number{most[key][1]}" for key in sorted(wrong)]
    return problems + unknown(values, known, where)


def ignored(document: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Return the vulnerabilities that the audit ignores, each with its reason, and what is wrong with them."""
    where = "tool.quality-gate.audit"
    reasons = table(document, *where.split("."), "ignore")
    wrong = [name for name, reason in reasons.items() if not isinstance(reason, str) or not reason.strip()]
    problems = [f"[{where}.ignore] {name}: has no reason: write in quotes why it does no harm here" for name in wrong]
    return reasons, problems + unknown(table(document, *where.split(".")), {"ignore"}, where)


def layout(settings: Settings) -> list[str]:
    key = "[tool.quality-gate] source"
    problems = [] if settings.source else [f"{key}: names no folder of the code"]
    problems += [] if settings.tests else ["[tool.quality-gate] tests: names no folder of the tests"]
    for place in settings.source:
        if place == ".":
            problems.append(f"{key}: '.' holds the template's programs as well: name the folders, or the files, of the code")
        elif not any(below(module, place) for module in settings.modules):
            problems.append(f"{key}: {place!r} holds no module")
    return problems


def strangers(settings: Settings, code: list[str]) -> Iterable[str]:
    """Return code beside or below the folders of `source` that none of them holds, one file for each folder."""
    around = {PurePosixPath(place).parent.as_posix() for place in settings.source} - {"."}
    found = {}
    for path in sorted(set(code) - set(settings.modules), reverse=True):
        for folder in [folder for folder in around if below(path, folder)]:
            found[folder, PurePosixPath(path).relative_to(folder).parts[0]] = path
    return found.values()


def linked(settings: Settings, code: list[str], root: Path, paths: list[str]) -> list[str]:
    """Return code to which links in the folders of `source` lead, so that it is imported, and that none of them holds."""
    links = [path for path in paths if settings.place_of(path) and (root / path).is_symlink()]
    leading = {path: Path(os.path.relpath(os.path.realpath(root / path), root.resolve())).as_posix() for path in links}
    found = {link: [path for path in code if below(path, end) and not settings.place_of(path)] for link, end in leading.items()}
    return [f"{hidden[0]}, to which {link} leads," for link, hidden in found.items() if hidden]


def patterns_without_match(settings: Settings, paths: list[str]) -> list[str]:
    problems = [
        f"[tool.quality-gate] exempt: {pattern!r} matches no file"
        for pattern in settings.exempt
        if not any(matches(path, [pattern]) for path in paths)
    ]
    for name, tier in settings.tiers.items():
        problems += [
            f"[tool.quality-gate.tiers.{name}] paths: {pattern!r} matches no module"
            for pattern in tier.paths
            if not any(matches(module, [pattern]) for module in settings.modules)
        ]
    for module in settings.modules:
        holders = [name for name, tier in settings.tiers.items() if module in tier.modules]
        if len(holders) > 1:
            problems.append(f"[tool.quality-gate.tiers]: {module} is in {' and '.join(holders)}; a module has one tier")
    return problems
