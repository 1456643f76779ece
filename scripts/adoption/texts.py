"""Changes of files of settings that leave all else in them as it is: its comments, order, line ends and marks."""

import configparser
import re
import tomllib

import tomlkit
from tomlkit.items import Comment, Whitespace

MARK = b"\xef\xbb\xbf"


def edit(data, change):
    """Return `data` with its text put through `change`; a byte order mark, CRLF and a missing last line end stay."""
    mark, data = (MARK, data[len(MARK) :]) if data.startswith(MARK) else (b"", data)
    text = data.decode("utf-8", "surrogateescape")
    has_crlf = "\r\n" in text and text.count("\n") == text.count("\r\n")
    text = text.replace("\r\n", "\n") if has_crlf else text
    changed = change(text)
    if text and not text.endswith("\n"):
        changed = changed.rstrip("\n")
    changed = changed.replace("\n", "\r\n") if has_crlf else changed
    return mark + changed.encode("utf-8", "surrogateescape")


def append(text, addition):
    """Return `text` with another paragraph."""
    return f"{text.rstrip(chr(10))}\n\n{addition.strip(chr(10))}\n" if text.strip() else f"{addition.strip(chr(10))}\n"


def is_kept(before, after):
    """Tell whether all that the TOML value `before` holds is in `after` as well, lists from their start."""
    if isinstance(before, dict) and isinstance(after, dict):
        return all(key in after and is_kept(value, after[key]) for key, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return after[: len(before)] == before
    return before == after


def add_keys(text, place, values):
    """Return the TOML `text` with what the table `place`, a tuple of names, lacks of `values`, and the keys added.

    A list that is there gets the items it lacks; a table that is not there is written at the end.
    """
    before = tomllib.loads(text)
    own = before
    for name in place:
        own = own.get(name) if isinstance(own, dict) else None
    if own is None:
        changed = append(text, written(place, values)) if values else text
        try:
            tomllib.loads(changed)
            return changed, list(values)
        except tomllib.TOMLDecodeError:
            own = {}  # a table around it is written in one line
    document, added = tomlkit.parse(text), []
    holder = document
    for name in place:
        if name not in holder:
            holder[name] = tomlkit.inline_table()
        holder = holder[name]
    for key, value in values.items():
        if key not in own:
            put(holder, key, value)
        elif isinstance(value, list) and isinstance(own[key], list) and any(item not in own[key] for item in value):
            for item in [item for item in value if item not in own[key]]:
                holder[key].append(inline(item))
        else:
            continue
        added.append(key)
    changed = tomlkit.dumps(document)
    if not is_kept(before, tomllib.loads(changed)):
        raise ValueError(f"[{'.'.join(place)}] is written in a form that cannot be added to")
    return changed, added


def written(place, values):
    """Return a table as text."""
    document = tomlkit.document()
    for key, value in values.items():
        put(document, key, value)
    return f"[{'.'.join(place)}]\n{tomlkit.dumps(document)}"


def extend_text(text, place, key, addition):
    """Return the TOML `text` with `addition` at the end of a text or of a list of texts."""
    document = tomlkit.parse(text)
    holder = document
    for name in place:
        holder = holder[name]
    if isinstance(holder[key], list):
        holder[key].extend(addition)
    else:
        holder[key] = " ".join([holder[key].rstrip(), *addition])
    return tomlkit.dumps(document)


def inline(item):
    if not isinstance(item, dict):
        return item
    made = tomlkit.inline_table()
    made.update(item)
    return made


def array(values):
    """Return a list of TOML, one item a line."""
    made = tomlkit.array()
    for value in values:
        made.append(inline(value))
    return made.multiline(bool(values))


def put(holder, key, value):
    """Add a key behind the last one of a table, before the comments that belong to what follows."""
    is_long = isinstance(value, list) and (len(str(value)) > 80 or any(isinstance(item, dict) for item in value))
    body = getattr(getattr(holder, "value", holder), "body", None)
    holder[key] = array(value) if is_long else value
    if isinstance(body, list):
        place = next(index for index, (found, _) in enumerate(body) if found is not None and found.key == key)
        start = place
        while start and body[start - 1][0] is None and isinstance(body[start - 1][1], (Comment, Whitespace)):
            start -= 1
        if start < place < len(body) - 1:
            above = body[place + 1][1].trivia  # gets a blank line of tomlkit's, between a table and its comments
            above.indent = above.indent.removeprefix("\n")
        body[start : place + 1] = [body[place], *body[start:place]]


def sections(text):
    """Return the sections of an ini `text` as dictionaries; raises configparser.Error if it does not parse."""
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, default_section="")
    parser.read_string(text)
    return {name: dict(parser.items(name)) for name in parser.sections()}


def add_option(text, section, option, value):
    """Return the ini `text` with an option directly below the head of its section, which is added if there is none.

    Raises ValueError if that would change another option.
    """
    lines, value = text.split("\n"), str(value)
    entry = f"{option} = {value}".replace(" \n", "\n")
    heads = [number for number, line in enumerate(lines) if re.match(rf"\[{re.escape(section)}\][^]]*$", line)]
    if heads:
        above, below = lines[: heads[0] + 1], lines[heads[0] + 1 :]
        first = next((line for line in below if line.strip() and line.lstrip()[0] not in "#;"), "")
        indent = first[: len(first) - len(first.lstrip())]  # or what follows would continue the value
        changed = "\n".join([*above, indent + entry.replace("\n", f"\n{indent}"), *below])
    else:
        changed = append(text, f"[{section}]\n{entry}")
    read, before = "\n".join(map(str.strip, value.split("\n"))), sections(text)
    if sections(changed) != before | {section: before.get(section, {}) | {option: read}}:
        raise ValueError(f"[{section}] is written in a form that cannot be added to")
    return changed


def inline_list(values):
    """Return the TOML of a list of texts in one line."""
    return tomlkit.item(list(values)).as_string()
