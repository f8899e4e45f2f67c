"""GitLab's webhooks: a Standard Webhooks signature where a signing token is set, else the plain `X-Gitlab-Token`.

The id is the signed `webhook-id`, which GitLab makes equal to `Idempotency-Key`; before that header existed, it is
`X-Gitlab-Event-UUID`. With the plain token nothing is signed. Source: GitLab's documentation, "Webhooks" (delivery
headers), "Webhook events" (pipeline events), and GitLab merge request 230944 (signing token).
"""

from functions.pipeline.messages import FieldError, Invalid
from functions.pipeline.triggers import proofs
from functions.pipeline.triggers.configuration import Source
from functions.pipeline.triggers.delivery import Asked, Delivery, NotForUs, Occurrence, request_in, within

EVENTS = ("Pipeline Hook",)
VARIABLE = "PARITY_REQUEST"
"""The pipeline's variable that holds a request as JSON text."""


def prove(delivery: Delivery, source: Source, now: float) -> str:
    """Check signature or token; returns the signed id. Raises signature.Invalid."""
    return proofs.standard_or(delivery.header("x-gitlab-token"), delivery, source, now)


def read(delivery: Delivery, signed_id: str) -> Occurrence:
    """Read a proved delivery. Raises Unsupported and Invalid."""
    payload = delivery.json()
    delivery_id = signed_id or delivery.header("idempotency-key") or delivery.header("x-gitlab-event-uuid")
    if not delivery_id:
        raise Invalid(
            FieldError(field="idempotency-key", message="required: neither it nor x-gitlab-event-uuid is sent")
        )
    event = delivery.header("x-gitlab-event")
    if not event:
        raise Invalid(FieldError(field="x-gitlab-event", message="required: the header is missing"))
    return Occurrence(event, delivery_id, payload)


def asked(occurrence: Occurrence) -> Asked:
    """The request in a variable of a pipeline that succeeded. Raises NotForUs, Invalid."""
    if occurrence.payload.get("object_kind") != "pipeline":
        raise NotForUs(f"The event {occurrence.event[:64]} holds no request; a mapping may make one.")
    pipeline = occurrence.payload.get("object_attributes")
    if within(pipeline, "status") != "success":
        raise NotForUs("This pipeline has not ended in success, or not yet.")
    variables = within(pipeline, "variables")
    for variable in variables if isinstance(variables, list) else ():
        if within(variable, "key") == VARIABLE:
            return request_in(within(variable, "value"), f"object_attributes.variables.{VARIABLE}")
    raise NotForUs(f"The pipeline has no variable {VARIABLE}, so nothing is asked for.")
