"""Storing a request that a door lets in: a comparison in the ledger, a message in the queue, a 202 out.

A 202 is given only for what is safely stored; should the message get lost after that, the sweep sends it.
"""

from typing import Any

from functions.pipeline import log, metrics
from functions.pipeline.accepting import Acceptor
from functions.pipeline.aws import AwsError
from functions.pipeline.comparison import Comparison
from functions.pipeline.edge import Edge
from functions.pipeline.ledger import request_message
from functions.pipeline.responses import Response, answer
from functions.pipeline.trace_context import traced, traceparent_in

#: When a caller is to look first: about what the fastest comparison takes. Seconds.
FIRST_LOOK_SECONDS = 5
_log = log.get_logger()


async def store(
    queue_url: str, request_id: str, content: dict[str, Any], edge: Edge, traceparent: str | None = None
) -> Response:
    """Accept the request `content` under the id that the door found; returns the answer.

    `traceparent` is the header that came with it.

    Raises Invalid, Conflict, BadProjects, AwsError: then nothing is stored.
    """
    comparison = await Acceptor.open(edge, traceparent_in(traceparent)).accept(content, request_id)
    await _enqueue(queue_url, comparison, edge)
    metrics.count("ComparisonsAccepted")
    log.note(
        "comparison.accepted",
        comparison_id=comparison.comparison_id,
        request_id=request_id,
        **traced(comparison.traceparent),
    )
    path = f"/comparisons/{comparison.comparison_id}"
    told = {"comparison_id": comparison.comparison_id, "status_url": path}
    return answer(202, told, location=path, retry_after=str(FIRST_LOOK_SECONDS))


async def _enqueue(queue_url: str, comparison: Comparison, edge: Edge) -> None:
    try:
        await edge.aws.send(queue_url, request_message(comparison))
    except AwsError as e:
        _log.warning("webhook.message_left_to_sweep", comparison_id=comparison.comparison_id, reason=str(e))
