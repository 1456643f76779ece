#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = ["nox"]
# ///
"""The project's commands, the same here and in CI.

`nox` runs them all, `nox -l` lists them. The tests make
environments of their own, one for each Python; all else
runs in the project's. Where there is none, as with
`./noxfile.py`, each session makes one.
"""

import importlib.util
import os
import re
import shutil
import sys
import zlib
from pathlib import Path

import nox
from packaging.version import Version

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"

try:
    PROJECT = nox.project.load_toml("pyproject.toml")
    RULES = PROJECT.get("tool", {}).get("quality-gate", {})
    named = nox.project.python_versions
    own = sorted(RULES.get("pythons", []), key=Version)
    PYTHONS = own or named(PROJECT)
    HERE = PYTHONS[-1]
    CODE = RULES.get("source", [])
    CODE = [CODE] if isinstance(CODE, str) else CODE
    CODE = [Path(place) for place in CODE]
except (
    OSError,
    ValueError,
    TypeError,
    AttributeError,
) as error:
    print(f"pyproject.toml: cannot be used: {error}")
    raise SystemExit(2) from None
if importlib.util.find_spec("pre_commit"):
    HERE = False
BUILD = {"build-system", "project"} & PROJECT.keys()
IS_PACKAGE = bool(BUILD) or Path("setup.py").exists()
PREFIX = Path(__file__).name.removesuffix("noxfile.py")
REQUIREMENTS = f"conf/{PREFIX}requirements.txt"
JUNIT, COVERAGE = "reports/junit", "reports/coverage"
COVER = []  # whatever the project's own settings measure
PATHS = [Path("tools/plugins")]
for place in CODE:
    folder = place if place.is_dir() else place.parent
    COVER.append(f"--cov={folder}")
    if not IS_PACKAGE:  # nothing installs the code
        if not (place / "__init__.py").exists():
            PATHS.append(place)
        PATHS.append(place.parent)
PACKAGES = """
from importlib.metadata import distributions
import sys

found = [(d.name, d.version) for d in distributions()]
print(sys.version, sorted(map(str, found)))
"""
GATE = ("python", "tools/coverage_gate.py")
NO_TESTS = 5  # pytest's exit code


def install(session, *groups):
    """Fill an environment of the session's own.

    It gets the groups of pyproject.toml, or all of them
    and the project.
    """
    if session.python is False:
        return
    if not groups:
        session.install("-r", REQUIREMENTS)
        if IS_PACKAGE:
            session.install("-e", ".")
        return
    try:
        needed = nox.project.dependency_groups(
            PROJECT,
            *groups,
        )
    except (LookupError, TypeError, ValueError) as error:
        session.error(f"pyproject.toml: {error}")
    if needed:
        session.install(*needed)


def install_by(session, rule):
    """Fill an environment by a rule for its versions.

    It is an option of uv; without uv the session ends.
    """
    if session.venv_backend != "uv":
        told = "needs uv: `pip install uv`, no `--no-venv`"
        session.error(f"{session.name} {told}")
    session.install(rule, "-r", REQUIREMENTS)
    if IS_PACKAGE:
        session.install(rule, "-e", ".")


def search_path():
    """Return the variable by which tests are run."""
    paths = [str(path.resolve()) for path in PATHS]
    paths += filter(None, [os.getenv("PYTHONPATH")])
    return {"PYTHONPATH": os.pathsep.join(paths)}


def run_pytest(session, *arguments, env=None, **options):
    """Run pytest by the template's rules.

    It reports to JUNIT/<session>.xml.
    """
    session.run(
        "pytest",
        "-p",
        "pytest_rules",
        f"--junitxml={JUNIT}/{session.name}.xml",
        *arguments,
        *session.posargs,
        env=search_path() | (env or {}),
        **options,
    )


def try_tests(session, *arguments):
    """Run the tests as CI does, for no coverage verdict."""
    data = f"{COVERAGE}/.coverage-{session.name}"
    run_pytest(
        session,
        *COVER,
        "--cov-fail-under=0",
        "--cov-report=",
        "-m",
        "not integration",
        *arguments,
        env={"COVERAGE_FILE": data},
    )


@nox.session(python=HERE)
def lint(session):
    """Run every check of .pre-commit-config.yaml."""
    install(session, "tasks")
    session.run("python", "tools/lint_gate.py")


@nox.session(python=PYTHONS)
def tests(session):
    """Run unit and performance tests, record coverage."""
    install(session)
    output = session.run(*GATE, "--record", silent=True)
    data = Path(output.splitlines()[-1])
    run_pytest(
        session,
        *COVER,
        "--cov-fail-under=0",
        f"--cov-report=html:{COVERAGE}/html",
        f"--cov-report=xml:{COVERAGE}/coverage.xml",
        "-m",
        "not integration",
        env={"COVERAGE_FILE": str(data)},
    )
    if not data.exists():
        session.error("the tests recorded no coverage")
    Path(f"{data}-unfinished").unlink()


@nox.session(python=HERE)
def coverage_gate(session):
    """Judge the coverage of the tests of all Pythons."""
    install(session, "tasks", "test")  # plugins of coverage
    session.run(*GATE, *session.posargs)


@nox.session(python=HERE)
def build(session):
    """Verify the tree, build and try the wheel."""
    install(session, "tasks", "build")
    session.run("python", "tools/verify_project.py")
    if not IS_PACKAGE:
        return session.log("No wheel: nothing says how")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-P", "-m", "build")
    files = [str(path) for path in Path("dist").iterdir()]
    session.run("twine", "check", "--strict", *files)
    wheels = [name for name in files if ".whl" in name]
    session.run("check-wheel-contents", *wheels)
    session.run("python", "tools/try_wheel.py")


