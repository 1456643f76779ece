"""D6: every block of the guides runs, page by page, or says why not."""

import json
import re
from pathlib import Path

import guides
import pytest
from conftest import clone, copy_template, run
from test_tree import FILES

pytestmark = pytest.mark.slow
VARIANTS = {
    "default": {},
    "other": {
        "lint_tools": "ruff",
        "type_checking": "off",
        "develop_branch": "",
        "deploy": "pypi",
        "codeql": False,
        "ci_speed": "fast",
    },
}
PAGES = [
    path for path in FILES if path.endswith(".md") and path not in ("CHANGELOG.md", "docs/ci_cd/TEMPLATE_UPDATES.md")
]


@pytest.fixture(scope="session")
def linked(once, tmp_path_factory):
    """Return a function that makes a project by `cruft create`, so that it can be updated."""

    def make_linked(**answers):
        folder = tmp_path_factory.mktemp("linked")
        template = clone(copy_template(folder / "template"))
        extra = ["--extra-context", json.dumps(answers)]
        run("cruft", "create", template, "--no-input", "--output-dir", folder / "out", *extra, cwd=folder)
        return next((folder / "out").iterdir())

    return lambda **answers: once(make_linked, **answers)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_blocks_run(linked, render, tmp_path, tmp_path_factory, record_property, variant, path):
    """D6, D1: as a reader runs them, from the top of the page; what other answers leave as it is runs once."""
    source = linked(**VARIANTS[variant])
    text = guides.blocks(source / path)
    if not text or variant != "default" and text == guides.blocks(render() / path).replace("develop", "main"):
        return
    installs, sessions = re.search(r"\b(pip|uv) install\b", text), tmp_path_factory.getbasetemp() / f"nox-{variant}"
    workshop = guides.Workshop(source, tmp_path, path == guides.NEW, bool(installs), sessions)
    ran, exempt = guides.execute(Path(workshop.folder, path), workshop)
    assert workshop.github.wrong() == ""
    record_property("guides", {"blocks run": ran, **{f"exempt ({why})": count for why, count in exempt.items()}})
