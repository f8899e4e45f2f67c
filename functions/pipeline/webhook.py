"""Handler of `POST /comparisons`: a signed request in; a stored comparison, a message in the queue and a 202 out.

Size, then signature over the raw bytes, then JSON, then the fields: whoever is not ours learns nothing. A 202 is given
only for what is safely stored; should the message get lost after that, the sweep sends it. With `?dry_run=true`
no comparison is stored or sent, and a 200 tells what would be.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from functions.pipeline import log, metrics, signature
from functions.pipeline.accepting import Acceptor, Conflict
from functions.pipeline.aws import AwsError
from functions.pipeline.credentials_text import BadSecret, webhook_keys
from functions.pipeline.edge import Edge, LambdaContext, lambda_handler
from functions.pipeline.messages import MAX_BODY_BYTES, FieldError, Invalid, parse_json_object
from functions.pipeline.projects import BadProjects
from functions.pipeline.responses import Response, answer, problem, raw_body
from functions.pipeline.secrets import Secrets
from functions.pipeline.settings import Settings
from functions.pipeline.storing import store

_Act = Callable[[str, dict[str, Any], Edge], Awaitable[Response]]
_log = log.get_logger()


class WebhookSettings(Settings):
    """Where the signing keys are, and where accepted requests go."""

    webhook_secret_id: str
    requests_queue_url: str


async def handle(event: dict[str, Any], context: LambdaContext, edge: Edge) -> Response:
    """One HTTP request of API Gateway; returns its answer."""
    settings = WebhookSettings.load(edge.env)
    try:
        response = await _answer(settings, event, edge, lambda: context.get_remaining_time_in_millis() / 1000)
    except (AwsError, BadSecret, BadProjects) as e:
        metrics.count("WebhookUnavailable")
        _log.error("webhook.unavailable", reason=str(e))
        response = problem(503, "Nothing was stored; send the same request again.", retry_after="30")
    if response["statusCode"] >= 400:
        metrics.count("WebhookRejected", status=response["statusCode"])
        log.note("webhook.refused", status=response["statusCode"])
    return response


async def _answer(
    settings: WebhookSettings, event: dict[str, Any], edge: Edge, seconds_left: Callable[[], float]
) -> Response:
    headers: dict[str, str] = event.get("headers") or {}
    query: dict[str, str] = event.get("queryStringParameters") or {}
    if errors := _query_errors(query):
        return problem(400, "The query can't be read.", errors)
    if not _is_json(headers.get("content-type", "")):
        return problem(415, "The body must be JSON, with content-type: application/json.")
    try:
        body = raw_body(event)
    except ValueError as e:
        return problem(400, str(e))
    if len(body) > MAX_BODY_BYTES:
        return problem(413, f"The body has {len(body)} bytes; {MAX_BODY_BYTES} are allowed.")
    webhook_id = await _verified(settings, headers, body, edge)
    if webhook_id is None:
        return problem(401, "The signature is not valid.")
    is_dry = query.get("dry_run") == "true"
    traceparent = headers.get("traceparent")
    keeping = partial(store, settings.requests_queue_url, traceparent=traceparent)
    act: _Act = partial(_rehearse, seconds_left) if is_dry else keeping
    return await _judged(act, webhook_id, body, edge)


async def _judged(act: _Act, webhook_id: str, body: bytes, edge: Edge) -> Response:
    """Act on the body of a signed request, or say what is wrong with it."""
    try:
        content = parse_json_object(body)
    except Invalid as e:
        return problem(400, "The body can't be read.", e.errors)
    try:
        return await act(webhook_id, content, edge)
    except Invalid as e:
        return problem(422, "The request can't become a comparison.", e.errors)
    except Conflict as e:
        return problem(409, f"webhook-id: {e}.")


def _query_errors(query: dict[str, str]) -> list[FieldError]:
    errors = [
        FieldError(field=name[:100], message="unknown; dry_run is") for name in sorted(query.keys() - {"dry_run"})
    ]
    if query.get("dry_run", "true") not in {"true", "false"}:
        errors.append(FieldError(field="dry_run", message="must be true or false"))
    return errors


async def _verified(settings: WebhookSettings, headers: dict[str, str], body: bytes, edge: Edge) -> str | None:
    """The signed id, or None; the reason is for our log alone."""
    found: list[str] = []
    reasons: list[str] = []

    def check(text: str) -> bool:
        try:
            found.append(signature.verify(headers, body, webhook_keys(text), edge.now()))
        except signature.Invalid as e:
            reasons.append(str(e))
            return False
        return True

    if await Secrets(edge.aws, edge.cache, edge.now).accepts(settings.webhook_secret_id, check):
        return found[-1]
    log.append(signature_refused=reasons[-1])
    return None


async def _rehearse(
    seconds_left: Callable[[], float], webhook_id: str, content: dict[str, Any], edge: Edge
) -> Response:
    # All that talks to DRS is loaded for this alone: the cold start of a door that takes requests in must not wait.
    from functions.pipeline.dry_run import Rehearsal  # noqa: PLC0415 - as above

    acceptor = Acceptor.open(edge)
    comparison = await acceptor.judge(content, webhook_id)
    told = await Rehearsal.open(edge, acceptor, seconds_left).tell(comparison)
    metrics.count("DryRuns")
    log.note("comparison.rehearsed", request_id=webhook_id, would=told["would"])
    return answer(200, told)


def _is_json(content_type: str) -> bool:
    return content_type.split(";", maxsplit=1)[0].strip().lower() == "application/json"


handler = lambda_handler(handle)
