"""T4, C1, C2, C6, C7, X2: what GitHub makes of the workflows, by GitHub's own validator and evaluator of expressions.

Every workflow of every combination is checked. Every value that depends on an event, an answer or a repository variable
is computed for all of them and compared with the rules that the documents promise.
"""

import json

import pytest
import yaml
from conftest import TEMPLATE
from evaluation import BASE, ERROR, LABEL, RUN, RUNNERS, SHARDS, VARIABLES, Case, ask_github, errors, events_of
from test_facts import PAIRWISE

pytestmark = pytest.mark.slow  # installs GitHub's packages
ALWAYS = dict.fromkeys(["success", "failure", "cancelled"], True)


@pytest.fixture(scope="session")
def judged(once, render, tmp_path_factory):
    """Return the problems of all workflows, by path, and a case for all that can happen to each of them.

    GitHub is asked once, for all files and all workers.
    """
    files, owners = {}, {}
    for answers, project in [({}, TEMPLATE), *((answers, render(**answers)) for answers in PAIRWISE)]:
        for path in sorted((project / ".github/workflows").iterdir()):
            text = path.read_text(encoding="utf-8")
            if text not in owners:  # the same text is judged once
                owners[text] = (path, answers)
                files[path] = events_of(text, answers.get("python_versions", "3.13").split()[-1])

    def judge_workflows():
        return ask_github(files, tmp_path_factory.mktemp("github"))

    answer = json.loads(once(judge_workflows).read_text(encoding="utf-8"))
    cases = []
    for text, (path, answers) in owners.items():
        permissions = {name: job.get("permissions", {}) for name, job in yaml.safe_load(text)["jobs"].items()}
        for event, values in answer[str(path)]["values"].items():
            head = (answers, path.name, permissions, event, files[path][event])
            cases += [Case(*head, *VARIABLES[name], found) for name, found in values.items()]
    return {path: found["problems"] for path, found in answer.items()}, cases


@pytest.fixture
def cases(judged):
    return judged[1]


@pytest.fixture
def pipeline(cases):
    """The cases of the generated ci.yml."""
    return [case for case in cases if case.answers and case.workflow == "ci.yml"]


def assert_all(facts):
    """Check (what, found, expected) for many cases; a failure shows the first few that differ."""
    facts = list(facts)
    assert facts, "no case"
    wrong = [f"{what}: {found!r} is not {expected!r}" for what, found, expected in facts if found != expected]
    if wrong:
        pytest.fail("\n".join([f"{len(wrong)} of {len(facts)} differ", *wrong[:10]]), pytrace=False)


def pythons(case):
    return case.answers["python_versions"].split()


def test_github_finds_no_error_and_no_warning(judged):
    """T4, S3: also no unknown input of an action."""
    assert {path: found for path, found in judged[0].items() if found} == {}


def test_runner_is_the_one_of_the_variable(cases):
    """G2, X2: a label or a JSON list; a list that is no JSON stops every job. The template's own runner is fixed."""
    assert_all(
        (
            f"{case}: {name}",
            ERROR if errors(leg["runs-on"]) else leg["runs-on"],
            RUNNERS[case.runner] if case.answers else LABEL,
        )
        for case in cases
        for name, job in case.values["jobs"].items()
        for leg in job["legs"]
    )


def test_everything_else_can_be_computed(cases):
    """R3: a wrong value of a variable stops what it is for, and nothing else."""

    def unexpected(case):
        allowed = ["/runs-on"] * (RUNNERS[case.runner] == ERROR) + ["/matrix/shard"] * (SHARDS[case.shards] == ERROR)
        return [place for place in errors(case.values) if not place.endswith((*allowed,))]

    assert_all((case, unexpected(case), []) for case in cases)


