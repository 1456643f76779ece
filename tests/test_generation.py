"""X1: what generation costs, told by what causes it: processes, modules and templates."""

import importlib.util
import json
import re
import sys

import pytest
from conftest import TEMPLATE, run
from cookiecutter import generate
from cookiecutter.main import cookiecutter

pytestmark = pytest.mark.slow

# Every Python that starts writes a line when it ends: its script, the commands it started, the modules it loaded.
RECORDER = """
import atexit, json, os, sys
started = []
def note(event, arguments):
    if event in ("subprocess.Popen", "os.posix_spawn", "os.system", "os.exec"):
        started.append([os.fsdecode(word) for word in arguments[1]])
def write():
    modules = sorted(name for name, module in sys.modules.items() if module)
    with open(os.environ["RECORDS"], "a", encoding="utf-8") as file:
        print(json.dumps([sys.argv, started, modules]), file=file)
sys.addaudithook(note)
atexit.register(write)
"""
# What costs milliseconds to load and is needed only where something goes wrong, or not at all.
HEAVY = {"argparse", "ast", "asyncio", "dataclasses", "email", "hashlib", "http", "importlib.metadata", "inspect"}
HEAVY |= {"logging", "multiprocessing", "random", "socket", "sqlite3", "ssl", "tempfile", "xml"}


@pytest.fixture
def recorded(tmp_path):
    """Return a function that runs Python and returns, for each Python process, its arguments, commands and modules."""
    (tmp_path / "sitecustomize.py").write_text(RECORDER, encoding="utf-8")

    def call(*arguments):
        records = tmp_path / "records"
        records.write_text("", encoding="utf-8")
        variables = {"PYTHONPATH": str(tmp_path), "RECORDS": str(records)}
        run(sys.executable, *arguments, cwd=tmp_path, **variables)
        return [json.loads(line) for line in records.read_text(encoding="utf-8").splitlines()]

    return call


def test_generation_starts_two_pythons_and_asks_git_four_times(recorded, tmp_path):
    """X1: each process costs; pre-commit and the generator of dependency files are installed here and not started."""
    checks, prepares, generates = recorded("-m", "cookiecutter", TEMPLATE, "--no-input")
    assert [command for _, started, _ in (checks, generates) for command in started] == [
        [sys.executable, *checks[0]],
        [sys.executable, *prepares[0]],
    ]
    assert prepares[1] == [
        ["git", "rev-parse", "--is-inside-work-tree"],
        ["git", "-c", "init.defaultBranch=main", "init"],
        ["git", "var", "GIT_AUTHOR_IDENT"],
        ["git", "config", "core.hooksPath"],
    ]
    assert (tmp_path / "my-project/.git/hooks/pre-commit").exists()


def test_hooks_load_what_they_need(recorded, tmp_path):
    """X1: of packages PyYAML only, of the standard library nothing that is slow to load."""
    ((_, _, bare),) = recorded("-c", "")
    checks, prepares, _ = recorded("-m", "cookiecutter", TEMPLATE, "--no-input")
    own = {path.stem for path in (tmp_path / "my-project/tools").iterdir()}
    for (_, _, modules), packages in ((checks, set()), (prepares, {"yaml"})):
        loaded = set(modules) - set(bare)
        others = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names - own
        assert {name for name in others if "cython" not in name and name[0] != "_"} == packages
        assert loaded & HEAVY == set()
    assert {"verify_project", "quality.checks", "yaml"} <= set(prepares[2])
    assert not {"pathlib", "subprocess", "typing"} & set(checks[2]), "the first hook only checks words"


