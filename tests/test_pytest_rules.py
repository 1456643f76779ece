"""P9, R5: the rules for tests as a plugin that works in every layout and beside a project's own settings."""

import re
import sys
from datetime import date, timedelta

import pytest
from conftest import TEMPLATE, run
from pipelines import write

pytestmark = pytest.mark.slow

PLUGINS = TEMPLATE / "{{cookiecutter.project_slug}}/tools/plugins"
# Ends of quarantines, whose longest time may be a setting.
SOON, OVER = (str(date.today() + timedelta(days)) for days in (7, -7))
PASSES = "def test_it():\n    pass\n"
NETWORK = "import socket\n\n\ndef test_it():\n    socket.socket().close()\n"
QUARANTINE = "import pytest\n\n\n@pytest.mark.quarantine({})\ndef test_it():\n    assert {}\n"


def settings(**values):
    """Return a pyproject.toml with these values, as TOML, in [tool.quality-gate]."""
    return "[tool.quality-gate]\n" + "".join(f"{name.replace('_', '-')} = {value}\n" for name, value in values.items())


def kinds(tests):
    """Return a test file for each kind below the folder `tests`, and one beside them."""
    files = ("unit/test_a", "integration/deep/test_b", "performance/unit/test_c", "unit_too/test_d")
    return {f"{tests}/{file}.py": PASSES for file in files}


def rules(folder, *arguments, python=sys.executable, code=0, **variables):
    """Run pytest with the plugin in `folder`; return its output and the rows of the job summary."""
    summary = folder / "summary.md"
    variables = {"PYTHONPATH": str(PLUGINS), "PYTHONDONTWRITEBYTECODE": "1"} | variables
    variables = {"GITHUB_STEP_SUMMARY": str(summary)} | variables
    options = ("-p", "pytest_rules", "-p", "no:cacheprovider", *arguments)
    done = run(python, "-m", "pytest", *options, cwd=folder, check=False, **variables)
    said = done.stdout + done.stderr
    assert "INTERNALERROR" not in said, said
    assert done.returncode == code, said
    text = summary.read_text(encoding="utf-8") if summary.exists() else ""
    summary.unlink(missing_ok=True)
    return said, re.findall(r"^\| (\w+) \| (\d+) \|", text, re.M)


EACH = [("unit", "1"), ("integration", "1"), ("performance", "1"), ("other", "1")]


@pytest.mark.parametrize("tests", ["src/tests", "tests", ".", "my_package/tests", "src/my_package/testing/"])
def test_folders_give_the_kind_wherever_the_tests_lie(tmp_path, tests):
    """P4, V6: as a marker and in the counts."""
    write(tmp_path, kinds(tests) | {"pyproject.toml": settings(tests=f"'{tests}'")})
    said, counts = rules(tmp_path, "-m", "not integration")
    assert "3 passed, 1 deselected" in said
    assert counts == [EACH[0], *EACH[2:]]


OWN = """markers =
    unit: ours
    slow: ours
    own: ours
addopts = --strict-markers -p pytest_rules
"""
NATIVE = 'markers = ["unit: ours", "slow", "own"]\nstrict = true\naddopts = ["-p", "pytest_rules"]\n'
SETTINGS = {
    "pytest.ini": {"pytest.ini": f"[pytest]\n{OWN}"},
    "tox.ini": {"tox.ini": f"[pytest]\n{OWN}"},
    "setup.cfg": {"setup.cfg": f"[tool:pytest]\n{OWN}"},
    "pyproject.toml": {"pyproject.toml": settings(tests="'tests'") + f"[tool.pytest]\n{NATIVE}"},
    "old pyproject.toml": {
        "pyproject.toml": settings(tests="'tests'")
        + "[tool.pytest.ini_options]\n"
        + NATIVE.replace("strict = true\n", "").replace('["-p"', '["--strict-markers", "-p"')
    },
    "none": {},
}
HOOKS = """import pytest


def pytest_configure(config):
    config.addinivalue_line("markers", "hooked: given by a hook of the project")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("unit"):
            item.add_marker("hooked")
"""


