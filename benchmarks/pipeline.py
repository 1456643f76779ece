"""Measure the rendered pipeline: what a run costs, how long one waits for it, and what each lever is worth.

A reference project with 170 tests runs under act, a second standing for a minute; `reference.py` says what is assumed.
A plain pipeline runs beside it: lint and the tests on three Pythons, then build, then integration.
Usage: python benchmarks/pipeline.py
Exit codes: 0 measured, even if a goal is missed; 1 a pipeline is not green, or is not what this program knows; 2 this
machine lacks what it takes.
"""

import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import conftest  # noqa: E402 # found through the line above
import reference  # noqa: E402 # imports tests/
from figures import Measured, critical_path, extent, step_times, table, total, waits  # noqa: E402
from pipelines import CACHE, act  # noqa: E402
from rewrite import needed  # noqa: E402

PYTHONS = "3.11 3.12 3.13"
PLAIN = "plain"
GOALS = {"thorough": 15.0, "balanced": 10.0, "fast": 5.0}
LONGEST_JOB = 10.0
PIPELINES = [PLAIN, *(f"{speed}{shards}" for speed in GOALS for shards in ("", ", 4 shards"))]
HEADER = "pipeline; all jobs; longest job; critical path; of plain; goal; raw: all jobs, critical path"
LEVER_HEADER = "lever; all jobs; critical path"
# Each lever: what is measured without it and with it, by the names that `main` gives.
LEVERS = {
    "caches (fast)": ("fast without caches", "fast"),
    "xdist, 2 workers (thorough)": ("thorough", "thorough with xdist"),
    "slow tests off pull requests (thorough with xdist)": ("thorough with xdist", "balanced"),
    "one Python on pull requests (balanced)": ("balanced", "balanced, one Python"),
    "4 shards, equal counts (thorough)": ("thorough", "thorough, 4 equal shards"),
    "4 shards, measured times (thorough)": ("thorough, 4 equal shards", "thorough, 4 shards"),
    "stages side by side (fast)": ("fast, one after another", "fast"),
    "a runner with 4 cores (fast)": ("fast", "fast, 4 cores"),
}
NOTES = (
    "Seconds, each for a minute of the real thing. All jobs: what is paid for. Critical path: what one waits for if no "
    "job waits for a runner.",
    "The plain pipeline: lint ({lint:g}) beside the tests on three Pythons ({test:g} each), then build ({build:g}), "
    "then integration ({integration:g}).".format(**reference.STAGES),
    f"Each stage is a runner's start ({reference.START:g}), an environment restored from the cache (conda "
    f"{reference.CONDA[1]:g}, tools {reference.TOOLS[1]:g}; created anew {reference.CONDA[0]:g} and "
    f"{reference.TOOLS[0]:g}) and its work. Other jobs (coverage, quality gate, notify) count their start and what "
    "they restore. These are assumptions: benchmarks/reference.py.",
    f"Set-ups, lint and build wait. The {sum(tests.count for tests in reference.SUITE)} tests are real and wait, run "
    f"by pytest with coverage, xdist ({reference.WORKERS} workers, as on a runner with two cores) and pytest-split.",
    "Times are what waited, by the log. The raw ones are whole steps on this machine, which starts nox and pytest over "
    "and over: seconds that would be minutes on this scale. The plain pipeline is treated alike.",
    "One Python and side by side only change what runs, and after what: computed from the times of the same run.",
)


class Failure(Exception):
    """A pipeline that is not green."""


