"""P8, R2, R4: what is wrong with the settings of a project, said by name: code that none knows, places, other files."""

import pytest
from test_inputs import (
    LATIN,
    binary,
    both,
    codecov,
    edit,
    gate,
    linked,
    named,
    new,
    omit,
    source,
    thing,
)

WRONG = {
    # R4: no code is left out
    "another package": (
        new("src/second/__init__.py"),
        "source: src/second/__init__.py is in none of src/my_project: add its folder there",
    ),
    "another package without __init__": (
        new("src/second/a.py"),
        "source: src/second/a.py is in none of src/my_project",
    ),
    "a module beside the package": (new("src/alone.py"), "source: src/alone.py is in none of src/my_project"),
    "another package, named but untested": (
        named("second"),
        "src/second/thing.py: has no test file src/tests/unit/second/test_thing.py or src/tests/unit/test_thing.py",
    ),
    "a namespace package, named but untested": (named("group.second"), "unit/group/second/test_thing.py or "),
    "two packages with one test": (
        both(named("second"), new("src/my_project/thing.py"), new("src/tests/unit/test_thing.py")),
        "src/second/thing.py: has no test file src/tests/unit/second/test_thing.py: ",
    ),
    "a single module, named but untested": (
        both(new("src/alone.py"), source("src/my_project", "src/alone.py")),
        "src/alone.py: has no test file src/tests/unit/test_alone.py: ",
    ),
    "no source": (source(), "[tool.quality-gate] source: names no folder of the code"),
    "a linked module": (
        linked,
        "source: shared/thing.py, to which src/my_project/alias.py leads, is in none of src/my",
    ),
    "a linked folder": (
        linked,
        "source: lib/thing.py, to which src/my_project/lib leads, is in none of src/my_project",
    ),
    "a script of Windows": (
        new("src/my_project/thing.pyw"),
        "thing.pyw: has no test file src/tests/unit/test_thing.py:",
    ),
    "one test for a package in a package of its name": (
        thing(
            *(
                f"src/{place}thing.py"
                for place in ("my_project/", "my_project/my_project/", "tests/unit/my_project/test_")
            )
        ),
        "src/my_project/thing.py: has no test file src/tests/unit/test_thing.py: ",
    ),
    # P8, R4: settings of a form that no program can use
    "an absolute folder": (
        source("src/my_project", "/srv"),
        "source: '/srv' is no path from the project's root downwards",
    ),
    "a folder upwards": (
        source("src/../src"),
        "source: 'src/../src' is no path from the project's root downwards: write",
    ),
    "a folder of Windows": (
        source("src\\\\my_project"),
        "is no path from the project's root downwards: write one like",
    ),
    "an empty folder": (
        edit("pyproject.toml", '"src/tests" #', '"" #'),
        "tests: '' is no path from the project's root",
    ),
    "several folders of tests": (
        edit("pyproject.toml", '"src/tests" #', '["src/tests", "tests"] #'),
        "tests: ['src/tests', 'tests'] is no string: name one folder",
    ),
    "a file of tests": (
        edit("pyproject.toml", '"src/tests" #', '"src/tests/conftest.py" #'),
        "tests: 'src/tests/conftest.py' is a file or a link: name a folder, or '.'",
    ),
    "a link to tests": (
        lambda project: (project / "src/tests").rename(project / "t") and (project / "src/tests").symlink_to("../t"),
        "tests: 'src/tests' is a file or a link: name a folder, or '.'",
    ),
    "a misspelt setting": (
        gate("exmept = []"),
        "[tool.quality-gate] exmept: there is no such setting: write exempt",
    ),
    "a misspelt setting of a tier": (
        edit("pyproject.toml", r"paths = (?=\[\"src/my_project/core)", "path = "),
        "[tool.quality-gate.tiers.P1] path: there is no such setting: write paths",
    ),
    "a misspelt limit": (
        edit("pyproject.toml", "clean-nights = 14", "clean-night = 14"),
        "[tool.quality-gate.quarantine] clean-night: there is no such setting: write clean-nights",
    ),
    "a limit that is no number": (
        edit("pyproject.toml", "minutes = 15", 'minutes = "15"'),
        "[tool.quality-gate.health] minutes: '15' is not a number, 0 or more",
    ),
    "a limit below zero": (
        edit("pyproject.toml", "days = 60", "days = -1"),
        "[tool.quality-gate.quarantine] days: -1 is not a number, 0 or more",
    ),
    "a success above all runs": (
        edit("pyproject.toml", "success = 90", "success = 900"),
        "[tool.quality-gate.health] success: 900 is not a number from 0 to 100",
    ),
    "more flaky runs than runs": (
        edit("pyproject.toml", "flaky = 5", "flaky = 101"),
        "[tool.quality-gate.health] flaky: 101 is not a number from 0 to 100",
    ),
    "limits that are no table": (
        both(edit("pyproject.toml", r"\[tool.quality-gate.health\]", "[x]"), gate("health = 3")),
        "pyproject.toml: has not the expected form: [tool.quality-gate.health] is no table",
    ),
    "a Python without the tools' modules": (
        gate('pythons = ["3.10", "3.11"]'),
        "pythons: ['3.10', '3.11'] are not the",
    ),
    "Pythons in disorder": (
        gate('pythons = ["3.12", "3.11"]'),
        "pythons: ['3.12', '3.11'] are not the Pythons to test",
    ),
    "no Python": (
        gate('pythons = ["pypy3.10"]'),
        "pythons: ['pypy3.10'] are not the Pythons to test, each 3.N from 3.11",
    ),
    "no minimum in coverage's own file": (
        new(".coveragerc", "[run]\nbranch = true\n"),
        ".coveragerc [report] fail_under: None is not a number from 0 to 100",
    ),
    "coverage's own file in Latin-1": (
        binary(".coveragerc", (LATIN + "[report]\nfail_under = 50\n").encode("latin-1")),
        ".coveragerc: 'utf-8' codec can't decode byte",
    ),
    "coverage's own file in another form": (new(".coveragerc.toml", "tool = 3\n"), ".coveragerc.toml: 'int' object is"),
    "a pattern that coverage refuses": (
        omit("src/a["),
        "pyproject.toml: omit, include: File pattern can't include '['",
    ),
    "a package beside that of coverage's own file": (
        both(new("src/alone.py"), new(".coveragerc", "[run]\n")),
        "or name it in omit of .coveragerc [run]",
    ),
    "another status of a component": (
        codecov(
            "- type: project\n *target: 100%", "- { type: patch, target: 100% }\n        - { type: project, target: 9 }"
        ),
        ".codecov.yml: component P0, target: 9 but pyproject.toml says 100: ",
    ),
    "Codecov's other name": (
        both(
            codecov("target: 80%", "target: 81%"),
            lambda project: (project / ".codecov.yml").rename(project / "codecov.yaml"),
        ),
        "codecov.yaml: project target: 81 but pyproject.toml says 80",
    ),
    # R4: settings that are read from elsewhere
    "coverage's own file": (
        new(".coveragerc", "[run]\nsource = src\n"),
        ".coveragerc: takes the place of [tool.coverage] in pyproject.toml",
    ),
    "coverage in setup.cfg": (
        new("setup.cfg", "[x]\n\n[coverage:run]\n"),
        "setup.cfg: takes the place of [tool.coverage] in pyproject.toml",
    ),
    "pytest's own file": (new("pytest.ini", "[pytest]\n"), "pytest.ini: takes the place of [tool.pytest] in"),
    "a tag below a form feed": (
        new("a.md", "a\x0cb\u2028c\n{{ cookiecutter.x }}"),
        "a.md:2: holds a tag of the template",
    ),
    "coverage's other file": (
        new(".coveragerc.toml"),
        ".coveragerc.toml: takes the place of [tool.coverage] in",
    ),
    "coverage in tox.ini": (
        new("tox.ini", "[coverage:run]\n"),
        "tox.ini: takes the place of [tool.coverage] in",
    ),
    "pytest's hidden file": (new(".pytest.ini"), ".pytest.ini: takes the place of [tool.pytest] in"),
    "pytest's TOML": (new("pytest.toml"), "pytest.toml: takes the place of [tool.pytest] in"),
    "pytest's hidden TOML": (new(".pytest.toml"), ".pytest.toml: takes the place of [tool.pytest] in"),
}


@pytest.mark.parametrize("case", WRONG)
def test_verification_finds_wrong_settings(copy, problems, case):
    """P8, R2, R4: the problem by name; nothing crashes."""
    damage, message = WRONG[case]
    project = copy()
    damage(project)
    assert message in problems(project)
