"""Handler of `/triggers/{source}`: a delivery of GitHub, GitLab, an event bus or any tool in; what a webhook does out.

Size, then the proof over the raw bytes, then its content. What is not for us is acknowledged with a sentence: an error
would make some senders switch the hook off. OPTIONS is the handshake of CloudEvents' web hooks.
"""

from typing import Any

from functions.pipeline import log, metrics, signature
from functions.pipeline.accepting import Conflict
from functions.pipeline.aws import AwsError
from functions.pipeline.credentials_text import BadSecret
from functions.pipeline.edge import Edge, LambdaContext, lambda_handler
from functions.pipeline.messages import Invalid
from functions.pipeline.projects import BadProjects
from functions.pipeline.responses import Response, answer, problem, raw_body
from functions.pipeline.secrets import Secrets
from functions.pipeline.settings import Settings
from functions.pipeline.storing import store
from functions.pipeline.triggers.configuration import source_named
from functions.pipeline.triggers.delivery import (
    MAX_DELIVERY_BYTES,
    Asked,
    Delivery,
    NotForUs,
    Unsupported,
)
from functions.pipeline.triggers.translating import Proved, asked, prove, read, request_id

_log = log.get_logger()


class TriggerSettings(Settings):
    """Where the sources are described, and where accepted requests go."""

    triggers_secret_id: str
    requests_queue_url: str


async def handle(event: dict[str, Any], _context: LambdaContext, edge: Edge) -> Response:
    """One HTTP request of API Gateway; returns its answer."""
    settings = TriggerSettings.load(edge.env)
    name = str((event.get("pathParameters") or {}).get("source", ""))
    log.append(trigger=name[:64])
    try:
        response = await _answer(settings, name, event, edge)
    except (AwsError, BadSecret, BadProjects) as e:
        metrics.count("TriggerUnavailable")
        _log.error("trigger.unavailable", reason=str(e))
        response = problem(503, "Nothing was stored; send the same delivery again.", retry_after="30")
    if response["statusCode"] >= 400:
        metrics.count("TriggerRejected", status=response["statusCode"])
        log.note("trigger.refused", status=response["statusCode"])
    return response


async def _answer(settings: TriggerSettings, name: str, event: dict[str, Any], edge: Edge) -> Response:
    headers = {key.lower(): str(value) for key, value in (event.get("headers") or {}).items()}
    if event["requestContext"]["http"]["method"] == "OPTIONS":
        return await _handshake(settings, name, headers, edge)
    try:
        delivery = Delivery(headers, raw_body(event))
    except ValueError as e:
        return problem(400, str(e))
    if len(delivery.body) > MAX_DELIVERY_BYTES:
        return problem(413, f"The body has {len(delivery.body)} bytes; {MAX_DELIVERY_BYTES} are allowed.")
    proved = await _proved(settings, name, delivery, edge)
    if proved is None:
        return problem(401, "The delivery is not proved to come from a source that is known here.")
    return await _judged(settings, name, proved, delivery, edge)


async def _judged(settings: TriggerSettings, name: str, proved: Proved, delivery: Delivery, edge: Edge) -> Response:
    """Do what a proved delivery asks for, or say what is missing, in the words of its payload."""
    try:
        occurrence = read(proved, delivery)
    except Unsupported as e:
        return problem(415, str(e))
    except Invalid as e:
        return problem(400, "The delivery can't be read.", e.errors)
    found = Asked({})
    try:
        found = asked(proved, occurrence)
        own_id = request_id(name, occurrence, found)
        return await store(settings.requests_queue_url, own_id, found.request, edge, delivery.header("traceparent"))
    except NotForUs as e:
        metrics.count("TriggersLeftAlone")
        log.note("trigger.left_alone", reason=str(e), event_type=occurrence.event[:64])
        return answer(200, {"accepted": False, "reason": str(e)})
    except Invalid as e:
        return problem(422, "The delivery can't become a comparison.", found.told(e.errors))
    except Conflict as e:
        return problem(409, f"The delivery's id: {e}.")


async def _proved(settings: TriggerSettings, name: str, delivery: Delivery, edge: Edge) -> Proved | None:
    """The source that the delivery comes from, or None; the reason is for our log alone."""
    found: list[Proved] = []
    reasons: list[str] = []

    def check(text: str) -> bool:
        source = source_named(text, name)
        if source is None:
            reasons.append("no source has this name")
            return False
        try:
            found.append(prove(source, delivery, edge.now()))
        except signature.Invalid as e:
            reasons.append(str(e))
            return False
        return True

    if await Secrets(edge.aws, edge.cache, edge.now).accepts(settings.triggers_secret_id, check):
        return found[-1]
    log.append(proof_refused=reasons[-1])
    return None


async def _handshake(settings: TriggerSettings, name: str, headers: dict[str, str], edge: Edge) -> Response:
    """Tell a CloudEvents sender that it may deliver, if its origin is configured. It still has to prove each event."""
    origin = headers.get("webhook-request-origin", "")
    source = source_named(await Secrets(edge.aws, edge.cache, edge.now).value(settings.triggers_secret_id), name)
    if source is None or origin not in source.origins:
        return problem(403, "No source here takes deliveries from this WebHook-Request-Origin.", allow="POST")
    return answer(200, {"allowed": origin}, allow="POST", webhook_allowed_origin=origin, webhook_allowed_rate="*")


handler = lambda_handler(handle)
