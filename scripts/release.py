"""Check a release of the template before it is tagged, and the tag before it is released.

Usage: python scripts/release.py vX.Y.Z, at the root of the template; `make release TAG=vX.Y.Z`

The default answers of a release are saved, tests/answers/X.Y.Z.json, so that the tests can replay them for ever: where
they are missing they are written. All else is checked by the program with which projects check their releases.
Exit codes: 0 nothing found, or only warnings, 1 problems found, 2 something could not be judged.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from cookiecutter.generate import generate_context
from cookiecutter.prompt import prompt_for_config

TEMPLATE = Path(__file__).resolve().parent.parent
(PROGRAM,) = TEMPLATE.glob("{{cookiecutter.project_slug}}/tools/*check_release.py*")
CLOCK = {"copyright_year"}  # by which the default of this answer changes


def defaults(template):
    """Return the answers that the template at `template` takes when nobody is asked."""
    answers = prompt_for_config(generate_context(context_file=template / "cookiecutter.json"), no_input=True)
    return {name: value for name, value in answers.items() if name[0] != "_"}


def saved(template, version):
    """Return what is wrong with the saved answers of a version; write them if there are none."""
    file, expected = template / f"tests/answers/{version}.json", defaults(template)
    name = file.relative_to(template)
    if not file.exists():
        file.write_text(f"{json.dumps(expected, indent=2)}\n", encoding="utf-8")
        return [f"{name}: was missing, and is written: commit it, merge it, then tag what was merged"]
    found = json.loads(file.read_text(encoding="utf-8"))
    wrong = [key for key in {**expected, **found} if key not in CLOCK and found.get(key) != expected.get(key)]
    wrong += CLOCK - found.keys()
    return [f"{name}: {', '.join(wrong)}: differ from cookiecutter.json: remove the file and repeat"] if wrong else []


def main():
    if len(sys.argv) != 2 or not sys.argv[1]:
        sys.exit("Usage: make release TAG=vX.Y.Z")
    tag = sys.argv[1]
    # Without bytecode: the folder of the program is rendered as it is.
    code = subprocess.run([sys.executable, "-B", PROGRAM, tag, "--no-package"], cwd=TEMPLATE).returncode
    problems = saved(TEMPLATE, tag[1:]) if re.fullmatch(r"v[0-9][0-9a-z.]*", tag) else []
    for problem in problems:
        print(f"Release: error: {problem}")
    return max(code, bool(problems))


if __name__ == "__main__":
    sys.exit(main())
