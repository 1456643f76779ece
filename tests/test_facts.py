"""G4, P5, C9, S3: what is rendered parses, carries the answers and passes the schemas, for every combination."""

import email
import itertools
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from allpairspy import AllPairs
from conftest import ANSWERS, TEMPLATE, run
from markdown_it import MarkdownIt

CHOICES = {name: answer for name, answer in ANSWERS.items() if isinstance(answer, list) and name[0] != "_"}
CHOICES |= {"codeql": [True, False], "develop_branch": ["develop", ""], "line_length": ["60", "88", "120", "320"]}
CHOICES |= {"python_versions": ["3.11 3.12 3.13", "3.14"]}


def is_allowed(values):
    """Tell whether hooks/pre_gen_project.py lets these first answers of a combination pass together."""
    return not {"Proprietary", "pypi"} <= {*map(str, values)}


PAIRWISE = [
    dict(zip(CHOICES, values, strict=True)) for values in AllPairs(list(CHOICES.values()), filter_func=is_allowed)
]
DEPENDENCIES = [
    dict(zip(("lint_tools", "type_checking", "python_versions"), values, strict=True))
    for values in itertools.product(CHOICES["lint_tools"], CHOICES["type_checking"], CHOICES["python_versions"])
]
TEXTS = {
    "nasty": 'Ünï "q" \\ #: & 🎉',
    "markdown": "`a` *b* _c_ [d](e) <f> ~g~ &amp; | !",
    "yaml": "- a: {b} [c] %d @e `f` 'g",
    "python": "'''\"\"\" \\N{x} \\u0041 %s {0}",
    "joined": "👩‍💻 ‏עברית‏ Ω\u0301",
    "long": "ab cd" * 40,
    "numbered": "1. First. Then",
    "bracketed": "2) second",
    "quoted": "> text",
}
SCHEMAS = {
    "vendor.github-workflows": ".github/workflows/*.yml",
    "custom.github-workflows-require-timeout": ".github/workflows/*.yml",
    "vendor.dependabot": ".github/dependabot.yml",
    "vendor.codecov": ".codecov.yml",
    "vendor.github-issue-forms": ".github/ISSUE_TEMPLATE/*.yml",
}


def name(answers):
    return "-".join(str(value) or "none" for value in answers.values())


@pytest.fixture(params=PAIRWISE, ids=name)
def project(request, render):
    return render(**request.param)


@pytest.fixture
def projects(render):
    """All combinations, for programs that check many files in one run and name the file."""
    return [render(**answers) for answers in PAIRWISE]


def read(path):
    return Path(path).read_text(encoding="utf-8")


@pytest.mark.parametrize("text", TEXTS)
def test_texts_arrive_unchanged(render, text):
    value = TEXTS[text]
    project = render(project_name=value, project_slug="slug", description=value, author_name=value)
    metadata = tomllib.loads(read(project / "pyproject.toml"))["project"]
    assert metadata["description"] == value
    assert metadata["authors"][0]["name"] == value
    assert value in read(project / "LICENSE")
    inline = [token for token in MarkdownIt().parse(read(project / "README.md")) if token.type == "inline"]
    shown = ["".join(child.content for child in token.children) for token in inline]
    assert (shown[0], shown[2]) == (value, value)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["nasty", "python"])
def test_texts_reach_the_metadata_of_the_wheel(bake, text, tmp_path):
    value = TEXTS[text]
    project = bake(project_name=value, project_slug="slug", description=value, author_name=value)
    run("uv", "build", "--quiet", "--wheel", "--out-dir", tmp_path, cwd=project)
    run("python", "-m", "zipfile", "-e", tmp_path / "slug-0.1.0-py3-none-any.whl", tmp_path, cwd=project)
    metadata = email.message_from_string(read(tmp_path / "slug-0.1.0.dist-info/METADATA"))
    assert metadata["Summary"] == value
    name, _ = email.utils.parseaddr(metadata["Author-email"])
    assert name == value
    assert value in read(tmp_path / "slug-0.1.0.dist-info/licenses/LICENSE")