class Bench:
    """Runs the pipelines of reference projects below a folder, which have one cache for the durations of tests."""

    def __init__(self, folder: Path, suite=reference.SUITE, pythons: str = PYTHONS) -> None:
        self.folder, self.suite, self.pythons = folder, suite, pythons
        self.store = folder / "store"

    def make(self, speed: str) -> tuple[reference.Project, Path]:
        """Generate the reference project anew; return it, and an empty folder for its run."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        project = reference.make(folder, speed, self.suite, python_versions=self.pythons)
        (folder / "run").mkdir()
        return project, folder / "run"

    def run(
        self,
        speed: str,
        shards: int = 1,
        *,
        workers: int = reference.WORKERS,
        cached: bool = True,
        plain: bool = False,
        job: str | None = None,
        **head: str,
    ) -> tuple[Measured, act.Run]:
        """Run the pipeline of a project with `ci_speed` for a pull request; return what it took, and all of it.

        Args:
            workers: the cores of the runner, as xdist sees them.
            cached: whether the caches hold the environments.
            plain: run the stages in plain order instead.
            job: run only this job and what it needs.
            head: other values for variables in the head of ci.yml.

        Raises:
            Failure: it is not green.
            LookupError: it is not what this program knows.
        """
        project, work = self.make(speed)
        for name, value in head.items():
            reference.change(project.workflow, rf"(?m)^  {name}: .*$", f'  {name}: "{value}"')
        if plain:
            project.workflow.write_text(reference.plain(project.workflow.read_text(encoding="utf-8")), encoding="utf-8")
        setups = {"CONDA": reference.CONDA, "TOOLS": reference.TOOLS}
        env = {f"{name}_SECONDS": f"{new} {old if cached else new}" for name, (new, old) in setups.items()}
        env |= {
            "CACHE_STORE": str(self.store),
            "CI_TEMPLATE_CACHE": str(CACHE),
            "PIP_NO_BUILD_ISOLATION": "0",  # pip reads the value as that of --build-isolation
            "PYTEST_XDIST_AUTO_NUM_WORKERS": str(workers),
        }
        options = {"payload": project.payload, "vars": {"CI_TEST_SHARDS": str(shards)}, "env": env, "job": job}
        run = act.run(project.path, "pull_request", work=work, **options)
        if run.exit_code:
            raise Failure(f"{speed}, {shards} shard(s): not green\n{run.end}")
        jobs = yaml.safe_load(project.workflow.read_text(encoding="utf-8"))["jobs"]
        return Measured(
            {id: needed(jobs[id]) for id in run.jobs},
            waits(run, reference.START, reference.WAITS),
            step_times(run),
            {id: list(job.legs) for id, job in run.jobs.items()},
        ), run

    def measure_tests(self) -> None:
        """Let the nightly run measure each test, for the shards of later runs.

        Raises:
            Failure: it is not green.
        """
        project, work = self.make("thorough")
        options = {"payload": {"schedule": "every night"}, "vars": {"CI_TEST_SHARDS": "4"}}
        env = {"CACHE_STORE": str(self.store), "CI_TEMPLATE_CACHE": str(CACHE)}
        options |= {"workflow": "nightly.yml", "job": "durations", "env": env}
        run = act.run(project.path, "schedule", work=work, **options)
        if run.exit_code or not list(self.store.rglob(".test_durations")):
            raise Failure(f"the nightly run has not measured the tests\n{run.end}")

    def measure(self, *arguments, **options) -> Measured:
        """Return what a run took; `run` says how."""
        return self.run(*arguments, **options)[0]


def measure_all(bench: Bench) -> dict[str, Measured]:
    """Run every pipeline that the tables need; return what each took, by its name."""
    newest = bench.pythons.split()[-1]
    # The first run on a machine also builds the environments: one whose raw times are not shown.
    xdist = bench.measure("thorough", job="integration", PYTEST_WORKERS="auto")
    found = {PLAIN: bench.measure("thorough", plain=True)}
    found |= {speed: bench.measure(speed) for speed in GOALS}
    found["thorough with xdist"] = found["thorough"].changed_by(xdist)
    found["thorough, 4 equal shards"] = found["thorough"].changed_by(bench.measure("thorough", 4, job="test"))
    found["fast without caches"] = bench.measure("fast", cached=False)
    found["fast, 4 cores"] = bench.measure("fast", workers=reference.MORE_WORKERS)
    found["fast, one after another"] = found["fast"]._replace(needs=found["balanced"].needs)
    found["balanced, one Python"] = found["balanced"].only("test", newest)
    bench.measure_tests()
    return found | {f"{speed}, 4 shards": bench.measure(speed, 4) for speed in GOALS}


def report(found: dict[str, Measured]) -> str:
    """Return the tables and what must be known to read them."""
    plain = found[PLAIN].cost[1]
    rows, missed = [], []
    for name in PIPELINES:
        measured = found[name]
        (paid, path), (_, names) = measured.cost, critical_path(measured.needs, measured.net)
        longest = max(max(legs, default=0.0) for legs in measured.net.values())
        raw = f"{total(measured.raw):.0f}, {critical_path(measured.needs, measured.raw)[0]:.0f}"
        goal, verdict = GOALS.get(name.partition(",")[0]), ""
        if goal is not None:
            met = path <= goal and longest <= LONGEST_JOB
            verdict = f"{goal:g}: {'met' if met else 'missed'}"
            if not met:
                steps = ", ".join(f"{id} {max(measured.net[id]):.1f}" for id in names)
                worst = max(names, key=lambda id: max(measured.net[id]))
                missed.append(f"{name} misses its goal: {steps}. What is missing is a lever that shortens {worst}.")
        rows.append([name, f"{paid:.1f}", f"{longest:.1f}", f"{path:.1f}", f"{path / plain:.0%}", verdict, raw])
    lever_rows = [[name, *change(found[without], found[with_])] for name, (without, with_) in LEVERS.items()]
    exact, _ = critical_path(reference.ORDER, {id: [seconds] for id, seconds in reference.STAGES.items()})
    said = [
        *missed,
        spreads(found),
        *NOTES,
        f"Waits alone would make the plain one {exact:.1f}: the rest is this machine's.",
    ]
    lines = [textwrap.fill(line, 120, initial_indent="- ", subsequent_indent="  ") for line in said]
    return "\n".join([table(HEADER, rows), "", table(LEVER_HEADER, lever_rows), "", *lines])


def change(without: Measured, with_: Measured) -> list[str]:
    """Return what a lever does to all jobs and to the critical path."""
    pairs = zip(without.cost, with_.cost, strict=True)
    return [f"{before:.1f} → {after:.1f} ({round(after / before - 1, 2) + 0.0:+.0%})" for before, after in pairs]


def spreads(found: dict[str, Measured]) -> str:
    """Return how equal the shards of one Python are, by counts and by measured times."""
    extents = []
    for name in ("thorough, 4 equal shards", "thorough, 4 shards"):
        times = list(found[name].part_times("test"))
        extents.append(extent([seconds for python, seconds in times if python == times[-1][0]]))
    return f"The 4 shards of one Python (thorough): by equal counts {extents[0]}; by measured times {extents[1]}."


def lacking() -> list[str]:
    """Return what this machine needs for the pipelines and does not have."""
    lacks = [] if Path(sys.executable).with_name("act").exists() else ["act: run `make bench`, which installs it"]
    for version in PYTHONS.split():
        try:
            subprocess.run([f"python{version}", "-c", ""], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            lacks.append(f"Python {version}: install it, for example with `uv python install {version}` or pyenv")
    return lacks


def main() -> int:
    try:
        if lacks := lacking():
            print(*(f"this machine lacks {line}" for line in lacks), sep="\n", file=sys.stderr)
            return 2
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            print(report(measure_all(Bench(Path(folder)))))
        return 0
    except (Failure, LookupError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        conftest.pytest_unconfigure()  # the home folder that tests/conftest.py has made


if __name__ == "__main__":
    sys.exit(main())
