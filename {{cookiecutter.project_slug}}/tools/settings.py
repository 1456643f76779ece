"""What the project's own tools know about it, read from pyproject.toml in this one place."""

import tomllib
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

LINT_GATES = ("errors", "everything", "report")


class Tier(NamedTuple):
    """A named group of modules with the coverage, in percent, that each of them must reach."""

    target: Any
    paths: list[str]
    modules: list[str]


class Settings(NamedTuple):
    """The quality settings of a project.

    `problems` lists what is wrong with them; the numbers may be used only while it is empty.
    Numbers are percent; modules are paths below the project's root, with forward slashes.
    """

    package: str
    modules: list[str]
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


@cache
def load(root: Path) -> Settings:
    """Read the settings from `root`/pyproject.toml; raises OSError or ValueError if it cannot be read or parsed."""
    tool = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {})
    coverage, gate = tool.get("coverage", {}), tool.get("quality-gate", {})
    package = (coverage.get("run", {}).get("source_pkgs") or [""])[0]
    folder = root / "src" / package
    modules = sorted(path.relative_to(root).as_posix() for path in folder.rglob("*.py") if package)
    tiers = {
        name: Tier(
            table.get("target"),
            table.get("paths", []),
            [module for module in modules if any(fnmatchcase(module, path) for path in table.get("paths", []))],
        )
        for name, table in gate.get("tiers", {}).items()
    }
    settings = Settings(
        package=package,
        modules=modules,
        minimum=coverage.get("report", {}).get("fail_under"),
        target=gate.get("target"),
        patch_target=gate.get("patch-target"),
        lint=gate.get("lint"),
        style_hooks=gate.get("style-hooks", []),
        tiers=tiers,
        problems=[],
    )
    settings.problems.extend(_problems(settings))
    return settings


def _problems(settings: Settings) -> list[str]:
    problems = []
    if not settings.modules:
        problems.append(f"[tool.coverage.run] source_pkgs: src/{settings.package} holds no module")
    numbers = {
        "[tool.coverage.report] fail_under": settings.minimum,
        "[tool.quality-gate] target": settings.target,
        "[tool.quality-gate] patch-target": settings.patch_target,
    } | {f"[tool.quality-gate.tiers.{name}] target": tier.target for name, tier in settings.tiers.items()}
    wrong = [name for name, value in numbers.items() if type(value) not in (int, float) or not 0 <= value <= 100]
    problems += [f"{name}: {numbers[name]!r} is not a number from 0 to 100" for name in wrong]
    if not wrong and settings.minimum > settings.target:
        problems.append(f"[tool.coverage.report] fail_under: {settings.minimum} is above the target {settings.target}")
    if settings.lint not in LINT_GATES:
        problems.append(f"[tool.quality-gate] lint: {settings.lint!r} is none of {', '.join(LINT_GATES)}")
    for name, tier in settings.tiers.items():
        problems += [
            f"[tool.quality-gate.tiers.{name}] paths: {path!r} matches no module"
            for path in tier.paths
            if not any(fnmatchcase(module, path) for module in settings.modules)
        ]
    for module in settings.modules:
        holders = [name for name, tier in settings.tiers.items() if module in tier.modules]
        if len(holders) > 1:
            problems.append(f"[tool.quality-gate.tiers]: {module} is in {' and '.join(holders)}; a module has one tier")
    return problems
