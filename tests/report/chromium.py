"""A headless Chromium, driven over its DevTools protocol: what a page asks for, says and looks like.

Source: the Chrome DevTools Protocol, domains Page, Network, Log, Runtime, Emulation.
"""

import asyncio
import base64
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# Nothing but the page: no look-up of updates, no first run, no sandbox (which root can't have).
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
    "--remote-debugging-port=0",
)


def program() -> str:
    """The browser of this machine; without one a user's tests are skipped, and a machine's fail."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None and os.environ.get("CI"):
        pytest.fail("no Chromium: .ci/run installs Debian's package `chromium`, and needs root for that")
    if found is None:
        pytest.skip("no Chromium on this machine (apt install chromium): the report was not opened in a browser")
    return found


@dataclass
class Tab:
    """A page in the browser; `events` has whatever the protocol told of it."""

    socket: aiohttp.ClientWebSocketResponse
    events: list[dict[str, Any]] = field(default_factory=list)
    _number: int = 0

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Make a call and wait for its answer."""
        self._number += 1
        await self.socket.send_json({"id": self._number, "method": method, "params": params})
        while True:
            message = await self.socket.receive_json(timeout=60)
            if message.get("id") == self._number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            self.events.append(message)

    async def until(self, method: str) -> None:
        """Wait for an event."""
        while not any(event["method"] == method for event in self.events):
            self.events.append(await self.socket.receive_json(timeout=60))

    async def open(self, url: str, *, width: int = 1100, height: int = 900, dark: bool = False) -> None:
        """Open an address in a window of that size, by a person who likes it dark or light."""
        self.events.clear()
        for domain in ("Page", "Network", "Log", "Runtime", "Security"):
            await self.call(f"{domain}.enable")
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])
        await self.call("Page.navigate", url=url)
        await self.until("Page.loadEventFired")

    async def value(self, expression: str) -> Any:
        """What an expression of JavaScript is worth in the page."""
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def picture(self, most: int = 3_000, start: int = 0) -> bytes:
        """A picture of the page as PNG, from `start` pixels below its top, of at most so many."""
        size = (await self.call("Page.getLayoutMetrics"))["cssContentSize"]
        part = {"x": 0, "y": start, "width": size["width"], "height": min(size["height"] - start, most), "scale": 1}
        taken = await self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=part)
        return base64.b64decode(taken["data"])

    def requests(self) -> list[str]:
        """Addresses that the page has asked for."""
        sent = (e["params"] for e in self.events if e["method"] == "Network.requestWillBeSent")
        return [params["request"]["url"] for params in sent]

    def complaints(self) -> list[Any]:
        """Whatever was written to the console, and whatever was thrown."""
        said = {"Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"}
        return [event["params"] for event in self.events if event["method"] in said]


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Tab]:
    """A browser with one empty tab; `folder` has its profile."""
    process = await asyncio.create_subprocess_exec(
        program(),
        *QUIET,
        f"--user-data-dir={folder}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with aiohttp.ClientSession() as session:
            address = await asyncio.wait_for(_address(process.stderr), 60)
            drained = asyncio.create_task(process.stderr.read())
            async with session.get(f"http://{address}/json/list") as answer:
                tabs = [tab for tab in await answer.json() if tab["type"] == "page"]
            async with session.ws_connect(tabs[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Tab(socket)
            drained.cancel()
    finally:
        process.terminate()
        await process.wait()


async def _address(said: asyncio.StreamReader) -> str:
    while line := (await said.readline()).decode():
        if "DevTools listening on ws://" in line:
            return line.partition("ws://")[2].partition("/")[0]
    raise AssertionError("the browser ended without having told its address")
