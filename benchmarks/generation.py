"""Compare the CPU time of generating a project, hooks included, with that of an empty template.

The empty template asks the same questions, has no files, and hooks that do nothing: cookiecutter's own floor.
Usage: python benchmarks/generation.py [ROUNDS]
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TEMPLATE = Path(__file__).parent.parent


def empty_template(folder):
    """Write a template with the same questions and an empty project below `folder`; return its path."""
    template = Path(folder, "empty")
    (template / "{{cookiecutter.project_slug}}").mkdir(parents=True)
    shutil.copy(TEMPLATE / "cookiecutter.json", template)
    (template / "hooks").mkdir()
    for hook in ("pre_gen_project.py", "post_gen_project.py"):
        (template / "hooks" / hook).write_text('"""Do nothing."""\n', encoding="utf-8")
    return template


def cpu_seconds(template, home):
    """Return the CPU time, user and system, of one generation with all its child processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "cookiecutter", template, "--no-input", "--output-dir", out]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {"HOME": home})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        templates = {"empty template": empty_template(folder), "ci-template": TEMPLATE}
        times = {
            name: statistics.median(cpu_seconds(path, folder) for _ in range(rounds))
            for name, path in templates.items()
        }
    for name, seconds in times.items():
        print(f"{name}: {seconds:.2f} s CPU (median of {rounds})")
    print(f"ratio: {times['ci-template'] / times['empty template']:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
