"""F2: a quarantine has an exit: its longest time and largest number are settings, and a report lists who is in."""

import json
import re
import shutil
import sys
from datetime import date, timedelta

import pytest
import yaml
from conftest import TEMPLATE, run
from pipelines import commit, write
from test_pytest_rules import OVER, QUARANTINE, SOON, rules, settings

pytestmark = pytest.mark.slow

PROGRAM = TEMPLATE / "{{cookiecutter.project_slug}}/tools/quarantine.py"
MARK = "@pytest.mark.quarantine(issue='#{}', until='" + SOON + "')\n"


def limits(**values):
    """Return a pyproject.toml with these limits."""
    return settings(tests="'.'", quarantine=json.dumps(values).replace(":", " ="))


@pytest.mark.parametrize(("days", "code"), [(19, 4), (20, 0)])
def test_the_longest_time_is_a_setting(tmp_path, days, code):
    """F2: of the day that is as many days from today the last one is allowed; the message has one that is."""
    until = date.today() + timedelta(20)
    files = {
        "test_x.py": QUARANTINE.format(f"issue='#7', until='{until}'", "False"),
        "pyproject.toml": limits(days=days),
    }
    write(tmp_path, files)
    said, _ = rules(tmp_path, code=code)
    latest = date.today() + timedelta(19)
    told = (
        f"{until} is more than 19 days from today, [tool.quality-gate.quarantine] days: at the latest {latest}: write "
    )
    assert (told in said) == bool(code)
    if code:
        mark = re.search(r"write (quarantine\(.*\))", said)[1]
        write(tmp_path, {"test_x.py": f"import pytest\n\n\n@pytest.mark.{mark}\ndef test_it():\n    assert False\n"})
        assert "1 xfailed" in rules(tmp_path)[0]


# Three quarantines: a class has one for each test, the parameters of a test have one while their mark is the same.
MANY = f"""import pytest


{MARK.format(1)}class TestMany:
    def test_one(self):
        assert False

    @pytest.mark.parametrize("number", range(5))
    def test_two(self, number):
        assert False


@pytest.mark.parametrize("number", [1, pytest.param(2, marks={MARK.format(2).strip("@").strip()})])
def test_three(number):
    pass


@pytest.mark.quarantine(issue="#3", until="{OVER}")
def test_over():
    pass
"""
TESTS = ["test_x.py::TestMany::test_one", "test_x.py::TestMany::test_two", "test_x.py::test_three[2]"]


@pytest.mark.slow  # pytest by pytest
@pytest.mark.parametrize(("most", "workers", "code"), [(2, "0", 4), (2, "2", 1), (3, "0", 1), (None, "0", 1)])
def test_the_largest_number_is_a_setting(tmp_path, most, workers, code):
    """F2: over it nothing runs, and all are listed; tests of xdist's workers fail; what is over does not count."""
    write(tmp_path, {"test_x.py": MANY, "pyproject.toml": limits(**({"tests": most} if most else {}))})
    said, _ = rules(tmp_path, "-n", workers, code=code)
    told = "3 tests are in quarantine, [tool.quality-gate.quarantine] tests allows 2: mend or delete some"
    assert (told in said) == (most == 2)
    if code == 4:
        assert re.findall(r"^  (\S+) \(issue #\d, until", said, re.M) == TESTS
    else:
        assert ("1 passed, 8 errors" if most == 2 else "1 passed, 6 xfailed, 1 xpassed, 1 error") in said


def listed(folder, *arguments, code=0, **variables):
    """Return the report on the quarantine, made as `nox -s quarantine` makes it."""
    rules(folder, "--collect-only", "-qq", "--quarantined=reports/list.json", *arguments)
    done = run(sys.executable, PROGRAM, "reports/list.json", cwd=folder, check=False, **variables)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def rows(text):
    lines = [line.replace("`", "") for line in text.splitlines() if line.startswith("| `test_")]
    return [[cell.strip() for cell in line.split(" | ")] for line in lines]