def test_files_without_values_are_copied(monkeypatch, tmp_path):
    """X1: each template costs a millisecond; a folder that is copied whole costs one for all its files."""
    render, rendered = generate.generate_file, []
    monkeypatch.setattr(generate, "generate_file", lambda *a, **k: rendered.append(a[1]) or render(*a, **k))
    cookiecutter(str(TEMPLATE), no_input=True, accept_hooks=False, output_dir=str(tmp_path))
    assert "pyproject.toml" in rendered
    for path in rendered:
        text = (TEMPLATE / "{{cookiecutter.project_slug}}" / path).read_text(encoding="utf-8")
        assert re.search(r"{[{%].*cookiecutter\.", path + text), (
            f"{path}: holds no answer: name it in _copy_without_render"
        )
    assert not [path for path in rendered if path.startswith("tools") and "{{" not in path]


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.0.0", "3.8.0", "4.0.0", "4.4.0", ""])
def test_the_git_hook_is_what_pre_commit_installs(tmp_path, version):
    """X1, G5: written without loading pre-commit, and the same to the byte and the mode; older and newer versions."""
    run("uv", "venv", "--quiet", "--python", sys.executable, tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv/bin/python"
    pre_commit = f"pre-commit=={version}" if version else "pre-commit"
    run("uv", "pip", "install", "--quiet", "--python", python, "cookiecutter", pre_commit, cwd=tmp_path)
    run(python, "-m", "cookiecutter", TEMPLATE, "--no-input", cwd=tmp_path)
    hooks = tmp_path / "my-project/.git/hooks"
    written = {path.name: (path.read_bytes(), path.stat().st_mode) for path in hooks.iterdir()}
    (hooks / "pre-commit").unlink()
    run(python, "-m", "pre_commit", "install", cwd=hooks.parent.parent)
    assert {path.name: (path.read_bytes(), path.stat().st_mode) for path in hooks.iterdir()} == written


def test_a_hook_of_another_form_or_one_that_is_there_is_left_to_pre_commit(recorded, tmp_path, monkeypatch):
    """X1, G5: a template of git brings a hook of the user's; a later pre-commit has a hook of another form."""
    mine = tmp_path / "git/hooks/pre-commit"
    mine.parent.mkdir(parents=True)
    mine.write_text("#!/bin/sh\n", encoding="utf-8")
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(tmp_path / "git"))
    _, prepares, _ = recorded("-m", "cookiecutter", TEMPLATE, "--no-input")
    assert "pre_commit.main" in prepares[2]
    hooks = tmp_path / "my-project/.git/hooks"
    assert (hooks / "pre-commit.legacy").read_text(encoding="utf-8") == "#!/bin/sh\n"
    monkeypatch.delenv("GIT_TEMPLATE_DIR")
    package = tmp_path / "pre_commit"
    (package / "resources").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "resources/hook-tmpl").write_text(
        "# ID: another\nINSTALL_PYTHON=''\nARGS=(hook-impl)\n", encoding="utf-8"
    )
    (package / "main.py").write_text("def main(words):\n    print('ran', words)\n    return 3\n", encoding="utf-8")
    _, prepares, _ = recorded("-m", "cookiecutter", TEMPLATE, "--no-input", "project_slug=other")
    assert "pre_commit.main" in prepares[2]
    assert not (tmp_path / "other/.git/hooks/pre-commit").exists()


@pytest.mark.slow  # measures
def test_the_benchmark_says_what_each_step_costs(monkeypatch, capsys):
    """X1, X3: above the goal, which is 0 here, the report explains itself."""
    spec = importlib.util.spec_from_file_location("benchmark", TEMPLATE / "benchmarks/generation.py")
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    monkeypatch.setattr(benchmark, "GOAL", 0)
    monkeypatch.setattr(sys, "argv", ["generation.py", "1"])
    assert benchmark.main() == 0
    facts, times, ratio, _, *steps = capsys.readouterr().out.splitlines()
    assert facts.startswith("Python 3.")
    assert ", cruft 2." in facts
    assert re.fullmatch(r"empty template without hooks: \d+ ms CPU; ci-template with hooks: \d+ ms CPU", times)
    assert re.match(r"ratio: [1-9]\.\d\d \(median of 1 pairs, ", ratio)
    costs = {name: int(cost) for cost, name in (line.split(maxsplit=1) for line in steps)}
    assert list(costs) == [
        "cookiecutter itself: the empty template",
        "render the files",
        "start two hooks, as if they did nothing",
        "post hook: load the standard library",
        "post hook: load PyYAML and the verification",
        "post hook: verify",
        "post hook: make the git repository",
        "post hook: install the git hook of pre-commit",
        "compile both hooks, check the answers",
        "all",
    ]
    assert abs(2 * costs["all"] - sum(costs.values())) <= len(costs), "the steps are all of it, but for rounding"
