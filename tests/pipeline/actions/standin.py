"""What the stand-ins of the actions share: reading inputs, answering the runner, recording calls."""

import hashlib
import json
import os
import sys
import time
from pathlib import Path
from typing import NoReturn

RUN = Path(os.environ["CI_TEMPLATE_RUN"])
WORKSPACE = Path(os.environ["GITHUB_WORKSPACE"])


def given(name: str) -> str:
    """An input's value; act hands the declared ones to a composite step as INPUT_*, GitHub would not."""
    return os.environ[f"INPUT_{name.upper()}"].strip()


def is_true(name: str) -> bool:
    return given(name).lower() == "true"


def down(service: str) -> bool:
    """Whether a test declared a service unavailable, as in CODECOV_DOWN=1."""
    return os.environ.get(f"{service}_DOWN") == "1"


def wait(service: str, restored: bool) -> None:
    """Take as long as SERVICE_SECONDS says: two numbers, for what is created and for what a cache gives back."""
    if told := os.environ.get(f"{service}_SECONDS"):
        seconds = float(told.split()[restored])
        time.sleep(seconds)
        print(f"waited {seconds:.3f} s")


def tell(channel: str, text: str) -> None:
    """Append to one of the runner's files: OUTPUT, ENV or PATH."""
    with open(os.environ[f"GITHUB_{channel}"], "a", encoding="utf-8") as file:
        file.write(f"{text}\n")


def warn(message: str) -> None:
    print(f"::warning::{message}")


def fail(message: str) -> NoReturn:
    print(f"::error::{message}")
    sys.exit(1)


def record(action: str) -> None:
    """Keep a call and its inputs for the test; one write, because jobs run at the same time."""
    inputs = {name[6:].lower(): value for name, value in os.environ.items() if name.startswith("INPUT_") and value}
    entry = {"action": action, "job": os.environ["GITHUB_JOB"], "inputs": inputs}
    with open(RUN / "records.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def rights() -> dict[str, str]:
    """What the token of this job may do."""
    return json.loads((RUN / "permissions.json").read_text(encoding="utf-8"))[os.environ["GITHUB_JOB"]]


def store(path: str) -> Path:
    """Where the cache keeps its entries for `path`: GitHub finds none that was saved for other paths.

    CACHE_STORE names a folder that outlives the run.
    """
    root = Path(os.environ.get("CACHE_STORE") or RUN / "cache")
    return root / hashlib.sha256(path.encode()).hexdigest()[:16]


def saved(path: str) -> list[tuple[str, Path]]:
    """The key and the folder of each entry for `path`, the oldest first."""
    folders = sorted(store(path).glob("*"))
    return [(folder.name.partition(" ")[2], folder) for folder in folders]
