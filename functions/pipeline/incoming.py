"""The messages of the two queues as they arrive: text in, checked values out. Who may replay them asks here as well."""

from typing import Any

from pydantic import ValidationError

from functions.pipeline.messages import (
    MAX_MESSAGE_BYTES,
    Invalid,
    PollMessage,
    field_errors,
    parse_json_object,
    request_id_in,
)


def read_request_message(text: str) -> tuple[dict[str, Any], str]:
    """Body and request id of a message of the `requests` queue. Raises Invalid: then it can never be worked on."""
    body = parse_json_object(text.encode("utf-8", "surrogatepass"), MAX_MESSAGE_BYTES)
    return body, request_id_in(body)


def read_poll_message(text: str) -> PollMessage:
    """A message of the `polls` queue. Raises Invalid: then it can never be worked on."""
    try:
        return PollMessage.model_validate(parse_json_object(text.encode("utf-8", "surrogatepass")))
    except ValidationError as e:
        raise Invalid(*field_errors(e)) from e
