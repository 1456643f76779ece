"""The rules of .gitignore: the template's lines that are lacking, and none that lose a file."""

from pathlib import PurePosixPath

from adoption import Refused, texts
from adoption.repository import names


def bare(line):
    return line.strip().strip("/").removeprefix("**/")


def lacking(own, rendered):
    """Return the template's lines that the text `own` does not have in any form."""
    there = {bare(line) for line in own.splitlines()}
    lines = [line for line in rendered.splitlines() if line and line[0] != "#"]
    return [line for line in lines if bare(line) not in there]


def rules(stage, paths):
    """Return the rule of a file .gitignore of the project, as its text, for each of `paths` that one ignores."""
    output = stage.git("check-ignore", "--no-index", "-v", "-z", "--stdin", words="\0".join(paths), must=False)
    fields = output.split("\0")
    found = zip(fields[::4], fields[2::4], fields[3::4], strict=False)
    return {path: rule for source, rule, path in found if source.endswith(".gitignore") and not rule.startswith("!")}


def merge(stage, tracked, new, rendered):
    """Write .gitignore in the tree of `stage`; return the lines added, and the new files that stay ignored.

    No line is added that matches one of the `tracked` files; `new` files that the project's rules ignore are let in.
    """
    place = stage.tree / ".gitignore"
    before = place.read_bytes() if place.exists() else b""
    if b"\0" in before:
        raise Refused(".gitignore: is UTF-16, of which git understands no rule: save it as UTF-8, then adopt")
    added = lacking(before.decode("utf-8", "replace"), rendered)
    ignored = rules(stage, tracked)

    def write():
        lines = "\n".join(["# From ci-template", *added])
        place.write_bytes(texts.edit(before, lambda text: texts.append(text, lines)) if added else before)

    write()
    wrong = {rule for path, rule in rules(stage, [*tracked, *new]).items() if path not in ignored}
    added = [line for line in added if line not in wrong]
    write()
    for _ in range(8):  # a folder first, then what is in it
        found = rules(stage, [*new, *folders(new)])
        lines = [f"!/{path}" for path in sorted(found)]
        # What the project has there, ignored, stays so: it may be a secret.
        lines += [f"/{path}/*" for path in sorted(set(found) & set(folders(new))) if has_more(stage.root, path)]
        # Where a whole folder is ignored, git does not look at the rules for its files.
        lines = [
            line
            for line in lines
            if line not in added and not any(f"{line}/".startswith(f"{other}/") and other != line for other in lines)
        ]
        if not lines:
            break
        added += lines
        write()
    if not before and not added:
        place.unlink(missing_ok=True)
    return added, sorted(rules(stage, new))


def has_more(root, folder):
    """Tell whether the folder of a repository holds files that are ignored."""
    return (root / folder).is_dir() and bool(names(root, "-o", "-i", "--exclude-standard", "--", folder))


def folders(paths):
    return sorted({str(parent) for path in paths for parent in PurePosixPath(path).parents} - {"."})
