"""P8: a layout is two settings: every program works for each, in a project that keeps its code and tests elsewhere."""

import json
import re
import shutil

import pytest
from conftest import environment, run
from measured import gate
from pipelines import commit, write
from test_wheel_builds import problems as problems_of
from test_wheel_builds import setting, tried

# name: (source, tests, file of the module that is tested, file of its test, module that is not, what is said of it)
LAYOUTS = {
    "tests at the root": (
        "src/acme",
        "tests",
        "src/acme/core/engine.py",
        "tests/core/test_engine.py",
        "src/acme/core/idle.py",
        "tests/core/test_idle.py or tests/test_idle.py",
    ),
    "tests at the root, by kind": (
        "src/acme",
        "tests",
        "src/acme/engine.py",
        "tests/unit/test_engine.py",
        "src/acme/core/idle.py",
        "tests/unit/core/test_idle.py or tests/unit/test_idle.py",
    ),
    "tests in a folder of the package's name": (
        "src/acme",
        "tests",
        "src/acme/core/engine.py",
        "tests/test_acme/core/test_engine.py",
        "src/acme/idle.py",
        "tests/test_idle.py",
    ),
    "package at the root": (
        "acme",
        "tests",
        "acme/engine.py",
        "tests/engine_test.py",
        "acme/idle.py",
        "tests/test_idle.py",
    ),
    "tests beside the code": (
        "acme",
        "acme",
        "acme/core/engine.py",
        "acme/core/engine_test.py",
        "acme/idle.py",
        "acme/test_idle.py",
    ),
    "tests in the package": (
        "src/acme",
        "src/acme/tests",
        "src/acme/engine.py",
        "src/acme/tests/unit/test_engine.py",
        "src/acme/idle.py",
        "src/acme/tests/unit/test_idle.py",
    ),
    "tests in each package": (
        "acme",
        "acme",
        "acme/core/engine.py",
        "acme/core/tests/test_engine.py",
        "acme/core/idle.py",
        "acme/core/test_idle.py or acme/test_idle.py",
    ),
    "tests at the top": (  # and a package called as the folder of unit tests
        "unit",
        ".",
        "unit/engine.py",
        "test_engine.py",
        "unit/core/idle.py",
        "core/test_idle.py or test_idle.py",
    ),
    "modules in src": (
        "src",
        "src/tests",
        "src/engine.py",
        "src/tests/unit/test_engine.py",
        "src/idle.py",
        "src/tests/unit/test_idle.py",
    ),
    "modules and tests in src": (
        "src",
        "src",
        "src/engine.py",
        "src/test_engine.py",
        "src/core/idle.py",
        "src/core/test_idle.py or src/test_idle.py",
    ),
    "modules": (["engine.py", "idle.py"], ".", "engine.py", "test_engine.py", "idle.py", "test_idle.py"),
    "packages in src": (
        "src",
        "tests",
        "src/acme/engine.py",
        "tests/acme/test_engine.py",
        "src/other/core/idle.py",
        "tests/other/core/test_idle.py or tests/core/test_idle.py or tests/test_idle.py",
    ),
    "packages at the root": (
        ["acme", "other"],
        "tests",
        "acme/engine.py",
        "tests/test_engine.py",
        "other/core/idle.py",
        "tests/other/core/test_idle.py or tests/core/test_idle.py or tests/test_idle.py",
    ),
    "namespace package": (
        "src",
        "src/tests",
        "src/group/acme/engine.py",
        "src/tests/unit/group/acme/test_engine.py",
        "src/group/acme/idle.py",
        "src/tests/unit/group/acme/test_idle.py or src/tests/unit/acme/test_idle.py or src/tests/unit/test_idle.py",
    ),
}
NO_PACKAGE = {"src", "src/group", "."}


def settle(project, layout):
    """Put the code and tests of a layout in the place of the sample, and its two settings in place of the sample's."""
    source, tests, engine, test, idle, _ = LAYOUTS[layout]
    shutil.rmtree(project / "src")
    files = {engine: "def go():\n    return 1\n", idle: "def wait():\n    return 2\n"}
    inits = {
        f"{folder}/__init__.py" for path in files for folder in map(str, (project / path).relative_to(project).parents)
    }
    files |= {path: "" for path in inits if path.rpartition("/")[0] not in NO_PACKAGE}
    module = re.sub(r"^src/", "", engine).removesuffix(".py").replace("/", ".")
    files[test] = f"from {module} import go\n\n\ndef test_go():\n    assert go() == 1\n"
    write(project, files)
    tiers = {"P0": ["*engine.py"], "P1": [], "P2": ["*/idle.py", "idle.py"][source == ["engine.py", "idle.py"] :][:1]}

    def settings(text):
        text = text.replace('source = "src/my_project"', f"source = {json.dumps(source)}")
        text = text.replace('tests = "src/tests"', f"tests = {json.dumps(tests)}")
        measured = [source] if isinstance(source, str) else source
        if measured[0].endswith(".py"):  # coverage.py takes folders
            text = text.replace("[tool.coverage.report]", f"[tool.coverage.report]\ninclude = {json.dumps(measured)}")
            measured = ["."]
        text = text.replace('source = ["src/my_project"]', f"source = {json.dumps(measured)}")
        text = text.replace('testpaths = ["src/tests"]', f"testpaths = {json.dumps([tests])}")
        for tier, paths in tiers.items():
            text = re.sub(
                rf"(tiers\.{tier}\]\ntarget = \d+\npaths = )\[.*?\]", rf"\1{json.dumps(paths)}", text, flags=re.S
            )
        return text

    def components(text):
        document = [
            f"    - component_id: {name.lower()}\n      name: {name}\n      statuses:\n        - type: project\n"
            f"          target: {dict(P0=100, P2=60)[name]}%\n      paths: {json.dumps(paths)}\n"
            for name, paths in tiers.items()
            if paths
        ]
        return re.sub(
            r"(individual_components:\n).*?\n\n", lambda found: found[1] + "".join(document) + "\n", text, flags=re.S
        )

    write(project, {"pyproject.toml": settings, ".codecov.yml": components})
    return project


