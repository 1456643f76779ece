"""L2, R4: answers that pyproject.toml gives in another way than .cruft.json records them; cruft is played here."""

import importlib
import json
from types import SimpleNamespace

import pytest
from conftest import record, run
from test_three_way import made, text, write

PYPROJECT = """[tool.coverage.report]
fail_under = 70

[tool.quality-gate]
source = "src"
tests = "tests"
target = 85
patch-target = 72.5
lint = "report"
pythons = ["3.12", "3.13"]

[tool.quality-gate.tiers]
P0 = { target = 90, paths = [] }
P2 = { target = 50, paths = [] }
P1 = { target = 60, paths = [] }

[tool.black]
line-length = 99
"""
RECORDED = {"coverage_minimum": "60", "coverage_target": "80", "patch_target": "60", "lint_gate": "errors"}
RECORDED |= {"line_length": "120", "python_versions": "3.11 3.12 3.13", "tier_targets": "100 80 60"}
SAID = {"coverage_minimum": "70", "coverage_target": "85", "lint_gate": "report", "line_length": "99"}
SAID |= {"python_versions": "3.12 3.13", "tier_targets": "90 60 50"}


@pytest.fixture
def it(tools, tmp_path, monkeypatch):
    """A project whose pyproject.toml was changed by hand, and its program; the template is a file of numbers."""
    module = importlib.import_module("update_project")

    def render(source, answers, out):
        if answers["coverage_target"] == "99":
            raise module.Unusable("the template refuses it")
        minimum, target = answers["coverage_minimum"], answers["coverage_target"]
        write(out / "made", {"a.md": f"# Minimum\n\n{minimum}\n", "b.md": f"# Minimum\n\n{minimum}\n\n\n{target}\n"})
        commit = "old" if "--checkout" in source else "new"
        return {"commit": commit, "context": {"cookiecutter": dict(answers)}}, out / "made"

    monkeypatch.setattr(module, "render", render)

    def project(**own):
        state = {"template": "there", "commit": "old", "checkout": "v1", "context": {"cookiecutter": RECORDED}}
        files = {"pyproject.toml": PYPROJECT, "src/a.py": "", ".cruft.json": json.dumps(state)}
        root = made(tmp_path / "project", files | {path.replace("_", "."): content for path, content in own.items()})
        monkeypatch.setattr(module, "ROOT", root)
        return root

    def edited(given):
        return module.edited(given, module.documents.present(module.ROOT))

    return SimpleNamespace(module=module, project=project, edited=edited)


def recorded(root):
    state = json.loads(text(root, ".cruft.json"))
    return state["commit"], state["checkout"], state["context"]["cookiecutter"]["coverage_minimum"]


def test_what_pyproject_says_is_an_answer(it):
    """Whole numbers, tiers of the template's names in its order; what is wrong or is the same is none."""
    root = it.project()
    assert it.edited(RECORDED) == SAID
    assert it.edited(RECORDED | SAID) == {}
    assert it.edited({"coverage_minimum": 60}) == {"coverage_minimum": "70"}, "the template asks no more"
    write(root, {"pyproject.toml": PYPROJECT.replace("tiers]", "tiers]\nP3 = { target = 1, paths = [] }")})
    assert it.edited(RECORDED) == {key: value for key, value in SAID.items() if key != "tier_targets"}
    for wrong in (PYPROJECT.replace("85", "101"), PYPROJECT.replace("85", '"x"'), "[", ""):
        write(root, {"pyproject.toml": wrong})
        assert it.edited(RECORDED) == {}
    write(root, {"pyproject.toml": "[project]\nclassifiers = [1]\n" + PYPROJECT.replace("pythons", "x")})
    assert it.edited(RECORDED) == {}


def test_edits_that_were_followed_and_copies_that_were_not_get_the_new_number(it):
    root = it.project(a_md="# Our minimum\n\n70\n", b_md="# Minimum\n\n60\n\n\n85\n")
    done, left = it.module.update({"coverage_minimum": "75"}, "")
    assert (done, left) == ("Updated to commit old of the template", [])
    assert text(root, "pyproject.toml") == PYPROJECT.replace("70", "75"), "coverage's settings are its own here"
    assert text(root, "a.md") == "# Our minimum\n\n75\n"
    assert text(root, "b.md") == "# Minimum\n\n75\n\n\n85\n"
    assert recorded(root) == ("old", "v1", "75")


