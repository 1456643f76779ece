"""What keeps the build of a project as it is, though folders are added beside its code.

setuptools finds packages by itself where it is told none, and stops, or takes more, if there is another folder.
"""

import re
from pathlib import PurePosixPath

from adoption import Refused
from adoption.project import lines, strings, table


def settings(project, layout, added):
    """Yield (file, table or section, values) to add, so that setuptools builds what it has built.

    `added` are the files of the template. Raises Refused where only a change of code could do that.
    """
    backend = str(table(project.pyproject, "build-system").get("build-backend") or "setuptools")
    if not backend.startswith("setuptools") or not project.is_packaged or project.tool("poetry", "name"):
        return
    folders = sorted({str(parent) for path in added for parent in PurePosixPath(path).parents} - {"."})
    folders = [folder for folder in folders if folder not in project.folders and re.fullmatch(r"[\w/]+", folder)]
    folders = [folder for folder in folders if str(PurePosixPath(folder).parent) not in folders]
    names = [name for folder in folders for name in (folder.replace("/", "."), f"{folder.replace('/', '.')}.*")]
    find = project.tool("setuptools", "packages").get("find")
    cfg = project.ini("setup.cfg")
    options = cfg.get("options", {})
    where = (cfg.get("options.packages.find", {}) or {}).get("where") or "."
    if isinstance(find, dict):
        is_narrow = (
            find.get("include") or find.get("namespaces") is False or strings(find.get("where")) not in ([], ["."])
        )
        if not is_narrow:
            yield "pyproject.toml", ("tool", "setuptools", "packages", "find"), {"exclude": names}
    elif (options.get("packages") or "").strip() == "find_namespace:" and where.strip() == ".":
        if not cfg.get("options.packages.find", {}).get("include"):
            own = lines(cfg.get("options.packages.find", {}).get("exclude"))
            if own:
                raise Refused(
                    "setup.cfg: [options.packages.find] exclude: add tools* and conf*, or they get into the wheel"
                )
            yield "setup.cfg", ("options.packages.find",), {"exclude": "\n    " + "\n    ".join(names)}
    elif is_automatic(project, options) and not any(place.startswith("src") for place in layout.source):
        packages = [place for place in layout.source if not place.endswith(".py")]
        modules = [place.removesuffix(".py") for place in layout.source if place.endswith(".py")]
        tops = [name for place in packages for name in (place.partition("/")[0], f"{place.partition('/')[0]}.*")]
        if "project" in project.pyproject:
            yield (
                ("pyproject.toml", ("tool", "setuptools", "packages", "find"), {"include": tops})
                if packages
                else ("pyproject.toml", ("tool", "setuptools"), {"py-modules": modules})
            )
        elif packages:
            # A table [tool.setuptools] would switch include_package_data on.
            yield "setup.cfg", ("options.packages.find",), {"include": "\n    " + "\n    ".join(tops)}
            yield "setup.cfg", ("options",), {"packages": "find_namespace:"}
        else:
            yield "setup.cfg", ("options",), {"py_modules": "\n    " + "\n    ".join(modules)}
    elif re.search(r"find_namespace_packages\(\s*(exclude\s*=|\))", project.text("setup.py")):
        raise Refused(
            "setup.py: find_namespace_packages() would put tools/ into the wheel: give it include=[…] and commit"
        )


def is_automatic(project, options):
    """Tell whether setuptools looks for the packages by itself."""
    told = {"packages", "py-modules", "py_modules", "ext-modules"} & {*project.tool("setuptools"), *options}
    return not told and not re.search(r"\b(packages|py_modules|ext_modules)\s*=|\*\*", project.text("setup.py"))
