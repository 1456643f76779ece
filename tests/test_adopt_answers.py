"""L3: which answers and requirements adoption takes from a repository."""

import re

import pytest
from adoption import Refused, answers, layouts, requirements, tables
from adoption.project import Project
from adoptions import FLAT, NAMED, SETUP, adopt, repository_fixture  # noqa: F401 # a fixture
from conftest import TEMPLATE, run

MIT = "MIT License\n\nPermission is hereby granted, free of charge, to any person\n"
BSD = "Redistribution and use in source and binary forms, are permitted\n3. Neither the name of the holder\n"
FACTS = {
    "licence as text": ({"pyproject.toml": NAMED + 'license = "Apache-2.0"\n'}, {"license": "Apache-2.0"}),
    "licence as a table": ({"pyproject.toml": NAMED + 'license = { text = "MIT" }\n'}, {"license": "MIT"}),
    "licence in a file": (
        {"pyproject.toml": NAMED + 'license = { file = "L" }\n', "L": BSD},
        {"license": "BSD-3-Clause"},
    ),
    "licence by its text": ({"LICENSE.rst": MIT}, {"license": "MIT"}),
    "licence by classifier": (
        {"setup.cfg": "[metadata]\nclassifiers =\n    License :: OSI Approved :: Apache Software License\n"},
        {"license": "Apache-2.0"},
    ),
    "two licences": ({"pyproject.toml": NAMED + 'license = "MIT OR Apache-2.0"\n'}, {"license": "Proprietary"}),
    "poetry": (
        {
            "pyproject.toml": '[tool.poetry]\nname = "acme-x"\nlicense = "MIT"\nauthors = ["Ann Å <ann@x.org>"]\n'
            '[tool.poetry.dependencies]\npython = "^3.12"\n'
        },
        {
            "license": "MIT",
            "author_name": "Ann Å",
            "author_email": "ann@x.org",
            "project_slug": "acme-x",
            "python_versions": "3.12 3.13",
        },
    ),
    "setup.py": (
        {
            "setup.py": f"{SETUP}import os\nABOUT = dict(author='Bo', author_email='bo@x.org, c@x.org')\n"
            "setup(name='acme', version=os.x, license='BSD 3-Clause', python_requires='>=3.8,<3.13', **ABOUT)"
        },
        {"author_name": "Bo", "author_email": "bo@x.org", "license": "BSD-3-Clause", "python_versions": "3.11 3.12"},
    ),
    "flit": (
        {"pyproject.toml": '[tool.flit.metadata]\nmodule = "acme"\nauthor = "Di"\nauthor-email = "d@x.org"\n'},
        {"author_name": "Di"},
    ),
    "classifiers": (
        {
            "pyproject.toml": NAMED
            + 'classifiers = ["Programming Language :: Python :: 3.9", "Programming Language :: Python :: 3.14"]\n'
        },
        {"python_versions": "3.14"},
    ),
    "nothing": (
        {},
        {
            "license": "Proprietary",
            "lint_tools": "ruff",
            "type_checking": "off",
            "coverage_minimum": "0",
            "lint_gate": "report",
        },
    ),
    "black": (
        {"pyproject.toml": "[tool.black]\nline-length = 99\n"},
        {"lint_tools": "black+isort+flake8", "line_length": "99"},
    ),
    "isort": ({"pyproject.toml": '[tool.isort]\nprofile = "black"\n'}, {"line_length": "88"}),
    "flake8": (
        {"tox.ini": "[flake8]\nmax-line-length = 100\n"},
        {"lint_tools": "black+isort+flake8", "line_length": "100"},
    ),
    "ruff": ({"ruff.toml": "line-length = 77\n", ".flake8": "[flake8]\n"}, {"lint_tools": "ruff", "line_length": "77"}),
    "ruff hook": (
        {".pre-commit-config.yaml": "repos:\n- repo: https://x/ruff-pre-commit\n"},
        {"lint_tools": "ruff", "line_length": "88"},
    ),
    "mypy": ({"mypy.ini": "[mypy]\nstrict = True\n"}, {"type_checking": "strict"}),
    "lenient": ({"setup.cfg": "[mypy]\n"}, {"type_checking": "lenient"}),
    "coverage": (
        {
            ".coveragerc": "[report]\nfail_under = 91.5\n",
            "codecov.yml": "coverage:\n  status:\n    project:\n      default:\n        target: 95%\n",
        },
        {"coverage_minimum": "91", "coverage_target": "95"},
    ),
    "coverage above the target": ({".coveragerc": "[report]\nfail_under = 90.5\n"}, {"coverage_target": "91"}),
    "coverage in setup.cfg": (
        {"setup.cfg": "[coverage:report]\nfail_under = 70\n"},
        {"coverage_minimum": "70", "coverage_target": "80"},
    ),
    "coverage in options": (
        {"pytest.ini": "[pytest]\naddopts = --cov-fail-under=100\n"},
        {"coverage_minimum": "100", "coverage_target": "100"},
    ),
    "codeql": ({".github/workflows/scan.yaml": "uses: github/codeql-action/init@x\n"}, {"codeql": "False"}),
    "names": ({".github/workflows/ci.yaml": "on: push\n"}, {"file_prefix": "quality-"}),
    "no names": ({".github/workflows/main.yml": "on: push\n"}, {"file_prefix": ""}),
    "owner": (
        {"pyproject.toml": NAMED + 'urls = { Source = "https://github.com/acme-org/acme" }\n'},
        {"github_owner": "acme-org"},
    ),
}


