"""A function that sends to its own queue: the loop that Lambda stops."""

import json
from typing import Any

from functions.pipeline.edge import Edge, LambdaContext, lambda_handler


async def handle(event: dict[str, Any], _context: LambdaContext, edge: Edge) -> None:
    """Send the next number until the last is reached."""
    for record in event["Records"]:
        order = json.loads(record["body"])
        if order["n"] < order["last"]:
            await edge.aws.send(edge.env["LOOPS_URL"], json.dumps({**order, "n": order["n"] + 1}), delay=60)


handler = lambda_handler(handle)
