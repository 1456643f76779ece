"""D6, L2, L3: the numbers that documents state are written by the verification's own program."""

import re

import pytest
from test_numbers import (  # noqa: F401 # a fixture
    EDITS,
    LINK,
    OWN,
    REFERENCE,
    RIGHT,
    ROW,
    WRONG,
    documents,
    edited,
)


def test_statements_are_written_as_the_settings_are(edited, tools):  # noqa: F811
    """D6: each in its form, with its unit; rows of what is not set go, and nothing else changes."""
    before = documents(edited.project)
    own = b"\xff\r\n" + "\r\n".join(["# Own", *RIGHT.values(), WRONG["longer number"][0]]).encode()
    (edited.project / OWN).write_bytes(own)
    names = EDITS.keys() - {"quarantine.days"}
    edited(*(("pyproject.toml", *EDITS[name][:2]) for name in names), ("pyproject.toml", "days = 60 ", "#"))
    tools.verify_project.documents.state(edited.project)
    left = edited()
    assert left and all(": quarantine.days: pyproject.toml has no such setting" in line for line in left)
    units = (("[60 % of", "[65 % of"), ("[_60 %", "[_65 %"))
    for old, new in (*units, ("[60.0]", "[65]"), ("[`errors`]", "[`report`]"), ("[600]", "[65]")):
        own = own.replace(old.encode(), new.encode())
    assert (edited.project / OWN).read_bytes() == own.replace(b"[3.11, 3.12,\n3.13]", b"[3.11, 3.13]")
    (edited.project / OWN).unlink()
    after = documents(edited.project)
    row = re.search(r"^\| `quarantine.days` .*\n", before[REFERENCE], re.M)[0]
    before[REFERENCE] = before[REFERENCE].replace(row, "")
    bare = [{path: ROW.sub("", LINK.sub("", text)) for path, text in pages.items()} for pages in (before, after)]
    assert bare[0] == bare[1]


def test_the_length_of_a_line_is_the_one_that_ruff_reads(edited):  # noqa: F811
    """D6: its own file stands for [tool.ruff]; without a length there is that of pyproject.toml."""
    found = edited(("ruff.toml", "", "line-length = 99\n"))
    assert found and all("line-length: 120" in line and " but ruff.toml says 99: write 99" in line for line in found)
    assert edited(("ruff.toml", "line-length = 99", "fix = true")) == []


UNFIT = {
    "out of range": ("fail_under = 60", "fail_under = 101"),
    "above the target": ("fail_under = 60", "fail_under = 81"),
    "below zero": ("minutes = 15", "minutes = -1"),
    "no choice": ('lint = "errors"', 'lint = "all"'),
    "too old": ("Python :: 3.11", "Python :: 3.9"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_nobody_is_told_to_repeat_a_wrong_setting(edited, problems, case):  # noqa: F811
    """R4: it is named itself, alone."""
    assert edited(("pyproject.toml", *UNFIT[case])) == []
    assert len(problems(edited.project).splitlines()) == 1
