"""What a project says of itself, from whichever file its build reads."""

import re
from email.utils import getaddresses
from typing import NamedTuple

from adoption.project import lines, strings, table
from adoption.requirements import caret

# The template's licences, by the names in use and by what their texts say.
NAMES = {
    "MIT": r"(the )?mit( licen[sc]e)?( \(mit\))?",
    "BSD-3-Clause": r"(the )?(bsd[- ]3[- ]clause|3[- ]clause bsd|(new|modified|revised) bsd)( licen[sc]e)?",
    "Apache-2.0": r"(the )?apache([- ]2(\.0)?| software licen[sc]e| licen[sc]e,? (version |v)?2(\.0)?)( licen[sc]e)?",
}
TEXTS = {
    "MIT": r"permission is hereby granted, free of charge, to any person",
    "BSD-3-Clause": r"redistribution and use in source and binary forms.{0,1500}neither the name",
    "Apache-2.0": r"apache license,? version 2\.0, january 2004",
}


class Metadata(NamedTuple):
    """Facts of a project; each is a pair of its value and where it stands, or empty."""

    name: tuple = ()
    description: tuple = ()
    author: tuple = ()
    licence: tuple = ()
    requires: tuple = ()
    classifiers: tuple = ()
    urls: tuple = ()


def people(values):
    """Return pairs of name and address from the forms in use: tables, `Name <address>`, lists with commas."""
    found = []
    for value in values if isinstance(values, list) else [values]:
        if isinstance(value, dict):
            found.append((value.get("name"), value.get("email")))
        elif isinstance(value, str):
            found += [(who, address if "@" in address else "") for who, address in getaddresses([value])]
    return [
        (who or "", (address or "").split(",")[0].strip()) for who, address in found if isinstance(who or address, str)
    ]


def tables(project):
    """Yield (where, table) with the keys of [project], the one that counts first."""
    own = table(project.pyproject, "project")
    yield "[project]", own
    poetry = project.tool("poetry")
    python = project.tool("poetry", "dependencies").get("python")
    yield "[tool.poetry]", poetry | {"requires-python": caret(python) if isinstance(python, str) else ""}
    flit = project.tool("flit", "metadata")
    flit_author = [{"name": flit.get("author"), "email": flit.get("author-email")}] if flit.get("author") else []
    yield "[tool.flit.metadata]", flit | {"name": flit.get("dist-name", flit.get("module")), "authors": flit_author}
    cfg = project.ini("setup.cfg").get("metadata", {})
    options = project.ini("setup.cfg").get("options", {})
    for where, values in (
        ("setup.cfg", cfg | {"python_requires": options.get("python_requires")}),
        ("setup.py", project.setup),
    ):
        said = {key.replace("_", "-"): value for key, value in values.items() if value}
        found = said | {"requires-python": said.get("python-requires"), "urls": said.get("project-urls")}
        found["authors"] = (
            [{"name": said.get("author"), "email": said.get("author-email")}] if said.get("author") else []
        )
        if where == "setup.cfg":
            found["classifiers"] = [
                line.strip() for line in (cfg.get("classifiers") or cfg.get("classifier") or "").splitlines()
            ]
        found["homepage"] = said.get("url") or said.get("home-page")
        yield where, found


def read(project):
    """Return the Metadata of a project."""
    found = {}

    def take(fact, value, where):
        if value:
            found.setdefault(fact, (value, where))

    for where, facts in tables(project):
        for fact in ("name", "description"):
            value = facts.get(fact)
            value = value.strip() if isinstance(value, str) and not value.startswith(("file:", "attr:")) else ""
            take(fact, value.partition("\n")[0].strip(), where)
        take(
            "author",
            next(
                (
                    pair
                    for pair in people([*(facts.get("authors") or []), *(facts.get("maintainers") or [])])
                    if pair[0]
                ),
                None,
            ),
            where,
        )
        requires = facts.get("requires-python")
        take("requires", requires.strip() if isinstance(requires, str) else "", where)
        take("classifiers", [item for item in strings(facts.get("classifiers")) if item], where)
        urls = facts.get("urls")
        urls = [*urls.values()] if isinstance(urls, dict) else lines(urls) if isinstance(urls, str) else []
        take("urls", [str(url) for url in (*urls, facts.get("homepage"), facts.get("repository")) if url], where)
        licence = facts.get("license")
        if isinstance(licence, dict):
            licence = licence.get("text") or project.text(str(licence.get("file")))
        take("licence", recognised(licence if isinstance(licence, str) else ""), where)
    licences = [item for item in found.get("classifiers", [[]])[0] if item.startswith("License ::")]
    by_text = [
        (recognised(project.text(path)), path)
        for path in project.paths
        if re.match(r"(?i)(licen[sc]e|copying)[^/]*$", path)
    ]
    take("licence", recognised(licences[0].rpartition(":: ")[2]) if len(licences) == 1 else "", "classifiers")
    if len(by_text) == 1:
        take("licence", *by_text[0])
    return Metadata(**found)


def recognised(text):
    """Return the licence that a name or a text stands for, if it is one of the template's, else nothing."""
    text = " ".join(re.sub(r"[^\w.,()/ -]", " ", text).split()).lower()
    found = [name for name, pattern in NAMES.items() if re.fullmatch(pattern, text)]
    found = found or [name for name, pattern in TEXTS.items() if re.search(pattern, text)]
    return found[0] if len(found) == 1 else ""
