"""Executes a project's workflow with act, without Docker and without GitHub.

The workflow runs as written. Only the world around it is ours: third-party actions are the stand-ins of `actions/`, and
each run has its own HOME, so that nothing of the caller's account helps or hurts it.
"""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import openapi
import uv
import yaml
from results import Run, read_job, text
from rewrite import COLLECTOR, closure, with_collector, with_needs

RUN_IDS = itertools.count(1001)
NOTHING: Mapping[str, str] = MappingProxyType({})
ACTIONS = Path(__file__).with_name("actions")
KEPT = re.compile(r"LANG|LC_.*|TZ|(PIP|UV|SSL)_.*|.*_(CA_BUNDLE|CAINFO)|(?i:https?|no|all)_proxy|CI_TEMPLATE_CACHE")
GITCONFIG = "[uploadpack]\n\tallowAnySHA1InWant = true\n[safe]\n\tdirectory = *\n"
PROFILE = """\
# Ubuntu's /etc/profile keeps PATH; one that resets it would lose what earlier steps wrote to GITHUB_PATH.
if [ -r /proc/$$/environ ]; then PATH=$(grep -z '^PATH=' /proc/$$/environ | tr -d '\\0'); PATH=${PATH#PATH=}; fi
if [ -n "${CI_TEMPLATE_ENV-}" ]; then export CONDA_PREFIX="$CI_TEMPLATE_ENV" PATH="$CI_TEMPLATE_ENV/bin:$PATH"; fi
"""


def run(
    project: Path,
    event: str,
    *,
    work: Path,
    payload: dict | None = None,
    vars: Mapping[str, str] = NOTHING,
    secrets: Mapping[str, str] = NOTHING,
    inputs: Mapping[str, str] = NOTHING,
    job: str | None = None,
    needs: dict[str, dict] | None = None,
    env: Mapping[str, str] = NOTHING,
    workflow: str = "ci.yml",
    runner: str = "ubuntu-24.04",
    timeout: float = 900,
) -> Run:
    """Run one workflow of a project, as committed, for an event.

    `work` is a new folder that receives all that the run writes. `job` limits the run to a job and what it needs;
    `needs` replaces jobs by results ({"test": {"result": "cancelled"}}). `env` reaches every step and stand-in: it is
    where a test declares a fault, as CODECOV_DOWN=1.
    """
    source = (project / ".github" / "workflows" / workflow).read_text()
    if needs:
        source = with_needs(source, needs, runner)
        vars = {**vars, "CI_TEMPLATE_NEEDS": json.dumps(needs)}
    jobs = yaml.safe_load(source)["jobs"]
    selected = closure(jobs, job)
    environ = environment(project, work, env)
    default = yaml.safe_load(source).get("permissions", {})
    rights = {id: body.get("permissions", default) for id, body in jobs.items()}
    (work / "run" / "permissions.json").write_text(json.dumps(rights))
    (work / workflow).write_text(with_collector(source, selected, runner))
    (work / "event.json").write_text(json.dumps({"inputs": dict(inputs), "ref": head(project)} | (payload or {})))
    command = [str(Path(sys.executable).with_name("act")), event, "--json", "--no-cache-server", "--no-skip-checkout"]
    command += [f"--directory={project}", f"--workflows={work / workflow}", f"--eventpath={work / 'event.json'}"]
    command += [f"--platform={runner}=-self-hosted", f"--action-cache-path={work / 'act'}", "--actor=octocat"]
    command += [f"--{kind}-file={os.devnull}" for kind in ("env", "var", "secret", "input")]
    command += [f"--env=GITHUB_RUN_ID={next(RUN_IDS)}"]  # act's own would be the same for all
    command += [f"--env=GITHUB_RUN_ATTEMPT={env.get('GITHUB_RUN_ATTEMPT', '1')}"]
    command += [f"--var={name}={value}" for name, value in vars.items()]
    command += [f"--secret={name}={value}" for name, value in {"GITHUB_TOKEN": "token", **secrets}.items()]
    command += [f"--job={COLLECTOR}"] if job else []
    exit_code, output, errors = execute(command + [*local_repositories(jobs)], environ, timeout)
    events = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    events = [event for event in events if event.get("jobID") != COLLECTOR]
    collected = work / "run" / "needs.json"
    seen = json.loads(collected.read_text()) if collected.exists() else {}
    read = {id: read_job(jobs[id], [e for e in events if e.get("jobID") == id], seen.get(id)) for id in selected}
    return Run(exit_code, read, text(events, "[{}] ") + errors, work / "run")


