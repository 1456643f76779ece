"""C1-C11, S3, T3, T5: what documents promise about workflows, read from the files.

Nothing is executed here: these are promises whose breach no run on this machine would show. A test names the promise,
its message the file. `default` and `other` are generated projects, `template` is this repository.
"""

import re
from typing import NamedTuple

import pytest
import yaml
from conftest import TEMPLATE

OTHER = {"ci_speed": "fast", "develop_branch": "", "codeql": False, "deploy": "pypi", "python_versions": "3.12 3.14"}
PER_PULL_REQUEST = "${{ github.event.pull_request.number || github.run_id }}"
# Every job that is not named here reads the code and nothing else.
PERMISSIONS = {
    "ci-health.yml: report": {"actions": "read", "contents": "read", "issues": "write"},
    "ci.yml: notify": {"actions": "read"},
    "codeql.yml: analyze": {"actions": "read", "contents": "read", "security-events": "write"},
    "codeql.yml: not-analyzed": {},
    "dependencies.yml: regenerate": {"contents": "write"},
    "flaky-hunt.yml: hunt": {"contents": "read", "issues": "write"},
    "nightly.yml: audit": {"contents": "read", "issues": "write"},
    "nightly.yml: start": {"actions": "write"},
    "pins.yml: pins": {},
    "release.yml: check": {"checks": "read", "contents": "read"},
    "release.yml: github-release": {"contents": "write"},
    "release.yml: publish": {"attestations": "write", "id-token": "write"},
    "template-update.yml: update": {"contents": "write", "issues": "write", "pull-requests": "write"},
    "template/ci.yml: quality-gate": {},
    "weekly.yml: start": {"actions": "write"},
}
# They run all tests in one part, and nobody waits for them.
ALL_TESTS = {"flaky-hunt.yml: hunt", "nightly.yml: durations", "nightly.yml: lowest", "nightly.yml: prereleases"}
TOLERATED = {
    "codecov/codecov-action",
    "peter-evans/create-pull-request",
    "uv run --script noxfile.py -s prereleases",
}
MAIN = {"branches": ["main", "develop"]}
TRIGGERS = {
    "ci-health.yml": {"schedule": [{"cron": "13 6 * * 1"}], "workflow_dispatch": None},
    "ci.yml": {"push": MAIN, "pull_request": MAIN, "merge_group": None, "workflow_dispatch": ...},
    "codeql.yml": {"push": MAIN, "pull_request": MAIN, "workflow_dispatch": None},
    "dependencies.yml": {"pull_request": {"paths": [".pre-commit-config.yaml", "pyproject.toml"]}},
    "flaky-hunt.yml": {"schedule": [{"cron": "17 1 * * *"}], "workflow_dispatch": ...},
    "nightly.yml": {"schedule": [{"cron": "23 3 * * *"}, {"cron": "41 4 * * 1"}], "workflow_dispatch": None},
    "template-update.yml": {"schedule": [{"cron": "7 5 * * 1"}], "workflow_dispatch": None},
}


def read(path):
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def places(bake):
    """Return the folders whose files are read, by name."""
    return {"default": bake(), "other": bake(**OTHER), "template": TEMPLATE}


@pytest.fixture(scope="session")
def workflows(places):
    """Return every workflow by `place/file`; YAML 1.1 reads its key `on` as true."""
    files = [(place, path) for place, root in places.items() for path in root.glob(".github/workflows/*")]
    return {f"{place}/{path.name}": yaml.safe_load(read(path)) for place, path in files}


class Job(NamedTuple):
    place: str
    where: str
    workflow: dict
    body: dict


class Step(NamedTuple):
    where: str
    job: Job
    body: dict
    given: dict


@pytest.fixture(scope="session")
def jobs(workflows):
    return [
        Job(name.partition("/")[0], f"{name}: {id}", workflow, body)
        for name, workflow in workflows.items()
        for id, body in workflow["jobs"].items()
    ]


@pytest.fixture(scope="session")
def steps(jobs):
    found = [(job, step, step.get("with") or {}) for job in jobs for step in job.body["steps"]]
    return [Step(f"{job.where}: {step.get('name') or step['uses']}", job, step, given) for job, step, given in found]


def using(steps, action):
    found = [step for step in steps if step.body.get("uses", "").startswith(f"{action}@")]
    assert found, f"{action} is used nowhere: remove its promise too"
    return found


