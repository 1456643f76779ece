"""Compare the CPU time of generating a project with that of an empty template without hooks, cookiecutter's own floor.

Both ask the same questions. They are measured in turn, in pairs, so that what else the machine does meets both; the
ratio is the median of the pairs' ratios. Above the goal the profile says which step costs what.
Usage: python benchmarks/generation.py [PAIRS]
"""

import importlib.metadata
import json
import os
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TEMPLATE = Path(__file__).parent.parent
GOAL = 1.5
# What a hook can find beside cookiecutter, and would load or start.
OPTIONAL = ("cruft", "pre-commit", "coverage", "pyproject2conda")
# The second hook of a copy of the template starts with START and has PROBE in place of END: it does the same, and says
# what each step costs.
START = "import time\nstart = 1000 * time.process_time()\n"
END = 'if __name__ == "__main__":\n    sys.exit(main())\n'
PROBE = """
import resource


def cpu():
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (time.process_time() + children.ru_utime + children.ru_stime)


def step(name, since):
    now = cpu()
    COSTS[name] = now - since
    return now


COSTS = {}
now = step("post hook: load the standard library", start)
sys.dont_write_bytecode = True
sys.path.insert(0, str(PROJECT / "tools"))
import verify_project
now = step("post hook: load PyYAML and the verification", now)
verify()
now = step("post hook: verify", now)
steps = prepare_git()
try:
    while True:
        next(steps)
except StopIteration as end:
    is_own = end.value
now = step("post hook: make the git repository", now)
if is_own:
    list(prepare_hooks())
now = step("post hook: install the git hook of pre-commit", now)
print("COSTS", json.dumps(COSTS))
"""


def empty_template(folder, hooks=()):
    """Write a template with the same questions, an empty project and `hooks` that do nothing; return its path."""
    (folder / "{{cookiecutter.project_slug}}").mkdir(parents=True)
    shutil.copy(TEMPLATE / "cookiecutter.json", folder)
    (folder / "hooks").mkdir()
    for hook in hooks:
        (folder / "hooks" / hook).write_text('"""Do nothing."""\n', encoding="utf-8")
    return folder


def probed_template(folder):
    """Write a copy of the template whose second hook prints what its steps cost; return its path."""
    for part in ("hooks", "{{cookiecutter.project_slug}}"):
        shutil.copytree(TEMPLATE / part, folder / part)
    shutil.copy(TEMPLATE / "cookiecutter.json", folder)
    hook = folder / "hooks/post_gen_project.py"
    text = hook.read_text(encoding="utf-8")
    if not text.endswith(END):
        sys.exit(f"{hook.name} does not end in {END!r}: correct END in {__file__}")
    hook.write_text(START + text.removesuffix(END) + PROBE, encoding="utf-8")
    return folder


def generate(template, home, *options):
    """Generate a project; return the CPU time in ms, user and system, of all its processes, and what they print."""
    environment = os.environ | {"HOME": home, "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # users have what is installed compiled
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory(dir=home) as out:
        command = [sys.executable, "-m", "cookiecutter", template, "--no-input", "--output-dir", out, *options]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stderr)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime), done.stdout + done.stderr


def profile(folder, home, rounds):
    """Return the steps of a generation and what each costs, in ms of CPU time: medians of `rounds`."""
    empty, probed = empty_template(folder / "empty"), probed_template(folder / "probed")
    idle = empty_template(folder / "idle", ["pre_gen_project.py", "post_gen_project.py"])
    found = []
    for _ in range(rounds):
        floor = generate(empty, home)[0]
        costs = {
            "cookiecutter itself: the empty template": floor,
            "render the files": generate(TEMPLATE, home, "--accept-hooks", "no")[0] - floor,
            "start two hooks, as if they did nothing": generate(idle, home)[0] - floor,
        }
        whole, output = generate(probed, home)
        costs |= json.loads(re.search("^COSTS (.*)$", output, re.M)[1])
        found.append(costs | {"compile both hooks, check the answers": whole - sum(costs.values()), "all": whole})
    return {name: statistics.median(costs[name] for costs in found) for name in found[0]}


def facts():
    """Return one line on what is measured here."""
    versions = [f"cookiecutter {importlib.metadata.version('cookiecutter')}"]
    for name in OPTIONAL:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"no {name}")
    versions.append("git" if shutil.which("git") else "no git")
    return f"Python {platform.python_version()}, {', '.join(versions)}; {os.cpu_count()} cores"


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    print(facts())
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home, "templates")
        empty = empty_template(folder / "floor")
        # Not measured: what is not compiled yet is after this.
        for warning in re.findall("^Warning: .*$", generate(TEMPLATE, home)[1], re.M):
            print(warning)
        pairs = [(generate(empty, home)[0], generate(TEMPLATE, home)[0]) for _ in range(rounds)]
        floor, whole = map(statistics.median, zip(*pairs, strict=True))
        ratios = sorted(ours / least for least, ours in pairs)
        ratio = statistics.median(ratios)
        print(f"empty template without hooks: {floor:.0f} ms CPU; ci-template with hooks: {whole:.0f} ms CPU")
        print(f"ratio: {ratio:.2f} (median of {rounds} pairs, {ratios[0]:.2f} to {ratios[-1]:.2f}; goal {GOAL})")
        if ratio > GOAL:
            print("above the goal; ms CPU by step:")
            print(*(f"{cost:6.0f}  {name}" for name, cost in profile(folder, home, rounds).items()), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
