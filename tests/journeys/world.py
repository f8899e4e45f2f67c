"""A whole Parity on this machine, under a clock that jumps: template, queues, functions, and a DRS to talk to."""

import base64
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from functions.comparer.jobs import Job
from functions.comparer.jobs_file import AuthConfig, ComparerConfig
from functions.comparer.server import Service, serve
from functions.comparer.urls import endpoint_of
from functions.local.clock import VirtualClock
from functions.local.cloud import Cloud
from functions.local.faults import FaultHook
from functions.pipeline.signature import sign

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
PROJECT = "054ba152d480d55b2f5dc0069e7ddef0"
JOB = "f8688cfa-4e05-406f-a2e6-37a773cjb20y"
KEY = base64.b64encode(b"k" * 32).decode()
TOKEN = "the-status-token"
ACCESS, SECRET = "AKEXAMPLE", "the secret key of this test"
OBJECTS: dict[str, Any] = {"job_id": JOB, "object_level_compare_type": "objects"}


def lines(*tables: str, db: str = "shop", **more: Any) -> dict[str, Any]:
    """A request to count rows."""
    info = {"conflict_policy": "keep", "compare_type": "lines"} | more
    if "compare_mode" not in more:
        info["compare_object_infos"] = [{"db_name": db} | ({"table_name": list(tables)} if tables else {})]
    return {"job_id": JOB, "data_level_compare_info": info}


def projects(endpoint: str, **changes: Any) -> str:
    """The projects secret for a DRS at `endpoint`."""
    project = {
        "region": "cn-north-4",
        "drs_endpoint": endpoint,
        "iam_endpoint": endpoint,
        "auth": "aksk",
        "access_key": ACCESS,
        "secret_key": SECRET,
    }
    return json.dumps({PROJECT: {k: v for k, v in (project | changes).items() if v is not None}})


@dataclass
class World:
    """What a journey acts on and looks at."""

    cloud: Cloud
    clock: VirtualClock
    http: aiohttp.ClientSession
    quiet: Callable[[], Awaitable[None]]
    log: list[tuple[str, str]] = field(default_factory=list)

    async def post(
        self,
        body: Mapping[str, Any] | bytes,
        webhook_id: str = "wh_1",
        headers: Mapping[str, str] | None = None,
        query: str = "",
    ) -> tuple[int, dict[str, Any]]:
        """Sign and send a request as a caller does; returns status and body."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"content-type": "application/json"} | self.signed(raw, webhook_id) | dict(headers or {})
        async with self.http.post(f"{self.cloud.url}/comparisons{query}", data=raw, headers=sent) as answer:
            return answer.status, await answer.json(content_type=None)

    def signed(self, raw: bytes, webhook_id: str = "wh_1") -> dict[str, str]:
        """The headers that sign a body now."""
        return sign(webhook_id, int(self.clock.now()), raw, base64.b64decode(KEY))

    async def rehearse(self, body: Mapping[str, Any], webhook_id: str = "wh_1") -> dict[str, Any]:
        """What a dry run of a good request tells."""
        status, told = await self.post(body, webhook_id, query="?dry_run=true")
        assert status == 200, told
        return told

    async def status(self, path: str, method: str = "GET", token: str = TOKEN) -> tuple[int, dict[str, Any]]:
        """Ask the status door."""
        headers = {"authorization": f"Bearer {token}"}
        async with self.http.request(method, f"{self.cloud.url}/comparisons{path}", headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def enqueue(self, body: Any, queue: str = "RequestsQueue") -> None:
        """Put a message into a queue as an automation does."""
        text = body if isinstance(body, str) else json.dumps(body)
        await self.cloud.client().send(self.cloud.queue(queue).url, text)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Every event of one type that was published: `started`, `finished`, `invalid`."""
        return [p.event for p in self.cloud.inbox if f".{kind}." in p.event["type"]]

    async def finished(self, count: int = 1, within: float = 172_800) -> list[dict[str, Any]]:
        """Let time pass until `count` comparisons are finished and nothing is left to do; one event per id."""

        async def done() -> bool:
            await self.quiet()
            return len({e["id"] for e in self.events("finished")}) >= count

        await self.cloud.settle(until=done, within=within)
        await self.rest()
        by_id = {e["id"]: e for e in self.events("finished")}
        assert len(by_id) == count
        for event in self.events("finished"):
            assert event == by_id[event["id"]], "two events with one id have to be the same bytes"
        return list(by_id.values())

    async def finish(self, body: Mapping[str, Any], webhook_id: str = "wh_1") -> dict[str, Any]:
        """Ask for one comparison and return the data of its finished event."""
        status, answer = await self.post(body, webhook_id)
        assert status == 202, answer
        (event,) = await self.finished()
        data: dict[str, Any] = event["data"]
        return data

    async def rest(self) -> None:
        """Let everything happen that is still under way, the schedule aside."""
        await self.quiet()
        await self.cloud.settle()

    def calls(self, function: str) -> int:
        """How often a function was invoked."""
        return sum(hop.function == function for hop in self.cloud.hops)