@pytest.mark.parametrize("layout", LAYOUTS)
def test_verification_of_a_layout(copy, problems, layout):
    """P8, P2: a module without a test is named with the places of its tests, unless the baseline has it."""
    *_, test, idle, places = LAYOUTS[layout]
    project = settle(copy(), layout)
    assert problems(project) == f"{idle}: has no test file {places}: add the test file or remove the module\n"
    write(project, {"pyproject.toml": lambda text: text.replace("untested = []", f"untested = [{json.dumps(idle)}]")})
    assert problems(project) == ""
    (project / test).unlink()
    assert problems(project).startswith(f"{LAYOUTS[layout][2]}: has no test file ")


MEASURED = ["tests at the root", "package at the root", "tests in the package", "tests at the top", "modules in src"]
MEASURED += ["modules", "packages at the root", "namespace package"]  # each of the others is measured as one of them


@pytest.mark.slow
@pytest.mark.parametrize("layout", MEASURED)
def test_coverage_of_a_layout(copy, layout):
    """P8, V1, V2: measured, judged by tier, and the tests are no part of it."""
    source, tests, engine, test, idle, _ = LAYOUTS[layout]
    project = settle(copy(), layout)
    write(project, {"pyproject.toml": lambda text: text.replace("untested = []", f"untested = [{json.dumps(idle)}]")})
    commit(project)
    variables = environment(project) | {"PYTHONPATH": str(project / "src" if engine.startswith("src/") else project)}
    run("pytest", "--cov", "--cov-fail-under=0", "-q", cwd=project, **variables)
    result = gate(project, "--json", **variables)
    rows = {row["name"]: row for row in json.loads(result.stdout)["rows"]}
    assert {name for name in rows if name.endswith(".py") and not name.endswith("__init__.py")} == {engine, idle}
    assert (rows[engine]["tier"], rows[engine]["status"]) == ("P0", "pass")
    assert (rows[idle]["tier"], rows[idle]["percent"], rows[idle]["status"]) == ("P2", "0.00", "fail")


FIND = "[tool.setuptools.packages.find]\n"
# layout: (settings of setuptools, modules tried, problems found)
WHEELS = {
    "package at the root": (
        f'{FIND}include = ["acme*", "extra*"]\n',
        4,
        ["extra: is in the wheel, but in no folder of [tool.quality-gate] source: add its folder there"],
    ),
    "modules": (
        '[tool.setuptools]\npy-modules = ["engine"]\n',
        1,
        ["idle: the wheel lacks this module: add its package"],
    ),
    "modules in src": ('[tool.setuptools]\npackage-dir = { "" = "src" }\npy-modules = ["engine", "idle"]\n', 2, []),
    "namespace package": (f'{FIND}where = ["src"]\ninclude = ["group*"]\n', 3, []),
    "tests in the package": (f'{FIND}where = ["src"]\n', 3, []),
}


@pytest.mark.slow
@pytest.mark.parametrize("layout", WHEELS)
def test_wheel_of_a_layout(copy, layout):
    """P8, C5: what lacks, and what no setting knows, is named; tests are not imported."""
    table, count, found = WHEELS[layout]
    project = settle(copy(), layout)
    write(project, {"extra/__init__.py": "", "pyproject.toml": lambda text: text.replace('["version"]', "[]")})
    named = setting('^name = "my-project"$', 'name = "my-project"\nversion = "1"')
    system = setting(
        "^requires = .*?^build-backend = .*?$", 'requires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"'
    )
    tables = setting(r"^\[tool\.hatch\.version\].*?(?=^# What must be covered)", f"{table}\n")
    write(project, {"pyproject.toml": lambda text: tables(system(named(text)))})
    result = tried(project)
    said = problems_of(result)
    assert [problem.startswith(words) for problem, words in zip(said, found, strict=True)] == [True] * len(found), said
    assert f"Wheel: {count} modules and 0 commands of my_project-1-py3-none-any.whl tried" in result.stdout
