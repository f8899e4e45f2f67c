"""What a trigger inherits, and what it yields."""

from typing import Any


class BaseTrigger:
    """Runs in the triggerer."""


class TriggerEvent:
    """What a trigger has seen."""

    def __init__(self, payload: Any) -> None:
        self.payload = payload
