"""A cache that never has anything, which every workflow must survive; CACHE_DOWN=1 only adds the service's warning."""

import os

from standin import down, fail, record, tell, warn

record("actions/cache")
if down("CACHE"):
    warn("Failed to restore: Cache service responded with 503")
if os.environ.get("INPUT_FAIL-ON-CACHE-MISS") == "true":  # `save` has no such input
    fail("Failed to restore cache entry")
tell("OUTPUT", "cache-hit=false")
