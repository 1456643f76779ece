"""Saves a file or a folder under a key; what is there already stays as it is, and only a warning says so."""

import shutil

from standin import WORKSPACE, down, given, record, saved, store, warn

record("actions/cache/save")
path, key = given("path"), given("key")
source = WORKSPACE / path
if down("CACHE"):
    warn("Failed to save: Cache service responded with 503")
elif not source.exists():
    warn(f"Path Validation Error: {path} does not exist, hence no cache is being saved.")
elif key in dict(saved(path)):
    warn(f"Failed to save: Unable to reserve cache with key {key}, another job may be creating this cache.")
else:
    target = store(path) / f"{len(saved(path)):04d} {key}" / path
    target.parent.mkdir(parents=True)
    (shutil.copytree if source.is_dir() else shutil.copy2)(source, target)
    print(f"Cache saved with key: {key}")
