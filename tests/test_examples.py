"""F1: the pages that docs/EXAMPLES.md shows are what the programs print."""

import re

from conftest import TEMPLATE
from hunts import hunting_fixture  # noqa: F401 # a fixture


def section(name):
    """Return a section of the document, its headings as the program writes them."""
    text = (TEMPLATE / "docs/EXAMPLES.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {name}\n.*?(?=^## |\Z)", text, re.M | re.S)[0]
    return re.sub("^##(#+ )", r"\1", found, flags=re.M)


def test_the_flake_table_is_what_the_hunt_prints(hunting, monkeypatch, tmp_path):
    """F1: after ten runs of 45 tests, of which two are flaky, one of these in quarantine, and one is broken."""
    monkeypatch.chdir(tmp_path)
    results = hunting.results
    bus, view = (f"src/tests/unit/{name}.py" for name in ("core/test_event_bus", "test_status_view"))
    tests = [
        results.Outcome("src/tests/unit/test_demo_mode.py::test_offline", 0, [*range(7, 17)], "OSError: no such file"),
        results.Outcome(f"{view}::test_colour[red|green]", 4, [7, 9, 10, 12, 13, 16], "KeyError: 'red|green'", "#31"),
        results.Outcome(f"{bus}::TestTopics::test_delivers_once", 8, [9, 14], "assert [1, 2] == [1]"),
        results.Outcome(f"{bus}::test_unsubscribe", 10, [], "", "#27"),
        *(results.Outcome(f"{view}::test_{number}", 10, []) for number in range(41)),
    ]
    cases = {
        seed: {
            test.name: results.Case(
                seed in test.failed, False, test.error if seed in test.failed else "", test.quarantine, False
            )
            for test in tests
        }
        for seed in range(7, 17)
    }
    hunt = results.Hunt(results.add_up(cases), [*cases], [], [], {})
    assert hunting.flaky_tests.markdown(hunt).strip() in section("Flaky tests")
