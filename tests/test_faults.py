"""Faults of the machine while a project is generated, as far as a test can provoke them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import TEMPLATE, run

pytestmark = pytest.mark.slow

# A shell starts background jobs with SIGINT ignored, and their children inherit that.
INTERRUPTIBLE = {"start_new_session": True, "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
VERIFY = [sys.executable, "tools/verify_project.py"]


def command(out, *options):
    return ["cookiecutter", TEMPLATE, "--no-input", "--output-dir", out, *options]


def test_without_network_nothing_is_missed(tmp_path):
    nowhere = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")}
    result = run(*command(tmp_path), cwd=tmp_path, PIP_INDEX_URL="http://127.0.0.1:9", **nowhere)
    assert result.stderr == ""
    assert (tmp_path / "my-project/.git/hooks/pre-commit").exists()


def test_paths_with_spaces_quotes_and_other_alphabets(tmp_path):
    out = tmp_path / "my \"work\" 'é' 日本 $x"
    result = run(*command(out), cwd=tmp_path)
    assert result.stderr == ""
    line = next(line for line in result.stdout.splitlines() if line.strip().startswith("cd "))
    inside = run("bash", "-c", f"{line} && pwd && python tools/verify_project.py", cwd=tmp_path).stdout
    assert inside == f"{out / 'my-project'}\n0 problems\n"


def test_an_interrupted_run_can_be_repeated(tmp_path):
    """cookiecutter itself leaves the new folder then; it is never taken for a finished project."""
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    process = subprocess.Popen(list(map(str, command(tmp_path))), stderr=subprocess.PIPE, **INTERRUPTIBLE)
    while not (tmp_path / "my-project").exists():
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate()
    assert process.returncode
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "mine"
    if (tmp_path / "my-project").exists():
        assert run(*command(tmp_path), cwd=tmp_path, check=False).returncode == 1
    run(*command(tmp_path, "--overwrite-if-exists"), cwd=tmp_path)
    assert run(*VERIFY, cwd=tmp_path / "my-project").stdout == "0 problems\n"
    assert (tmp_path / "my-project/.git/hooks/pre-commit").exists()


def test_a_full_disk_is_an_error_that_touches_nothing_else(tmp_path):
    """A limit on the size of files stands for the full disk: a write fails in the middle."""
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    words = " ".join(f"'{word}'" for word in command(tmp_path))
    result = run("bash", "-c", f"ulimit -f 4; exec {words}", cwd=tmp_path, check=False)
    assert result.returncode
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "mine"
    run(*command(tmp_path, "--overwrite-if-exists"), cwd=tmp_path)
    assert run(*VERIFY, cwd=tmp_path / "my-project").stdout == "0 problems\n"


def test_runs_at_the_same_time_leave_one_whole_project(tmp_path):
    runs = [subprocess.Popen(list(map(str, command(tmp_path))), stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [process.communicate()[0] for process in runs]
    codes = [process.returncode for process in runs]
    assert 0 in codes, said
    assert all(code == 0 or "already exists" in text for code, text in zip(codes, said, strict=True)), said
    assert [path.name for path in Path(tmp_path).iterdir()] == ["my-project"]
    assert run(*VERIFY, cwd=tmp_path / "my-project").stdout == "0 problems\n"
