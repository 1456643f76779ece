"""The stand-in of GitHub's command line for programs that a test starts itself; pipelines.py has it under act."""

import contextlib
import importlib
import io
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from conftest import CACHE
from pipelines import act, openapi


class GitHub:
    """A repository on GitHub that is a file in `folder`; tests/pipeline/hub.py says what it can hold."""

    def __init__(self, folder):
        self.folder = folder
        self.variables = {
            "CI_TEMPLATE_GITHUB": str(openapi.description(CACHE)),
            "CI_TEMPLATE_PYTHON": sys.executable,
            "CI_TEMPLATE_RUN": str(folder),
            "GH_REPO": "octo/app",
            "PATH": os.pathsep.join([str(act.ACTIONS.with_name("bin")), os.environ["PATH"]]),
        }

    @property
    def state(self):
        """Return what the repository holds, as it was given and as calls have changed it."""
        path = self.folder / "repository.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def set(self, **things):
        """Give the repository these things in place of those of the same name."""
        (self.folder / "repository.json").write_text(json.dumps(self.state | things), encoding="utf-8")

    def calls(self):
        """Return the calls so far, and forget them."""
        path = self.folder / "gh.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [" ".join(json.loads(line)["arguments"]) for line in lines]

    def writes(self):
        """Return the calls so far that change something, as `METHOD path`, and forget them all."""
        found = [call.split() for call in self.calls()]
        return [f"{words[2]} {words[3]}" for words in found if words[0] == "api" and words[2] != "GET"]

    def wrong(self):
        """Return what the stand-in was asked or answered against GitHub's rules."""
        path = self.folder / "gh-wrong.txt"
        return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.fixture(name="github")
def github_fixture(tmp_path, monkeypatch):
    """A repository on GitHub, and the variables set with which this process, and those it starts, reach it."""
    folder = tmp_path / "github"
    folder.mkdir()
    found = GitHub(folder)
    for name, value in found.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GITHUB_JOB", raising=False)
    yield found
    assert found.wrong() == ""


def gh(command, input, **options):
    """Do what the stand-in of gh does, as subprocess.run would, but in this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2))
    argv, stdin, sys.argv, sys.stdin = sys.argv, sys.stdin, list(command), io.StringIO(input.decode())
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = openapi.hub.main()
    finally:
        sys.argv, sys.stdin = argv, stdin
    return subprocess.CompletedProcess(command, code, out.buffer.getvalue(), err.buffer.getvalue())


@pytest.fixture(name="hub_at_hand")
def hub_at_hand_fixture(github, tools, monkeypatch):
    """Let programs in this process ask the stand-in without a process for each call: some ask dozens of times."""
    monkeypatch.setattr(importlib.import_module("quality.github.api"), "subprocess", SimpleNamespace(run=gh))
