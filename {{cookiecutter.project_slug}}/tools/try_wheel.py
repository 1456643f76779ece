"""Try the wheel as its users get it: in an environment with nothing else, away from the source tree.

Usage: python tools/try_wheel.py

Takes the wheel in dist/ that `python -m build` made from the sdist there. The tree must build the same one; every
module must be in it and, each in a Python of its own, be importable; every command must answer `--help`. What needs
more than the wheel and its dependencies is named by `untried` in [tool.quality-gate] of pyproject.toml.
Exit codes: 0 nothing found, 1 problems found, 2 the wheel could not be tried.
"""

import hashlib
import os
import secrets
import shutil
import signal
import subprocess  # nosec B404 # runs Python, and what the project itself has built
import sys
import sysconfig
import tempfile
import threading
import venv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from quality import repository, settings, wheels
from quality.repository import ROOT, Unusable

LIMIT, LINES = 60, 20  # seconds that an import or a command may take, lines of output that are shown
UNTRIED = "or name it in [tool.quality-gate] untried of pyproject.toml"


def install(path: Path, folder: Path) -> tuple[str, dict[str, str]]:
    """Make an environment of the wheel and its dependencies; return the folder of its programs and its variables."""
    try:
        venv.create(folder, symlinks=os.name != "nt")
    except ValueError as error:  # the separator of PATH is in the name of the folder
        raise Unusable(error) from error
    programs = sysconfig.get_path("scripts", "venv", {"base": str(folder)})
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    variables |= {"VIRTUAL_ENV": str(folder), "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    command = [sys.executable, "-m", "pip", "--python", str(folder), "install", "--quiet", "--no-compile", str(path)]
    done = subprocess.run(command, env=variables, stdin=subprocess.DEVNULL)  # nosec B603 # no shell
    if done.returncode:
        raise Unusable(f"pip cannot install {path.name} and its dependencies: see above; it needs the package index")
    return programs, variables


def finish(command: list[str], variables: dict[str, str]) -> tuple[str, list[str]]:
    """Run a command in an empty folder, without input and terminal; return how it ended and the last lines it said."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        with subprocess.Popen(  # nosec B603 # no shell
            command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        ) as process:
            try:
                ended = f"ended with exit code {process.wait(LIMIT)}"
            except subprocess.TimeoutExpired:
                ended = f"did not end within {LIMIT} seconds"
                process.kill()
            with suppress(OSError, AttributeError):  # what it has started; Windows knows no groups
                os.killpg(process.pid, signal.SIGKILL)
        output.seek(0)
        return ended, [line for line in repository.decode(output.read()).splitlines() if line.strip()][-LINES:]


def try_all(names: list[str], check: Callable[[str], tuple[str, list[str]]]) -> list[str]:
    """Return a problem for each cause that `check` finds, with the names that share it and the output of the first."""
    causes: dict[str, tuple[list[str], list[str]]] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, (cause, lines) in zip(names, pool.map(check, names), strict=True):
            causes.setdefault(cause, ([], lines))[0].append(name)
    return [
        "\n    ".join([f"{', '.join(found)}: {cause}: correct it, {UNTRIED}", *lines])
        for cause, (found, lines) in causes.items()
        if cause
    ]


def try_modules(names: list[str], programs: str, variables: dict[str, str]) -> list[str]:
    """Import each of the modules in a new Python; return what is wrong with them."""
    hanging, end = threading.Event(), secrets.token_hex()

    def check(name: str) -> tuple[str, list[str]]:
        if hanging.is_set():
            return "not imported, as another one does not end", []  # it may wait for the same thing, a minute each
        # Not the exit code: a module can end Python. At the end no thread that it has started is waited for.
        code = f"import importlib, os; importlib.import_module({name!r}); print({end!r}, flush=True); os._exit(0)"
        ended, lines = finish([f"{programs}/python", "-I", "-u", "-c", code], variables)
        if lines and lines[-1].endswith(end):
            return "", []
        if "did not end" in ended:
            hanging.set()
        is_exception = lines and ended.endswith(" 1")
        return lines[-1] if is_exception else f"Python {ended} during the import", lines

    return try_all(names, check)


def try_commands(names: list[str], programs: str, variables: dict[str, str]) -> list[str]:
    """Ask each of the commands for its help; return what is wrong with them."""

    def check(name: str) -> tuple[str, list[str]]:
        ended, lines = finish([shutil.which(name, path=programs) or name, "--help"], variables)
        return ("", []) if ended.endswith(" 0") else (f"--help {ended}", lines)

    return try_all(names, check)


def summary(built: list[Path], metadata: bytes, verdict: str) -> str:
    """Return the job's summary: what was built, its checksums and its metadata, without the description."""
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in built]
    lines += repository.decode(metadata).partition("\n\n")[0].splitlines()
    return "\n".join(["## Build", "", verdict, "", "```text", *lines, "```", ""])


