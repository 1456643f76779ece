"""The blocks of a generated project's documents, read by Sybil and run in a project of their own."""

import configparser
import json
import os
import re
import shutil
import tomllib
from pathlib import Path
from unittest import SkipTest

import yaml
from conftest import environment, interpreter, record, run
from githubs import GitHub
from pipelines import hook_environment
from sybil.document import Document
from sybil.parsers.markdown import CodeBlockParser, SkipParser

PARSED = {
    "ini": lambda text: configparser.ConfigParser().read_string(text),
    "json": json.loads,
    "toml": tomllib.loads,
    "yaml": yaml.safe_load,
}
SHOWN = ("mermaid", "text")  # for readers only
FENCE = re.compile(r"^[ >]*(?:`{3,}|~{3,})(.*)$\n(?:.*\n)*?^[ >]*(?:`{3,}|~{3,})[ ]*$", re.M)
SKIP = re.compile(r"<!--(?:(?!-->).)*\bskip\b.*?-->", re.S)
EXEMPT = re.compile(r'<!-- skip: next "[a-zA-Z][^"\n]+" -->')
FAILS = re.compile(r'<!-- fails "([^"\n]+)" -->\s*\Z')  # before an example that shows what fails, and what it says
MARK = "@@ end of a command: "
NEW = "docs/ci_cd/CICD_QUICK_START.md"  # begins with a project that is not committed yet


def parse(path, evaluators):
    """Return the examples of a document: its blocks in the order of the page, and what Sybil is told about them.

    `evaluators` has a function for each language. Fails on a block of another one, which nobody would run.
    """
    document = Document.parse(
        str(path), SkipParser(), *(CodeBlockParser(name, evaluator) for name, evaluator in evaluators.items())
    )
    text = document.text
    unknown = {language for language in FENCE.findall(text) if language not in {*evaluators, *SHOWN}}
    assert not unknown, f"{path}: blocks in {unknown}, which nobody runs"
    without = [skip for skip in SKIP.findall(text) if not EXEMPT.fullmatch(skip)]
    assert not without, f'{path}: {without}: say why not, as in <!-- skip: next "needs conda" -->'
    return list(document)


def blocks(path):
    """Return the text of all blocks that are run, for a comparison of two documents."""
    found = parse(path, dict.fromkeys(("bash", "console", "python", *PARSED), lambda example: None))
    return "\n".join(str(example.parsed) for example in found)


