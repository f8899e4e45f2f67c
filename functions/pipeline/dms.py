"""Handler of the queue of DMS events: what EventBridge tells of a migration task in, a request in the queue out.

The request is judged where every queued request is: by `create`, which tells what is wrong in an event of its own.
"""

from typing import Any

from functions.pipeline import log, metrics
from functions.pipeline.edge import Edge, LambdaContext, lambda_handler
from functions.pipeline.messages import MAX_MESSAGE_BYTES, json_text, parse_json_object
from functions.pipeline.secrets import Secrets
from functions.pipeline.settings import Settings
from functions.pipeline.triggers.delivery import NotForUs
from functions.pipeline.triggers.dms import Rule, rules, translated

_log = log.get_logger()


class DmsSettings(Settings):
    """Where the rules are, and where requests go."""

    triggers_secret_id: str
    requests_queue_url: str


async def handle(event: dict[str, Any], _context: LambdaContext, edge: Edge) -> dict[str, list[dict[str, str]]]:
    """One batch of DMS events; returns the partial batch response. What can't be read becomes a dead letter."""
    settings = DmsSettings.load(edge.env)
    known = rules(await Secrets(edge.aws, edge.cache, edge.now).value(settings.triggers_secret_id))
    failures = []
    for record in event["Records"]:
        try:
            await _translate(settings, known, record["body"], edge)
        except Exception:  # noqa: BLE001 - whatever it was, the other events go on and this one comes back
            metrics.count("StepsFailed")
            _log.exception("step.failed", message_id=record["messageId"])
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


async def _translate(settings: DmsSettings, known: tuple[Rule, ...], text: str, edge: Edge) -> None:
    told = parse_json_object(text.encode("utf-8", "surrogatepass"), MAX_MESSAGE_BYTES)
    try:
        message = translated(told, known)
    except NotForUs as e:
        metrics.count("TriggersLeftAlone")
        log.note("trigger.left_alone", reason=str(e), event_id=told["id"])
        return
    await edge.aws.send(settings.requests_queue_url, json_text(message))
    log.note("trigger.request_sent", request_id=message["request_id"])


handler = lambda_handler(handle)
