"""M3: what a release is judged by: what GitHub and the package index have, all at once."""

import re

import pytest
from conftest import run
from githubs import github_fixture  # noqa: F401 # a fixture
from pipelines import commit, write
from releases import (  # noqa: F401 # fixtures
    CHANGELOG,
    GATE,
    TAG,
    program_fixture,
    project_fixture,
    pypi_fixture,
    wheel,
)

pytestmark = pytest.mark.slow  # installs GitHub's description
SHA = "c3d0be41ecbe669545ee3e94d31ed9a4bc91ee3c"
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
        {
            "refuse": [
                {"call": "check-runs", "status": 502, "message": "Bad Gateway"},
                {"call": "releases/tags", "status": 403, "message": "API rate limit exceeded"},
            ]
        },
        ["1.2.0"],
        2,
        ["not judged: .*Bad Gateway", "not judged: .*rate limit", "error: version 1.2.0 of My.Thing"],
    ),
}


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
    run("git", "update-ref", "refs/remotes/origin/trunk", "HEAD", cwd=project)
    github.set(checks={head: [GATE]})
    assert program.main() == 0, capsys.readouterr().out
    assert "Release: v1.3.0rc1 at commit" in capsys.readouterr().out
    assert (project.parent / "output").read_text(encoding="utf-8").endswith("prerelease=true\n")
