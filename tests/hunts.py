"""Helpers of the tests of the hunt for flaky tests."""

import importlib
import json
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from pipelines import openapi

RANDOMLY = "pytest-randomly>=4,<6"  # what the group `hunt` adds to an environment
hub = openapi.hub
NAMES = ("flaky_issues", "flaky_records", "flaky_results", "flaky_tests", "quarantine")


@pytest.fixture(scope="session", name="hunting")
def hunting_fixture(tools):
    """The programs of the hunt as modules; `tools` has put their folder on the path."""
    return SimpleNamespace(**{name: importlib.import_module(name) for name in NAMES})


@pytest.fixture(name="hub_at_hand")
def hub_at_hand_fixture(github, hunting, monkeypatch):
    """Let programs in this process ask the stand-in of GitHub without a new process for each call."""
    api = importlib.import_module("github.api")

    def call(path, method="GET", body=None, **query):
        target = f"{path}?{urlencode(query)}" if query else path
        with open(github.folder / "gh.jsonl", "a", encoding="utf-8") as file:
            print(json.dumps({"arguments": ["api", "--method", method, target]}), file=file)
        try:
            given = hub.answer(github.folder, method, target, body)
        except hub.Refusal as refusal:
            raise api.Refused(f"{method} {path}: gh: {refusal} (HTTP {refusal.status})", refusal.status) from None
        return b"" if given is None else json.dumps(given).encode()

    monkeypatch.setattr(api, "call", call)
