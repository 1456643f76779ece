"""Helpers of the tests of the hunt for flaky tests."""

import importlib
from types import SimpleNamespace

import pytest

RANDOMLY = "pytest-randomly>=4,<6"  # what the group `hunt` adds to an environment
FLAKY = "quality.flaky."
NAMES = (f"{FLAKY}issues", f"{FLAKY}records", f"{FLAKY}results", "flaky_tests", "quarantine")


@pytest.fixture(scope="session", name="hunting")
def hunting_fixture(tools):
    """The programs of the hunt as modules; `tools` has put their folder on the path."""
    return SimpleNamespace(**{name.removeprefix(FLAKY): importlib.import_module(name) for name in NAMES})
