"""Ask GitHub through its own command line, `gh api`, which has the credentials: https://cli.github.com/manual/gh_api."""

import json
import re
import subprocess  # nosec B404 # runs gh only
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from quality.repository import Unusable, decode, one_line

PER_PAGE = 100  # the most that GitHub gives at once


class Refused(Unusable):
    """GitHub refuses a call; `status` is the HTTP status, 0 if there was no answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status

    @property
    def is_limit(self) -> bool:
        """Tell whether no more calls are allowed for now: GitHub says so with 403 or 429."""
        return self.status in (403, 429) and "rate limit" in str(self).lower()


def call(path: str, method: str = "GET", body: Any = None, **query: Any) -> bytes:
    """Return what GitHub answers to one call; raises Refused if it refuses, Unusable if gh cannot ask.

    In `path` gh fills {owner} and {repo} from GH_REPO or from the clone; `body` is sent as JSON.
    """
    target = f"{path}?{urlencode(query)}" if query else path
    command = ["gh", "api", "--method", method, target, *(["--input", "-"] if body is not None else [])]
    sent = json.dumps(body).encode()  # on a line of its own: bandit looks at every call of the line below
    try:
        done = subprocess.run(command, input=sent, capture_output=True)  # nosec B603 # no shell
    except FileNotFoundError:
        raise Unusable("gh is not installed, or not on PATH: https://cli.github.com") from None
    if done.returncode:
        said = one_line(decode(done.stderr)) or f"gh exits with {done.returncode}"
        status = re.search(r"\(HTTP (\d{3})\)", said)
        raise Refused(f"{method} {path}: {said}", int(status[1]) if status else 0)
    return done.stdout


def ask(path: str, method: str = "GET", body: Any = None, **query: Any) -> Any:
    """Return the JSON that GitHub answers, or None if it answers nothing; arguments and errors as those of `call`."""
    said = call(path, method, body, **query)
    return json.loads(said) if said.strip() else None


def pages(path: str, key: str = "", **query: Any) -> Iterator[Any]:
    """Yield all items of a list, page by page; `key` names the list in an answer that is an object."""
    number = 1
    while True:
        answer = ask(path, per_page=PER_PAGE, page=number, **query)
        items = answer[key] if key else answer
        yield from items
        if len(items) < PER_PAGE:
            return
        number += 1
