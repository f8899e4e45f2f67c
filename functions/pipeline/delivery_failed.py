"""`parity.delivery.failed.v1`: a destination will never have a verdict. Pure; one per event and destination by id."""

from typing import Any

from functions.pipeline.delivery import Delivery
from functions.pipeline.events import envelope, fitted, iso_time
from functions.pipeline.finished_event import FinishedEvent

DELIVERY_FAILED = "parity.delivery.failed.v1"


def delivery_failed(delivery: Delivery, channel: str, reason: str, event: FinishedEvent, now: float) -> str:
    """The event as text. `reason` is for people and free of secrets."""
    finished = event.data
    data: dict[str, Any] = {
        "comparison_id": finished.comparison_id,
        "request_id": finished.request_id,
        "project_id": finished.project_id,
        "job_id": finished.job_id,
        "audience": finished.audience,
        "labels": finished.labels,
        "verdict": finished.verdict,
        "event_id": event.id,
        "destination": delivery.destination,
        "channel": channel,
        "reason": reason[:500],
        "attempts": delivery.attempt,
        "first_attempt_at": iso_time(delivery.first_at),
        "failed_at": iso_time(now),
        "test": True if delivery.test else None,
        "next_step": "Repair the destination in the destinations secret; the verdict itself is in the finished event.",
    }
    event_id = f"{event.id.removesuffix(':finished')}:delivery_failed:{delivery.destination}"
    return fitted(envelope(event_id, event.source, event.subject, DELIVERY_FAILED, now, data, event.traceparent))
