"""What the project's own programs know about it, read from pyproject.toml in this one place."""

import re
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import repository
from repository import Unusable

# What coverage.py takes for code (coverage.files.find_python_files): it never reports a file of another name.
NAME = re.compile(r"[^.#~!$@%^&*()+=,]+\.py")
LINT_GATES = ("errors", "everything", "report")
SOURCE, TESTS = "src", "src/tests"


class Tier(NamedTuple):
    """A named group of modules with the coverage, in percent, that each of them must reach."""

    target: Any
    paths: list[str]
    modules: list[str]


class Settings(NamedTuple):
    """The quality settings of a project.

    `problems` lists what is wrong with them; the numbers may be used only while it is empty.
    Numbers are percent; modules are paths below the project's root, with forward slashes. A module is code that git
    does not ignore, coverage does not omit and `exempt` does not name.
    """

    packages: list[str]
    modules: list[str]
    exempt: list[str]
    untried: list[str]
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


def matches(path: str, patterns: list[str]) -> bool:
    """Tell whether one of `patterns` stands for `path`; in them `*` is any text, slashes too."""
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def folder(package: str) -> str:
    """Return the place of a package: its folder, or its file without suffix if it is a single module."""
    return f"{SOURCE}/{package.replace('.', '/')}"


def below(path: str, place: str) -> bool:
    return path == f"{place}.py" or path.startswith(f"{place}/")


def load(root: Path, paths: list[str]) -> Settings:
    """Read the settings of the project at `root`, whose files are `paths`.

    Raises OSError if pyproject.toml cannot be read, Broken if it does not parse, Unusable if it has another form.
    """
    document = repository.read(root, "pyproject.toml")
    run, report = table(document, "tool", "coverage", "run"), table(document, "tool", "coverage", "report")
    gate = table(document, "tool", "quality-gate")
    packages, exempt = strings(run, "source_pkgs"), strings(gate, "exempt")
    code = [path for path in paths if path.startswith(f"{SOURCE}/") and NAME.fullmatch(PurePosixPath(path).name)]
    code = [path for path in code if not below(path, TESTS) and not matches(path, exempt)]
    # coverage.py knows a link by the file that it leads to.
    code = [path for path in code if (root / path).is_file() and not (root / path).is_symlink()]
    if any(strings(part, name) for part in (run, report) for name in ("omit", "include")):
        code = not_omitted(root, code)
    modules = [path for path in code if any(below(path, folder(package)) for package in packages)]
    tiers = {}
    for name in table(document, "tool", "quality-gate", "tiers"):
        tier = table(document, "tool", "quality-gate", "tiers", name)
        patterns = strings(tier, "paths")
        tiers[name] = Tier(tier.get("target"), patterns, [module for module in modules if matches(module, patterns)])
    settings = Settings(
        packages=packages,
        modules=modules,
        exempt=exempt,
        untried=strings(gate, "untried"),
        minimum=report.get("fail_under"),
        target=gate.get("target"),
        patch_target=gate.get("patch-target"),
        lint=gate.get("lint"),
        style_hooks=strings(gate, "style-hooks"),
        tiers=tiers,
        problems=[],
    )
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


def not_omitted(root: Path, code: list[str]) -> list[str]:
    """Leave out what coverage.py itself leaves out, by its own reading of its settings."""
    try:
        from coverage import Coverage, CoverageException
        from coverage.files import GlobMatcher
    except ImportError:
        raise Unusable("[tool.coverage] omit or include cannot be applied here: run: python -m pip install coverage") from None
    try:
        option = Coverage(config_file=str(root / "pyproject.toml")).get_option
    except CoverageException as error:
        raise Unusable(f"pyproject.toml: {error}") from error
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
    """Return what is wrong with the packages: all code must be in one that is named."""
    problems = [] if settings.packages else ["[tool.coverage.run] source_pkgs: names no package"]
    for package in settings.packages:
        if not any(below(module, folder(package)) for module in settings.modules):
            problems.append(f"[tool.coverage.run] source_pkgs: {folder(package)} holds no module")
    strangers = {PurePosixPath(path).parts[1]: path for path in sorted(set(code) - set(settings.modules), reverse=True)}
    problems += [
        f"[tool.coverage.run] source_pkgs: names no package of {path}: add it there and to the packages of the wheel, "
        f"or name it in omit"
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