@pytest.fixture(scope="session")
def ci(workflows):
    return workflows["default/ci.yml"]


def test_runs_start_when_the_reference_says(workflows):
    """C1: the branches, the queue, the clock; with one branch only, only that one."""
    files = {name.partition("/")[2] for name in workflows if name.startswith("default/")}
    assert files == set(TRIGGERS), "a workflow without stated triggers, or one that is gone"
    for file, expected in TRIGGERS.items():
        triggers = workflows[f"default/{file}"][True]
        inputs = {event: ... for event, value in expected.items() if value is ...}
        assert triggers | inputs == expected, f"{file}: {triggers}"
    for event in ("push", "pull_request"):
        assert workflows["other/ci.yml"][True][event] == {"branches": ["main"]}
    for place in ("other", "template"):
        assert workflows[f"{place}/release.yml"][True] == {"push": {"tags": ["v*"]}}
    # nightly.yml gives no inputs: their defaults must mean everything.
    inputs = workflows["default/ci.yml"][True]["workflow_dispatch"]["inputs"]
    assert {name: item["default"] for name, item in inputs.items()} == {"python": "all", "slow": True}
    assert inputs["python"]["options"] == ["all", "3.11", "3.12", "3.13"]


def test_no_schedule_can_switch_off_a_check_of_pull_requests(workflows):
    """C1: GitHub switches off whole files."""
    for name, workflow in workflows.items():
        events = set(workflow[True])
        assert not ("schedule" in events and events & {"push", "pull_request", "merge_group"}), name
        assert not events & {"pull_request_target", "workflow_run"}, f"{name}: runs foreign code with rights"


@pytest.mark.parametrize("clock", ["default/nightly.yml", "template/weekly.yml"])
def test_the_clock_starts_workflows_that_can_be_started(workflows, clock):
    jobs = workflows[clock]["jobs"]
    scripts = " ".join(step["run"] for step in jobs["start"]["steps"])
    started = re.findall(r"gh workflow run (\S+)", scripts)
    assert started == ["ci.yml", "codeql.yml"]
    for file in started:
        assert "workflow_dispatch" in workflows[clock.partition("/")[0] + f"/{file}"][True], f"{file} cannot be started"
    crons = [item["cron"] for item in workflows[clock][True]["schedule"]]
    for item in (*jobs.values(), *jobs["start"]["steps"]):
        for cron in re.findall(r"schedule [!=]= '(.+?)'", item.get("if", "")):
            assert cron in crons, f"{clock}: {item['name']} waits for {cron}, which never comes"


def test_only_a_newer_commit_of_a_pull_request_cancels_a_run(workflows):
    """C1: two pushes to the main branch have different groups, whatever else they share."""
    for name, workflow in workflows.items():
        file, concurrency = name.partition("/")[2], workflow["concurrency"]
        stem, cancels = file.removesuffix(".yml"), concurrency.get("cancel-in-progress", False)
        if stem == "release":  # of one tag: GitHub drops what waits for a group when another one comes
            assert (concurrency["group"], cancels) == ("release-${{ github.ref_name }}", False), name
        elif "pull_request" not in workflow[True]:
            assert (concurrency["group"], cancels) == (stem, False), f"{name}: runs wait for each other"
        else:
            number = PER_PULL_REQUEST if "push" in workflow[True] else "${{ github.event.pull_request.number }}"
            assert (concurrency["group"], cancels) == (f"{stem}-{number}", True), name


@pytest.mark.parametrize(
    ("place", "build", "integration"), [("default", ["lint", "test"], ["test"]), ("other", [], [])]
)
def test_stages_have_their_order(workflows, place, build, integration):
    """C2, C6: lint beside test, then build and integration; with `fast` side by side."""
    found = workflows[f"{place}/ci.yml"]["jobs"]
    needs = {name: job.get("needs", []) for name, job in found.items()}
    needs = {name: [need] if isinstance(need, str) else need for name, need in needs.items()}
    assert (needs["lint"], needs["test"]) == ([], [])
    assert (sorted(needs["build"]), needs["integration"]) == (build, integration)
    assert set(needs["quality-gate"]) == set(found) - {"quality-gate", "notify"}, "the gate judges every stage"
    assert needs["notify"] == ["quality-gate"]


