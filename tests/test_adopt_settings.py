"""L3, R1: how adoption changes a file of settings."""

import re
import sys
import tomllib

import pytest
from adoption import Refused, building, ignores, layouts, linters, pytests, requirements, tables, texts
from adoption.project import Project
from adoptions import (  # noqa: F401 # fixtures
    FLAT,
    NAMED,
    adopted_fixture,
    origin_fixture,
    repository_fixture,
    verified,
)
from conftest import TEMPLATE, run
from ruamel.yaml import YAML

HOOK = {"repo": "local", "hooks": [{"id": "verify-project", "name": "v", "entry": "python tools/verify_project.py"}]}
HOOKS = {
    "wide": "repos:\n-   repo: x\n    rev: '1'   # why\n    hooks:\n    -   id: a\n        args: [--x]\n",
    "indented": '---\n# head\nci:\n    skip: ["a"]\n\nrepos:\n  - repo: x\n    hooks:\n      - id: a\n\n# tail\n',
    "keys behind": "repos:\n- repo: x\n  hooks:\n  - {id: a}\n\ndefault_stages: [pre-commit]\nexclude: ^a\n",
    "local": "repos:\n  - repo: local\n    hooks:\n      - id: a\n        entry: a\n",
}


@pytest.mark.parametrize("form", HOOKS)
def test_a_hook_is_added_in_the_form_of_the_others(form):
    """L3: nothing else in .pre-commit-config.yaml changes, not a blank, a quote or a comment."""
    before, rendered = HOOKS[form], f"repos:\n  - {HOOK}\n"
    after, added = linters.add_hook(before, rendered, "^tools/")
    own, made = (YAML(typ="safe").load(text) for text in (before, after))
    assert made["repos"] == [*own["repos"], HOOK]
    assert made["exclude"] == own.get("exclude", "^tools/")
    assert all(line in after.split("\n") for line in before.split("\n"))
    assert [line for line in after.split("\n") if line in before.split("\n")][: before.count("\n")] == before.split(
        "\n"
    )[:-1] or "" in before
    marks = {line[: line.index("-")] for line in after.splitlines() if "- repo:" in line or "-   repo:" in line}
    assert len(marks) == 1, "all repositories are indented alike"
    assert linters.add_hook(after, rendered, "^tools/")[1] == [], "not twice"


def test_settings_keep_their_form():
    """L3, R1: comments, order, CRLF, a byte order mark and a missing last line end."""
    before = b'\xef\xbb\xbf[tool.a]\r\nx = 1 # one\r\n\r\n# about b\r\n[tool.b]\r\nlist = [\r\n  "p", # first\r\n]'

    def edit(text):
        text, _ = texts.add_keys(text, ("tool", "a"), {"x": 2, "y": True})
        text, _ = texts.add_keys(text, ("tool", "b"), {"list": ["p", "q"]})
        return texts.append(text, "[tool.c]\nz = 3\n")

    after = texts.edit(before, edit)
    assert after == (
        b"\xef\xbb\xbf[tool.a]\r\nx = 1 # one\r\ny = true\r\n\r\n# about b\r\n[tool.b]\r\n"
        b'list = [\r\n  "p", # first\r\n  "q",\r\n]\r\n\r\n[tool.c]\r\nz = 3'
    )
    ini = "[run]\nbranch = 1\n\n[report]\n# x\nomit =\n    a\n"
    assert texts.add_option(ini, "report", "fail_under", 0) == ini.replace("[report]\n", "[report]\nfail_under = 0\n")
    assert texts.add_option(ini, "html", "a", 1) == f"{ini}\n[html]\na = 1\n"
    assert texts.add_option("", "run", "source", "\n    a\n    b") == "[run]\nsource =\n    a\n    b\n"


def test_a_key_stands_before_the_comments_of_the_table_that_follows():
    """L3: also where that table is a part of its own, and keys before it are dotted."""
    text = "[tool.ruff]\nlint.preview = true\n\n# about x\n[tool.ruff.lint.x]\ny = 1\n"
    changed, _ = texts.add_keys(text, ("tool", "ruff"), {"extend-exclude": ["a"], "fix": True})
    assert changed == text.replace("true\n", 'true\nextend-exclude = ["a"]\nfix = true\n')