def test_matrix_is_every_python_and_shard(pipeline):
    """C1, C4, X2: a run by hand tests what it asks for, a pull request the newest Python only if speed is fast."""

    def expected(case):
        asked = case.contexts["inputs"].get("python", "all")
        if asked != "all":
            return [asked]
        is_short = case.kind == "pull_request" and case.answers["ci_speed"] == "fast"
        return pythons(case)[-1:] if is_short else pythons(case)

    tests = [(case, case.values["jobs"]["test"]) for case in pipeline]
    shards = [(case, test["matrix"]["shard"]) for case, test in tests]
    assert_all((case, test["matrix"]["python"], expected(case)) for case, test in tests)
    assert_all((case, ERROR if errors(found) else found, SHARDS[case.shards]) for case, found in shards)
    assert_all((case, len({leg["name"] for leg in test["legs"]}), len(test["legs"])) for case, test in tests)


def test_slow_tests_are_left_out_only_where_it_says(pipeline):
    """C1, X2: on pull requests unless speed is thorough, and in a run by hand that asks for it."""

    def expected(case):
        if case.kind == "workflow_dispatch":
            return not case.contexts["inputs"].get("slow")
        return case.kind == "pull_request" and case.answers["ci_speed"] != "thorough"

    assert_all((case, value, expected(case)) for case in pipeline for value in case.variables_of_steps("SKIP_SLOW"))


def test_environment_of_the_pipeline(pipeline):
    """C5, X2: one Python for all that needs one, the newest; tests run in parallel unless speed is thorough."""
    env = [(case, case.values["env"]) for case in pipeline]
    assert_all((case, found["PYTHON_VERSION"], pythons(case)[-1]) for case, found in env)
    assert_all((case, found["PYTEST_WORKERS"] == "0", case.answers["ci_speed"] == "thorough") for case, found in env)


@pytest.mark.parametrize("name", ["HUNT_ISSUES", "AUDIT_ISSUES", "HEALTH_ISSUE"])
def test_issues_are_kept_for_the_default_branch_only(cases, name):
    """F1, S1, M5: by the clock, and by hand there; not for another branch, and not in a fork, which has its own."""
    not_kept = {"workflow_dispatch, another branch", "workflow_dispatch, fork"}
    found = [(case, value) for case in cases for value in case.variables_of_steps(name)]
    assert {case.event for case, _ in found} >= not_kept
    assert_all((case, str(value).lower() == "true", case.event not in not_kept) for case, value in found)
    own = {bool(case.answers) for case, _ in found}
    assert own == ({True, False} if name == "HEALTH_ISSUE" else {True}), "the template's own report has it too"


def test_patch_is_judged_against_the_merge_commit(pipeline):
    """V3: the first parent on a pull request, the base of the queue in the merge queue, nothing elsewhere."""
    bases = {"pull_request": "HEAD^1", "merge_group": BASE}
    found = [(case, value or "") for case in pipeline for value in case.variables_of_steps("COVERAGE_BASE")]
    assert_all((case, value, bases.get(case.kind, "")) for case, value in found)


def test_one_job_judges_the_coverage_of_every_leg(pipeline):
    """C4: whatever the number of shards; it knows which Pythons and parts there must be."""

    def judges(case):
        return {job for job, step in case.steps() if "coverage_gate" in (step["run"] or "") and step["if"]["success"]}

    valid = [case for case in pipeline if SHARDS[case.shards] != ERROR]
    matrices = [(case, case.values["jobs"]["test"]["matrix"]) for case in valid]
    given = [
        (case, matrix, {name: [*case.variables_of_steps(f"COVERAGE_{name}")] for name in ("PYTHONS", "PARTS")})
        for case, matrix in matrices
    ]
    assert_all((case, judges(case), {"coverage"}) for case in valid)
    assert_all(
        (case, [json.loads(text) for text in found["PYTHONS"]], [matrix["python"]]) for case, matrix, found in given
    )
    assert_all((case, {*map(int, found["PARTS"])}, {len(matrix["shard"])}) for case, matrix, found in given)


def test_jobs_run_when_they_should(pipeline):
    """C6, C7: integration for changes, nothing of a failed test, the gate always and under one name."""
    jobs = [(case, case.values["jobs"]) for case in pipeline]
    changes = ("pull_request", "merge_group")
    assert_all((case, found["integration"]["if"]["success"], case.kind in changes) for case, found in jobs)
    assert_all((case, found[name]["if"]["failure"], False) for case, found in jobs for name in ("build", "integration"))
    assert_all((case, found["coverage"]["if"], ALWAYS | {"cancelled": False}) for case, found in jobs)
    assert_all((case, found["quality-gate"]["if"], ALWAYS) for case, found in jobs)
    assert_all((case, found["quality-gate"]["legs"][0]["name"], "Quality gate") for case, found in jobs)


