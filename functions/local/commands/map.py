"""`parity map`: try a trigger's mapping on a payload."""

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from functions.local.cli_errors import bad_input
from functions.local.exit_codes import OK, USAGE
from functions.local.rendering import Screen
from functions.pipeline.credentials_text import BadSecret
from functions.pipeline.messages import (
    FieldError,
    Guards,
    Invalid,
    field_errors,
    parse_json_object,
    validate_request,
)
from functions.pipeline.triggers.configuration import Mapping
from functions.pipeline.triggers.delivery import MAX_DELIVERY_BYTES, Asked, NotForUs
from functions.pipeline.triggers.mapping import mapped

_ANY_PROJECT = "0" * 32
"""Which projects there are is known where the mapping will be used, not here."""


@click.command(
    name="map",
    epilog="Exit codes: 0 the payload becomes a request, 2 it doesn't, or a file can't be read, 70 internal error.",
)
@click.argument("mapping_file", metavar="MAPPING")
@click.argument("payload_file", metavar="PAYLOAD")
def command(mapping_file: str, payload_file: str) -> int:
    """Print the request that a mapping makes of a payload, or what is missing.

    MAPPING is a JSON file with what goes under "mapping" of a source in the
    triggers secret: "request" and, if wanted, "when" and "id", in JMESPath.
    PAYLOAD is a JSON file with what the tool sends; - reads standard input.
    Whether the deployment allows the job, level and project is not judged.

    \b
      {"when": "alarm.status == 'ended'",
       "id": "alarm.id",
       "request": {"job_id": "alarm.labels.job",
                   "object_level_compare_type": "'objects'"}}
    """
    screen = Screen()
    mapping = _mapping(mapping_file)
    payload = _content("PAYLOAD", payload_file)
    found = Asked({})
    try:
        found = mapped(mapping, payload)
        _judge(found)
    except BadSecret as error:
        raise bad_input(f"MAPPING: {error}") from None
    except NotForUs as error:
        screen.line(str(error))
        return USAGE
    except Invalid as error:
        _show(screen, found.told(error.errors))
        return USAGE
    screen.verbatim(_shown(found.request))
    screen.remark(f"id {found.own_id}" if found.own_id else "id: the delivery's own; a mapping's `id` takes another")
    return OK


def _shown(request: dict[str, Any]) -> list[str]:
    """The lines of JSON that show a request; where a character would do something to a terminal, all are escaped."""
    lines = json.dumps(request, indent=2, ensure_ascii=False).splitlines()
    return lines if all(line.isprintable() for line in lines) else json.dumps(request, indent=2).splitlines()


def _judge(found: Asked) -> None:
    project = found.request.get("project_id")
    guards = Guards(projects=(project if isinstance(project, str) and project else _ANY_PROJECT,), cancel=True)
    validate_request(found.request, guards, now=time.time(), request_id="map")


def _show(screen: Screen, errors: Iterable[FieldError]) -> None:
    screen.line(("The payload becomes no request:", "bold red"))
    for error in errors:
        screen.line(f"  {error.field or 'request'}: {error.message}", hang=4)


def _mapping(file: str) -> Mapping:
    try:
        return Mapping.model_validate(_content("MAPPING", file))
    except ValidationError as error:
        told = "; ".join(f"{found.field}: {found.message}" for found in field_errors(error))
        raise bad_input(f"MAPPING: {file}: {told}") from None


def _content(argument: str, file: str) -> dict[str, Any]:
    try:
        raw = sys.stdin.buffer.read(MAX_DELIVERY_BYTES + 1) if file == "-" else Path(file).read_bytes()
        return parse_json_object(raw, MAX_DELIVERY_BYTES)
    except OSError as error:
        raise bad_input(f"{argument}: {file}: {error.strerror or type(error).__name__}") from None
    except Invalid as error:
        raise bad_input(f"{argument}: {file}: {error}") from None
