"""P9, R5: the rules for tests as a plugin that works in every layout and beside a project's own settings."""

import importlib.util
import os
import re
import sys
import tarfile

import pytest
from conftest import CACHE, TEMPLATE, environment, interpreter, run
from filelock import FileLock
from pipelines import write

PLUGINS = TEMPLATE / "{{cookiecutter.project_slug}}/tools/plugins"
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
    quarantined = QUARANTINE.format("issue='#7', until='2999-12-31'", "False")
    write(tmp_path, kinds("tests") | {"tests/unit/test_q.py": quarantined, "pytest.ini": "[pytest]\n"})
    said, counts = rules(tmp_path, "--strict-markers", "-m", "not unit")
    assert "4 passed, 1 xfailed" in said
    assert counts == []


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
    assert plugin.read_rules(tmp_path / "part") == (tmp_path / "part", None, False, "")


def test_settings_without_a_word_of_tests_are_those_of_an_older_template(plugin, tmp_path):
    """P9, L1: the folder that it had; it may be absent, as in an sdist without tests."""
    write(tmp_path, {"pyproject.toml": settings(target="80")})
    assert plugin.read_rules(tmp_path) == (tmp_path, tmp_path / "src/tests", False, "")


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
        assert f"test_{day}.py::test_it: Invalid isoformat string: '{day}': write quarantine(" in said


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


SPY = f"""#!{sys.executable}
import os, sys
from pathlib import Path

with open("spied", "a") as file:
    print(os.environ["PYTHONPATH"], *sys.argv[1:], file=file)
Path(os.environ.get("COVERAGE_FILE", "spied")).touch()
"""


@pytest.mark.parametrize("own", [None, "", "one:two"])
def test_every_session_that_runs_pytest_brings_the_rules(copy, tmp_path, own):
    """P9, P7: whatever the project's own settings of pytest are; what stands in PYTHONPATH stays."""
    project = copy()
    spy = tmp_path / "bin/pytest"
    write(spy.parent, {"pytest": SPY})
    spy.chmod(0o755)
    sessions = ["tests", "integration", "affected", "benchmark", "durations"]
    path = f"{spy.parent}{os.pathsep}{os.environ['PATH']}"
    run("nox", "--no-venv", "--no-install", "-s", *sessions, "--", "-x", cwd=project, PATH=path, PYTHONPATH=own)
    lines = (project / "spied").read_text(encoding="utf-8").splitlines()
    assert len(lines) >= len(sessions)
    start = os.pathsep.join(filter(None, [str(project / "tools/plugins"), own]))
    assert [line for line in lines if not line.startswith(f"{start} -p pytest_rules ") or line[-3:] != " -x"] == []
    reports = "--cov-report=html:reports/coverage/html --cov-report=xml:reports/coverage/coverage.xml"
    assert reports in lines[0]


def test_code_that_nothing_installs_is_found_and_hides_nothing(copy, tmp_path):
    """P8: a package by the folder around it, so that its `types` is not Python's; a module in its folder."""
    project = copy()

    def application(text):
        text = re.sub(r"(?ms)^\[build-system\].*?(?=^\[dependency-groups\])", "", text.replace("# After a change", "#"))
        return text.replace(
            'source = "src/my_project"', 'pythons = ["3.12"]\nsource = ["src/my_project", "lib/tool.py"]'
        )

    write(project, {"pyproject.toml": application, "lib/tool.py": "", "bin/pytest": SPY, "reports/coverage/x": ""})
    (project / "bin/pytest").chmod(0o755)
    path = f"{project / 'bin'}{os.pathsep}{os.environ['PATH']}"
    run("nox", "--no-venv", "--no-install", "-s", "durations", cwd=project, PATH=path, PYTHONPATH="")
    path, *words = (project / "spied").read_text(encoding="utf-8").split()
    assert path.split(os.pathsep) == [str(project / place) for place in ("tools/plugins", "src", "lib/tool.py", "lib")]
    assert words[3:5] == ["--cov=src/my_project", "--cov=lib"]


ADOPTED = """[tool.pytest]
testpaths = ["src/tests"]
strict = true
markers = ["unit: ours"]
"""


