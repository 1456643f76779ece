"""The template's files as they are with a project's answers."""

import json
import re
import subprocess
import sys
from pathlib import Path

from adoption import Refused

TAG = re.compile(r"\{[{%#]")  # cookiecutter renders such a text, or fails, before the template's rules see it
# What names a project that has no name which the template accepts; the sample of that name is not used.
PLAIN = {"project_name": "Project", "project_slug": "project", "package_name": "package"}


def render(template, answers, given, out):
    """Render `template` with `answers` below the folder `out`.

    An answer that the project gives but the template refuses (a package called yaml, an address without @) gets another
    value; one that was `given` is refused. Returns the rendered folder and the names of such answers. Raises Refused
    with what the template says.
    """
    answers, dropped = dict(answers), []
    wrong = [name for name, value in answers.items() if name not in given and TAG.search(value)]
    while True:
        dropped += wrong
        answers = {name: value for name, value in answers.items() if name not in wrong}
        answers |= {name: PLAIN[name] for name in wrong if name in PLAIN}
        # Below `out`, made by tempfile, the template's hooks leave git alone, as for `cruft update`.
        command = [sys.executable, "-m", "cruft", "create", template, "--no-input", "--output-dir", out]
        run = subprocess.run([*command, "--extra-context", json.dumps(answers)], capture_output=True, text=True)
        if not run.returncode:
            return next(Path(out).iterdir()), dropped
        # After cruft's tracebacks, in frames, comes the reason.
        said = (run.stderr + run.stdout).split("Repeat with corrections")[0].rpartition("╯")[2].strip()
        wrong = [name for name in re.findall(r"^(\w+): .*: must ", said, re.M) if name not in {*given, *dropped}]
        if not wrong:
            raise Refused(*(said.splitlines() or [f"{template}: could not be rendered"]))
