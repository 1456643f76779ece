"""R1, R2, R4: trees that no sample has: other encodings, names and layouts, broken files, and files meant to be so."""

import json
import os
import shutil
import sys

import pytest
from test_tree import CONFLICT, edit, verify
from test_tree import write as new

LATIN = "Grüße\n"
MODULE = "src/my_project/extra.py"
SETTINGS = r"\nexempt = \[\]"


def binary(path, data):
    """Return the damage that writes the bytes `data` to the file at `path`."""

    def damage(project):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / os.fsencode(path).decode("utf-8", "surrogateescape")).write_bytes(data)

    return damage


def both(*damages):
    return lambda project: [damage(project) for damage in damages] and None


def exempt(*patterns):
    return edit("pyproject.toml", SETTINGS, f"\nexempt = {json.dumps(patterns)}")


def omit(*patterns):
    return edit("pyproject.toml", r"\nbranch = true", f"\nbranch = true\nomit = {json.dumps(patterns)}")


def report(name, *patterns):
    return edit("pyproject.toml", r"\nshow_missing", f"\n{name} = {json.dumps(patterns)}\nshow_missing")


def source(*places):
    return edit("pyproject.toml", r"\nsource = \"src/my_project\"", f"\nsource = {json.dumps(places)}")


def gate(*lines):
    """Return the damage that adds lines to [tool.quality-gate]."""
    return edit("pyproject.toml", "\nsocket-ban", "\n" + "\n".join([*lines, "socket-ban"]))


def thing(*places):
    """Return the damage that adds modules, or tests of modules, called thing."""
    return both(*(new(place, "x = 1\n") for place in places))


def linked(project):
    """Let the package hold a module and a package by links to folders that no setting knows."""
    thing("shared/thing.py", "lib/thing.py")(project)
    (project / "src/my_project/alias.py").symlink_to("../../shared/thing.py")
    (project / "src/my_project/lib").symlink_to("../../lib")


def codecov(old, new):
    return edit(".codecov.yml", old, new)


def named(*packages):
    """Return the damage that adds packages with a module each and names all of them."""
    places = [f"src/{name.replace('.', '/')}" for name in packages]
    return both(*(new(f"{place}/thing.py", "x = 1\n") for place in places), source("src/my_project", *places))