class Workshop:
    """A new project of the template at `folder`, with all that commands of the guides need.

    Its environment, an `origin` that accepts pushes, GitHub as its command line shows it, hooks of pre-commit, and the
    template, from which it can be updated. It is committed and its branches are pushed unless it `is_new`. What nox
    installs is in `sessions`, which workshops of one worker share.
    """

    def __init__(self, source, folder, is_new, own_environment, sessions):
        self.folder = Path(shutil.copytree(source, folder / source.name, symlinks=True))
        sessions.mkdir(exist_ok=True)
        (self.folder / ".nox").symlink_to(sessions)
        (self.folder / ".git/info/exclude").write_text("/.nox\n", encoding="utf-8")  # .gitignore names a folder
        cruft = json.loads((source / ".cruft.json").read_text(encoding="utf-8"))
        answers = cruft["context"]["cookiecutter"]
        for name in ("home", "github"):
            (folder / name).mkdir()
        self.github = github = GitHub(folder / "github")
        repository, remote = f"{answers['github_owner']}/{answers['project_slug']}", folder / "remote.git"
        settings = "[user]\n\tname = Tester\n\temail = tester@example.com\n"
        settings += f'[url "{remote}"]\n\tinsteadOf = git@github.com:{repository}.git\n'
        settings += f"\tinsteadOf = https://github.com/{repository}.git\n"
        settings += f'[url "{cruft["template"]}"]\n\tinsteadOf = https://github.com/org/ci-template\n'
        (folder / "home/.gitconfig").write_text(settings, encoding="utf-8")
        main, develop = answers["main_branch"], answers["develop_branch"]
        github.set(branches=[main, develop], repository={"default_branch": main, "full_name": repository})
        run("git", "init", "--quiet", "--bare", f"--initial-branch={main}", remote, cwd=folder)
        oldest = answers["python_versions"].split()[0]
        found = own(self.folder, folder, oldest) if own_environment else environment(self.folder, oldest)
        github.variables["PATH"] = f"{github.variables['PATH'].split(':')[0]}:{found['PATH']}"
        self.variables = found | hook_environment(self.folder) | github.variables | {"HOME": str(folder / "home")}
        if not is_new:
            record(self.folder, "Start from ci-template")
            run("git", "remote", "add", "origin", f"git@github.com:{repository}.git", cwd=self.folder, **self.variables)
            for branch in filter(None, (main, develop)):
                run("git", "switch", "--quiet", "--force-create", branch, cwd=self.folder)
                run("git", "push", "--quiet", "-u", "origin", branch, cwd=self.folder, **self.variables)

    def evaluators(self):
        """Return what Sybil does with a block, by language."""
        own = {"bash": self.bash, "console": self.console, "python": self.python}
        return own | {name: parsing(read) for name, read in PARSED.items()}

    def bash(self, example):
        self.run(example, "bash", "-euo", "pipefail", "-c", example.parsed)

    def console(self, example):
        """Run the lines after `$ ` in one shell; the lines below each must be said by it, in their order."""
        first, *steps = re.split(r"^\$ ", str(example.parsed), flags=re.M)
        assert steps and not first.strip(), f"{place(example)}: begins with no command"
        steps = [step.splitlines() for step in steps]
        script = "".join(f"{command}\nprintf '\\n%s\\n' '{MARK}'\n" for command, *_ in steps)
        *outputs, left = self.run(example, "bash", "-c", f"exec 2>&1\n{script}").stdout.split(f"{MARK}\n")
        assert len(outputs) == len(steps), f"{place(example)}: the shell has ended before the last command: {left}"
        for (command, *expected), output in zip(steps, outputs, strict=True):
            lines = iter(output.splitlines())
            for line in filter(None, (line.strip() for line in expected)):
                said = line == "..." or any(line in given for given in lines)
                assert said, f"{place(example)}: `{command}` does not say {line!r} there, but:\n{output}"

    def python(self, example):
        file, text = None, str(example.parsed)
        command = ["python", "-c", text]
        if re.search(r"^ *def test_", text, re.M):
            file = self.folder / "src/tests/unit/test_example_of_a_guide.py"
            file.write_text(text, encoding="utf-8")
            command = ["pytest", "-q", file.relative_to(self.folder)]
        fails = FAILS.search(example.document.text[: example.region.start])
        try:
            result = self.run(example, *command, code=1 if fails else 0)
        finally:
            if file:
                file.unlink()
        said = result.stdout + result.stderr
        assert not fails or fails[1] in said, f"{place(example)}: does not fail with {fails[1]!r}, but:\n{said}"

    def run(self, example, *command, code=0):
        result = run(*command, cwd=self.folder, check=False, **self.variables)
        said = f"{place(example)}: exited with {int(result.returncode)}, not {code}:\n{example.parsed}\n"
        assert result.returncode == code, said + result.stdout[-3000:] + result.stderr[-3000:]
        return result


def place(example):
    return f"{Path(example.path).name}:{example.line}"


def parsing(read):
    return lambda example: read(str(example.parsed)) and None


def own(project, folder, version):
    """Return the variables of an environment that commands of a page may change."""
    run("uv", "venv", "--quiet", "--seed", "--python", interpreter(version), folder / "venv", cwd=project)
    requirements = ["--requirement", "conf/requirements.txt"]
    run("uv", "pip", "install", "--quiet", "--python", folder / "venv/bin/python", *requirements, cwd=project)
    return {"PATH": f"{folder}/venv/bin:{os.environ['PATH']}", "VIRTUAL_ENV": str(folder / "venv")}


def execute(path, workshop):
    """Run a page; return how many blocks ran and, by its reason, how many were exempt. Fails with all that is wrong."""
    ran, exempt, wrong = 0, {}, []
    for example in parse(path, workshop.evaluators()):
        is_block = "language" in example.region.lexemes or isinstance(example.parsed, str)
        try:
            example.evaluate()
            ran += is_block
        except SkipTest as reason:
            exempt[str(reason)] = exempt.get(str(reason), 0) + 1
        except Exception as error:  # whatever a reader of TOML or YAML raises, or a block that fails
            wrong.append(str(error) or repr(error))
    assert not wrong, "\n\n".join(wrong)
    return ran, exempt
