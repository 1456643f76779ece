"""L3, P8: an existing repository is adopted on a branch, in two commits, and nothing of it is moved or lost."""

import json
import tomllib

import pytest
from adoption import Refused
from adoptions import (  # noqa: F401 # fixtures
    TEST,
    adopted_fixture,
    changes,
    contents,
    origin_fixture,
    repository_fixture,
    verified,
    write,
)
from conftest import run
from test_docs import check_links
from test_numbers import documents, stated

pytestmark = pytest.mark.slow

PYPROJECT = """\
# The project's own.
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "acme"
version = "1.0"
license = "MIT"
requires-python = ">=3.12"
authors = [{ name = "Ann Åkesson", email = "ann@example.org" }]

[tool.ruff]
line-length = 99

# about tests
[tool.pytest]
addopts = ["-q"]
"""
OWN = {
    "pyproject.toml": PYPROJECT,
    "README.rst": "Acme\n",
    "LICENSE.txt": "MIT License\n",
    "src/acme/__init__.py": '__version__ = "1.0"\n',
    "src/acme/core.py": "X = 1\n",
    "src/acme/extra.py": "Y = 1\n",
    "tests/test_core.py": "from acme.core import X\n\n\ndef test_x():\n    assert X == 1\n",
}
PLAIN = {"pyproject.toml": '[project]\nname = "acme"\nversion = "1.0"\n'}
SHAPES = {
    "flat": {"acme/__init__.py": "", "acme/core.py": "", "tests/core_test.py": TEST},
    "modules in src": {"src/one.py": "", "src/two.py": "", "src/tests/test_one.py": TEST},
    "one module": {"acme.py": "", "test_acme.py": TEST},
    "tests inside": {"acme/__init__.py": "", "acme/core.py": "", "acme/tests/test_core.py": TEST},
    "tests beside": {"acme/__init__.py": "", "acme/core.py": "", "acme/core_test.py": TEST},
    "several packages": {"src/a/__init__.py": "", "src/b/__init__.py": "", "src/b/c.py": "", "tests/test_c.py": TEST},
    "two at the root": {"a/__init__.py": "", "b/__init__.py": "", "tests/test_a.py": TEST},
    "namespace": {"src/ns/acme/__init__.py": "", "src/ns/acme/core.py": "", "tests/test_core.py": TEST},
    "no tests": {"acme/__init__.py": "", "acme/core.py": ""},
    "no build": {"src/one.py": "", "src/tests/test_one.py": TEST, "pyproject.toml": ""},
}


def check(project, before):
    """Assert what holds for every adoption: a commit of new files, one of changed ones, nothing moved or left over."""
    commits = run("git", "log", "--format=%H %s", f"{before}..", cwd=project).stdout.splitlines()
    kinds = {"Add the CI of ci-template": "A", "Merge the settings of ci-template": "M"}
    found = {commit.partition(" ")[2]: changes(project, commit.partition(" ")[0]) for commit in commits}
    assert found and found.keys() <= kinds.keys()
    for subject, changed in found.items():
        assert {letter for _, letter in changed} == {kinds[subject]}
    own, now = contents(project, before), contents(project, "HEAD")
    merged = {path for path, letter in set().union(*found.values()) if letter == "M"}
    assert {path for path in own if own[path] != now.get(path)} == merged
    new = now.keys() - own.keys()
    assert not {path for path in new if path.startswith("src/") or path in ("README.md", "CHANGELOG.md", "LICENSE")}
    assert not {path for path in new if path.endswith("conftest.py")}
    assert run("git", "status", "--porcelain", cwd=project).stdout == ""


def settings(project):
    return tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8-sig"))


