"""What breaks callers of the release before is found, and what doesn't is left alone."""

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from functions.local.contracts.breaking import breaks
from functions.local.contracts.documents import FOLDER, ROOT, documents
from functions.local.contracts.released import breaks_of_document, breaks_since, last_tag

OLD: dict[str, Any] = {
    "$defs": {
        "Row": {
            "type": "object",
            "properties": {"key": {"type": "string"}, "n": {"type": "integer"}},
            "required": ["key"],
        }
    },
    "type": "object",
    "properties": {
        "id": {"type": "string", "maxLength": 10, "pattern": "^a"},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "count": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
        "rows": {"type": "array", "items": {"$ref": "#/$defs/Row"}, "maxItems": 5},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["id"],
}


def new(*path: Any, value: Any) -> dict[str, Any]:
    """The old schema with one thing changed; None takes it away."""
    schema = copy.deepcopy(OLD)
    holder: Any = schema
    for step in path[:-1]:
        holder = holder[step]
    if value is None:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return schema


BOTH = [
    (new("properties", "rows", value=None), "rows: the field is gone"),
    (new("$defs", "Row", "properties", "n", value=None), "rows[].n: the field is gone"),
    (new("properties", "kind", "enum", value=["a"]), "kind: the value 'b' is gone"),
    (new("properties", "id", "type", value="integer"), "id: was string, is integer"),
    (new("$defs", "Row", "properties", "n", "type", value="string"), "rows[].n: was integer, is string"),
    (new("properties", "labels", "additionalProperties", "type", value="integer"), "labels.*: was string, is integer"),
    (new("properties", "id", "pattern", value="^b"), "id: pattern has changed"),
    (new("not", value={"required": ["kind"]}), "the message: not has changed"),
]
READ = [
    (new("required", value=["id", "kind"]), "kind: has become required"),
    (new("$defs", "Row", "required", value=["key", "n"]), "rows[].n: has become required"),
    (new("properties", "id", "maxLength", value=9), "id: maxLength was 10, is 9"),
    (new("properties", "count", value={"type": "integer", "minimum": 0}), "count: was null, is integer"),
    (new("properties", "count", "anyOf", 0, "minimum", value=1), "count: minimum was 0, is 1"),
    (new("additionalProperties", value=False), "the message: what else it may hold has changed"),
    (new("properties", "count", value={"type": "string"}), "count: was null, is string"),
]
WRITTEN = [
    (new("required", value=[]), "id: may be missing now"),
    (new("properties", "id", "maxLength", value=11), "id: maxLength was 10, is 11"),
    (new("properties", "rows", "maxItems", value=None), "rows: maxItems was 5, is open"),
    (new("$defs", "Row", "properties", "n", "type", value="number"), "rows[].n: was integer, is integer or number"),
    (
        new("properties", "kind", value={"anyOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "null"}]}),
        "kind: was string, is null",
    ),
]
HARMLESS = [
    OLD,
    new("properties", "more", value={"type": "string"}),
    new("$defs", "Row", "properties", "more", value={"type": "string"}),
    new("properties", "kind", "enum", value=["a", "b", "c"]),
    new("properties", "id", "description", value="Its name."),
    new("title", value="Another title"),
]


@pytest.mark.parametrize(("changed", "told"), BOTH + READ)
def test_what_breaks_those_who_send_to_parity_is_found(changed: dict[str, Any], told: str) -> None:
    assert told in breaks(OLD, changed, "read")


@pytest.mark.parametrize(("changed", "told"), BOTH + WRITTEN)
def test_what_breaks_those_who_read_from_parity_is_found(changed: dict[str, Any], told: str) -> None:
    assert told in breaks(OLD, changed, "written")


@pytest.mark.parametrize("changed", HARMLESS)
def test_additions_break_nobody(changed: dict[str, Any]) -> None:
    assert breaks(OLD, changed, "read") == breaks(OLD, changed, "written") == []


@pytest.mark.parametrize("changed", [changed for changed, _ in WRITTEN])
def test_whoever_sends_is_not_broken_by_being_allowed_more(changed: dict[str, Any]) -> None:
    assert breaks(OLD, changed, "read") == []


@pytest.mark.parametrize("changed", [changed for changed, _ in READ[:5]])
def test_whoever_reads_is_not_broken_by_being_promised_more(changed: dict[str, Any]) -> None:
    assert breaks(OLD, changed, "written") == []


def test_todays_schemas_break_nothing_of_themselves() -> None:
    for path, document in documents().items():
        assert breaks_of_document(path, document, document) == []


def test_a_lost_path_status_parameter_or_message_is_found() -> None:
    made = documents()
    openapi, asyncapi = copy.deepcopy(made["openapi.json"]), copy.deepcopy(made["asyncapi.json"])
    del openapi["paths"]["/comparisons/{comparison_id}"]["delete"]
    del openapi["paths"]["/comparisons"]["post"]["responses"]["202"]
    openapi["paths"]["/comparisons"]["get"]["parameters"].pop()
    openapi["paths"]["/comparisons"]["get"]["parameters"].append({"name": "page", "required": True, "schema": {}})
    del asyncapi["channels"]["results"]["messages"]["started"]
    assert sorted(breaks_of_document("openapi.json", made["openapi.json"], openapi)) == [
        "DELETE /comparisons/{comparison_id}: is gone",
        "GET /comparisons: the parameter next is gone",
        "GET /comparisons: the parameter page has become required",
        "POST /comparisons: 202 is gone",
    ]
    assert breaks_of_document("asyncapi.json", made["asyncapi.json"], asyncapi) == [
        "results: the message started is gone"
    ]
    assert breaks_of_document("schemas/poll.message.v1.json", {}, None) == ["the document is gone"]


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_a_release_is_compared_with_its_tag(tmp_path: Path) -> None:
    file = tmp_path / FOLDER / "schemas/poll.message.v1.json"
    file.parent.mkdir(parents=True)
    today = documents()
    released = copy.deepcopy(today["schemas/poll.message.v1.json"])
    released["properties"]["wave"] = {"type": "string"}
    file.write_text(json.dumps(released))
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "First")
    assert last_tag(tmp_path) is None
    git(tmp_path, "tag", "v1")
    assert last_tag(tmp_path) == "v1"
    assert breaks_since(tmp_path, "v1", today) == ["schemas/poll.message.v1.json: wave: the field is gone"]


def test_nothing_breaks_callers_of_the_last_release() -> None:
    tag = last_tag(ROOT)
    if tag is None:
        pytest.skip("no release is tagged yet: the contracts are compared with nothing")
    assert breaks_since(ROOT, tag, documents()) == []
