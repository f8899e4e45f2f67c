"""A DRS with one answer: the object comparison is still running. It costs next to nothing, so it hides nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

TASK = "6e4e9a1c-7f0b-4e0a-9d5c-2b8f1a3c4d5e"
_RUNNING = {"compare_job_id": TASK, "status": "RUNNING", "create_time": "2026-01-01T00:00:00Z", "compare_result": []}


async def _overview(_request: web.BaseRequest) -> web.StreamResponse:
    return web.json_response(_RUNNING)


@asynccontextmanager
async def running_drs() -> AsyncIterator[str]:
    """Serve it; yields its URL."""
    runner = web.ServerRunner(web.Server(_overview, access_log=None))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
