"""Check every answer before anything is rendered; exit 1 and list all problems if one is wrong."""

import json
import keyword
import re
import shlex
import sys

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")

TEXT = (
    r"(?=\S)(?!.*\s$)(?!.*[{][%#{])[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+",
    "must be one line of text, not empty, without blanks around it, control characters or the start of a Jinja tag",
)
PERCENT = r"(0|[1-9][0-9]?|100)"
PERCENTAGE = (PERCENT, "must be a whole number from 0 to 100")
# git check-ref-format(1), less the characters that GitHub's branch filters read as patterns.
BRANCH = (
    r"(?!@$|HEAD$|[-/.])(?!.*(\.\.|@[{]|//|/\.|[/.]$|\.lock(/|$)|[{][%#{]))[^\x00-\x20\x7f\u2028\u2029~^:\\*?\[\]+!]+",
    "must be a branch name by git's rules, without * ? + ! [ ], line separators or the start of a Jinja tag",
)
# Internationalised domains, but only ASCII before the @: hatchling refuses to build with more.
DOMAIN = r"@[^\W_][\w-]*(\.[^\W_][\w-]*)+"
# An account on GitHub.
ACCOUNT = r"(?=[\w-]{1,39}(?![\w-]))(?![\w-]*--)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(_[A-Za-z0-9]{3,8})?"
# A team goes by the slug that GitHub makes of its name; a # would start a comment in CODEOWNERS.
OWNER = rf"(@{ACCOUNT}(/[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)?|[A-Za-z0-9._%+-]+{DOMAIN})"
RULES = {
    "project_name": TEXT,
    "description": TEXT,
    "author_name": TEXT,
    "project_slug": (
        r"(?!.*\.(git|wiki)$)[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?",
        "must be at most 100 ASCII letters, digits, `.`, `_`, `-`, start and end with a letter or digit, and not end "
        "in `.git` or `.wiki`",
    ),
    "package_name": (
        r"[A-Za-z][A-Za-z0-9_]*",
        "must be an identifier of ASCII letters, digits and `_` that starts with a letter",
    ),
    "author_email": (
        r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+" + DOMAIN,
        "must be an e-mail address like name@example.com",
    ),
    "github_owner": (
        ACCOUNT,
        "must be a GitHub account: at most 39 letters, digits and single inner hyphens, and for a managed user `_` and "
        "the enterprise's short code of 3 to 8 letters and digits",
    ),
    "code_owners": (
        rf"\s*{OWNER}(\s+{OWNER})*\s*",
        "must be people (@name, or the e-mail of an account) or teams of an organisation (@org/team, in lower case as "
        "in the team's address), separated by spaces",
    ),
    "copyright_year": (r"[0-9]{4}", "must be four digits"),
    "python_versions": (
        r"\s*3\.(1[1-9]|[2-9][0-9])(\s+3\.(1[1-9]|[2-9][0-9]))*\s*",
        "must be versions 3.N, 3.11 or newer, separated by spaces",
    ),
    "main_branch": BRANCH,
    "develop_branch": (f"({BRANCH[0]})?", f"{BRANCH[1]}, or empty (on a command line: develop_branch=)"),
    "coverage_minimum": PERCENTAGE,
    "coverage_target": PERCENTAGE,
    "patch_target": PERCENTAGE,
    "tier_targets": (rf"\s*{PERCENT}(\s+{PERCENT}){'{2}'}\s*", "must be three whole numbers from 0 to 100: P0 P1 P2"),
    "line_length": (r"[6-9][0-9]|[12][0-9][0-9]|3[01][0-9]|320", "must be a whole number from 60 to 320"),
    "external_service": (
        r"[a-z][a-z0-9_]{0,29}",
        "must be at most 30 lower-case letters, digits and `_`, starting with a letter",
    ),
    "file_prefix": (r"([a-z0-9]+-)*", "must be empty, or words of lower-case letters and digits with a `-` after each"),
}
# Names that the tests, tools and builds of a project import: a package of that name would hide them.
RESERVED = set("bandit black build conftest coverage flake8 hatchling isort mypy nox packaging pip".split())
RESERVED |= set("pluggy pre_commit pytest ruff setuptools test tests tools twine xdist yaml".split())
# The longest import of the sample is as long as the package's name and this.
IMPORT_WIDTH = len("from .config_manager import ConfigManager")


def malformed():
    """Yield (answer, rule) for each answer that is wrong by itself."""
    for name, (pattern, rule) in RULES.items():
        if not re.fullmatch(pattern, ANSWERS[name]):
            yield name, rule


def contradictions(valid):
    """Yield (answer, rule) for each of the well-formed answers `valid` that clashes with another or with Python."""
    package = valid.get("package_name", "")
    if keyword.iskeyword(package) or keyword.issoftkeyword(package):
        yield "package_name", "must not be a Python keyword"
    if package in sys.stdlib_module_names or package.lower() in RESERVED:
        yield "package_name", "must not be a module of the standard library or one that tests and builds import"
    versions = valid.get("python_versions", "").split()
    if versions != sorted(set(versions)):
        yield "python_versions", "must ascend without repeats"
    if int(valid.get("coverage_minimum", 0)) > int(valid.get("coverage_target", 100)):
        yield "coverage_minimum", "must not be above coverage_target"
        yield "coverage_target", "must not be below coverage_minimum"
    if int(valid.get("line_length", 320)) < len(package) + IMPORT_WIDTH:
        yield (
            "line_length",
            f"must be at least {len(package) + IMPORT_WIDTH} to fit imports from {package} (package_name)",
        )
    if (valid.get("deploy"), valid.get("license")) == ("pypi", "Proprietary"):
        yield (
            "deploy",
            "must be none with the license 'Proprietary', whose classifier \"Private :: Do Not Upload\" PyPI refuses: "
            "keep none, or choose another license",
        )
    main, develop = valid.get("main_branch", ""), valid.get("develop_branch", "")
    if f"{main}/".startswith(f"{develop}/") or f"{develop}/".startswith(f"{main}/"):
        yield "develop_branch", "must differ from main_branch, and neither may be a folder of the other"


def repeat_command(wrong):
    """Return the shell command that repeats this run without the answers in `wrong`, which then get their defaults."""
    answers = {name: value for name, value in ANSWERS.items() if name[0] != "_" and name not in wrong}
    checkout = ["--checkout", ANSWERS["_checkout"]] if ANSWERS.get("_checkout") else []
    if "_output_dir" not in ANSWERS:  # cruft's context has no output folder
        return shlex.join(
            ["cruft", "create", ANSWERS["_template"], "--no-input", "--extra-context", json.dumps(answers)]
        )
    command = ["cookiecutter", ANSWERS["_template"], "--no-input", "--output-dir", ANSWERS["_output_dir"], *checkout]
    return shlex.join(command + [f"{name}={value}" for name, value in answers.items()])


def main():
    sys.stderr.reconfigure(errors="backslashreplace")
    if sys.version_info < (3, 11):
        version = ".".join(map(str, sys.version_info[:2]))
        print(f"Python {version} is too old: run cookiecutter on Python 3.11 or newer.", file=sys.stderr)
        return 1
    problems = list(malformed())
    problems += contradictions({name: value for name, value in ANSWERS.items() if name not in dict(problems)})
    for name, rule in problems:
        print(f"{name}: {ANSWERS[name]!r}: {rule}", file=sys.stderr)
    if problems:
        print("Repeat with corrections added to the answers (a missing answer gets its default):", file=sys.stderr)
        print(repeat_command(dict(problems)), file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
