"""M3: what stops a release before anything is published, by the program itself; test_release_flow.py runs workflows."""

import http.server
import importlib.util
import json
import re
import threading
import zipfile

import pytest
from conftest import run
from githubs import github_fixture  # noqa: F401 # a fixture
from pipelines import commit, write

VERSION, TAG = "1.2.0", "v1.2.0"
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


@pytest.fixture(scope="session")
def program(tools, bake):
    """The program as a module; `tools` has put what it imports on the path."""
    path = bake(deploy="pypi") / "tools/check_release.py"
    spec = importlib.util.spec_from_file_location("check_release", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def pypi(monkeypatch):
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
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple/")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield state
        server.shutdown()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project that can be released: a wheel, a changelog, a commit in the branch of releases, a tag."""
    root = tmp_path / "project"
    write(root, {"CHANGELOG.md": CHANGELOG, ".gitignore": "dist\nreports\n"})
    wheel(root, VERSION)
    run("git", "init", "--quiet", "--initial-branch=main", cwd=root)
    commit(root)
    run("git", "update-ref", "refs/remotes/origin/main", "HEAD", cwd=root)
    run("git", "tag", TAG, cwd=root)
    monkeypatch.chdir(root)
    for name in ("GITHUB_REF_NAME", "GITHUB_REF_TYPE", "RELEASE_BRANCH"):
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


@pytest.mark.parametrize("version", ["1", "1.2.0", "2026.1", "1!2.0", "1.2.0rc1", "1.2.0a10", "1.2.0b0.post2", "0.0.0"])
def test_a_final_or_a_pre_release_may_be_tagged(program, version):
    given = release(program, tag=f"v{version}", version=version, own=version)
    assert list(program.versions(given)) == []


@pytest.mark.parametrize(
    ("tag", "own", "said"),
    [
        ("1.2.0", "1.2.0", "tag '1.2.0': must be v and a version"),
        ("v1.2", "1.2.0", "version '1.2.0' of the wheel: the tag must be v1.2.0, not v1.2"),
        ("v1.2.0-rc.1", "1.2.0rc1", "tag 'v1.2.0-rc.1': must be"),
        ("v01.2.0", "1.2.0", "tag 'v01.2.0': must be"),
        ("vv1.2.0", "1.2.0", "tag 'vv1.2.0': must be"),
        ("version", "1.2.0", "tag 'version': must be"),
        ("v1.2.0", "1.2.1.dev3", "version '1.2.1.dev3' of the wheel: is of unfinished code"),
        ("v1.2.0", "1.2.0+g0a1b2c3.d20260131", "version '1.2.0+g0a1b2c3.d20260131' of the wheel: is of unfinished"),
        ("v1.2.0.dev1", "1.2.0.dev1", "tag 'v1.2.0.dev1': must be"),
        ("v1.2.0", "1.3.0", "the tag must be v1.3.0, not v1.2.0"),
    ],
)
def test_a_wrong_tag_and_a_dirty_version_are_named(program, tag, own, said):
    given = release(program, tag=tag, version=tag.removeprefix("v"), own=own)
    assert said in "\n".join(program.versions(given))


def test_what_is_no_package_has_its_version_from_the_tag(program):
    assert list(program.versions(release(program, package=None))) == []
    assert list(program.index(release(program, package=None))) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CHANGELOG, ""),
        (CHANGELOG.replace("[1.2.0] -", "1.2.0 -"), ""),
        (CHANGELOG.replace("[1.2.0] -", "[1.2.0](https://example.org/a) -"), ""),
        (CHANGELOG.replace("\n", "\r\n"), ""),
        (
            CHANGELOG.replace("## [1.2.0]", "## [1.2.0rc1]"),
            "has no section of 1.2.0: write one, or",
        ),
        (CHANGELOG.replace("## [1.2.0]", "## [11.2.0]"), "has no section of 1.2.0"),
        (f"```\n{CHANGELOG}```\n", "has no section of 1.2.0"),
        ("", "has no section of 1.2.0"),
        (None, "has no section of 1.2.0"),
        (CHANGELOG.replace("2026-01-31", "2026-02-31"), "'## [1.2.0] - 2026-02-31' must be the version and the day"),
        (CHANGELOG.replace(" - 2026-01-31", ""), "'## [1.2.0]' must be the version and the day"),
        (CHANGELOG.replace("- 2026-01-31", "(31 January)"), "must be the version and the day"),
        ("## [1.2.0] - 2026-01-31\n\n### Added\n\n<!-- nothing\nyet -->\n\n## [1.1.0]\n\n- x\n", "1.2.0 is empty"),
        ("## [1.2.0] - 2026-01-31\n\n[x]: https://example.org\n", "1.2.0 is empty"),
    ],
)
def test_the_changelog_says_what_is_released_and_when(program, tmp_path, text, said):
    if text is not None:
        (tmp_path / "CHANGELOG.md").write_bytes(text.encode())
    found = "\n".join(program.changelog(release(program, tmp_path)))
    assert said in found and bool(found) == bool(said)
    if not said:
        assert (tmp_path / "reports/release.md").read_text(encoding="utf-8") == NOTES


def test_the_generated_changelog_takes_the_form_that_is_asked_for(program, bake, tmp_path):
    text = (bake() / "CHANGELOG.md").read_text(encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text(text.replace("[Unreleased]", "[1.2.0] - 2026-01-31"), encoding="utf-8")
    assert list(program.changelog(release(program, tmp_path))) == []


@pytest.mark.parametrize(
    ("versions", "own", "known"),
    [
        (["1.1.0", "1.2.0"], "1.2.0", True),
        (["1.2"], "1.2.0", True),
        (["1.2.0.post1", "1.2.0rc1", "11.2.0", "1.2.1", "1.20"], "1.2.0", False),
        ([], "1.2.0", False),
        (404, "1.2.0", False),
    ],
)
def test_a_version_that_is_published_is_not_published_again(program, pypi, versions, own, known):
    """M3: 1.2 and 1.2.0 are one version; a name that the index does not know is a first release."""
    pypi["versions"] = versions
    found = list(program.index(release(program, own=own)))
    assert len(found) == known
    assert all("version 1.2.0 of My.Thing: is on the package index" in problem for problem in found)
    assert pypi["asked"] == [("/simple/my-thing/", "application/vnd.pypi.simple.v1+json")]


@pytest.mark.parametrize("versions", [500, 403, [None], None, "away", "broken address"])
def test_an_index_that_does_not_answer_is_no_pass(program, tools, pypi, versions, monkeypatch):
    """M3: nor one that answers something else."""
    pypi["versions"] = versions
    if isinstance(versions, str):
        address = {"away": "http://127.0.0.1:9/simple", "broken address": "http://name:secret@[::1/simple"}[versions]
        monkeypatch.setenv("PIP_INDEX_URL", address)
    with pytest.raises(tools.repository.Unusable, match="does not say which versions of My.Thing it has"):
        list(program.index(release(program)))


def test_only_what_is_in_the_branch_of_releases_is_released(program, tools, project, monkeypatch):
    """M3: not a commit beside it, and not without knowing the branch."""
    given = release(program, project, commit=program.resolve(project, "HEAD"))
    assert list(program.branch(given)) == []
    beside = given._replace(commit=commit(project, "beside"))
    assert "is not in origin/main: merge it there" in "".join(program.branch(beside))
    monkeypatch.setenv("RELEASE_BRANCH", "trunk")
    with pytest.raises(tools.repository.Unusable, match="origin/trunk is not known here: git fetch origin"):
        list(program.branch(given))


SHA = "c3d0be41ecbe669545ee3e94d31ed9a4bc91ee3c"
GATE = {"id": 4, "name": "Quality gate", "status": "completed", "conclusion": "success"}
# case: (what GitHub has, the versions on the index, the exit code, what is said)
CASES = {
    "good": ({}, ["1.1.0"], 0, []),
    "lightweight tag": ({"refs": {f"tags/{TAG}": {"type": "commit", "sha": SHA}}}, [], 0, ["warning: .*unsigned"]),
    "unverified": (
        {"tags": [{"sha": SHA, "verification": {"verified": False, "reason": "unknown_key"}}]},
        [],
        0,
        [r"warning: tag v1\.2\.0: GitHub cannot verify who made it \(unknown_key\)"],
    ),
    "not tagged yet": ({"refs": {}}, [], 0, []),
    "gate failed": (
        {"gate": [GATE, GATE | {"id": 5, "conclusion": "failure"}]},
        [],
        1,
        ["gate: is failure on"],
    ),
    "gate mended": ({"gate": [GATE | {"id": 3, "conclusion": "failure"}, GATE]}, [], 0, []),
    "gate running": ({"gate": [GATE | {"status": "in_progress", "conclusion": None}]}, [], 1, ["gate: is in_progress"]),
    "gate missing": ({"gate": [GATE | {"name": "Lint"}]}, [], 1, ["Quality gate: is missing on commit"]),
    "gate of another": ({"gate": [GATE | {"app": {"id": 7}}]}, [], 1, ["Quality gate: is missing on commit"]),
    "all at once": (
        {"gate": [], "releases": [{"tag_name": TAG}]},
        ["1.2.0"],
        1,
        ["Quality gate: is missing", "is on the package index", r"GitHub release v1\.2\.0: is there already"],
    ),
    "no answer": (
        {"refuse": [{"call": "check-runs", "status": 502, "message": "Bad Gateway"}], "releases": [{"tag_name": TAG}]},
        500,
        2,
        ["not judged: .*Bad Gateway", "not judged: the package index does not say", "error: GitHub release v1"],
    ),
}


@pytest.mark.slow  # installs GitHub's description
@pytest.mark.parametrize("case", CASES)
def test_release_is_judged_by_what_github_and_the_index_have(program, project, pypi, github, capsys, monkeypatch, case):
    """M3, R3: all problems at once; what could not be judged is no pass; an unsigned tag is a warning."""
    state, pypi["versions"], code, said = CASES[case]
    head = program.resolve(project, "HEAD")
    ref, signed = {"type": "tag", "sha": SHA}, {"sha": SHA, "verification": {"verified": True, "reason": "valid"}}
    given = {"refs": {f"tags/{TAG}": ref}, "tags": [signed], "gate": [GATE]} | state
    github.set(checks={head: given.pop("gate")}, **given)
    monkeypatch.setenv("GITHUB_REF_TYPE", "tag")
    monkeypatch.setenv("GITHUB_REF_NAME", TAG)
    monkeypatch.setattr("sys.argv", ["check_release.py"])
    assert program.main() == code
    lines = capsys.readouterr().out.splitlines()
    found = [line for line in lines if re.match("Release: (error|warning|not judged): ", line)]
    assert len(found) == len(said)
    for pattern in said:
        assert any(re.search(pattern, line) for line in found), found
    output = (project.parent / "output").read_text(encoding="utf-8")
    assert output == "project=My.Thing/1.2.0\nprerelease=false\n"


@pytest.mark.slow  # installs GitHub's description
def test_what_is_checked_out_is_judged_before_the_tag_is_made(program, project, pypi, github, capsys, monkeypatch):
    """M3: by hand, with the same words; a pre-release is told apart."""
    text = CHANGELOG.replace("1.2.0", "1.3.0rc1")
    write(project, {"CHANGELOG.md": text})
    (project / "dist/my_thing-1.2.0-py3-none-any.whl").unlink()
    monkeypatch.setattr("sys.argv", ["check_release.py", "v1.3.0rc1"])
    head = commit(project)
    with pytest.raises(Exception, match="dist/ must hold one wheel, and holds 0: run: nox -s build"):
        program.main()
    wheel(project, "1.3.0rc1")
    run("git", "update-ref", "refs/remotes/origin/main", "HEAD", cwd=project)
    github.set(checks={head: [GATE]})
    assert program.main() == 0, capsys.readouterr().out
    assert "Release: v1.3.0rc1 at commit" in capsys.readouterr().out
    assert (project.parent / "output").read_text(encoding="utf-8").endswith("prerelease=true\n")