@pytest.mark.parametrize("case", SETTINGS)
def test_own_settings_markers_and_hooks_stay_what_they_are(tmp_path, case):
    """P9: the same names, strict ones, the plugin named a second time; the project's hooks see the kinds."""
    marked = "import pytest\n\n\n@pytest.mark.slow\n@pytest.mark.unit\ndef test_it():\n    pass\n"
    files = {"pyproject.toml": settings(tests="'tests'"), "conftest.py": HOOKS, "tests/unit_too/test_x.py": marked}
    write(tmp_path, kinds("tests") | files | SETTINGS[case])
    said, counts = rules(tmp_path, "-m", "hooked and (slow or not integration)")
    assert "2 passed, 3 deselected" in said
    assert counts == [EACH[0], EACH[3]]


def test_settings_are_found_from_another_rootdir(tmp_path):
    """P9: below the settings, or beside the tests, where the names of the tests do not lead to their files."""
    write(tmp_path, kinds("tests") | {"pyproject.toml": settings(tests="'tests'")})
    write(tmp_path, {"conf/pytest.ini": "[pytest]\n", "tests/pytest.ini": "[pytest]\n", "tests/pyproject.toml": ""})
    said, counts = rules(tmp_path, "tests")
    assert f"rootdir: {tmp_path / 'tests'}\n" in said
    assert counts == EACH
    for workers in ("0", "2"):
        said, counts = rules(tmp_path, "-c", "conf/pytest.ini", "-n", workers, "tests")
        assert f"rootdir: {tmp_path / 'conf'}\n" in said
        assert counts == EACH


def test_without_settings_there_are_only_markers(tmp_path):
    """P9: the plugin is quiet; a quarantine is asked for, so it holds."""
    quarantined = QUARANTINE.format(f"issue='#7', until='{SOON}'", "False")
    write(tmp_path, kinds("tests") | {"tests/unit/test_q.py": quarantined, "pytest.ini": "[pytest]\n"})
    said, counts = rules(tmp_path, "--strict-markers", "-m", "not unit")
    assert "4 passed, 1 xfailed" in said
    assert counts == []


ITEMS = """import pytest


class Odd(pytest.Item):
    def runtest(self):
        pass

    def reportinfo(self):
        return "", None, self.name


class File(pytest.File):
    def collect(self):
        for name, path in (("folder", self.path.parent), ("text", str(self.path))):
            item = Odd.from_parent(self, name=name)
            item.path = path
            yield item


def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".odd":
        return File.from_parent(parent, path=file_path)
"""


def test_tests_that_are_no_functions_have_a_kind_too(tmp_path):
    """P9: doctests of modules and of texts, items of another plugin, whose path may be a folder."""
    doctest = ">>> 1 + 1\n2\n"
    files = {"conftest.py": ITEMS, "tests/x.odd": "", "tests/unit/y.odd": "", "pkg/x.py": f'"""\n{doctest}"""\n'}
    files |= {"tests/unit/test_x.txt": doctest, "tests/integration/test_x.txt": doctest}
    write(tmp_path, files | {"pyproject.toml": settings(tests="'tests'", socket_ban="true")})
    said, counts = rules(tmp_path, "--doctest-modules", "--strict-markers")
    assert "7 passed" in said
    assert counts == [("unit", "3"), ("integration", "1"), ("other", "3")]


def test_a_ban_without_the_plugin_that_enforces_it_is_said(tmp_path):
    """P9: an editor's pytest, for example; the tests run."""
    write(tmp_path, {"tests/unit/test_x.py": NETWORK, "pyproject.toml": settings(tests="'tests'", socket_ban="true")})
    said, counts = rules(tmp_path, "--strict-markers", "-q")
    assert "Unit tests may open sockets: pytest-socket is not there to ban them." in said
    assert counts == [("unit", "1")]


