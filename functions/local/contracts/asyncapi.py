"""The queues and the topic as AsyncAPI 3.0; their settings are read from the template."""

from collections.abc import Mapping
from typing import Any

from functions.local.contracts.catalogue import ADDITIVE, BY_NAME
from functions.local.contracts.examples import Examples
from functions.local.contracts.rendering import Json
from functions.pipeline.verdict import RANK

#: What a message is called, and the schema of its payload.
_MESSAGES = {
    "request": "request.message.v1",
    "poll": "poll.message.v1",
    "delivery": "delivery.message.v1",
    "started": "parity.comparison.started.v1",
    "finished": "parity.comparison.finished.v1",
    "invalid": "parity.request.invalid.v1",
    "deliveryFailed": "parity.delivery.failed.v1",
}
_EVENTS = ("started", "finished", "invalid", "deliveryFailed")
_QUEUES = {
    "requests": (
        "RequestsQueue",
        "The same request as the webhook's, for automation that speaks to queues.",
        ("request",),
    ),
    "polls": ("PollsQueue", "Parity's own: the next step of each comparison.", ("poll",)),
    "deliveries": (
        "DeliveriesQueue",
        "Parity's own: verdicts on their way to chats and webhooks, as the topic sends them and one by destination.",
        ("finished", "delivery"),
    ),
}


def asyncapi(release: str, examples: Examples, resources: Mapping[str, Any]) -> Json:
    """The document; `resources` are the template's."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Parity",
            "version": release,
            "description": (
                "Queues in, events out. Events are CloudEvents 1.0 in structured JSON, at most 64 KiB, as the message "
                f"of the topic; compare `id`, since each is delivered at least once. {ADDITIVE}"
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {name: _queue(*described, resources) for name, described in _QUEUES.items()}
        | {"results": _topic()},
        "operations": _operations(),
        "components": {"messages": {name: _message(name, schema, examples) for name, schema in _MESSAGES.items()}},
    }


def _queue(resource: str, description: str, messages: tuple[str, ...], resources: Mapping[str, Any]) -> Json:
    properties = resources[resource]["Properties"]
    redrive = properties["RedrivePolicy"]
    dead_letters = redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]
    binding = {
        "queue": {
            "name": resource,
            "fifoQueue": False,
            "visibilityTimeout": properties["VisibilityTimeout"],
            "receiveMessageWaitTime": properties["ReceiveMessageWaitTimeSeconds"],
            "messageRetentionPeriod": properties["MessageRetentionPeriod"],
            "redrivePolicy": {
                "deadLetterQueue": {"name": dead_letters},
                "maxReceiveCount": redrive["maxReceiveCount"],
            },
        },
        "deadLetterQueue": {
            "name": dead_letters,
            "fifoQueue": False,
            "messageRetentionPeriod": resources[dead_letters]["Properties"]["MessageRetentionPeriod"],
        },
    }
    return {
        "address": None,
        "description": f"{description} Its name is chosen by the deployment ({resource} in the stack).",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"sqs": binding},
    }


def _topic() -> Json:
    return {
        "address": None,
        "description": (
            "What Parity has to tell. Subscribe with a filter policy over the message attributes `type`, `verdict`, "
            "`job_id`, `project_id`, `audience`. Its ARN is the stack's output ResultsTopicArn."
        ),
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _EVENTS},
        "bindings": {"sns": {"name": "ResultsTopic"}},
    }


def _operations() -> Json:
    received = {"receiveRequest": ("requests", "A request becomes a comparison, or the event that it can't.")}
    received |= {"receivePoll": ("polls", "A step of a comparison: DRS is asked, and a verdict given or a step sent.")}
    received |= {"receiveDelivery": ("deliveries", "A verdict is told to a destination.")}
    sent = {"sendPoll": ("polls", "The next step."), "publishEvent": ("results", "What came of it.")}
    return {
        name: {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": told}
        for action, operations in (("receive", received), ("send", sent))
        for name, (channel, told) in operations.items()
    }


def _message(name: str, schema: str, examples: Examples) -> Json:
    described: Json = {
        "name": schema,
        "title": BY_NAME[schema].title,
        "contentType": "application/cloudevents+json" if name in _EVENTS else "application/json",
        "payload": {"$ref": f"./{BY_NAME[schema].file}"},
    }
    if name in _EVENTS:
        described["headers"] = _attributes(schema)
    if name == "request":
        described["headers"] = _TRACE
    if (found := _example(name, examples)) is not None:
        described["examples"] = [{"name": "real", "payload": found}]
    return described


_TRACE: Json = {
    "type": "object",
    "properties": {
        "traceparent": {
            "type": "string",
            "description": "Message attribute: the sender's trace (W3C Trace Context), which the events will name.",
        }
    },
}


def _attributes(kind: str) -> Json:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "Message attributes of the topic, to filter by; each only where it has a value.",
        "properties": {
            "type": {"type": "string", "const": kind},
            "verdict": {"type": "string", "enum": list(RANK)},
            **dict.fromkeys(("job_id", "project_id", "audience"), text),
        },
        "required": ["type"],
    }


def _example(name: str, examples: Examples) -> Any:
    match name:
        case "request":
            return examples.message("create")
        case "poll":
            return examples.message("poll")
        case "started" | "finished":
            return examples.body(f"comparison.{name}")
        case "invalid":
            return examples.body("request.invalid")
        case "deliveryFailed":
            return examples.body("delivery.failed")
    return None