def test_the_gate_always_judges_and_only_integration_may_be_skipped(ci):
    """C6, C7: tools/quality_gate.py knows no other stage that may be."""
    gate = ci["jobs"]["quality-gate"]
    assert gate["if"] == "always()"
    assert {name for name, job in ci["jobs"].items() if "if" in job} - {"quality-gate", "notify"} == {
        "integration",
        "coverage",
    }
    assert ci["jobs"]["coverage"]["if"] == "${{ !cancelled() }}", "skipped only in a run that is cancelled"
    events = set(re.findall(r"github\.event_name == '(\w+)'", ci["jobs"]["integration"]["if"]))
    assert events == {"pull_request", "merge_group"}


def test_notify_is_silent_for_superseded_runs_only(ci):
    """C8: `!cancelled()` is true after failures and false in a run that a newer commit has stopped."""
    assert ci["jobs"]["notify"]["if"] == "${{ !cancelled() }}"


def test_every_job_has_a_name_a_limit_the_runner_of_the_variable_and_the_least_rights(jobs):
    """C9, C10."""
    for place, where, workflow, job in jobs:
        own, file = place == "template", where.partition("/")[2]
        assert workflow["permissions"] == {}, f"{where}: rights for all jobs"
        rights, limit = job.get("permissions"), job.get("timeout-minutes", 360)
        expected = PERMISSIONS.get(where, PERMISSIONS.get(file, {"contents": "read"}))
        assert rights == expected, f"{where}: has the rights {rights}"
        assert job.get("name"), f"{where}: has no name"
        longest = 60 if file in ALL_TESTS else 45 if own else 20
        assert 0 < limit <= longest, f"{where}: may take {limit} minutes"
        runner = "ubuntu-24.04" if own else "|| vars.CI_RUNNER || 'ubuntu-24.04' }}"
        assert job["runs-on"].endswith(runner), f"{where}: runs on {job['runs-on']}"
    known = {name for job in jobs for name in (job.where, job.where.partition("/")[2])}
    assert set(PERMISSIONS) <= known, "rights of jobs that are gone"


def test_a_leg_of_a_matrix_never_stops_the_others(jobs):
    """C4."""
    for job in jobs:
        assert "strategy" not in job.body or job.body["strategy"].get("fail-fast") is False, f"{job.where}: fail-fast"


def test_no_failure_is_silenced(jobs, steps):
    """C9, C11: only Codecov's uploads, the pull request of an update and pre-releases may fail, and a step says so."""
    for job in jobs:
        assert "continue-on-error" not in job.body, job.where
    for where, job, step, given in steps:
        assert not re.search(r"\|\| *(true|:|exit 0)\b|set \+e", step.get("run", "")), f"{where}: hides a failure"
        if not step.get("continue-on-error"):
            continue
        action = step.get("uses", step.get("run")).partition("@")[0]
        assert action in TOLERATED, f"{where}: may fail unseen"
        if action == "codecov/codecov-action":
            assert given.get("fail_ci_if_error") is True, f"{where}: nobody would notice"
        said = f"steps.{step['id']}.outcome == 'failure'"
        assert any(said in other.get("if", "") for other in job.body["steps"]), f"{where}: no step says that it failed"


def test_every_script_stops_at_the_first_failure_also_in_a_pipe(steps):
    """C9: a named bash has pipefail, GitHub's default has not."""
    for where, job, step, _ in steps:
        scopes = [scope.get("defaults", {}).get("run", {}).get("shell") for scope in (job.body, job.workflow)]
        shell = step.get("shell") or scopes[0] or scopes[1]
        assert shell in ("bash", "bash -leo pipefail {0}", "python3 {0}"), f"{where}: {shell}"


def test_what_is_measured_is_what_is_read(workflows):
    """X2: GitHub finds a cache by its path and by how its key begins."""
    (saved,), (read,) = (
        [
            step["with"]
            for job in workflows[f"default/{file}"]["jobs"].values()
            for step in job["steps"]
            if action in str(step)
        ]
        for file, action in (("nightly.yml", "actions/cache/save@"), ("ci.yml", "actions/cache/restore@"))
    )
    assert saved["path"] == read["path"]
    assert saved["key"].startswith(read["restore-keys"])


def test_no_script_holds_an_expression(steps):
    """C9: text of others reaches scripts as a variable, never as code."""
    for where, _, step, _ in steps:
        assert "${{" not in step.get("run", ""), f"{where}: an expression in a script"


