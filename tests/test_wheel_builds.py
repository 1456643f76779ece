"""C5: the wheel is tried: it is built by real backends and installed in an empty environment."""

import os
import re
import shutil
import zipfile

import pytest
from conftest import environment, find, run
from pipelines import commit, start, write
from test_pipeline import LINTED, TESTED

pytestmark = pytest.mark.slow

BACKENDS = {
    "hatchling, version from git": (
        '["hatchling>=1.27", "hatch-vcs"]',
        "hatchling.build",
        '[tool.hatch.version]\nsource = "vcs"\n[tool.hatch.build.targets.wheel]\npackages = ["src/my_project"]\n'
        '[tool.hatch.build]\nartifacts = ["*.made"]\n'
        '[tool.hatch.build.hooks.vcs]\nversion-file = "src/my_project/_version.py"\n',
    ),
    "setuptools": (
        '["setuptools>=77"]',
        "setuptools.build_meta",
        '[tool.setuptools.packages.find]\nwhere = ["src"]\ninclude = ["my_project*"]\n'
        '[tool.setuptools.package-data]\n"*" = ["py.typed", "*.made"]\n'
        '[tool.setuptools.dynamic]\nversion = { attr = "my_project.__version__" }\n',
    ),
    "flit": ('["flit_core>=3.12"]', "flit_core.buildapi", '[tool.flit.module]\nname = "my_project"\n'),
}
BACKENDS["setuptools, extension module"] = BACKENDS["setuptools"]
EXTENSION = {
    "setup.py": "from setuptools import Extension, setup\n\n"
    'setup(ext_modules=[Extension("my_project._fast", ["src/my_project/_fast.c"])])\n',
    "src/my_project/_fast.c": "#include <Python.h>\n"
    'static struct PyModuleDef fast = {PyModuleDef_HEAD_INIT, "_fast", __FILE__, -1, NULL};\n'
    "PyMODINIT_FUNC PyInit__fast(void) { return PyModule_Create(&fast); }\n",
}


def setting(old, new):
    """Return the edit of pyproject.toml that replaces `old`, a regular expression."""

    def edit(text):
        changed, count = re.subn(old, lambda _: new, text, count=1, flags=re.M | re.S)
        assert count == 1, old
        return changed

    return edit


def use(backend):
    """Return the edit of pyproject.toml that builds with another backend."""
    requires, name, table = BACKENDS[backend]
    system = setting(r"^requires = .*?^build-backend = .*?$", f'requires = {requires}\nbuild-backend = "{name}"')
    return lambda text: setting(r"^\[tool\.hatch\.version\].*?(?=^# What must be covered)", f"{table}\n")(system(text))


# What the sdist does not bring, and packages that the wheel leaves out.
LEAVES_OUT = """[tool.setuptools]
packages = ["my_project"]
package-dir = { "" = "src" }
"""
INCOMPLETE = {
    "pyproject.toml": lambda text: setting(r"^\[tool.setuptools.packages.find\].*?(?=^\[)", LEAVES_OUT)(
        setting("^dynamic = .*?$", 'dynamic = ["version", "keywords"]')(use("setuptools")(text))
    ).replace('"*.made"]', '"*.txt"]'),
    "MANIFEST.in": "exclude src/my_project/data.txt\n",
    "setup.py": "import os\n\nfrom setuptools import setup\n\n"
    "setup(keywords=['listed'] if os.path.exists('words') else [])\n",
    "words": "",
    "src/my_project/data.txt": "data",
}


def build(project, files=None):
    """Write `files`, build sdist and wheel; return the variables of the environment that did it."""
    write(project, files or {})
    commit(project)
    variables = environment(project)
    run("python", "-m", "build", cwd=project, **variables)
    return variables


def tried(project, files=None, **more):
    """Build the project, then try its wheel; return the finished program."""
    return run("python", "tools/try_wheel.py", cwd=project, check=False, **build(project, files) | more)


def problems(result):
    """Return what the program found, without the verdict that ends it."""
    *found, verdict = re.split(r"^Wheel: ", result.stdout, flags=re.M)[1:]
    assert result.returncode == (1 if found else 0), result.stderr
    assert verdict.endswith(f" tried, {len(found)} problems\n")
    return found