DEEP = "[" * 100_000 + "]" * 100_000
FOUND = {
    # R1: any encoding, any name
    "conflict in Latin-1": (binary("a.md", (LATIN + CONFLICT).encode("latin-1")), "a.md:2: holds a conflict"),
    "conflict in UTF-16": (binary("a.md", (LATIN + CONFLICT).encode("utf-16")), "a.md:2: holds a conflict"),
    "conflict after a BOM": (binary("a.md", CONFLICT.encode("utf-8-sig")), "a.md:1: holds a conflict"),
    "conflict in CRLF": (binary("a.md", CONFLICT.replace("\n", "\r\n").encode()), "a.md:1: holds a conflict"),
    "conflict with long marks": (
        new("a.md", CONFLICT.replace("<<<", "<<<<").replace("===", "====").replace(">>>", ">>>>")),
        "a.md:1: holds a conflict",
    ),
    "tag in Latin-1": (binary("a.md", (LATIN + "{{ cookiecutter.x }}").encode("latin-1")), "a.md:2: holds a tag"),
    "Latin-1 without a declaration": (
        binary("src/my_project/__init__.py", '"""Grüße."""\n'.encode("latin-1")),
        "src/my_project/__init__.py: does not parse: (unicode error) 'utf-8' codec can't decode",
    ),
    "broken Latin-1": (
        binary("src/my_project/__init__.py", "# coding: latin-1\n'Grüße\n".encode("latin-1")),
        "src/my_project/__init__.py: does not parse: unterminated string",
    ),
    "unknown encoding": (new("src/my_project/__init__.py", "# coding: klingon\n"), "does not parse: unknown encoding"),
    "JSON in Latin-1": (binary("a.json", '"ü"'.encode("latin-1")), "a.json: does not parse"),
    "YAML in Latin-1": (binary("a.yml", "a: ü\n".encode("latin-1")), "a.yml: does not parse"),
    "TOML with a BOM": (binary("a.toml", b"\xef\xbb\xbfa = 1\n"), "a.toml: does not parse"),
    "a name of no encoding": (binary("a\udcff.json", b"{"), "a\udcff.json: does not parse"),
    "a name with a line break": (binary("a\nb.json", b"{"), "a\nb.json: does not parse"),
    # R2: what is no code, and what is exempt
    "an exemption without a file": (exempt("nothing/*"), "[tool.quality-gate] exempt: 'nothing/*' matches no file"),
    "an exemption that is no list": (
        edit("pyproject.toml", SETTINGS, '\nexempt = "a"'),
        "pyproject.toml: has not the expected form: exempt: 'a' is no list of strings",
    ),
    "broken beside an exemption": (
        both(new("data/a.json", "{"), new("b.json", "{"), exempt("data/*")),
        "b.json: does not",
    ),
    "deep TOML": (new("tests/data/a.toml", f"a = {DEEP}"), "a.toml: does not parse: it is nested too deeply: correct"),
    "deep YAML": (new("tests/data/a.yml", DEEP), "a.yml: does not parse: it is nested too deeply"),
    "deep blocks of YAML": (
        new("tests/data/a.yml", "- " * 100_000 + "x"),
        "a.yml: does not parse: it is nested too deeply",
    ),
    "deep JSON": (new("tests/data/a.json", DEEP), "a.json: does not parse: it is nested too deeply"),
    "deep Python": (new("tests/data/a.py", "-" * 200_000 + "1"), "a.py: does not parse: it is nested too deeply"),
    # R3: a broken configuration is named
    "a setting that coverage refuses": (
        both(omit("x"), edit("pyproject.toml", "precision = 2", 'precision = "two"')),
        "pyproject.toml: ",
    ),
    "conflict in pyproject.toml": (new("pyproject.toml", CONFLICT), "pyproject.toml:1: holds a conflict"),
    "conflict in ci.yml": (new(".github/workflows/ci.yml", CONFLICT), ".github/workflows/ci.yml:1: holds a conflict"),
    "tool is no table": (
        edit("pyproject.toml", r"(?s)\[tool.*", "[tool]\ncoverage = 1\n"),
        "[tool.coverage] is no table",
    ),
    "ignored by git": (new(".gitignore", "/tools/coverage*\n"), "tools/coverage_gate.py: is ignored by git: change"),
}
FINE = {
    "private modules of one name": thing(
        *(f"src/{place}base.py" for place in ("my_project/core/_", "my_project/frontend/_")),
        *(f"src/tests/unit/{place}/test_base.py" for place in ("core", "frontend")),
    ),
    "a folder of tests for each package": both(
        named("second"),
        thing(
            "src/my_project/thing.py",
            *(f"src/tests/unit/test_{name}/test_thing.py" for name in ("my_project", "second")),
        ),
    ),
    "classifiers in another order": edit(
        "pyproject.toml", r"(?m)^( *\".* 3\.11\",\n)((?: *\".* 3\.1[23]\",\n)+)", r"\2\1"
    ),
    "another program's noxfile": new("docs-noxfile.py", "import nox\n"),
    "a number of Codecov": both(codecov("target: 80%", "target: 80.0"), codecov("target: 60%", 'target: "60.00%"')),
    "no status of Codecov": both(codecov("target: 80%", "target: off"), codecov("target: 60%", "target: auto")),
    "other components of Codecov": codecov(
        "components:\n", "components:\n    - { component_id: x, name: X, paths: [docs] }\n"
    ),
    "a component without a status": codecov(r"statuses:\n *- type: project\n *target: 100%", "statuses: []"),
    "text in Latin-1": binary("a.md", LATIN.encode("latin-1")),
    "text in UTF-16": binary("a.md", LATIN.encode("utf-16")),
    "declared Latin-1": binary("src/my_project/__init__.py", "# coding: latin-1\nx = 'ü'\n".encode("latin-1")),
    "a BOM and CRLF": both(
        binary("src/my_project/__init__.py", b'\xef\xbb\xbf__version__ = "0.1.0"\r\n'),
        binary("a.json", b"\xef\xbb\xbf{}\r\n"),
        binary("a.yml", b"\xef\xbb\xbfa: 1\r\n"),
    ),
    "binary that looks like a conflict": binary("a.bin", b"\0" + CONFLICT.encode()),
    "a title of seven signs": new("a.rst", "A title\n=======\n\n>>>>>>> quoted mail\n"),
    "a beginning alone": new("a.md", "text\n\n<<<<<<< HEAD\n"),
    "an end alone": new("src/tests/unit/test_package.py", 'TEXT = """\n>>>>>>> theirs\n"""\n'),
    "marks without a middle": new("a.md", "<<<<<<< a\ntext\n>>>>>>> b\n"),
    "marks in another order": new("a.md", ">>>>>>> a\n=======\n<<<<<<< b\n=======\n"),
    "a conflict begun twice": new("a.md", "<<<<<<< a\n=======\n<<<<<<< b\n>>>>>>> c\n"),
    "a conflict that is indented": new("a.rst", "::\n\n" + "".join(f"    {line}\n" for line in CONFLICT.splitlines())),
    "a conflict that is an example": both(new("docs/git.md", CONFLICT), exempt("docs/git.md")),
    "JSON with comments": both(new(".devcontainer/devcontainer.json", "// a\n{}"), exempt(".devcontainer/*")),
    "a Helm template": both(new("chart/templates/a.yaml", "{{ if .x }}\na: b\n{{ end }}"), exempt("chart/templates/*")),
    "broken test data": both(new("src/tests/data/broken.json", "{"), exempt("src/tests/data/*")),
    "a rejected patch as test data": both(new("src/tests/data/a.rej", "x"), exempt("*.rej")),
    "deep test data": both(new("src/tests/data/a.toml", f"a = {DEEP}"), exempt("src/tests/data/*")),
    "a template in the package": both(new("src/my_project/data/a.py", "{% if x %}"), exempt("src/my_project/data/*")),
    "another program's tag": both(new("docs/a.md", "{{ cookiecutter.x }}"), exempt("docs/*")),
    "tags of other YAML programs": new("a.yml", "a: !Ref b\nb: &x 1\nc: *x\n"),
    "a generated module": both(new(".gitignore", "_version.py\n"), new("src/my_project/_version.py", "x = 1\n")),
    "an ignored folder": both(new(".gitignore", "build/\n"), new("src/my_project/build/a.py", "def")),
    "an omitted module": both(new(MODULE), omit(MODULE)),
    "an omitted folder": both(new("src/my_project/gen/a/b.py"), omit("*/gen/*", "src/my_project/gen/**")),
    "an omitted name": both(new("src/my_project/_version.py"), omit("*/_version.py")),
    "a module omitted from reports": both(new(MODULE), report("omit", MODULE)),
    "a module not included in reports": both(new(MODULE), report("include", "*/*_m*.py", "*/core/*", "*/frontend/*")),
    "another package, tested": both(named("second"), new("src/tests/unit/second/test_thing.py")),
    "another package, tested flat": both(named("second"), new("src/tests/unit/test_thing.py")),
    "a namespace package": both(named("group.second"), new("src/tests/unit/group/second/test_thing.py")),
    "settings of other programs": both(new("setup.cfg", "[flake8]\n"), new("tox.ini", "[tox]\n")),
    "a file that cannot be imported": new("src/my_project/gunicorn.conf.py"),
    "a link to a module and to a pipe": lambda project: (
        (project / "src/my_project/alias.py").symlink_to("demo_mode.py"),
        os.mkfifo(project / "reports.fifo"),
        (project / "pipe.json").symlink_to("reports.fifo"),
    ),
    "invalid escapes": new("src/tests/unit/test_package.py", 'TEXT = "\\d"\n'),
    "a link to nowhere and to a folder": lambda project: (
        (project / "a.json").symlink_to("nowhere"),
        (project / "b.json").symlink_to("docs"),
        (project / "a-noxfile.py").symlink_to("nowhere"),
        [
            (project / "src/my_project" / name).symlink_to(end)
            for name, end in {"a": "a", "b": ".", "c": "/usr"}.items()
        ],
    ),
}