def test_codecov_has_the_numbers_of_the_requirement(render):
    """V4: precision 2, rounded down, range 70..100, target 80 within 5, patch 60 within 10, tests ignored."""
    codecov = yaml.safe_load(read(render() / ".codecov.yml"))
    coverage = codecov["coverage"]
    assert (coverage["precision"], coverage["round"], coverage["range"]) == (2, "down", "70..100")
    assert coverage["status"]["project"]["default"] == {"target": "80%", "threshold": "5%"}
    assert coverage["status"]["patch"]["default"] == {"target": "60%", "threshold": "10%"}
    assert codecov["ignore"] == ["src/tests/**"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("MIT", "Permission is hereby granted, free of charge"),
        ("BSD-3-Clause", "Neither the name of the copyright holder"),
        ("Apache-2.0", "Grant of Patent License"),
        ("Proprietary", "All rights reserved"),
    ],
)
def test_licence_is_the_chosen_one(render, name, words):
    project = render(license=name)
    expected = "LicenseRef-Proprietary" if name == "Proprietary" else name
    metadata = tomllib.loads(read(project / "pyproject.toml"))["project"]
    assert words in " ".join(read(project / "LICENSE").split())
    assert metadata["license"] == expected
    assert ("Private :: Do Not Upload" in metadata["classifiers"]) == (name == "Proprietary")


def test_derived_names_are_valid_whatever_the_project_is_called(render):
    """An emoji leaves no slug, a long name leaves one whose imports fit the line."""
    assert render(project_name="🎉🎉").name == "project"
    assert len(render(project_name="ab cd" * 40).name) <= 60


@pytest.mark.parametrize(
    ("answers", "owners"),
    [
        ({"github_owner": "acme"}, "@acme"),
        ({"code_owners": " @acme/core-team   me@acme.org "}, "@acme/core-team me@acme.org"),
    ],
    ids=["a person", "a team and an address"],
)
def test_reviewers_are_asked_for_every_file(render, answers, owners):
    """D7: a person who owns the repository needs no answer, and no answer of an earlier version."""
    assert (render(**answers) / ".github/CODEOWNERS").read_text(encoding="utf-8") == f"* {owners}\n"


def test_branch_names_arrive_unchanged(render):
    project = render(main_branch='a#"b', develop_branch="dev/ünï🎉")
    branches = ['a#"b', "dev/ünï🎉"]
    triggers = yaml.safe_load(read(project / ".github/workflows/ci.yml"))[True]
    assert triggers["push"]["branches"] == triggers["pull_request"]["branches"] == branches
    ruleset = json.loads(read(project / ".github/rulesets/protected-branches.json"))
    assert sorted(ruleset["conditions"]["ref_name"]["include"]) == sorted(f"refs/heads/{name}" for name in branches)


def test_workflows_are_rendered_whole(project):
    """Every `${{` of a source that is not itself conditional stands in the rendered file: none was eaten by Jinja."""
    sources = (TEMPLATE / "{{cookiecutter.project_slug}}/.github/workflows").iterdir()
    for source in sources:
        rendered = project / ".github/workflows" / re.sub(r"\{\{ '(.*)' if .*\}\}", r"\1", source.name)
        if rendered.exists():
            text = read(rendered)
            assert yaml.safe_load(text)["jobs"]
            assert "{% " not in text
            assert text.count("${{") == read(source).count("${{")
            assert text.count("${{") == text.count("}}")


@pytest.mark.slow
@pytest.mark.parametrize("schema", SCHEMAS)
def test_schemas(projects, schema):
    files = [path for project in projects for path in project.glob(SCHEMAS[schema])]
    run("check-jsonschema", "--builtin-schema", schema, *files, cwd=TEMPLATE)


def test_forms_ask_what_is_meant_and_name_pages_that_are_there(render):
    """D7: the template of pull requests has its four parts; forms lead to the guides."""
    project = render()
    template = read(project / ".github/pull_request_template.md")
    assert re.findall(r"^## (.*)$", template, re.M) == ["Summary", "Changes", "Testing", "Checklist"]
    forms = sorted((project / ".github/ISSUE_TEMPLATE").iterdir())
    assert [form.stem for form in forms] == ["bug_report", "coverage_bypass", "feature_request", "flaky_test"]
    pages = re.findall(r"[\w./-]+\.md", "".join([template, *map(read, forms)]))
    assert {"developing.md", "emergencies.md", "flaky-tests.md", "reviewing.md"} <= {Path(page).name for page in pages}
    assert [page for page in pages if not (project / page).is_file()] == []


