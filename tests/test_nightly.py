"""C1, C9, P5: the jobs of nightly.yml, run under act, with real resolutions by uv."""

import zipfile

import pytest
from conftest import environment, find, run
from pipelines import start, write
from test_flows import NIGHTLY, WEEKLY, calls
from test_pipeline import project_of

pytestmark = pytest.mark.slow
PACKAGE = "dependency-of-this-test"
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
STATES = """\
1 active .github/workflows/nightly.yml
2 disabled_manually .github/workflows/template-update.yml
3 disabled_inactivity .github/workflows/of a team.yml
4 active dynamic/dependabot/dependabot-updates
5 disabled_fork .github/workflows/ci.yml"""


def nightly(project, tmp_path, job, cron=NIGHTLY, **options):
    """Run a job of nightly.yml at the time `cron`; return what happened."""
    return start(project, tmp_path, "schedule", workflow="nightly.yml", job=job, payload={"schedule": cron}, **options)


def publish(project, folder, releases, bound):
    """Let the project depend on a package whose releases are in `folder`; return the variables for uv to find them.

    `releases` says for each version what its function `name` returns; None makes one that cannot be installed. Of all
    other packages only the newest final release is allowed, whatever has been published today.
    """
    options = ["--quiet", "--python-version=3.13", "--output-file", folder / "finals.txt"]
    run("uv", "pip", "compile", *options, project / "conf/requirements.txt", cwd=folder)
    for version, name in releases.items():
        stem = f"{PACKAGE.replace('-', '_')}-{version}"
        with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
            about = f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {version}\n"
            files = {"METADATA": about, "RECORD": ""} | ({"WHEEL": WHEEL} if name else {})
            for path, text in files.items():
                wheel.writestr(f"{stem}.dist-info/{path}", text)
            wheel.writestr("probe.py", f"def name():\n    return {name!r}\n")
    needed = f'dependencies = ["{PACKAGE}{bound}"]'
    write(project, {"pyproject.toml": lambda text: text.replace("dependencies = []", needed)})
    run("nox", "-s", "dependencies", cwd=project, **environment(project))
    return {"UV_FIND_LINKS": str(folder), "PIP_FIND_LINKS": str(folder), "UV_CONSTRAINT": str(folder / "finals.txt")}


def expecting(name):
    """Return the file of a test that passes with one release of the package."""
    text = f"import probe\n\n\ndef test_it():\n    assert probe.name() == {name!r}\n"
    return {"src/tests/unit/test_probe.py": text}


@pytest.mark.parametrize(
    ("bound", "result", "tools"), [(">=1,<3", "failure", "black+isort+flake8"), (">=2,<3", "success", "ruff")]
)
def test_a_lower_bound_must_work(copy, tmp_path, bound, result, tools):
    """P5: the project is written for the newest release; the job tries the oldest one allowed, on the oldest Python."""
    project = project_of(copy, "3.11 3.13", lint_tools=tools)
    env = publish(project, tmp_path, {"1": "old", "2": "new"}, bound)
    del env["UV_CONSTRAINT"]  # which would be the newest
    job = nightly(project, tmp_path, "lowest", files=expecting("new"), env=env).jobs["lowest"]
    assert job.result == result, job.end
    assert "-- Python 3.11." in job.log
    assert ("assert 'old' == 'new'" in job.log) == (result == "failure")
    assert ("0 problems" in job.log and "was successful" in job.log) == (result == "success")


PRERELEASES = {
    # name: (releases, what the test expects, what is said of pre-releases, whether something fails)
    "none": ({"1": "old", "2": "new"}, "new", "none", False),
    "one that does not": ({"1": "old", "2.dev3": "new"}, "old", f"{PACKAGE} 2.dev3", True),
    "not to install": ({"1": "old", "2b1": None}, "old", "not known, not everything could be installed", True),
}


