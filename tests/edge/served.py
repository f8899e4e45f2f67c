"""Served fakes: an HTTP server on a free port, AWS as moto has it, and a client for it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from moto.backends import get_backend
from moto.core.request import Request as MotoRequest
from moto.dynamodb.responses import DynamoHandler
from moto.secretsmanager.responses import SecretsManagerResponse
from moto.sns.responses import SNSResponse
from moto.sqs.responses import SQSResponse

from functions.pipeline.aws import Aws

NOW = 1_795_296_206.5
KEYS = {"AWS_ACCESS_KEY_ID": "AKEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-real-one", "AWS_REGION": "eu-west-1"}

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Answer], AbstractAsyncContextManager[str]]
Connect = Callable[..., AbstractAsyncContextManager[Aws]]


@asynccontextmanager
async def serve_on_free_port(answer: Answer) -> AsyncIterator[str]:
    app = web.Application(client_max_size=2**22)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def connect_to(url: str, env: Mapping[str, str] | None = None, **given: Any) -> AsyncIterator[Aws]:
    async with aiohttp.ClientSession() as session:
        yield Aws(session, {**KEYS, "AWS_ENDPOINT_URL": url, **(env or {})}, lambda: NOW, **given)


async def answer_as_moto(request: web.Request) -> web.Response:
    """Answer one call as moto does, in the one thread of the loop: so it is atomic."""
    target = request.headers.get("x-amz-target", "")
    responses: Any = {
        "AmazonSQS": SQSResponse,
        "DynamoDB_20120810": DynamoHandler,
        "secretsmanager": SecretsManagerResponse,
    }.get(target.partition(".")[0], SNSResponse)
    asked = MotoRequest.from_primitives("POST", str(request.url), request.headers, await request.read())
    status, headers, body = responses.dispatch(asked, asked.url, asked.headers)
    kept = {name: value for name, value in headers.items() if name.lower() not in {"content-length", "date", "server"}}
    return web.Response(status=status, headers=kept, body=body.encode() if isinstance(body, str) else body)


def forget_moto() -> None:
    """Empty every service that `answer_as_moto` has."""
    for service in ("sqs", "sns", "dynamodb", "secretsmanager"):
        regions = [backend for account in get_backend(service).values() for backend in account.values()]
        for backend in regions:
            backend.reset()
