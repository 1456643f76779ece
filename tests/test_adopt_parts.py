"""L3, P8: what adoption sees in a repository, and how it changes a file of settings."""

import tomllib

import pytest
from adoption import Refused, answers, building, ignores, layouts, linters, pytests, requirements, tables, texts
from adoption.project import Project
from adoptions import TEST, adopt, repository_fixture  # noqa: F401 # a fixture
from conftest import TEMPLATE
from ruamel.yaml import YAML

SETUP = "from setuptools import setup, find_packages\n"
SRC = {"src/acme/__init__.py": "", "tests/test_a.py": TEST}
FLAT = {"acme/__init__.py": "", "acme/core.py": "", "tests/test_core.py": TEST}
NAMED = '[project]\nname = "acme"\n'
SHAPES = {
    "src": (SRC, "src/acme", "tests"),
    "flat": (FLAT | {"docs/conf.py": "", "scripts/__init__.py": ""}, "acme", "tests"),
    "two below src": ({"src/a/__init__.py": "", "src/b/__init__.py": "", "test/test_a.py": TEST}, "src", "test"),
    "modules in src": ({"src/one.py": "", "src/two.py": "", "src/tests/test_one.py": TEST}, "src", "src/tests"),
    "src a package": (
        {"src/__init__.py": "", "src/one.py": "", "src/tests/unit/test_one.py": TEST},
        "src",
        "src/tests",
    ),
    "one module": (
        {"acme.py": "", "setup.py": f"{SETUP}setup(py_modules=['acme'])", "test_acme.py": TEST},
        "acme.py",
        ".",
    ),
    "tests inside": ({"acme/__init__.py": "", "acme/tests/test_a.py": TEST}, "acme", "acme/tests"),
    "tests in each part": (
        {
            "acme/__init__.py": "",
            "acme/a/__init__.py": "",
            "acme/a/tests/test_a.py": TEST,
            "acme/b/tests/test_b.py": TEST,
        },
        "acme",
        "acme",
    ),
    "tests beside": ({"acme/__init__.py": "", "acme/core.py": "", "acme/core_test.py": TEST}, "acme", "acme"),
    "tests at the top": (FLAT | {"test_acme.py": TEST, "test_b.py": TEST, "tests/test_core.py": ""}, "acme", "."),
    "namespace in src": ({"src/ns/acme/__init__.py": "", "tests/test_a.py": TEST}, "src", "tests"),
    "namespace at the root": (
        {"ns/acme/__init__.py": "", "tests/test_a.py": TEST, "pyproject.toml": '[project]\nname = "ns.acme"\n'},
        "ns",
        "tests",
    ),
    "no tests": ({"acme/__init__.py": "", "pyproject.toml": NAMED}, "acme", "tests"),
    "by name among others": (FLAT | {"plugins/__init__.py": "", "pyproject.toml": NAMED}, "acme", "tests"),
    "all at the root": ({"a/__init__.py": "", "b/__init__.py": "", "tests/test_a.py": TEST}, "a b", "tests"),
    "package_dir": (
        {
            "lib/acme/__init__.py": "",
            "tests/test_a.py": TEST,
            "setup.py": f"{SETUP}setup(package_dir={{'': 'lib'}}, packages=find_packages('lib'))",
        },
        "lib/acme",
        "tests",
    ),
    "setup.cfg": (
        {
            "code/acme/__init__.py": "",
            "tests/test_a.py": TEST,
            "setup.cfg": "[options]\npackages = find:\npackage_dir =\n    =code\n[options.packages.find]\nwhere = code\n",
        },
        "code",
        "tests",
    ),
    "listed": (
        {
            "a/__init__.py": "",
            "a/b/__init__.py": "",
            "other/__init__.py": "",
            "t/test_a.py": TEST,
            "setup.py": "NAMES = ['a', 'a.b']\nimport setuptools\nsetuptools.setup(packages=NAMES)",
        },
        "a",
        "t",
    ),
    "hatch": (
        {
            "py/acme/__init__.py": "",
            "acme/__init__.py": "",
            "tests/test_a.py": TEST,
            "pyproject.toml": '[tool.hatch.build.targets.wheel]\npackages = ["py/acme"]\n',
        },
        "py/acme",
        "tests",
    ),
    "poetry": (
        {
            "code/acme/__init__.py": "",
            "tests/test_a.py": TEST,
            "pyproject.toml": '[tool.poetry]\nname = "x"\npackages = [{ include = "acme", from = "code" }]\n',
        },
        "code/acme",
        "tests",
    ),
    "flit": (
        {"acme.py": "", "x.py": "", "tests/test_a.py": TEST, "pyproject.toml": '[tool.flit.module]\nname = "acme"\n'},
        "acme.py",
        "tests",
    ),
    "maturin": (
        {
            "python/acme/__init__.py": "",
            "tests/test_a.py": TEST,
            "pyproject.toml": '[tool.maturin]\npython-source = "python"\n',
        },
        "python/acme",
        "tests",
    ),
    "uv": (
        {
            "code/acme/__init__.py": "",
            "tests/test_a.py": TEST,
            "pyproject.toml": '[project]\nname = "acme"\n[tool.uv.build-backend]\nmodule-root = "code"\n',
        },
        "code/acme",
        "tests",
    ),
    "testpaths": (
        SRC | {"checks/test_b.py": TEST, "pytest.ini": "[pytest]\ntestpaths = checks\n"},
        "src/acme",
        "checks",
    ),
    "part of src": (
        {
            "src/a/__init__.py": "",
            "src/b/__init__.py": "",
            "tests/test_a.py": TEST,
            "pyproject.toml": '[tool.hatch.build.targets.wheel]\npackages = ["src/a"]\n',
        },
        "src",
        "tests",
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_layout_is_seen(repository, shape):
    """P8, L3: what the build is told wins over what the folders look like."""
    files, source, tests = SHAPES[shape]
    found = layouts.detect(Project(repository(files)))
    assert (" ".join(found.source), found.tests) == (source, tests)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"README.md": "# Acme\n"}, "holds no Python code"),
        ({"docs/conf.py": "", "test_a.py": TEST}, "holds no Python code"),
        (
            {"api/pyproject.toml": NAMED, "api/src/api/__init__.py": "", "web/setup.py": ""},
            "no project at its root, but in api, web",
        ),
    ],
)
def test_what_no_layout_covers_is_refused_in_one_sentence(repository, files, words):
    """P8: also where setup.py is executed by nobody."""
    with pytest.raises(Refused) as refused:
        layouts.detect(Project(repository(files)))
    assert len(refused.value.problems) == 1
    assert words in refused.value.problems[0]


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
        {
            "setup.cfg": "[metadata]\nname = acme\nclassifiers =\n    License :: OSI Approved :: Apache Software License\n"
        },
        {"license": "Apache-2.0"},
    ),
    "two licences": ({"pyproject.toml": NAMED + 'license = "MIT OR Apache-2.0"\n'}, {"license": "Proprietary"}),
    "poetry": (
        {
            "pyproject.toml": '[tool.poetry]\nname = "acme-x"\nlicense = "MIT"\nauthors = ["Ann Å <ann@x.org>"]\n[tool.poetry.dependencies]\npython = "^3.12"\n'
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
            "setup.py": f"{SETUP}import os\nABOUT = dict(author='Bo', author_email='bo@x.org, c@x.org')\nsetup(name='acme', version=os.x, license='BSD 3-Clause', python_requires='>=3.8,<3.13', **ABOUT)"
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
            "pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.8"\nattrs = "^22.1"\nlocal = { path = "../x" }\n[tool.poetry.group.test.dependencies]\nfoo = { version = "~1.2", extras = ["x"], markers = "os_name == \'nt\'" }\n'
        },
        (["attrs<23,>=22.1"], ['foo[x]<1.3,>=1.2; os_name == "nt"'], [], []),
    ),
    "setup.py": (
        {
            "setup.py": f"{SETUP}EXTRAS = {{'test': ['foo'], 'x': open('y')}}\nsetup(install_requires=['attrs>2'], extras_require=EXTRAS)"
        },
        (["attrs>2"], ["foo"], [], []),
    ),
    "setup.cfg": (
        {
            "setup.cfg": "[metadata]\nname = x\n[options]\ninstall_requires =\n    attrs; python_version > '3'\ntests_require = foo\n"
        },
        (['attrs; python_version > "3"'], ["foo"], [], []),
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
    assert tuple(requirements.find(Project(repository(FLAT | files))))[:4] == expected


HOOK = {"repo": "local", "hooks": [{"id": "verify-project", "name": "v", "entry": "python tools/verify_project.py"}]}
HOOKS = {
    "wide": "repos:\n-   repo: x\n    rev: '1'   # why\n    hooks:\n    -   id: a\n        args: [--x]\n",
    "indented": '---\n# head\nci:\n    skip: ["a"]\n\nrepos:\n  - repo: x\n    rev: v1\n    hooks:\n      - id: a\n\n# tail\n',
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
        b'\xef\xbb\xbf[tool.a]\r\nx = 1 # one\r\ny = true\r\n\r\n# about b\r\n[tool.b]\r\nlist = [\r\n  "p", # first\r\n  "q",\r\n]'
        b"\r\n\r\n[tool.c]\r\nz = 3"
    )
    ini = "[run]\nbranch = 1\n\n[report]\n# x\nomit =\n    a\n"
    assert texts.add_option(ini, "report", "fail_under", 0) == ini.replace("[report]\n", "[report]\nfail_under = 0\n")
    assert texts.add_option(ini, "html", "a", 1) == f"{ini}\n[html]\na = 1\n"


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


def test_answers_that_are_none_are_named():
    """L3, G3."""
    given = {"coverage": "70", "codeql": "perhaps", "license": "GPL", "_jinja2_env_vars": "x"}
    assert [line.partition(":")[0] for line in answers.unfit(given)] == list(given)
    assert adopt.answers is answers
