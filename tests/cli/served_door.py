"""A deployment's HTTP door, served on a free port: it answers as scripted, and remembers what it was asked."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Scripted:
    """One answer."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class ServedDoor:
    """The answers by "METHOD /path", each used once but the last, which stays."""

    url: str = ""
    answers: dict[str, list[Scripted]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def answer(self, what: str, *answers: Scripted) -> None:
        """Script the answers to one kind of request."""
        self.answers[what] = list(answers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append(Asked(request.method, request.path, dict(request.query), headers, await request.read()))
        answers = self.answers.get(f"{request.method} {request.path}", [Scripted(404, {"message": "Not Found"})])
        found = answers[0] if len(answers) == 1 else answers.pop(0)
        return web.json_response(found.body, status=found.status, headers=found.headers)


@contextmanager
def serving() -> Iterator[ServedDoor]:
    """Serve a door from a thread of its own until the block ends."""
    door, loop, ready = ServedDoor(), asyncio.new_event_loop(), threading.Event()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", door.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        door.url = f"http://{host}:{port}"
        return runner

    def work() -> None:
        runner = loop.run_until_complete(start())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield door
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