if Path("tools/check_release.py").exists():

    @nox.session(python=HERE, default=False)
    def release(session):
        """Build and check a release: `-- v1.2.0`."""
        build(session)
        script = "tools/check_release.py"
        session.run("python", script, *session.posargs)


@nox.session(python=HERE)
def integration(session):
    """Run the integration tests, if there are any."""
    install(session)
    run_pytest(
        session,
        "-m",
        "integration",
        success_codes=[0, NO_TESTS],
    )


@nox.session(python=HERE or None, default=False)
def affected(session):
    """Run the tests that changes touch: pytest-testmon."""
    install(session, "affected")
    install(session)
    command = ("python", "-c", PACKAGES)
    found = session.run(*command, log=False, silent=True)
    name = f"{zlib.crc32(found.encode()):08x}"
    data = Path("reports/testmon", name)
    if not data.exists():
        told = "the first time with this Python and"
        session.log(f"All tests run: {told} these packages")
        data.parent.mkdir(parents=True, exist_ok=True)
    run_pytest(
        session,
        "--testmon",
        "--no-cov",
        env={"TESTMON_DATAFILE": str(data)},
        success_codes=[0, NO_TESTS],
    )


@nox.session(python=HERE or None, default=False)
def hunt(session):
    """Look for flaky tests: `-- --repetitions 20`."""
    install(session, "hunt")
    install(session)
    session.run(
        "python",
        "tools/flaky_tests.py",
        *session.posargs,
        env=search_path(),
    )


@nox.session(python=HERE, default=False)
def quarantine(session):
    """List the tests in quarantine."""
    install(session)
    listed = f"{JUNIT}/quarantine.json"
    run_pytest(
        session,
        "--collect-only",
        "--no-cov",
        "-qq",
        f"--quarantined={listed}",
        success_codes=[0, NO_TESTS],
    )
    session.run("python", "tools/quarantine.py", listed)


@nox.session(python=HERE, default=False)
def benchmark(session):
    """Measure the performance tests."""
    install(session)
    run_pytest(
        session,
        "--benchmark-enable",
        "-m",
        "performance",
        success_codes=[0, NO_TESTS],
    )


@nox.session(python=HERE, default=False)
def durations(session):
    """Measure each test, so that CI makes equal parts."""
    install(session)
    try_tests(
        session,
        "--store-durations",
        "--clean-durations",
    )


@nox.session(
    python=PYTHONS[0],
    reuse_venv=False,
    default=False,
)
def lowest(session):
    """Try the lowest versions that are allowed."""
    install_by(session, "--resolution=lowest-direct")
    try_tests(session)
    build(session)


@nox.session(
    python=PYTHONS[-1],
    reuse_venv=False,
    default=False,
)
def prereleases(session):
    """Try the newest versions, pre-releases included."""
    install_by(session, "--prerelease=allow")
    freeze = ("uv", "pip", "freeze", "--exclude-editable")
    listed = session.run(*freeze, silent=True)
    pairs = re.findall(r"^(\S+)==(\S+)$", listed, re.M)
    found = []
    for name, version in pairs:
        if Version(version).is_prerelease:
            found.append(f"{name} {version}")
    told = ", ".join(found) or "none"
    session.log(f"Pre-releases installed: {told}")
    output = os.environ.get("GITHUB_OUTPUT", os.devnull)
    with open(output, "a", encoding="utf-8") as file:
        print(f"installed={told}", file=file)
    try_tests(session)
    build(session)


@nox.session(
    python=HERE or None,
    reuse_venv=False,
    default=False,
)
def audit(session):
    """Look for known vulnerabilities of the packages."""
    install(session)
    session.run("python", "tools/audit.py", "--list")
    install(session, "audit")  # is not audited itself
    session.run(
        "python",
        "tools/audit.py",
        *session.posargs,
    )


@nox.session(python=HERE, default=False)
def github_setup(session):
    """Show, or `-- --apply`, the settings on GitHub."""
    install(session, "tasks")
    script = "tools/github_setup.py"
    session.run("python", script, *session.posargs)


@nox.session(python=HERE, default=False)
def ci_health(session):
    """Report on the runs of CI; it asks GitHub by gh."""
    install(session, "tasks")
    script = "tools/ci_health.py"
    session.run("python", script, *session.posargs)


@nox.session(python=HERE, default=False)
def update(session):
    """Bring the template's changes into the project."""
    install(session, "tasks", "update")
    script = "tools/update_project.py"
    session.run("python", script, *session.posargs)


@nox.session(python=HERE, default=False)
def thresholds(session):
    """Change thresholds: `-- --minimum 70 --target 85`."""
    install(session, "tasks", "update")
    script = "tools/update_project.py"
    if not session.posargs:
        session.error("give thresholds after --")
    session.run("python", script, *session.posargs)


@nox.session(python=HERE, default=False)
def dependencies(session):
    """Write the dependency files from pyproject.toml."""
    install(session, "tasks")
    text = Path("pyproject.toml").read_text("utf-8")
    if "project" not in PROJECT:  # or it would refuse
        text += '\n[project]\nname = "project"\n'
    given = Path(session.create_tmp(), "pyproject.toml")
    given.write_text(text, "utf-8")
    session.run(
        "pyproject2conda",
        "project",
        "--overwrite=force",
        f"--pyproject={given}",
    )


if __name__ == "__main__":
    sys.argv[1:1] = ["--noxfile", __file__]
    nox.main()
