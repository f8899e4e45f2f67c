"""Any JSON from any tool, turned into a request by the source's mapping: a signature, or a bearer token, proves it."""

from functions.pipeline.triggers import proofs
from functions.pipeline.triggers.configuration import Source
from functions.pipeline.triggers.delivery import Asked, Delivery, NotForUs, Occurrence

EVENTS = ("*",)


def prove(delivery: Delivery, source: Source, now: float) -> str:
    """Check signature or bearer token; returns the signed id. Raises signature.Invalid."""
    return proofs.standard_or(proofs.bearer(delivery), delivery, source, now)


def read(delivery: Delivery, signed_id: str) -> Occurrence:
    """Read a proved payload; without a signature the mapping has to name its id. Raises Unsupported and Invalid."""
    return Occurrence("", signed_id or delivery.header("idempotency-key"), delivery.json())


def asked(_occurrence: Occurrence) -> Asked:
    """Nothing is asked for without a mapping, which the configuration demands."""
    raise NotForUs("This source has no mapping.")
