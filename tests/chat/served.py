"""The channels' services on a free port: they take messages as the real ones do, and fail as the real ones fail.

async with ServedChats(clock.now) as chats:
    secret = chats.secret("feishu", "slack")     # the destinations secret: each destination has its channel's name
    chats.script("slack", Limited(7), Gone())    # the next two posts to `slack`, then normal again
    …
    chats.told("slack")                          # what it has taken
"""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from tests.chat.served_services import KINDS, SECRET, SIGNED, Says, Sent


@dataclass(frozen=True)
class Limited:
    """Too many messages: come back in so many seconds."""

    seconds: int = 30


@dataclass(frozen=True)
class Gone:
    """The hook is gone, the bot was thrown out: never again."""


@dataclass(frozen=True)
class Busy:
    """A failure on their side."""


@dataclass(frozen=True)
class Hangs:
    """Never answers."""


@dataclass(frozen=True)
class Cuts:
    """Hangs up without an answer; `taken`: after it has posted the message all the same."""

    taken: bool = False


@dataclass(frozen=True)
class Redirects:
    """Sends us somewhere else."""


@dataclass(frozen=True)
class Floods:
    """A good status, and a body that never ends."""


@dataclass(frozen=True)
class Lies:
    """A good status with a page for people, or whatever `body` says."""

    body: str = "<!doctype html><title>Sign in</title>"


Spoken = Limited | Gone | Busy | Redirects | Lies
Failure = Spoken | Hangs | Cuts | Floods


class ServedChats:
    """See the module. `arrived` has every post by destination, whatever became of it."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._scripts: dict[str, deque[Failure]] = defaultdict(deque)
        self._always: dict[str, Failure] = {}
        self.arrived: dict[str, list[Sent]] = defaultdict(list)
        self._told: dict[str, list[Sent]] = defaultdict(list)
        self.url = ""
        self.hanging = 0
        """How many posts wait for an answer that never comes."""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1_000_000)
        app.router.add_post("/{kind}/{name}{rest:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def destination(self, kind: str, name: str | None = None, **changes: Any) -> dict[str, Any]:
        """A destination of the secret that leads here."""
        path = f"{kind}/{name or kind}" + ("/sendMessage" if kind == "telegram" else "")
        found: dict[str, Any] = {"channel": kind, "url": f"{self.url}/{path}", "any_host": True}
        found |= {"secret": SECRET} if kind in SIGNED else {}
        found |= {"chat_id": "-100"} if kind == "telegram" else {}
        return found | changes

    def secret(self, *kinds: str, **named: dict[str, Any]) -> str:
        """The destinations secret: one per channel of that name, and whatever `named` gives."""
        return json.dumps({kind: self.destination(kind) for kind in kinds} | named)

    def script(self, name: str, *failures: Failure) -> None:
        """How the next posts to a destination fail."""
        self._scripts[name].extend(failures)

    def always(self, name: str, failure: Failure) -> None:
        """How every post to a destination fails."""
        self._always[name] = failure

    def told(self, name: str) -> list[Sent]:
        """What a destination has taken."""
        return self._told[name]

    async def _take(self, request: web.Request) -> web.StreamResponse:
        kind, name = request.match_info["kind"], request.match_info["name"]
        sent = Sent(await request.read(), dict(request.headers), dict(request.query), self._now())
        sent = Sent(sent.raw, {k.lower(): v for k, v in sent.headers.items()}, sent.query, sent.now)
        self.arrived[name].append(sent)
        script = self._scripts[name]
        failure = script.popleft() if script else self._always.get(name)
        if failure is None:
            says = KINDS[kind].takes(sent)
            if says.status < 300 and not _refused(says):
                self._told[name].append(sent)
            return _response(says)
        if isinstance(failure, Cuts) and failure.taken:
            self._told[name].append(sent)
        if isinstance(failure, Spoken):
            return _response(_says(kind, failure))
        if isinstance(failure, Hangs):
            await self._hang()
        return await _break(request, failure)

    async def _hang(self) -> None:
        self.hanging += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.hanging -= 1


def _refused(says: Says) -> bool:
    try:
        document = json.loads(says.body or "{}")
    except ValueError:
        return False
    return bool(document.get("code") or document.get("errcode"))


def _says(kind: str, failure: Spoken) -> Says:
    service = KINDS[kind]
    match failure:
        case Limited(seconds):
            return service.limited(seconds)
        case Lies(body):
            return Says(200, body)
        case Redirects():
            return Says(302, "", {"location": f"/{kind}/elsewhere"})
        case Gone():
            return service.gone
        case Busy():
            return service.busy


def _response(says: Says) -> web.Response:
    return web.Response(status=says.status, body=says.body.encode(), headers=dict(says.headers))


async def _break(request: web.Request, failure: Failure) -> web.StreamResponse:
    response = web.StreamResponse(status=200)
    if isinstance(failure, Cuts):
        assert request.transport is not None
        request.transport.abort()
        return response
    await response.prepare(request)
    while True:
        await response.write(b" " * 65_536)
