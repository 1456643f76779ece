"""Run the tests that changes touch, by what pytest-testmon has recorded of earlier runs.

Usage: python tools/affected.py [ARGUMENTS OF PYTEST]

All tests run the first time, and after a change of what any test may depend on: Python, the packages, pyproject.toml, a
conftest.py, a file in src that holds no code. Not seen is what tests start as other processes or read elsewhere.
Exit codes: 0 passed, or no test is affected, 1 a test failed, 2 the tests could not be run.
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import shutil
import sqlite3
import subprocess  # nosec B404 # runs pytest only
import sys
from contextlib import closing
from pathlib import PurePosixPath

import repository
import settings
from repository import ROOT, Unusable

FOLDER = ROOT / "reports/testmon"
DATA, BASIS = FOLDER / "data", FOLDER / "basis.json"
CODE = re.compile(rb"^[^\S\n]*[^#\s]", re.M)
SHOWN = 5  # names in one line


def basis() -> dict[str, str]:
    """Return the state of what any test may depend on, by name."""
    found = {f"package {package.name}": package.version for package in importlib.metadata.distributions()}
    found["Python"] = f"{platform.python_version()} {sys.platform}"
    for path in filter(lambda path: (ROOT / path).is_file(), repository.paths(ROOT)):
        shared = path == "pyproject.toml" or PurePosixPath(path).name == "conftest.py"
        if shared or (settings.below(path, settings.SOURCE) and not path.endswith(".pyc")):
            data = (ROOT / path).read_bytes()
            # testmon compares code, of which an empty module has none until it has some.
            if shared or not (path.endswith(".py") and CODE.search(data)):
                found[path] = hashlib.sha256(data).hexdigest()
    return found


def why_all(now: dict[str, str]) -> str:
    """Return why all tests have to run, or an empty string."""
    try:
        before = json.loads(BASIS.read_bytes())
        with closing(sqlite3.connect(f"{DATA.as_uri()}?mode=ro", uri=True)) as data:
            data.execute("SELECT count(*) FROM test_execution").fetchone()
        changed = sorted(name for name in before.keys() | now if before.get(name) != now.get(name))
    except (OSError, ValueError, AttributeError, sqlite3.Error):
        return "there is no data of an earlier run"
    more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
    return f"changed since the last run: {', '.join(changed[:SHOWN])}{more}" if changed else ""


def main() -> int:
    arguments = sys.argv[1:]
    if not importlib.util.find_spec("testmon"):
        raise Unusable("pytest-testmon is not installed here: run: nox -s affected")
    if any(argument.startswith("--cov") for argument in arguments):
        raise Unusable("coverage cannot be measured in this run: run: pytest --cov")
    now = basis()
    reason = why_all(now)
    if reason:
        print(f"All tests run: {reason}.", flush=True)
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        BASIS.write_text(json.dumps(now, indent=2), encoding="utf-8")
    # --no-cov: the project's own addopts may hold --cov, and two cannot trace at the same time.
    options = ["-p", "tools.testmon_imports", "--testmon-forceselect", "--no-cov", *arguments]
    environment = os.environ | {"TESTMON_DATAFILE": str(DATA)}
    command = [sys.executable, "-m", "pytest", *options]
    code = subprocess.run(command, cwd=ROOT, env=environment).returncode  # nosec B603 # no shell
    return code if code in (0, 1) else 2


if __name__ == "__main__":
    repository.run(main, "Affected tests")