def main() -> int:
    paths = repository.paths(ROOT)
    known = settings.load(ROOT, paths)
    if known.problems:
        raise Unusable("; ".join(known.problems))
    files = {kind: sorted((ROOT / "dist").glob(f"*.{kind}")) for kind in ("whl", "tar.gz")}
    if [len(found) for found in files.values()] != [1, 1]:
        raise Unusable(f"dist/ must hold one wheel and the sdist that it was built from: run: {repository.nox('build')}")
    (wheel,) = files["whl"]
    with tempfile.TemporaryDirectory() as folder:
        programs, variables = install(wheel, Path(folder, "environment"))
        given, entries = wheels.members(wheel), wheels.entry_points(wheel)
        started = entries.select(group="console_scripts").names
        straight = wheels.members(wheels.build_from_tree(paths, Path(folder)))
        held, of_tree = (wheels.modules(members, known, paths) for members in (given, straight))
        # Where a module lies in the wheel, the build decides; without it there, its likeliest name.
        expected = {names[0]: ({*names}, path) for path in known.modules if (names := wheels.names(path, known))}
        tried = held | of_tree
        absent = [name for name, (names, path) in expected.items() if not (names & tried or wheels.holds(given, path, known))]
        lacking, modules, commands = (
            sorted(name for name in names if not settings.matches(name, known.untried)) for names in (absent, held, started)
        )
        modules = [name for name in modules if name.rpartition(".")[2] != "__main__"]
        there = {*expected, *held, *started, *(entry.module for entry in entries)}
        problems = [
            f"[tool.quality-gate] untried: {pattern!r} matches no module and no command of the wheel"
            for pattern in known.untried
            if not any(settings.matches(name, [pattern]) for name in there)
        ]
        problems += [f"{name}: the wheel lacks this module: add its package there, {UNTRIED}" for name in lacking]
        problems += [
            f"{name}: is in the wheel, but in no folder of [tool.quality-gate] source: add its folder there"
            for name in wheels.strangers(given, known, paths)
        ]
        problems += [
            f"[{entry.group}] {entry.name}: the wheel has no module {entry.module}: name one that it has"
            for entry in entries
            if entry.module.partition(".")[0] in {name.partition(".")[0] for name in held}
            and not settings.matches(entry.module, [*held, *known.untried])
        ]
        problems += wheels.compare(given, straight, paths)
        problems += try_modules(modules, programs, variables) + try_commands(commands, programs, variables)
    for problem in problems:
        print(f"Wheel: {problem}")
        repository.annotate("error", "Wheel", problem)
    verdict = f"{len(modules)} modules and {len(commands)} commands of {wheel.name} tried, {len(problems)} problems"
    print(f"Wheel: {verdict}")
    repository.tell("GITHUB_STEP_SUMMARY", summary([wheel, *files["tar.gz"]], given[wheels.METADATA], verdict))
    return 1 if problems else 0


if __name__ == "__main__":
    repository.run(main, "Wheel: cannot be tried")