def test_the_service_is_named_by_the_settings(tmp_path):
    """P4: other markers of that kind are the project's own."""
    text = "import pytest\n\n\n@pytest.mark.requires_{}\ndef test_it():\n    pass\n"
    files = {f"test_{name}.py": text.format(name) for name in ("shop", "mail")}
    table = settings(tests="'.'", external_service="'shop'")
    write(tmp_path, files | {"pyproject.toml": table, "pytest.ini": "[pytest]\nmarkers =\n    requires_mail\n"})
    said, _ = rules(tmp_path, "--strict-markers")
    assert "1 passed, 1 skipped" in said
    assert "2 passed" in rules(tmp_path, "--strict-markers", SHOP_URL="x")[0]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_quarantine_is_judged_beside_marks_of_the_project(tmp_path, workers):
    """F2: all that are wrong are named; a worker of xdist cannot, so that its tests fail."""
    bad = {f"test_{day}.py": QUARANTINE.format(f"issue='#7', until='{day}'", "True") for day in ("never", "soon")}
    write(tmp_path, bad | {"test_good.py": PASSES, "pytest.ini": "[pytest]\naddopts = --strict-markers\n"})
    said, _ = rules(tmp_path, "-n", workers, code=1 if workers == "2" else 4)
    for day in ("never", "soon"):
        assert f"test_{day}.py::test_it: '{day}' is no date YYYY-MM-DD: write quarantine(" in said


LAZY = """import sys


class Lazy:
    def __getattribute__(self, name):
        raise RuntimeError(f"woken by {name}")


sys.modules["coverage"] = Lazy()
"""


def test_nothing_of_the_users_is_woken(tmp_path):
    """R5: a lazy object in the place of a module; values of tests that nobody asks for anything."""
    text = "import pytest\nimport sys\n\n\n@pytest.fixture\ndef lazy():\n    return sys.modules['coverage']\n\n\n"
    text += "def test_it(lazy):\n    pass\n"
    write(tmp_path, {"conftest.py": LAZY, "unit/test_x.py": text, "pyproject.toml": settings(tests="'.'")})
    assert rules(tmp_path)[1] == [("unit", "1")]


def test_a_summary_that_cannot_be_written_fails_no_test(tmp_path):
    """V6."""
    write(tmp_path, {"test_x.py": PASSES, "pyproject.toml": settings(tests="'.'")})
    said, _ = rules(tmp_path, GITHUB_STEP_SUMMARY=str(tmp_path / "gone/summary.md"))
    assert "GITHUB_STEP_SUMMARY: no counts written: [Errno 2]" in said


def test_a_test_that_cannot_be_collected_counts_where_its_file_lies(tmp_path):
    """V6: and coverage.py that is only imported is not measuring."""
    broken = {"integration/test_x.py": "import nothing\n", "unit/test_x.py": f"import coverage\n\n\n{PASSES}"}
    write(tmp_path, broken | {"pyproject.toml": settings(tests="'.'")})
    said, _ = rules(tmp_path / "unit", GITHUB_STEP_SUMMARY=str(tmp_path / "first.md"))
    rules(tmp_path, code=2, GITHUB_STEP_SUMMARY=str(tmp_path / "second.md"))
    assert "| unit | 1 | 0 | 0 |" in (tmp_path / "first.md").read_text(encoding="utf-8")
    assert "| integration | 0 | 0 | 1 |" in (tmp_path / "second.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("splits", [[], ["--splits=two"]], ids=["none", "of another plugin"])
def test_a_run_without_tests_stays_a_failure(tmp_path, splits):
    """R4: unless pytest-split has made parts, and others may have the tests."""
    option = "def pytest_addoption(parser):\n    parser.addoption('--splits')\n"
    write(tmp_path, {"conftest.py": option, "test_x.py": PASSES, "pyproject.toml": settings(tests="'.'")})
    assert rules(tmp_path, "-k", "nothing", *splits, code=5)[1] == []
