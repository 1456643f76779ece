"""The answers to the template's questions that a project gives itself, and where."""

import json
import re
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from adoption import Refused, metadata, rendering, thresholds
from adoption.repository import git

TEMPLATE = Path(__file__).resolve().parent.parent.parent
QUESTIONS = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
KNOWN = ("3.11", "3.12", "3.13", "3.14")
# Names that the template gives as well: if one of them is taken, its files get another.
WORKFLOWS = r"\.github/workflows/(ci|ci-health|codeql|dependencies|flaky-hunt|nightly|template-update)\.ya?ml"
TAKEN = re.compile(rf"noxfile\.py|environment\.ya?ml|conf/requirements\.txt|{WORKFLOWS}")
BLACK = 88  # the line length of black and of ruff where nobody names another


def unfit(given):
    """Yield why the answers from the command line cannot be passed on: what cookiecutter ignores or crashes on."""
    for name, value in given.items():
        allowed = QUESTIONS.get(name)
        if rendering.TAG.search(value):
            yield f"{name}: {value!r}: must not hold the start of a Jinja tag: leave it out"
        if name.startswith("_") or allowed is None:
            yield f"{name}: {value!r}: is no answer: use one of {', '.join(key for key in QUESTIONS if key[0] != '_')}"
        elif isinstance(allowed, (list, bool)):
            allowed = ["True", "False"] if isinstance(allowed, bool) else allowed
            if value not in allowed:
                yield f"{name}: {value!r}: must be one of {', '.join(allowed)}"


def derive(project, layout):
    """Return the answers that the project gives, as a mapping of names to (value, where it stands)."""
    about = metadata.read(project)
    author, email = (about.author or (("", ""), ""))[0]
    who = about.author[1] if about.author else "git config"
    name, origin = about.name or (project.root.name, "the folder")
    first = re.sub(
        r"\W+", "_", Path(layout.source[0]).stem if layout.source != ["src"] else name, flags=re.ASCII
    ).lower()
    found = {
        "project_name": (name, origin),
        "project_slug": (re.sub(r"[^A-Za-z0-9._-]+", "-", name), origin),
        "package_name": (first, layout.where),
        "description": about.description,
        "author_name": (author or git(project.root, "config", "user.name"), who),
        "author_email": (email or git(project.root, "config", "user.email"), who if email else "git config"),
        "license": about.licence or ("Proprietary", "no licence that the template knows; no file is written"),
        "python_versions": pythons(about),
        "lint_gate": ("report", "the code was never held to these checks"),
        "codeql": codeql(project),
        "deploy": ("none", "default"),
        "external_service": (QUESTIONS["external_service"], "default"),
    }
    found |= branches(project, about) | lint(project) | thresholds.answers(project)
    taken = [path for path in project.names if TAKEN.fullmatch(path)]
    found["file_prefix"] = ("quality-", f"{', '.join(taken)} exist") if taken else ("", "no name is taken")
    return {
        key: value
        for key, value in found.items()
        if value and value[0] not in ("", None) or key in ("develop_branch", "file_prefix")
    }


def pythons(about):
    """Return the versions to test: classifiers, else the requirement, as far as the template knows them."""
    try:
        allowed = SpecifierSet(about.requires[0] if about.requires else "")
    except InvalidSpecifier:
        allowed = SpecifierSet()
    listed = about.classifiers[0] if about.classifiers else []
    named = [version for version in KNOWN if f"Programming Language :: Python :: {version}" in listed]
    if named := [version for version in named if allowed.contains(f"{version}.99")]:
        return " ".join(named), "classifiers"
    default = QUESTIONS["python_versions"].split()
    if fit := [version for version in default if allowed.contains(f"{version}.99")]:
        return " ".join(fit), "requires-python" if fit != default else "default"
    if fit := [version for version in KNOWN if allowed.contains(f"{version}.99")]:
        return " ".join(fit), "requires-python"
    raise Refused(f"requires-python: {about.requires[0]!r}: the pipeline tests {KNOWN[0]} and newer: allow one of them")


