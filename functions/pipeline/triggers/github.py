"""GitHub's webhooks: `X-Hub-Signature-256` over the body, `X-GitHub-Event`, and `X-GitHub-Delivery` as the id.

The signature covers the body alone: whoever has a whole signed delivery can send it again under another delivery id. A
mapping's `id` may take a signed field instead. Source: GitHub's documentation, "Webhook events and payloads" (delivery
headers, repository_dispatch, workflow_dispatch, deployment_status) and "Validating webhook deliveries".
"""

from functions.pipeline.messages import FieldError, Invalid
from functions.pipeline.triggers import proofs
from functions.pipeline.triggers.configuration import Source
from functions.pipeline.triggers.delivery import Asked, Delivery, NotForUs, Occurrence, request_in, within

EVENTS = ("repository_dispatch", "workflow_dispatch", "deployment_status")
DISPATCH = "parity"
"""The `event_type` of a repository_dispatch that asks for a comparison; others are for other receivers."""
FIELD = "parity_request"
"""The workflow input, and the field of a deployment's payload, that holds a request."""


def prove(delivery: Delivery, source: Source, _now: float) -> str:
    """Check the signature; GitHub signs no id. Raises signature.Invalid."""
    proofs.hub_signature(delivery, source.signing_keys())
    return ""


def read(delivery: Delivery, _signed_id: str) -> Occurrence:
    """Read a proved delivery. Raises Unsupported (a form, GitHub's other content type) and Invalid."""
    payload = delivery.json()
    for name in ("x-github-event", "x-github-delivery"):
        if not delivery.header(name):
            raise Invalid(FieldError(field=name, message="required: the header is missing"))
    return Occurrence(delivery.header("x-github-event"), delivery.header("x-github-delivery"), payload)


def asked(occurrence: Occurrence) -> Asked:
    """The request in `client_payload`, in a workflow's input or in a deployment's payload. Raises NotForUs, Invalid."""
    payload = occurrence.payload
    if occurrence.event == "repository_dispatch":
        if payload.get("action") != DISPATCH:
            raise NotForUs(f"This repository_dispatch is for others: its event_type is not {DISPATCH}.")
        return request_in(payload.get("client_payload"), "client_payload")
    if occurrence.event == "workflow_dispatch":
        found, place = within(payload, "inputs", FIELD), f"inputs.{FIELD}"
    elif occurrence.event == "deployment_status":
        if within(payload, "deployment_status", "state") != "success":
            raise NotForUs("This deployment has not ended in success, or not yet.")
        found, place = _of_deployment(payload.get("deployment")), f"deployment.payload.{FIELD}"
    else:
        raise NotForUs(f"The event {occurrence.event[:64]} holds no request; a mapping may make one.")
    if found in (None, ""):
        raise NotForUs(f"There is no {place}, so nothing is asked for.")
    return request_in(found, place)


def _of_deployment(deployment: object) -> object:
    """What a deployment's payload holds for us: the payload is an object, or a text that may be one."""
    payload = within(deployment, "payload")
    if isinstance(payload, str):
        try:
            payload = request_in(payload, "").request
        except Invalid:
            return None  # a text of somebody's own
    return within(payload, FIELD)
