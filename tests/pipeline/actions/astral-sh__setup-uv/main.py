"""Puts uv on PATH and tells it which of this machine's Pythons to use; what it installs comes from a shared cache."""

import os
import shutil
from pathlib import Path

from standin import fail, given, record, tell, wait

record("astral-sh/setup-uv")
wait("TOOLS", restored=given("enable-cache") != "false")
version = given("python-version")
base = shutil.which(f"python{version}", path=os.environ["CI_TEMPLATE_PYTHONS"])
if version and base is None:
    fail(f"setup-uv: no interpreter for python-version {version!r} on this machine")
folder = Path(os.environ["RUNNER_TEMP"], "uv")
folder.mkdir(exist_ok=True)
uv = Path(os.environ["CI_TEMPLATE_UV"])
programs = {"uv": uv, "uvx": uv.with_name("uvx"), f"python{version}": base}
for name in [name for name, program in programs.items() if program and not (folder / name).exists()]:
    (folder / name).symlink_to(programs[name])
tell("PATH", str(folder))
if version:
    tell("ENV", f"UV_PYTHON={version}")
tell("OUTPUT", f"uv-path={folder / 'uv'}\npython-version={version}\ncache-hit=false")