def test_actionlint_finds_nothing(projects):
    files = [path for project in projects for path in project.glob(".github/workflows/*.yml")]
    run("actionlint", *files, cwd=TEMPLATE)


def test_zizmor_finds_nothing(projects):
    run("zizmor", "--offline", "--no-progress", "--persona=pedantic", *projects, cwd=TEMPLATE)


def test_actions_are_pinned_alike_in_the_template_and_its_own_workflows(project):
    """T3: Dependabot reads only the template's own workflows; what it updates there must be copied."""
    pins = re.compile(r"uses: (\S+)@([0-9a-f]{40}) # (v\S+)")
    own = {name: pin for path in (TEMPLATE / ".github/workflows").iterdir() for name, *pin in pins.findall(read(path))}
    for path in (project / ".github/workflows").iterdir():
        text = read(path)
        generated = {name: pin for name, *pin in pins.findall(text)}
        assert len(pins.findall(text)) == text.count("uses: ")
        assert generated == {name: own.get(name, "used in no workflow of the template itself") for name in generated}


@pytest.mark.slow
@pytest.mark.parametrize("answers", DEPENDENCIES, ids=name)
def test_dependency_files_are_what_pyproject2conda_makes(render, answers):
    """P5: for every answer that changes a dependency."""
    project = render(**answers)
    files = ("environment.yml", "conf/requirements.txt")
    before = [read(project / path) for path in files]
    run("pyproject2conda", "project", "--overwrite", "force", cwd=project)
    assert [read(project / path) for path in files] == before
    assert "nodefaults" in yaml.safe_load(before[0])["channels"]


def test_every_combination_is_a_tree_without_problems(project, problems):
    """G5: by the project's own verification, in this process."""
    assert problems(project) == ""


def test_environments_hold_the_same_packages(project):
    conda = {spec for spec in yaml.safe_load(read(project / "environment.yml"))["dependencies"]}
    pip = {line for line in read(project / "conf/requirements.txt").splitlines() if line[0] != "#"}
    assert {spec.replace("python-build", "build") for spec in conda if not spec.startswith("python<")} == pip


FORMATTERS = {
    "black+isort+flake8": (["black", "--check", "."], ["isort", "--check", "."], ["flake8"]),
    "ruff": (["ruff", "format", "--check", "."], ["ruff", "check", "."]),
}


@pytest.mark.slow
@pytest.mark.parametrize("tools", FORMATTERS)
@pytest.mark.parametrize("length", CHOICES["line_length"])
def test_code_is_formatted_for_every_line_length(bake, tools, length):
    """P6: the first commit changes no file, whatever the line length and however long the names."""
    project = bake(lint_tools=tools, line_length=length, package_name="a_package_19_letter", external_service="s" * 30)
    repos = yaml.safe_load(read(project / ".pre-commit-config.yaml"))["repos"]
    revs = {hook["id"].partition("-")[0]: repo.get("rev", "").lstrip("v") for repo in repos for hook in repo["hooks"]}
    for tool, *arguments in FORMATTERS[tools]:
        versions = ["--python", sys.executable, "--from", f"{tool}=={revs[tool]}", "--with", "flake8-pyproject==1.2.4"]
        run("uv", "tool", "run", "--quiet", *versions, tool, *arguments, cwd=project)


@pytest.mark.slow
def test_documents_are_formatted_in_every_combination(projects):
    """P6, D6: by the hook's own version and settings: the first commit changes none of them."""
    repos = yaml.safe_load(read(projects[0] / ".pre-commit-config.yaml"))["repos"]
    (rev,) = [repo["rev"].removeprefix("v") for repo in repos for hook in repo["hooks"] if hook["id"] == "rumdl"]
    files = [path for project in projects for path in project.rglob("*.md")]
    tool = ["uv", "tool", "run", "--quiet", "--python", sys.executable, "--from", f"rumdl=={rev}", "rumdl"]
    run(*tool, "check", "--config", projects[0] / "pyproject.toml", *files, cwd=TEMPLATE)