@pytest.mark.parametrize("case", FOUND)
def test_verification_finds(copy, problems, case):
    """R1-R4: the problem by name; nothing crashes."""
    damage, message = FOUND[case]
    project = copy()
    damage(project)
    assert message in problems(project)


@pytest.mark.parametrize("case", FINE)
def test_verification_accepts(copy, problems, case):
    """R1, R2, R4."""
    project = copy()
    FINE[case](project)
    assert problems(project) == ""


def test_what_cannot_be_printed_is_printed_otherwise(copy):
    """R1, R3: names of any bytes, on a terminal of any encoding; the exit code stays."""
    project = copy()
    both(FOUND["a name of no encoding"][0], FOUND["deep YAML"][0], new("grün.json", "{"))(project)
    result = verify(project, PYTHONIOENCODING="ascii")
    assert "a\\udcff.json: does not parse" in result.stdout
    assert "gr\\xfcn.json: does not parse" in result.stdout
    assert (result.stdout.count("does not parse"), result.returncode, result.stderr) == (3, 1, "")
    assert json.loads(verify(project, "--json").stdout)["problems"][0]["path"] == "a\udcff.json"


def test_omit_without_coverage_is_said(tools, copy, problems, monkeypatch):
    """R2, R4: nothing is guessed; the advice is the command."""
    project = copy()
    omit("*/x.py")(project)
    monkeypatch.setitem(sys.modules, "coverage", None)
    assert "cannot be applied here: run: python -m pip install coverage" in problems(project)


@pytest.mark.parametrize("repository", [True, False])
def test_a_file_that_cannot_be_read_is_a_problem(tools, copy, repository, monkeypatch):
    """R1: root may read all files, so the refusal is played."""
    project = copy()
    new("secret.json", "{}")(project)
    if not repository:
        shutil.rmtree(project / ".git")
    read = type(project).read_bytes

    def refuse(path):
        if path.name == "secret.json":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(type(project), "read_bytes", refuse)
    assert tools.verify_project.verify(project)[0] == [
        ("secret.json", "cannot be read: Permission denied", "make it readable")
    ]
