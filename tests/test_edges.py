"""T5: the boundary of every rule and its two neighbours, by calling the functions."""

import datetime
import sys

import pytest
from conftest import environment, run
from test_rules import add_test

TODAY = datetime.date(2030, 3, 1)


@pytest.mark.parametrize(("percent", "status"), [("59.99", "fail"), ("60.00", "pass"), ("60.01", "pass")])
@pytest.mark.parametrize("target", [60, 60.0])
def test_percent_against_its_target(tools, percent, status, target):
    """V1, V2: as shown, to the digit."""
    assert tools.coverage_gate.compare("a", "", percent, target, "fail").status == status


@pytest.mark.parametrize(("percent", "status"), [("99.99", "warn"), ("100.00", "pass"), ("0.00", "warn")])
def test_hundred_percent_is_all(tools, percent, status):
    assert tools.coverage_gate.compare("a", "", percent, 100, "warn").status == status
    assert tools.coverage_gate.compare("a", "", percent, 0, "warn").status == "pass"


@pytest.fixture
def today(tools, monkeypatch):
    class Day(datetime.date):
        @classmethod
        def today(cls):
            return TODAY

    monkeypatch.setattr(sys.modules[tools.coverage_gate.bypass.__module__], "date", Day)


@pytest.mark.parametrize(("until", "forgiven"), [("2030-02-28", False), ("2030-03-01", True), ("2030-03-02", True)])
def test_last_day_of_a_bypass(tools, today, until, forgiven):
    """F3: that day counts, the day after does not."""
    is_forgiven, sentence = tools.coverage_gate.bypass({"COVERAGE_BYPASS_ISSUE": "#1", "COVERAGE_BYPASS_UNTIL": until})
    assert is_forgiven == forgiven
    assert sentence.startswith(f"Bypassed until {until}" if forgiven else f"Bypass refused: it ended on {until}")


@pytest.mark.parametrize("until", ["2030-3-01", "20300301", "2030-03-01T00", "2030-W09-5", "٢٠٣٠-03-01", ""])
def test_other_writings_of_a_day_are_refused(tools, today, until):
    is_forgiven, sentence = tools.coverage_gate.bypass({"COVERAGE_BYPASS_ISSUE": "#1", "COVERAGE_BYPASS_UNTIL": until})
    assert (is_forgiven, sentence[:15]) == (False, "Bypass refused:")


LINKS = {
    "#12": "[#12](https://g.invalid/o/r/issues/12)",
    "other/name#7": "[other/name#7](https://g.invalid/other/name/issues/7)",
    "https://g.invalid/o/r/issues/12#issuecomment-3": "https://g.invalid/o/r/issues/12#issuecomment-3",
    "ABC-12": "ABC-12",
}


@pytest.mark.parametrize("issue", LINKS)
def test_a_bypass_links_its_issue(tools, today, issue):
    """F3: where GitHub runs it; a whole address stays, and so does what GitHub does not know."""
    gate, place = tools.coverage_gate, {"GITHUB_SERVER_URL": "https://g.invalid", "GITHUB_REPOSITORY": "o/r"}
    for until, said in (
        ("2030-03-02", "Bypassed until 2030-03-02 ({})"),
        ("2030-01-01", "it ended on 2030-01-01 ({})"),
    ):
        _, sentence = gate.bypass({"COVERAGE_BYPASS_ISSUE": issue, "COVERAGE_BYPASS_UNTIL": until})
        assert said.format(LINKS[issue]) in gate.linked(sentence, place)
        assert gate.linked(sentence, {}) == sentence


@pytest.mark.parametrize(
    ("minimum", "target", "patch", "wrong"),
    [
        (0, 0, 0, []),
        (100, 100, 100, []),
        (60, 60, 60, []),
        (60, 59.99, 60, ["fail_under"]),
        (60.01, 60, 60, ["fail_under"]),
        (-0.01, 60, 60, ["fail_under"]),
        (60, 100.01, 60, ["target"]),
        (60, 80, 101, ["patch-target"]),
        (60, 80, -1, ["patch-target"]),
        (True, 80, None, ["fail_under", "patch-target"]),
        ("60", 80, float("nan"), ["fail_under", "patch-target"]),
    ],
)
def test_thresholds(tools, minimum, target, patch, wrong):
    """V1: from 0 to 100, and the minimum not above the target."""
    names = tools.settings.Settings._fields
    values = dict.fromkeys(names) | {"minimum": minimum, "target": target, "patch_target": patch}
    settings = tools.settings.Settings(**values | {"lint": "errors", "tiers": {}})
    found = tools.settings.numbers(settings)
    assert [line.partition(":")[0].split()[-1] for line in found] == wrong