@pytest.mark.parametrize(
    "ini", ["[run]\n\tb = 1\n\tc = 2\n", "[run] ; why\n\n# of b\n  b = 1\n  c: 2", "[run]\nb = 1\nc = 2"]
)
def test_options_of_any_form_are_added_to(ini):
    """L3, R1: an option that is indented does not become the end of the one above it."""
    added = texts.sections(texts.add_option(ini, "run", "source", "\n    x\n    y"))
    assert added == {"run": {"source": "\nx\ny", "b": "1", "c": "2"}}
    extended = pytests.add_to_ini(ini.replace("b", "addopts"), "run", ["--x"])
    assert texts.sections(extended) == {"run": {"addopts": "1 --x", "c": "2"}}

    with pytest.raises(ValueError, match="cannot be added to"):
        texts.add_option("[run]\n[run]\nsource = z\n", "run", "source", "x")  # the second would win


@pytest.mark.parametrize(
    ("files", "place", "lacking"),
    [
        ({}, "pyproject.toml", {"run": {"source": ["acme"], "branch": True}, "report": {"fail_under": 7}}),
        (
            {"tox.ini": "[testenv]\ncommands = pytest --cov\n"},
            "pyproject.toml",
            {"run": {"source": ["acme"]}, "report": {"fail_under": 7}},
        ),
        ({".coveragerc": "[run]\nsource = acme\n"}, ".coveragerc", {"run": {}, "report": {"fail_under": 7}}),
        (
            {"setup.cfg": "[coverage:report]\nfail_under = 9\n"},
            "setup.cfg",
            {"run": {"source": ["acme"]}, "report": {}},
        ),
        ({"tox.ini": "[coverage:run]\ninclude = a\n"}, "tox.ini", {"run": {}, "report": {"fail_under": 7}}),
        (
            {"pyproject.toml": '[tool.coverage.run]\nsource_pkgs = ["acme"]\n'},
            "pyproject.toml",
            {"run": {}, "report": {"fail_under": 7}},
        ),
    ],
    ids=["none", "measured", ".coveragerc", "setup.cfg", "tox.ini", "pyproject.toml"],
)
def test_coverage_is_told_where_it_looks(repository, files, place, lacking):
    """L3: only what must be, in the first file that coverage.py reads; values that are there win."""
    project = Project(repository(FLAT | files))
    text = (TEMPLATE / "{{cookiecutter.project_slug}}/pyproject.toml").read_text(encoding="utf-8")
    rendered = [
        ("tool.coverage.run", tables.only(tables.pieces(text), "tool.coverage.run")),
        ("tool.coverage.report", "[tool.coverage.report]\n"),
    ]
    found = tables.coverage(project, rendered, layouts.detect(project), 7, requirements.find(project))
    assert found[0] == place
    assert found[1]["run"].pop("relative_files") is True
    for part, values in lacking.items():
        assert values.items() <= found[1][part].items()
        assert not files or values == found[1][part]


def test_pytest_is_kept_off_the_programs_where_it_takes_every_file(repository):
    """L3: tests pass or fail as before; where it takes tests only, its settings stay."""
    added = ["noxfile.py", "tools/a.py"]
    ini = "[pytest]\naddopts=\n\t--doctest-modules\n\t-ra\nfilterwarnings=\n\terror\n"
    for files, expected in (
        ({"pytest.ini": ini}, ["--ignore=noxfile.py", "--ignore=tools"]),
        ({"pyproject.toml": '[tool.pytest]\naddopts = ["--doctest-modules"]\ntestpaths = ["tests"]\n'}, []),
        ({"tox.ini": "[pytest]\naddopts = -ra\n"}, []),
        ({"setup.cfg": "[tool:pytest]\naddopts = --doctest-modules\n", "pyproject.toml": "[tool.pytest]\nx = 1\n"}, []),
        ({"pytest.toml": '[pytest]\naddopts = ["--doctest-modules"]\n'}, ["--ignore=noxfile.py", "--ignore=tools"]),
    ):
        project = Project(repository(FLAT | files))
        assert pytests.options(project, added) == expected
        for path in files:
            (project.root / path).unlink()
    assert pytests.add_to_ini(ini, "pytest", ["--x"]) == ini.replace("\t-ra\n", "\t-ra\n\t--x\n")
    text = texts.extend_text(
        '[tool.pytest]\naddopts = "-ra --doctest-modules" # c\n', ("tool", "pytest"), "addopts", ["--x"]
    )
    assert tomllib.loads(text)["tool"]["pytest"]["addopts"] == "-ra --doctest-modules --x"


