"""Add the template's CI to an existing repository: what is missing is added, what exists is never changed.

Usage: make adopt PROJECT=../their-repo [ARGS="coverage_minimum=70 --allow-dirty"]

Prints each added file, and for each file that was kept what to merge by hand. Exit codes: 0 done, whatever is left to
merge, 1 refused or failed, with every problem listed (a refusal changes nothing), 2 wrong usage.
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path, PurePosixPath

TEMPLATE = Path(__file__).resolve().parent.parent
QUESTIONS = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
# Files that take the place of the template's, whatever their suffix.
EQUIVALENTS = {"LICENSE": r"(licen[sc]e|copying)\b.*", "CHANGELOG.md": r"(changelog|changes|history|news)\b.*"}
# Folders at the root that are no product, even if they can be imported.
ASIDE = {"benchmarks", "docs", "examples", "scripts", "src", "test", "tests", "tools"}


def git(project, *arguments, must=False):
    """Run git in `project`; return its output, or an empty string if it fails.

    Raises OSError, with git's own words, if it refuses to work in the repository, or fails though it `must` not.
    """
    environment = os.environ | {"LC_ALL": "C"}
    command = ["git", "-C", project, *arguments]
    run = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, env=environment)
    if b"dubious ownership" in run.stderr or (must and run.returncode):
        raise OSError(None, " ".join(os.fsdecode(run.stderr).split()), "git refuses")
    return os.fsdecode(run.stdout).strip() if run.returncode == 0 else ""


def unfit_repository(project, allow_dirty):
    """Yield why `project` is no repository to work on."""
    top = git(project, "rev-parse", "--show-toplevel") if project.is_dir() else ""
    if project == TEMPLATE:
        yield f"{project}: is the template itself: name the repository that shall get it: PROJECT=../their-repo"
    elif not top:
        yield f"{project}: is not a git repository: name the root of one, or run git init and commit there"
    elif Path(top).resolve() != project:
        yield f"{project}: is a folder of a repository, GitHub reads workflows at the root only: use PROJECT={top}"
    elif not git(project, "rev-parse", "--verify", "HEAD"):
        yield f"{project}: has no commit: commit first, so that `git diff` shows what was added"
    elif (dirty := git(project, "status", "--porcelain", must=True)) and not allow_dirty:
        names = ", ".join(line.strip().split(" ", 1)[1] for line in dirty.splitlines()[:5])
        yield f"{project}: {len(dirty.splitlines())} uncommitted ({names}): commit or stash them, or use --allow-dirty"


def unfit_layout(paths, name):
    """Yield what in the layout of the files `paths` must be moved; `name` is the package's where there is none yet."""
    parts = [PurePosixPath(path).parts for path in paths]
    packages = sorted({part[1] for part in parts if len(part) == 3 and part[::2] == ("src", "__init__.py")} - {"tests"})
    roots = sorted({part[0] for part in parts if len(part) == 2 and part[1] == "__init__.py"} - ASIDE)
    flat = [path for path in paths if re.fullmatch(r"src/[^/]+\.py", path)]
    tests = sorted({part[0] for part in parts if len(part) > 1} & {"test", "tests"})
    tests += [path for path in paths if re.fullmatch(r"test_[^/]*\.py|[^/]*_test\.py|conftest\.py", path)]
    rule = "the package must be src/<package>/ with __init__.py"
    for root in roots:
        yield f"{root}/: a package at the root: {rule}: run: mkdir -p src && git mv {root} src/"
    if flat:
        new = f"src/{packages[0] if packages else name}"
        init = "" if packages or "src/__init__.py" in flat else f" && touch {new}/__init__.py && git add {new}"
        fix = f"mkdir -p {new} && git mv {shlex.join(flat)} {new}/{init}"
        yield f"{', '.join(flat)}: directly in src/: {rule}: run: {fix}"
    if len(packages) > 1:
        fix = f"git mv {' '.join(f'src/{package}' for package in packages[1:])} src/{packages[0]}/"
        yield f"src/: the packages {', '.join(packages)}: must be one: keep one, for example: run: {fix}"
    if not (packages or roots or flat):
        modules = [path for path in paths if "/" not in path and path.endswith(".py")] or ["YOUR_MODULES"]
        fix = f"mkdir -p src/{name} && git mv {shlex.join(modules)} src/{name}/"
        init = f"touch src/{name}/__init__.py && git add src/{name}"
        yield f"{', '.join(sorted({part[0] for part in parts}))}: no package: {rule}: run: {fix} && {init}"
    for found in tests:
        sources = sorted({"/".join(part[:2]) for part in parts if part[0] == found})
        target = "src/tests" if f"{found}/unit" in sources else "src/tests/unit"
        yield (
            f"{found}: tests at the root: must be below src/tests/: "
            f"run: mkdir -p {target} && git mv {shlex.join(sources)} {target}/"
        )


