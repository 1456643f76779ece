"""Builds a real environment from the project's conda file, with the packages of the same names from PyPI.

As with the real action, only login shells see it. Each job gets its own copy, because jobs install into it; the copy
is made of hard links to one environment for each content of the file. It also holds what pip would install to build the
project, once for all jobs and not for each.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import yaml
from standin import WORKSPACE, fail, given, is_true, tell, wait

PYPI_NAMES = {"python-build": "build", "python-tzdata": "tzdata", "pytorch": "torch", "ruamel.yaml": "ruamel-yaml"}
UV = os.environ["CI_TEMPLATE_UV"]


def requirement(spec: str) -> tuple[str, str]:
    """A conda spec as (name, PyPI requirement): `numpy=1.2` is fuzzy in conda, `numpy >=1` has a space."""
    name, version = re.fullmatch(r"(?:\S+::)?([\w.-]+)\s*(.*)", spec.strip()).groups()
    if re.fullmatch(r"=[^=].*", version):
        version = f"={version.removesuffix('.*')}.*"
    return name.lower(), PYPI_NAMES.get(name.lower(), name) + version.replace(" ", "")


def wanted(file: Path) -> tuple[str, list[str]]:
    """The Python version and the requirements: the file's, with the additions of `create-args`."""
    entries = yaml.safe_load(file.read_text())["dependencies"]
    pip = [line for entry in entries if isinstance(entry, dict) for line in entry["pip"]]
    extra = [word for word in given("create-args").split() if not word.startswith("-")]
    specs = dict(requirement(spec) for spec in [*(e for e in entries if isinstance(e, str)), *extra])
    python = re.search(r"3\.\d+", specs.pop("python", ""))
    specs.pop("pip", None)
    if python is None:
        fail("setup-micromamba: no Python version; give one by create-args: python=3.N")
    build = tomllib.loads((WORKSPACE / "pyproject.toml").read_text()).get("build-system", {}).get("requires", [])
    return python[0], sorted([*specs.values(), *pip, *build, "editables"])


def build(target: Path, python: str, requirements: list[str]) -> None:
    """Build beside the target and rename: an interrupted build is never taken for an environment."""
    base = shutil.which(f"python{python}", path=os.environ["CI_TEMPLATE_PYTHONS"])
    if base is None:
        fail(f"setup-micromamba: no interpreter for Python {python} on this machine")
    new = Path(f"{target}.new")
    subprocess.run([UV, "venv", "--quiet", "--clear", "--relocatable", "--seed", "--python", base, new], check=True)
    install = [UV, "pip", "install", "--quiet", "--compile-bytecode", "--python", new / "bin" / "python"]
    subprocess.run([*install, *requirements], check=True, cwd=WORKSPACE)
    new.rename(target)


def link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # another file system
        shutil.copy2(source, target, follow_symlinks=False)


def main() -> None:
    wait("CONDA", restored=is_true("cache-environment"))
    python, requirements = wanted(WORKSPACE / (given("environment-file") or "environment.yml"))
    key = hashlib.sha256("\n".join([python, *requirements]).encode()).hexdigest()[:20]
    shared = Path(os.environ["CI_TEMPLATE_CACHE"], "envs", f"py{python}-{key}")
    shared.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{shared}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            build(shared, python, requirements)
    own = Path(os.environ["RUNNER_TEMP"], "env")
    shutil.copytree(shared, own, symlinks=True, copy_function=link)
    tell("ENV", f"CI_TEMPLATE_ENV={own}\nPIP_NO_BUILD_ISOLATION=0")  # pip reads it as the value of --build-isolation
    tell("OUTPUT", f"environment-path={own}")


main()
