"""P8, L3: where adoption sees the code and the tests of a repository."""

import pytest
from adoption import Refused, imports, layouts, report
from adoption.project import Project
from adoptions import FLAT, NAMED, SETUP, TEST, repository_fixture  # noqa: F401 # a fixture

SRC = {"src/acme/__init__.py": "", "tests/test_a.py": TEST}
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
            "setup.cfg": "[options]\npackages = find:\npackage_dir =\n    =code\n"
            "[options.packages.find]\nwhere = code\n",
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


def test_modules_that_need_an_optional_package_are_seen(repository):
    """L3, R4: and those that import them; not what the package needs itself, what is caught, or what may not run."""
    files = {
        "acme/__init__.py": "import requests\nfrom . import core\ntry:\n    import fast\nexcept ImportError:\n    0\n",
        "acme/core.py": "import os, yaml, urllib3\n\n\ndef plot():\n    import pylab\n",
        "acme/more/__init__.py": "",
        "acme/more/table.py": "import numpy as np\nfrom requests import get\n",
        "acme/more/view.py": "from .table import x\nif True:\n    import tkinter9\n",
        "acme/more/net.py": "import urllib3\n",
    }
    project = Project(repository(files))
    found = imports.untried(project, layouts.detect(project), {"pyyaml", "requests"})
    assert found == ["acme.more.table", "acme.more.view"]


def test_a_site_of_mkdocs_that_would_have_the_guides_on_it_is_named():
    """L3: what `docs_dir` names is published."""
    sites = ("site_name: x\n", "docs_dir: 'docs'\n", "docs_dir: site\n", "exclude_docs: |\n  ci_cd/\n")
    assert [report.in_docs(text) for text in sites] == [True, True, False, False]
