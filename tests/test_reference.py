"""D6, D1, C9, S2: the tables of CICD_REFERENCE.md are the files, no line more or less, whatever the answers."""

import ast
import re
import tomllib
from types import SimpleNamespace

import pytest
import yaml

ANSWERS = {
    "default": {},
    "other": {
        "ci_speed": "fast",
        "codeql": False,
        "coverage_minimum": "61",
        "coverage_target": "81",
        "deploy": "pypi",
        "develop_branch": "",
        "line_length": "99",
        "lint_gate": "everything",
        "lint_tools": "ruff",
        "main_branch": "trunk",
        "patch_target": "62",
        "python_versions": "3.12 3.14",
        "tier_targets": "99 79 59",
        "type_checking": "off",
    },
}
LONGEST = 199  # lines of a guide
# What jobs keep for others by these actions; of actions/cache the folder or file.
CACHES = ("astral-sh/setup-uv", "mamba-org/setup-micromamba", "actions/cache")


def read(path):
    return path.read_text(encoding="utf-8")


def code(cell):
    return re.findall(r"`([^`]+)`", cell)


@pytest.fixture(scope="session", params=ANSWERS)
def found(request, render):
    """Return what a project says and has: the tables of its reference by heading, its workflows and pyproject.toml."""
    project = render(**ANSWERS[request.param])
    text = read(project / "docs/ci_cd/CICD_REFERENCE.md")
    tables = {}
    for section in re.split(r"^##+ ", text, flags=re.M)[1:]:
        lines = [line for line in section.splitlines() if line.startswith("| ")]
        cells = [[cell.strip() for cell in line.strip("|").split(" |")] for line in lines if not line.startswith("| -")]
        tables[section.splitlines()[0]] = [row for row in cells if "`" in row[0]]
    files = {path.name: read(path) for path in sorted((project / ".github/workflows").iterdir())}
    workflows = {name: yaml.safe_load(text) for name, text in files.items()}
    jobs = [(name, job) for name, workflow in workflows.items() for job in workflow["jobs"].values()]
    pyproject = tomllib.loads(read(project / "pyproject.toml"))
    return SimpleNamespace(
        project=project, text=text, tables=tables, files=files, workflows=workflows, jobs=jobs, pyproject=pyproject
    )


def name_of(job):
    """Return a job's name without the leg of its matrix."""
    return job["name"].partition(" (")[0]


def values(found):
    """Return the value of each setting that is a number or a choice, by its name below [tool.quality-gate]."""
    tool = found.pyproject["tool"]
    gate, formatter = tool["quality-gate"], tool["ruff"] if "ruff" in tool else tool["black"]
    known = {name: gate[name] for name in ("target", "patch-target", "lint")}
    known |= {f"tiers.{name}.target": tier["target"] for name, tier in gate["tiers"].items()}
    known |= {f"{table}.{name}": value for table in ("quarantine", "health") for name, value in gate[table].items()}
    classifiers = [item.rpartition(" ")[2] for item in found.pyproject["project"]["classifiers"]]
    known |= {"fail_under": tool["coverage"]["report"]["fail_under"], "line-length": formatter["line-length"]}
    return known | {"pythons": ", ".join(item for item in classifiers if item.startswith("3."))}


def test_thresholds(found):
    """D6, V5."""
    shown = {code(row[0])[0]: row[1] for row in found.tables["Thresholds"]}
    assert shown == {name: str(value) for name, value in values(found).items()}


def test_settings(found, tools):
    """D6: all that programs know, in one of two tables; nothing else."""
    shown = [code(row[0])[0] for heading in ("Thresholds", "Settings") for row in found.tables[heading]]
    assert len(shown) == len(set(shown)), "twice"
    known = {*tools.settings.NAMES, "fail_under", "line-length"}
    known |= {f"{table}.{name}" for table, names in tools.settings.LIMITS.items() for name in names}
    known |= {f"tiers.{name}.target" for name in ("P0", "P1", "P2")} | {"tiers.*.paths", "audit.ignore"}
    assert set(shown) == known - {*tools.settings.LIMITS, "tiers", "audit"}


def sessions(found):
    """Return the names of nox's sessions."""
    functions = [
        node for node in ast.walk(ast.parse(read(found.project / "noxfile.py"))) if hasattr(node, "decorator_list")
    ]
    names = {node.name for node in functions if "nox.session" in "".join(map(ast.unparse, node.decorator_list))}
    return names - ({"release"} if not (found.project / "tools/check_release.py").exists() else set())


def test_commands(found):
    """D6, P7: each session of nox, and in which job it runs."""
    shown = {re.sub("^nox -s ", "", code(row[0])[0]): row[2] for row in found.tables["Commands"]}
    scripts = [(name_of(job), step.get("run", "")) for _, job in found.jobs for step in job["steps"]]
    command = re.compile(r"^(?:uv run --script )?nox\S* .*?-s (\w+)", re.M)
    runs = {session: job for job, script in scripts for session in command.findall(script)}
    assert shown == {"pytest": "", "nox": ""} | {session: runs.get(session, "") for session in sessions(found)}


