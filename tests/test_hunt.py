"""F1: the hunt for flaky tests, with real runs of pytest in random order."""

import re
import sys

import pytest
from conftest import TEMPLATE, environment, run
from hunts import RANDOMLY
from pipelines import write
from test_pytest_rules import OVER, PLUGINS, SOON, settings

PROGRAM = TEMPLATE / "{{cookiecutter.project_slug}}/tools/flaky_tests.py"
PLANTED = f"""import os
import random
import sys
from pathlib import Path

import pytest

SEEN = []


@pytest.fixture
def note(request):
    def write(failed):
        with open("log", "a") as file:
            print(request.config.getoption("randomly_seed"), request.node.name, int(failed), file=file)
        assert not failed, "noted | <b>"

    return write


def test_before():
    SEEN.append(1)


def test_order(note):
    note(not SEEN)


def test_random(note):
    note(random.random() < 0.5)


def test_broken(note):
    note(True)


@pytest.mark.quarantine(issue="#7", until="{SOON}")
@pytest.mark.parametrize("text", ["a b"])
def test_quarantined(note, text):
    note(random.random() < 0.5)


@pytest.mark.quarantine(issue="#8", until="{OVER}")
def test_over():
    pass


@pytest.mark.requires_shop
def test_service(note):
    note(True)


def test_token():
    assert not {{"GH_TOKEN", "GITHUB_TOKEN", "GITHUB_STEP_SUMMARY"}} & os.environ.keys()


def test_benchmark(benchmark):
    benchmark(lambda: Path("measured").write_text(Path("measured").read_text() + "x"))


def test_crash(request):
    if str(request.config.getoption("randomly_seed")) == os.environ.get("CRASH"):
        os._exit(9)
"""
OWN = '[tool.pytest.ini_options]\naddopts = ["-x", "-n2", "--cov", "--randomly-dont-reorganize"]\n'


@pytest.fixture
def project(tmp_path):
    """A project whose own settings of pytest would end the hunt at its first failure, in two workers."""
    table = settings(tests="'tests'", external_service="'shop'", quarantine="{ days = 30 }")
    files = {
        "tests/integration/test_a.py": PLANTED,
        "pyproject.toml": table + OWN.replace(', "--randomly-dont-reorganize"', ""),
    }
    write(tmp_path / "project", files | {"measured": ""})
    return tmp_path / "project"


@pytest.fixture
def hunt(bake, project):
    """Return a function that hunts in the project; it returns what the program says, and how it ends."""
    known = environment(bake(), f"{sys.version_info.major}.{sys.version_info.minor}", RANDOMLY)

    def start(*arguments, code=0, **variables):
        path = variables.pop("PATH", "").partition(":")[0]
        merged = known | {"PYTHONPATH": str(PLUGINS), "PYTHONDONTWRITEBYTECODE": "1"}
        merged["PATH"] = ":".join(filter(None, [path, merged["PATH"]]))
        done = run("python", PROGRAM, *arguments, cwd=project, check=False, **merged | variables)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return start


def rows(text):
    """Return the tables of the program: the seeds of failures by test."""
    found = re.findall(r"^\| `(tests/\S+::[^|]*?) \| (\d+ of \d+) \|.*\| ([\d, ]+) \| (.*) \|$", text, re.M)
    return {
        name.partition("::")[2].replace("`", ""): (count, [*map(int, seeds.split(", "))], error)
        for name, count, seeds, error in found
    }


