"""L3: adoption does not change what is built, however the project is built."""

import sys
import zipfile

import pytest
from adoptions import TEST, adopted_fixture, origin_fixture, repository_fixture  # noqa: F401 # fixtures
from conftest import run

pytestmark = pytest.mark.slow
NAMED = '[project]\nname = "acme"\nversion = "1.0"\n'
PACKAGE = {"acme/__init__.py": "", "acme/data/x.txt": "", "acme/data/y.py": "", "tests/test_a.py": TEST}
MODULE = {"acme.py": "", "tests/test_acme.py": TEST}
CFG = "[metadata]\nname = acme\nversion = 1.0\n"
SETUP = "import setuptools as s\ns.setup(name='acme', version='1.0'{})\n"
BUILDS = {
    "packages found by themselves": PACKAGE
    | {"pyproject.toml": NAMED, "MANIFEST.in": "recursive-include acme *.txt\n"},
    "a module found by itself": MODULE | {"pyproject.toml": NAMED},
    "packages to be found": PACKAGE
    | {"pyproject.toml": NAMED + '[tool.setuptools.packages.find]\nexclude = ["tests*"]\n'},
    "setup.cfg, found by themselves": PACKAGE | {"setup.cfg": CFG, "setup.py": "import setuptools as s\ns.setup()\n"},
    "setup.cfg, a module": MODULE | {"setup.cfg": CFG, "setup.py": SETUP.format("")},
    "setup.cfg, namespaces": PACKAGE
    | {"setup.cfg": f"{CFG}[options]\npackages = find_namespace:\n", "setup.py": SETUP.format("")},
    "setup.py, found by itself": PACKAGE | {"setup.py": SETUP.format("")},
    "setup.py, told": MODULE
    | {"setup.py": SETUP.format(", py_modules=['acme'], license='MIT', python_requires='>=3.8'")},
    "hatch": PACKAGE
    | {"pyproject.toml": f'{NAMED}[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'},
}


def wheel(project, folder):
    """Build the wheel of a fresh clone; return its files but the list of them."""
    run("git", "clone", "--quiet", project, folder / "clone", cwd=project)
    run("uv", "build", "--quiet", "--wheel", "--python", sys.executable, "--out-dir", folder, "clone", cwd=folder)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as file:
        return {path: file.read(path) for path in file.namelist() if not path.endswith("/RECORD")}


@pytest.mark.parametrize("build", BUILDS)
def test_the_wheel_stays_the_same(adopted, repository, tmp_path, build):
    """L3: to the byte, metadata included, though folders have come that setuptools would take for packages."""
    for part in ("before", "after"):
        (tmp_path / part).mkdir()
    project = repository(BUILDS[build])
    before = wheel(project, tmp_path / "before")
    adopted(project)
    assert wheel(project, tmp_path / "after") == before
    assert any(path.startswith("acme") for path in before)
