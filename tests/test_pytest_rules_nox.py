"""P9: the rules for tests come with nox, the sdist and every pytest."""

import os
import re
import sys
import tarfile

import pytest
from conftest import CACHE, environment, interpreter, run
from filelock import FileLock
from hunts import RANDOMLY
from pipelines import write
from test_pytest_rules import HOOKS, ITEMS, NETWORK, OWN, PLUGINS, QUARANTINE, SOON, kinds, rules, settings

HUNT = PLUGINS.with_name("flaky_tests.py")
SPY = f"""#!{sys.executable}
import os, sys
from pathlib import Path

with open("spied", "a") as file:
    print(os.environ["PYTHONPATH"], *sys.argv[1:], file=file)
Path(os.environ.get("COVERAGE_FILE", "spied")).touch()
"""


@pytest.mark.parametrize("own", [None, "", "one:two"])
def test_every_session_that_runs_pytest_brings_the_rules(copy, tmp_path, own):
    """P9, P7: whatever the project's own settings of pytest are; what stands in PYTHONPATH stays."""
    project = copy()
    spy = tmp_path / "bin/pytest"
    write(spy.parent, {"pytest": SPY})
    spy.chmod(0o755)
    sessions = ["tests", "integration", "affected", "benchmark", "durations"]
    path = f"{spy.parent}{os.pathsep}{os.environ['PATH']}"
    run("nox", "--no-venv", "--no-install", "-s", *sessions, "--", "-x", cwd=project, PATH=path, PYTHONPATH=own)
    lines = (project / "spied").read_text(encoding="utf-8").splitlines()
    assert len(lines) >= len(sessions)
    start = os.pathsep.join(filter(None, [str(project / "tools/plugins"), own]))
    assert [line for line in lines if not line.startswith(f"{start} -p pytest_rules ") or line[-3:] != " -x"] == []
    reports = "--cov-report=html:reports/coverage/html --cov-report=xml:reports/coverage/coverage.xml"
    assert reports in lines[0]


def test_code_that_nothing_installs_is_found_and_hides_nothing(copy, tmp_path):
    """P8: a package by the folder around it, so that its `types` is not Python's; a module in its folder."""
    project = copy()

    def application(text):
        text = re.sub(r"(?ms)^\[build-system\].*?(?=^\[dependency-groups\])", "", text.replace("# After a change", "#"))
        return text.replace(
            'source = "src/my_project"', 'pythons = ["3.12"]\nsource = ["src/my_project", "lib/tool.py"]'
        )

    write(project, {"pyproject.toml": application, "lib/tool.py": "", "bin/pytest": SPY, "reports/coverage/x": ""})
    (project / "bin/pytest").chmod(0o755)
    path = f"{project / 'bin'}{os.pathsep}{os.environ['PATH']}"
    run("nox", "--no-venv", "--no-install", "-s", "durations", cwd=project, PATH=path, PYTHONPATH="")
    path, *words = (project / "spied").read_text(encoding="utf-8").split()
    assert path.split(os.pathsep) == [str(project / place) for place in ("tools/plugins", "src", "lib/tool.py", "lib")]
    assert words[3:5] == ["--cov=src/my_project", "--cov=lib"]


ADOPTED = """[tool.pytest]
testpaths = ["src/tests"]
strict = true
markers = ["unit: ours"]
"""


@pytest.mark.slow
def test_a_project_with_settings_of_its_own_gets_the_rules_under_nox(copy):
    """P9, V6: in a real session, with reports where the pipeline looks for them; what stays within is no network."""
    project = copy()

    def adopt(text):
        text = re.sub(r"(?ms)^\[tool\.pytest\.ini_options\]\n.*?^(?=\[)", ADOPTED, text)
        return re.sub(r"(?ms)^(\[tool\.coverage\.(html|xml)\])\n.*?^(?=\[)", r"\1\n", text)

    within = "import asyncio\nimport socket\n\nimport pytest\n\n\ndef test_it():\n    asyncio.run(asyncio.sleep(0))\n"
    within += "    with pytest.raises(RuntimeError):\n        socket.socket()\n"
    write(project, {"pyproject.toml": adopt, "src/tests/unit/test_within.py": within})
    summary, variables = project / "reports/summary.md", environment(project)
    command = ["nox", "--no-venv", "--no-install", "-s", "tests", "--", "-n", "2"]
    run(*command, cwd=project, **variables, GITHUB_STEP_SUMMARY=str(summary))
    assert "| unit | 22 | 0 | 0 | 0 |" in summary.read_text(encoding="utf-8")
    assert (project / "reports/coverage/coverage.xml").is_file()
    assert (project / "reports/coverage/html/index.html").is_file()