def derive(project, metadata):
    """Return the answers that `project` itself gives; `metadata` is the table [project] of its pyproject.toml."""
    author = next((entry for entry in metadata.get("authors", []) if entry.get("name")), {})
    name = metadata.get("name", project.name)
    head = git(project, "symbolic-ref", "--short", "refs/remotes/origin/HEAD").removeprefix("origin/")
    branches = git(project, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes/origin")
    owner = re.search(r"github\.com[:/]([^/]+)/", git(project, "config", "remote.origin.url"))
    versions = [
        re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", entry) for entry in metadata.get("classifiers", [])
    ]
    versions = sorted((version[1] for version in versions if version), key=lambda version: int(version[2:]))
    oldest = re.search(r">=\s*3\.(\d+)", metadata.get("requires-python", ""))
    if not versions and oldest and int(oldest[1]) > 10:
        known = QUESTIONS["python_versions"].split()
        versions = [version for version in known if int(version[2:]) >= int(oldest[1])] or [f"3.{oldest[1]}"]
    answers = {
        "project_name": name,
        "project_slug": metadata.get("name"),
        "description": metadata.get("description"),
        "author_name": author.get("name") or git(project, "config", "user.name"),
        "author_email": author.get("email") or git(project, "config", "user.email"),
        "github_owner": owner and owner[1],
        "main_branch": head or git(project, "symbolic-ref", "--short", "HEAD"),
        "python_versions": " ".join(version for version in versions if int(version[2:]) > 10),
    }
    # No licence is granted that the project has not chosen; the branch must not be assumed either.
    licence = metadata.get("license")
    answers["license"] = licence if licence in QUESTIONS["license"] else "Proprietary"
    answers = {name: value for name, value in answers.items() if value}
    return answers | {"develop_branch": "develop" if re.search(r"/develop$", branches, re.M) else ""}


def equivalents(project, path):
    """Return the files at the root of `project` that take the place of the template's `path`."""
    pattern = EQUIVALENTS.get(path, r"(?!)")
    return sorted(found for found in project.iterdir() if found.is_file() and re.fullmatch(pattern, found.name.lower()))


def unfit_answers(answers):
    """Yield why the `answers` from the command line cannot be passed on: what cookiecutter ignores or crashes on."""
    for name, value in answers.items():
        allowed = QUESTIONS.get(name)
        if name.startswith("_") or allowed is None:
            yield f"{name}: {value!r}: is no answer: use one of {', '.join(key for key in QUESTIONS if key[0] != '_')}"
        elif isinstance(allowed, (list, bool)):
            allowed = ["True", "False"] if isinstance(allowed, bool) else allowed
            if value not in allowed:
                yield f"{name}: {value!r}: must be one of {', '.join(allowed)}"


def render(template, answers, commit, out):
    """Render `template`, as of `commit` if that is given, below the folder `out`.

    Returns the rendered folder, or None, and what was printed, without the advice to repeat the generation.
    """
    # Below `out`, made by tempfile, the template's hooks leave git alone, as for `cruft update`.
    command = [sys.executable, "-m", "cruft", "create", template, "--no-input", "--output-dir", out]
    # What lies there is the project's own, also for later versions of the sample.
    skipped = [f"src/{answers['package_name']}", "src/tests/*/*"]
    command += ["--extra-context", json.dumps(answers), *(word for path in skipped for word in ("--skip", path))]
    run = subprocess.run(command + (["--checkout", commit] if commit else []), capture_output=True, text=True)
    made = None if run.returncode else next(Path(out).iterdir())
    # After cruft's tracebacks, in frames, comes the reason.
    return made, (run.stderr + run.stdout).split("Repeat with corrections")[0].rpartition("╯")[2].strip()


def unmerged(own, other, name=""):
    """Yield what the TOML table `own` lacks of the template's table `other`; `name` is the dotted name of both."""
    for key, value in other.items():
        path = f"{name}.{key}".lstrip(".")
        label = f"[{name}] {key}"
        if isinstance(value, dict):
            there = own.get(key) if isinstance(own.get(key), dict) else {}
            if key in own or all(isinstance(item, dict) for item in value.values()):
                yield from unmerged(there, value, path)
            else:
                yield f"[{path}]: add the table"
        elif key not in own:
            yield f"{label}: add {json.dumps(value)}"
        elif isinstance(value, list) and isinstance(own[key], list):
            # A requirement counts as there whatever its version.
            start = r"[\w.-]+" if name == "dependency-groups" else r".*"
            there = [re.match(start, entry)[0] if isinstance(entry, str) else entry for entry in own[key]]
            lacking = [
                item for item in value if (re.match(start, item)[0] if isinstance(item, str) else item) not in there
            ]
            if lacking:
                yield f"{label}: add {', '.join(json.dumps(item) for item in lacking)}"
        elif own[key] != value:
            yield f"{label}: is {json.dumps(own[key])}, the template's is {json.dumps(value)}"


def to_merge(path, own, other):
    """Yield what to merge into the project's text `own` from the template's text `other` of the file `path`."""
    if path == "pyproject.toml":
        new = tomllib.loads(other)
        prefix = "Programming Language :: Python"
        new["project"] = {
            "requires-python": new["project"]["requires-python"],
            "classifiers": [entry for entry in new["project"]["classifiers"] if entry.startswith(prefix)],
        }
        del new["build-system"], new["tool"]["hatch"]  # how the project is built is its own choice
        yield from unmerged(tomllib.loads(own), new)
        yield "[tool.quality-gate.tiers]: must name the project's own modules, .codecov.yml the same paths"
    elif path == ".pre-commit-config.yaml":
        ids = [dict.fromkeys(re.findall(r"- id: *(\S+)", text)) for text in (own, other)]
        yield f"add the hooks {', '.join(name for name in ids[1] if name not in ids[0]) or '(none, but compare)'}"
    elif path == ".gitignore":
        there = own.splitlines()
        lines = [line for line in other.splitlines() if line and line[0] != "#" and line not in there]
        yield f"add the lines {' '.join(lines) or '(none)'}"
    else:
        yield "differs from the template's"


def add(project, made):
    """Copy what `project` lacks from the rendered folder `made`; yield the report, a line for each file that matters.

    Raises OSError where a file cannot be written; another run goes on from there.
    """
    sample = re.compile(r"src/(?!tests/conftest\.py$).*")
    paths = sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file())
    paths = [path for path in paths if not sample.fullmatch(path) and path != ".cruft.json"]
    new = []
    for path in [*paths, ".cruft.json"]:  # last: it says that all the others are there
        target, other = project / path, made / path
        if others := [found.name for found in equivalents(project, path) if found.name != path]:
            yield f"{path}: not added: {others[0]} takes its place"
        elif target.is_symlink() or target.exists():
            same = target.is_file() and target.read_bytes() == other.read_bytes()
            if path != ".cruft.json" and not same:
                own = target.read_text(encoding="utf-8", errors="replace") if target.is_file() else ""
                for what in to_merge(path, own, other.read_text(encoding="utf-8")):
                    yield f"{path}: kept: {what}"
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                file.write(other.read_bytes())
            new.append(path)
            yield f"{path}: added"
    if "pyproject.toml" in new:
        yield "pyproject.toml: its tiers name the sample's modules: name your own there and in .codecov.yml"
        yield "pyproject.toml: list your dependencies; hatchling reads __version__ in the package's __init__.py"


