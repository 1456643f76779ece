"""Fixtures that all tests share."""

import functools
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

TESTS = Path(__file__).parent
CODE = {path.stem for path in TESTS.parent.iterdir()}
CODE.discard(TESTS.name)
CACHED = type(functools.cache(print))
NAMESPACE = ModuleType.__dict__["__dict__"]


@pytest.fixture
def mock_config_file(tmp_path):
    """Return a function that writes a settings file."""

    def write(text):
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(autouse=True)
def reset_singletons():
    """Empty the project's caches after each test.

    A singleton is a function with functools.cache. No
    other object is asked for anything: a lazy one would
    wake up.
    """
    yield
    for name, module in list(sys.modules.items()):
        is_module = issubclass(type(module), ModuleType)
        if is_module and name.partition(".")[0] in CODE:
            values = NAMESPACE.__get__(module).values()
            for value in list(values):
                if type(value) is CACHED:
                    value.cache_clear()


@pytest.fixture
def wait_until():
    """Return a function that waits for a condition."""

    def poll(condition, timeout=10.0):
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"not within {timeout} seconds")
            time.sleep(0.001)

    return poll