@pytest.mark.parametrize(("depth", "is_fine"), [(199, True), (200, True), (201, False)])
def test_depth_of_yaml(tools, depth, is_fine):
    """R3: nested as deeply as that, and not as deeply as the reader of YAML could crash."""
    text = b"[" * depth + b"]" * depth
    if is_fine:
        tools.repository.parse("a.yml", text)
    else:
        with pytest.raises(tools.repository.Unusable, match="nested too deeply"):
            tools.repository.parse("a.yml", text)


@pytest.mark.parametrize(
    ("text", "path", "title", "shown"),
    [
        ("60 % of", "a.py", "Lint", "::error file=a.py,line=3,title=Lint::60 % of"),
        ("a%25 %0A\r\n", "", "Lint", "::error line=3,title=Lint::a%2525 %250A%0D%0A"),
        ("a:b,c", "d:e,f%3A.py", "x:y,z", "::error file=d%3Ae%2Cf%253A.py,line=3,title=x%3Ay%2Cz::a:b,c"),
    ],
)
def test_annotations_arrive_as_they_are(tools, monkeypatch, capsys, text, path, title, shown):
    """C3, V6: what GitHub would read as a code or as the end of a property is escaped, and nothing else."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    tools.repository.annotate("error", title, text, path, 3)
    assert capsys.readouterr().out == f"{shown}\n"


def test_tables_hold_any_name(tools):
    """V6, R1."""
    row = tools.coverage_gate.Row("src/a|b<c.py", "P0", "1.00", "2", "fail")
    assert "| src/a\\|b&lt;c.py | P0 |" in tools.coverage_gate.markdown([row], "failed", "")
    finding = tools.lint_gate.Finding("a|b", "c|d.py", 1, "e|f", True)
    assert "| error | a\\|b | `c\\|d.py:1` | e\\|f |" in tools.lint_gate.markdown([finding], "failed")


@pytest.mark.parametrize(("count", "more"), [(19, None), (20, None), (21, "and 1 more lines, in the log")])
def test_lines_of_one_finding(tools, count, more):
    """R4: the first 20."""
    result = tools.lint_gate.Result("hook", True, ["- hook id: hook"], [f"line {number}" for number in range(count)])
    (finding,) = tools.lint_gate.findings(tools.repository.ROOT, [result], [], [])
    lines = finding.text.splitlines()
    assert lines == [f"line {number}" for number in range(min(count, 20))] + ([more] if more else [])


@pytest.mark.parametrize(
    ("findings", "blocks"), [((), ""), (("style",), "everything"), (("error",), "errors everything")]
)
@pytest.mark.parametrize("gate", ["errors", "everything", "report"])
def test_what_lint_blocks(tools, monkeypatch, capsys, findings, blocks, gate):
    """C3, C7: by kind of finding and by `lint`; nothing else of the program runs."""
    gate_of = tools.lint_gate
    found = [gate_of.Finding("hook", "", 0, "text", kind == "error") for kind in findings]
    known = tools.settings.load(tools.repository.ROOT, tools.repository.paths(tools.repository.ROOT))
    monkeypatch.setattr(gate_of.settings, "load", lambda *_: known._replace(lint=gate))
    monkeypatch.setattr(gate_of, "judged", lambda *_: (int(bool(found)), found))
    assert gate_of.main() == int(gate in blocks.split())
    said = "failed" if gate in blocks.split() else "warning" if found else "passed"
    assert capsys.readouterr().out.startswith(f"Lint: {said}: ")


@pytest.mark.parametrize("code", [3, 130, -9])
def test_lint_without_a_result_is_no_pass(tools, monkeypatch, code):
    """R3: pre-commit ends with 0 or 1 after it has run the hooks; 1 without a finding is none of these."""
    for ended in (code, 1):
        monkeypatch.setattr(tools.lint_gate, "judged", lambda *_, ended=ended: (ended, []))
        with pytest.raises(tools.repository.Unusable, match=f"pre-commit failed with exit code {ended}"):
            tools.lint_gate.main()


FROZEN = """\
import datetime

import pytest_quarantine


class Day(datetime.date):
    @classmethod
    def today(cls):
        return cls(2030, 3, 1)


pytest_quarantine.date = Day
"""


@pytest.mark.slow
@pytest.mark.parametrize(("until", "code"), [("2030-02-28", 1), ("2030-03-01", 0), ("2030-03-02", 0)])
def test_last_day_of_a_quarantine(copy, tmp_path, until, code):
    """F2: that day counts, the day after does not."""
    project = copy()
    (tmp_path / "frozen.py").write_text(FROZEN, encoding="utf-8")
    text = f'import pytest\n\n@pytest.mark.quarantine(issue="#7", until="{until}")\ndef test_it():\n    assert False\n'
    variables = environment(project)
    variables["PYTHONPATH"] += f":{tmp_path}"
    result = run("pytest", "-p", "frozen", add_test(project, "unit", text), cwd=project, check=False, **variables)
    assert result.returncode == code, result.stdout
    assert ("quarantine for #7 ended on" in result.stdout) == bool(code)
