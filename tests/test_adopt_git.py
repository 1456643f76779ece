"""L3, R1: what adoption adds gets into git, whatever the rules and settings of git are."""

import pytest
from adoptions import adopted_fixture, contents, origin_fixture, repository_fixture, verified, write  # noqa: F401 # fixtures
from conftest import record, run
from test_adopt import OWN, check

pytestmark = pytest.mark.slow


def test_rules_of_gitignore_lose_no_file(adopted, repository):
    """L3: rules of the project, of the machine and of the clone; none is added that matches a file in git."""
    rules = "coverage*\ntools/\n*.yml\n.github\n# end"
    project = repository(OWN | {".gitignore": rules})
    write(project, {".vscode/settings.json": "{}\n", "../excludes": "*.toml\nenvironment.yml\n"})
    run("git", "add", "--force", ".vscode", cwd=project)
    record(project, "editor")
    run("git", "config", "core.excludesFile", project / "../excludes", cwd=project)
    write(project, {".git/info/exclude": "noxfile.py\n", "tools/secret.env": "", "tools/checks/mine": ""})
    adopted(project)
    check(project, "HEAD~2")
    text = (project / ".gitignore").read_text(encoding="utf-8")
    assert text.startswith(rules)
    assert "!/tools\n" in text and "!/.github\n" in text and "!/environment.yml" in text
    assert ".vscode/" not in text and ".idea/" in text
    listed = contents(project, "HEAD").keys()
    assert {
        "tools/coverage_gate.py",
        ".github/workflows/ci.yml",
        "noxfile.py",
        "environment.yml",
    } <= listed
    ignored = run(
        "git",
        "-c",
        "core.excludesFile=/dev/null",
        "check-ignore",
        "--no-index",
        "tools/quality/wheels.py",
        ".codecov.yml",
        cwd=project,
        check=False,
    )
    assert ignored.stdout == ""


def test_settings_and_hooks_of_git_do_not_matter(adopted, repository, tmp_path):
    """L3, R1: hooks do not run, nothing is signed, templates are not used; line ends are as the project wants them."""
    project = repository(OWN | {".gitattributes": "* text eol=crlf\n", ".gitignore": "*.pyc\n"})
    for name in ("pre-commit", "commit-msg", "post-checkout", "prepare-commit-msg"):
        write(project, {f".git/hooks/{name}": f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n"})
        (project / f".git/hooks/{name}").chmod(0o755)
    write(tmp_path, {"template.txt": "Subject\n"})
    for setting in (
        "commit.gpgSign=true",
        "gpg.program=false",
        "core.safecrlf=true",
        f"commit.template={tmp_path}/template.txt",
    ):
        run("git", "config", *setting.split("="), cwd=project)
    adopted(project)
    assert not (tmp_path / "ran").exists()
    check(project, "HEAD~2")
    assert b"\r\n" in (project / "tools/quality/settings.py").read_bytes()
    assert verified(project).endswith("0 problems\n")
    assert (
        run("git", "log", "-1", "--format=%s %an", cwd=project).stdout == "Merge the settings of ci-template Tester\n"
    )
