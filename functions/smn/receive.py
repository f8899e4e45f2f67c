"""Handler of `POST /triggers/smn`: what Huawei's SMN posts in, a message of the requests queue out.

A subscription of a topic that is listed is confirmed; what such a topic tells is translated by its mapping and judged
where every queued request is: by `create`, which tells what is wrong in an event of its own. What can be seen to be
missing here already is answered.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.pipeline import log, metrics
from functions.pipeline.aws import AwsError
from functions.pipeline.credentials_text import BadSecret
from functions.pipeline.edge import Edge, LambdaContext, lambda_handler
from functions.pipeline.responses import Response, answer, problem, raw_body
from functions.pipeline.secrets import Secrets
from functions.pipeline.triggers.expressions import Unmapped, expressions_of, holds, request_of
from functions.smn.certificates import Unreachable, call, pinned, verify
from functions.smn.envelope import CONFIRMATIONS, MAX_BYTES, NOTIFICATION, Envelope, Unproved, read
from functions.smn.topics import Topic, topic_named

MOST_QUEUED_BYTES = 128 * 1024
"""What the requests queue takes of one request."""
FIRST_LOOK_SECONDS = "5"
_LEVELS = ("object_level_compare_type", "data_level_compare_info")
_log = log.get_logger()


async def handle(event: dict[str, Any], _context: LambdaContext, edge: Edge) -> Response:
    """One HTTP request of API Gateway; returns its answer."""
    log.append(trigger="smn")
    try:
        response = await _answer(event, edge)
    except Unproved as e:
        log.append(proof_refused=str(e))
        response = problem(401, "The delivery is not proved to come from a source that is known here.")
    except (AwsError, BadSecret, Unreachable) as e:
        metrics.count("TriggerUnavailable")
        _log.error("trigger.unavailable", reason=str(e))
        response = problem(503, "Nothing was stored; send the same delivery again.", retry_after="30")
    if response["statusCode"] >= 400:
        metrics.count("TriggerRejected", status=response["statusCode"])
        log.note("trigger.refused", status=response["statusCode"])
    return response


async def _answer(event: dict[str, Any], edge: Edge) -> Response:
    try:
        body = raw_body(event)
    except ValueError as e:
        raise Unproved(str(e)) from None
    if len(body) > MAX_BYTES:
        return problem(413, f"The body has {len(body)} bytes; {MAX_BYTES} are allowed.")
    envelope = read(body, edge.now())
    topic = await _topic(envelope.topic, edge)
    await verify(envelope, topic.hosts, edge)
    if envelope.kind == NOTIFICATION:
        return await _told(envelope, topic, edge)
    if envelope.kind in CONFIRMATIONS:
        await call(pinned(envelope.subscribe_url, topic.hosts), edge)
        return _left_alone("The subscription is confirmed.", envelope)
    return _left_alone("The subscription has ended.", envelope)


async def _topic(urn: str, edge: Edge) -> Topic:
    """The topic as it is configured. Raises Unproved where it isn't, BadSecret, AwsError."""
    found: list[Topic] = []

    def check(text: str) -> bool:
        topic = topic_named(text, urn)
        found.extend([topic] if topic else [])
        return topic is not None

    if not await Secrets(edge.aws, edge.cache, edge.now).accepts(edge.env["TRIGGERS_SECRET_ID"], check):
        raise Unproved("the topic is not listed")
    return found[-1]


async def _told(envelope: Envelope, topic: Topic, edge: Edge) -> Response:
    payload = envelope.payload()
    try:
        if topic.when is not None and not holds(topic.when, payload, "when"):
            return _left_alone("The mapping's `when` doesn't hold for this payload.", envelope)
        request = request_of(topic.request, payload)
    except Unmapped as e:
        return problem(422, "The delivery can't become a comparison.", [e])
    if missing := _missing(request, expressions_of(topic.request)):
        return problem(422, "The delivery can't become a comparison.", missing)
    request_id = f"smn:{envelope.message_id}"
    text = json.dumps(request | {"request_id": request_id}, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode("utf-8", "surrogatepass")) > MOST_QUEUED_BYTES:
        return problem(422, f"The request has more than {MOST_QUEUED_BYTES} bytes.")
    await edge.aws.send(edge.env["REQUESTS_QUEUE_URL"], text)
    log.note("trigger.request_sent", request_id=request_id)
    # As the pipeline names the comparison of a request id.
    comparison_id = "cmp_" + hashlib.sha256(request_id.encode()).hexdigest()[:32]
    path = f"/comparisons/{comparison_id}"
    told = {"comparison_id": comparison_id, "status_url": path}
    return answer(202, told, location=path, retry_after=FIRST_LOOK_SECONDS)


@dataclass(frozen=True)
class _Missing:
    field: str
    message: str


def _missing(request: Mapping[str, Any], expressions: Mapping[str, str]) -> list[_Missing]:
    """What no request can do without; the rest is for `create` to judge."""

    def told(field: str, message: str) -> _Missing:
        return _Missing(field, f"{message} (mapped from {expressions[field]})" if field in expressions else message)

    def absent(name: str) -> bool:
        return request.get(name) in (None, "")

    found = [told("job_id", "required")] if absent("job_id") else []
    if all(absent(level) for level in _LEVELS):
        found.append(told(_LEVELS[0], f"required: it, or {_LEVELS[1]}"))
    return found


def _left_alone(reason: str, envelope: Envelope) -> Response:
    metrics.count("TriggersLeftAlone")
    log.note("trigger.left_alone", reason=reason, event_type=envelope.kind)
    return answer(200, {"accepted": False, "reason": reason})


handler = lambda_handler(handle)
