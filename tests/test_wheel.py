"""C5: what is tried of a wheel: each module in an environment, what is a module, how two wheels are compared."""

import os
import time
import venv

import pytest
from conftest import run
from pipelines import write

OPTIONAL = "import nothing_like_this\n"
# name: (text of the module, what is said of it; none if nothing is)
MODULES = {
    "fine": ("import sys\n\nprint(input)\n", ""),
    "argument_parser": ("import argparse\n\nargparse.ArgumentParser().parse_args()\n", ""),
    "thread": (
        "import threading\n\nthreading.Event.go = threading.Thread(target=threading.Event().wait).start()\n",
        "",
    ),
    "test_dependency": ("import pytest\n", "ModuleNotFoundError: No module named 'pytest'"),
    "second": ("from PKG import test_dependency\n", "ModuleNotFoundError: No module named 'pytest'"),
    "file_of_the_tree": (
        "from pathlib import Path\n\nPath(__file__).parents[2].joinpath('pyproject.toml').read_text()\n",
        "FileNotFoundError: [Errno 2] No such file or directory: ",
    ),
    "working_folder": (
        "open('src/PKG/__init__.py')\n",
        "FileNotFoundError: [Errno 2] No such file or directory: 'src/",
    ),
    "left": ("import sys\n\nsys.exit(0)\n", "Python ended with exit code 0 during the import: "),
    "ended": ("import os\n\nprint('last words')\nos._exit(0)\n", "Python ended with exit code 0 during the import: "),
    "killed": ("import os\n\nos.kill(os.getpid(), 9)\n", "Python ended with exit code -9 during the import: "),
    "asks": ("input()\n", "EOFError: EOF when reading a line: "),
    "wrong": ("raise Exception('%0a', b'\\xff', '\\udcff\\n::x')\n", "Exception: ('%0a', b'\\xff', '\\udcff\\n::x'): "),
    "unprintable": (
        "class E(BaseException):\n    __str__ = None\n\n\nraise E\n",
        "PKG.unprintable.E: <exception str() ",
    ),
    "circular": ("from PKG import circular_too\n\nX = 1\n", "ImportError: cannot import name 'X' from partially"),
    "circular_too": ("from PKG.circular import X\n", ""),
    "optional": (OPTIONAL, "ModuleNotFoundError: No module named 'nothing_like_this'"),
    "sub.deep": (OPTIONAL, "ModuleNotFoundError: No module named 'nothing_like_this'"),
    "sub.__main__": ("raise SystemExit(3)\n", ""),
}


@pytest.fixture
def trial(tools, tmp_path):
    """Return a function that writes modules into a new environment and tries them, in this process."""

    def call(modules):
        venv.create(tmp_path / "environment")
        packages = next(tmp_path.glob("environment/lib/python*/site-packages"))
        write(
            packages, {f"{name.replace('.', '/')}.py": text.replace("PKG", "package") for name, text in modules.items()}
        )
        return tools.try_wheel.try_modules(sorted(modules), str(tmp_path / "environment/bin"), dict(os.environ))

    # Somebody who could answer sits there, as at a terminal.
    (end, other), kept = os.pipe(), os.dup(0)
    os.dup2(end, 0)
    yield call
    os.dup2(kept, 0)
    for descriptor in (end, other, kept):
        os.close(descriptor)


def test_each_module_that_cannot_be_imported_is_named_with_its_cause(trial):
    """C5, R4: whatever it does to its Python; those with one cause are one problem."""
    found = trial({f"package.{name}": text for name, (text, _) in MODULES.items() if "__main__" not in name})
    expected = {name: said.replace("PKG", "package") for name, (_, said) in MODULES.items() if said}
    for name, said in expected.items():
        (problem,) = [problem for problem in found if f"package.{name}" in problem.partition(": ")[0].split(", ")]
        assert f": {said}" in problem, problem
    assert sum(problem.partition(": ")[0].count("package.") for problem in found) == len(expected)
    assert len([problem for problem in found if "No module named 'pytest'" in problem]) == 1
    assert any(problem.endswith("\n    last words") for problem in found)
    assert all("untried" in problem for problem in found)


@pytest.mark.slow  # waits
def test_a_module_that_hangs_is_ended_and_no_other_is_waited_for(tools, trial, monkeypatch, tmp_path):
    """C5: a minute for each would use up the job's time; what it has started ends with it."""
    monkeypatch.setattr(tools.try_wheel, "LIMIT", 3)
    monkeypatch.setattr(tools.try_wheel.os, "cpu_count", lambda: 1)
    hangs = f"import subprocess\n\np = subprocess.Popen(['sleep', '999'])\nopen({str(tmp_path / 'id')!r}, 'w')"
    found = trial({"a": "", "b": f"{hangs}.write(str(p.pid))\np.wait()\n", "c": "", "d": ""})
    assert found[0].startswith("b: Python did not end within 3 seconds during the import: correct it, or name it")
    assert found[1:] == [
        f"c, d: not imported, as another one does not end: correct it, {tools.try_wheel.UNTRIED}",
    ]
    for _ in range(100):
        state = run("ps", "-o", "stat=", "-p", (tmp_path / "id").read_text(), cwd=tmp_path, check=False).stdout.strip()
        if state[:1] in ("", "Z"):
            break
        time.sleep(0.1)  # the system ends a killed process when it gets to it
    else:
        raise AssertionError(f"still there: {state}")