@pytest.mark.slow
def test_a_ban_of_the_projects_own_is_not_loosened(copy):
    """P9: nor is what it allows by a marker taken away."""
    project = copy()
    within = "import socket\n\nimport pytest\n\n\ndef test_it():\n    [e.close() for e in socket.socketpair()]\n\n\n"
    within += "@pytest.mark.enable_socket\ndef test_allowed():\n    socket.socket().close()\n"
    write(project, {"src/tests/unit/test_within.py": within})
    test = "src/tests/unit/test_within.py"
    assert "2 passed" in run("python", "-m", "pytest", test, cwd=project, **environment(project)).stdout
    strict = run("pytest", "--disable-socket", test, cwd=project, check=False, **environment(project))
    assert "1 failed, 1 passed" in strict.stdout


@pytest.mark.slow
def test_the_sdist_holds_the_tests_with_their_rules(copy, tmp_path):
    """P9: who builds from it runs them; the wheel holds neither."""
    project = copy()
    run("uv", "build", "--quiet", "--sdist", "--out-dir", tmp_path, cwd=project)
    with tarfile.open(tmp_path / "my_project-0.1.0.tar.gz") as sdist:
        sdist.extractall(tmp_path, filter="data")
    unpacked = tmp_path / "my_project-0.1.0"
    assert [path.name for path in (unpacked / "tools").iterdir()] == ["plugins"]
    run("pytest", cwd=unpacked, **environment(project) | {"PYTHONPATH": str(unpacked / "src")})


@pytest.mark.slow
@pytest.mark.parametrize("major", ["7", "8"])
def test_the_rules_hold_with_other_versions_of_pytest(tmp_path, major):
    """P9: what a project adopts the template with."""
    folder = CACHE / "environments" / f"pytest-{major}"
    with FileLock(f"{folder}.lock"):
        if not (folder / "complete").exists():
            run("uv", "venv", "--quiet", "--clear", "--python", interpreter("3.11"), folder, cwd=tmp_path)
            packages = [f"pytest=={major}.*", "pytest-socket", "pytest-split", "pytest-cov", "pytest-xdist"]
            run("uv", "pip", "install", "--quiet", "--python", folder / "bin/python", *packages, cwd=tmp_path)
            (folder / "complete").touch()
        if not (folder / "hunt/pytest_randomly").exists():  # no other run is in random order
            only = ["--no-deps", "--target", folder / "hunt", RANDOMLY, "pyyaml"]
            run("uv", "pip", "install", "--quiet", "--python", folder / "bin/python", *only, cwd=tmp_path)
    table = settings(tests="'tests'", socket_ban="true", external_service="'shop'")
    files = {"pyproject.toml": table, "pytest.ini": f"[pytest]\n{OWN}", "conftest.py": HOOKS + ITEMS[14:]}
    files |= {"tests/unit/test_q.py": QUARANTINE.format(f"issue='#7', until='{SOON}'", "False")}
    files |= {"tests/unit/test_net.py": NETWORK, "tests/unit/x.odd": "", "tests/unit/test_x.txt": ">>> 1\n1\n"}
    write(tmp_path, kinds("tests") | files)
    for workers in ("0", "2"):
        said, counts = rules(tmp_path, "-n", workers, python=folder / "bin/python", code=1)
        assert f"pytest-{major}." in said
        assert "1 failed, 7 passed, 1 xfailed" in said
        assert counts == [("unit", "4"), ("integration", "1"), ("performance", "1"), ("other", "1")]
    hunt = [folder / "bin/python", HUNT, "--repetitions", "1", "-k", "test_q"]  # no pytest-benchmark is there
    said = run(*hunt, cwd=tmp_path, PYTHONPATH=f"{PLUGINS}{os.pathsep}{folder / 'hunt'}").stdout
    assert "| `tests/unit/test_q.py::test_it` (quarantine `#7`) | 1 of 1 |" in said
    said, _ = rules(tmp_path, "--splits", "9", "--group", "9", "-k", "test_b", python=folder / "bin/python")
    assert "No test in this one of 9 parts" in said
    said, _ = rules(tmp_path / "tests", "--cov", python=folder / "bin/python", code=4)
    assert f"coverage is set up in {tmp_path}: run: cd {tmp_path} && pytest --cov" in said
    rules(tmp_path / "tests", "--cov", "--no-cov", "-k", "test_b", python=folder / "bin/python")
    write(tmp_path, {"pyproject.toml": ""})
    rules(tmp_path / "tests", "--cov", "-k", "test_b", python=folder / "bin/python")
    write(tmp_path, {"pyproject.toml": settings(tests="3")})
    assert "tests: 3 is no folder" in rules(tmp_path, python=folder / "bin/python", code=4)[0]