def head(project: Path) -> str:
    """The branch that is checked out; act would guess it from the commit, wrongly where two branches share one."""
    command = ["git", "rev-parse", "--symbolic-full-name", "HEAD"]
    return subprocess.run(command, cwd=project, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


def local_repositories(jobs: dict) -> Iterator[str]:
    """Map each third-party action to its stand-in; act would ask github.com for one that has none."""
    for step in [step for job in jobs.values() for step in job.get("steps", []) if "@" in step.get("uses", "")]:
        action, _, ref = step["uses"].partition("@")
        owner, name, *sub = action.split("/")
        definition = (ACTIONS / f"{owner}__{name}").joinpath(*sub, "action.yml")
        if not definition.is_file():
            raise LookupError(f"no stand-in for the action {step['uses']}: write {definition}")
        if unknown := set(step.get("with", {})) - set(yaml.safe_load(definition.read_text()).get("inputs", {})):
            raise LookupError(f"{step['uses']} has no input {', '.join(sorted(unknown))} in {definition}")
        yield f"--local-repository={owner}/{name}@{ref}={ACTIONS / f'{owner}__{name}'}"


def environment(project: Path, work: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """A runner's environment: the machine's tools, none of the caller's virtual environment or account."""
    folders = {name: work / name for name in ("home", "bin", "tmp", "run")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)  # what GitHub holds before the run is in `run`
    (folders["home"] / ".bash_profile").write_text(PROFILE)
    (folders["home"] / ".gitconfig").write_text(GITCONFIG)
    python = Path(sys.executable).resolve()
    for name in ("python", "python3"):
        (folders["bin"] / name).symlink_to(python)
    machine = [p for p in os.environ["PATH"].split(os.pathsep) if not p.startswith(sys.prefix) and "shims" not in p]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/3.*/bin")
    kept = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
    cache = (kept | dict(extra)).get("CI_TEMPLATE_CACHE", str(work / "cache"))
    own = {
        "HOME": folders["home"],
        "PATH": os.pathsep.join([str(folders["bin"]), str(ACTIONS.with_name("bin")), *machine]),
        "TMPDIR": folders["tmp"],
        "UV_CACHE_DIR": f"{cache}/uv",
        "PIP_CACHE_DIR": f"{cache}/pip",
        "PIP_NO_COMPILE": "0",  # pip reads the value as that of --compile
        "CI_TEMPLATE_ACTIONS": ACTIONS,
        "CI_TEMPLATE_CACHE": cache,
        "CI_TEMPLATE_GITHUB": openapi.description(Path(cache)),
        "CI_TEMPLATE_PROJECT": project,
        "CI_TEMPLATE_PYTHON": sys.executable,
        "CI_TEMPLATE_PYTHONS": os.pathsep.join([*map(str, pyenv), str(python.parent), *machine]),
        "CI_TEMPLATE_RUN": folders["run"],
        "CI_TEMPLATE_UV": uv.find_uv_bin(),
    }
    return kept | {name: str(value) for name, value in own.items()} | dict(extra)


def execute(command: list[str], env: dict[str, str], timeout: float) -> tuple[int, str, str]:
    """Interrupt, not kill, after the time limit: act then stops its steps, which live in sessions of their own."""
    process = subprocess.Popen(command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors
