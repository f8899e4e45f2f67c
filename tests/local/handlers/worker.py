"""A function that does what its messages and requests say, so that tests can say what happens."""

import asyncio
import json
import os
from typing import Any

from functions.pipeline.edge import Edge, LambdaContext, lambda_handler


async def handle(event: dict[str, Any], context: LambdaContext, edge: Edge) -> Any:
    """Do each record's order, or answer an HTTP request with what came in."""
    if "Records" not in event:
        return await _http(event, edge)
    failed = []
    for record in event["Records"]:
        order = json.loads(record["body"])
        try:
            for step in order.get("steps", ()):
                await _do(step, edge)
        finally:
            if order.get("finally"):
                await edge.aws.send(edge.env["LOOSE_URL"], "from a finally block")
        if order.get("fail"):
            failed.append({"itemIdentifier": record["messageId"]})
    print(f"worked on {len(event['Records'])} with {context.get_remaining_time_in_millis()} ms left")  # noqa: T201 - it is what the test reads
    return {"batchItemFailures": failed}


async def _do(step: list[Any], edge: Edge) -> None:
    match step:
        case ["send", body]:
            await edge.aws.send(edge.env["LOOSE_URL"], body)
        case ["put", key]:
            await edge.aws.put_item(edge.env["THINGS"], {"pk": key, "at": edge.now()})
        case ["publish", text, verdict]:
            await edge.aws.publish(edge.env["TOPIC"], text, {"verdict": verdict})
        case ["post", url]:
            async with edge.session.post(url, data=b"{}") as response:
                await response.read()
        case ["sleep", seconds]:
            await asyncio.sleep(seconds)
        case ["raise", text]:
            raise ValueError(text)
        case ["exit", status]:
            os._exit(status)


async def _http(event: dict[str, Any], edge: Edge) -> Any:
    match event.get("queryStringParameters", {}).get("answer"):
        case "bare":
            return {"hello": "world"}
        case "error":
            raise RuntimeError("on purpose")
        case "nonsense":
            return {"statusCode": "many"}
        case "binary":
            return {"statusCode": 200, "isBase64Encoded": True, "body": "AP8=", "cookies": ["a=b", "c=d"]}
        case "environment":
            return dict(edge.env)
    return {"statusCode": 201, "headers": {"X-Kind": "echo"}, "body": json.dumps(event)}


handler = lambda_handler(handle)