@pytest.mark.parametrize("case", FACTS)
def test_answers_come_from_the_project(repository, case):
    """L3: licence, authors, Pythons, linters, thresholds, wherever the project says them."""
    files, expected = FACTS[case]
    project = Project(repository(FLAT | files))
    found = answers.derive(project, layouts.detect(project))
    assert {name: found[name][0] for name in expected} == expected


NEEDS = {
    "group": ({"pyproject.toml": NAMED + '[dependency-groups]\ntests = ["pytest<9"]\n'}, ([], [], ["tests"], [])),
    "extra": (
        {"pyproject.toml": NAMED + '[project.optional-dependencies]\ntesting = ["pytest"]\ndev = ["tox"]\n'},
        ([], [], [], ["testing"]),
    ),
    "group dev": (
        {
            "pyproject.toml": NAMED
            + '[dependency-groups]\na = ["attrs"]\ndev = [{ include-group = "a" }, "Foo.Bar>=1"]\n'
        },
        ([], ["attrs", "Foo.Bar>=1"], [], []),
    ),
    "poetry": (
        {
            "pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.8"\nattrs = "^22.1"\nhere = { path = "." }\n'
            "[tool.poetry.group.test.dependencies]\n"
            "foo = { version = '~1.2', extras = ['x'], markers = \"os_name == 'nt'\" }\n"
        },
        (["attrs<23,>=22.1"], ['foo[x]<1.3,>=1.2; os_name == "nt"'], [], []),
    ),
    "setup.py": (
        {
            "setup.py": f"{SETUP}EXTRAS = {{'test': ['foo'], 'x': open('y')}}\n"
            "setup(install_requires=['attrs>2'], extras_require=EXTRAS)"
        },
        (["attrs>2"], ["foo"], [], []),
    ),
    "setup.cfg": (
        {"setup.cfg": "[options]\ninstall_requires =\n    attrs; os_name > '3'\ntests_require = foo\n"},
        (['attrs; os_name > "3"'], ["foo"], [], []),
    ),
    "pinned file": (
        {
            "requirements-test.txt": "-r more/base.txt\nfoo==1.2 \\\n    --hash=sha256:00\n",
            "more/base.txt": "bar==2\n-e .\n",
        },
        ([], ["bar", "foo"], [], []),
    ),
    "sources of it": (
        {"requirements/tests.in": "foo>=1\n", "requirements/tests.txt": "foo==1\n"},
        ([], ["foo>=1"], [], []),
    ),
    "tox": (
        {"tox.ini": "[testenv]\ndeps =\n    foo\n    py311: bar>1\n    -r{toxinidir}/r.txt\n", "r.txt": "baz\n"},
        ([], ["foo", "bar>1", "baz"], [], []),
    ),
    "dynamic": (
        {
            "pyproject.toml": NAMED
            + 'dynamic = ["dependencies"]\n[tool.setuptools.dynamic]\ndependencies = { file = ["r.txt"] }\n',
            "r.txt": "attrs\n",
        },
        (["attrs"], [], [], []),
    ),
}


