"""L3, P8: the pipeline of an adopted repository runs beside its own, for an application of flat modules."""

import pytest
from adoptions import adopted_fixture, origin_fixture, repository_fixture  # noqa: F401 # fixtures
from pipelines import start
from test_pipeline import verdicts

pytestmark = pytest.mark.slow
# Nothing builds it; modules and files have names that the template's programs and files have too.
APPLICATION = {
    "src/engine.py": "def go(x):\n    return x + 1\n",
    "src/settings.py": "from engine import go\n\n\ndef run():\n    return go(2)\n",
    "src/tests/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef three():\n    return 3\n",
    "src/tests/unit/test_engine.py": "from engine import go\n\n\ndef test_go():\n    assert go(1) == 2\n",
    "src/tests/unit/test_settings.py": "import settings\n\n\ndef test_it(three):\n    assert settings.run() == three\n",
    "conf/requirements.txt": "iniconfig\npytest\n",
    ".github/workflows/ci.yml": "on: push\njobs:\n  a:\n    runs-on: x\n    steps: []\n",
    "environment.yml": "name: theirs\ndependencies: [python]\n",
    "noxfile.py": "import nox\n\n\n@nox.session\ndef mine(session):\n    pass\n",
    ".gitignore": "coverage*\n*.pyc\n",
    "README.md": "# Application\n",
}


def test_pipeline_of_an_application_of_flat_modules(adopted, tmp_path):
    """L3, P8, C7: green from the first push: tests and coverage of its modules, no wheel, lint that only reports."""
    project, told = adopted(APPLICATION, python_versions="3.13")
    assert "source src, by its folders" in told
    assert "\niniconfig\n" in (project / "conf/quality-requirements.txt").read_text(encoding="utf-8")
    done = start(project, tmp_path, workflow="quality-ci.yml")
    assert verdicts(done)[0] != "fail", done.end
    assert {name: job.result for name, job in done.jobs.items() if job.result != "success"} == {
        "integration": "skipped"
    }
    assert "| unit | 2 | 0 | 0 | 0 |" in done.jobs["test"].summary
    assert "| src/engine.py |  | 100.00 |" in done.jobs["coverage"].summary
    assert "| src/settings.py |  | 100.00 |" in done.jobs["coverage"].summary
    assert "No wheel: nothing says how" in done.jobs["build"].log
    assert not list(done.artifacts.glob("dist"))
