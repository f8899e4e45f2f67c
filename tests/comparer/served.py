"""A comparer served on a free port, over databases made on the spot, under a clock that only moves when told."""

from __future__ import annotations

import asyncio
import io
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import aiohttp

from functions.comparer.core.engine import Digester, Endpoint, Joint, Snapshot, Stop, TableUnreadable
from functions.comparer.core.table import Reading, Row, Shape, TablePlan
from functions.comparer.jobs import Job
from functions.comparer.jobs_file import AuthConfig, ComparerConfig
from functions.comparer.server import Service, serve
from functions.comparer.sqlite.endpoint import SqliteEndpoint

PROJECT = "054ba152d480d55b2f5dc0069e7ddef0"
JOB = "f8688cfa-4e05-406f-a2e6-37a773cjb20y"
EPOCH = 1_800_000_000.0


def make_database(path: Path, *statements: str) -> Path:
    """A SQLite database that has run these statements."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    return path


@dataclass
class Clock:
    """A clock that stands still."""

    now: float = EPOCH

    def __call__(self) -> float:
        return self.now


@dataclass
class HeldEndpoint:
    """An engine whose one table is only counted once `released`; until then a comparison runs."""

    released: threading.Event = field(default_factory=threading.Event)
    counting: threading.Event = field(default_factory=threading.Event)
    engine: str = "none"
    types: tuple[str, ...] = ("TABLE",)
    single: bool = True
    server: str | None = None
    connections: int = 1

    def names(self, stop: Stop | None = None) -> frozenset[str]:
        return frozenset({"held"})

    def hidden(self, names: Collection[str], stop: Stop | None = None) -> frozenset[str]:
        return frozenset()

    @contextmanager
    def snapshot(self, name: str, stop: Stop, connections: int | None = None) -> Iterator[Snapshot]:
        yield _HeldSnapshot(self, stop)


@dataclass
class _HeldSnapshot:
    endpoint: HeldEndpoint
    stop: Stop

    @property
    def moves(self) -> bool:
        return False

    def objects(self, *, neutral: bool = False) -> Mapping[str, frozenset[str]]:
        return {"TABLE": frozenset({"t"})}

    def tables(self) -> frozenset[str]:
        return frozenset({"done", "t"})

    def hidden(self, names: Collection[str]) -> frozenset[str]:
        return frozenset()

    def hidden_types(self) -> Mapping[str, str]:
        return {}

    def count(self, table: str) -> int:
        if table == "t":
            self.endpoint.counting.set()
            while not self.endpoint.released.is_set():
                self.stop.wait(0.01)
        return 1

    def about(self, table: str) -> int:
        return 1

    def version(self) -> str:
        return ""

    def shape(self, table: str) -> Shape:
        raise TableUnreadable(f"the values of {table} are not of this world", damaged=False)

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Row]:
        return iter(())

    def stream(self, reading: Reading, after: Row | None = None, upto: Row | None = None) -> Iterator[bytes]:
        return iter(())

    def digester(self, reading: Reading) -> Digester | None:
        return None

    @property
    def connections(self) -> int:
        return 1

    def split(self, reading: Reading, parts: int) -> Sequence[Row]:
        return ()

    def at(self, reading: Reading, keys: Sequence[Row]) -> Iterator[bytes]:
        return iter(())

    def statement(self, table: str, columns: Sequence[str], values: Row) -> str:
        return ""

    def joint(self, target: Snapshot) -> AbstractContextManager[Joint] | None:
        return None


@dataclass
class PausedEndpoint:
    """A SQLite file whose table `table`, once its values are compared, is `reached` and waits until `released`."""

    path: Path
    table: str = "m"
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    single: bool = True
    engine: str = SqliteEndpoint.engine
    types: tuple[str, ...] = SqliteEndpoint.types

    def names(self, stop: Stop | None = None) -> frozenset[str]:
        return SqliteEndpoint(self.path, patience=0.3).names()

    def hidden(self, names: Collection[str], stop: Stop | None = None) -> frozenset[str]:
        return frozenset()

    @property
    def server(self) -> None:
        return None

    @property
    def connections(self) -> int:
        return 1

    @contextmanager
    def snapshot(self, name: str, stop: Stop, connections: int | None = None) -> Iterator[Snapshot]:
        with SqliteEndpoint(self.path, patience=0.3).snapshot(name, stop) as snapshot:
            yield cast(Snapshot, _PausedSnapshot(snapshot, self, stop))

    def pause(self, table: str, stop: Stop) -> None:
        """Wait, if this is the table."""
        if table == self.table:
            self.reached.set()
            while not self.released.is_set():
                stop.wait(0.01)


class _PausedSnapshot:
    """A snapshot that is asked for the number of rows when a table is begun."""

    def __init__(self, snapshot: Snapshot, endpoint: PausedEndpoint, stop: Stop) -> None:
        self._snapshot, self._endpoint, self._stop = snapshot, endpoint, stop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._snapshot, name)

    def count(self, table: str) -> int:
        self._endpoint.pause(table, self._stop)
        return self._snapshot.count(table)

    @contextmanager
    def _joint(self, opened: AbstractContextManager[Joint]) -> Iterator[Joint]:
        with opened as joint:
            yield cast(Joint, _PausedJoint(joint, self._endpoint, self._stop))

    def joint(self, target: Snapshot) -> AbstractContextManager[Joint] | None:
        opened = self._snapshot.joint(target)
        return None if opened is None else self._joint(opened)


class _PausedJoint:
    """The same where an engine compares both sides by itself."""

    def __init__(self, joint: Joint, endpoint: PausedEndpoint, stop: Stop) -> None:
        self._joint, self._endpoint, self._stop = joint, endpoint, stop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._joint, name)

    def length(self, plan: TablePlan) -> int:
        self._endpoint.pause(plan.table, self._stop)
        return self._joint.length(plan)


@dataclass
class Reply:
    """An answer, read to its end."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass
