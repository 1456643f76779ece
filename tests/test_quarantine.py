"""F2: quarantine of flaky tests, in a real run of a generated project."""

import pytest
from test_rules import add_test, pytest_in

pytestmark = pytest.mark.slow
QUARANTINES = {
    "forgiven": (
        'issue="#7", until="2999-12-31"',
        0,
        "XFAIL src/tests/unit/test_added.py::test_it - quarantine for #7",
    ),
    "over": ('issue="#7", until="2020-01-31"', 1, "quarantine for #7 ended on 2020-01-31"),
    "no issue": ('until="2999-12-31"', 4, "test_added.py::test_it: names no issue: write quarantine("),
    "empty issue": ('issue="", until="2999-12-31"', 4, "names no issue"),
    "no date": ('issue="#7"', 4, "Invalid isoformat string: 'None'"),
    "bad date": ('issue="#7", until="soon"', 4, "Invalid isoformat string: 'soon'"),
}


@pytest.mark.parametrize("outcome", ["fails", "passes"])
@pytest.mark.parametrize("case", QUARANTINES)
def test_quarantine(copy, case, outcome):
    """F2: forgiven until the date whether it fails or passes, then a failure; a wrong mark stops the collection."""
    arguments, code, message = QUARANTINES[case]
    project = copy()
    text = f"import pytest\n\n@pytest.mark.quarantine({arguments})\ndef test_it():\n    assert {outcome == 'passes'}\n"
    result = pytest_in(project, add_test(project, "unit", text), check=False)
    assert result.returncode == code
    expected = message.replace("XFAIL", "XPASS") if outcome == "passes" else message
    assert expected in result.stdout + result.stderr


@pytest.mark.parametrize("case", [case for case in QUARANTINES if QUARANTINES[case][1]])
def test_quarantine_that_is_wrong_or_over_is_said_by_workers_too(copy, case):
    """F2: an error in a worker of xdist would only crash it."""
    arguments, _, message = QUARANTINES[case]
    project = copy()
    text = f"import pytest\n\n@pytest.mark.quarantine({arguments})\ndef test_it():\n    pass\n"
    result = pytest_in(project, add_test(project, "unit", text), "-n", "2", check=False)
    assert result.returncode == 1, result.stdout
    assert message in result.stdout
    assert "INTERNALERROR" not in result.stdout


def test_quarantine_comes_before_other_expectations(copy):
    """F2: a test that is expected to fail otherwise may pass as well while it is in quarantine."""
    project = copy()
    marks = "@pytest.mark.xfail(raises=KeyError)\n@pytest.mark.quarantine(issue='#7', until='2999-12-31')"
    text = f"import pytest\n\n{marks}\ndef test_it():\n    pass\n"
    assert "1 xpassed" in pytest_in(project, add_test(project, "unit", text)).stdout
