"""Look for known vulnerabilities of the packages that the project's environment holds, by pip-audit.

Usage: python tools/audit.py --list        write what is installed to reports/audit/packages.txt, with its exact versions
       python tools/audit.py [--issues]    audit what is written there; --issues, or AUDIT_ISSUES=true,
                                            keeps one issue of what is found
Exit codes: 0 nothing found, packages that cannot be judged are only named; 1 vulnerabilities, or one that is ignored and
that nothing has; 2 nothing could be judged (no network, no list).
PIP_AUDIT_VULNERABILITY_SERVICE and other variables of pip-audit say whom to ask: https://pypi.org/project/pip-audit
"""

import argparse
import json
import os
import re
import subprocess  # nosec B404 # runs pip-audit only
import sys
import tempfile
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any, NamedTuple

from quality import repository, settings
from quality.github.issues import keep, unless_off
from quality.repository import Unusable

ROOT = Path.cwd()
PACKAGES = "reports/audit/packages.txt"
IGNORE = "tool.quality-gate.audit.ignore"
HOW = f"""
The newest versions are audited that all bounds allow. Where one is fixed, a bound holds it back, in `pyproject.toml` or of
another package: widen it there and run `{{nox}}`, or wait for that package. What does no harm here is ignored, with the reason,
by lines in `pyproject.toml`:

```toml
[{IGNORE}]
"{{name}}" = "why it does no harm here"
```
"""


class Finding(NamedTuple):
    """A vulnerability of an installed package; `names` are all its names, the first is that of its report."""

    package: str
    version: str
    names: list[str]
    fixed: list[str]

    def row(self) -> list[str]:
        name = self.names[0]
        link = f"[{name}](https://osv.dev/vulnerability/{name})"
        return [self.package, self.version, link, ", ".join(self.fixed) or "not yet", ", ".join(self.names[1:])]


def installed() -> list[str]:
    """Return a line `name==version` for each package of this environment but the project itself."""
    return sorted({f"{found.name}=={found.version}" for found in distributions() if not is_folder(found)})


def is_folder(package: Distribution) -> bool:
    """Tell whether a package is code in a folder here: https://packaging.python.org/specifications/direct-url"""
    return "dir_info" in json.loads(package.read_text("direct_url.json") or "{}")


def ask(packages: Path) -> tuple[list[Finding], dict[str, str]]:
    """Return what is known of the packages, and why some could not be judged, by name; raises Unusable if none could."""
    options = ["--no-deps", "--disable-pip", "--format=json", "--aliases=on", "--desc=off", "--progress-spinner=off"]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "found.json")
        command = [sys.executable, "-m", "pip_audit", f"--requirement={packages}", *options, f"--output={output}"]
        done = subprocess.run(command, capture_output=True)  # nosec B603 # no shell
        # It writes nothing if it could not ask; its exit code is then the same as for vulnerabilities.
        if not output.exists():
            said = repository.decode(done.stderr).strip().splitlines() or ["nothing"]
            reasons = [line for line in said if re.match(r"ERROR:|[\w.]+: ", line)]  # of a traceback the last one with words
            raise Unusable(f"pip-audit could not ask for vulnerabilities: {(reasons or said)[-1]}")
        found: list[dict[str, Any]] = json.loads(output.read_bytes())["dependencies"]
    skipped = {package["name"]: package["skip_reason"] for package in found if "skip_reason" in package}
    if len(skipped) == len(found):
        raise Unusable(f"no package could be judged: {next(iter(skipped.values()), 'none is installed')}")
    return [
        Finding(package["name"], package["version"], [item["id"], *sorted(item["aliases"])], item["fix_versions"])
        for package in found
        for item in package.get("vulns", [])
    ], skipped


def report(findings: list[Finding], skipped: dict[str, str], reasons: dict[str, str]) -> tuple[str, int]:
    """Return a page about the audit and the number of its problems."""
    known = {name for finding in findings for name in finding.names}
    open_ones = [finding for finding in findings if not reasons.keys() & set(finding.names)]
    # A package that could not be judged may have it.
    stale = [] if skipped else sorted(reasons.keys() - known)
    lines = [f"## Audit: {len(open_ones)} known vulnerabilities"]
    if open_ones:
        lines += ["", "| Package | Version | Vulnerability | Fixed in | Also called |", "| --- | --- | --- | --- | --- |"]
        lines += [f"| {' | '.join(map(repository.cell, finding.row()))} |" for finding in open_ones]
        how = HOW.format(nox=repository.nox("dependencies", ROOT), name=open_ones[0].names[0])
        lines += how.rstrip().splitlines()
    for name in stale:
        lines += ["", f"`{name}` is ignored in `[{IGNORE}]`, and no package has it: remove the line."]
    for name in sorted(known & reasons.keys()):
        lines += ["", f"Ignored: `{name}`, {repository.cell(reasons[name])}"]
    for name, reason in skipped.items():
        lines += ["", f"Not judged: {name}: {repository.cell(reason)}"]
    return "\n".join(lines) + "\n", len(open_ones) + len(stale)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help=f"write the installed packages to {PACKAGES}")
    issues, told = os.environ.get("AUDIT_ISSUES") == "true", "keep one issue, open while something is found"
    parser.add_argument("--issues", action="store_true", default=issues, help=told)
    arguments, packages = parser.parse_args(), ROOT / PACKAGES
    if arguments.list:
        packages.parent.mkdir(parents=True, exist_ok=True)
        packages.write_text("".join(f"{line}\n" for line in installed()), encoding="utf-8")
        return 0
    if not packages.exists():
        raise Unusable(f"{PACKAGES}: is missing: run `{repository.nox('audit', ROOT)}`, which writes it")
    reasons, problems = settings.ignored(repository.read(ROOT, "pyproject.toml"))
    if problems:
        raise Unusable(f"pyproject.toml: {'; '.join(problems)}")
    findings, skipped = ask(packages)
    page, count = report(findings, skipped, reasons)
    print(page)
    repository.tell("GITHUB_STEP_SUMMARY", page)
    for name, reason in skipped.items():
        repository.annotate("warning", "Audit", f"{name} is not judged: {reason}")
    if arguments.issues:
        title, comment = f"Audit of dependencies: {count} problems", "" if count else "Nothing is found any more."
        with unless_off("Audit"):
            print(keep("audit", "audit", title, page, count > 0, comment) or "The issue is as it should be")
    return int(count > 0)


if __name__ == "__main__":
    repository.run(main, "Audit")
