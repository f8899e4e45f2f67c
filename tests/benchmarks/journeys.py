"""Whole journeys through the local cloud, over our comparison service and two real databases.

How long after DRS is done the event is out, with the local floor of one second between polls; and how many comparisons
a second get through, of which each waits at least one such second.
"""

import asyncio
import base64
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from functions.comparer.jobs import Job
from functions.comparer.jobs_file import ComparerConfig
from functions.comparer.server import serve
from functions.comparer.urls import endpoint_of
from functions.local.cloud import Cloud, Runtime
from functions.local.invocations import Hop
from functions.pipeline.signature import sign
from tests.benchmarks.clouds import KEY, PROJECT, Templates, failed
from tests.benchmarks.pairs import Pairs, alternating

POLL_SECONDS = 1.0
FOLLOWED, COMPARISONS, REPEATS = 15, 30, 4
CALLERS = 4
"""Requests at once: each more would be one more process to start, on a machine with few processors."""
_APART, _AHEAD = 0.7, 3.0
"""Seconds between two followed comparisons, so that they don't queue for each other; seconds until each starts."""
_numbers = count()


@dataclass(frozen=True)
class Journeys:
    """A cloud and its DRS."""

    cloud: Cloud
    drs_url: str
    http: aiohttp.ClientSession
    wrong: list[str]

    async def ask(self, body: Mapping[str, Any]) -> str:
        """Ask for a comparison; returns its id."""
        raw = json.dumps(body).encode()
        signed = sign(f"wh_{next(_numbers)}", int(time.time()), raw, base64.b64decode(KEY))
        headers = {"content-type": "application/json"} | signed
        async with self.http.post(f"{self.cloud.url}/comparisons", data=raw, headers=headers) as answer:
            told: dict[str, Any] = await answer.json(content_type=None)
        if answer.status != 202:
            raise RuntimeError(f"no 202 but {answer.status}: {told}")
        return str(told["comparison_id"])

    async def finished(self, ids: set[str], within: float = 90) -> dict[str, float]:
        """When the finished event of each comparison was out, in epoch seconds."""
        end, found = time.time() + within, dict[str, float]()
        while time.time() < end:
            for published in self.cloud.inbox:
                event = published.event
                if ".finished." in event["type"] and event["subject"] in ids:
                    if event["data"]["verdict"] != "consistent":
                        raise RuntimeError(f"not the verdict that was to come: {event['data']}")
                    found.setdefault(event["subject"], published.at)
            if len(found) == len(ids):
                return found
            await asyncio.sleep(0.01)
        raise RuntimeError(f"{len(ids) - len(found)} of {len(ids)} did not finish: {self.wrong[:3]}")

    async def ended_at(self, job: str) -> float:
        """When the comparison task of a DRS job became terminal, in epoch seconds."""
        url = f"{self.drs_url}/v3/{PROJECT}/jobs/query-compare-result"
        body = {"job_id": job, "current_page": 1, "per_page": 10}
        async with self.http.post(url, json=body, headers={"X-Auth-Token": "anybody's"}) as answer:
            told = await answer.json()
        (task,) = told["compare_task_list_results"]["compare_task_list"]
        return int(task["end_time"]) / 1000


@asynccontextmanager
async def journeys(templates: Templates, folder: Path, runtime: Runtime) -> AsyncIterator[Journeys]:
    """A cloud over the comparison service; its DRS jobs are `job-0`, `job-1` …"""
    source, target = (endpoint_of(f"sqlite:///{_database(folder / name)}", folder) for name in ("source", "target"))
    names = [f"job-{n}" for n in range(COMPARISONS)]
    service = await serve(ComparerConfig(jobs={name: Job(name, source, target) for name in names}, auth=None), port=0)
    wrong: list[str] = []

    def watch(hop: Hop) -> None:
        if problem := failed(hop):
            wrong.append(problem)

    parameters = {"MinPollSeconds": POLL_SECONDS}
    try:
        async with (
            templates.cloud("ours", service.url, parameters=parameters, runtime=runtime, on_hop=watch) as cloud,
            aiohttp.ClientSession() as http,
        ):
            yield Journeys(cloud, service.url, http, wrong)
    finally:
        await service.close()


async def lateness(templates: Templates, folder: Path) -> list[float]:
    """Seconds from a DRS task's end to its finished event, of row comparisons that start a while after they are made.

    They end soon after they start; the first look comes a whole poll delay after the start.
    """
    async with journeys(templates, folder, "processes") as over:
        await over.finished({await over.ask(_lines(f"job-{FOLLOWED}"))})
        ids: dict[str, str] = {}
        for number in range(FOLLOWED):
            job = f"job-{number}"
            ids[await over.ask(_lines(job, start_time=str(int((time.time() + _AHEAD) * 1000))))] = job
            await asyncio.sleep(_APART)
        out = await over.finished(set(ids))
        return [out[comparison] - await over.ended_at(job) for comparison, job in ids.items()]


async def rates(templates: Templates, folder: Path) -> Pairs:
    """Comparisons per second with functions in processes of their own, and with all in one process, in turn.

    From the first request to the last finished event.
    """
    async with (
        journeys(templates, folder, "processes") as apart,
        journeys(templates, folder, "in_process") as together,
    ):
        await _rate(apart)  # starts the processes
        await _rate(together)
        return await alternating(REPEATS, partial(_rate, apart), partial(_rate, together))


async def _rate(over: Journeys) -> float:
    began = time.time()
    out = await over.finished(await _asked(over, [_objects(f"job-{number}") for number in range(COMPARISONS)]))
    return COMPARISONS / (max(out.values()) - began)


async def _asked(over: Journeys, bodies: Sequence[Mapping[str, Any]]) -> set[str]:
    callers = asyncio.Semaphore(CALLERS)

    async def ask(body: Mapping[str, Any]) -> str:
        async with callers:
            return await over.ask(body)

    return set(await asyncio.gather(*map(ask, bodies)))


def _objects(job: str) -> dict[str, Any]:
    return {"job_id": job, "object_level_compare_type": "objects"}


def _lines(job: str, **more: str) -> dict[str, Any]:
    info = {"conflict_policy": "keep", "compare_type": "lines", "compare_mode": "quick_comparison"}
    return {"job_id": job, "data_level_compare_info": info | more}


def _database(folder: Path) -> Path:
    if not folder.is_dir():
        folder.mkdir(parents=True)
        with closing(sqlite3.connect(folder / "shop.db")) as connection, connection:
            connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, v TEXT)")
            connection.executemany("INSERT INTO orders VALUES (?, ?)", [(n, str(n)) for n in range(1000)])
    return folder