def test_actions_are_pinned_and_get_no_more_than_they_need(places, steps):
    """C9, S3."""
    for path in [path for root in places.values() for path in root.glob(".github/workflows/*")]:
        for line in re.findall(r"uses: .*", read(path)):
            assert re.match(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), f"{path}: {line}"
    for where, _, _, given in using(steps, "actions/checkout"):
        assert given.get("persist-credentials") is False, f"{where}: keeps the token where every later step finds it"
    for where, _, _, given in using(steps, "actions/create-github-app-token"):
        assert {"client-id", "private-key"} <= set(given), f"{where}: lacks what the action requires"
        assert "app-id" not in given, f"{where}: deprecated"
        rights = {name.removeprefix("permission-"): right for name, right in given.items() if "permission-" in name}
        needed = {"template-update.yml": ("contents", "pull-requests", "workflows"), "pins.yml": ()}
        file = where.partition(":")[0].rpartition("/")[2]
        expected = dict.fromkeys(needed.get(file, ("contents",)), "write") or {"contents": "read"}
        assert rights == expected, f"{where}: {rights}"


def test_artifacts_overwrite_nothing_of_another_leg(steps):
    """C4, C5: names are unique in a run; an attempt replaces what an earlier one kept (else 409)."""
    names = set()
    for where, job, _, given in using(steps, "actions/upload-artifact"):
        assert given.get("overwrite") is True, f"{where}: a second attempt would fail"
        name = given["name"].replace("${{ github.job }}", job.where.rpartition(": ")[2])
        assert (job.where.partition(": ")[0], name) not in names, f"{where}: the name is taken"
        names.add((job.where.partition(": ")[0], name))
        for variable, value in job.body.get("env", {}).items():
            name = name.replace(f"env.{variable}", value)
        for key in job.body.get("strategy", {}).get("matrix", {}):
            assert f"matrix.{key}" in name, f"{where}: legs with another {key} would overwrite it"
        if given["path"].endswith("reports"):
            assert given.get("include-hidden-files") is True, f"{where}: .coverage files are hidden"
        if job.place != "template":
            assert given.get("if-no-files-found") == "error", f"{where}: nobody would notice that nothing is kept"


def test_jobs_without_conda_get_pinned_tools_from_a_cache_of_their_own(steps):
    """C12: uv is the one whose checksum the pinned action knows; what a job installs is in no other job's cache."""
    for where, job, _, given in using(steps, "astral-sh/setup-uv"):
        assert given["version"] == "latest-known", f"{where}: not pinned"
        if "release.yml" in where:
            assert given["enable-cache"] is False, f"{where}: what another run has written could be released"
        elif job.place != "template":
            assert given["cache-suffix"] == "${{ github.job }}", f"{where}: the first job to end would fill it for all"
            assert given["cache-dependency-glob"] == "pyproject.toml", f"{where}: it would never be renewed"
            assert "prune-cache" not in given, f"{where}: nothing installed would be in it"
            sessions = [step["run"] for step in job.body["steps"] if "noxfile" in step.get("run", "")]
            assert len(sessions) == 1, f"{where}: {sessions}"
            assert re.fullmatch(r"uv run --script noxfile\.py -s \w+", sessions[0]), f"{where}: {sessions}"


def test_no_environment_is_older_than_a_week(steps):
    """C4: the key of the cache has the year and the week, and each Python an environment of its own."""
    for where, job, step, given in using(steps, "mamba-org/setup-micromamba"):
        if job.place == "template":
            continue
        assert given.get("cache-environment") is True, f"{where}: the key alone caches nothing"
        key = re.search(r"steps\.(\w+)\.outputs\.week", given.get("cache-environment-key", ""))
        assert key, f"{where}: the key has no week"
        before = job.body["steps"][: job.body["steps"].index(step)]
        weeks = ["date +%G-%V" in other["run"] for other in before if other.get("id") == key[1]]
        assert weeks == [True], f"{where}: no step before it names the year and the week"
        assert given.get("create-args") == "python=${{ env.PYTHON_VERSION }}", (
            f"{where}: legs would share an environment"
        )
        is_matrix = "strategy" in job.body
        assert not is_matrix or job.body["env"]["PYTHON_VERSION"] == "${{ matrix.python }}", f"{where}: not the leg's"
