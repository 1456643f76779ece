"""D6, T5: every command that documents and the printed summary give is executed, or parsed by its own program.

Blocks of a project's documents are executed by tests/test_guides.py; here are the commands within their sentences.
"""

import re
import shlex
import sys

import cookiecutter.cli
import cruft._cli
import pytest
import typer.main
from conftest import ANSWERS, TEMPLATE, environment, interpreter, run
from pip._internal.commands import create_command
from test_docs import OWN

ANSWERS_GIVEN = {"main_branch": "trunk", "develop_branch": "next", "python_versions": "3.11", "deploy": "pypi"}
BLOCK = re.compile(r"^( *)```(bash|console)\n(.*?)^\1```", re.M | re.S)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
# What no package index has: the forms that are meant, F a file of the project, N any word.
FOREIGN = [
    "conda env create -f F",
    "conda activate my-project",
    "conda env update -f F --prune",
    "conda env update -n N -f F",
    "conda env remove -n N",
    "conda create -n N N",
    "sed -i N F",
    "cd N",
    ". N",
    "pre-commit install",
    "pre-commit autoupdate",
    "cruft link N",
    "gh auth login",
    "gh pr create",
    "gh issue list --label N",
    "gh pr merge N --merge",
    "gh pr view N --json latestReviews",
    "gh workflow run N --ref N",
    "gh pr ready",
    "gh pr merge --squash --admin",
    "gh run view N --web",
    "gh attestation verify N --repo N",
    "gh run view --log-failed",
    "gh release delete N --cleanup-tag",
    "gh release download N --dir N",
    "gh secret delete N",
    "gh secret list --app dependabot",
    "gh secret set N --app dependabot",
    "gh variable delete N",
    "gh workflow disable N",
    "gh secret set N < N",
    "gh variable list",
    "gh variable set N --body N",
    "pre-commit install -f",
    "gh workflow run N --field N --field N",
    "pre-commit run --all-files",
    "pre-commit run N --all-files",
]
# Sessions whose options are those of another program than tools/update_project.py, and what it says here.
OPTIONS = {
    "coverage_gate": ("coverage_gate", "cannot judge"),
    "github_setup": ("github_setup", "gh is not installed"),
    "release": ("check_release", "dist/ must hold one wheel"),
}
PROGRAMS = "conda cookiecutter cruft gh git make nox pip pre-commit pytest python rm".split()


def commands(text):
    """Yield the simple commands of a document, as lists of words."""
    lines = []
    for _, kind, block in BLOCK.findall(text):
        joined = re.sub(r"\\\n\s*", " ", block).splitlines()
        shown = [line.strip() for line in joined if line.strip()]
        lines += [line.removeprefix("$ ") for line in shown if kind == "bash" or line.startswith("$ ")]
    lines += [span for span in SPAN.findall(BLOCK.sub("", text)) if is_command(span)]
    for line in lines:
        for part in re.split(r" && | \|\| |; ", re.sub(r"\s#.*", "", line)):
            if words := shlex.split(part, comments=True):
                yield words[words[0] == "uvx" :]  # which runs the program whose name follows


def is_command(span):
    """A name of a program alone is prose, but for those that are a whole command."""
    first, *others = span.split() or [""]
    return first in PROGRAMS and (bool(others) or first in ("nox", "pytest")) and "…" not in span


@pytest.fixture(scope="session")
def documented(bake):
    """All commands, and the project whose documents and summary gave them; the template's own have its folder."""
    project = bake(**ANSWERS_GIVEN)
    texts = {name: (TEMPLATE / name).read_text(encoding="utf-8") for name in OWN}
    printed = "docs/EXAMPLES.md"  # whose blocks are what programs print, compared by tests/test_examples.py
    found = {TEMPLATE: [BLOCK.sub("", text) if name == printed else text for name, text in texts.items()]}
    texts = [path.read_text(encoding="utf-8") for path in project.rglob("*.md") if ".git" not in path.parts]
    found[project] = [BLOCK.sub("", text) for text in texts]
    return {folder: [words for text in texts for words in commands(text)] for folder, texts in found.items()}


def of(documented, *programs):
    """Return (folder, words) once for each documented command of these programs; there must be some."""
    found = {(folder, *words): words for folder, group in documented.items() for words in group if words[0] in programs}
    assert found, f"no document has a command of {programs}"
    return [(folder, words) for (folder, *_), words in found.items()]


def test_every_program_has_a_test_here(documented):
    tested = {"cookiecutter", "cruft", "git", "make", "nox", "pip", "pytest", "python", ".venv/bin/python", "rm"}
    tested |= {form.split()[0] for form in FOREIGN}
    unknown = {words[0] for group in documented.values() for words in group} - tested
    assert not unknown, f"documents name {unknown}: add how to run or parse them"


