"""D6, V5: the numbers that guides state are those of the settings, in a form that the verification compares."""

import re
import shutil
import tomllib

import pytest
from conftest import record
from test_tree import CHANGED, tree

REFERENCE = "docs/ci_cd/CICD_REFERENCE.md"
LINK = re.compile(r'\[([^\[\]]+)\]\([^()\s]*CICD_REFERENCE\.md#[\w-]+\s+"([\w.-]+)"\)')
NAME = r"fail_under|target|patch-target|line-length|pythons|lint|(?:tiers|quarantine|health)\.[\w.-]+"
ROW = re.compile(rf"^\| `({NAME})` \| ([^|]+) \|", re.M)
# Numbers that stand nowhere in the guides for another reason; the limits are no answers, and the same everywhere.
ODD = {
    "coverage_minimum": "37",
    "coverage_target": "83",
    "patch_target": "43",
    "tier_targets": "97 73 53",
    "line_length": "111",
}
VARIANTS = {
    "default": {},
    "odd": ODD | {"lint_tools": "ruff", "lint_gate": "report", "python_versions": "3.14"},
    "other": {name: value for name, value in CHANGED.items() if not isinstance(value, list)},
}
NUMBERS = rf"(?<![\w.#-])({'|'.join(' '.join(ODD.values()).split())})(?!\w)"
DEFAULTS = r"(?<![\w.-])(5|60|80|90|100) ?(%|percent)|\b14 nights|\b60 days from|\b10 tests|\bthan 15 min"


# Commands and what they say are examples, which are run; and one number is no setting.
EXAMPLES = re.compile(r"(?ms)^ *```(bash|console)$.*?^ *```$|`--[^`\n]+`|pass rate must be 100 %")


def documents(project):
    return {path: data.decode() for path, data in tree(project).items() if path.endswith(".md")}


def stated(path, text):
    """Return the name of the setting and the words of each statement in a document."""
    rows = ROW.findall(text) if path == REFERENCE else []
    return [(name, words) for words, name in LINK.findall(text)] + rows


def settings(project):
    """Return the settings that guides may state, read from the one file that a new project has them in."""
    document = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    tool, classifiers = document["tool"], document["project"]["classifiers"]
    gate, prefix = tool["quality-gate"], "Programming Language :: Python :: "
    found = {name: gate[name] for name in ("target", "patch-target", "lint")}
    found["fail_under"] = tool["coverage"]["report"]["fail_under"]
    found["line-length"] = tool.get("ruff", tool.get("black"))["line-length"]
    found["pythons"] = ", ".join(item.removeprefix(prefix) for item in classifiers if item.startswith(prefix))
    found |= {f"tiers.{name}.target": tier["target"] for name, tier in gate["tiers"].items()}
    found |= {f"{table}.{name}": value for table in ("quarantine", "health") for name, value in gate[table].items()}
    return {name: str(value) for name, value in found.items()}


@pytest.mark.parametrize("variant", VARIANTS)
def test_guides_state_the_settings(render, record_property, variant):
    """D6: all of them in the reference, and whatever else a page states."""
    project = render(**VARIANTS[variant])
    expected, texts = settings(project), documents(project)
    rows = dict(ROW.findall(texts[REFERENCE]))
    assert {name: words.split(" ")[0] if name != "pythons" else words for name, words in rows.items()} == expected
    found = [(path, *statement) for path, text in texts.items() for statement in stated(path, text)]
    assert [line for line in found if not f"{line[2]} ".startswith(f"{expected[line[1]]} ")] == []
    if variant == "default":
        record_property("guides", {"numbers": len(found)})


def test_no_number_stands_outside_of_a_statement(render):
    """D6: it would stay as it is when the setting changes."""
    found = []
    for path, text in documents(render(**ODD)).items():
        rest = LINK.sub(lambda link: re.sub(".", "", link[0]), text)  # line ends stay
        rest = EXAMPLES.sub(lambda example: re.sub(".", "", example[0]), rest)
        rest = ROW.sub("", rest) if path == REFERENCE else rest
        lines = enumerate(rest.splitlines(), 1)
        found += [f"{path}:{number}: {line}" for number, line in lines if re.search(f"{NUMBERS}|{DEFAULTS}", line)]
    assert not found, "\n".join(found)


