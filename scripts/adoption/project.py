"""What a repository holds, and what its files of settings say; each is read once, and nothing of it is executed."""

import ast
import configparser
import re
import tomllib
from functools import cache, cached_property

from adoption import Refused, repository, texts


def table(document, *names):
    """Return a table below `document`, empty if something else, or nothing, is there."""
    for name in names:
        document = document.get(name) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def strings(value):
    """Return the texts of a list, or of one text."""
    values = [value] if isinstance(value, str) else value if isinstance(value, (list, tuple)) else []
    return [item for item in values if isinstance(item, str)]


def lines(value):
    """Return the lines of a value of an ini file, without comments; a list separated by commas is one as well."""
    found = (re.sub(r"(^|\s)#.*", "", line).strip() for line in (value or "").replace(",", "\n").splitlines())
    return [line for line in found if line]


class Project:
    """The repository at `root`: `names` are the paths in git, `paths` those of them that are plain files."""

    def __init__(self, root):
        self.root = root
        self.names = repository.names(root)
        self.paths = [path for path in self.names if (root / path).is_file() and not (root / path).is_symlink()]
        self.folders = {path[:end] for path in self.names for end, sign in enumerate(path) if sign == "/"}

    @cached_property
    def known(self):
        return set(self.paths)

    def text(self, path):
        """Return the text of a file, whatever its encoding; empty if it is not there."""
        if path not in self.known:
            return ""
        data = (self.root / path).read_bytes()
        try:
            return data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError:
            return data.decode("latin-1")

    @cache  # noqa: B019 # a project lives as long as the program
    def toml(self, path):
        """Return a TOML file, empty if it is not there; raises Refused if it does not parse."""
        data = (self.root / path).read_bytes() if path in self.known else b""
        try:
            return tomllib.loads(data.decode())
        except ValueError as error:
            mark = " (a byte order mark, which TOML has not)" if data.startswith(texts.MARK) else ""
            raise Refused(f"{path}: does not parse: {error}{mark}: correct the syntax") from None

    @property
    def pyproject(self):
        return self.toml("pyproject.toml")

    def tool(self, *names):
        """Return a table below [tool] of pyproject.toml."""
        return table(self.pyproject, "tool", *names)

    @cache  # noqa: B019
    def ini(self, path):
        """Return the sections of an ini file as dictionaries, empty if it is not there; raises Refused as `toml`."""
        try:
            return texts.sections(self.text(path))
        except configparser.Error as error:
            said = " ".join(str(error).replace("<string>", path).split())
            raise Refused(f"{path}: does not parse: {said}: correct the syntax") from None

    @cached_property
    def setup(self):
        """The literal arguments of setup() in setup.py; what find_packages() gets is a dictionary with `where`."""
        try:
            module = ast.parse(self.text("setup.py"))
        except (SyntaxError, ValueError):
            return {}
        values = {}
        for node in ast.walk(module):
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                values.setdefault(node.targets[0].id, literal(node.value, {}))
        found = {}
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and called(node) == "setup":
                for keyword in node.keywords:
                    value = literal(keyword.value, values)
                    found |= {keyword.arg: value} if keyword.arg else value if isinstance(value, dict) else {}
        return {name: value for name, value in found.items() if value is not None}

    @cached_property
    def is_packaged(self):
        """Tell whether something says how the project is built."""
        own = table(self.pyproject, "project") or self.tool("poetry") or self.tool("flit", "metadata")
        return bool(
            own or "build-system" in self.pyproject or "setup.py" in self.known or self.ini("setup.cfg").get("metadata")
        )


def called(node):
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def literal(node, values):
    """Return the value of an expression if it is literal, one of the names in `values`, or find_packages(); or None."""
    if isinstance(node, ast.Name):
        return values.get(node.id)
    if isinstance(node, ast.Call) and called(node) in ("find_packages", "find_namespace_packages"):
        where = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "where")]
        return {"where": (literal(where[0], values) if where else None) or "."}
    if isinstance(node, ast.Call) and called(node) == "dict" and not node.args:
        return {keyword.arg: literal(keyword.value, values) for keyword in node.keywords if keyword.arg}
    if isinstance(node, ast.Dict):
        keys = [literal(key, values) if key else None for key in node.keys]
        pairs = zip(keys, (literal(value, values) for value in node.values), strict=True)
        return {key: value for key, value in pairs if isinstance(key, str)}
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
