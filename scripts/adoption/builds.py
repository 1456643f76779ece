"""Where the build of a project is told to find the code, by any of the tools that build wheels."""

import re
from pathlib import PurePosixPath

from adoption.project import lines, strings, table

TESTS = {"test", "tests", "unit_tests"}


def join(place, name):
    return PurePosixPath(place, name).as_posix()


def places(project):
    """Return pairs of the settings of a build and the folders and modules, below the root, that they name."""
    name = re.sub(r"[-.]+", "_", str(project.tool("flit", "metadata").get("module") or distribution(project) or ""))
    wheel = project.tool("hatch", "build", "targets", "wheel")
    hatch = wheel or project.tool("hatch", "build")
    uv, setuptools = project.tool("uv", "build-backend"), project.tool("setuptools")
    options = project.ini("setup.cfg").get("options", {})
    poetry = project.tool("poetry").get("packages")
    poetry = [item for item in poetry if isinstance(item, dict)] if isinstance(poetry, list) else []
    return {
        "[tool.hatch]": strings(hatch.get("packages"))
        or strings(hatch.get("only-include"))
        or strings(hatch.get("include")),
        "[tool.poetry]": [join(item.get("from", "."), item.get("include", "")) for item in poetry],
        "[tool.flit]": [
            join(place, module)
            for module in strings(project.tool("flit", "module").get("name"))
            for place in ("src", ".")
        ],
        "[tool.maturin]": strings(project.tool("maturin").get("python-source")),
        "[tool.scikit-build]": strings(project.tool("scikit-build", "wheel").get("packages")),
        "[tool.pdm]": strings(project.tool("pdm", "build").get("package-dir")),
        "[tool.uv]": [
            join(uv.get("module-root", "src"), module.replace(".", "/"))
            for module in strings(uv.get("module-name", name))
            if uv
        ],
        "[tool.setuptools]": by_setuptools(
            setuptools.get("packages"), setuptools.get("py-modules"), setuptools.get("package-dir")
        ),
        "setup.cfg": by_setuptools(*from_cfg(project, options)),
        "setup.py": by_setuptools(*map(project.setup.get, ("packages", "py_modules", "package_dir"))),
    }.items()


def from_cfg(project, options):
    """Return packages, modules and package_dir of setup.cfg in the form of pyproject.toml."""
    pairs = [line.partition("=")[::2] for line in lines(options.get("package_dir"))]
    packages = options.get("packages") or ""
    if packages.strip().startswith("find"):
        packages = {"find": {"where": lines(project.ini("setup.cfg").get("options.packages.find", {}).get("where"))}}
    else:
        packages = lines(packages)
    return packages, lines(options.get("py_modules")), {key.strip(): value.strip() for key, value in pairs}


def by_setuptools(packages, modules, package_dir):
    """Return the places that setuptools is told; a folder to search stands for all that is in it."""
    package_dir = package_dir if isinstance(package_dir, dict) else {}
    root = str(package_dir.get("", "."))
    if isinstance(packages, dict):  # find: where
        found = packages.get("find", packages)
        where = strings(found.get("where") if isinstance(found, dict) else None) or [root]
        return where
    tops = dict.fromkeys(name.partition(".")[0] for name in strings(packages))
    found = [str(package_dir.get(name) or join(root, name)) for name in tops if name not in TESTS]
    if not (found or strings(modules)) and root != ".":
        return [root]
    return found + [join(root, f"{name}.py") for name in strings(modules)]


def distribution(project):
    """Return the name of the distribution."""
    tables = table(project.pyproject, "project"), project.tool("poetry"), project.ini("setup.cfg").get("metadata", {})
    return next((str(found["name"]) for found in (*tables, project.setup) if found.get("name")), project.root.name)
