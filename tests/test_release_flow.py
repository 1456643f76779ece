"""M3: a tag releases: the generated workflow under act, with stand-ins of PyPI and GitHub."""

import json

import pytest
from conftest import ANSWERS, run
from pipelines import act, commit, write
from release import defaults, saved  # scripts/release.py
from releases import CHANGELOG, GATE

pytestmark = pytest.mark.slow
SLUG = "ci-template-release-test"  # which nobody has published
FILES = ["ci_template_release_test-0.1.0-py3-none-any.whl", "ci_template_release_test-0.1.0.tar.gz"]
TAG = "v0.1.0"


def tagged(project, tag, text=CHANGELOG):
    """Commit the project with a changelog for `tag`, and tag it; return the commit."""
    write(project, {"CHANGELOG.md": text.replace("1.2.0", tag[1:])})
    head = commit(project)
    run("git", "tag", tag, cwd=project)
    return head


def push(project, tmp_path, tag, name, github, **options):
    """Run release.yml for a pushed tag; return what happened, and the releases that GitHub has then."""
    work = tmp_path / name
    write(work, {"run/repository.json": json.dumps(github)})
    payload = {"ref": f"refs/tags/{tag}", "repository": {"private": options.pop("private", False)}}
    result = act.run(project, "push", work=work, workflow="release.yml", payload=payload, **options)
    wrong = result.folder / "gh-wrong.txt"
    assert not wrong.exists(), wrong.read_text(encoding="utf-8")
    state = json.loads((result.folder / "repository.json").read_text(encoding="utf-8"))
    return result, state.get("releases", [])


def results(result):
    return [job.result for job in result.jobs.values()]


@pytest.fixture
def project(copy):
    return copy(deploy="pypi", project_slug=SLUG, python_versions="3.13", develop_branch="")


def test_a_tag_is_checked_built_attested_published_and_released(project, tmp_path):
    """M3: in this order, each with the same files; the notes are the changelog's section; unsigned is a warning."""
    head = tagged(project, TAG)
    github = {"checks": {head: [GATE]}, "refs": {f"tags/{TAG}": {"type": "commit", "sha": head}}}
    result, releases = push(project, tmp_path, TAG, "good", github)
    assert results(result) == ["success"] * 3, result.end
    assert (
        "::warning title=Release::tag v0.1.0: GitHub cannot verify who made it (unsigned)" in result.jobs["check"].log
    )
    assert [inputs["subject-path"] for inputs in result.records("actions/attest")] == ["dist/*"]
    (published,) = result.records("pypa/gh-action-pypi-publish")
    assert (published["skip-existing"], published.get("password")) == ("false", None)
    sizes = {path.name: path.stat().st_size for path in (result.folder / "pypi").iterdir()}
    assert sorted(sizes) == FILES
    (release,) = releases
    assert (release["tag_name"], release["name"], release["prerelease"]) == (TAG, TAG, False)
    assert release["_files"] == sizes
    assert "- A thing, see [its page]." in release["body"]
    assert "Before" not in release["body"]
    assert release["body"].endswith("\n[its page]: https://example.org/page\n")


def test_what_is_wrong_is_published_nowhere(project, tmp_path):
    """M3: here a tag of another version; test_release_judged.py shows what else makes the check fail."""
    head = tagged(project, "v9.9.9")
    result, releases = push(project, tmp_path, "v9.9.9", "wrong", {"checks": {head: [GATE]}})
    assert results(result) == ["failure", "skipped", "skipped"]
    assert "::error title=Release::version '0.1.0' of the wheel: the tag must be v0.1.0" in result.jobs["check"].log
    assert "1 error, 0 warning, 0 not judged" in result.jobs["check"].log, "nothing else stops it"
    assert result.records("pypa/gh-action-pypi-publish") == []
    assert releases == []


def test_a_release_that_broke_off_is_finished_by_running_its_jobs_again(project, tmp_path):
    """M3: what PyPI has already stays; there is no GitHub release of what is not on PyPI. Private: no attestation."""
    tagged(project, TAG)
    checked = {"check": {"result": "success", "outputs": {"project": f"{SLUG}/0.1.0", "prerelease": "true"}}}
    (tmp_path / "pypi").mkdir()
    for attempt, ended in ((1, ["success", "failure", "skipped"]), (2, ["success"] * 3)):
        files = {f"run/artifacts/release/dist/{name}": name for name in FILES}
        write(tmp_path / str(attempt), files | {"run/artifacts/release/reports/release.md": "Notes.\n"})
        env = {"PYPI_STORE": str(tmp_path / "pypi"), "PYPI_DOWN": str(2 - attempt), "GITHUB_RUN_ATTEMPT": str(attempt)}
        options = {"env": env, "needs": checked, "private": True}
        result, releases = push(project, tmp_path, TAG, str(attempt), {}, **options)
        assert results(result) == ended, result.end
        assert len(list((tmp_path / "pypi").iterdir())) == attempt
        assert result.records("actions/attest") == []
        assert len(releases) == attempt - 1
    assert releases[0]["prerelease"] is True


def test_answers_of_a_release_are_saved_and_compared(template):
    """M3, L1: all defaults; the year is the clock's."""
    (template / "tests/answers").mkdir(parents=True)
    assert [said.split(": ")[1] for said in saved(template, "1.0.0")] == ["was missing, and is written"]
    file = template / "tests/answers/1.0.0.json"
    answers = json.loads(file.read_text(encoding="utf-8"))
    assert answers == defaults(template)
    assert list(answers) == [name for name in ANSWERS if name[0] != "_"]
    assert (answers["deploy"], answers["codeql"], answers["project_slug"]) == ("none", True, "my-project")
    file.write_text(json.dumps(answers | {"copyright_year": "1999"}), encoding="utf-8")
    assert saved(template, "1.0.0") == []
    del answers["codeql"], answers["copyright_year"]
    file.write_text(json.dumps(answers | {"coverage_target": "81", "old": "x"}), encoding="utf-8")
    wrong = "coverage_target, codeql, old, copyright_year"
    (said,) = saved(template, "1.0.0")
    assert sorted(said.split(": ")[1].split(", ")) == sorted(wrong.split(", "))