def test_forms_of_programs_that_are_not_here(documented, bake):
    """Without the program itself only the form can be compared."""
    wrong = []
    for folder, words in of(documented, *{form.split()[0] for form in FOREIGN} - {"cruft"}):
        root = folder if folder != TEMPLATE else bake()
        if not any(fits(form.split(), words, root) for form in FOREIGN):
            wrong.append(shlex.join(words))
    assert not wrong


def fits(form, words, root):
    pairs = list(zip(form, words, strict=False))
    same = all(given == word or word == "N" or (word == "F" and (root / given).is_file()) for word, given in pairs)
    return len(form) == len(words) and same


def test_cookiecutter_and_cruft_parse_theirs(documented):
    clients = {"cookiecutter": cookiecutter.cli.main, "cruft": typer.main.get_command(cruft._cli.app)}
    for _, words in of(documented, *clients):
        client, arguments = clients[words[0]], words[1:]
        if words[0] == "cruft":
            client, arguments = client.commands[words[1]], words[2:]
        if words not in (["cruft", "create"], ["cruft", "update"]):  # these are named, not given
            client.make_context(words[0], arguments)  # raises what the user would see


def test_pip_parses_its_own(documented):
    for folder, words in of(documented, "pip"):
        options, _ = create_command(words[1]).parser.parse_args(words[2:])
        for path in getattr(options, "requirements", []):
            assert (folder / path).is_file()


def test_make_has_the_targets(documented):
    for _, words in of(documented, "make"):
        run(*words, "--dry-run", cwd=TEMPLATE)
        names = re.findall(r"(\w+)=", " ".join(re.findall(r"ARGS=.*", " ".join(words[1:]))))
        assert set(names) - {"ARGS", "OUT", "PROJECT"} <= set(ANSWERS), words


def test_nox_has_the_sessions(documented, tmp_path):
    """And its program the options after `--`."""
    folder = next(found for found in documented if found != TEMPLATE)
    sessions = set()
    for words in map(list, {tuple(words) for _, words in of(documented, "nox")}):
        before, _, after = (list(part) for part in split(words[1:], "--"))
        if before[:1] == ["-s"]:
            sessions.update(before[1:])
        else:
            run("nox", *before, *(["-l"] if "-l" not in before else []), cwd=folder)
        if after:
            program, said = OPTIONS.get(words[2], ("update_project", ".cruft.json: is missing"))
            command = [sys.executable, f"tools/{program}.py", *after]
            result = run(*command, cwd=folder, check=False, PATH=str(tmp_path))  # no gh, which could change something
            assert said in result.stderr, f"{words}: {result.stderr}"
    run("nox", "-l", "-s", *sorted(sessions), cwd=folder)  # names those that there are not


def split(words, mark):
    place = words.index(mark) if mark in words else len(words)
    return words[:place], [mark], words[place + 1 :]


def test_git_commands_are_those_of_git(documented):
    """Their subcommands; those in blocks are executed."""
    for _, words in of(documented, "git"):
        listed = run("git", "help", "--all", cwd=TEMPLATE).stdout
        assert re.search(rf"^ +{words[1]} ", listed, re.M), words


def test_printed_summary(tmp_path):
    result = run("cookiecutter", TEMPLATE, "--no-input", "-o", tmp_path, cwd=tmp_path)
    lines = [line.strip() for line in result.stdout.splitlines() if line.startswith("    ")]
    found = list(commands("```bash\n" + "\n".join(lines) + "\n```"))
    assert [words[0] for words in found] == ["cd", "conda", "conda", "pip", "git", "git"]
    project = tmp_path / "my-project"
    for words in found:
        if words[0] == "conda":
            assert any(fits(form.split(), words, project) for form in FOREIGN), words
        if words[0] == "pip":
            create_command(words[1]).parser.parse_args(words[2:])
    (project / ".git/hooks/pre-commit").unlink()
    git = " && ".join(shlex.join(words) for words in found if words[0] in ("cd", "git"))
    run("bash", "-c", git, cwd="/")
    assert run("git", "log", "--format=%s", cwd=project).stdout == "Start from ci-template\n"


@pytest.mark.slow
def test_pytest_and_python_run(documented, bake, tmp_path):
    """In the environment of the project, or of the template; tests are collected, not run."""
    interpreter("3.11")
    project = bake(**ANSWERS_GIVEN)
    for folder, words in of(documented, "pytest", "python", ".venv/bin/python"):
        if words[:3] == ["python", "-m", "venv"]:
            run(sys.executable, "-m", "venv", "--without-pip", tmp_path / words[3], cwd=folder)
        elif words[0] == ".venv/bin/python":
            run(sys.executable, *words[1:], "--collect-only", "--quiet", "--numprocesses=0", cwd=TEMPLATE)
        else:
            more = ["--collect-only"] if "pytest" in words else []
            run(*words, *more, cwd=project, **environment(project))
