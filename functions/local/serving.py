"""Serving one coroutine on a port, until an exit stack is left."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from aiohttp import web

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
SHUTDOWN_SECONDS = 0.5


async def serve(exits: AsyncExitStack, handle: Handle, host: str, port: int, *, cancel: bool) -> str:
    """Answer HTTP requests with `handle` and return the base URL; port 0 takes a free one.

    `cancel` ends the work for a request when its client hangs up.
    """
    server = web.Server(handle, handler_cancellation=cancel, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    exits.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, host, port).start()
    address = runner.addresses[0]
    return f"http://{address[0]}:{address[1]}"
