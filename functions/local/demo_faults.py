"""The fault of the demo: one worker is killed in the middle of its step, once."""

from functions.local.faults import Call, Crash, Fault

_SIDE_EFFECTS = {
    "SendMessage": "DRS had answered, step 2 was not sent",
    "Publish": "the event was stored and not published",
}


class KillOnce:
    """Kills the poll function the first time that it has asked DRS and is about to pass on what it learned."""

    def __init__(self) -> None:
        self.moment: str | None = None
        """When it was killed, in words; None: it has not been."""

    def __call__(self, call: Call) -> Fault | None:
        """Decide about one call of a function."""
        about_to = call.function == "PollFunction" and call.phase == "before" and call.action in _SIDE_EFFECTS
        if self.moment is not None or not about_to:
            return None
        self.moment = _SIDE_EFFECTS[call.action]
        return Crash()
