"""The schema of a request: the model's own, and what the fields of a request say of each other."""

from functions.local.contracts.rendering import Json, schema_of
from functions.pipeline.messages import Request
from functions.pipeline.triggers.cloudevents import EVENTS

_GIVEN = {"type": "array", "minItems": 1}
_QUICK = {"properties": {"compare_mode": {"const": "quick_comparison"}}, "required": ["compare_mode"]}
_NAMED = {"properties": {"compare_object_infos": _GIVEN}, "required": ["compare_object_infos"]}
_NAMED_WITH_TOKEN = {
    "properties": {"compare_object_infos_with_token": _GIVEN},
    "required": ["compare_object_infos_with_token"],
}
_OBJECTS = {
    "properties": {"object_level_compare_type": {"const": "objects"}},
    "required": ["object_level_compare_type"],
}
_DATA = {"properties": {"data_level_compare_info": {"type": "object"}}, "required": ["data_level_compare_info"]}
_CONTENTS = {
    "properties": {
        "data_level_compare_info": {
            "type": "object",
            "properties": {"compare_type": {"const": "contents"}},
            "required": ["compare_type"],
        }
    },
    "required": ["data_level_compare_info"],
}
#: Epoch milliseconds, epoch seconds, or a date and a time; whether it can be read is told by the answer.
_START = r"^([0-9]{13}|[0-9]{10}|[0-9]{4}-?[0-9]{2}-?[0-9]{2}[T ].+)$"


def webhook_request() -> Json:
    """The body of `POST /comparisons`: its id is the signed `webhook-id`, so that it has no `request_id`."""
    schema = _request()
    del schema["properties"]["request_id"]
    return schema


def queued_request() -> Json:
    """A message of the `requests` queue: the same request, which names itself."""
    schema = _request()
    schema["properties"]["request_id"] = schema["properties"]["request_id"]["anyOf"][0] | {
        "description": "The idempotency key: the same id is the same comparison."
    }
    schema["required"] = [*schema["required"], "request_id"]
    return schema


def cloud_event() -> Json:
    """A CloudEvent that a source of the triggers' door delivers: its `data` is the request."""
    request = webhook_request()
    text = {"type": "string", "minLength": 1}
    return {
        "description": "A CloudEvent in structured JSON whose data asks for a comparison; source and id are its id.",
        "$defs": request.pop("$defs") | {"Request": request},
        "type": "object",
        "properties": {
            "specversion": {"type": "string", "const": "1.0"},
            "id": text,
            "source": text,
            "type": {**text, "description": f"{EVENTS[0]}, unless the source is configured for others."},
            "data": {"$ref": "#/$defs/Request"},
        },
        "required": ["specversion", "id", "source", "type", "data"],
    }


def _request() -> Json:
    schema = schema_of(Request, "read")
    schema["properties"]["job_id"]["not"] = {"enum": [".", ".."]}
    schema["anyOf"] = [_OBJECTS, _DATA]
    schema["not"] = {"allOf": [_OBJECTS, _CONTENTS]}
    data = schema["$defs"]["DataLevelCompareInfo"]
    data["properties"]["start_time"]["anyOf"][0]["pattern"] = _START
    data["anyOf"] = [_QUICK, _NAMED, _NAMED_WITH_TOKEN]
    data["not"] = {"allOf": [_NAMED, _NAMED_WITH_TOKEN]}
    return schema
