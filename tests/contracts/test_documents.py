"""The committed documents are what is made of the models now, and describe every door, queue and answer."""

import json
import re
from typing import Any

from functions.local.contracts.catalogue import ADDITIVE, SCHEMAS
from functions.local.contracts.documents import COMMAND, FOLDER, ROOT, documents, text_of, write
from functions.local.template_yaml import read_yaml
from tests.contracts.fitting import CONTRACTS, complaints

RESOURCES = read_yaml(ROOT / "template.yaml")["Resources"]
OPENAPI: dict[str, Any] = json.loads((CONTRACTS / "openapi.json").read_text())
ASYNCAPI: dict[str, Any] = json.loads((CONTRACTS / "asyncapi.json").read_text())


def test_the_committed_documents_are_those_that_are_made_now() -> None:
    made = {path: text_of(document) for path, document in documents().items()}
    lying = {file.relative_to(CONTRACTS).as_posix(): file.read_text() for file in CONTRACTS.rglob("*.json")}
    wrong = sorted(path for path in made.keys() | lying.keys() if made.get(path) != lying.get(path))
    assert not wrong, f"{FOLDER}: {', '.join(wrong)} differ from what is made now; run `{COMMAND}`"


def test_writing_tells_what_has_changed_and_removes_what_is_no_document_any_more(tmp_path: Any) -> None:
    for name in ("pyproject.toml", "template.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    (tmp_path / "events").symlink_to(tmp_path / "own")
    (tmp_path / "own").mkdir()
    for file in (ROOT / "events").glob("*.json"):
        (tmp_path / "own" / file.name).write_text(file.read_text())
    assert write(tmp_path) == sorted(documents())
    assert write(tmp_path) == []
    (tmp_path / FOLDER / "schemas/old.v1.json").write_text("{}")
    (tmp_path / FOLDER / "openapi.json").write_text("{}")
    assert write(tmp_path) == ["openapi.json", "schemas/old.v1.json"]
    assert not (tmp_path / FOLDER / "schemas/old.v1.json").exists()


def test_every_schema_names_itself_with_its_version_and_the_rule_of_changes() -> None:
    for described in SCHEMAS:
        document = json.loads((CONTRACTS / described.file).read_text())
        assert re.fullmatch(r"urn:parity:schema:[a-z._]+\.v\d+", document["$id"])
        assert document["description"].endswith(ADDITIVE)


def routes() -> set[str]:
    """The routes of the template's API: method and path."""
    events = [event for r in RESOURCES.values() for event in r.get("Properties", {}).get("Events", {}).values()]
    return {
        f"{event['Properties']['Method'].lower()} {event['Properties']['Path']}"
        for event in events
        if event["Type"] == "HttpApi"
    }


def test_every_route_of_the_template_is_described() -> None:
    described = {
        f"{method} {path}"
        for path, methods in OPENAPI["paths"].items()
        for method in methods.keys() - {"parameters", "summary", "description"}
    }
    assert described == routes()


def test_every_queue_that_takes_messages_and_the_topic_are_described_as_the_template_makes_them() -> None:
    queues = {
        channel["bindings"]["sqs"]["queue"]["name"]: channel["bindings"]["sqs"]
        for channel in ASYNCAPI["channels"].values()
        if "sqs" in channel["bindings"]
    }
    fed = {
        name for name, r in RESOURCES.items() if r["Type"] == "AWS::SQS::Queue" and "RedrivePolicy" in r["Properties"]
    }
    # What waits in this one is the event of AWS DMS, described by AWS.
    assert queues.keys() == fed - {"DmsQueue"}
    for name, binding in queues.items():
        assert binding["queue"]["visibilityTimeout"] == RESOURCES[name]["Properties"]["VisibilityTimeout"]
        assert RESOURCES[binding["deadLetterQueue"]["name"]]["Type"] == "AWS::SQS::Queue"
    assert RESOURCES[ASYNCAPI["channels"]["results"]["bindings"]["sns"]["name"]]["Type"] == "AWS::SNS::Topic"


def test_every_event_that_the_functions_publish_has_a_message() -> None:
    source = "".join(file.read_text() for file in (ROOT / "functions/pipeline").glob("*.py"))
    published = set(re.findall(r'^[A-Z_]+ = "(parity\.[a-z.]+\.v\d)"', source, re.MULTILINE))
    assert len(published) >= 4
    assert published == {
        ASYNCAPI["components"]["messages"][name]["name"] for name in ASYNCAPI["channels"]["results"]["messages"]
    }


def test_the_examples_fit_the_schemas_that_they_are_examples_of() -> None:
    shown = 0
    for message in ASYNCAPI["components"]["messages"].values():
        for example in message.get("examples", []):
            shown += 1
            assert complaints(example["payload"], message["name"]) == []
    asked = OPENAPI["paths"]["/comparisons"]["post"]["requestBody"]["content"]["application/json"]
    told = OPENAPI["paths"]["/triggers/{source}"]["post"]["requestBody"]["content"]["application/cloudevents+json"]
    for described, name in ((asked, "request.webhook.v1"), (told, "request.cloudevent.v1")):
        for example in described["examples"].values():
            shown += 1
            assert complaints(example["value"], name, closed=False) == []
    assert shown >= 7


def test_every_refusal_is_a_problem_document_and_every_answer_has_a_schema() -> None:
    for path, methods in OPENAPI["paths"].items():
        for method in methods.keys() - {"parameters"}:
            for status, answer in methods[method]["responses"].items():
                (kind,) = answer["content"]
                gateway = answer["content"][kind]["schema"]["$ref"].endswith("GatewayRefusalV1")
                refused = int(status) >= 400 and not gateway
                assert kind == ("application/problem+json" if refused else "application/json"), (method, path, status)
