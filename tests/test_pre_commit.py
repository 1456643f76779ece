"""P6: the rendered pre-commit configuration runs for real, with the real tools at the pinned revs."""

import re

import pytest
import yaml
from conftest import CACHE, TEMPLATE, run
from pipelines import hook_environment, mirrors

pytestmark = pytest.mark.slow
# tests/test_guides.py makes the first commit with the default answers.
VARIANTS = {
    "ruff": {
        "lint_tools": "ruff",
        "type_checking": "strict",
        "line_length": "88",
        "ci_speed": "fast",
        "license": "Apache-2.0",
    },
    "neither types nor branch": {"type_checking": "off", "develop_branch": "", "project_name": 'Ünï "q" \\ #: & 🎉'},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_first_commit_passes_and_changes_nothing(copy, variant):
    """With the git hook that generation has installed, and nothing else."""
    project = copy(**VARIANTS[variant])
    hooks = hook_environment(project)
    run("git", "add", "-A", cwd=project)
    before = run("git", "write-tree", cwd=project).stdout
    result = run("git", "commit", "-m", "Start from ci-template", cwd=project, **hooks)
    said = result.stdout + result.stderr
    assert "Failed" not in said
    for hook in ("check for added large files", "bandit", "zizmor", "verify project", "Validate Codecov config"):
        assert re.search(rf"^{hook}\.+(Passed|.*Skipped)$", said, re.M), said
    assert run("git", "rev-parse", "HEAD^{tree}", cwd=project).stdout == before
    assert run("git", "status", "--porcelain", cwd=project).stdout == ""
    run("pre-commit", "run", "--all-files", cwd=project, **hooks)


def test_a_bad_commit_is_refused_and_fixers_fix(copy):
    """P6, M2: large files, which only a commit shows, what an update left behind, and style, which is mended."""
    project = copy()
    hooks = hook_environment(project)
    module, large, rejected = (project / name for name in ("src/my_project/demo_mode.py", "large.txt", "README.md.rej"))
    text = module.read_text(encoding="utf-8")
    module.write_text(text.replace("import threading\n", "import  threading  \n"), encoding="utf-8")
    large.write_text("x" * 600_000 + "\n", encoding="utf-8")
    rejected.write_text("x\n", encoding="utf-8")
    run("git", "add", "-A", cwd=project)
    result = run("git", "commit", "-m", "bad", cwd=project, check=False, **hooks)
    assert result.returncode
    assert "large.txt (586 KB) exceeds 500 KB" in result.stdout + result.stderr
    assert "README.md.rej: is what an update could not apply" in result.stdout + result.stderr
    assert module.read_text(encoding="utf-8") == text
    large.unlink()
    rejected.unlink()
    run("git", "add", "-A", cwd=project)
    run("git", "commit", "-m", "good", cwd=project, **hooks)


def test_the_verification_has_what_it_needs_to_leave_out_what_coverage_omits(copy):
    """R2, P6: in the environment that pre-commit makes for it."""
    project = copy()
    (project / "src/my_project/generated.py").write_text("X = 1\n", encoding="utf-8")
    pyproject = project / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8").replace("branch = true", 'branch = true\nomit = ["*/generated.py"]')
    pyproject.write_text(text, encoding="utf-8")
    run("git", "add", "-A", cwd=project)
    run("pre-commit", "run", "verify-project", "--all-files", cwd=project, **hook_environment(project))


def test_autoupdate_moves_the_rev(copy):
    project = copy()
    black = "https://github.com/psf/black-pre-commit-mirror"
    run("pre-commit", "autoupdate", cwd=project, **hook_environment(project, {black: "26.11.0"}))
    repos = yaml.safe_load((project / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    revs = {repo["repo"]: repo.get("rev") for repo in repos}
    assert revs[black] == "26.11.0"
    assert revs["https://github.com/PyCQA/isort"] == "9.0.2"


def test_the_template_passes_its_own_hooks(tmp_path):
    """T3: on a clone, because hooks may change files."""
    run("git", "clone", "--quiet", TEMPLATE, tmp_path / "clone", cwd=tmp_path)
    run("pre-commit", "run", "--all-files", cwd=tmp_path / "clone", **hook_environment(TEMPLATE))


@pytest.mark.parametrize("tools", ["black+isort+flake8", "ruff"])
def test_pinned_revs_run_these_versions(copy, tools):
    """The mirrors would prove nothing if another version ran."""
    project = copy(lint_tools=tools)
    hooks = hook_environment(project)
    run("pre-commit", "install-hooks", cwd=project, **hooks)
    installed = {
        match[1].lower().replace("_", "-"): match[2]
        for path in mirrors.home(CACHE / "pre-commit").rglob("*.dist-info")
        if (match := re.fullmatch(r"(.+)-([^-]+)\.dist-info", path.name))
    }
    for repo in yaml.safe_load((project / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]:
        package = mirrors.TABLE.get(repo["repo"], {}).get("package")
        assert not package or installed[package] == repo["rev"].removeprefix("v")