def test_a_copy_that_says_a_third_number_is_a_conflict_before_all_else(it):
    root = it.project(a_md="# Minimum\n\n61\n", b_md="# Minimum\n\n70\n\n\n80\n")
    done, left = it.module.update({"coverage_minimum": "75"}, "")
    assert left[0].startswith("a.md: is not merged")
    assert left[1].startswith(".cruft.json: has the answers that pyproject.toml gives, and no other yet")
    assert recorded(root) == ("old", "v1", "70")
    assert text(root, "pyproject.toml") == PYPROJECT
    assert text(root, "b.md") == "# Minimum\n\n70\n\n\n85\n"
    write(root, {"a.md": "# Minimum\n\n70\n"})
    record(root, "solved")
    assert it.module.update({"coverage_minimum": "75"}, "")[1] == []
    assert (text(root, "a.md"), recorded(root)) == ("# Minimum\n\n75\n", ("old", "v1", "75"))


def test_a_new_template_takes_the_numbers_along(it):
    root = it.project(a_md="# Minimum\n\n60\n", b_md="# Minimum\n\n60\n\n\n80\n")
    assert it.module.update({}, "") == ("Updated to commit new of the template", [])
    assert text(root, "b.md") == "# Minimum\n\n70\n\n\n85\n"
    assert recorded(root) == ("new", None, "70")


def test_numbers_that_the_template_refuses_stay_edits(it):
    """Or a project that has such could never be updated."""
    root = it.project(a_md="# Minimum\n\n60\n", b_md="# Minimum\n\n60\n\n\n80\n")
    write(root, {"pyproject.toml": PYPROJECT.replace("target = 85", "target = 99")})
    record(root, "refused")
    it.module.update({"coverage_minimum": "62"}, "")
    assert (text(root, "a.md"), recorded(root)) == ("# Minimum\n\n62\n", ("old", "v1", "62"))


def test_a_refusal_of_git_takes_all_back(it, monkeypatch):
    root = it.project(a_md="# Minimum\n\n60\n", b_md="# Minimum\n\n60\n\n\n80\n")
    merge = it.module.three_way.merge

    def merge_once(*arguments):
        monkeypatch.setattr(it.module.three_way, "merge", refuse)
        return merge(*arguments)

    def refuse(*arguments):
        raise it.module.Unusable("git refuses")

    monkeypatch.setattr(it.module.three_way, "merge", merge_once)
    with pytest.raises(it.module.Unusable, match="git refuses"):
        it.module.update({"coverage_minimum": "75"}, "")
    assert run("git", "status", "--porcelain", cwd=root).stdout == ""
    assert (text(root, "a.md"), recorded(root)) == ("# Minimum\n\n60\n", ("old", "v1", "60"))


def test_a_minimum_in_a_form_of_its_own_is_left_to_a_person(it):
    """L3: nothing is written that coverage would read in another way."""
    own = PYPROJECT.replace("[tool.coverage.report]\nfail_under = 70", "[tool]\ncoverage.report.fail_under = 70")
    root = it.project(pyproject_toml=own, a_md="60\n", b_md="60\n")
    said = "pyproject.toml: these settings of coverage are the project's own: set fail_under to 75"
    assert it.module.own_minimum("75") == [said]
    assert text(root, "pyproject.toml") == own
    assert it.module.own_minimum("70") == it.module.own_minimum(None) == []


@pytest.mark.parametrize(
    ("path", "section"),
    [("pyproject_toml", "tool.coverage.report"), ("setup_cfg", "coverage:report"), ("_coveragerc", "report")],
)
def test_only_coverages_own_minimum_is_written(it, path, section):
    """L3: other tools have a word `fail_under` as well."""
    others = "\n[tool.others]\nfail_under = 33\n"
    bare = PYPROJECT.replace("[tool.coverage.report]\nfail_under = 70\n", "")
    own = f"{others}\n[{section}]\nprecision = 2\nfail_under = 70\n{others.replace('others', 'more')}"
    files = {"pyproject_toml": bare, path: (bare if path == "pyproject_toml" else "") + own}
    root, name = it.project(a_md="60\n", b_md="60\n", **files), path.replace("_", ".")
    before = text(root, name)
    assert it.module.own_minimum("75") == []
    assert text(root, name) == before.replace("fail_under = 70", "fail_under = 75")


def test_a_minimum_that_cannot_be_read_any_more_is_taken_back(it, monkeypatch):
    """L3: nothing of the user's is lost, whatever the settings say afterwards."""
    root, load = it.project(a_md="60\n", b_md="60\n"), it.module.settings.load

    def broken(*arguments):
        if text(root, "pyproject.toml") != PYPROJECT:
            raise it.module.Unusable("cannot be read")
        return load(*arguments)

    monkeypatch.setattr(it.module.settings, "load", broken)
    assert "set fail_under to 75" in it.module.own_minimum("75")[0]
    assert text(root, "pyproject.toml") == PYPROJECT
