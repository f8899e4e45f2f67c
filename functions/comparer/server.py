"""The comparison service as one object: start it, ask for its address, stop it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from functions.comparer.api.access import Access
from functions.comparer.api.application import Api
from functions.comparer.api.connection import connections
from functions.comparer.export.life import Exports
from functions.comparer.jobs import Job
from functions.comparer.jobs_file import ComparerConfig
from functions.comparer.tasks.life import Tasks
from functions.comparer.tasks.store import Store

_log = logging.getLogger(__name__)

PORT = 8081


class Service:
    """A running comparison service. Made by `serve`."""

    def __init__(
        self,
        url: str,
        server: asyncio.Server,
        runner: web.AppRunner,
        store: Store,
        tasks: Tasks,
        exports: Exports,
        jobs: dict[str, Job],
    ) -> None:
        self.url = url
        self._server = server
        self._runner = runner
        self._store = store
        self._tasks = tasks
        self._exports = exports
        self._jobs = jobs
        self._watch = asyncio.get_running_loop().create_task(tasks.watch())

    def tick(self) -> None:
        """Look at the clock: start what is due. For whoever has just moved a virtual clock."""
        self._tasks.tick()

    async def settle(self) -> None:
        """Wait until every comparison that is due by now has ended, and every result file has been written."""
        await self._tasks.settle()
        await self._exports.settle()

    def set_job_state(self, job_id: str, state: str) -> None:
        """Put a DRS job into another state, as its replication would. Raises `KeyError` for an unknown job."""
        self._jobs[job_id] = replace(self._jobs[job_id], state=state)

    def remove_job(self, job_id: str) -> None:
        """Forget a DRS job, as deleting it would. Raises `KeyError` for an unknown job."""
        del self._jobs[job_id]

    async def close(self) -> None:
        """Stop serving and comparing. What is unfinished stays so in the store, and runs again in the next service."""
        self._server.close()
        await self._runner.cleanup()
        self._watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._watch
        await self._tasks.close()
        await self._exports.close()
        self._store.close()


async def serve(
    config: ComparerConfig,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    now: Callable[[], float] = time.time,
    store: Path | None = None,
    unique: Callable[[], str] = lambda: str(uuid.uuid4()),
    body_seconds: float = 60.0,
) -> Service:
    """Serve the comparison API and return at once; port 0 takes a free one.

    `now`: epoch seconds, perhaps of a virtual clock. `store`: the file that keeps tasks and results (`default_store`);
    None: memory only. `unique`: fresh ids, of tasks, requests and tokens. `body_seconds`: how long a request's body may
    take to arrive. Raises `StoreUnusable`, and `OSError` if the address is taken.
    """
    if config.auth is None:
        _log.warning("jobs.toml has no [auth]: every credential is accepted")
    jobs = dict(config.jobs)
    opened = Store(store)
    tasks = Tasks(opened, jobs, now, unique)
    exports = Exports(opened, now)
    api = Api(opened, jobs, tasks, exports, Access(config.auth, now, unique), unique, body_seconds)
    runner = web.AppRunner(api.application(), shutdown_timeout=1.0)
    try:
        server = await _listening(runner, host, port, unique)
    except BaseException:
        await runner.cleanup()
        opened.close()
        raise
    address = server.sockets[0].getsockname()
    shown = f"[{address[0]}]" if ":" in address[0] else address[0]
    return Service(f"http://{shown}:{address[1]}", server, runner, opened, tasks, exports, jobs)


async def _listening(runner: web.AppRunner, host: str, port: int, unique: Callable[[], str]) -> asyncio.Server:
    """Serve the runner's application by connections of our own, which aiohttp's sites have no place for."""
    await runner.setup()
    if runner.server is None:
        raise RuntimeError("the application was not set up")
    loop = asyncio.get_running_loop()
    return await loop.create_server(connections(runner.server, loop, unique), host, port)


def default_store(env: Mapping[str, str] = os.environ) -> Path:
    """Where a person's comparer keeps its tasks: ``$XDG_STATE_HOME/parity/comparer.db``.

    XDG_STATE_HOME is ``~/.local/state`` by default.
    """
    state = env.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "parity" / "comparer.db"