@asynccontextmanager
async def world(
    drs_url: str,
    clock: VirtualClock,
    *,
    quiet: Callable[[], Awaitable[None]] | None = None,
    parameters: Mapping[str, Any] | None = None,
    fault: FaultHook | None = None,
    secrets: Mapping[str, str] | None = None,
    template: Path = TEMPLATE,
) -> AsyncIterator[World]:
    """A local cloud in this process whose only project is a DRS at `drs_url`."""
    log: list[tuple[str, str]] = []

    async def nothing() -> None:
        return

    cloud = await Cloud.start(
        template,
        {"CallsPerSecond": 100, "AllowCancel": "true"} | dict(parameters or {}),
        secrets={"ProjectsSecret": projects(drs_url), "WebhookSecret": KEY, "TokenSecret": TOKEN} | dict(secrets or {}),
        clock=clock,
        runtime="in_process",
        log_sink=lambda function, line: log.append((function, line)),
        fault=fault,
        seed=1,
    )
    async with cloud, aiohttp.ClientSession() as http:
        yield World(cloud, clock, http, quiet or nothing, log)


def database(path: Path, tables: Mapping[str, int], *statements: str) -> None:
    """A SQLite database with tables of so many rows."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for name, rows in tables.items():
            connection.execute(f'CREATE TABLE "{name}" (id INTEGER PRIMARY KEY, v TEXT)')
            connection.executemany(f'INSERT INTO "{name}" VALUES (?, ?)', [(n, str(n)) for n in range(rows)])
        for statement in statements:
            connection.execute(statement)


@asynccontextmanager
async def over_sqlite(
    folder: Path, source: Mapping[str, int], target: Mapping[str, int], *, jobs: int = 1, **options: Any
) -> AsyncIterator[tuple[World, Service]]:
    """A world against our own comparison service over two real databases, both named `shop`."""
    clock = VirtualClock()
    for side, tables in (("source", source), ("target", target)):
        (folder / side).mkdir()
        database(folder / side / "shop.db", tables)
    source_side, target_side = (endpoint_of(f"sqlite:///{folder / side}", folder) for side in ("source", "target"))
    names = [JOB, *(f"job-{n}" for n in range(1, jobs))]
    auth = AuthConfig.model_validate({"project_ids": [PROJECT], "access_keys": {ACCESS: SECRET}})
    config = ComparerConfig({name: Job(name, source_side, target_side) for name in names}, auth)
    service = await serve(config, port=0, now=clock.now)

    async def quiet() -> None:
        service.tick()
        await service.settle()

    try:
        async with world(service.url, clock, quiet=quiet, **options) as w:
            yield w, service
    finally:
        await service.close()


def changed_template(template: dict[str, Any], folder: Path) -> Path:
    """A template that a test has changed, written to a folder; the code is still where it is."""
    here = TEMPLATE.parent
    template["Globals"]["Function"]["CodeUri"] = str(here / template["Globals"]["Function"].get("CodeUri", "."))
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function" and "CodeUri" in properties:
            properties["CodeUri"] = str(here / properties["CodeUri"])
    changed = folder / "template.yaml"
    changed.write_text(yaml.safe_dump(template))
    return changed
