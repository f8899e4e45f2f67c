"""Webhook to 202, and one poll step: ours and the usual way, cold and warm, each side in a cloud of its own.

Cold is the first call of a cloud just started, from the caller's side: the process's start, the runtime client, the
import and the call. Warm is the same process's next calls. The poll step is timed from the event's delivery to the
function's answer; both sides make the same calls.
"""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

import aiohttp

from functions.local.cloud import Cloud
from functions.local.invocations import Hop
from functions.pipeline.comparison import Comparison, Task
from functions.pipeline.messages import Request
from functions.pipeline.signature import sign
from tests.benchmarks.clouds import KEY, PROJECT, Side, Templates, failed
from tests.benchmarks.pairs import Pairs, alternating, in_turn
from tests.benchmarks.served_drs import TASK, running_drs

COLD, WARM, UNCOUNTED = 15, 60, 5
JOB = "f8688cfa-4e05-406f-a2e6-37a773cjb20y"
_REQUEST = {"job_id": JOB, "object_level_compare_type": "objects"}
_FAR = {"MinPollSeconds": 900, "MaxPollSeconds": 900}
"""The next poll's message stays in its queue: each step is started by the benchmark."""
_numbers = count()


@dataclass(frozen=True)
class Subject:
    """A side in its cloud, to be called one call at a time."""

    cloud: Cloud
    http: aiohttp.ClientSession
    hops: asyncio.Queue[Hop]

    async def webhook(self) -> float:
        """Seconds from the signed request to its 202."""
        body = json.dumps(_REQUEST).encode()
        signed = sign(f"wh_{next(_numbers)}", int(time.time()), body, base64.b64decode(KEY))
        headers = {"content-type": "application/json"} | signed
        began = time.perf_counter()
        async with self.http.post(f"{self.cloud.url}/comparisons", data=body, headers=headers) as answer:
            text = await answer.text()
        seconds = time.perf_counter() - began
        if answer.status != 202:
            msg = f"no 202 but {answer.status}: {text}"
            raise RuntimeError(msg)
        await self._hop()
        return seconds

    async def poll(self) -> float:
        """Seconds that one poll step of a comparison takes whose DRS task still runs."""
        comparison_id = f"cmp_{next(_numbers):032x}"
        aws, table = self.cloud.client(), self.cloud.stack.tables["Ledger"].name
        await aws.put_item(table, _polling(comparison_id, time.time()))
        message = json.dumps({"comparison_id": comparison_id, "step": 1})
        await aws.send(self.cloud.queue("PollsQueue").url, message)
        hop = await self._hop()
        stored = await aws.get_item(table, {"pk": f"cmp#{comparison_id}"})
        if stored is None or stored["step"] != 2:
            msg = f"the step was not done: {stored}"
            raise RuntimeError(msg)
        return hop.seconds

    async def _hop(self) -> Hop:
        hop = await asyncio.wait_for(self.hops.get(), 30)
        if wrong := failed(hop):
            raise RuntimeError(wrong)
        return hop


def _polling(comparison_id: str, now: float) -> dict[str, object]:
    """The ledger's item of a comparison whose first poll is due."""
    comparison = Comparison(
        comparison_id=comparison_id,
        project_id=PROJECT,
        request=Request.model_validate(_REQUEST | {"project_id": PROJECT, "request_id": comparison_id}),
        accepted_at=now,
        deadline_at=now + 21_600,
        tasks=(Task(level="objects", task_id=TASK, origin="created", began_at=now),),
    )
    return {
        "pk": f"cmp#{comparison_id}",
        "kind": "comparison",
        "comparison_id": comparison_id,
        "job_id": JOB,
        "state": "polling",
        "step": 1,
        "next_at": now,
        "accepted_at": now,
        "deadline_at": comparison.deadline_at,
        "document": comparison.model_dump_json(),
    }


@asynccontextmanager
async def subject(templates: Templates, side: Side, drs_url: str) -> AsyncIterator[Subject]:
    """A side, freshly started; the project's credentials have proven themselves before."""
    hops: asyncio.Queue[Hop] = asyncio.Queue()
    cloud = templates.cloud(side, drs_url, parameters=_FAR, alone=True, on_hop=hops.put_nowait)
    async with cloud as running, aiohttp.ClientSession() as http:
        aws = running.client()
        secret = await aws.get_secret(running.stack.secrets["ProjectsSecret"].arn)
        proven = {"pk": f"gate#{PROJECT}", "proven": secret.version}
        await aws.put_item(running.stack.tables["Ledger"].name, proven)
        yield Subject(running, http, hops)


async def cold(templates: Templates) -> tuple[Pairs, Pairs]:
    """The first webhook and the first poll step of clouds just started."""
    found: dict[Side, list[tuple[float, float]]] = {"ours": [], "usual": []}
    sides: tuple[Side, Side] = ("ours", "usual")
    async with running_drs() as drs_url:
        for side in in_turn(sides, COLD):
            async with subject(templates, side, drs_url) as one:
                found[side].append((await one.webhook(), await one.poll()))
    ours, usual = (tuple(zip(*found[side], strict=True)) for side in sides)
    return Pairs(ours[0], usual[0]), Pairs(ours[1], usual[1])


async def warm(templates: Templates) -> tuple[Pairs, Pairs]:
    """Webhooks and poll steps of warm functions."""
    async with (
        running_drs() as drs_url,
        subject(templates, "ours", drs_url) as ours,
        subject(templates, "usual", drs_url) as usual,
    ):
        return (
            await _after_some(ours.webhook, usual.webhook),
            await _after_some(ours.poll, usual.poll),
        )


async def _after_some(ours: Callable[[], Awaitable[float]], usual: Callable[[], Awaitable[float]]) -> Pairs:
    await alternating(UNCOUNTED, ours, usual)
    return await alternating(WARM, ours, usual)
