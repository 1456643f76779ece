"""P9, R3: the settings that the rules for tests read."""

import importlib.util
import re
import sys

import pytest
from pipelines import write
from test_pytest_rules import PASSES, PLUGINS, rules, settings

WRONG = {
    "absent": ("tests", "'gone'", "tests: 'gone' is no folder in"),
    "a file": ("tests", "'pyproject.toml'", "tests: 'pyproject.toml' is no folder in"),
    "elsewhere": ("tests", "'../tests'", "tests: '../tests' is no folder in"),
    "absolute": ("tests", "'/usr'", "tests: '/usr' is no folder in"),
    "nowhere": ("tests", "''", "tests: '' is no folder in"),
    "no path": ("tests", "'a\\u0000'".replace("'", '"'), "tests: 'a\\x00' is no folder in"),
    "a list": ("tests", "['tests']", "tests: ['tests'] is no folder in"),
    "a number": ("tests", "0", "tests: 0 is no folder in"),
    "a word": ("socket_ban", "'yes'", "socket-ban: 'yes' is neither true nor false: write true"),
    "one": ("socket_ban", "1", "socket-ban: 1 is neither true nor false: write true"),
    "no name": ("external_service", "'My-Shop'", "external-service: 'My-Shop' is no name of lower-case letters"),
    "a digit": ("external_service", "'9to5'", "external-service: '9to5' is no name of lower-case letters"),
    "no table": (
        "quarantine",
        "3",
        "quarantine: 3 is no table: write days and tests below [tool.quality",
    ),
    "no number": ("quarantine", "{ days = true }", "quarantine.days: True is not a number, 0 or more: write one"),
    "below 0": ("quarantine", "{ tests = -1 }", "quarantine.tests: -1 is not a number, 0 or more: write one"),
    "words": ("quarantine", "{ clean-nights = 'x' }", "quarantine.clean-nights: 'x' is not a number, 0 or more: write"),
    "no text": ("external_service", "false", "external-service: False is no name of lower-case letters"),
}


@pytest.fixture(scope="module")
def plugin():
    """The plugin as a module, for calls in this process."""
    spec = importlib.util.spec_from_file_location("pytest_rules", PLUGINS / "pytest_rules.py")
    module = importlib.util.module_from_spec(spec)
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    spec.loader.exec_module(module)
    sys.dont_write_bytecode = written
    return module


@pytest.mark.parametrize("case", WRONG)
def test_wrong_settings_are_refused_in_words(plugin, tmp_path, case):
    """P9, R4: the value, the rule and the fix."""
    name, value, problem = WRONG[case]
    write(tmp_path, {"pyproject.toml": settings(**{name: value})})
    with pytest.raises(pytest.UsageError) as refused:
        plugin.read_rules(tmp_path / "below")
    assert str(refused.value).startswith(f"{tmp_path / 'pyproject.toml'}: [tool.quality-gate] {problem}")


def test_all_wrong_settings_are_said_at_once(tmp_path):
    """P9: pytest ends as with any wrong usage, in workers too."""
    write(tmp_path, {"pyproject.toml": settings(tests="3", socket_ban="3", external_service="3"), "test_x.py": PASSES})
    for workers in ("0", "2"):
        said, _ = rules(tmp_path, "-n", workers, code=4)
        assert re.findall(r"\] (\S+): 3 is", said) == ["tests", "socket-ban", "external-service"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = = b", "pyproject.toml: cannot be read: Invalid value"),
        (b"a = '\xff'", "pyproject.toml: cannot be read: 'utf-8' codec can't decode"),
        (f"a = {'[' * 9999}", "pyproject.toml: cannot be read: maximum recursion depth"),
        ("tool.quality-gate = 'x'", "pyproject.toml: [tool.quality-gate]: 'x' is no table: write its settings"),
    ],
)
def test_settings_that_cannot_be_read_are_refused(plugin, tmp_path, text, told):
    """P9: above pytest's own rootdir, where pytest does not look."""
    (tmp_path / "pyproject.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(pytest.UsageError) as refused:
        plugin.read_rules(tmp_path / "below")
    assert told in str(refused.value)


@pytest.mark.parametrize("text", ["", "[tool]\n", "[tool.other]\n", "tool = 3\n"])
def test_files_without_the_table_are_passed_by(plugin, tmp_path, text):
    """P9: the one of a part of the repository; what has no table above it either is no project of the template."""
    write(tmp_path, {"pyproject.toml": settings(tests="'.'"), "part/pyproject.toml": text})
    assert plugin.read_rules(tmp_path / "part").tests == tmp_path
    (tmp_path / "pyproject.toml").unlink()
    assert plugin.read_rules(tmp_path / "part") == (tmp_path / "part", None, False, "", {})


def test_settings_without_a_word_of_tests_are_those_of_an_older_template(plugin, tmp_path):
    """P9, L1: the folder that it had; it may be absent, as in an sdist without tests."""
    write(tmp_path, {"pyproject.toml": settings(target="80")})
    assert plugin.read_rules(tmp_path) == (tmp_path, tmp_path / "src/tests", False, "", {})
