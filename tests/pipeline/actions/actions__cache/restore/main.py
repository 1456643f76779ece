"""Brings back what was saved under `key`, or the newest entry that begins with one of `restore-keys`; else nothing.

With CACHE_RACE=1 an entry becomes known with each step of a run: the first step gets the oldest one.
"""

import itertools
import os
import shutil

from standin import RUN, WORKSPACE, down, fail, given, is_true, record, saved, tell, warn


def turn() -> int:
    """How many steps have asked, this one included; jobs run at the same time."""
    for number in itertools.count(1):
        try:
            (RUN / f"restored-{number}").touch(exist_ok=False)
            return number
        except FileExistsError:
            pass


record("actions/cache/restore")
entries = [] if down("CACHE") else saved(given("path"))
if down("CACHE"):
    warn("Failed to restore: Cache service responded with 503")
if os.environ.get("CACHE_RACE") == "1":
    entries = entries[: turn()]
wanted = [given("key"), *given("restore-keys").split()]
exact = [(key, folder) for key, folder in entries if key == given("key")]
found = exact or [(key, folder) for prefix in wanted for key, folder in entries[::-1] if key.startswith(prefix)]
if found:
    shutil.copytree(found[0][1], WORKSPACE, dirs_exist_ok=True)
    print(f"Cache restored from key: {found[0][0]}")
elif is_true("fail-on-cache-miss"):
    fail(f"Failed to restore cache entry. Input key: {given('key')}")
else:
    print(f"Cache not found for input keys: {', '.join(wanted)}")
tell("OUTPUT", f"cache-hit={str(bool(exact)).lower()}\ncache-matched-key={found[0][0] if found else ''}")
