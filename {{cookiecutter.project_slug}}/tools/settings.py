"""What the project's own programs know about it, read from pyproject.toml in this one place."""

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import repository
from repository import Unusable

# What coverage.py takes for code (coverage.files.find_python_files): it never reports a file of another name.
NAME = re.compile(r"[^.#~!$@%^&*()+=,]+\.py")
# What pytest takes for tests wherever it lies, and folders of such files.
TEST, TEST_FOLDERS = re.compile(r"test_.*\.py|.*_test\.py"), {"test", "tests"}
# The files in which coverage.py looks for its settings, in its order; the first that has some is the only one it reads.
COVERAGE_FILES = (".coveragerc", ".coveragerc.toml", "setup.cfg", "tox.ini")
LINT_GATES = ("errors", "everything", "report")


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
    # coverage.py knows a link by the file that it leads to.
    code = [path for path in paths if NAME.fullmatch(PurePosixPath(path).name) and (root / path).is_file()]
    code = [path for path in code if not (settings.is_test(path) or settings.is_exempt(path) or (root / path).is_symlink())]
    parts, own = (table(document, "tool", "coverage", "run"), report), coverage_file(root)
    if own != "pyproject.toml" or any(strings(part, name) for part in parts for name in ("omit", "include")):
        option = coverage_options(root)
        code = not_omitted(root, code, option)
        settings = settings if own == "pyproject.toml" else settings._replace(minimum=option("report:fail_under"))
    settings.modules.extend(path for path in code if settings.place_of(path))
    for name in table(document, "tool", "quality-gate", "tiers"):
        tier = table(document, "tool", "quality-gate", "tiers", name)
        patterns = strings(tier, "paths")
        settings.tiers[name] = Tier(tier.get("target"), patterns, [module for module in settings.modules if matches(module, patterns)])
    settings.problems.extend([*numbers(settings), *layout(settings, code), *patterns_without_match(settings, paths)])
    return settings


def table(document: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return a table of pyproject.toml, empty if it is not there; raises Unusable if something else is."""
    for depth, name in enumerate(names, 1):
        document = document.get(name, {})
        if not isinstance(document, dict):
            raise Unusable(f"pyproject.toml: has not the expected form: [{'.'.join(names[:depth])}] is no table")
    return document


def strings(holder: dict[str, Any], name: str) -> list[str]:
    """Return the list `name` of a table, empty if it is not there; raises Unusable if it is no list of strings."""
    value = holder.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Unusable(f"pyproject.toml: has not the expected form: {name}: {value!r} is no list of strings")
    return value


def places(holder: dict[str, Any], name: str) -> list[str]:
    """Return the folders or files that `name` gives, one as a string or several as a list."""
    value = holder.get(name, [])
    return [PurePosixPath(place).as_posix() for place in strings({name: [value] if isinstance(value, str) else value}, name)]


def coverage_file(root: Path) -> str:
    """Return the file from which coverage.py takes its settings."""
    for name in COVERAGE_FILES:
        if (root / name).is_file() and (name.startswith(".") or b"\n[coverage:" in b"\n" + (root / name).read_bytes()):
            return name
    return "pyproject.toml"


def coverage_options(root: Path) -> Callable[[str], Any]:
    """Return coverage.py's own reading of its settings; raises Unusable if it cannot be had."""
    name = coverage_file(root)
    try:
        from coverage import Coverage, CoverageException
    except ImportError:
        raise Unusable(f"the settings of coverage in {name} cannot be applied here: run: python -m pip install coverage") from None
    try:
        return Coverage(config_file=str(root / name)).get_option
    except (CoverageException, UnicodeDecodeError) as error:
        raise Unusable(f"{name}: {error}") from error


def not_omitted(root: Path, code: list[str], option: Callable[[str], Any]) -> list[str]:
    """Leave out what coverage.py itself leaves out, by the `option` that it reads."""
    from coverage.files import GlobMatcher

    # Relative to the project, unless they start with a wildcard.
    omitted, included = (
        GlobMatcher(patterns + [str(root / pattern) for pattern in patterns if pattern[:1] not in ("*", "?")])
        for patterns in ([*(option("run:omit") or ()), *(option("report:omit") or ())], option("report:include") or ["*"])
    )
    return [path for path in code if included.match(str(root / path)) and not omitted.match(str(root / path))]


def numbers(settings: Settings) -> list[str]:
    found = {
        "[tool.coverage.report] fail_under": settings.minimum,
        "[tool.quality-gate] target": settings.target,
        "[tool.quality-gate] patch-target": settings.patch_target,
    } | {f"[tool.quality-gate.tiers.{name}] target": tier.target for name, tier in settings.tiers.items()}
    wrong = [name for name, value in found.items() if type(value) not in (int, float) or not 0 <= value <= 100]
    problems = [f"{name}: {found[name]!r} is not a number from 0 to 100" for name in wrong]
    if not wrong and settings.minimum > settings.target:
        problems.append(f"[tool.coverage.report] fail_under: {settings.minimum} is above the target {settings.target}")
    if settings.lint not in LINT_GATES:
        problems.append(f"[tool.quality-gate] lint: {settings.lint!r} is none of {', '.join(LINT_GATES)}")
    return problems


def layout(settings: Settings, code: list[str]) -> list[str]:
    """Return what is wrong with the folders: they must hold all code that lies beside or below them."""
    key = "[tool.quality-gate] source"
    problems = [] if settings.source else [f"{key}: names no folder of the code"]
    problems += [] if settings.tests else ["[tool.quality-gate] tests: names no folder of the tests"]
    for place in settings.source:
        if place == ".":
            problems.append(f"{key}: '.' holds the template's programs as well: name the folders, or the files, of the code")
        elif not any(below(module, place) for module in settings.modules):
            problems.append(f"{key}: {place!r} holds no module")
    around = {PurePosixPath(place).parent.as_posix() for place in settings.source} - {"."}
    strangers = {}
    for path in sorted(set(code) - set(settings.modules), reverse=True):
        for folder in [folder for folder in around if below(path, folder)]:
            strangers[folder, PurePosixPath(path).relative_to(folder).parts[0]] = path
    problems += [
        f"{key}: {path} is in none of {', '.join(settings.source)}: add its folder there and to the packages of the wheel, "
        f"or name it in omit of [tool.coverage.run]"
        for path in strangers.values()
    ]
    return problems


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
