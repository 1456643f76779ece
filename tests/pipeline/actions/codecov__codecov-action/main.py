"""Records an upload; with CODECOV_DOWN=1 it fails exactly when the workflow asked for that."""

from standin import down, fail, is_true, record

record("codecov/codecov-action")
if down("CODECOV") and is_true("fail_ci_if_error"):
    fail("Codecov: upload failed")
