"""F1: what a hunt makes of the runs' reports: statistics, and the JUnit files of a real pytest."""

from math import sqrt

import pytest
from conftest import find
from hunts import hunting_fixture  # noqa: F401 # a fixture
from pipelines import write
from test_pytest_rules import OVER, SOON, rules, settings

Z2 = 1.959963984540054**2  # 3.8414588206941254
INTERVALS = {
    # none of 10: the lower bound is 0, the upper z² / (n + z²) = 3.84146 / 13.84146
    (0, 10): (0, 0.2775328),
    # all of 10: the lower bound is n / (n + z²) = 10 / 13.84146
    (10, 10): (0.7224672, 1),
    # 1 of 10: p = 0.1, z²/n = 0.3841459; middle (0.1 + 0.1920729) / 1.3841459 = 0.2110131;
    # half 1.9599640 * sqrt(0.1 * 0.9 / 10 + 0.3841459 / 40) / 1.3841459 = 0.1931369
    (1, 10): (0.0178762, 0.4041500),
    # 1 of 2: p = 0.5, z²/n = 1.9207294; middle 0.5; half 1.9599640 * sqrt(0.125 + 0.2400912) / 2.9207294 = 0.4054688
    (1, 2): (0.0945312, 0.9054688),
}


@pytest.mark.parametrize(("failures", "runs"), INTERVALS)
def test_the_interval_is_wilsons(hunting, failures, runs):
    """F1: by the values above, and by the equation that defines it: a bound q is where (p - q)² = z² q (1 - q) / n."""
    bounds = hunting.results.wilson(failures, runs)
    assert bounds == pytest.approx(INTERVALS[failures, runs], abs=1e-7)
    for bound in bounds:
        assert (failures / runs - bound) ** 2 == pytest.approx(Z2 * bound * (1 - bound) / runs, abs=1e-12)
    low, high = hunting.results.wilson(runs - failures, runs)
    assert (1 - high, 1 - low) == pytest.approx(bounds)
    assert hunting.results.Z == pytest.approx(sqrt(Z2))


def outcomes(hunting, **runs):
    """Return what is added up of runs, each a mapping of tests to "p", "f" or "s" for passed, failed or skipped."""
    case = hunting.results.Case
    made = {
        int(seed[1:]): {
            name: case(how == "f", how == "s", f"error {seed}" if how == "f" else "", "", name == "file")
            for name, how in tests.items()
        }
        for seed, tests in runs.items()
    }
    return hunting.results.add_up(made)


def test_tests_are_ranked_by_the_lower_bound_of_their_rate(hunting):
    """F1: 1 of 2 is a higher rate than 2 of 5, but less certain; what never passed is broken, skips do not count."""
    runs = {f"s{seed}": {"often": "f" if seed < 3 else "p", "rare": "s", "good": "p"} for seed in range(1, 6)}
    runs["s1"] |= {"rare": "f", "red": "f", "off": "s", "file": "f"}
    runs["s2"] |= {"rare": "p", "red": "f", "off": "s"}
    found = outcomes(hunting, **runs)
    assert [test.name for test in found] == ["red", "often", "rare", "file", "good", "off"]
    shown = {test.name: (test.verdict, test.passed, test.failed, test.error) for test in found}
    assert shown == {
        "red": ("broken", 0, [1, 2], "error s1"),
        "often": ("flaky", 3, [1, 2], "error s1"),
        "rare": ("flaky", 1, [1], "error s1"),
        "file": ("flaky", 4, [1], "error s1"),  # a report names a file only where it could not be collected
        "good": ("passed", 5, [], ""),
        "off": ("skipped", 0, [], ""),
    }


