"""A project that can be released, and the package index that is asked, for the tests of releases."""

import http.server
import importlib.util
import json
import threading
import zipfile

import pytest
from conftest import run
from pipelines import commit, write

VERSION, TAG = "1.2.0", "v1.2.0"
GATE = {"id": 4, "name": "Quality gate", "status": "completed", "conclusion": "success"}
CHANGELOG = """# Changelog

## [Unreleased]

## [1.2.0] - 2026-01-31

### Added

- A thing, see [its page].

```markdown
## [9.9.9] - an example
```

## [1.1.0] - 2025-12-24

- Before.

[its page]: https://example.org/page
"""
NOTES = CHANGELOG.split("2026-01-31\n\n")[1].split("\n## [1.1.0]")[0] + "\n[its page]: https://example.org/page\n"


@pytest.fixture(scope="session", name="program")
def program_fixture(tools, bake):
    """The program as a module; `tools` has put what it imports on the path."""
    path = bake(deploy="pypi") / "tools/check_release.py"
    spec = importlib.util.spec_from_file_location("check_release", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(name="pypi")
def pypi_fixture(monkeypatch):
    """A package index with the versions in `versions`, or that answers with the status there."""
    state = {"versions": [], "asked": []}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            state["asked"].append((self.path, self.headers["Accept"]))
            found = state["versions"]
            self.send_response(found if isinstance(found, int) else 200)
            self.end_headers()
            self.wfile.write(b"?" if isinstance(found, int) else json.dumps({"versions": found}).encode())

        def log_message(self, *words):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple/")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield state
        server.shutdown()


@pytest.fixture(name="project")
def project_fixture(tmp_path, monkeypatch):
    """A project that can be released: a wheel, a changelog, a commit in the branch of releases, a tag."""
    root = tmp_path / "project"
    rules = {"name": "B", "rules": [], "conditions": {"ref_name": {"include": ["refs/heads/dev", "refs/heads/trunk"]}}}
    path = ".github/rulesets/protected-branches.json"
    write(root, {"CHANGELOG.md": CHANGELOG, ".gitignore": "dist\nreports\n", path: json.dumps(rules)})
    wheel(root, VERSION)
    run("git", "init", "--quiet", "--initial-branch=trunk", cwd=root)
    commit(root)
    run("git", "update-ref", "refs/remotes/origin/trunk", "HEAD", cwd=root)
    run("git", "tag", TAG, cwd=root)
    monkeypatch.chdir(root)
    for name in ("GITHUB_REF_NAME", "GITHUB_REF_TYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    return root


def wheel(root, version):
    (root / "dist").mkdir(exist_ok=True)
    info = f"My.Thing-{version}.dist-info"
    with zipfile.ZipFile(root / f"dist/my_thing-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.4\nName: My.Thing\nVersion: {version}\n\nText\n")


def release(program, root=None, **values):
    """Return what is to be released, for single checks."""
    package = {"Name": "My.Thing", "Version": values.pop("own", VERSION)}
    return program.Release(**{"root": root, "tag": TAG, "version": VERSION, "commit": "", "package": package} | values)
