"""Handler of the queue of DMS events: what EventBridge tells of a migration task in, a request in the queue out.

The request is judged where every queued request is: by `create`, which tells what is wrong in an event of its own.
"""

import contextlib
from typing import Any

from functions.pipeline import log, metrics
from functions.pipeline.credentials_text import BadSecret
from functions.pipeline.edge import Edge, LambdaContext, lambda_handler
from functions.pipeline.messages import json_text
from functions.pipeline.secrets import Secrets
from functions.pipeline.settings import Settings
from functions.pipeline.triggers.delivery import NotForUs
from functions.pipeline.triggers.dms import read_event, rules, translated

_log = log.get_logger()


class DmsSettings(Settings):
    """Where the rules are, and where requests go."""

    triggers_secret_id: str
    requests_queue_url: str


async def handle(event: dict[str, Any], _context: LambdaContext, edge: Edge) -> dict[str, list[dict[str, str]]]:
    """One batch of DMS events; returns the partial batch response. What can't be read becomes a dead letter."""
    settings = DmsSettings.load(edge.env)
    failures = []
    for record in event["Records"]:
        try:
            await _pass_on(settings, record["body"], edge)
        except Exception:  # noqa: BLE001 - whatever it was, the other events go on and this one comes back
            metrics.count("StepsFailed")
            _log.exception("step.failed", message_id=record["messageId"])
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


async def _pass_on(settings: DmsSettings, text: str, edge: Edge) -> None:
    event = read_event(text)
    try:
        message = await _message(settings.triggers_secret_id, event, edge)
    except NotForUs as e:
        metrics.count("TriggersLeftAlone")
        log.note("trigger.left_alone", reason=str(e), event_id=event["id"])
        return
    await edge.aws.send(settings.requests_queue_url, json_text(message))
    log.note("trigger.request_sent", request_id=message["request_id"])


async def _message(secret_id: str, event: dict[str, Any], edge: Edge) -> dict[str, Any]:
    """What the event asks for, by the kept rules or, where they don't say, by fresh ones: one may just have been added.

    Raises NotForUs, BadSecret, AwsError.
    """
    secrets = Secrets(edge.aws, edge.cache, edge.now)
    with contextlib.suppress(NotForUs, BadSecret):
        return translated(event, rules(await secrets.value(secret_id)))
    return translated(event, rules(await secrets.refreshed(secret_id)))


handler = lambda_handler(handle)
