"""F2: quarantine of flaky tests, in a real run of a generated project."""

import pytest
from test_pytest_rules import OVER, SOON
from test_rules import add_test, pytest_in

pytestmark = pytest.mark.slow
QUARANTINES = {
    "forgiven": (
        f'issue="#7", until="{SOON}"',
        0,
        "XFAIL src/tests/unit/test_added.py::test_it - quarantine for #7",
    ),
    "over": (f'issue="#7", until="{OVER}"', 1, f"quarantine for #7 ended on {OVER}"),
    "no issue": (f'until="{SOON}"', 4, "test_added.py::test_it: names no issue: write quarantine("),
    "empty issue": (f'issue="", until="{SOON}"', 4, "names no issue"),
    "no date": ('issue="#7"', 4, "'' is no date YYYY-MM-DD"),
    "bad date": ('issue="#7", until="soon"', 4, "'soon' is no date YYYY-MM-DD"),
    "too long": ('issue="#7", until="2999-12-31"', 4, "2999-12-31 is more than 60 days from today"),
}


@pytest.mark.parametrize(
    ("case", "outcome"), [*((case, "fails") for case in QUARANTINES), ("forgiven", "passes"), ("over", "passes")]
)
def test_quarantine(copy, case, outcome):
    """F2: forgiven until the date whether it fails or passes, then a failure; a wrong mark stops the collection."""
    arguments, code, message = QUARANTINES[case]
    project = copy()
    text = f"import pytest\n\n@pytest.mark.quarantine({arguments})\ndef test_it():\n    assert {outcome == 'passes'}\n"
    result = pytest_in(project, add_test(project, "unit", text), check=False)
    assert result.returncode == code
    expected = message.replace("XFAIL", "XPASS") if outcome == "passes" else message
    assert expected in result.stdout + result.stderr


@pytest.mark.parametrize("case", ["over", "no issue", "too long"])
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
    marks = f"@pytest.mark.xfail(raises=KeyError)\n@pytest.mark.quarantine(issue='#7', until='{SOON}')"
    text = f"import pytest\n\n{marks}\ndef test_it():\n    pass\n"
    assert "1 xpassed" in pytest_in(project, add_test(project, "unit", text)).stdout
