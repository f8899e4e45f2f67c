"""What the operations of the HTTP API have in common: headers, proofs, answers, refusals."""

from functions.local.contracts.catalogue import BY_NAME
from functions.local.contracts.rendering import Json

RETRY_AFTER = {
    "Retry-After": {"description": "Seconds after which to ask again.", "schema": {"type": "integer", "minimum": 1}}
}
LOCATION = {
    "Location": {
        "description": "The comparison, relative to the API.",
        "schema": {"type": "string", "pattern": "^/comparisons/cmp_[0-9a-f]{32}$"},
    }
}
TRACEPARENT = {
    "name": "traceparent",
    "in": "header",
    "description": "The caller's trace (W3C Trace Context): it is in the comparison's events, and with the webhooks "
    "that are told of it. One that can't be read counts as none.",
    "schema": {"type": "string"},
}
_BY_GATEWAY = {
    "429": ("Too many requests for the API; send the same again after a pause.", "answer.gateway_refusal.v1"),
    "500": ("Something failed before an answer; send the same again after a pause.", "answer.gateway_refusal.v1"),
}
TOKEN: list[Json] = [{"token": []}]
SIGNED: list[Json] = [{"webhook-id": [], "webhook-timestamp": [], "webhook-signature": []}]
FOLLOWING = {
    operation: {
        "operationId": operation,
        "parameters": {"comparison_id": "$response.body#/comparison_id"},
        "description": description,
    }
    for operation, description in (
        ("getComparison", "Ask for its state and verdict."),
        ("cancelComparison", "Stop it."),
    )
}


def schema(name: str) -> Json:
    """A reference to a message's schema."""
    return {"$ref": f"#/components/schemas/{BY_NAME[name].component}"}


def answer(description: str, name: str, **more: Json) -> Json:
    """An answer with the message `name`; `more` are headers and links."""
    content = {"application/json": {"schema": schema(name)}}
    return {"description": description, "content": content} | {key: value for key, value in more.items() if value}


def problems(described: dict[str, str], retry: set[str]) -> Json:
    """Refusals of the functions as problem documents, and those of the gateway in its own shape."""
    refused = {
        status: {
            "description": text,
            "content": {"application/problem+json": {"schema": schema("answer.problem.v1")}},
            **({"headers": RETRY_AFTER} if status in retry else {}),
        }
        for status, text in described.items()
    }
    by_gateway = {status: answer(text, schema) for status, (text, schema) in _BY_GATEWAY.items()}
    return dict(sorted((refused | by_gateway).items()))
