"""D6: what the guides name in code is there: files, variables of the environment, words of settings."""

import re

import pytest
from test_tree import tree

ANSWERS = {"default": {}, "other": {"lint_tools": "ruff", "deploy": "pypi", "develop_branch": "", "ci_speed": "fast"}}
BLOCK, SPAN = re.compile(r"(?ms)^ *```.*?^ *```"), re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
FILE = re.compile(r"\.?[\w-]+(\.[\w-]+)*(/\.?[\w.-]+)*\.(py|ya?ml|toml|json|md|txt|cfg)|([\w.-]+/)+")
WORD = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+|[a-z]+(-[a-z]+)+")  # a VARIABLE, a setting, a hook, an artifact
# What the mirror rule means by any names, and what is made by a run, an update, or a reader who wants it.
OTHERS = set("a/b.py a/test_b.py a/b_test.py test_b.py package/a/test_b.py test_package/a/test_b.py".split())
OTHERS |= {
    "src/tests/unit/test_event_bus.py",
    "reports/",
    "dist/",
    ".cruft.json",
    ".github/rulesets/two-approvals.json",
}


def missing(files):
    """Return what the documents among `files`, texts by path, name in code and what is nowhere, with their paths."""
    settings = "\n".join(text for path, text in files.items() if not path.endswith(".md"))
    known = {"/" + path for path in files}
    for path, text in files.items():
        for span in set(SPAN.findall(BLOCK.sub("", text))) if path.endswith(".md") else ():
            if FILE.fullmatch(span) and span not in OTHERS:
                inside = f"/{span}" if span.endswith("/") else None
                if not any(inside in place if inside else place.endswith(f"/{span}") for place in known):
                    yield path, span
            elif WORD.fullmatch(span) and not re.search(rf"(?<![\w-]){span}(?![\w-])", settings):
                yield path, span


@pytest.mark.parametrize("answers", ANSWERS)
def test_what_is_named_is_there(render, answers):
    """D6: in the project that its answers give."""
    files = {path: data.decode() for path, data in tree(render(**ANSWERS[answers])).items()}
    assert sorted(missing(files)) == []


@pytest.mark.parametrize(
    ("was", "wrong"),
    [
        ("`.github/rulesets/protected-branches.json`", "`.github/rulesets/protected-branch.json`"),
        ("`pyproject.toml`", "`project.toml`"),
        ("`flaky-hunt.yml`", "`flake-hunt.yml`"),
        ("`CODECOV_TOKEN`", "`CODECOV_TOKENS`"),
        ("`flaky-test`", "`flaky-text`"),
        ("`integration/`", "`integrations/`"),
    ],
)
def test_a_wrong_name_is_found(render, was, wrong):
    """D6."""
    files = {path: data.decode() for path, data in tree(render()).items()}
    pages = [path for path, text in files.items() if path.startswith("docs/") and was in BLOCK.sub("", text)]
    assert pages
    files[pages[0]] = files[pages[0]].replace(was, wrong)
    assert list(missing(files)) == [(pages[0], wrong.strip("`"))]
