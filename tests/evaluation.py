"""What can happen to a workflow, and the values that GitHub's own packages give it then."""

import itertools
import json
from typing import NamedTuple

import yaml
from conftest import CACHE, TEMPLATE, run
from pipelines import openapi

ACTIONS = TEMPLATE / "tests/pipeline/actions"
BASE, RUN, LABEL = "b" * 40, "77", "ubuntu-24.04"
ERROR = "error"
# What each value of a variable stands for.
RUNNERS = {None: LABEL, "mine": "mine", '["self-hosted", "linux"]': ["self-hosted", "linux"], "[self-hosted": ERROR}
SHARDS = {None: [1], "": [1], "1": [1], "2": [1, 2], "3": [1, 2, 3], "4": [1, 2, 3, 4]}
SHARDS |= dict.fromkeys(["5", "many", " 2"], ERROR)
VARIABLES = {str(both): both for both in itertools.product(RUNNERS, SHARDS)}


class Case(NamedTuple):
    """What GitHub computes for one workflow; `answers` is empty for the template's own."""

    answers: dict
    workflow: str
    permissions: dict
    event: str
    contexts: dict
    runner: str | None
    shards: str | None
    values: dict

    def __str__(self):
        answers = " ".join(self.answers.get(name, "") for name in ("ci_speed", "python_versions"))
        return f"{self.workflow} ({answers}), {self.event}, CI_RUNNER={self.runner}, CI_TEST_SHARDS={self.shards}"

    @property
    def kind(self):
        """The event by GitHub's name."""
        return self.event.partition(",")[0]

    def steps(self):
        """Yield each step of each leg of each job that runs, with the name of the job."""
        for name, job in self.values["jobs"].items():
            for step in (step for leg in job["legs"] for step in leg["steps"] if job["if"]["success"]):
                yield name, step

    def variables_of_steps(self, name):
        """Yield the value of an environment variable in each step that has it."""
        for _, step in self.steps():
            if name in (step["env"] or {}):
                yield step["env"][name]


def errors(value, path=""):
    """Return the places in a value that could not be computed."""
    if isinstance(value, dict) and list(value) == [ERROR]:
        return [path]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    return [error for key, item in inner for error in errors(item, f"{path}/{key}")]


def contexts(event, ref="refs/heads/main", inputs=None, private=False, fork=False, **payload):
    """Return the contexts of a run."""
    github = {
        "event": {"repository": {"private": private, "fork": fork, "default_branch": "main"}, **payload},
        "event_name": event,
        "head_ref": "topic/x" if event == "pull_request" else "",
        "ref": ref,
        "ref_name": ref.split("/", 2)[2],
        "repository": "o/r",
        "run_id": RUN,
        "workflow": "W",
    }
    return {"github": github, "inputs": inputs or {}}


def events(newest):
    """Return the contexts of each event; `newest` is the Python that a run by hand asks for."""

    def pull_request(author="someone", private=False):
        change = {"number": 5, "base": {"ref": "main", "sha": "older"}, "user": {"login": author}}
        return contexts("pull_request", "refs/pull/5/merge", private=private, number=5, pull_request=change)

    queue = "refs/heads/gh-readonly-queue/main/pr-5"
    return {
        "push": contexts("push"),
        "pull_request": pull_request(),
        "pull_request, private": pull_request(private=True),
        "pull_request, dependabot": pull_request("dependabot[bot]"),
        "merge_group": contexts("merge_group", queue, merge_group={"base_sha": BASE, "head_sha": "d" * 40}),
        "schedule, nightly": contexts("schedule", schedule="23 3 * * *"),
        "schedule, weekly": contexts("schedule", schedule="41 4 * * 1"),
        "workflow_dispatch, defaults": contexts("workflow_dispatch", inputs={"python": "all", "slow": True}),
        "workflow_dispatch, newest": contexts("workflow_dispatch", inputs={"python": newest, "slow": False}),
        "workflow_dispatch, no inputs": contexts("workflow_dispatch"),
        "workflow_dispatch, another branch": contexts("workflow_dispatch", "refs/heads/topic"),
        "workflow_dispatch, fork": contexts("workflow_dispatch", fork=True),
    }


def events_of(text, newest):
    """Return the contexts of the events that start the workflow `text`."""
    kinds = {*yaml.safe_load(text)[True]}  # YAML 1.1 reads `on` as true
    found = {name: event for name, event in events(newest).items() if name.partition(",")[0] in kinds}
    unknown = kinds - {name.partition(",")[0] for name in found}
    assert not unknown, f"write the contexts of {unknown} in {__file__}"
    return found


def ask_github(files, folder):
    """Write problems and values of `files`, a mapping of paths to events, to a file in `folder`; return its path."""
    actions = {path.parent.relative_to(ACTIONS).as_posix(): path.read_text() for path in ACTIONS.rglob("action.yml")}
    names = ("CI_RUNNER", "CI_TEST_SHARDS")
    request = {
        "actions": {name.replace("__", "/"): yaml.safe_load(text) for name, text in actions.items()},
        "files": [{"path": str(path), "events": found} for path, found in files.items()],
        "variables": {
            name: {key: value for key, value in zip(names, values, strict=True) if value is not None}
            for name, values in VARIABLES.items()
        },
    }
    paths = folder / "request.json", folder / "answer.json"
    paths[0].write_text(json.dumps(request), encoding="utf-8")
    run(openapi.NODE / "bin/node", openapi.installed(CACHE) / "evaluate.mjs", *paths, cwd=folder)
    return paths[1]
