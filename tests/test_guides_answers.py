"""D6: an answer that is off leaves no sentence about what is not there; no example has a default that was changed."""

import posixpath
import re

import pytest
from adoption import files
from test_docs import LINK
from test_tree import tree

TEXTS = re.compile(r".*\.md|\.github/(ISSUE_TEMPLATE/.*|CODEOWNERS)")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.S)
OTHER_NAMES = {"project_name": "Other", "project_slug": "other-slug", "package_name": "other", "github_owner": "they"}
FAST, RUFF, PYPI = {"ci_speed": "fast"}, {"lint_tools": "ruff"}, {"deploy": "pypi"}
# Answers, those with which the words are there, and the words: those that are English as well count in code only.
ABSENT = {
    "no develop branch": ({"develop_branch": ""}, {}, "code", r"\bdevelop\b"),
    "another main branch": ({"main_branch": "trunk"}, {}, "code", r"(?<![\w.])main(?![\w(])"),
    "another develop branch": ({"develop_branch": "next"}, {}, "code", r"\bdevelop\b"),
    "ruff": (RUFF, {}, "text", r"\b(black|isort|flake8)\b"),
    "black": ({}, RUFF, "text", r"\bruff\b"),
    "no types": ({"type_checking": "off"}, {}, "text", r"\bmypy\b|type: ignore"),
    "no CodeQL": ({"codeql": False}, {}, "text", r"(?i)codeql|code_security"),
    "no releases": ({}, PYPI, "text", r"(?i)release\.yml|\battest|trusted publish|check_release|-s release\b|`pypi`"),
    "another service": ({"external_service": "database"}, {}, "text", r"(?i)(?<!build.)backend"),
    "other Pythons": ({"python_versions": "3.14"}, {}, "text", r"\b3\.1[0-3]\b"),
    "other names": (OTHER_NAMES, {}, "text", r"(?i)my[-_ ]project|your-org"),
    "thorough": ({}, FAST, "text", r"leave out slow tests|leave these out|newest Python only|stages run side by side"),
    "balanced": ({"ci_speed": "balanced"}, FAST, "text", r"newest Python only|stages run side by side"),
    "fast": (FAST, {}, "text", r"(?i)every run tests every Python|waits for (lint|test)|slow tests included"),
}
# A transcript that begins with `cruft create`, and the page about what each value of ci_speed does.
EXAMPLES = {"other names": "docs/ci_cd/TEMPLATE_UPDATES.md"}
EXAMPLES |= dict.fromkeys(("thorough", "balanced", "fast"), "docs/ci_cd/manual/performance.md")


@pytest.mark.parametrize("case", ABSENT)
def test_answers_that_are_off_leave_no_sentence(render, case):
    off, on, kind, words = ABSENT[case]
    assert not (found := lines(render(**off), kind, words, EXAMPLES.get(case))), "\n".join(found)
    assert lines(render(**on), kind, words, ""), "nothing would be found"


def lines(project, kind, words, example):
    """Return the lines of the documents, with their place, that have the `words`; `example` is a path to leave out."""
    found = []
    for path, data in tree(project).items():
        text = data.decode() if TEXTS.fullmatch(path) and path != example else ""
        for part in CODE.finditer(text) if kind == "code" else [re.search("(?s).*", text)]:
            places = [part.start() + match.start() for match in re.finditer(words, part[0])]
            found += [f"{path}:{text.count(chr(10), 0, place) + 1}: {line(text, place)}" for place in places]
    return found


def line(text, place):
    return text[text.rfind("\n", 0, place) + 1 :].partition("\n")[0]


def test_guides_lead_to_nothing_that_an_adopted_project_has_of_its_own(render):
    """D6, L3: its README and its code are others, and what takes the place of a form lies elsewhere."""
    wrong, own = [], "|".join([files.NEVER.pattern, *files.EQUIVALENTS])
    for path, data in tree(render(deploy="pypi")).items():
        folder = posixpath.dirname(path)
        for target, _ in LINK.findall(data.decode()) if path.startswith("docs/") and path.endswith(".md") else ():
            if re.fullmatch(own, posixpath.normpath(posixpath.join(folder, target))):
                wrong.append(f"{path}: {target}")
    assert not wrong, "\n".join(wrong)
