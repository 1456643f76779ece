"""T4, P6, P7: the review of the Scientific Python guide finds nothing that pyproject.toml does not give a reason for.

What was done because it asks for it works: the noxfile as a program, and hooks that leave every project alone.
"""

import os
import sys
from pathlib import Path

import pytest
import uv
import yaml
from conftest import interpreter, run
from repo_review.processor import process
from test_facts import TEXTS, read

pytestmark = pytest.mark.slow

VARIANTS = {
    "default": {},
    "ruff": {"lint_tools": "ruff"},
    "strict": {"lint_tools": "ruff", "type_checking": "strict", "lint_gate": "everything"},
    "off": {"type_checking": "off"},
}
IGNORED = {
    "default": {"PC111", "PY005", "RF001"},
    "ruff": {"PY005"},
    "strict": {"PY005"},
    "off": {"MY100", "PC111", "PC140", "PY005", "RF001"},
}
# Words that a dictionary of misspellings holds, as names and as other languages have them.
WORDS = {
    "names": "Nd Ans dosen't te-h 🎉teh «Hart»",
    "German": "Das ist ein Projekt, oder 'als' _sie_ wil",
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_review_finds_only_what_is_ignored_for_a_reason(render, variant):
    """T4: without the reasons it finds exactly what they are for: none is left over."""
    project = render(**VARIANTS[variant])
    results = process(project).results
    assert {result.name: result.err_msg for result in results if result.result is False} == {}
    assert {result.name for result in results if result.skip_reason} == IGNORED[variant]
    assert {result.name for result in process(project, ignore={"none"}).results if result.result is False} == IGNORED[
        variant
    ]


@pytest.mark.slow
def test_noxfile_makes_what_its_sessions_need(copy, tmp_path):
    """P7: with uv alone, where no environment is active."""
    interpreter("3.13")
    project = copy()
    (tmp_path / "uv").symlink_to(uv.find_uv_bin())
    others = [path for path in os.environ["PATH"].split(os.pathsep) if Path(path) != Path(sys.executable).parent]
    run("./noxfile.py", "-s", "build", "integration", cwd=project, PATH=os.pathsep.join([str(tmp_path), *others]))
    assert len(list((project / "dist").iterdir())) == 2
    assert list((project / "reports/junit").glob("integration*.xml"))


@pytest.mark.slow
@pytest.mark.parametrize("text", TEXTS | WORDS)
def test_words_and_links_of_every_project_pass(render, text):
    """P6, G4: whatever people and projects are called, their names are no misspellings and break no Markdown."""
    value = (TEXTS | WORDS)[text]
    project = render(project_name=value, project_slug="slug", description=value, author_name=value, github_owner="teh")
    revs = {
        repo["repo"]: repo.get("rev", "") for repo in yaml.safe_load(read(project / ".pre-commit-config.yaml"))["repos"]
    }
    versions = {url.rpartition("/")[2].removesuffix("-pre-commit"): rev.removeprefix("v") for url, rev in revs.items()}
    before = {path.relative_to(project): path.read_bytes() for path in project.rglob("*") if path.is_file()}
    markdown = [path for path in before if path.suffix == ".md"]
    for command, files in ((["codespell"], before), (["rumdl", "check"], markdown)):
        tool = ["--python", sys.executable, "--from", f"{command[0]}=={versions[command[0]]}"]
        run("uv", "tool", "run", "--quiet", *tool, *command, *files, cwd=project)
    after = {path.relative_to(project): path.read_bytes() for path in project.rglob("*") if path.is_file()}
    assert {path for path in {*before, *after} if before.get(path) != after.get(path)} == set()