@pytest.mark.slow
def test_a_project_with_settings_of_its_own_gets_the_rules_under_nox(copy):
    """P9, V6: in a real session, with reports where the pipeline looks for them; what stays within is no network."""
    project = copy()

    def adopt(text):
        text = re.sub(r"(?ms)^\[tool\.pytest\.ini_options\]\n.*?^(?=\[)", ADOPTED, text)
        return re.sub(r"(?ms)^(\[tool\.coverage\.(html|xml)\])\n.*?^(?=\[)", r"\1\n", text)

    within = "import asyncio\nimport socket\n\nimport pytest\n\n\ndef test_it():\n    asyncio.run(asyncio.sleep(0))\n"
    within += "    with pytest.raises(RuntimeError):\n        socket.socket()\n"
    write(project, {"pyproject.toml": adopt, "src/tests/unit/test_within.py": within})
    summary, variables = project / "reports/summary.md", environment(project)
    command = ["nox", "--no-venv", "--no-install", "-s", "tests", "--", "-n", "2"]
    run(*command, cwd=project, **variables, GITHUB_STEP_SUMMARY=str(summary))
    assert "| unit | 22 | 0 | 0 | 0 |" in summary.read_text(encoding="utf-8")
    assert (project / "reports/coverage/coverage.xml").is_file()
    assert (project / "reports/coverage/html/index.html").is_file()


@pytest.mark.slow
def test_a_ban_of_the_projects_own_is_not_loosened(copy):
    """P9: nor is what it allows by a marker taken away."""
    project = copy()
    within = "import socket\n\nimport pytest\n\n\ndef test_it():\n    [e.close() for e in socket.socketpair()]\n\n\n"
    within += "@pytest.mark.enable_socket\ndef test_allowed():\n    socket.socket().close()\n"
    write(project, {"src/tests/unit/test_within.py": within})
    test = "src/tests/unit/test_within.py"
    assert "2 passed" in run("python", "-m", "pytest", test, cwd=project, **environment(project)).stdout
    strict = run("pytest", "--disable-socket", test, cwd=project, check=False, **environment(project))
    assert "1 failed, 1 passed" in strict.stdout


@pytest.mark.slow
def test_the_sdist_holds_the_tests_with_their_rules(copy, tmp_path):
    """P9: who builds from it runs them; the wheel holds neither."""
    project = copy()
    run("uv", "build", "--quiet", "--sdist", "--out-dir", tmp_path, cwd=project)
    with tarfile.open(tmp_path / "my_project-0.1.0.tar.gz") as sdist:
        sdist.extractall(tmp_path, filter="data")
    unpacked = tmp_path / "my_project-0.1.0"
    assert [path.name for path in (unpacked / "tools").iterdir()] == ["plugins"]
    run("pytest", cwd=unpacked, **environment(project) | {"PYTHONPATH": str(unpacked / "src")})


@pytest.mark.slow
@pytest.mark.parametrize("major", ["7", "8"])
def test_the_rules_hold_with_other_versions_of_pytest(tmp_path, major):
    """P9: what a project adopts the template with."""
    folder = CACHE / "environments" / f"pytest-{major}"
    with FileLock(f"{folder}.lock"):
        if not (folder / "complete").exists():
            run("uv", "venv", "--quiet", "--clear", "--python", interpreter("3.11"), folder, cwd=tmp_path)
            packages = [f"pytest=={major}.*", "pytest-socket", "pytest-split", "pytest-cov", "pytest-xdist"]
            run("uv", "pip", "install", "--quiet", "--python", folder / "bin/python", *packages, cwd=tmp_path)
            (folder / "complete").touch()
    table = settings(tests="'tests'", socket_ban="true", external_service="'shop'")
    files = {"pyproject.toml": table, "pytest.ini": f"[pytest]\n{OWN}", "conftest.py": HOOKS + ITEMS[14:]}
    files |= {"tests/unit/test_q.py": QUARANTINE.format("issue='#7', until='2999-12-31'", "False")}
    files |= {"tests/unit/test_net.py": NETWORK, "tests/unit/x.odd": "", "tests/unit/test_x.txt": ">>> 1\n1\n"}
    write(tmp_path, kinds("tests") | files)
    for workers in ("0", "2"):
        said, counts = rules(tmp_path, "-n", workers, python=folder / "bin/python", code=1)
        assert f"pytest-{major}." in said
        assert "1 failed, 7 passed, 1 xfailed" in said
        assert counts == [("unit", "4"), ("integration", "1"), ("performance", "1"), ("other", "1")]
    said, _ = rules(tmp_path, "--splits", "9", "--group", "9", "-k", "test_b", python=folder / "bin/python")
    assert "No test in this one of 9 parts" in said
    said, _ = rules(tmp_path / "tests", "--cov", python=folder / "bin/python", code=4)
    assert f"coverage is set up in {tmp_path}: run: cd {tmp_path} && pytest --cov" in said
    rules(tmp_path / "tests", "--cov", "--no-cov", "-k", "test_b", python=folder / "bin/python")
    write(tmp_path, {"pyproject.toml": ""})
    rules(tmp_path / "tests", "--cov", "-k", "test_b", python=folder / "bin/python")
    write(tmp_path, {"pyproject.toml": settings(tests="3")})
    assert "tests: 3 is no folder" in rules(tmp_path, python=folder / "bin/python", code=4)[0]