def test_good_wheel_of_the_sample(copy):
    """C5: by the session, which is what CI runs; nothing is left behind or changed, also from a hook of git."""
    project = copy()
    commit(project)
    write(project, {"build/lib/my_project/old.py": "import nothing\n", "staged": ""})
    run("git", "add", "staged", cwd=project)
    os.mkfifo(project / ".git/fsmonitor.ipc")
    hook = {"GIT_DIR": str(project / ".git"), "GIT_INDEX_FILE": str(project / ".git/index")}
    result = run("nox", "--no-venv", "-s", "build", cwd=project, **environment(project) | hook)
    assert "Wheel: 7 modules and 0 commands of my_project-0.1.0-py3-none-any.whl tried, 0 problems\n" in result.stdout
    left = run("git", "status", "--porcelain", "--ignored", cwd=project).stdout
    assert left.splitlines() == ["A  staged", "!! build/", "!! dist/"]


def test_modules_commands_and_dependencies(copy):
    """C5, R2: what works in the source tree only is named, else all works; `untried` excuses."""
    project = copy()
    scripts = """dependencies = ["iniconfig>=2"]

[project.scripts]
good = "my_project.commands:good"
bad = "my_project.commands:bad"
gone = "my_project.commands:gone"

[project.entry-points.pytest11]
plugin = "my_project.plugin"
other = "iniconfig"
"""
    files = {
        "pyproject.toml": setting(r"^dependencies = \[\]$", scripts),
        "src/my_project/commands.py": "import sys\n\nimport iniconfig\n\n\ndef good():\n    print(iniconfig)\n\n\n"
        "def bad():\n    print('last words', sys.stdin.read())\n    return 3\n",
        "src/my_project/helper.py": "import pytest\n",
        "src/my_project/contrib/optional.py": "import nothing_like_this\n",
    }
    result = tried(project, files, PYTHONPATH=f"{project}/src")
    plugin, contrib, helper, bad, gone = problems(result)
    assert plugin.startswith("[pytest11] plugin: the wheel has no module my_project.plugin: name one that it has")
    assert contrib.startswith("my_project.contrib.optional: ModuleNotFoundError: No module named 'nothing_like_this'")
    assert helper.startswith("my_project.helper: ModuleNotFoundError: No module named 'pytest': correct it, or name it")
    assert re.search(r'    File ".*my_project/helper\.py", line 1, in <module>\n', helper)
    assert bad.startswith("bad: --help ended with exit code 3: ")
    assert bad.endswith("\n    last words \n")
    assert re.match(r"gone: --help ended with exit code 1: .*\n    ImportError: cannot import name 'gone'", gone, re.S)
    excuse = setting(
        r"^untried = \[\]$",
        'untried = ["my_project.contrib.*", "my_project.helper", "*.plugin", "bad", "gone", "other*"]',
    )
    write(project, {"pyproject.toml": excuse})
    variables = environment(project)
    (other,) = problems(run("python", "tools/try_wheel.py", cwd=project, check=False, **variables))
    assert other.startswith("[tool.quality-gate] untried: 'other*' matches no module and no command of the wheel")
    write(project, {"pyproject.toml": lambda text: text.replace(', "other*"', "")})
    result = run("python", "tools/try_wheel.py", cwd=project, **variables)
    assert "Wheel: 8 modules and 1 commands of my_project-0.1.0-py3-none-any.whl tried, 0 problems\n" in result.stdout