def test_files_are_added_and_settings_merged_in_two_commits(adopted, repository):
    """L3: each commit can be reverted alone; a second run changes nothing, also after the merge of the branch."""
    project = repository(OWN)
    start = run("git", "rev-parse", "HEAD", cwd=project).stdout.strip()
    branch = run("git", "symbolic-ref", "--short", "HEAD", cwd=project).stdout.strip()
    assert "would be adopted" in adopted(project, report=True)[1]
    assert run("git", "for-each-ref", cwd=project).stdout.count("\n") == 1, "a report changes nothing"
    _, told = adopted(project, coverage_minimum="70")
    check(project, start)
    assert verified(project).splitlines()[-1] == "0 problems"
    found = settings(project)
    gate = found["tool"]["quality-gate"]
    assert (gate["source"], gate["tests"], gate["untested"]) == ("src/acme", "tests", ["src/acme/extra.py"])
    assert (gate["pythons"], gate["socket-ban"], gate["lint"]) == (["3.12", "3.13"], False, "report")
    assert found["tool"]["coverage"]["report"]["fail_under"] == 70
    assert found["project"] == tomllib.loads(PYPROJECT)["project"]
    assert found["build-system"] == tomllib.loads(PYPROJECT)["build-system"]
    assert found["tool"]["pytest"] == {"addopts": ["-q"]}, (
        "and no [tool.pytest.ini_options], which pytest refuses beside it"
    )
    text = (project / "pyproject.toml").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line in PYPROJECT.splitlines()][:16] == PYPROJECT.splitlines()[:16]
    assert '\nline-length = 99\nextend-exclude = ["noxfile.py", "tools"]\n\n# about tests\n[tool.pytest]\n' in text
    linked = json.loads((project / ".cruft.json").read_text(encoding="utf-8"))
    answers = linked["context"]["cookiecutter"]
    assert (answers["license"], answers["author_name"], answers["line_length"]) == ("MIT", "Ann Åkesson", "99")
    assert {"src", "README.md", "LICENSE", "CHANGELOG.md"} <= {*linked["skip"]}
    hooks = (project / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert "- id: rumdl\n        files: ^docs/ci_cd/\n" in hooks, "the project's documents stay as they are"
    for words in (
        "source src/acme, by",
        "license = MIT  ([project])",
        "coverage_minimum = 70  (given)",
        "tools/verify_project.py",
    ):
        assert words in told
    assert "pyproject.toml: [tool.ruff] extend-exclude" in told
    head = run("git", "rev-parse", "HEAD", cwd=project).stdout
    assert adopted(project)[1].startswith("Nothing to do")
    with pytest.raises(Refused, match="line_length: is given, but .cruft.json has answers"):
        adopted(project, line_length="99")
    run("git", "checkout", "--quiet", branch, cwd=project)
    assert adopted(project)[1].startswith("The branch adopt-ci-template has it already")
    run("git", "merge", "--quiet", "--no-edit", "adopt-ci-template", cwd=project)
    assert adopted(project)[1].startswith("Nothing to do")
    assert run("git", "rev-parse", "HEAD", cwd=project).stdout == head
    run("git", "revert", "--no-edit", "HEAD", cwd=project)
    assert (project / "pyproject.toml").read_text(encoding="utf-8") == PYPROJECT
    run("git", "reset", "--quiet", "--hard", head.strip(), cwd=project)
    run("git", "revert", "--no-edit", "HEAD~1", cwd=project)
    assert {path for path in contents(project, "HEAD")} == {*OWN}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_is_adopted_without_moving_a_file(adopted, repository, shape):
    """P8, L3."""
    project = repository(PLAIN | SHAPES[shape])
    adopted(project)
    check(project, "HEAD~2")


def test_names_that_the_template_refuses_get_others(adopted, repository):
    """L3: they name the sample only, which is not added; an answer that is given is not replaced."""
    table = '[project]\nname = "yaml"\nversion = "1"\nauthors = [{ name = "Å", email = "Å at home" }]\n'
    project = repository({"pyproject.toml": table, "yaml/__init__.py": "", "tests/test_yaml.py": TEST})
    with pytest.raises(Refused, match="package_name: 'tests': must not be"):
        adopted(project, report=True, package_name="tests")
    _, told = adopted(project)
    check(project, "HEAD~2")
    assert settings(project)["tool"]["quality-gate"]["source"] == "yaml"
    assert "package_name = package  (the project's own breaks a rule of the template)" in told


def test_a_project_of_setup_py_alone_gets_tools_tables_only(adopted, repository):
    """L3: a [build-system] would change how it is built, a [project] what it is."""
    files = {
        "setup.py": "import setuptools as s\ns.setup(name='acme', py_modules=['acme'], install_requires=['attrs'])\n"
    }
    project = repository(files | SHAPES["one module"])
    adopted(project)
    check(project, "HEAD~1")
    found = settings(project)
    assert found.keys() == {"dependency-groups", "tool"}
    assert found["dependency-groups"]["runtime"] == ["attrs"]
    assert "attrs\n" in (project / "conf/requirements.txt").read_text(encoding="utf-8")
    assert "setuptools" not in found["tool"], "it is told its modules"


NAMES = """
.github/workflows/ci.yaml .github/workflows/codeql-analysis.yml .github/dependabot.yaml .github/codecov.yml CODEOWNERS
docs/Contributing.rst .github/security.md .github/PULL_REQUEST_TEMPLATE/one.md .github/ISSUE_TEMPLATE/own.md CLAUDE.md
environment.yaml noxfile.py NEWS.rst COPYING readme
""".split()


def test_what_exists_under_another_name_is_not_doubled(adopted, repository):
    """L3: and the pipeline is installed beside an existing one, under a name of its own, with the overlap listed."""
    texts = {path: "" for path in NAMES} | {
        ".github/workflows/ci.yaml": "on: push\njobs: {a: {steps: [{run: pytest}]}}\n"
    }
    texts |= {".github/workflows/codeql-analysis.yml": "jobs: {}\n", ".github/codecov.yml": "comment: false\n"}
    project = repository(OWN | texts)
    _, told = adopted(project)
    check(project, "HEAD~2")
    new = {path for path, _ in changes(project, "HEAD~1")}
    github = {path for path in new if path.startswith(".github/")}
    workflows = ("ci", "ci-health", "dependencies", "flaky-hunt", "nightly", "template-update")
    assert github == {
        *(f".github/rulesets/{name}.json" for name in ("protected-branches", "release-tags")),
        *(f".github/workflows/quality-{name}.yml" for name in workflows),
    }
    assert {path for path in new if "/" not in path} == {
        ".cruft.json",
        ".gitignore",
        ".pre-commit-config.yaml",
        "quality-environment.yml",
        "quality-noxfile.py",
    }
    assert ".github/workflows/ci.yaml: runs the tests" in told
    assert "nox -f quality-noxfile.py -s thresholds" in told
    assert {".codecov.yml", ".github/CODEOWNERS", "CONTRIBUTING.md"} <= {
        *json.loads((project / ".cruft.json").read_text())["skip"]
    }


def test_files_that_are_meant_to_be_broken_are_exempt(adopted, repository):
    """L3, R2: fixtures of parsers, a folder of them as a whole; conflicts and tags of templates too."""
    files = {f"tests/data/bad/{number}.toml": "[" for number in range(9)}
    files |= {"tests/data/x.json": "{", "tests/data/ok.json": "{}", "docs/t.txt": "<<<<<<< a\n=======\n>>>>>>> b\n"}
    files |= {"docs/ci_cd/own.md": "`conda create python=3.9`\n"}
    project = repository(OWN | files)
    adopted(project)
    check(project, "HEAD~2")
    exempt = settings(project)["tool"]["quality-gate"]["exempt"]
    assert exempt == "docs/ci_cd/own.md docs/t.txt tests/data/bad/* tests/data/x.json".split()


OWN_NUMBERS = {
    ".coveragerc": "[run]\nsource = a\n[report]\nfail_under = 92.5\n",
    ".codecov.yml": "coverage: {status: {project: {default: {target: 95.5%}}}}\n",
    ".pre-commit-config.yaml": "repos:\n- repo: https://example.org/x\n  rev: '1'\n  hooks:\n  - id: x\n",
}


def test_settings_of_coverage_are_the_projects_own(adopted, repository):
    """L3, D6: code that is not measured stays unjudged; guides have the numbers, and lead only to what is there."""
    project = repository(PLAIN | SHAPES["two at the root"] | OWN_NUMBERS)
    _, told = adopted(project)
    gate = settings(project)["tool"]["quality-gate"]
    assert (gate["source"], gate["exempt"], gate["target"]) == ("a", ["b/*"], 95.5)
    assert "b/*: coverage does not measure it" in told
    merged = OWN_NUMBERS[".coveragerc"].replace("[run]\n", "[run]\nrelative_files = true\n")
    assert (project / ".coveragerc").read_text(encoding="utf-8") == merged
    pages = documents(project)
    found = [(name, words.split()[0]) for path, text in pages.items() for name, words in stated(path, text)]
    assert {("fail_under", "92.5"), ("target", "95.5"), ("pythons", "3.11,")} <= {*found}
    assert not {"92", "95"} & {words for _, words in found}
    assert "line-length" not in dict(found), "pyproject.toml says nothing of linters"
    for path in pages:
        check_links(project / path)
