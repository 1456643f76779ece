"""D6: what runs the guides finds each kind of block that does not do what the page says."""

import guides
import pytest

PAGES = {
    "passes": ("```bash\ntouch made && ls made\n```\n", ""),
    "fails": ("```bash\nfalse\n```\n", "page.md:1: exited with 1, not 0"),
    "fails in a pipe": ("```bash\nfalse | true\n```\n", "exited with 1"),
    "fails in a list": ("1. One\n\n   ```bash\n   false\n   ```\n", "page.md:3: exited with 1"),
    "unset": ('```bash\necho "$NO_SUCH_VARIABLE"\n```\n', "unbound variable"),
    "says it": ("```console\n$ echo one; echo two; echo three\none\n...\nthree\n$ false\n$ cd / && pwd\n/\n```\n", ""),
    "says other": ("```console\n$ echo one\ntwo\n```\n", "`echo one` does not say 'two'"),
    "says it elsewhere": ("```console\n$ echo one\n$ echo two\none\n```\n", "`echo two` does not say 'one'"),
    "in another order": ("```console\n$ echo one; echo two\ntwo\none\n```\n", "does not say 'one'"),
    "python": ("```python\nassert 1 + 1 == 2\n```\n", ""),
    "wrong python": ("```python\nassert 1 + 1 == 3\n```\n", "AssertionError"),
    "test": ("```python\ndef test_sum():\n    assert 1 + 1 == 2\n```\n", ""),
    "wrong test": ("```python\ndef test_sum():\n    assert 1 + 1 == 3\n```\n", "1 failed"),
    "meant to fail": ('<!-- fails "AssertionError" -->\n\n```python\nassert 1 + 1 == 3\n```\n', ""),
    "meant to fail, passes": ('<!-- fails "Error" -->\n```python\nassert 1 + 1 == 2\n```\n', "exited with 0, not 1"),
    "fails otherwise": ('<!-- fails "AssertionError" -->\n```python\nimprt x\n```\n', "does not fail with"),
    "no command": ("```console\none\n```\n", "begins with no command"),
    "ends early": ("```console\n$ exit 0\n$ echo one\ntwo\n```\n", "the shell has ended"),
    "words behind the language": ('```bash title="x"\nfalse\n```\n', "which nobody runs"),
    "blank before the language": ("``` bash\nfalse\n```\n", "which nobody runs"),
    "tildes": ("~~~fish\nfalse\n~~~\n", "which nobody runs"),
    "exempt without a reason": ("<!-- skip: next -->\n```bash\nfalse\n```\n", "say why not"),
    "all exempt": ("<!-- skip: start -->\n```bash\nfalse\n```\n", "say why not"),
    "settings": ("```toml\na = 1\n```\n```json\n{}\n```\n```yaml\na: 1\n```\n```ini\n[a]\nb = 1\n```\n", ""),
    "wrong settings": ("```toml\na = \n```\n", "Invalid value"),
    "unknown": ("```fish\nfalse\n```\n", "blocks in {'fish'}"),
    "no language": ("```\nfalse\n```\n", "blocks in {''}"),
    "shown": ("```text\nfalse\n```\n```mermaid\nflowchart\n```\n", ""),
    "one exempt": ('<!-- skip: next "needs conda" -->\n```bash\nfalse\n```\n\n```bash\nfalse\n```\n', "page.md:6:"),
}


@pytest.fixture
def workshop(tmp_path):
    """A folder in place of a project."""
    found = object.__new__(guides.Workshop)
    found.folder, found.variables = tmp_path, {}
    (tmp_path / "src/tests/unit").mkdir(parents=True)
    return found


@pytest.mark.parametrize("name", PAGES)
def test_a_block_that_does_not_do_what_the_page_says_is_found(workshop, name):
    """D6."""
    text, said = PAGES[name]
    page = workshop.folder / "page.md"
    page.write_text(text, encoding="utf-8")
    if not said:
        guides.execute(page, workshop)
        return
    with pytest.raises(AssertionError) as found:
        guides.execute(page, workshop)
    assert said in str(found.value)


def test_exempt_blocks_are_counted_by_their_reasons(workshop):
    """D6."""
    page = workshop.folder / "page.md"
    block = "```bash\nfalse\n```\n"
    page.write_text(
        f'<!-- skip: next "one" -->\n{block}\n<!-- skip: next "two" -->\n{block}\n```bash\ntrue\n```\n', "utf-8"
    )
    assert guides.execute(page, workshop) == (1, {"one": 1, "two": 1})