@pytest.mark.slow
def test_a_hunt_finds_what_is_flaky_and_what_is_broken(hunt, project):
    """F1, F2: in random order, whatever the project's options; a crash is named; what it prints can be pasted."""
    page = project / "page.md"
    secrets = {"GH_TOKEN": "x", "GITHUB_TOKEN": "x", "GITHUB_STEP_SUMMARY": str(page), "SHOP_URL": "x", "CRASH": "15"}
    said = hunt("--seed", "11", "--repetitions", "6", GITHUB_ACTIONS="true", **secrets)
    log = [line.split(" ") for line in (project / "log").read_text(encoding="utf-8").splitlines()]
    failed = {}
    for seed, *name, result in log:
        if result == "1" and seed != "15":
            failed.setdefault(" ".join(name), []).append(int(seed))
    expected = {
        name: (f"{len(seeds)} of 5", seeds, "`AssertionError: noted \\| <b>`") for name, seeds in failed.items()
    }
    found = rows(page.read_text(encoding="utf-8"))
    assert {name.removesuffix(" (quarantine #7)"): row for name, row in found.items()} == expected
    assert set(found) == {"test_order", "test_random", "test_broken", "test_quarantined[a b] (quarantine #7)"}
    text = page.read_text(encoding="utf-8")
    assert text in said
    assert text.startswith("## Flaky tests: 3 of 9\n"), "the tests write nothing into the summary"
    assert "Broken, not flaky, because they failed in every run:" in text
    assert "In quarantine and without a failure: `tests/integration/test_a.py::test_over` (`#8`)." in text
    assert "Runs: 5, seeds 11 to 16. The run with seed 15 is not judged: it left no report (exit code 9)." in text
    assert len((project / "measured").read_text(encoding="utf-8")) in (5, 6), "once in each run: no benchmark"
    assert sorted(path.name for path in (project / "reports/junit").iterdir()) == [
        f"hunt-{seed}.xml" for seed in (11, 12, 13, 14, 16)
    ]
    assert said.count("::group::Run ") == said.count("::endgroup::") == 6
    warned = re.findall(r"^::warning file=tests/integration/test_a.py,title=Flaky test::\S+?::(\S+) failed", said, re.M)
    assert sorted(warned) == ["test_order", "test_random"]
    whole, alone = re.search(r"```bash\n(nox -s hunt -- .*)\n(nox -s hunt -- .*)\n```", text).groups()
    worst, seed = alone.rpartition("::")[2], int(whole.split()[5])
    for command in (whole, alone):
        again = hunt(*command.split()[4:])
        assert rows(again)[worst][:2] == ("1 of 1", [seed])
        assert "Failed in the only run, which does not tell broken from flaky:" in again
        assert f"Runs: 1, seeds {seed}." in again


WRONG = {
    "numbers": (
        ["--seed", "-1", "--repetitions", "0"],
        {"HUNT_MINUTES": "1.5"},
        "repetitions: '0' is no whole number from 1 to 1000; seed: '-1' is no whole number from 0 to 4294966295; "
        "minutes: '1.5' is no whole number from 1 to 1440",
    ),
    "huge": ([], {"HUNT_SEED": "9" * 5000}, "is no whole number from 0 to"),
    "quotes": ([], {"HUNT_TESTS": "a 'b"}, """tests: "a 'b": No closing quotation: quote words as in a shell"""),
    "shell": (
        [],
        {"HUNT_TESTS": "$(touch gone) `touch gone`; touch gone #"},
        "pytest refuses its options, its settings, or a test that is not there (exit code 4",
    ),
    "option": (["--nonsense"], {}, "pytest refuses its options"),
    "no test": (["-k", "nothing"], {}, "pytest finds no tests (exit code 5"),
    "skipped": (["-k", "service"], {"HUNT_REPETITIONS": "1"}, "every test is skipped"),
    "crash": (["-k", "crash", "--seed", "5", "--repetitions", "1"], {"CRASH": "5"}, "it left no report (exit code 9)."),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_judged_is_said_in_one_line(hunt, project, case):
    """F1, R3: exit code 2; words of an input are no shell's."""
    arguments, variables, told = WRONG[case]
    said = hunt(*arguments, code=2, **variables)
    (line,) = [line for line in said.splitlines() if line.startswith("Flaky tests: ")]
    assert told in line
    assert not (project / "gone").exists()
