"""The demo: one signed webhook through the whole pipeline, with a duplicate and a killed worker on the way.

Everything is real but the cloud: the template's queues, topic, table and functions, and a comparison service over two
databases. Only waiting is shorter: `PARAMETERS`, `LEASE_SECONDS` and `VISIBILITY_SECONDS` replace what is deployed.
"""

import asyncio
import json
import secrets
import sqlite3
import time
import tomllib
from collections.abc import Coroutine
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from functions.comparer.jobs_file import ComparerConfig, config_of
from functions.local.cli_errors import CommandFailed
from functions.local.cloud import Runtime
from functions.local.demo_faults import KillOnce
from functions.local.door import Answer, Door, signed_headers
from functions.local.exit_codes import INTERNAL
from functions.local.happenings import Happening, Happenings
from functions.local.rendering import Screen
from functions.local.rendering_demo import show_answer, show_request, show_start
from functions.local.rendering_hops import show_happening
from functions.local.samples import JOB_ID, SECRET_VARIABLE, Samples, jobs_file, make_samples
from functions.local.stage import Stage, best_runtime, set_visibility, stage
from functions.local.target import Target
from functions.pipeline.events import FINISHED

PROJECT_ID = "0123456789abcdef0123456789abcdef"
PARAMETERS = {"MinPollSeconds": 1, "PollJitterPercent": 0, "CallsPerSecond": 100}
LEASE_SECONDS = 1.5
VISIBILITY_SECONDS = 2
BUSY_SECONDS = 3.9
"""A writer keeps the source locked that long once DRS has the tasks: two small databases are compared in no time, and
there would be nothing to wait for. Shorter than the comparer waits for a lock, 5 s."""
BUSY_UNTIL_SECONDS = 5.0
"""After the request the lock is given back at the latest: a slow machine shows one poll less, and keeps the time."""
PATIENCE_SECONDS = 60
"""A machine that needs longer has a problem that is worth being told."""


@dataclass(frozen=True)
class Journey:
    """What a subscriber of the topic has seen in the end; `seconds` from the first request to the last event."""

    event: dict[str, Any]
    deliveries: int
    ids: int
    seconds: float


class Demo:
    """One run; `folder` is for the databases, `runtime` is the best for this machine unless given."""

    def __init__(self, screen: Screen, folder: Path, runtime: Runtime | None = None) -> None:
        self._screen = screen
        self._folder = folder
        self._runtime: Runtime = runtime or best_runtime()
        self._killer = KillOnce()
        self._happenings = Happenings()
        self._started = asyncio.Event()
        self._asked_at = time.time()
        self._accepted = 0
        self._recovering = False

    async def run(self) -> Journey:
        """Run it; when this returns everything has been stopped. Raises CommandFailed (70) if it gets stuck."""
        samples = make_samples(self._folder)
        async with stage(
            _config(samples),
            parameters=PARAMETERS,
            extra_env={"LEASE_SECONDS": str(LEASE_SECONDS)},
            on_hop=self._happenings.on_hop,
            log_sink=self._happenings.log_sink,
            fault=self._killer,
            runtime=self._runtime,
        ) as running:
            await set_visibility(running.cloud, "PollsQueue", VISIBILITY_SECONDS)
            show_start(self._screen, running)
            with closing(sqlite3.connect(samples.source)) as writer:
                return await self._beside(self._tell(running), self._journey(running, writer))

    async def _journey(self, running: Stage, writer: sqlite3.Connection) -> Journey:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._ask(running, writer)
                return await self._wait(running)
        except TimeoutError:
            raise CommandFailed(f"the demo did not end within {PATIENCE_SECONDS} s", INTERNAL) from None

    @staticmethod
    async def _beside(telling: Coroutine[Any, Any, None], journey: Coroutine[Any, Any, Journey]) -> Journey:
        """Run both until the journey has ended. Telling has no end; if it fails (a closed pipe) the journey ends."""
        tasks = asyncio.create_task(telling), asyncio.create_task(journey)
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {tasks[1]}:
                task.result()
            return tasks[1].result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _ask(self, running: Stage, writer: sqlite3.Connection) -> None:
        """Send the signed request, and the same again as a caller does who has lost the answer."""
        cloud = running.cloud
        secret = cloud.secret("WebhookSecret")
        door = Door(Target(cloud.url, "the local cloud", token=None, webhook_secret=secret))
        request_id, self._asked_at = f"demo-{secrets.token_hex(4)}", time.time()
        body = json.dumps(_request()).encode()
        headers = signed_headers(secret, request_id, int(self._asked_at), body)
        show_request(self._screen, cloud.url, headers, body)
        writer.execute("BEGIN EXCLUSIVE")
        answer = await asyncio.to_thread(door.post, body, headers)
        _check(answer)
        show_answer(self._screen, answer)
        await self._started.wait()
        left = self._asked_at + BUSY_UNTIL_SECONDS - time.time()
        asyncio.get_running_loop().call_later(min(BUSY_SECONDS, max(0.0, left)), writer.rollback)
        _check(await asyncio.to_thread(door.post, body, headers))

    async def _wait(self, running: Stage) -> Journey:
        """Wait for the finished event, and then until nothing is left that could bring another."""
        inbox = running.cloud.inbox
        async for published in inbox:
            if published.attributes.get("type") == FINISHED:
                break
        seconds = time.time() - self._asked_at
        await running.cloud.settle(within=VISIBILITY_SECONDS + LEASE_SECONDS)
        finished = [p.event for p in inbox if p.attributes.get("type") == FINISHED]
        return Journey(finished[0], len(finished), len({e["id"] for e in finished}), seconds)

    async def _tell(self, running: Stage) -> None:
        async for happening in self._happenings.told(running.cloud):
            show_happening(self._screen, self._in_context(happening), self._asked_at)
            if happening.function == "create":
                self._started.set()

    def _in_context(self, happening: Happening) -> Happening:
        """The same happening in the words of the story: what is a duplicate, a kill, a recovery."""
        words = happening.words
        if happening.function == "webhook":
            self._accepted += 1
            if self._accepted == 2:
                words = replace(words, answer="DUPLICATE request: 202, the same comparison", kind="trouble")
        elif happening.function == "poll" and words.answer == "KILLED":
            self._recovering = True
            how = "SIGKILL" if self._runtime == "processes" else "KILLED"
            words = replace(words, answer=f"{how}: {self._killer.moment}")
        elif happening.function == "poll" and self._recovering:
            self._recovering = False
            words = replace(words, message=f"{words.message} again")
        return replace(happening, words=words)


def _config(samples: Samples) -> ComparerConfig:
    content = tomllib.loads(jobs_file(samples, PROJECT_ID))
    return config_of(content, base=samples.source.parent, env={SECRET_VARIABLE: secrets.token_urlsafe(24)})


def _request() -> dict[str, Any]:
    return {
        "job_id": JOB_ID,
        "object_level_compare_type": "objects",
        "data_level_compare_info": {
            "compare_type": "lines",
            "compare_mode": "quick_comparison",
            "conflict_policy": "keep",
        },
    }


def _check(answer: Answer) -> None:
    if answer.status != 202:
        raise CommandFailed(f"the demo's request was answered with HTTP {answer.status}", INTERNAL)