EDITS = {
    "fail_under": ("fail_under = 60", "fail_under = 65", "65"),
    "target": ("\ntarget = 80\npatch", "\ntarget = 92.5\npatch", "92.5"),
    "patch-target": ("patch-target = 60", "patch-target = 61", "61"),
    "tiers.P1.target": ("target = 80\npaths", "target = 81\npaths", "81"),
    "quarantine.days": ("days = 60", "days = 30", "30"),
    "quarantine.tests": ("tests = 10", "tests = 3", "3"),
    "quarantine.clean-nights": ("clean-nights = 14", "clean-nights = 7", "7"),
    "health.minutes": ("minutes = 15", "minutes = 12.5", "12.5"),
    "health.success": ("success = 90", "success = 95", "95"),
    "health.flaky": ("flaky = 5", "flaky = 1", "1"),
    "line-length": ("[tool.black]\nline-length = 120", "[tool.black]\nline-length = 99", "99"),
    "pythons": ('    "Programming Language :: Python :: 3.12",\n', "", "3.11, 3.13"),
    "lint": ('lint = "errors"', 'lint = "report"', "report"),
}


@pytest.fixture
def edited(copy, problems):
    """Return a function that edits files of a project and returns what its verification says of documents."""
    project = copy()

    def edit(*changes):
        for path, old, new in changes:
            text = (project / path).read_text(encoding="utf-8") if old else ""
            assert old in text
            (project / path).write_text(text.replace(old, new, 1) if old else new, encoding="utf-8")
        return [line for line in problems(project).splitlines() if ".md:" in line]

    edit.project = project
    return edit


@pytest.mark.parametrize("name", EDITS)
def test_a_setting_that_is_edited_is_named_at_every_place(edited, name):
    """D6, V5: by its path and line, with what to write."""
    old, new, value = EDITS[name]
    texts = documents(edited.project)
    places = [path for path, text in texts.items() for known, _ in stated(path, text) if known == name]
    found = edited(("pyproject.toml", old, new))
    assert REFERENCE in places
    assert sorted(re.match(rf"(.*):\d+: {name}: ", line)[1] for line in found) == sorted(places)
    for line in found:
        assert f" but pyproject.toml says {value}: write {value}" in line