class Comparer:
    """A running comparison service and a client without manners."""

    service: Service
    session: aiohttp.ClientSession
    clock: Clock
    project: str = PROJECT
    headers: Mapping[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        """One request below the project's jobs; `body` bytes are sent as they are, anything else as JSON."""
        return await self.raw(method, f"/v3/{self.project}/jobs{path}", body, **options)

    async def raw(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        """One request to any path."""
        payload: dict[str, Any] = {"data": body} if isinstance(body, (bytes, io.BytesIO)) else {"json": body}
        options["headers"] = {**self.headers, **options.get("headers", {})}
        async with self.session.request(
            method, self.service.url + path, **({} if body is None else payload), **options
        ) as response:
            return Reply(response.status, await response.json(), response.headers)

    async def create(self, **body: Any) -> Reply:
        """create-compare-task for the one job."""
        return await self.ask("POST", "/create-compare-task", {"job_id": JOB, **body})

    async def create_lines(self, policy: str = "keep", **data: Any) -> Reply:
        """A row comparison, of everything unless `data` says otherwise."""
        info = {"conflict_policy": policy, "compare_type": "lines", "compare_mode": "quick_comparison", **data}
        return await self.create(data_level_compare_info=info)

    async def create_contents(self, policy: str = "keep", **data: Any) -> str:
        """A value comparison, of everything unless `data` says otherwise; its id."""
        reply = await self.create_lines(policy, **{"compare_type": "contents", **data})
        return str(reply.body["data_level_compare_create_result"]["compare_task_id"])

    async def results(self, page: int = 1, size: int = 1000, **ids: str) -> Any:
        """query-compare-result's body."""
        body = {"job_id": JOB, "current_page": page, "per_page": size, **ids}
        reply = await self.ask("POST", "/query-compare-result", body)
        assert reply.status == 200, reply
        return reply.body

    async def overview(self) -> Any:
        """The overview's body."""
        return (await self.ask("GET", f"/{JOB}/object/compare")).body

    async def statuses(self) -> dict[str, str]:
        """The status of every task of the job, by id."""
        listed = (await self.results())["compare_task_list_results"]["compare_task_list"]
        return {task["compare_task_id"]: task["compare_task_status"] for task in listed}


def config_for(
    source: Endpoint | Path, target: Endpoint | Path, auth: AuthConfig | None = None, **job: Any
) -> ComparerConfig:
    """One job between two paths or engines."""
    ends = [SqliteEndpoint(end, patience=0.3) if isinstance(end, Path) else end for end in (source, target)]
    return ComparerConfig(jobs={JOB: Job(JOB, ends[0], ends[1], **job)}, auth=auth)


@asynccontextmanager
async def served(
    config: ComparerConfig, *, store: Path | None = None, clock: Clock | None = None
) -> AsyncIterator[Comparer]:
    """Serve, and stop in the end."""
    clock = clock or Clock()
    service = await serve(config, port=0, now=clock, store=store)
    try:
        async with aiohttp.ClientSession() as session:
            yield Comparer(service, session, clock)
    finally:
        await service.close()


def serve_and(config: ComparerConfig, steps: Callable[[Comparer], Awaitable[None]]) -> None:
    """Serve, take the steps, and stop."""

    async def journey() -> None:
        async with served(config) as comparer:
            await steps(comparer)

    asyncio.run(journey())


def refusal(reply: Reply) -> tuple[int, str]:
    """Status and code of an answer that has to be an error as all of them are."""
    assert reply.body["error_msg"]
    assert reply.headers["X-Request-Id"]
    return reply.status, reply.body["error_code"]


def rows(table: str, count: int) -> Sequence[str]:
    """Statements for a table with that many rows."""
    values = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT i FROM n"
    fill = [f'INSERT INTO "{table}" {values}'] if count else []
    return [f'CREATE TABLE "{table}" (id INTEGER PRIMARY KEY)', *fill]


def data_id(reply: Reply) -> str:
    """The id of the data-level comparison that was created."""
    return str(reply.body["data_level_compare_create_result"]["compare_task_id"])


async def counting(held: HeldEndpoint) -> None:
    """Until the held comparison is where it waits."""
    assert await asyncio.to_thread(held.counting.wait, 30)