@pytest.mark.parametrize("case", NEEDS)
def test_what_the_tests_need_is_found(repository, case):
    """L3: groups and extras are referred to, all else is copied, pins of lock files as names."""
    files, expected = NEEDS[case]
    found = requirements.find(Project(repository(FLAT | files)))
    assert (found.runtime, found.tests, found.groups, found.extras) == expected


def test_answers_that_are_none_are_named():
    """L3, G3."""
    given = {"coverage": "70", "codeql": "perhaps", "license": "GPL", "_jinja2_env_vars": "x"}
    assert [line.partition(":")[0] for line in answers.unfit(given)] == list(given)
    assert adopt.answers is answers


def test_groups_get_what_they_lack_and_stay_free_of_cycles(repository):
    """L3: what the project names itself is its own, in its version; a group `dev` stays; old Pythons get no tools."""
    text = (TEMPLATE / "{{cookiecutter.project_slug}}/pyproject.toml").read_text(encoding="utf-8")
    text = re.sub(r"(?m)^\{%.*\n", "", text)
    rendered = [
        piece for piece in tables.pieces(text) if piece[0].startswith(("dependency-groups", "tool.pyproject2conda"))
    ]
    own = (
        'tests = [{ include-group = "dev" }]\ndev = [{ include-group = "test" }]\ntest = ["pytest<8", "nox==2025.10"]\n'
    )
    files = {"pyproject.toml": f'{NAMED}requires-python = ">=3.9"\n[dependency-groups]\n{own}lint = ["Black"]\n'}
    project = Project(repository(FLAT | files))
    needs = requirements.find(project)
    found = tables.groups(project, rendered, needs)
    names = {group: [requirements.name(item) for item in items] for group, items in found.items()}
    assert "dev" not in found
    assert not {"pytest", ""} & {*names["test"]} and not {"black"} & {*names["lint"]}
    assert "pytest-cov; python_version >= '3.11'" in found["test"], "without bounds, for an older pytest"
    assert "nox==2025.10" in found["tasks"] and "twine>=6.1,<8; python_version >= '3.11'" in found["build"]
    conda = tables.conda(project, rendered, needs)
    assert conda.count('groups = ["tests", "test", "lint", "build", "tasks", "update"]') == 2


BRANCHES = {
    # case: (branches on origin, the default one, main_branch, develop_branch)
    "stale": (["main", "develop"], "main", "main", ""),
    "integration": (["main", "develop"], "develop", "main", "develop"),
    "old names": (["master", "development"], "development", "master", "development"),
    "alone": (["develop"], "develop", "develop", ""),
    "another": (["trunk", "main", "develop"], "trunk", "trunk", ""),
}


@pytest.mark.parametrize("case", BRANCHES)
def test_the_default_branch_stays_the_default_branch(repository, case):
    """L3, M6: the first branch of the rules, which `nox -s github_setup -- --apply` makes it."""
    known, default, main, develop = BRANCHES[case]
    root = repository(FLAT)
    for name in known:
        run("git", "update-ref", f"refs/remotes/origin/{name}", "HEAD", cwd=root)
    run("git", "symbolic-ref", "refs/remotes/origin/HEAD", f"refs/remotes/origin/{default}", cwd=root)
    project = Project(root)
    found = answers.derive(project, layouts.detect(project))
    assert (found["main_branch"][0], found["develop_branch"][0]) == (main, develop)
    assert (develop or main) == default


def test_a_python_that_the_pipeline_does_not_know_is_refused(repository):
    """L3, P8."""
    project = Project(repository(FLAT | {"pyproject.toml": f'{NAMED}requires-python = "<3.11"\n'}))
    with pytest.raises(Refused, match="the pipeline tests 3.11 and newer"):
        answers.derive(project, layouts.detect(project))