OWN = "docs/own.md"
WRONG = {
    "other number": (
        '[61 %](ci_cd/CICD_REFERENCE.md#thresholds "fail_under")',
        "fail_under: 61 % but pyproject.toml says 60",
    ),
    "longer number": ('[600](ci_cd/CICD_REFERENCE.md "fail_under")', "fail_under: 600 but pyproject.toml says 60"),
    "part of it": ('[60,5](ci_cd/CICD_REFERENCE.md "fail_under")', "fail_under: 60,5 but pyproject.toml says 60"),
    "no number": ('[a limit](ci_cd/CICD_REFERENCE.md "fail_under")', "fail_under: a limit but pyproject.toml says 60"),
    "over two lines": ('[a\nlimit](ci_cd/CICD_REFERENCE.md#thresholds\n"fail_under")', "fail_under: a limit but"),
    "to another": ('[60 to 61 %](ci_cd/CICD_REFERENCE.md "fail_under")', "fail_under: 60 to 61 % but"),
    "and another": ('[3.11, 3.12, 3.13 and 3.14](ci_cd/CICD_REFERENCE.md "pythons")', "pythons: 3.11, 3.12, 3.13 and"),
    "no setting": ('[60](ci_cd/CICD_REFERENCE.md "fail-under")', "fail-under: pyproject.toml has no such setting"),
    "no tier": (
        '[60](ci_cd/CICD_REFERENCE.md "tiers.P9.target")',
        "tiers.P9.target: pyproject.toml has no such setting",
    ),
    "one Python more": (
        '[3.11, 3.12, 3.13, 3.14](ci_cd/CICD_REFERENCE.md "pythons")',
        "pythons: 3.11, 3.12, 3.13, 3.14 but",
    ),
}
RIGHT = {
    "unit": '[60 % of it](../docs/ci_cd/CICD_REFERENCE.md#thresholds "fail_under")',
    "decimals": "[60.0](ci_cd/CICD_REFERENCE.md 'fail_under')",
    "code": '[`errors`](ci_cd/CICD_REFERENCE.md "lint")',
    "versions": '[3.11, 3.12,\n3.13](ci_cd/CICD_REFERENCE.md "pythons")',
    "in a block": '```text\n[61](ci_cd/CICD_REFERENCE.md "fail_under")\n```',
    "in code": '`[61](ci_cd/CICD_REFERENCE.md "fail_under")`',
    "another page": '[61](ci_cd/OTHER.md "fail_under")',
    "emphasis": '[_60 %_](ci_cd/CICD_REFERENCE.md "fail_under")',
    "around code": '`at least [61](ci_cd/CICD_REFERENCE.md "fail_under")`',
    "in a remark": '<!-- [61](ci_cd/CICD_REFERENCE.md "fail_under") -->',
    "in a quotation": '> ```text\n> [61](ci_cd/CICD_REFERENCE.md "fail_under")\n> ```',
    "another project": '[61](https://example.com/docs/ci_cd/CICD_REFERENCE.md "fail_under")',
    "one below": '[61](services/api/docs/ci_cd/CICD_REFERENCE.md "fail_under")',
    "a word": '[the reference](ci_cd/CICD_REFERENCE.md "Reference")',
    "words": '[61](ci_cd/CICD_REFERENCE.md "What the gate asks for")',
    "a table elsewhere": "| `fail_under` | 61 |",
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_statement_is_named(edited, case):
    """D6: wherever the document is, however its lines are broken."""
    text, said = WRONG[case]
    (found,) = edited((OWN, "", f"# Own\n\nIt is {text}.\n"))
    assert found.startswith(f"{OWN}:3: {said}")


def test_what_is_right_or_no_statement_is_no_problem(edited):
    assert edited((OWN, "", "# Own\n\n" + "\n\n".join(RIGHT.values()) + "\n")) == []
    own = "## Ours\n\n| target | what |\n| --- | --- |\n| `lint` | runs ruff |\n\n## Settings\n"
    assert edited((REFERENCE, "## Settings\n", own)) == [], "a table of the team's own targets of make"


def test_settings_come_and_go(edited):
    """D6: a number without a setting may not be stated, and no tier is missing in the table."""
    tier = "\n[tool.quality-gate.tiers.P3]\ntarget = 42.5\npaths = []\n\n[tool.coverage.run]\n"
    (found,) = edited(("pyproject.toml", "\n[tool.coverage.run]\n", tier))
    start, row = found.split("add a row for it: ")
    assert start == f"{REFERENCE}: tiers.P3.target: is in no table: "
    assert row == "| `tiers.P3.target` | 42.5 | percent of each module of P3 | the build fails |", "as that of P2"
    row += "\n"
    odd = row.replace("P3", "P 3")
    assert (
        edited((REFERENCE, "| `tiers.P2.target`", f"{odd}| `tiers.P2.target`"), ("pyproject.toml", "P3", '"P 3"')) == []
    )
    edited((REFERENCE, odd, ""), ("pyproject.toml", '"P 3"', "P3"))
    assert edited((REFERENCE, "| `tiers.P2.target`", f"{row}| `tiers.P2.target`")) == []
    (found,) = edited(("pyproject.toml", tier, "\n[tool.coverage.run]\n"))
    assert "tiers.P3.target: pyproject.toml has no such setting: remove what is said of it, or set it" in found
    found = edited((REFERENCE, row, ""), ("pyproject.toml", "days = 60", ""))
    assert found and all("quarantine.days: pyproject.toml has no such setting" in line for line in found)


def test_numbers_of_other_files_and_documents_that_are_gone(edited, problems):
    """D6: coverage.py may have a file of its own; a project may delete its guides, or write its own."""
    found = edited(
        ("pyproject.toml", "[tool.coverage.run]", "[old.run]"),
        ("pyproject.toml", "[tool.coverage.report]", "[old.report]"),
        ("pyproject.toml", "[tool.coverage.html]", "[old.html]"),
        ("pyproject.toml", "[tool.coverage.xml]", "[old.xml]"),
        (".coveragerc", "", "[run]\nsource = src/my_project\n[report]\nfail_under = 72.5\n"),
    )
    assert found and all(
        "fail_under: 60" in line and " but .coveragerc says 72.5: write 72.5" in line for line in found
    )
    (edited.project / REFERENCE).write_text("# Ours\n", encoding="utf-8")
    assert REFERENCE not in problems(edited.project)
    shutil.rmtree(edited.project / "docs")
    assert "docs" not in problems(edited.project)


def test_the_command_that_is_advised_depends_on_the_project(edited):
    """R4: advice works when it is pasted: thresholds are answers only of a project that is linked to its template."""
    changes = [
        ("pyproject.toml", "fail_under = 60", "fail_under = 65"),
        ("pyproject.toml", "target = 100", "target = 99"),
        ("pyproject.toml", "\ntarget = 80", "\ntarget = 80.5"),
        ("pyproject.toml", 'lint = "errors"', 'lint = "report"'),
    ]
    assert all(
        line.endswith((": write 65", ": write 99", ": write 80.5", ": write report")) for line in edited(*changes)
    )
    (edited.project / ".cruft.json").write_text("{}", encoding="utf-8")
    record(edited.project, "linked")
    ways = {line.partition(", or have ")[2].removesuffix(" write it everywhere") for line in edited()}
    words = ("thresholds -- --minimum 65", 'thresholds -- --tiers "99 80 60"', "update -- --answer lint_gate=report")
    assert ways == {"", *(f"`nox -s {command}`" for command in words)}
    (edited.project / "noxfile.py").rename(edited.project / "our-noxfile.py")
    record(edited.project, "own name")
    found = edited(("pyproject.toml", "tiers.P2", "tiers.UI"))
    assert any("`git stash -u && nox -f our-noxfile.py -s thresholds -- --minimum 65`" in line for line in found)
    assert not any("--tiers" in line for line in found), "the template knows no tier of that name"
