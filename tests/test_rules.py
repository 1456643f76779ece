"""P4, R5, V6: the rules for tests in a generated project: markers, caches, counts, coverage."""

import re

import pytest
from conftest import environment, run

pytestmark = pytest.mark.slow


def pytest_in(project, *arguments, check=True, **variables):
    return run("pytest", *arguments, cwd=project, check=check, **environment(project), **variables)


def add_test(project, folder, text):
    """Write a test file of a project; return its path."""
    path = project / "src/tests" / folder / "test_added.py"
    path.write_text(text, encoding="utf-8")
    return path


def test_unit_tests_have_no_network_and_others_do(copy):
    project = copy()
    text = "import socket\n\ndef test_it():\n    socket.socket().close()\n"
    add_test(project, "unit", text)
    add_test(project, "integration", text)
    result = pytest_in(project, "-k", "test_added", check=False)
    assert "SocketBlockedError" in result.stdout
    assert "1 failed, 1 passed" in result.stdout


def test_folders_give_the_markers(copy):
    project = copy()
    for folder in ("unit", "integration", "performance"):
        result = pytest_in(project, "--collect-only", "-q", "-m", folder)
        nodes = [line for line in result.stdout.splitlines() if "::" in line]
        assert nodes
        assert all(node.startswith(f"src/tests/{folder}/") for node in nodes)


def test_unknown_markers_and_options_are_errors(copy):
    project = copy()
    add_test(project, "unit", "import pytest\n\n@pytest.mark.unknown\ndef test_it():\n    pass\n")
    assert "'unknown' not found in `markers`" in pytest_in(project, check=False).stdout


def test_service_tests_run_only_where_the_service_is_configured(copy):
    project = copy(external_service="shop")
    result = pytest_in(project, "-m", "requires_shop")
    assert "SHOP_URL is not set" in result.stdout
    result = pytest_in(project, "-m", "requires_shop", check=False, SHOP_URL="http://127.0.0.1:9/")
    assert "Connection refused" in result.stdout


def test_warnings_slow_tests_and_strange_configuration_are_errors(copy):
    """P4: what would otherwise pass unseen."""
    project = copy()
    path = add_test(
        project, "unit", "import warnings\n\ndef test_it():\n    warnings.warn('old', DeprecationWarning)\n"
    )
    assert "DeprecationWarning: old" in pytest_in(project, path, check=False).stdout
    path = add_test(project, "unit", "import pytest\n\n@pytest.mark.xfail\ndef test_it():\n    pass\n")
    assert "[XPASS(strict)]" in pytest_in(project, path, check=False).stdout
    assert "timeout: 300.0s" in pytest_in(project, path, check=False).stdout
    pyproject = project / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8").replace("xfail_strict", "unknown_option = true\nxfail_strict")
    pyproject.write_text(text, encoding="utf-8")
    assert "Unknown config option: unknown_option" in pytest_in(project, path, check=False).stderr


def test_doctests_of_the_package_can_be_run(copy):
    project = copy()
    module = project / "src/my_project/core/__init__.py"
    module.write_text('"""Logic.\n\n>>> 1 + 1\n2\n"""\n', encoding="utf-8")
    assert "1 passed" in pytest_in(project, "--doctest-modules", module).stdout


def test_wait_until_fails_in_time_and_singletons_do_not_leak(copy):
    project = copy()
    path = add_test(project, "unit", "def test_it(wait_until):\n    wait_until(lambda: False, timeout=0.01)\n")
    assert "not within 0.01 seconds" in pytest_in(project, path, check=False).stdout
    conftest = project / "src/tests/conftest.py"
    text = conftest.read_text(encoding="utf-8")
    conftest.write_text(text.replace("value.cache_clear()", "pass"), encoding="utf-8")
    result = pytest_in(project, "-k", "TestSingleton", check=False)
    assert "1 failed, 1 passed" in result.stdout


PROXY = """
class Lazy:
    def __getattribute__(self, name):
        raise RuntimeError(f"woken by {name}")

    def __setattr__(self, name, value):
        raise RuntimeError("changed")


class Own:
    cleared = False

    def cache_clear(self):
        type(self).cleared = True


class Module(types.ModuleType):
    def __getattribute__(self, name):
        raise RuntimeError(f"loaded by {name}")


class Hidden(types.ModuleType):
    __dict__ = property(lambda self: 1 / 0)


lazy, own = Lazy(), Own()
sys.modules["my_project.hidden"] = Hidden("my_project.hidden")
sys.modules["my_project.lazy_module"] = Module("my_project.lazy_module")
sys.modules["my_project.lazy_object"] = Lazy()
sys.modules["my_project.nothing"] = None


@functools.lru_cache(maxsize=3)
def cached():
    return []
"""
WAKES = """
import my_project

seen = []


def test_first():
    seen.append(my_project.cached())
    assert my_project.cached() is seen[0]


def test_second():
    assert my_project.cached() is not seen[0]
    assert my_project.own.cleared is False
"""


def test_only_functools_caches_are_emptied_and_nothing_is_woken(copy):
    """R5: lazy proxies, lazy modules, objects with a method of that name."""
    project = copy()
    package = project / "src/my_project/__init__.py"
    package.write_text("import functools\nimport sys\nimport types\n" + PROXY, encoding="utf-8")
    result = pytest_in(project, add_test(project, "unit", WAKES))
    assert "2 passed" in result.stdout


