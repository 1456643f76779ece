"""Which files of the template a project gets, and what it has in their place."""

import re
from pathlib import PurePosixPath

from adoption import Refused

GITHUB = r"(|docs/|\.github/)"
# What takes the place of a file of the template, whatever its suffix, its place or its case.
EQUIVALENTS = {
    ".codecov.yml": r"(dev/|\.github/)?\.?codecov\.ya?ml",
    ".github/CODEOWNERS": rf"{GITHUB}codeowners",
    ".github/dependabot.yml": r"\.github/dependabot\.ya?ml|(\.github/)?renovate\.json5?|\.renovaterc(\.json5?)?",
    ".github/pull_request_template.md": rf"{GITHUB}pull_request_template(\..*|/.*)",
    ".github/ISSUE_TEMPLATE/.*": rf"{GITHUB}issue_template(\..*|/.*)",
}
# Never added: code, licence and documents at the root are the project's own from the start.
NEVER = re.compile(r"src/.*|LICENSE|[A-Z]+\.md")
# Changed where they exist, made anew where not.
MERGED = ("pyproject.toml", ".gitignore", ".pre-commit-config.yaml")
# All that is read or changed as settings; the tools follow a link to it, git and adoption do not.
SETTINGS = re.compile(
    r"pyproject\.toml|\.gitignore|\.pre-commit-config\.ya?ml|\.coveragerc(\.toml)?|setup\.(cfg|py)|tox\.ini"
    r"|\.?pytest\.(ini|toml)|\.?ruff\.toml|\.?mypy\.ini|\.flake8|\.isort\.cfg"
)
OVERLAPS = {
    "runs the tests": r"\b(pytest|tox|nox|hatch (run )?test|unittest)\b",
    "lints": r"\b(ruff|flake8|pre-commit|black|mypy|pylint)\b",
    "builds": r"\bpython3? -m build\b|\bhatch build\b|\bflit build\b|\bpoetry build\b|build-and-inspect-python-package",
    "scans with CodeQL": r"github/codeql-action",
    "measures coverage": r"codecov/codecov-action|coveralls",
}


def rendered(made):
    """Return the paths of the template's files below `made`."""
    return sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file())


def taking_place(project, path):
    """Return the project's files that take the place of the template's `path`."""
    pattern = next((own for key, own in EQUIVALENTS.items() if re.fullmatch(key, path)), r"(?!)")
    return [name for name in project.names if re.fullmatch(pattern, name, re.I)]


def choose(project, made):
    """Return the paths to add, and a mapping of those that are left out to what takes their place.

    Raises Refused if one of the paths to add is taken by something else.
    """
    links = [path for path in project.names if SETTINGS.fullmatch(path) and (project.root / path).is_symlink()]
    problems = [f"{path}: is a symbolic link: put the file itself in its place, then adopt" for path in links]
    new, kept = [], {}
    for path in rendered(made):
        is_there = (project.root / path).exists() or (project.root / path).is_symlink()
        own, parents = taking_place(project, path), {str(parent) for parent in PurePosixPath(path).parents}
        if NEVER.fullmatch(path):
            kept[path] = ""
        elif own:
            kept[path] = own[0]
        elif is_there and path not in project.names:
            problems.append(f"{path}: is there, but not in git: commit it or move it away, it would be overwritten")
        elif path in (".cruft.json", *MERGED):
            continue
        elif path in project.known:
            # A file that is the same byte for byte needs nothing.
            if (project.root / path).read_bytes() != (made / path).read_bytes():
                problems.append(f"{path}: is the name of a file of the template: rename yours, then adopt")
        elif is_there:
            problems.append(f"{path}: is the name of a file of the template, and a link: rename yours, then adopt")
        elif taken := sorted(parents & set(project.names)):
            problems.append(
                f"{taken[0]}: is no folder, but files of the template must be in it: rename yours, then adopt"
            )
        else:
            new.append(path)
    if problems:
        raise Refused(*dict.fromkeys(problems))
    return new, kept


def overlaps(project):
    """Yield (workflow, what it does that the pipeline does as well)."""
    for path in project.paths:
        if re.fullmatch(r"\.github/workflows/[^/]+\.ya?ml", path):
            found = [words for words, pattern in OVERLAPS.items() if re.search(pattern, project.text(path))]
            if found:
                yield path, ", ".join(found)


def codecov(text, layout):
    """Return the rendered settings of Codecov for a project: its tiers name no modules yet, its tests are elsewhere."""
    text = re.sub(r"(?ms)^  individual_components:.*?(?=^\S)", "  individual_components: []\n\n", text)
    tests = "**/test_*.py" if layout.tests == "." else f"{layout.tests}/**"
    return text.replace("  - src/tests/**", f'  - "{tests}"')