def test_the_report_lists_who_is_in(tmp_path):
    """F2: with issue, end and days left; wrong, ended and too many are listed too, and are the exit code."""
    far = date.today() + timedelta(30)
    wrong = f"\n\n{MARK.format(4)[:24]}until='soon')\ndef test_wrong():\n    pass\n"
    wrong += f"\n\n@pytest.mark.quarantine(issue='a|b', until='{far}')\ndef test_far():\n    pass\n"
    write(tmp_path, {"test_x.py": MANY + wrong, "pyproject.toml": limits(tests=4, days=20)})
    text = listed(tmp_path, code=1, GITHUB_STEP_SUMMARY=str(tmp_path / "page.md"))
    assert text.strip() == (tmp_path / "page.md").read_text(encoding="utf-8").strip()
    found = {row[0].strip("| "): row[1:] for row in rows(text)}
    assert found["test_x.py::TestMany::test_two"] == ["#1", "no history here", SOON, "7 |"]
    assert found["test_x.py::test_over"] == ["#3", "no history here", OVER, "ended 7 days ago |"]
    assert found["test_x.py::test_wrong"] == ["none", "", "soon", "|"]
    assert found["test_x.py::test_far"][0] == "a\\|b"
    assert "In quarantine: 5; [tool.quality-gate.quarantine] allows 4 tests, for 20 days from today at most." in text
    problems = [line[3:].split(": ")[0] for line in text.splitlines() if line.startswith("- ")]
    names = ["test_x.py::test_over", "test_x.py::test_wrong", "test_x.py::test_far"]
    assert problems == [*names, "5 tests are in quarantine, [tool.quality-gate.quarantine] tests allows 4"]
    annotated = listed(tmp_path, code=1, GITHUB_ACTIONS="true")
    assert annotated.count("::error title=Quarantine::") == 4


def test_the_report_is_short_where_nobody_is_in(tmp_path):
    """F2: also without limits, and without a test."""
    write(tmp_path, {"test_x.py": "def test_it():\n    pass\n", "pyproject.toml": settings(tests="'.'")})
    assert listed(tmp_path) == "## Quarantine\n\nNo test is in quarantine.\n\n"
    write(tmp_path, {"test_x.py": QUARANTINE.format(f"issue='#7', until='{SOON}'", "False")})
    assert "In quarantine: 1; [tool.quality-gate.quarantine] allows any number of tests.\n" in listed(tmp_path)
    done = run(sys.executable, PROGRAM, "nothing.json", cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Quarantine: give the file that pytest has written with --quarantined: run: nox -s ")


def test_the_form_asks_for_what_the_mark_needs():
    """F2: and for one who looks after it, without whom a quarantine never ends."""
    form = TEMPLATE / "{{cookiecutter.project_slug}}/.github/ISSUE_TEMPLATE/flaky_test.yml"
    found = yaml.safe_load(form.read_text(encoding="utf-8"))
    required = [part["id"] for part in found["body"] if part.get("validations", {}).get("required")]
    assert (found["name"], found["labels"]) == ("Flaky test", ["flaky-test"])
    assert required == ["test", "owner", "until", "evidence"]
    assert "`days` of `[tool.quality-gate.quarantine]`" in str(found["body"])


def test_since_when_is_the_first_commit_with_the_issue(tmp_path, monkeypatch):
    """F2: whatever has changed since in the mark, or the file's name; not that of #7 for #77."""
    project = tmp_path / "project"
    project.mkdir()
    run("git", "init", "--quiet", cwd=project)

    def on(day, **files):
        monkeypatch.setenv("GIT_COMMITTER_DATE", f"{day}T12:00:00Z")
        write(project, {f"{name}.py": text for name, text in files.items()})
        commit(project)

    write(project, {"pyproject.toml": settings(tests="'.'"), ".gitignore": "reports\nsummary.md\n"})
    filler = "# a line that stays\n" * 20
    on("2025-01-01", test_a=filler + "# see #77\n")
    on("2025-02-02", test_a=filler + QUARANTINE.format(f"issue='#7', until='{OVER}'", "True"))
    on("2025-03-03", test_b=QUARANTINE.format(f"issue='https://x.org/?a=[b]*#1', until='{SOON}'", "True"))
    run("git", "mv", "test_a.py", "test_c.py", cwd=project)
    on("2025-04-04", test_c=filler + QUARANTINE.format(f"until='{SOON}', issue='#7'", "True"))
    write(project, {"test_d.py": QUARANTINE.format(f"issue='#8', until='{SOON}'", "True")})
    write(project, {"test_c.py": lambda text: text + f"\n\n{MARK.format(77)}def test_77():\n    pass\n"})
    assert [row[2] for row in rows(listed(project))] == ["2025-03-03", "2025-01-01", "2025-02-02", "not committed"]
    run("git", "clone", "--quiet", "--depth=1", f"file://{project}", "shallow", cwd=tmp_path)
    assert [row[2] for row in rows(listed(tmp_path / "shallow"))] == ["history is not here"] * 2
    shutil.rmtree(project / ".git")
    assert {row[2] for row in rows(listed(project))} == {"no history here"}
