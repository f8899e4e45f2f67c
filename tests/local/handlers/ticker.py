"""A function that is woken by schedules; it fails as often as its variable says, counted in its cache."""

from typing import Any

from functions.pipeline.edge import Edge, LambdaContext, lambda_handler


async def handle(event: dict[str, Any], _context: LambdaContext, edge: Edge) -> dict[str, Any]:
    """Fail the first `FAIL_FIRST` times, then tell what came in."""
    edge.cache["times"] = edge.cache.get("times", 0) + 1
    if edge.cache["times"] <= int(edge.env.get("FAIL_FIRST", "0")):
        raise RuntimeError("not yet")
    return event


handler = lambda_handler(handle)
