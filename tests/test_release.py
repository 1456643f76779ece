"""M3: what stops a release, check by check; test_release_flow.py has them together."""

import importlib
import re

import pytest
from conftest import TEMPLATE, run
from pipelines import commit
from releases import (  # noqa: F401 # fixtures
    CHANGELOG,
    NOTES,
    program_fixture,
    project_fixture,
    pypi_fixture,
    release,
)
from test_tree import RELEASE, tree


def test_without_deploy_nothing_is_said_of_releases(bake):
    """M3, G2: no file, no session, no sentence; the program is the same in all projects that have it."""
    without, having = bake(), bake(deploy="pypi")
    source = TEMPLATE / "{{cookiecutter.project_slug}}/tools/{{ 'check_release.py' if cookiecutter.deploy == 'pypi' }}"
    assert (having / "tools/check_release.py").read_bytes() == source.read_bytes()
    texts, others = tree(without), tree(having)
    changed = {path for path in others if texts.get(path) != others[path]}
    assert {path for path in changed if not path.endswith(".md")} == set(RELEASE)
    assert "docs/ci_cd/DEPLOYMENT_GUIDE.md" in changed
    words = re.compile(rb"release\.yml|RELEASING|check_release|attest|trusted", re.I)
    said = [path for path, text in texts.items() if words.search(text) and not path.startswith("tools/")]
    assert said == ["noxfile.py"], "programs and sessions are the same in all projects"
    listed = [run("nox", "-l", cwd=project).stdout for project in (without, having)]
    assert [bool(re.search(r"^\S release ->", text, re.M)) for text in listed] == [False, True]


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


def test_only_what_is_in_the_branch_of_releases_is_released(program, tools, project):
    """M3: the last one of the rules; not a commit beside it, and not without knowing the branch."""
    given = release(program, project, commit=program.resolve(project, "HEAD"))
    assert list(program.branch(given)) == []
    beside = given._replace(commit=commit(project, "beside"))
    assert "is not in origin/trunk: merge it there" in "".join(program.branch(beside))
    run("git", "update-ref", "-d", "refs/remotes/origin/trunk", cwd=project)
    with pytest.raises(tools.repository.Unusable, match="origin/trunk is not known here: git fetch origin"):
        list(program.branch(given))
    (project / ".github/rulesets/protected-branches.json").unlink()
    with pytest.raises(tools.repository.Unusable, match="the branch of releases is not known here: .*protected-"):
        list(program.branch(given))


def test_a_project_is_released_from_its_main_branch(program, render, tools):
    """M3: whatever its name is, without a variable; that of the template too. The last one that the rules name."""
    rules = importlib.import_module("quality.github.rules")
    for answers in ({"develop_branch": "dev"}, {"develop_branch": ""}):
        project = render(deploy="pypi", main_branch="trunk", **answers)
        assert rules.branches(rules.load(project)[rules.BRANCHES])[-1] == "trunk"
        assert "trunk" not in (project / ".github/workflows/release.yml").read_text(encoding="utf-8")
    assert rules.branches(rules.load(TEMPLATE)[rules.BRANCHES]) == ["main"]