def adopt(project, template, answers, allow_dirty):
    """Check `project`, render `template` with `answers`, and add what is missing.

    Returns the problems, then nothing is changed, and the lines of the report. Raises OSError if writing fails.
    """
    problems = [*unfit_repository(project, allow_dirty), *unfit_answers(answers)]
    if project == TEMPLATE or not (project / ".git").exists():
        return problems, []
    listed = git(project, "ls-files", "-z", "--cached", "--others", "--exclude-standard", must=True)
    paths = listed.strip("\0").split("\0")
    record, document = {}, {}
    try:
        document = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        pass
    except ValueError as error:
        problems.append(f"pyproject.toml: does not parse: {error}: correct the syntax")
    if (project / ".cruft.json").exists():
        try:
            record = json.loads((project / ".cruft.json").read_text(encoding="utf-8"))
            template, _ = str(record["template"]), record["context"]["cookiecutter"].items()
        except (AttributeError, ValueError, LookupError, TypeError) as error:
            return [*problems, f".cruft.json: cannot be read: {error!r}: restore it from git"], []
        if answers:
            problems.append(
                f"{', '.join(answers)}: is given, but .cruft.json has answers: use `cruft update` for others"
            )
    recorded = record.get("context", {}).get("cookiecutter", {})
    derived = {name: value for name, value in recorded.items() if name[0] != "_"}
    try:
        derived = derived or derive(project, document.get("project", {}))
    except (AttributeError, TypeError) as error:
        return [*problems, f"pyproject.toml: [project] has not the expected form: {error}: correct it"], []
    name = re.sub(r"\W+", "_", str(derived.get("project_slug", project.name)), flags=re.ASCII).lower()
    problems += unfit_layout(paths, name)
    packages = [path.split("/")[1] for path in paths if re.fullmatch(r"src/(?!tests/)[^/]+/__init__\.py", path)]
    answers = {"package_name": packages[0] if packages else "package", **derived, **answers}
    with tempfile.TemporaryDirectory() as out:
        known = {name: value for name, value in answers.items() if not list(unfit_answers({name: str(value)}))}
        made, printed = render(template, known, record.get("commit"), out)
        if not made:
            problems += printed.splitlines() or [f"{template}: could not be rendered"]
        return problems, [] if problems else list(add(project, made))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path, help="root of the existing repository")
    parser.add_argument("answers", nargs="*", metavar="NAME=VALUE", help="answers; others are derived from the project")
    parser.add_argument("--template", help="what .cruft.json records (default: where this clone comes from)")
    parser.add_argument("--allow-dirty", action="store_true", help="work on a repository with uncommitted changes")
    arguments = parser.parse_intermixed_args()
    if wrong := [answer for answer in arguments.answers if "=" not in answer]:
        parser.error(f"{', '.join(wrong)}: must be NAME=VALUE")
    if arguments.template and Path(arguments.template).exists():
        arguments.template = str(Path(arguments.template).absolute())  # as cruft records it
    template = arguments.template or git(TEMPLATE, "config", "remote.origin.url") or str(TEMPLATE)
    answers = dict(answer.split("=", 1) for answer in arguments.answers)
    try:
        problems, report = adopt(arguments.project.resolve(), template, answers, arguments.allow_dirty)
    except OSError as error:
        problems, report = [f"{error.filename or 'git'}: {error.strerror}: mend it and run again"], []
    print(*problems, sep="\n", file=sys.stderr)
    print(*report, sep="\n")
    if not problems:
        print(
            "\n`cruft diff` shows what differs, `python tools/verify_project.py` lists what is left, missing tests too."
        )
        print("Commit the result; `cruft update` brings later changes of the template.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
