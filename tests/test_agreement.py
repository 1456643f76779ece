"""R4, V5, D6: facts that stand in several files agree; what is a project's own, or prose, may say another thing."""

import re

import pytest
from conftest import record, run
from test_inputs import both, codecov
from test_tree import edit
from test_tree import write as new

CI, RULES = ".github/workflows/ci.yml", ".github/rulesets/protected-branches.json"
UPDATE = ".github/workflows/template-update.yml"
NO_RUN = "no 'Quality gate' would be reported: name the same branches in both"
TIER = r"(?s)\[tool.quality-gate.tiers.P2\].*?\n\n"
BLACK = edit("pyproject.toml", r"\[tool.black\]\nline-length = 120", "[tool.black]\nline-length = 99")
LENGTHS = (
    "[tool.black] line-length 99, [tool.flake8] max-line-length 120, [tool.isort] line_length 120: write 99 in each"
)
PAGE = "docs/ci_cd/own.md"
WORDS = (
    "# Own\n\n```bash\nnox -s tests-3.9 tests-3.12\n\ngh run download 1 --name test-3.10-1\n```\n\n`-f python=3.14`\n"
)
PROSE = "# Own\n\nPython 3.9 has left: pytest-3.9, my-tests-3.9, python>=3.9, tests-of-3.9. `python=3.11` is tested.\n"
WRONG = {
    "a formatter's line length": (BLACK, f"pyproject.toml: the lengths of a line differ: {LENGTHS}\n"),
    "a Python of another workflow": (
        edit(UPDATE, 'python-version: "3.13"', "python-version: 3.12"),
        f"{UPDATE}:33: python-version: 3.12 is not 3.13: write 3.13, the newest of the classifiers\n",
    ),
    "a Python in the guides": (
        new(PAGE, WORDS),
        "".join(
            f"{PAGE}:{line}: {word}: Python {word[word.index('3') :]} is not tested: write one of 3.11, 3.12, 3.13\n"
            for line, word in {4: "tests-3.9", 6: "test-3.10", 9: "python=3.14"}.items()
        ),
    ),
    "a tier that is gone": (
        edit("pyproject.toml", TIER, ""),
        ".codecov.yml: component P2: pyproject.toml has no such tier: remove it, or give it another name\n",
    ),
    "a tier that Codecov lacks": (
        edit(".codecov.yml", "name: P1", "name: core"),
        ".codecov.yml: component P1: is missing: add it, with the tier's target and paths of pyproject.toml\n",
    ),
    "a branch that only the rules name": (
        edit(RULES, "refs/heads/develop", "refs/heads/dev"),
        "".join(
            f"{RULES}: protects dev, but {event} of ci.yml does not start there: {NO_RUN}\n"
            for event in ("push", "pull_request")
        ),
    ),
    "a branch that is gone from the pipeline": (
        edit(CI, r'branches: &branches \["main", "develop"\]', 'branches: &branches ["main", "release/*"]'),
        f"{RULES}: protects develop, but pull_request of ci.yml does not start there: {NO_RUN}\n",
    ),
    "a pipeline without pull requests": (
        edit(CI, r"  pull_request:\n    branches: \*branches\n", ""),
        f"{RULES}: protects main, but pull_request of ci.yml does not start there: {NO_RUN}\n",
    ),
    # An exemption in a file that does not parse is none.
    "settings that do not parse": (edit("pyproject.toml", r"\[project\]", "[project"), ": correct the syntax\n"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_copy_that_disagrees_is_named(copy, problems, case):
    project = copy()
    damage, message = WRONG[case]
    damage(project)
    assert message in problems(project)


RIGHT = {
    "prose": new(PAGE, PROSE),
    "commands of other documents": new("docs/own.md", WORDS),
    "own components": codecov(
        "components:\n", "components:\n    - { component_id: p9, name: P9 reports, paths: [docs] }\n"
    ),
    "a tier without modules": edit("pyproject.toml", r"(?s)(tiers.P2\]\ntarget = 60\npaths = )\[.*?\]", r"\1[]"),
    "own line length of an adopted project": both(
        BLACK, new(".cruft.json", '{"tables": ["tool.isort", "tool.flake8"]}')
    ),
    "branches by pattern": edit(CI, r'branches: &branches \["main", "develop"\]', 'branches: &branches ["m**", "d*"]'),
    "all branches": edit(
        CI, r"branches: &branches .*\n  pull_request:\n    branches: \*branches\n", "\n  pull_request:\n"
    ),
    "a workflow of the team": new(".github/workflows/own.yml", 'on: push\njobs: {}\nx:\n  python-version: "3.9"\n'),
}


@pytest.mark.parametrize("case", RIGHT)
def test_what_is_the_projects_own_is_no_problem(copy, problems, case):
    project = copy()
    RIGHT[case](project)
    found = problems(project)
    assert [line for line in found.splitlines() if not line.endswith(" but pyproject.toml says 99: write 99")] == []


def test_what_is_advised_can_be_pasted_as_it_is(copy, problems):
    """R4: it names a command only in a project whose commit is linked; one that is not clean is put away first."""
    project = copy()
    BLACK(project)
    damage = edit("pyproject.toml", 'Python :: 3.11"', 'Python :: 3.14"')

    def said():
        return re.search(r"in each(.*)\n", problems(project))[1]

    assert said() == ""
    record(project, "not linked")
    new(".cruft.json", "{}")(project)
    assert said() == "", "git would put the link away too"
    record(project, "linked")
    command = "nox -s update -- --answer line_length=99"
    assert said() == f", or have `{command}` write it everywhere"
    new("a.txt")(project)
    assert said() == f", or have `git stash -u && {command}` write it everywhere"
    run("git", "stash", "-u", cwd=project)
    damage(project)
    found = problems(project)
    pythons = '`git stash -u && nox -s update -- --answer python_versions="3.12 3.13 3.14"` write it everywhere'
    assert (
        f"debugging.md:24: tests-3.11: Python 3.11 is not tested: write one of 3.12, 3.13, 3.14, or have {pythons}"
        in found
    )
