"""G2, G3: the questions, and what is said about bad answers."""

import importlib.util
import json
import re
import shlex
import sys

import pytest
from conftest import ANSWERS, TEMPLATE, run
from test_tree import tree

QUESTIONS = [name for name in ANSWERS if name[0] != "_"]
GOOD = {
    "project_name": "My Project",
    "project_slug": "my-project",
    "package_name": "my_project",
    "description": "What it does.",
    "author_name": "Some One",
    "author_email": "some.one@example.com",
    "github_owner": "some-org",
    "code_owners": "@some-org/team",
    "copyright_year": "2026",
    "python_versions": "3.11 3.12",
    "main_branch": "main",
    "develop_branch": "develop",
    "coverage_minimum": "60",
    "coverage_target": "80",
    "patch_target": "60",
    "tier_targets": "100 80 60",
    "line_length": "120",
    "external_service": "backend",
    "codeql": True,
    "deploy": "none",
    "file_prefix": "",
    "_template": "gh:org/ci-template",
    "_output_dir": "/somewhere",
}
BOUNDARIES = {
    "project_name": ["x", "é 🎉", "a" * 200, "'\"\\#:&{}%"],
    "project_slug": ["a", "0", "A.b_c-d", "a" * 100, "a.git.b", "gitx.wikis"],
    "package_name": ["a", "A1", "a" * 79, "tests_of_it"],
    "author_email": ["a@b.c", "o'neill+x@sub.example.org", "joerg@bücher.example"],
    "github_owner": ["a", "a" * 39, "a-b", "octocat_acme", "mona-cat_abc", "a_" + "b" * 8, "a" * 30 + "_" + "b" * 8],
    "code_owners": ["@a", "@a-b/c", "@a/core_team-2 @octocat_acme  x.y+z@sub.bücher.example", " @" + "a" * 39 + " "]
    + ["@a/" + "b" * 100, "@a @a_" + "b" * 8],
    "python_versions": ["3.11", "3.11 3.12 3.13 3.14 3.15", " 3.12   3.20 "],
    "main_branch": ["trunk", "release/1.x", "a#b", "ünï", 'a"b', "main.locked"],
    "develop_branch": ["", "dev/next"],
    "coverage_minimum": ["0", "80"],
    "coverage_target": ["60", "100"],
    "patch_target": ["0", "100"],
    "tier_targets": ["0 0 0", "100 100 100"],
    "line_length": ["60", "320"],
    "external_service": ["a", "data_base2"],
    "file_prefix": ["", "a-", "our-2nd-"],
}
BAD = {
    "project_name": ["", "  ", "a\nb", "a\x00b", "{{ x", "a {% b", "{# c", "a\u2028b", " a", "a "],
    "description": ["", "a\tb"],
    "author_name": ["", "a\x7f"],
    "project_slug": ["", "-a", "a-", "a b", "a/b", "ünï", "..", "a" * 101, "a.git", "a.wiki"],
    "package_name": ["", "1a", "a-b", "ünï", "class", "match", "json", "tests", "Tests", "test", "pytest", "_a"]
    + ["build", "black", "packaging", "xdist", "yaml", "coverage"],
    "author_email": ["", "a", "a@b", "@b.c", "a b@c.d", "a@b..c", '"a"@b.c', "a@-b.c", "a@_.c", "jörg@b.c"],
    "github_owner": ["", "-a", "a-", "a--b", "a_b", "a" * 40, "_acme", "a-_acme", "a_ab", "a_" + "b" * 9]
    + ["a_acme_x", "a_ac-me", "a" * 31 + "_" + "b" * 8],
    "code_owners": "| |a|@|@-a|@a-|@a--b|@a_b|a/b|@a/|@/b|@a/B|@a/b/c|@a/b c|@a,@b|@a, @b|@a/-b|@a/b-".split("|")
    + ["@" + "a" * 40, "@a # b", "# b", "a#b@c.d", "a@b", "@a @b c", "@a@b", "@ünï", "@a/ü"],
    "copyright_year": ["", "26", "20261", "２０２６"],
    "python_versions": ["", "3.10", "3.9 3.11", "3.12 3.11", "3.11 3.11", "3", "3.11, 3.12", "3.x", "2.7", "3.12.1"],
    "main_branch": [
        "",
        "a b",
        "a..b",
        "a~b",
        "a^b",
        "a:b",
        "a\\b",
        "/a",
        "a/",
        "a//b",
        ".a",
        "b/.a",
        "a.lock",
        "a.",
        "@",
    ]
    + ["a@{b", "-a", "a*", "a?", "a[b", "a+", "!a", "HEAD", "a.lock/b", "a\x7fb", "a{#b", "a\u2028b"],
    "develop_branch": ["main", "a b", " ", "main/dev"],
    "coverage_minimum": ["", "-1", "101", "60.5", "060", "81", "٦٠", "x"],
    "coverage_target": ["59", "1000", "8 0"],
    "patch_target": ["-0", "101"],
    "tier_targets": ["", "100 80", "100 80 60 40", "101 80 60", "a b c", "100,80,60"],
    "line_length": ["59", "321", "0", "abc", ""],
    "external_service": ["", "1a", "Backend", "a-b", "a" * 31],
    "file_prefix": ["a", "-", "A-", "a--", "a_b-", "../a-", "ü-"],
}