def test_a_test_with_another_file_system_is_no_error(copy):
    """R5: after the test nothing is looked for in folders, which may be another's then."""
    project = copy()
    text = "import pathlib\n\nimport pytest\n\n\n@pytest.fixture(scope='session')\ndef gone():\n"
    text += "    patch = pytest.MonkeyPatch()\n    patch.setattr(pathlib.Path, 'iterdir', lambda self: 1 / 0)\n"
    text += "    yield\n    patch.undo()\n\n\ndef test_it(gone):\n    pass\n"
    assert "1 passed" in pytest_in(project, add_test(project, "unit", text)).stdout


def test_caches_of_every_package_are_emptied(copy):
    """R5, R4: whatever the package beside the tests is called."""
    project = copy()
    (project / "src/second").mkdir()
    text = "import functools\n\n\n@functools.cache\ndef cached():\n    return []\n\n\nclass own:\n    cleared = False\n"
    (project / "src/second/__init__.py").write_text(text, encoding="utf-8")
    result = pytest_in(project, add_test(project, "unit", WAKES.replace("my_project", "second")))
    assert "2 passed" in result.stdout


COUNTED = """
import pytest

@pytest.mark.parametrize("x", [1], ids=["/unit/a"])
def test_id(x):
    pass
"""
ENDS_BADLY = """
import pytest

@pytest.fixture
def broken():
    yield
    raise ValueError

def test_it(broken):
    pass
"""


def test_each_test_counts_once_and_every_test_somewhere(copy, tmp_path):
    """V6: by the place of its file, not by a substring; a failing teardown does not make two of one."""
    project = copy()
    for path, text in {
        "integration/test_named.py": COUNTED,
        "test_top.py": COUNTED,
        "unit_other/test_other.py": COUNTED,
        "performance/unit/test_deep.py": COUNTED,
        "unit/test_teardown.py": ENDS_BADLY,
    }.items():
        file = project / "src/tests" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for arguments in ([], ["-n", "2"]):
        summary = tmp_path / f"summary{len(arguments)}.md"
        result = pytest_in(project, *arguments, check=False, GITHUB_STEP_SUMMARY=str(summary))
        assert "29 passed, 1 skipped, 1 error" in result.stdout
        rows = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|", summary.read_text("utf-8"), re.M)
        assert rows == [
            ("unit", "21", "0", "1", "0"),
            ("integration", "2", "0", "0", "1"),
            ("performance", "3", "0", "0", "0"),
            ("other", "2", "0", "0", "0"),
        ]


@pytest.mark.parametrize("folder", ["src", "src/tests", "src/tests/unit"])
def test_coverage_is_measured_in_the_root_or_one_sentence_says_so(copy, folder):
    """V1: the settings are found in the root only; tests without coverage run anywhere."""
    project = copy()
    arguments = ["tests/"] if folder == "src" else []
    variables = environment(project)
    measure = ["--cov=.", "--cov-report=html"]
    result = run("pytest", *arguments, *measure, cwd=project / folder, check=False, **variables)
    assert result.returncode == 4, result.stdout
    assert result.stderr.strip() == f"ERROR: coverage is set up in {project}: run: cd {project} && pytest --cov"
    assert not list((project / "src").rglob("htmlcov"))
    assert " passed" in run("pytest", *arguments, cwd=project / folder, **variables).stdout
    command = result.stderr.partition("run: ")[2].strip()
    assert "Total coverage: 100.00%" in run("bash", "-c", command, cwd=project / folder, **variables).stdout


@pytest.mark.parametrize("command", [["coverage", "run", "-m", "pytest"], ["pytest", "--cov"]])
def test_advice_on_where_to_measure_can_be_pasted(copy, tmp_path, command):
    """R4, V1: from a path with blanks as well, and for coverage.py's own command."""
    source = copy()
    project = source.rename(tmp_path / "my 'own' work $x")
    variables = environment(project)
    result = run(*command, "tests/unit", cwd=project / "src", check=False, **variables)
    assert result.returncode == 4, result.stdout
    advice = result.stderr.partition("run: ")[2].splitlines()[0]
    assert "Total coverage: 100.00%" in run("bash", "-c", advice, cwd="/", **variables).stdout


def test_a_part_without_tests_is_no_failure_and_says_why(copy, tmp_path):
    """R4, X2: two tests in four parts; without parts no test is a failure as before."""
    project = copy()
    variables = environment(project) | {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    words = ["nox", "--no-venv", "--no-install", "-s", "tests", "--", "-n", "2", "-k", "TestSingleton"]
    ran = 0
    for group in ("1", "2", "3", "4"):
        result = run(*words, "--splits", "4", "--group", group, cwd=project, **variables)
        empty = "No test in this one of 4 parts: CI_TEST_SHARDS can be lower." in result.stdout
        ran += not empty
        assert empty != ("1 passed" in result.stdout), result.stdout
    assert ran == 2
    assert (tmp_path / "summary.md").read_text(encoding="utf-8").count("CI_TEST_SHARDS can be lower") == 2
    assert run("pytest", "-k", "nothing_is_called_so", cwd=project, check=False, **variables).returncode == 5
