"""The documents and the workflow pass their official validators, and these would find what is wrong with them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from functions.local.contracts.documents import ROOT
from tests.contracts.fitting import CONTRACTS
from tests.contracts.judges import judge

SCHEMAS = sorted(str(path) for path in CONTRACTS.glob("schemas/*.json"))
EXAMPLES = {
    "comparison.started": "parity.comparison.started.v1",
    "comparison.finished": "parity.comparison.finished.v1",
    "request.invalid": "parity.request.invalid.v1",
    "delivery.failed": "parity.delivery.failed.v1",
    "request": "request.webhook.v1",
}


def test_the_documents_pass_ajv_the_openapi_schema_and_the_asyncapi_parser() -> None:
    instances = [
        {"schema": CONTRACTS / f"schemas/{schema}.json", "path": ROOT / f"events/{name}.json"}
        for name, schema in EXAMPLES.items()
    ]
    found = judge(
        schemas=SCHEMAS,
        instances=instances,
        openapi=CONTRACTS / "openapi.json",
        asyncapi=CONTRACTS / "asyncapi.json",
    )
    assert len(found) == len(SCHEMAS) + len(EXAMPLES) + 2
    assert {path: told for path, told in found.items() if told} == {}


def spoilt(path: Path, folder: Path, *place: str, value: Any) -> Path:
    """A copy of a document with one thing wrong, beside the schemas that it refers to."""
    document = json.loads(path.read_text())
    holder = document
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    copy = folder / path.name
    copy.write_text(json.dumps(document))
    return copy


def test_a_document_with_something_wrong_does_not_pass(tmp_path: Path) -> None:
    (tmp_path / "schemas").symlink_to(CONTRACTS / "schemas")
    schema = spoilt(CONTRACTS / "schemas/poll.message.v1.json", tmp_path, "properties", "step", "type", value="number!")
    event = spoilt(ROOT / "events/comparison.finished.json", tmp_path, "data", "verdict", value="fine")
    responses = ("paths", "/comparisons", "get", "responses")
    openapi = spoilt(CONTRACTS / "openapi.json", tmp_path, *responses, value={"200": {"content": {}}})
    binding = ("channels", "polls", "bindings", "sqs", "queue")
    asyncapi = spoilt(CONTRACTS / "asyncapi.json", tmp_path, *binding, value={"fifoQueue": "no"})
    finished = CONTRACTS / "schemas/parity.comparison.finished.v1.json"
    found = judge(
        schemas=[schema, finished], instances=[{"schema": finished, "path": event}], openapi=openapi, asyncapi=asyncapi
    )
    assert {path for path, told in found.items() if told} == {*map(str, (schema, event, openapi, asyncapi))}


def test_a_reference_that_leads_nowhere_does_not_pass(tmp_path: Path) -> None:
    (tmp_path / "schemas").symlink_to(CONTRACTS / "schemas")
    place = ("paths", "/comparisons", "get", "responses", "401")
    openapi = spoilt(CONTRACTS / "openapi.json", tmp_path, *place, value={"$ref": "#/components/responses/Nowhere"})
    assert judge(openapi=openapi)[str(openapi)] != []


def test_the_github_workflow_passes_githubs_own_parser(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    bad = tmp_path / "bad.yml"
    good = ROOT / "events/snippets/github-actions.yml"
    bad.write_text(good.read_text().replace("needs: compare", "needs: compares"))
    found = judge(workflows=[good, bad])
    assert found[str(good)] == []
    assert found[str(bad)] != []
    record_property("github-actions.yml: form", "checked by GitHub's @actions/workflow-parser")
