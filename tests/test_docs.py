"""T1, D6: what the documents say is so: answers, files, links, numbers."""

import os
import re
import sys

import pytest
from charts import check_pipeline
from conftest import ANSWERS, TEMPLATE, run
from test_tree import CHANGED, FILES, RELEASE, tree

# The template's own documents.
OWN = [path.relative_to(TEMPLATE).as_posix() for pattern in ("*.md", "docs/**/*.md") for path in TEMPLATE.glob(pattern)]
DERIVED = {"project_slug": "from the name", "package_name": "from the slug", "code_owners": "the owner"}
DERIVED |= {"copyright_year": "this year"}
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s#]*)(?:#([^)\s]*))?(?: \"[^\"]*\")?\)")


def rows(text, heading):
    """Return the cells of the table below `heading`."""
    section = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def read(name):
    return (TEMPLATE / name).read_text(encoding="utf-8")


@pytest.mark.slow  # installs Mermaid
def test_readme_is_short_and_shows_the_pipeline(bake, tmp_path):
    """T1, C2: what you get, the pipeline as it is, and the rest by links."""
    assert len(read("README.md").splitlines()) < 90
    check_pipeline(read("README.md"), (bake() / ".github/workflows/ci.yml").read_text(encoding="utf-8"), tmp_path)


def test_every_answer_is_listed_with_its_default():
    """T1, G2."""
    defaults = {name: answer[0] if isinstance(answer, list) else answer for name, answer in ANSWERS.items()}
    expected = [(name, DERIVED.get(name, str(value))) for name, value in defaults.items() if name[0] != "_"]
    assert [(row[0].strip("`"), row[1]) for row in rows(read("docs/ANSWERS.md"), "The answers")] == expected


def test_every_generated_file_is_explained():
    """T1."""
    names = re.findall(r"`([^`]+)`", " ".join(re.findall(r"^\| (`.*?) \|", read("docs/FILES.md"), re.M)))
    files = [*FILES, *RELEASE]
    for path in files:
        assert any(path == name or name.endswith("/") and path.startswith(name) for name in names), path
    for name in names:
        assert any(path == name or path.startswith(name) for path in files), name


@pytest.mark.parametrize("answers", [{}, CHANGED | {"license": "MIT", "deploy": "pypi"}], ids=["default", "changed"])
def test_links_of_the_generated_documents_resolve(bake, answers, record_property):
    """D6: to files of the project, and to headings that they have."""
    answers = {name: value for name, value in answers.items() if not isinstance(value, list)}
    project = bake(**answers)
    documents = [path for path in tree(project) if path.endswith(".md")]
    assert len(documents) > 5
    links, anchors = map(sum, zip(*(check_links(project / document) for document in documents), strict=True))
    assert anchors > 5
    if answers == {}:
        record_property("guides", {"links": links, "anchors": anchors})


@pytest.mark.parametrize("document", OWN)
def test_links_of_the_template_resolve(document):
    """T1, D6."""
    check_links(TEMPLATE / document)


def test_no_page_of_the_template_is_left_alone():
    """T1: each is reached from the README, by links from page to page."""
    found, left = set(), ["README.md"]
    while left:
        found.add(page := left.pop())
        targets = [(TEMPLATE / page).parent / target for target, _ in LINK.findall(read(page)) if target]
        names = [os.path.relpath(path, TEMPLATE) for path in targets]
        left += [name for name in names if name in OWN and name not in found]
    assert found == {*OWN} - {"AGENTS.md"}, "which agents look for by its name"


def check_links(document):
    """Return how many links to files and to headings the document has."""
    found = LINK.findall(re.sub(r"(?ms)^ *```.*?^ *```|`[^`\n]+`", "", document.read_text(encoding="utf-8")))
    for target, anchor in found:
        path = document.parent / target if target else document
        assert path.exists(), f"{document}: {target}"
        assert not anchor or anchor in anchors_of(path), f"{document}: {target}#{anchor}"
    return len(found), sum(bool(anchor) for _, anchor in found)


def anchors_of(path):
    """Return the anchors that GitHub gives to the headings of a document."""
    text = re.sub(r"(?ms)^ *```.*?^ *```", "", path.read_text(encoding="utf-8")) if path.is_file() else ""
    headings = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in re.findall(r"^#+ (.*)$", text, re.M)]
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


@pytest.mark.slow
def test_make_new_takes_answers_and_a_folder(tmp_path):
    """T1: the first of the two commands, on a machine that has nothing but Python, git and make."""
    clone = tmp_path / "clone"
    run("git", "clone", "--quiet", TEMPLATE, clone, cwd=tmp_path)
    run("make", "new", "ARGS=--no-input project_name='Deep Thought'", f"OUT={tmp_path / 'out'}", cwd=clone)
    project = tmp_path / "out/deep-thought"
    assert (project / "README.md").read_text(encoding="utf-8").startswith("# Deep Thought\n")
    assert (project / ".git/hooks/pre-commit").exists()
    run("make", "new", "ARGS=--no-input", cwd=clone)
    assert (clone / "build/my-project/.git").is_dir()


def test_make_refuses_an_old_python(tmp_path):
    """The stand-in is a Python that calls itself 3.10."""
    old = tmp_path / "old"
    old.write_text(
        f'#!/bin/sh\n[ "$1" = -c ] || exit 0\nexec {sys.executable} -c "import sys; sys.version_info = (3, 10); $2"\n'
    )
    old.chmod(0o755)
    for part in ("Makefile", "requirements.txt"):
        (tmp_path / part).write_bytes((TEMPLATE / part).read_bytes())
    result = run("make", "new", f"PYTHON={old}", cwd=tmp_path, check=False)
    assert result.returncode
    assert "Python 3.11 or newer is needed; name one with PYTHON=" in result.stderr
    assert not (tmp_path / ".venv").exists()
