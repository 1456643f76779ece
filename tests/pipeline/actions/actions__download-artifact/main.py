"""Fetches what earlier jobs kept: one artifact into `path`, several each into a folder of its name.

ARTIFACTS_LOST names one that the service has lost.
"""

import fnmatch
import os
import shutil

from standin import RUN, WORKSPACE, down, fail, given, is_true, tell

store = RUN / "artifacts"
target = WORKSPACE / os.path.expanduser(given("path"))
name, pattern = given("name"), given("pattern")
if down("ARTIFACTS"):
    fail("download-artifact: the artifact service is down")
found = sorted(p.name for p in store.iterdir()) if store.is_dir() else []
found = [name for name in found if name != os.environ.get("ARTIFACTS_LOST")]
if name and name not in found:
    fail(f"download-artifact: Artifact not found for name: {name}")
target.mkdir(parents=True, exist_ok=True)
for artifact in [name] if name else fnmatch.filter(found, pattern):
    into = target if name or is_true("merge-multiple") else target / artifact
    shutil.copytree(store / artifact, into, dirs_exist_ok=True)
    print(f"{artifact} -> {into}")
tell("OUTPUT", f"download-path={target}")