TESTS = f'''import pytest


@pytest.fixture
def no_start():
    raise OSError("no start | <b>")


@pytest.fixture
def no_end():
    yield
    raise ValueError("no end")


def test_start(no_start):
    pass


def test_twice(no_end, record_property):
    record_property("hunt-test", "something else")
    raise KeyError("first") from ValueError("cause")


def test_end(no_end):
    pass


@pytest.mark.parametrize("text", ["a::b[c]", "d e"])
def test_parameters(text):
    assert text == "d e"


@pytest.mark.quarantine(issue="#7", until="{SOON}")
def test_quarantined():
    assert False, "\\n"


@pytest.mark.quarantine(issue="#8", until="{OVER}")
@pytest.mark.xfail
class TestQuarantine:
    def test_over(self):
        pass

    @pytest.mark.quarantine(until="")
    def test_wrong(self):
        assert False


@pytest.mark.requires_shop
def test_service():
    pass
'''
READ = {
    "tests/test_a.py::test_start": (True, False, "OSError: no start | <b>", ""),
    "tests/test_a.py::test_twice": (True, False, "KeyError: 'first'", ""),
    "tests/test_a.py::test_end": (True, False, "ValueError: no end", ""),
    "tests/test_a.py::test_parameters[a::b[c]]": (True, False, "AssertionError: assert 'a::b[c]' == 'd e'", ""),
    "tests/test_a.py::test_parameters[d e]": (False, False, "", ""),
    "tests/test_a.py::test_quarantined": (True, False, "AssertionError:", "#7"),
    "tests/test_a.py::TestQuarantine::test_over": (False, False, "", "#8"),
    "tests/test_a.py::TestQuarantine::test_wrong": (False, True, "", "no issue"),
    "tests/test_a.py::test_service": (False, True, "", ""),
    "test_b": (True, False, "ModuleNotFoundError: No module named 'nothing'", ""),
}
PLUGIN = """class Again:
    @staticmethod
    def pytest_runtest_protocol(item):
        raise SystemExit("a test is repeated until it passes")


def pytest_configure(config):
    config.pluginmanager.register(Again, "rerunfailures")
"""


@pytest.mark.slow  # pytest by pytest
@pytest.mark.parametrize("workers", ["0", "2"])
def test_every_outcome_of_a_test_is_read(hunting, tmp_path, workers):
    """F1, F2: set-up and tear-down count; quarantines do not forgive; no plugin repeats; ids can be pasted."""
    table = settings(tests="'tests'", external_service="'shop'", quarantine="{ tests = 0 }")
    files = {"tests/test_a.py": TESTS, "tests/test_b.py": "import nothing\n", "tests/conftest.py": PLUGIN}
    write(tmp_path, files | {"pyproject.toml": table, "conf/pytest.ini": "[pytest]\n"})
    options = ["--flaky-hunt", "--continue-on-collection-errors", "--junitxml=report.xml", "-n", workers]
    rules(tmp_path, *options, "-c", "conf/pytest.ini", "tests", code=1, SHOP_URL="x")
    found = hunting.results.read(tmp_path / "report.xml")
    assert {name: case[:4] for name, case in found.items()} == READ
    assert [name for name, case in found.items() if case.is_file] == ["test_b"]


BROKEN = {
    "none": ("", "it left no report"),
    "crash": ("import os\nos._exit(3)\n", "it left no report"),
    "internal error": ("", "pytest itself failed: .*KeyError: 'hook'"),
    "half": ("<testsuites", "its report does not parse: "),
    "bytes": (b"<a>\xff</a>", "its report does not parse: "),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_run_that_broke_down_is_no_result(hunting, tmp_path, case):
    """F1: it is named, whatever it has left."""
    content, told = BROKEN[case]
    report = tmp_path / "report.xml"
    if case == "crash":
        write(tmp_path, {"test_x.py": f"def test_it():\n    {'; '.join(content.splitlines())}\n"})
        rules(tmp_path, "--flaky-hunt", f"--junitxml={report}", code=3)
    elif case == "internal error":
        hook = "def pytest_runtest_makereport(item):\n    raise KeyError('hook')\n"
        write(tmp_path, {"conftest.py": hook, "test_x.py": "def test_it():\n    pass\n"})
        with pytest.raises(AssertionError, match="INTERNALERROR"):  # which `rules` takes for a fault of the plugin
            rules(tmp_path, "--flaky-hunt", f"--junitxml={report}", code=3)
    elif content:
        report.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(hunting.flaky_tests.Unusable, match=told):
        hunting.results.read(report)


TWICE = """<testsuites><testsuite>
<testcase classname="c" name="n"><properties><property name="hunt-test" value="c.py::n"/></properties>
<failure>E  a</failure></testcase><testcase classname="c" name="n"/></testsuite></testsuites>"""


def test_two_elements_of_a_test_are_one(hunting, tmp_path):
    """F1: in whatever order: a failure is one, and an id is an id."""
    (tmp_path / "report.xml").write_text(TWICE, encoding="utf-8")
    assert hunting.results.read(tmp_path / "report.xml") == {"c.py::n": (True, False, "a", "", False)}


def test_a_message_is_one_line_of_limited_length(hunting, tmp_path):
    """F1: a table has no room for more."""
    write(tmp_path, {"test_x.py": "def test_it():\n    assert False, 'a' * 999 + '\\n' * 9\n"})
    rules(tmp_path, "--flaky-hunt", "--tb=native", "--junitxml=report.xml", code=1)
    (case,) = hunting.results.read(tmp_path / "report.xml").values()
    assert find("AssertionError: a+$", case.error)[0] == case.error
    assert len(case.error) == 200
