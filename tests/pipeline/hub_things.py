"""What the stand-in of gh keeps of a repository, and one request to it."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Refusal(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@contextmanager
def repository(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the repository, and keep what has changed; jobs that run at the same time wait for each other."""
    path = folder / "repository.json"
    with open(folder / "repository.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        yield state
        path.write_text(json.dumps(state, indent=1), encoding="utf-8")


class Call:
    """One request: its parts, the description of its operation, and the repository that it reads or changes."""

    def __init__(
        self, state: dict[str, Any], operation: dict[str, Any], values: dict[str, str], query: dict, body: Any
    ):
        self.state, self.operation, self.values, self.query, self.body = state, operation, values, query, body

    def things(self, name: str) -> list[dict[str, Any]]:
        return self.state.setdefault(name, [])

    def thing(self, name: str, key: str, value: Any) -> dict[str, Any]:
        """Return one of the things called `name`, or answer that there is none."""
        found = [thing for thing in self.things(name) if str(thing[key]) == str(value)]
        if not found:
            raise Refusal(404, "Not Found")
        return found[0]

    def example(self, *names: Any, status: str = "200") -> Any:
        """Return GitHub's example of an answer, or a part of it."""
        value = json.loads(json.dumps(self.operation["responses"][status]["example"]))
        for name in names:
            value = value[name]
        return value

    def page(self, items: list[Any], cap: float = float("inf")) -> list[Any]:
        size, number = int(self.query.get("per_page", 30)), int(self.query.get("page", 1))
        return items[: int(min(cap, len(items)))][(number - 1) * size : number * size]

    def counted(self, key: str, items: list[dict[str, Any]], cap: float = float("inf")) -> dict[str, Any]:
        """Return a page as those lists are answered that have a name; each item is the example with what it says."""
        example = (self.example(key) or [{}])[0]
        return {"total_count": len(items), key: [example | item for item in self.page(items, cap)]}