@pytest.mark.parametrize(
    ("settings", "excludes", "is_said"),
    [
        ({"pyproject.toml": "[tool.rumdl]\nenable = []\n"}, True, False),
        ({".markdownlint.json": "{}\n"}, False, True),
        ({}, False, False),
    ],
    ids=["rumdl", "markdownlint", "none"],
)
def test_other_rules_for_markdown_do_not_judge_the_guides(repository, settings, excludes, is_said):
    """L3: the hook reads pyproject.toml alone: its rules are the template's there, or leave the guides alone."""
    project = Project(repository(FLAT | settings))
    added = ("pyproject.toml", ("tool", "rumdl"), {"exclude": ["docs/ci_cd"]}) in linters.exclusions(project, [])
    text = (TEMPLATE / "{{cookiecutter.project_slug}}/pyproject.toml").read_text(encoding="utf-8")
    rules = "[tool.rumdl]" in linters.linter_tables(project, tables.pieces(text), layouts.detect(project))
    assert (added, rules) == (excludes, not excludes)
    assert any("exclude docs/ci_cd: " in line for line in linters.elsewhere(project, [])) == is_said


MEASURED = "[tool.coverage.report]\nshow_missing = true\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "own",
    [{}, {"pyproject.toml": NAMED + MEASURED}, {".coveragerc": "[report]\n  fail_under: 42.50\n"}],
    ids=["the template's", "its own", "in a file of coverage"],
)
def test_thresholds_change_where_coverage_is_the_projects_own(adopted, own):
    """L2, L3, D6: without a conflict, in its own settings and in the guides, also from a number that is no answer."""
    project, _ = adopted(FLAT | {"pyproject.toml": NAMED} | own)
    place = [*own, "pyproject.toml"][0]
    before = (project / place).read_text(encoding="utf-8")
    command = [sys.executable, "tools/update_project.py", "--minimum", "50", "--target", "77", "--patch", "66"]
    command += ["--tiers", "99 88 55"]
    assert run(*command, cwd=project).stdout.endswith("\n0 conflicts and problems\n")
    assert verified(project) == "0 problems\n"
    lines = run("git", "status", "--porcelain", cwd=project).stdout.splitlines()
    assert {line[:2] for line in lines} == {"M "}, "staged, all of it"
    after = (project / place).read_text(encoding="utf-8")
    assert re.search(r"(?m)^ *fail_under *[=:] 50$", after)
    assert place == "pyproject.toml" or after == before.replace("42.50", "50")
    text = (project / "pyproject.toml").read_text(encoding="utf-8")
    assert "\ntarget = 77\npatch-target = 66\n" in text
    assert [int(target) for target in re.findall(r"tiers.*\ntarget = (\d+)", text)] == [99, 88, 55]


def test_lines_of_gitignore_are_not_doubled():
    """L3."""
    assert ignores.lacking("dist\n/.venv\n*.pyc\n", "# head\n/dist/\n.venv/\n*.py[cod]\n\n/reports/\n") == [
        "*.py[cod]",
        "/reports/",
    ]


def test_setuptools_told_by_code_is_refused(repository):
    """L3: only a person can change setup.py."""
    project = Project(
        repository(FLAT | {"setup.py": "from setuptools import *\nsetup(packages=find_namespace_packages())\n"})
    )
    with pytest.raises(Refused, match="find_namespace_packages"):
        list(building.settings(project, layouts.detect(project), ["tools/a.py"]))


FORMS = {
    "dotted": "[tool]\nruff.line-length = 9 # c\ncoverage.run.branch = true\n",
    "dotted from the root": 'tool.ruff.line-length = 9\nname = "x"\n',
    "in one line": "[tool]\nruff = { line-length = 9 }\ncoverage = { run = { branch = true } }\n",
    "scattered": "[tool.ruff]\na = 9\n\n[project]\n\n[tool.coverage.run]\nb = 1\n\n[x]\n[tool.ruff.lint]\nc = []\n",
    "parts first": '[tool.ruff.lint]\nselect = ["a"]\n[tool.coverage.report]\nomit = ["x"]\n',
    "lists of tables": '[[tool.mypy.overrides]]\nmodule = "x"\n[tool.ruff]\nline-length = 9\n[tool.coverage.run]\n',
    "quoted": '[tool."ruff"]\n"line-length" = 9\n["tool".coverage.run]\nbranch = true\n',
}


@pytest.mark.parametrize("form", FORMS)
def test_tables_of_any_form_are_added_to(form):
    """L3, R1: what was there is there."""
    before = tomllib.loads(FORMS[form])
    for place, values in (
        (("tool", "ruff"), {"extend-exclude": ["tools"]}),
        (("tool", "coverage", "run"), {"relative_files": True}),
        (("tool", "coverage", "report"), {"fail_under": 0}),
        (("dependency-groups",), {"test": ["a", {"include-group": "b"}], "dev": [{"include-group": "test"}]}),
    ):
        text, added = texts.add_keys(FORMS[form], place, values)
        found = tomllib.loads(text)
        assert texts.is_kept(before, found)
        assert added == [*values]
        for name in place:
            found = found[name]
        assert values.items() <= found.items()
