"""Linters of a project leave the template's files alone, and a new set of hooks fits the project's layout."""

import io
import re

from ruamel.yaml import YAML

from adoption import tables, texts

HOOKS = ".pre-commit-config.yaml"
# Where each tool has its settings, apart from [tool.NAME].
FILES = {
    "ruff": (r"\.?ruff\.toml", ()),
    "flake8": (r"\.flake8", ("flake8",)),
    "isort": (r"\.isort\.cfg", ("isort", "tool:isort")),
    "mypy": (r"\.?mypy\.ini", ("mypy",)),
    "bandit": (r"\.bandit|bandit\.ya?ml", ("bandit",)),
    "codespell": (r"\.codespellrc", ("codespell",)),
    "rumdl": (r"(?!)", ()),  # what the hook reads
    "black": (r"(?!)", ()),
}
# Settings of whatever else looks at Markdown.
MARKDOWN = r"(\.config/)?\.?rumdl\.toml|\.markdownlint[^/]*|\.mdlrc"
ANY_TEST = r"(^|/)(tests?/|test_[^/]*\.py$|[^/]*_test\.py$|conftest\.py$)"


def settings_of(project, tool):
    """Return where the settings of a tool stand, or an empty string."""
    pattern, sections = FILES[tool]
    if project.tool(tool):
        return "pyproject.toml"
    for path in project.paths:
        if re.fullmatch(pattern, path):
            return path
    return next((path for path in ("setup.cfg", "tox.ini") if set(sections) & set(project.ini(path))), "")


def tests_pattern(layout):
    """Return the regular expression of the tests: their folder, or the names of tests where code lies among them."""
    is_mixed = layout.tests == "." or any(f"{place}/".startswith(f"{layout.tests}/") for place in layout.source)
    return ANY_TEST if is_mixed else f"^{re.escape(layout.tests)}/"


def fitted(text, layout):
    """Return rendered settings of linters, of pyproject.toml or of the hooks, with the project's folders in them."""
    tests, source = tests_pattern(layout), "|".join(re.escape(place) for place in layout.source)
    text = text.replace("files: ^src/(?!tests/)", f"files: ^({source})\n        exclude: {tests}")
    text = text.replace("exclude: ^src/tests/", f"exclude: {tests}")
    # It would write other documents anew.
    text = text.replace("- id: rumdl\n", "- id: rumdl\n        files: ^docs/ci_cd/\n")
    text = text.replace('files = ["src"]', f"files = {texts.inline_list(layout.source)}")
    text = text.replace('exclude = ["^src/tests/"]', f"exclude = ['{tests}']")
    folder = [] if tests == ANY_TEST else [layout.tests]
    text = text.replace(
        'exclude_dirs = ["src/tests", ', f"exclude_dirs = {texts.inline_list(folder)[:-1]}{', ' if folder else ''}"
    )
    return text


def linter_tables(project, rendered, layout):
    """Return the tables of the tools that have no settings anywhere."""
    lacking = [tool for tool in tables.LINTERS if not settings_of(project, tool)]
    return fitted(tables.only(rendered, *(f"tool.{tool}" for tool in lacking)), layout)


def excluded(project, paths):
    """Return the regular expression of the template's files among `paths` that linters would have a say about."""
    folders = [folder for folder in ("tools", "conf", "docs/ci_cd") if folder not in project.folders]
    found = {next((f"{folder}/" for folder in folders if path.startswith(f"{folder}/")), f"{path}$") for path in paths}
    found = [
        path
        for path in found
        if path[-1] == "/" or path.startswith((".github/workflows/", "tools/")) or "noxfile" in path
    ]
    return "^(" + "|".join(re.escape(path).replace("\\$", "$").replace("\\-", "-") for path in sorted(found)) + ")"


