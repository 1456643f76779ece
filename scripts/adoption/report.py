"""What an adoption does, in short lines: the same before and after."""

import re

from adoption import files


def lines(project, layout, answers, plan):
    """Yield the lines of the report."""
    yield "Layout"
    yield f"  source {', '.join(layout.source)}, by {layout.where}"
    yield f"  tests {layout.tests}" + ("" if layout.tests in (*project.folders, ".") else ", which is not there yet")
    yield "Answers"
    for name, (value, where) in answers.items():
        yield f"  {name} = {value}  ({where})"
    yield f"Files added ({len(plan.new)})"
    yield from (f"  {path}" for path in sorted(plan.new))
    yield f"Settings merged ({len(plan.merged)} files)"
    yield from (f"  {line}" for line in plan.changes)
    if origins := plan.needs.origins:
        yield f"  what runs and tests the code is taken from: {', '.join(origins)}"
    if kept := [f"  {own} takes the place of {path}" for path, own in sorted(plan.kept.items()) if own]:
        yield from ["Kept as they are", *kept]
    if plan.untested:
        yield f"Without a test of their own yet ({len(plan.untested)}, the list `untested`, which can only shrink)"
        yield from (f"  {path}" for path in plan.untested)
    if plan.exempt:
        yield f"Read by no check ({len(plan.exempt)}, the list `exempt`)"
        yield from (f"  {path}" for path in plan.exempt)
    if plan.untried:
        yield f"Not importable without optional packages ({len(plan.untried)}, the list `untried`)"
        yield from (f"  {module}" for module in plan.untried)
    if found := [*files.overlaps(project)]:
        yield "Workflows that do what the pipeline does as well"
        yield from (f"  {path}: {what}" for path, what in found)
    yield "Left for a person"
    yield from (f"  {line}" for line in [*plan.todo, *todo(project, answers, plan)])


def todo(project, answers, plan):
    """Yield what only a person can decide or do."""
    prefix = answers.get("file_prefix", ("",))[0]
    nox = f"nox -f {prefix}noxfile.py -s" if prefix else "nox -s"
    for lock, command in (("uv.lock", "uv lock"), ("poetry.lock", "poetry lock"), ("pdm.lock", "pdm lock")):
        if lock in project.known and "pyproject.toml" in (*plan.merged, *plan.new):
            yield f"{lock}: is older than the dependency groups now: {command}"
    minimum = int(answers["coverage_minimum"][0])
    if not minimum:
        yield f"Coverage has no minimum yet; once the first run has measured it: {nox} thresholds -- --minimum N"
    if any(
        re.search(r"\bmyst_parser\b|\bmyst\b|recommonmark", project.text(path))
        for path in project.paths
        if path.endswith("conf.py")
    ):
        yield "Sphinx reads Markdown: add 'ci_cd' to exclude_patterns in its conf.py"
    if any(re.fullmatch(r"mkdocs\.ya?ml", path) and in_docs(project.text(path)) for path in project.paths):
        yield "MkDocs publishes docs/: add ci_cd/ to exclude_docs in its settings"
    if any("check-manifest" in project.text(path) for path in ("tox.ini", "pyproject.toml", ".pre-commit-config.yaml")):
        yield "check-manifest: name the added files in MANIFEST.in or in its `ignore`"
    if not project.is_packaged:
        yield "Nothing says how the project is built: no wheel is built and tried until [build-system] and [project] do"
    if any(True for _ in files.overlaps(project)):
        yield "Decide which of the overlapping workflows stays; require the check Quality gate only then"
    if answers["github_owner"][1] == "default":
        yield f"Nothing names the owner on GitHub: replace {answers['github_owner'][0]} in what was added"
    if own := sorted(plan.needs.texts):
        yield f"{prefix}environment.yml: of {', '.join(own)}"
        yield "  conda-forge has some under other names, or not: say so in [tool.pyproject2conda.dependencies]"


def in_docs(settings):
    """Tell whether a site of MkDocs with these settings would have the guides in docs/ci_cd on it."""
    folder = re.search(r"(?m)^docs_dir: *['\"]?([^\s'\"]+)", settings)
    return (folder is None or folder[1].removeprefix("./").strip("/") == "docs") and "ci_cd" not in settings
