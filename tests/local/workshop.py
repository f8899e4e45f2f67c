"""The workshop: a small template with one of everything, on free ports, and calls to it as any client makes them."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from functions.local.clock import VirtualClock
from functions.local.cloud import Cloud
from functions.pipeline.sigv4 import Credentials, sign

TEMPLATE = Path(__file__).parent / "templates" / "workshop.yaml"
T = TypeVar("T")


def in_workshop(
    journey: Callable[[Cloud], Awaitable[T]], parameters: Mapping[str, Any] | None = None, **options: Any
) -> T:
    """Run a journey in a new workshop: in this process, on a virtual clock, unless `options` say otherwise."""
    options = {"runtime": "in_process", "clock": None, "seed": 1, **options}

    async def run() -> T:
        clock = options.pop("clock") or VirtualClock()
        async with await Cloud.start(TEMPLATE, parameters, clock=clock, **options) as cloud:
            return await journey(cloud)

    return asyncio.run(run())


async def order(cloud: Cloud, *steps: list[Any], queue: str = "Work", delay: int = 0, **more: Any) -> None:
    """Send the worker an order."""
    await cloud.client().send(cloud.queue(queue).url, json.dumps({"steps": steps, **more}), delay=delay)


async def call(
    cloud: Cloud,
    target: str,
    request: Mapping[str, Any],
    *,
    headers: Mapping[str, str] | None = None,
    credentials: Credentials | None = None,
    skew: float = 0.0,
) -> tuple[int, dict[str, Any]]:
    """Make one call of a JSON protocol, such as AmazonSQS.ReceiveMessage, as the administrator; (status, answer)."""
    access = cloud.access()
    prefix = target.partition(".")[0]
    service = {"AmazonSQS": "sqs", "DynamoDB_20120810": "dynamodb"}.get(prefix, "secretsmanager")
    body = json.dumps(request).encode()
    signed = sign(
        credentials or Credentials(access["AWS_ACCESS_KEY_ID"], access["AWS_SECRET_ACCESS_KEY"]),
        method="POST",
        url=f"{cloud.endpoint}/",
        headers={"content-type": "application/x-amz-json-1.0", "x-amz-target": target},
        body=body,
        service=service,
        region=cloud.stack.region,
        now=cloud.clock.now() + skew,
    )
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{cloud.endpoint}/", data=io.BytesIO(body), headers={**signed, **(headers or {})}) as response,
    ):
        return response.status, json.loads(await response.read() or b"{}")


async def receive(cloud: Cloud, queue: str, **options: Any) -> list[dict[str, Any]]:
    """Receive from a queue; returns the messages with all their attributes."""
    request = {
        "QueueUrl": cloud.queue(queue).url,
        "AttributeNames": ["All"],
        "MessageAttributeNames": ["All"],
        "MaxNumberOfMessages": 10,
        **options,
    }
    status, answer = await call(cloud, "AmazonSQS.ReceiveMessage", request)
    assert status == 200, answer
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages


def bodies(messages: list[dict[str, Any]]) -> list[str]:
    """Return the messages' bodies, sorted."""
    return sorted(message["Body"] for message in messages)


Journey = Callable[[Cloud], Coroutine[Any, Any, Any]]
