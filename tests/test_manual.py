"""D5, D6: what the manual says of the pipeline, in all speeds: its picture, its stages, its figures."""

import re
import sys

import charts
import pytest
import yaml
from conftest import TEMPLATE, find

sys.path.insert(0, str(TEMPLATE / "benchmarks"))
SPEEDS = ("thorough", "balanced", "fast")
EDGE = re.compile(r"^ +(\S+) (-->|-\.->) (\S+)$", re.M)
NODE = re.compile(r"^ +([a-z-]+)\W+(\w[^\])\"]*?)(?: \((.*)\))?\"?[\])]+$", re.M)


def read(path):
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="session", params=SPEEDS)
def project(request, render):
    return render(ci_speed=request.param)


def jobs_of(project):
    return yaml.safe_load(read(project / ".github/workflows/ci.yml"))["jobs"]


def picture(project):
    return find(r"```mermaid\n(.*?)```", read(project / "docs/ci_cd/CICD_MANUAL.md"), re.S)[1]


def test_picture_is_that_of_the_workflow(project):
    """D1, C2: an arrow for each `needs`, dotted if the job runs all the same; events where it runs on some only."""
    chart, names, arrows = picture(project), {}, set()
    for id, job in jobs_of(project).items():
        condition, needs = job.get("if", ""), job.get("needs", [])
        events = re.findall(r"event_name == '(\w+)'", condition)
        names[id] = (job["name"].partition(" (")[0], ", ".join(events))
        arrow = "-.->" if re.search(r"always\(\)|!cancelled\(\)", condition) else "-->"
        arrows |= {(need, arrow, id) for need in ([needs] if isinstance(needs, str) else needs)}
    assert set(EDGE.findall(chart)) == arrows
    assert {id: (name, events) for id, name, events in NODE.findall(chart)} == names


@pytest.mark.slow
def test_pictures_are_drawn(render, tmp_path):
    """D1: by Mermaid's own parser, which finds the arrows that the test above has found."""
    texts = [picture(render(ci_speed=speed)) for speed in SPEEDS]
    for text, chart in zip(texts, charts.read(texts, tmp_path), strict=True):
        assert "error" not in chart, chart["error"]
        assert sorted(map(tuple, chart["edges"])) == sorted((start, end) for start, _, end in EDGE.findall(text))


def test_stages_have_the_steps_and_limits_of_the_workflow(project):
    """D5: every step that has a name, under this name, in the section of its job; the nightly jobs too."""
    page = read(project / "docs/ci_cd/manual/stages.md")
    sections = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", page, re.M | re.S))
    for id, job in jobs_of(project).items():
        section = " ".join(sections[job["name"].partition(" (")[0]].split())
        assert find(r"Limit: (\d+) minutes", section)[1] == str(job["timeout-minutes"]), id
        steps = find(r"- \*\*Steps\*\*: (.*?) - \*\*", section)[1]
        named = {step["name"] for step in job["steps"] if "name" in step}
        assert set(re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", steps)) == named, id
    nightly = yaml.safe_load(read(project / ".github/workflows/nightly.yml"))["jobs"]
    rows = re.findall(r"^\| (\w[^|`]*?) \|", sections["Every night"], re.M)
    assert rows == [job["name"] for job in nightly.values()]


def test_wanted_times_are_the_goals_of_the_benchmark(render):
    """C10, X2."""
    from pipeline import GOALS, LONGEST_JOB

    for speed in SPEEDS:
        page = read(render(ci_speed=speed) / "docs/ci_cd/manual/stages.md")
        wanted = [find(rf"\| {what} \|.*\| (\d+) minutes \|", page)[1] for what in ("a job", "what one waits for.*?")]
        assert wanted == [f"{LONGEST_JOB:g}", f"{GOALS[speed]:g}"]


def test_figures_are_those_that_were_measured(project):
    """X2, D5: each pipeline and each lever of the template's benchmark, as its page has it."""
    text = read(TEMPLATE / "docs/SPEED.md")
    tables = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if " | " in line]
    pipelines = [[row[0], row[1], row[3]] for row in tables if len(row) == 7 and re.fullmatch(r"[\d.]+", row[1])]
    levers = [row for row in tables if len(row) == 3 and "→" in row[1]]
    assert len(pipelines) == 7 and len(levers) == 8
    page = read(project / "docs/ci_cd/manual/performance.md")
    shown = [[cell.strip() for cell in line.strip("|").split("|")][:3] for line in page.splitlines() if "|" in line]
    figures = [row for row in shown if re.match(r"[\d.]+", row[1])]
    assert sorted(figures) == sorted(pipelines + levers)
