"""W3C Trace Context: the `traceparent` that a request came with goes on to its events and to the webhooks told of them.

Parity records no spans of its own under it, and so passes it on as it is, which the recommendation lets an intermediary
do. What can't be read counts as none. Sources: W3C Trace Context, "traceparent header"; CloudEvents, "Distributed
Tracing" extension.
"""

import re

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII
)
PATTERN = "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"
"""What is passed on."""


def traced(traceparent: str | None) -> dict[str, str]:
    """What a log line says of a trace: nothing where there is none."""
    return {"traceparent": traceparent} if traceparent else {}


def traceparent_in(text: str | None) -> str | None:
    """The value of a traceparent header in version 00; of a later version, the part that is that of version 00."""
    found = _TRACEPARENT.fullmatch((text or "").strip())
    if found is None or (found[4] and found[0].startswith("00")):
        return None
    return f"00-{found[1]}-{found[2]}-{found[3]}"
