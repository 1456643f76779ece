"""Publishes on a package index that is a folder, by the rules of PyPI: a trusted publisher, and no file twice.

PYPI_STORE names a folder that outlives the run. With PYPI_DOWN=1 the index breaks off after the first file.
"""

import os
import shutil
from pathlib import Path

from standin import RUN, WORKSPACE, down, fail, given, is_true, record, rights

store = Path(os.environ.get("PYPI_STORE") or RUN / "pypi")
store.mkdir(exist_ok=True)
if rights().get("id-token") != "write":
    fail("Trusted publishing exchange failure: OpenID Connect token retrieval failed: id-token: write is missing")
files = sorted((WORKSPACE / given("packages-dir")).iterdir())
if not files or any(path.suffix not in (".whl", ".gz") for path in files):
    fail(f"twine: InvalidDistribution: {[path.name for path in files]}")
record("pypa/gh-action-pypi-publish")
for path in files:
    if (store / path.name).exists():
        if not is_true("skip-existing"):
            fail(f"HTTPError: 400 Bad Request: File already exists ({path.name!r})")
        print(f"Skipping {path.name} because it appears to already exist")
        continue
    shutil.copy(path, store)
    if down("PYPI"):
        fail("HTTPError: 503 Service Unavailable")
