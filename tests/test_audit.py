"""S1: the audit of what is installed, by the real pip-audit, which asks a service of the test, and its issue."""

import importlib
import json
import re
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import environment, find, run
from githubs import github_fixture  # noqa: F401 # a fixture
from pipelines import write
from test_nightly import nightly
from test_pipeline import project_of

PACKAGES, NAME = "reports/audit/packages.txt", "PYSEC-2099-1"


def add(project, lines):
    """Put lines at the end of pyproject.toml."""
    write(project, {"pyproject.toml": lambda text: f"{text}\n{lines}"})


def vulnerability(package, name=NAME, fixed=("1.1",)):
    events = [{"introduced": "0"}, *({"fixed": version} for version in fixed)]
    affected = {"package": {"name": package, "ecosystem": "PyPI"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    return {"id": name, "aliases": ["CVE-2099-7"], "summary": "Bad | <b>", "affected": [affected]}


@pytest.fixture
def service():
    """A service in the form of https://google.github.io/osv.dev/post-v1-query: what `known` says of each package."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.asked.append(f"{asked['package']['name']}=={asked['version']}")
            found = (server.known or {}).get(asked["package"]["name"])
            self.send_response(200 if server.known is not None else 503)
            self.end_headers()
            self.wfile.write(json.dumps({"vulns": found} if found else {}).encode())

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.known, server.asked = {}, []
    address = f"http://127.0.0.1:{server.server_port}/v1/query"
    server.variables = {"PIP_AUDIT_VULNERABILITY_SERVICE": "osv", "PIP_AUDIT_OSV_URL": address}
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def audit(bake, copy, service):
    """Return a function that audits packages, and the lines of the program; the code is that which is expected."""
    project = copy()
    group = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["audit"]

    def start(packages, *arguments, code=0, **more):
        write(project, {PACKAGES: packages})
        variables = environment(project, "3.11", *group) | service.variables | more
        done = run("python", "tools/audit.py", *arguments, cwd=project, check=False, **variables)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    start.project = project
    return start


@pytest.mark.slow
def test_what_is_known_is_shown_and_the_rest_is_named(audit, service, tmp_path):
    """S1, R4: package, version, name, where it is fixed and a link; what nobody can judge is no pass."""
    summary = tmp_path / "summary.md"
    more = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_ACTIONS": "true"}
    said = audit("good==1.0\nother==2\n", **more)
    assert "## Audit: 0 known vulnerabilities" in said
    assert service.asked == ["good==1.0", "other==2"]
    service.known = {"bad": [vulnerability("bad"), vulnerability("bad", "GHSA-2", ()) | {"aliases": []}]}
    said = audit("bad==1.0\nelsewhere @ https://example.org/elsewhere.zip\n", code=1, **more)
    assert "## Audit: 2 known vulnerabilities" in said
    row = f"| bad | 1.0 | [{NAME}](https://osv.dev/vulnerability/{NAME}) | 1.1 | CVE-2099-7 |"
    assert row in said.splitlines()
    assert "| bad | 1.0 | [GHSA-2](https://osv.dev/vulnerability/GHSA-2) | not yet |  |" in said.splitlines()
    assert "Not judged: elsewhere: URL requirements cannot be pinned" in said
    assert "::warning title=Audit::elsewhere is not judged: URL requirements" in said
    assert row in summary.read_text(encoding="utf-8")
    said = audit("elsewhere @ https://example.org/elsewhere.zip\n", code=2)
    assert "Audit: no package could be judged: URL requirements cannot be pinned" in said
    assert "Audit: no package could be judged: none is installed" in audit("", code=2)


@pytest.mark.slow
def test_what_is_to_be_pasted_works(audit, service):
    """S1, R4: the lines that the audit prints for what does no harm, but not without a reason."""
    service.known = {"bad": [vulnerability("bad")]}
    lines = find(r"^```toml\n(.*?)^```", audit("bad==1.0\n", code=1), re.M | re.S)[1]
    add(audit.project, lines)
    assert f"Ignored: `{NAME}`, why it does no harm here" in audit("bad==1.0\n")
    add(audit.project, 'Other = " "\nMore = 1\n')
    said = audit("bad==1.0\n", code=2)
    for name in ("Other", "More"):
        assert f"[tool.quality-gate.audit.ignore] {name}: has no reason: write in quotes why" in said


def test_what_is_ignored_must_be_there(tools):
    """S1, R2: by any of its names; a line that nothing needs any more is a finding, as every exemption is."""
    program = importlib.import_module("audit")
    found = [program.Finding("bad", "1.0", [NAME, "CVE-2099-7"], [])]
    for name in found[0].names:
        page, problems = program.report(found, {}, {name: "why"})
        assert problems == 0
        assert f"Ignored: `{name}`, why" in page
    page, problems = program.report([], {}, {NAME: "why"})
    assert problems == 1
    assert f"`{NAME}` is ignored in `[tool.quality-gate.audit.ignore]`, and no package has it: remove the line." in page
    assert program.report([], {"elsewhere": "cannot be asked"}, {NAME: "why"})[1] == 0, "that package may have it"


def test_settings_of_the_audit_are_verified(copy, problems):
    """S1, R3: at each commit; a table that is not there is none."""
    project = copy()
    add(project, '[tool.quality-gate.audit]\nignored = 1\n[tool.quality-gate.audit.ignore]\nOther = ""\n')
    said = problems(project)
    assert "[tool.quality-gate.audit] ignored: there is no such setting: write ignore" in said
    assert "[tool.quality-gate.audit.ignore] Other: has no reason" in said


@pytest.mark.slow
def test_one_issue_is_open_while_something_is_found(audit, service, github):
    """S1: opened, not doubled, closed; a service that does not answer is no pass and leaves it as it is."""
    service.known = {"bad": [vulnerability("bad")]}
    assert "opened #1" in audit("bad==1.0\n", "--issues", code=1)
    (issue,) = github.state["issues"]
    assert (issue["title"], issue["labels"]) == ("Audit of dependencies: 1 problems", ["audit"])
    assert f"[{NAME}](https://osv.dev/vulnerability/{NAME})" in issue["body"]
    github.writes()
    assert "The issue is as it should be" in audit("bad==1.0\n", "--issues", code=1)
    service.known = None
    said = audit("bad==1.0\n", "--issues", code=2)
    assert "Audit: pip-audit could not ask for vulnerabilities: requests.exceptions.HTTPError: 503" in said
    said = audit("bad==1.0\n", "--issues", code=2, PIP_AUDIT_OSV_URL="http://127.0.0.1:9/")
    assert "Audit: pip-audit could not ask for vulnerabilities: requests.exceptions.ConnectionError: " in said
    assert github.writes() == []
    service.known = {}
    assert "closed #1" in audit("bad==1.0\n", AUDIT_ISSUES="true")
    service.known = {"bad": [vulnerability("bad")]}
    github.set(refuse=[{"call": "issues", "status": 410, "message": "Issues are disabled for this repo"}])
    said = audit("bad==1.0\n", code=1, AUDIT_ISSUES="true", GITHUB_ACTIONS="true")
    assert "::warning title=Audit::Issues are switched off, so none is kept: Settings > General > Features" in said


@pytest.mark.slow
def test_pypi_knows_no_package_of_ours(audit):
    """S1: the service that is asked by default; it answers 404, which pip-audit takes for a pass."""
    said = audit("pip==26.3+of.this.test\n", code=2, PIP_AUDIT_VULNERABILITY_SERVICE="pypi")
    assert "Audit: no package could be judged: Dependency not found on PyPI" in said


@pytest.mark.slow
def test_the_night_audits_what_is_installed(copy, tmp_path, service):
    """S1: every package of the environment in its exact version, without the project and what only the audit needs."""
    service.known = {"pluggy": [vulnerability("pluggy")]}
    project = project_of(copy, "3.13")
    result = nightly(project, tmp_path, "audit", env=service.variables)
    job = result.jobs["audit"]
    assert job.result == "failure", job.end
    assert "| pluggy | " in job.summary
    names = {asked.partition("==")[0] for asked in service.asked}
    assert {"pluggy", "pytest", "cruft", "pyyaml"} <= names
    assert not names & {"pip-audit", "cyclonedx-python-lib", project.name}
    state = json.loads((result.folder / "repository.json").read_text(encoding="utf-8"))
    assert [issue["labels"] for issue in state["issues"]] == [["audit"]]


def test_the_list_leaves_out_what_is_a_folder_here(tools, tmp_path):
    """S1: an editable project, or a package of its own beside it, is no release that anybody knows."""
    program = importlib.import_module("audit")
    folders = {"own": '{"url": "file:///own", "dir_info": {"editable": true}}', "beside": '{"dir_info": {}}'}
    for name, origin in folders.items() | {("other", '{"url": "https://x/other.zip"}'), ("plain", None)}:
        about = tmp_path / f"{name}-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        if origin:
            (about / "direct_url.json").write_text(origin)
    found = importlib.metadata.distributions(path=[str(tmp_path)])
    assert sorted(package.name for package in found if not program.is_folder(package)) == ["other", "plain"]