def exclusions(project, paths):
    """Yield (file, table, values) for each linter whose settings can leave the files `paths` of the template alone.

    Where the project has a folder tools/ of its own, the files are named one by one.
    """
    programs = [path for path in paths if path.endswith(".py")]
    own_tools = "tools" in project.folders
    names = sorted({path if own_tools or "/" not in path else "tools" for path in programs})
    pattern = "|".join(re.escape(path) + ("/" if path == "tools" else "$") for path in names)
    for path in ("ruff.toml", ".ruff.toml", "pyproject.toml"):
        own = project.tool("ruff") if path == "pyproject.toml" else project.toml(path)
        if own:
            yield path, ("tool", "ruff") if path == "pyproject.toml" else (), {"extend-exclude": names}
            break
    if project.tool("black"):
        yield "pyproject.toml", ("tool", "black"), {"force-exclude": f"^/({pattern})"}
    if project.tool("isort"):
        yield "pyproject.toml", ("tool", "isort"), {"extend_skip": names}
    if project.tool("flake8"):
        yield "pyproject.toml", ("tool", "flake8"), {"extend-exclude": names}
    mypy = project.tool("mypy")
    if mypy and not {"files", "packages", "modules"} & mypy.keys():
        yield "pyproject.toml", ("tool", "mypy"), {"exclude": [f"^({pattern})"]}
    if project.tool("rumdl"):
        yield "pyproject.toml", ("tool", "rumdl"), {"exclude": ["docs/ci_cd"]}


def elsewhere(project, paths):
    """Yield a line for each linter whose settings are in another form: there a person excludes the files."""
    for tool in ("flake8", "isort", "mypy"):
        if (place := settings_of(project, tool)) and place != "pyproject.toml":
            programs = sorted({path if "/" not in path else "tools" for path in paths if path.endswith(".py")})
            yield f"{place}: {tool}: exclude {' and '.join(programs)}, if it looks at the whole tree"
    for place in [path for path in project.paths if re.fullmatch(MARKDOWN, path)]:
        yield f"{place}: exclude docs/ci_cd: the hook rumdl checks the guides, by [tool.rumdl] of pyproject.toml"


def add_hook(text, rendered, paths):
    """Return the project's hooks with the verification and, unless one is there, an `exclude` of the files `paths`.

    Everything else stays as it is written. Returns the text and what was added; raises ValueError if it cannot be done.
    """
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 4096
    own, template = yaml.load(text), YAML(typ="safe").load(rendered)
    repos = own.get("repos") if isinstance(own, dict) else None
    if not isinstance(repos, list) or not repos:
        raise ValueError("has no list `repos`")
    added, local = [], next(repo for repo in template["repos"] if repo["repo"] == "local")
    if "verify-project" not in re.findall(r"id:\s*['\"]?([\w-]+)", text):
        text = insert(text, own, local)
        added.append("the hook verify-project")
    if "exclude" not in own:
        text = texts.append(text, f"# What the template has written is checked there.\nexclude: {paths}")
        added.append(f"exclude: {paths}")
    made = YAML(typ="safe").load(text)
    if (
        len(made["repos"]) != len(repos) + ("the hook verify-project" in added)
        or made["repos"][-1] != local
        and added[:1] != [f"exclude: {paths}"]
    ):
        raise ValueError("its lists are written in one line")
    return text, added


def insert(text, own, repo):
    """Return the YAML `text` of hooks with another repository at the end of its list, indented as the others."""
    lines = text.split("\n")
    first, column = own["repos"].lc.item(0)
    dash = re.match(r"( *)-( +)", lines[first])
    if not dash:
        raise ValueError("its lists are written in one line")
    indent, gap = dash[1], dash[2]
    following = [own.lc.key(key)[0] for key in own if own.lc.key(key)[0] > first]
    end = min(following, default=len(lines))
    while end and (not lines[end - 1].strip() or lines[end - 1].startswith("#") or lines[end - 1].strip() == "..."):
        end -= 1
    writer, stream = YAML(), io.StringIO()
    writer.width = 4096
    inner = len(gap) + 1
    hooks_line = next((line for line in lines[first:] if re.match(r" *hooks:", line)), "")
    hook = next((line for line in lines[first:] if re.match(r" *- +\w+:", line) and line != lines[first]), "")
    offset = max(0, len(hook) - len(hook.lstrip()) - (len(hooks_line) - len(hooks_line.lstrip())))
    writer.indent(mapping=inner, sequence=offset + inner, offset=offset)
    writer.dump([repo], stream)
    dumped = [line[offset:] for line in stream.getvalue().rstrip("\n").split("\n")]
    return "\n".join([*lines[:end], *(f"{indent}{line}" for line in dumped), *lines[end:]])
