#!/usr/bin/env -S uv run --script
# /// script
# dependencies = ["nox"]
# ///
"""The project's commands, the same here and in CI.

`nox` runs them all, `nox -l` lists them. The tests make
environments of their own, one for each Python; all else
runs in the project's. Where there is none, as with
`./noxfile.py`, each session makes one.
"""

import importlib.util
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"

try:
    PROJECT = nox.project.load_toml("pyproject.toml")
    PYTHONS = nox.project.python_versions(PROJECT)
except (
    OSError,
    ValueError,
    TypeError,
    AttributeError,
) as error:
    print(f"pyproject.toml: cannot be used: {error}")
    raise SystemExit(2) from None
IS_HERE = importlib.util.find_spec("pre_commit") is not None
HERE = False if IS_HERE else PYTHONS[-1]
JUNIT = Path("reports/junit")
NO_TESTS = 5  # pytest's exit code


def install(session):
    """Fill an environment of the session's own."""
    if session.python is not False:
        session.install("-r", "conf/requirements.txt")
        session.install("--no-deps", "-e", ".")


def run_pytest(session, *arguments, **options):
    """Run pytest; it reports to JUNIT/<session>.xml."""
    report = JUNIT / f"{session.name}.xml"
    session.run(
        "pytest",
        f"--junitxml={report}",
        *arguments,
        *session.posargs,
        **options,
    )


@nox.session(python=HERE)
def lint(session):
    """Run every check of .pre-commit-config.yaml."""
    install(session)
    session.run("python", "tools/lint_gate.py")


@nox.session(python=PYTHONS)
def tests(session):
    """Run unit and performance tests, measure coverage."""
    install(session)
    run_pytest(
        session,
        "--cov",
        "--cov-fail-under=0",
        "--cov-report=html",
        "--cov-report=xml",
        "-m",
        "not integration",
    )


@nox.session(python=HERE)
def coverage_gate(session):
    """Judge the coverage of the last tests."""
    install(session)
    script = "tools/coverage_gate.py"
    session.run("python", script, *session.posargs)


@nox.session(python=HERE)
def build(session):
    """Verify the tree, build the wheel and the sdist."""
    install(session)
    session.run("python", "tools/verify_project.py")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build")
    files = [str(path) for path in Path("dist").iterdir()]
    session.run("twine", "check", "--strict", *files)
    wheels = [name for name in files if ".whl" in name]
    session.run("check-wheel-contents", *wheels)


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
    install(session)
    groups = nox.project.dependency_groups
    session.install(*groups(PROJECT, "affected"))
    script = "tools/affected.py"
    session.run("python", script, *session.posargs)


@nox.session(python=HERE, default=False)
def benchmark(session):
    """Measure the performance tests."""
    install(session)
    session.run(
        "pytest",
        "--benchmark-enable",
        "-m",
        "performance",
        *session.posargs,
    )


@nox.session(python=HERE, default=False)
def update(session):
    """Bring the template's changes into the project."""
    install(session)
    script = "tools/update_project.py"
    session.run("python", script, *session.posargs)


@nox.session(python=HERE, default=False)
def thresholds(session):
    """Change thresholds: `-- --minimum 70 --target 85`."""
    install(session)
    script = "tools/update_project.py"
    if not session.posargs:
        session.error("give thresholds after --")
    session.run("python", script, *session.posargs)


@nox.session(python=HERE, default=False)
def dependencies(session):
    """Write the dependency files from pyproject.toml."""
    install(session)
    session.run(
        "pyproject2conda",
        "project",
        "--overwrite",
        "force",
    )


if __name__ == "__main__":
    nox.main()