@pytest.fixture
def hook(monkeypatch):
    """Return a function that runs the hook's main with answers; the hook file is imported as it is."""

    def check(**answers):
        spec = importlib.util.spec_from_file_location("pre_gen_project", TEMPLATE / "hooks/pre_gen_project.py")
        module = importlib.util.module_from_spec(spec)
        with monkeypatch.context() as patch:
            patch.setattr(json, "loads", lambda text: GOOD | answers)
            spec.loader.exec_module(module)
        return module

    return check


def pairs(table):
    return [pytest.param(name, value, id=f"{name}={value!a}") for name, values in table.items() for value in values]


def test_every_question_has_a_prompt_and_every_choice_a_label():
    prompts = ANSWERS["__prompts__"]
    assert list(prompts) == QUESTIONS
    for name in QUESTIONS:
        if isinstance(ANSWERS[name], list):
            assert set(prompts[name]) == {"__prompt__", *ANSWERS[name]}


@pytest.mark.parametrize(("name", "value"), pairs(BOUNDARIES))
def test_boundary_is_accepted(hook, name, value, capsys):
    assert hook(**{name: value}).main() == 0, capsys.readouterr().err


@pytest.mark.parametrize(("name", "value"), pairs(BAD))
def test_bad_answer_is_named_with_value_and_rule(hook, name, value, capsys):
    assert hook(**{name: value}).main() == 1
    lines = capsys.readouterr().err.splitlines()
    assert any(line.startswith(f"{name}: {value!r}: must ") for line in lines)


def test_line_length_must_hold_the_imports_of_a_long_package(hook, capsys):
    assert hook(package_name="a" * 30, line_length="71").main() == 0
    assert hook(package_name="a" * 30, line_length="70").main() == 1
    assert "line_length: '70': must be at least 71" in capsys.readouterr().err


def test_what_pypi_refuses_is_not_deployed_there(hook, capsys):
    assert hook(deploy="pypi", license="MIT").main() == 0
    assert hook(deploy="none", license="Proprietary").main() == 0
    assert hook(deploy="pypi", license="Proprietary").main() == 1
    said = capsys.readouterr().err.splitlines()[0]
    assert said.startswith("deploy: 'pypi': must be none with the license 'Proprietary', whose classifier")
    assert said.endswith("keep none, or choose another license")


def test_old_python_is_one_clear_line(hook, monkeypatch, capsys):
    module = hook()
    monkeypatch.setattr(sys, "version_info", (3, 10))
    assert module.main() == 1
    assert capsys.readouterr().err == "Python 3.10 is too old: run cookiecutter on Python 3.11 or newer.\n"