@pytest.mark.parametrize("case", PRERELEASES)
def test_prereleases_are_reported_and_break_nothing(copy, tmp_path, case):
    """C9: green, with a warning that names what is coming; also if there is none, or if nothing could be tried."""
    releases, expected, said, fails = PRERELEASES[case]
    project = project_of(copy, "3.11 3.13")
    env = publish(project, tmp_path, releases, ">=1,<3")
    job = nightly(project, tmp_path, "prereleases", files=expecting(expected), env=env).jobs["prereleases"]
    assert job.result == "success", job.end
    assert "-- Python 3.13." in job.log or case == "not to install"
    assert f"Pre-releases of dependencies: {said}\n" in job.summary
    warnings = [line for line in job.log.splitlines() if "::warning" in line]
    shown = f"::warning title=Pre-releases::nox -s prereleases fails; pre-releases of dependencies: {said}"
    assert [shown in line for line in warnings] == [True] * fails
    assert ("It fails with them" in job.summary) == fails


@pytest.mark.parametrize("session", ["lowest", "prereleases"])
@pytest.mark.parametrize("option", ["--no-venv", "--force-venv-backend=venv"])
def test_without_uv_the_sessions_say_what_they_need(copy, session, option):
    """P7, R3: pip has no such rule, and nothing of the active environment is changed."""
    project = copy(python_versions="3.13")
    result = run("nox", "-s", session, option, cwd=project, check=False)
    assert result.returncode == 1
    assert f"{session} needs uv: `pip install uv`" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("cron", [NIGHTLY, WEEKLY])
def test_schedules_are_kept_alive(copy, tmp_path, cron):
    """C1: also those that GitHub has switched off, but none that a person has, and nothing that is no file here."""
    result = nightly(project_of(copy), tmp_path, "start", cron, env={"STATES": STATES})
    assert result.jobs["start"].result == "success", result.end
    enabled = [call.rpartition("workflows/")[2] for call in calls(result) if call.startswith("api ")]
    assert enabled == ["1/enable", "3/enable"]
    assert "::warning" not in result.log


def test_what_github_switched_off_is_named_by_what_still_runs(copy, tmp_path):
    """C1, C8: a workflow that is off cannot say so itself."""
    told = {"quality-gate": {"result": "success"}}
    notify = start(project_of(copy), tmp_path, job="notify", needs=told, env={"STATES": STATES}).jobs["notify"]
    assert notify.result == "success", notify.end
    (warning,) = [line for line in notify.log.splitlines() if "::warning" in line]
    off = ".github/workflows/of a team.yml - gh workflow enable 3 switches it on"
    assert warning.strip().endswith(f"::warning title=Schedules::GitHub has switched off {off}")


def test_a_notification_does_not_need_the_list_of_workflows(copy, tmp_path):
    """C8, C11: Slack hears the verdict, and the run stays green."""
    told = {"quality-gate": {"result": "success"}}
    options = {"env": {"LIST_DOWN": "1"}, "secrets": {"SLACK_WEBHOOK_URL": "https://example.invalid/hook"}}
    run = start(project_of(copy), tmp_path, job="notify", needs=told, **options)
    assert run.jobs["notify"].result == "success", run.jobs["notify"].end
    assert len(run.records("slackapi/slack-github-action")) == 1
    assert "::warning title=Schedules::gh cannot list them here" in run.jobs["notify"].log


def test_schedules_that_cannot_be_kept_alive_are_named(copy, tmp_path):
    """C1, R4: one warning each, with the command for a person, which is what GitHub refused to a job."""
    result = nightly(project_of(copy), tmp_path, "start", env={"STATES": STATES, "ENABLE_DOWN": "1"})
    assert result.jobs["start"].result == "success", result.end
    warnings = [line for line in result.log.splitlines() if "::warning" in line]
    assert ["nightly.yml" in line for line in warnings] == [True, False]
    assert ["of a team.yml" in line for line in warnings] == [False, True]
    for line in warnings:
        command = find(r"gh (api -X PUT \S+)$", line)[1]
        assert command.replace("api", "api --silent", 1) in calls(result)