def test_what_is_a_module_of_the_wheel(tools, tmp_path):
    """C5, P8: by name, as Python does; a library beside one is none, nor are tests and what is exempt."""
    names = "p/__init__.py p/a.py p/b.abi3.so p/c.so *.data/purelib/q/d.py n/e.py f.py p/__main__.py tests/test_a.py"
    names += (
        " p/lib.so p.libs/libx.so p/gunicorn.conf.py p/a-b.py *.data/scripts/s.py *.dist-info/x.py p/data.txt p/tpl.py"
    )
    held = {name: b"" if "lib" in name else b"PyInit_x" for name in names.split()}
    paths = ["src/tests/test_a.py", "src/p/tpl.py", "src/p/a.py", "src/tests/data/p/a.py", "pyproject.toml"]
    write(tmp_path, {path: "" for path in paths})
    table = "[tool.quality-gate]\nsource = 'src/p'\ntests = 'src/tests'\nexempt = ['*/tpl.py']\nuntried = ['p.x']\n"
    write(tmp_path, {"pyproject.toml": table})
    known = tools.settings.load(tmp_path, paths)
    assert known.untried == ["p.x"]
    assert tools.wheels.modules(held, known, paths) == {*("p", "p.a", "p.b", "p.c", "q.d", "n.e", "f", "p.__main__")}


# source: (files of the tree, members of the wheel by what they are made of, files that it lacks, that no setting knows)
MADE = {
    "acme": (
        "acme/__init__.py acme/a.py a.py",
        {"acme/a.py": "acme/a.py", "a.py": "a.py"},
        ["acme/__init__.py"],
        ["a"],
    ),
    "one": ("one/a.py two/b.py tests/two/b.py", {"one/a.py": "one/a.py", "two/b.py": "two/b.py"}, [], ["two.b"]),
    "src": ("src/a.py src/deep/b.py", {"acme/a.py": "src/a.py", "acme/b.py": "src/deep/b.py"}, ["src/deep/b.py"], []),
    "lib/a.py": ("lib/a.py", {"lib/b.py": "lib/a.py"}, ["lib/a.py"], []),
}


@pytest.mark.parametrize("source", MADE)
def test_modules_by_what_they_are_made_of(tools, tmp_path, monkeypatch, source):
    """C5, P8, R4: a file of the same name elsewhere makes none known; a package may have another name in the wheel."""
    files, members, lacking, strange = MADE[source]
    table = f"[tool.quality-gate]\nsource = '{source}'\ntests = 'tests'\n"
    write(tmp_path, {path: path for path in files.split()} | {"pyproject.toml": table})
    monkeypatch.setattr(tools.wheels, "ROOT", tmp_path)
    paths = tools.repository.paths(tmp_path)
    known = tools.settings.load(tmp_path, paths)
    held = {name: made.encode() for name, made in members.items()}
    assert tools.wheels.strangers(held, known, paths) == strange
    assert [path for path in known.modules if not tools.wheels.holds(held, path, known)] == lacking


def test_how_two_wheels_are_compared(tools):
    """C5: versions, records and generated files are no difference; each other one is named with its fix."""
    given = {
        "*.dist-info/METADATA": b"Name: a\nVersion: 1\n\nText\n",
        "*.dist-info/RECORD": b"x",
        "*.dist-info/WHEEL": b"Generator: a",
        "*.dist-info/licenses/LICENSE": b"x",
        "p/a.py": b"1",
        "p/_version.py": b"1",
        "p/added.py": b"",
    }
    straight = given | {"*.dist-info/RECORD": b"y", "*.dist-info/WHEEL": b"Generator: b", "p/_version.py": b"2"}
    straight |= {"*.dist-info/pbr.json": b"{}", "*.dist-info/METADATA": b"Version: 1\nName: a\n\nText\n"}
    paths = ["src/p/a.py", "src/pp/_version.py"]
    assert tools.wheels.compare(given, straight, paths) == []
    del straight["p/added.py"], given["*.dist-info/licenses/LICENSE"]
    straight |= {
        "*.dist-info/METADATA": b"Name: a\nVersion: 2\n\nText\n",
        "p/a.py": b"2",
        "p/d.so": b"",
        "*.data/d": b"",
    }
    assert [problem.partition(": ")[::2] for problem in tools.wheels.compare(given, straight, paths)] == [
        ("*.data/d", "the sdist builds a wheel without it: add to the sdist what it is made of"),
        ("METADATA", "sdist and tree build other lines: add to the sdist what makes them: Version: 1; Version: 2"),
        ("*.dist-info/licenses/LICENSE", "the sdist builds a wheel without it: add to the sdist what it is made of"),
        ("p/a.py", "the sdist builds other content than the tree: find what changes the file"),
        ("p/added.py", "the sdist builds it, the tree does not: build it from both, or from neither"),
        ("p/d.so", "the sdist builds a wheel without it: add to the sdist what it is made of"),
    ]
