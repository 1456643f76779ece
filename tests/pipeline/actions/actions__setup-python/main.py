"""Puts a Python first on PATH: a virtual environment, because jobs install into it and the machine must stay clean."""

import os
import shutil
import subprocess
from pathlib import Path

from standin import fail, given, tell

version = given("python-version")
base = shutil.which(f"python{version}", path=os.environ["CI_TEMPLATE_PYTHONS"])
if not version or base is None:
    fail(f"setup-python: no interpreter for python-version {version!r} on this machine")
target = Path(os.environ["RUNNER_TEMP"], f"python-{version}")
command = [os.environ["CI_TEMPLATE_UV"], "venv", "--quiet", "--clear", "--seed", "--python", base, str(target)]
subprocess.run(command, check=True)
tell("PATH", str(target / "bin"))
tell("OUTPUT", f"python-version={version}\npython-path={target / 'bin' / 'python'}\ncache-hit=false")