def test_all_problems_at_once_nothing_left_and_the_repeat_command_works(tmp_path):
    bad = ["coverage_minimum=90", "coverage_target=80", "python_versions=3.12 3.9", "package_name=json"]
    text = 'description=it\'s "quoted" $HOME'
    out = tmp_path / "out"
    result = run("cookiecutter", TEMPLATE, "--no-input", "-o", out, text, *bad, cwd=tmp_path, check=False)
    assert result.returncode == 1
    for answer in bad:
        assert f"{answer.partition('=')[0]}: {answer.partition('=')[2]!r}: must " in result.stderr
    assert list(out.iterdir()) == []
    command = next(line for line in result.stderr.splitlines() if line.startswith("cookiecutter "))
    run(*shlex.split(command), "coverage_target=70", cwd=tmp_path)
    pyproject = (out / "my-project" / "pyproject.toml").read_text(encoding="utf-8")
    assert 'description = "it\'s \\"quoted\\" $HOME"' in pyproject
    assert "\ntarget = 70\n" in pyproject


def test_repeat_command_under_cruft_is_cruft(hook, capsys):
    module = hook(package_name="json")
    del module.ANSWERS["_output_dir"]
    assert module.main() == 1
    words = shlex.split(capsys.readouterr().err.splitlines()[-1])
    assert words[:5] == ["cruft", "create", "gh:org/ci-template", "--no-input", "--extra-context"]
    assert json.loads(words[5])["description"] == GOOD["description"]
    assert "package_name" not in json.loads(words[5])


@pytest.mark.parametrize("name", BOUNDARIES["main_branch"] + BAD["main_branch"])
def test_branch_rules_are_those_of_git(name, tmp_path):
    """Refused beyond git's rules: GitHub's patterns, `@`, which git reads as HEAD, Jinja's tags, line separators."""
    result = run("git", "check-ref-format", "--branch", name, cwd=tmp_path, check=False)
    refused = ("a+", "!a", "@", "a{#b", "a\u2028b")
    assert (result.returncode == 0) == (name in (*BOUNDARIES["main_branch"], *refused))


NAMES = "environment|ci|ci-health|codeql|dependencies|flaky-hunt|nightly|release|template-update"
PREFIXED = rf"(?<![\w-])(noxfile\.py|requirements\.txt|({NAMES})\.yml)"


def test_a_prefix_is_before_every_name_that_may_be_taken(copy, bake, tools):
    """L3, R4: in names, in what names them and in advice; all else is as without the answer."""
    project, plain = copy(file_prefix="our-2nd-"), bake()
    texts, others = tree(project), tree(plain)
    assert {path.replace("our-2nd-", "") for path in texts} == set(others)
    found = [path for path in texts if "our-2nd-" in path]
    assert len(found) == len({"noxfile.py", "environment.yml", "requirements.txt"}) + len(
        list((plain / ".github/workflows").iterdir())
    )
    workflows = {path.stem for path in (plain / ".github/workflows").iterdir()}
    assert workflows <= {*NAMES.split("|")}, "a file whose name may be taken is not looked for"
    for path, text in texts.items():
        if not path.startswith("tools/") and not path.endswith("noxfile.py"):
            assert not re.search(PREFIXED, text.decode()), path
            assert not re.search(r"\bnox (?!-f our-2nd-noxfile\.py)-|`nox`|(?m:^nox$)", text.decode()), path
            changed = re.sub(r"^name: our-2nd ", "name: ", text.decode()).replace("nox -f our-2nd-noxfile.py", "nox")
            assert changed.replace("our-2nd-", "") == others[path.replace("our-2nd-", "")].decode()
    (project / "environment.yml").write_text("name: theirs\n")
    for other in ("noxfile.py", "a-noxfile.py"):
        (project / other).write_text("import nox\n")
    for command in (["nox", "-f", "our-2nd-noxfile.py"], [sys.executable, "our-2nd-noxfile.py"]):
        assert "* coverage_gate -> " in run(*command, "-l", cwd=project).stdout
    assert tools.repository.nox("update", project) == "nox -f our-2nd-noxfile.py -s update"
