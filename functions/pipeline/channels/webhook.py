"""A webhook of one's own: the event itself, signed after Standard Webhooks, for a program to read.

Source: the Standard Webhooks specification 1.0.0, "Webhook headers", "Signature scheme", "Delivery success and
failure"; CloudEvents 1.0, "HTTP protocol binding", "Structured content mode".
"""

import json
from collections.abc import Sequence
from typing import Final

from functions.pipeline.channels.answers import retry_after
from functions.pipeline.channels.channel import Again, Answer, Delivered, Outcome, Pace, Post, Refused
from functions.pipeline.credentials_text import webhook_keys
from functions.pipeline.destinations import Destination
from functions.pipeline.signature import ID, sign
from functions.pipeline.telling import Telling
from functions.pipeline.trace_context import traced, traceparent_in

#: Nobody but the receiver sets a limit, and 429 is how to say so.
PACE = Pace(messages=10, seconds=1.0)
CONTENT_TYPE: Final = "application/cloudevents+json; charset=UTF-8"
_SERVICE: Final = "The webhook"


def post(destination: Destination, telling: Telling, now: float) -> Post:
    """The stored event as it is; its id is the same in every attempt, its timestamp is this attempt's.

    Raises BadSecret where a key can't be read, ValueError where the telling carries no event or an id can't be signed.
    """
    if not telling.event:
        raise ValueError("event: a webhook sends the event, and this telling carries none")
    if not ID.fullmatch(telling.event_id):
        raise ValueError("event_id: must be visible ASCII without a dot to be signed")
    keys = _keys(destination.secret or "")
    if not keys:
        raise ValueError("secret: a webhook needs one to sign with (whsec_ and base64)")
    body = telling.event.encode()
    signed = [sign(telling.event_id, int(now), body, key) for key in keys]
    signatures = " ".join(headers["webhook-signature"] for headers in signed)
    told = {"webhook-signature": signatures, "content-type": CONTENT_TYPE, **_trace(telling.event)}
    return Post(destination.url, body, signed[0] | told)


def judge(answer: Answer) -> Outcome:
    """Any 2xx is delivered, whatever the body: the specification asks for nothing else.

    410 says that nobody listens any more, a redirect that the URL has to be changed; every other status is a failure
    that is tried again, so that a receiver that was broken for an hour gets what it has missed.
    """
    if 200 <= answer.status < 300:
        return Delivered()
    if answer.status == 410:
        return Refused(f"{_SERVICE} is gone (410): its receiver wants no more events")
    if 300 <= answer.status < 400:
        return Refused(f"{_SERVICE} redirects ({answer.status}): the URL of this destination is not the one to post to")
    return Again(f"{_SERVICE} answered {answer.status}", retry_after(answer))


def _trace(event: str) -> dict[str, str]:
    """The event's trace as the header by which its receiver goes on with it."""
    return traced(traceparent_in(json.loads(event).get("traceparent")))


def _keys(secret: str) -> Sequence[bytes]:
    """One key, several parted by spaces, or `{"keys": [newest, ...]}`: while keys rotate, all of them sign."""
    if secret.lstrip().startswith("{"):
        return webhook_keys(secret)
    return [key for part in secret.split() for key in webhook_keys(part)]