def leaves(triggers):
    """Return what the triggers of a workflow name: events, inputs, times, tags, files; not branches."""
    for event, more in triggers.items():
        yield event
        for key, value in more.items() if isinstance(more, dict) else ():
            yield from value if key in ("inputs", "tags", "paths") else ()
        yield from (item["cron"] for item in (more if isinstance(more, list) else ()))


def test_workflows(found):
    """C1, D6."""
    assert [code(row[0])[0] for row in found.tables["Workflows"]] == list(found.files)
    ci = found.workflows["ci.yml"][True]
    assert code(re.search(r"Protected branches are (.*?)\.", found.text)[1]) == ci["push"]["branches"]
    for file, starts, _ in found.tables["Workflows"]:
        triggers = found.workflows[code(file)[0]][True]
        assert sorted(code(starts)) == sorted(leaves(triggers)), file
        limited = [more["branches"] for more in triggers.values() if isinstance(more, dict) and "branches" in more]
        assert limited == [ci["push"]["branches"]] * len(limited) and bool(limited) == ("protected" in starts), file


def test_jobs(found):
    """D6, C9, S2: with limit, order and rights."""
    expected = {}
    for file, job in found.jobs:
        own, needs = found.workflows[file]["jobs"], job.get("needs", [])
        after = [name_of(own[id]) for id in ([needs] if isinstance(needs, str) else needs)]
        rights = job["permissions"] if job["permissions"] != {"contents": "read"} else None
        expected[f"`{file}`: {name_of(job)}"] = [str(job["timeout-minutes"]), ", ".join(after), rights]
    shown = {}
    for job, minutes, after, rights, _ in found.tables["Rights of jobs"]:
        shown[job] = [minutes, after, dict(right.split(": ") for right in code(rights)) if rights else None]
    assert shown == expected


@pytest.mark.parametrize(("heading", "context"), [("Repository variables", "vars"), ("Secrets", "secrets")])
def test_variables_and_secrets(found, heading, context):
    """C11, S2, D6."""
    shown = [name for row in found.tables[heading] for name in code(row[0])]
    texts = "\n".join(found.files.values())
    assert sorted(shown) == sorted(set(re.findall(rf"\b{context}\.(\w+)", texts)))
    for name, said, _ in found.tables[heading]:
        if context == "vars":
            assert {said} == {*re.findall(rf"vars\.{code(name)[0]} \|\| '([^']+)'", texts)} or said == "", name
        else:
            readers = [file for file, text in found.files.items() if f"secrets.{code(name)[0]} }}}}" in text]
            assert sorted(code(said)) == readers, name


def uses(found, action):
    """Return the jobs, by name, and inputs of each step that uses an action."""
    steps = [(name_of(job), step) for _, job in found.jobs for step in job["steps"]]
    return [(job, step.get("with", {})) for job, step in steps if re.match(rf"{action}(/\w+)?@", step.get("uses", ""))]


def test_artifacts(found):
    """C4, D6: with the days for which they are kept."""
    expected = []
    for job, given in uses(found, "actions/upload-artifact"):
        name = given["name"].replace("${{ github.job }}", job.lower())
        name = re.sub(r"\$\{\{ env\.(\w+?)_VERSION \}\}-\$\{\{ env\.\w+ \|\| 'all' \}\}", r"\1-PART", name)
        expected.append([f"`{name}`", job, str(given["retention-days"])])
    artifacts = [row[:3] for row in found.tables["Artifacts and caches"] if len(row) == 4]
    assert sorted(artifacts) == sorted(expected)


def test_caches(found):
    """C4, C12, D6."""
    expected = {}
    for action in CACHES:
        for job, given in uses(found, action):
            if given.get("enable-cache") is not False:
                expected.setdefault(given.get("path", action), set()).add(job)
    shown = {code(row[0])[0]: set(row[1].split(", ")) for row in found.tables["Artifacts and caches"] if len(row) == 3}
    assert shown == expected


def test_exit_codes(found):
    """R3, D6: of each program, those that its own words explain."""
    programs = {f"tools/{path.name}": path for path in (found.project / "tools").glob("*.py")}
    assert [code(row[0])[0] for row in found.tables["Exit codes"]] == sorted(programs)
    for program, *cells in found.tables["Exit codes"]:
        said = re.search(
            r"Exit codes: (.*?)\.$", ast.get_docstring(ast.parse(read(programs[code(program)[0]]))), re.M | re.S
        )
        explained = re.findall(r"(?:^|[,;]\s)(\d) ", said[1])
        assert explained == [number for number, cell in zip("012", cells, strict=True) if cell], program


def test_guides_are_short(found):
    """D1: what is longer is no page to look something up."""
    long = {
        path.name: count
        for path in (found.project / "docs").rglob("*.md")
        if (count := len(read(path).splitlines())) > LONGEST
    }
    assert not long