def branches(project, about):
    head = git(project.root, "symbolic-ref", "--short", "refs/remotes/origin/HEAD").removeprefix("origin/")
    default = head or git(project.root, "symbolic-ref", "--short", "HEAD")
    known = git(project.root, "for-each-ref", "--format=%(refname)", "refs/remotes/origin" if head else "refs/heads")
    mains = [name for name in ("main", "master") if re.search(rf"/{name}$", known, re.M)]
    # The first branch of the rules becomes the default branch on GitHub: it must be the one that is it.
    main, develop = (mains[0], default) if mains and default in ("develop", "development") else (default, "")
    where = "origin/HEAD" if head else "the current branch"
    remote = git(project.root, "config", "remote.origin.url")
    places = [(remote, "remote origin"), *((url, about.urls[1]) for url in (about.urls or ([], ""))[0])]
    owners = ((re.search(r"github\.com[:/]([^/]+)/", url), where) for url, where in places)
    return {
        "main_branch": (main, "branches" if develop else where),
        "develop_branch": (develop, where if develop else "the default branch is another one"),
        "github_owner": next(((owner[1], where) for owner, where in owners if owner), ()),
    }


def hooks(project):
    return project.text(".pre-commit-config.yaml") + project.text(".pre-commit-config.yml")


def lint(project):
    """Return the answers about linters, from their settings and hooks."""
    ruff = next(
        (project.toml(path) for path in ("ruff.toml", ".ruff.toml") if path in project.known), project.tool("ruff")
    )
    flake8 = {path: project.ini(path).get("flake8", {}) for path in (".flake8", "setup.cfg", "tox.ini")}
    mypy = {path: project.ini(path).get("mypy") for path in ("mypy.ini", ".mypy.ini", "setup.cfg")}
    mypy = {"[tool.mypy]": project.tool("mypy") or None} | mypy
    is_ruff = bool(ruff) or bool({"ruff.toml", ".ruff.toml"} & project.known) or "ruff-pre-commit" in hooks(project)
    others = [name for name in ("black", "isort") if project.tool(name) or f"id: {name}" in hooks(project)]
    if "black" not in others and project.tool("isort").get("profile") == "black":
        others.append("black")
    others += [path for path in (".flake8", ".isort.cfg") if path in project.known] + [
        path for path in flake8 if flake8[path]
    ]
    lengths = {
        "ruff": ruff.get("line-length"),
        "[tool.black]": project.tool("black").get("line-length"),
        "[tool.isort]": project.tool("isort").get("line_length"),
        "[tool.flake8]": project.tool("flake8").get("max-line-length"),
    } | {path: found.get("max-line-length") for path, found in flake8.items()}
    length = next(
        ((str(value).strip(), where) for where, value in lengths.items() if str(value or "").strip().isdigit()), None
    )
    plain = (
        (str(BLACK), "what ruff and black do unless told")
        if is_ruff or "black" in others
        else (QUESTIONS["line_length"], "default")
    )
    strict = next(((found, where) for where, found in mypy.items() if found is not None), None)
    return {
        "lint_tools": (
            ("ruff", "its settings or hooks")
            if is_ruff
            else ("black+isort+flake8", ", ".join(dict.fromkeys(others)))
            if others
            else ("ruff", "no linter has settings")
        ),
        "line_length": length or plain,
        "type_checking": (
            ("strict" if str(strict[0].get("strict")).lower() == "true" else "lenient", strict[1])
            if strict
            else ("off", "mypy has no settings")
        ),
    }


def codeql(project):
    files = [path for path in project.names if path.startswith(".github/workflows/")]
    found = [path for path in files if "codeql" in path.lower() or "github/codeql-action" in project.text(path)]
    return ("False", f"{found[0]} does it") if found else ("True", "default")