def test_notification_tells_the_end_of_a_branch(pipeline):
    """C8: silent only for a run that a newer one superseded; a pull request by its own branch, not its number."""
    jobs = [(case, case.values["jobs"]["notify"], case.contexts["github"]) for case in pipeline]
    assert_all(
        (case, job["legs"][0]["env"]["BRANCH"], github["head_ref"] or github["ref_name"]) for case, job, github in jobs
    )
    assert_all((case, job["if"], ALWAYS | {"cancelled": False}) for case, job, _ in jobs)


def test_reports_are_kept_of_failures_too(pipeline):
    """C4: the reports that explain a red run."""
    uploads = [
        (f"{case}: {job}", step["if"])
        for case in pipeline
        for job, step in case.steps()
        if (step["uses"] or "").startswith("actions/upload-artifact") and step["with"]["path"].startswith("reports")
    ]
    assert_all((what, (found["success"], found["failure"]), (True, True)) for what, found in uploads)


def test_the_night_does_more_than_the_week(cases):
    """C1, X2: its own jobs run every night and by hand; tests are measured where there are parts to make."""

    def expected(case):
        is_weekly, has_parts = case.event == "schedule, weekly", case.shards not in (None, "", "1")
        own = dict.fromkeys(["lowest", "prereleases", "audit"], not is_weekly)
        return {"start": True, "durations": has_parts and not is_weekly} | own

    nights = [case for case in cases if case.workflow == "nightly.yml"]
    jobs = [(case, case.values["jobs"].items()) for case in nights]
    assert_all((case, {name: job["if"]["success"] for name, job in found}, expected(case)) for case, found in jobs)
    started = [(case, [step["run"] or "" for _, step in case.steps() if step["if"]["success"]]) for case in nights]
    events = {"ci.yml": "schedule, weekly", "codeql.yml": "schedule, nightly"}
    assert_all(
        (f"{case}: {file}", any(f"gh workflow run {file}" in script for script in scripts), case.event != other)
        for case, scripts in started
        for file, other in events.items()
    )


def test_only_pull_requests_are_ever_superseded(cases):
    """C1: a newer commit cancels the run of an older one of its pull request; no other two runs share a group."""
    found = [(case, case.values["concurrency"] or {}) for case in cases]
    groups = [(case, group["group"]) for case, group in found if str(group.get("cancel-in-progress")).lower() == "true"]
    assert_all(
        (case, (RUN in group, "5" in group), (True, False)) for case, group in groups if case.kind != "pull_request"
    )
    assert_all(
        (case, (RUN in group, "5" in group), (False, True)) for case, group in groups if case.kind == "pull_request"
    )
    sharing = {}
    for case, group in groups:
        sharing.setdefault((bool(case.answers), case.event, group), set()).add(case.workflow)
    assert_all((group, len(workflows), 1) for group, workflows in sharing.items())


def test_only_dependabot_starts_what_may_write(cases):
    """S4, C9: a pull request starts no job that may push, unless it is Dependabot's and the job is there for it."""
    writers = [
        (f"{case}: {name}", case.values["jobs"][name]["if"]["success"], case.event == "pull_request, dependabot")
        for case in cases
        for name, granted in case.permissions.items()
        if case.kind == "pull_request" and granted.get("contents") == "write"
    ]
    assert [what for what, runs, may_run in writers if runs != may_run] == []


def test_security_steps_run_where_github_has_them(cases):
    """C11, S1: dependency review on pull requests only, CodeQL only where the repository may have it."""
    used = [(case, step["uses"] or "") for case in cases for _, step in case.steps() if step["if"]["success"]]
    reviews = [case for case, action in used if "dependency-review-action" in action]
    scans = [
        (case, case.contexts["github"]["event"]["repository"]["private"]) for case, action in used if "codeql" in action
    ]
    assert [str(case) for case in reviews if case.kind != "pull_request"] == []
    assert_all((case, is_private, False) for case, is_private in scans if case.answers)