def test_what_sdist_and_wheel_lack(copy):
    """C5, R4: a file, a part of the metadata, a package; each with the fix."""
    found = "".join(problems(tried(copy(), INCOMPLETE)))
    assert "my_project/data.txt: the sdist builds a wheel without it: add to the sdist what it is made of" in found
    assert "METADATA: sdist and tree build other lines: add to the sdist what makes them: Dynamic: keywords; " in found
    for name in ("my_project.core", "my_project.core.event_bus"):
        assert f"{name}: the wheel lacks this module: add its package there, or name it in" in found
    assert "cannot be" not in found


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_false_alarm_with_other_backends(copy, backend):
    """P8: generated files, extension modules, versions of a changed tree, what an earlier build left."""
    project = copy()
    write(project, {".gitignore": lambda text: f"{text}_version.py\n*.made\n", "pyproject.toml": use(backend)})
    commit(project)
    run("git", "tag", "v2.0", cwd=project)
    is_compiled = "extension" in backend
    if is_compiled and not shutil.which("cc"):
        pytest.skip("no C compiler is installed here")
    left = {"build/lib/my_project/old.py": "", "src/my_project/script.made": "made before the build"}
    write(project, left | (EXTENSION if is_compiled else {}))
    variables = environment(project)
    commit(project)
    write(project, {"README.md": lambda text: f"{text}\nMore.\n"})
    run("python", "-m", "build", cwd=project, **variables)
    result = run("python", "tools/try_wheel.py", cwd=project, check=False, **variables)
    assert problems(result) == []
    assert f"{8 if is_compiled or 'git' in backend else 7} modules" in result.stdout
    (wheel,) = (project / "dist").glob("*.whl")
    assert "my_project/script.made" in zipfile.ZipFile(wheel).namelist()
    assert ("-2.0" in wheel.name or "-2.1" in wheel.name) == ("git" in backend)


def test_a_wheel_that_cannot_be_tried(copy, tmp_path):
    """R3, R4: exit code 2 and why, never a pass: nothing built, too much built, no network, an unknown dependency."""
    project = copy()
    variables = build(project, {"pyproject.toml": setting(r"^dependencies = \[\]$", 'dependencies = ["iniconfig"]')})
    offline = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}
    offline |= {"PIP_CONFIG_FILE": os.devnull, "PIP_EXTRA_INDEX_URL": "", "PIP_FIND_LINKS": ""}
    (wheel,) = (project / "dist").glob("*.whl")

    def refused(**more):
        result = run("python", "tools/try_wheel.py", cwd=project, check=False, **variables | more)
        assert (result.returncode, "Traceback" in result.stderr) == (2, False), result.stdout
        return find("^Wheel: cannot be tried: (.*)$", result.stderr, re.M)[1], result

    said, result = refused(**offline)
    assert said == f"pip cannot install {wheel.name} and its dependencies: see above; it needs the package index"
    assert "iniconfig" in result.stderr
    shutil.copy(wheel, wheel.with_name(wheel.name.replace("0.1.0", "0.2.0")))
    assert refused()[0].startswith("dist/ must hold one wheel and the sdist that it was built from: run: nox -s build")
    shutil.rmtree(project / "dist")
    assert refused()[0].startswith("dist/ must hold one wheel and the sdist")
    variables = build(project, {"pyproject.toml": lambda text: text.replace('"iniconfig"', "")})
    said, result = refused(**offline)
    assert said == "the tree builds no wheel, the sdist does: see above"
    assert "hatchling" in result.stdout
    (wheel,) = (project / "dist").glob("*.whl")
    wheel.write_text("no archive")
    said, result = refused()
    assert said.startswith(f"pip cannot install {wheel.name} and its dependencies: see above")
    assert "is invalid" in result.stderr
    (tmp_path / "a:b").mkdir()
    assert "contains the PATH separator" in refused(TMPDIR=str(tmp_path / "a:b"))[0]


def test_build_job_tries_the_wheel(copy, tmp_path):
    """C5, C7: in the rendered workflow, with a line in the job's summary and an annotation for each problem."""
    files = {"src/my_project/helper.py": "import pytest\n", "src/tests/unit/test_helper.py": ""}
    told = LINTED | TESTED
    job = start(copy(python_versions="3.13"), tmp_path, "push", files, job="build", needs=told).jobs["build"]
    assert job.result == "failure", job.end
    tried = "8 modules and 0 commands of my_project-0.1.0-py3-none-any.whl tried, 1 problems"
    assert f"## Build\n\n{tried}\n" in job.summary
    assert re.search(r"^[0-9a-f]{64}  my_project-0\.1\.0\.tar\.gz\n(.*\n)*Name: my-project$", job.summary, re.M)
    assert "::error title=Wheel::my_project.helper: ModuleNotFoundError: No module named 'pytest'" in job.log
