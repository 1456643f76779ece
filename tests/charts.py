"""Charts of documents as Mermaid reads them, with which GitHub draws them."""

import json

import yaml
from conftest import CACHE, run
from healths import charts
from pipelines import openapi


def read(texts, tmp_path):
    """Return what each chart holds, or {"error": text} of one that cannot be drawn."""
    (tmp_path / "charts.json").write_text(json.dumps(texts), encoding="utf-8")
    folder = openapi.installed(CACHE)
    answer = run(openapi.NODE / "bin/node", folder / "chart.mjs", tmp_path / "charts.json", cwd=folder)
    return json.loads(answer.stdout)


def check_pipeline(text, workflow, tmp_path):
    """Fail if the first chart of a document does not show the jobs of a workflow, by their names, and what each needs.

    What stands in brackets, on either side, is not compared.
    """
    (chart,) = read(charts(text)[:1], tmp_path)
    assert "error" not in chart, chart["error"]
    jobs = yaml.safe_load(workflow)["jobs"]
    needs = {id: job.get("needs", []) for id, job in jobs.items()}
    edges = [(need, id) for id, found in needs.items() for need in ([found] if isinstance(found, str) else found)]
    shown = [tuple(edge) for edge in chart["edges"]]
    assert sorted(shown) == sorted(edges), f"the chart has {sorted(shown)}, needs are {sorted(edges)}"
    names = {id: job["name"].partition(" (")[0] for id, job in jobs.items()}
    titles = {id: name.partition(" (")[0] for id, name in chart["names"].items()}
    assert titles == names, f"the chart has {titles}, the jobs are {names}"
