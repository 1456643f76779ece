"""Small changes to the text of a workflow; all that is not named here stays as it was written, byte for byte."""

import json
import re
from collections.abc import Iterator

import yaml

EXPRESSION = re.compile(r"\$\{\{.*?\}\}|^ *if:.*$", re.MULTILINE)
COLLECTOR = "_results"
COLLECT = """
{pad}{id}:
{pad}  if: always()
{pad}  needs: {needs}
{pad}  runs-on: {runner}
{pad}  steps:
{pad}  - shell: bash
{pad}    env: {{NEEDS: "${{{{ toJSON(needs) }}}}"}}
{pad}    run: printf '%s' "$NEEDS" > "$CI_TEMPLATE_RUN/needs.json"
"""


def job_nodes(text: str) -> yaml.MappingNode:
    return next(value for key, value in yaml.compose(text).value if key.value == "jobs")


def needed(job: dict) -> list[str]:
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else needs


def closure(jobs: dict, job: str | None) -> list[str]:
    """The jobs that run, in the file's order: all, or the chosen one and what it needs."""
    if job is None:
        return list(jobs)
    chosen = {job, *(name for need in needed(jobs[job]) for name in closure(jobs, need))}
    return [name for name in jobs if name in chosen]


def with_collector(text: str, selected: list[str], runner: str) -> str:
    """Append a job that hands out the results and outputs as every later job sees them."""
    jobs = job_nodes(text)
    pad, end = " " * jobs.start_mark.column, jobs.end_mark.index
    job = COLLECT.format(pad=pad, id=COLLECTOR, needs=json.dumps(selected), runner=runner)
    return text[:end].rstrip() + job + text[end:]


def nodes(node: yaml.Node) -> Iterator[yaml.Node]:
    yield node
    inner = [item for pair in node.value for item in pair] if isinstance(node, yaml.MappingNode) else node.value
    for child in inner if isinstance(node, yaml.CollectionNode) else []:
        yield from nodes(child)


def without_anchors(text: str) -> str:
    """Write what each alias stands for in its place, as JSON, which is YAML too."""
    found = {node.start_mark.index: node for node in nodes(yaml.compose(text))}
    values, edits = {}, []
    for event in yaml.parse(text):
        name, start = getattr(event, "anchor", None), event.start_mark.index
        if isinstance(event, yaml.AliasEvent):
            edits.append((start, event.end_mark.index, values[name]))
        elif name:
            values[name] = json.dumps(yaml.SafeLoader("").construct_document(found[start]))
            edits.append((start, start + len(name) + 1, ""))
    for start, end, new in reversed(edits):
        text = text[:start] + new + text[end:]
    return text


def with_needs(text: str, needs: dict[str, dict], runner: str) -> str:
    """Let jobs end as told, by stubs, and show jobs that need only those exactly `needs`.

    act cannot cancel one job; without this no test could see how a gate treats a cancelled one. Anchors are resolved
    first: a job that goes may hold what others repeat.
    """
    text = without_anchors(text)
    jobs = yaml.safe_load(text)["jobs"]
    for key, body in reversed(job_nodes(text).value):
        start, old = body.start_mark.index, text[body.start_mark.index : body.end_mark.index]
        if key.value in needs:
            result = needs[key.value]["result"]
            stub = {"runs-on": runner, "steps": [{"run": f"exit {int(result != 'success')}"}]}
            stub |= {"outputs": needs[key.value].get("outputs", {})}
            new = json.dumps(stub | ({"if": "false"} if result == "skipped" else {})) + old[len(old.rstrip()) :]
        elif needed(jobs[key.value]) and set(needed(jobs[key.value])) <= set(needs):
            new = EXPRESSION.sub(lambda m: re.sub(r"\bneeds\b", "fromJSON(vars.CI_TEMPLATE_NEEDS)", m[0]), old)
        else:
            continue
        text = text[:start] + new + text[start + len(old) :]
    return text
