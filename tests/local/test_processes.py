"""Functions in processes of their own, under the real Lambda runtime client."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from functions.local.clock import RealClock
from functions.local.cloud import Cloud
from functions.local.faults import Call, Crash, Fault
from tests.local.workshop import in_workshop, order, receive

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="awslambdaric runs on Linux alone")


def children() -> list[str]:
    """Return the processes whose parent is this one."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue  # it has just ended
        state, parent = text.rpartition(")")[2].split()[:2]
        if int(parent) == os.getpid() and state != "Z":
            found.append(text.split()[0])
    return found


def in_processes(journey: Callable[[Cloud], Awaitable[Any]], **options: Any) -> None:
    in_workshop(journey, runtime="processes", clock=RealClock(), **options)
    assert children() == []


def test_a_message_is_worked_on_in_a_process_with_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_THE_HOST", "x")
    lines: list[str] = []

    async def journey(cloud: Cloud) -> None:
        await order(cloud, ["put", "a"], ["send", "b"], ["publish", "c", "consistent"])
        await cloud.settle(lambda: len(cloud.hops) == 1 and len(cloud.inbox) == 1, within=20)
        assert cloud.hops[0].outcome == "ok"
        assert cloud.hops[0].calls == 3
        assert cloud.peek("Work") == []
        assert len(children()) == 1
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{cloud.url}/things/x?answer=environment") as response,
        ):
            env = await response.json()
        assert "OF_THE_HOST" not in env
        assert env["OWN"] == "from-the-function"
        assert env["AWS_ENDPOINT_URL"] == cloud.endpoint
        (message,) = await receive(cloud, "Raw")
        assert ";Lineage=" in message["Attributes"]["AWSTraceHeader"]  # the way by which loops are counted

    in_processes(journey, log_sink=lambda _, line: lines.append(line))
    assert any("worked on 1 with" in line for line in lines)


def test_a_warm_process_is_used_again() -> None:
    async def journey(cloud: Cloud) -> None:
        for n in range(3):
            await order(cloud)
            await cloud.settle(partial(lambda so_far: len(cloud.hops) > so_far, n), within=20)
        assert len(children()) == 1

    in_processes(journey)


def test_a_process_that_was_killed_while_it_waited_is_replaced_without_losing_work() -> None:
    async def journey(cloud: Cloud) -> None:
        await order(cloud)
        await cloud.settle(lambda: len(cloud.hops) == 1, within=20)
        (idle,) = children()
        os.kill(int(idle), signal.SIGKILL)
        await cloud.settle(lambda: not Path("/proc", idle).exists(), within=20)
        await order(cloud, ["put", "a"])
        await cloud.settle(lambda: len(cloud.hops) == 2, within=20)
        assert cloud.hops[1].outcome == "ok"
        assert cloud.peek("Work") == []
        assert len(children()) == 1

    in_processes(journey)


def test_a_process_is_killed_at_its_time_out_and_the_next_one_is_new() -> None:
    async def journey(cloud: Cloud) -> None:
        await order(cloud, ["sleep", 60])
        await cloud.settle(lambda: len(cloud.hops) == 1, within=20)
        assert cloud.hops[0].outcome == "timeout"
        assert 3 <= cloud.hops[0].seconds < 10
        assert children() == []
        await order(cloud)
        await cloud.settle(lambda: len(cloud.hops) == 2, within=20)
        assert cloud.hops[1].outcome == "ok"

    in_processes(journey)


def test_a_process_that_ends_by_itself_is_a_crash() -> None:
    async def journey(cloud: Cloud) -> None:
        await order(cloud, ["put", "a"], ["exit", 3])
        await cloud.settle(lambda: len(cloud.hops) == 1, within=20)
        assert cloud.hops[0].outcome == "crash"
        assert len(cloud.peek("Work")) == 1

    in_processes(journey)


@pytest.mark.parametrize(("phase", "messages"), [("before", 0), ("after", 1)])
def test_a_process_is_killed_before_or_after_a_call_takes_effect(phase: str, messages: int) -> None:
    def kill(call: Call) -> Fault | None:
        return Crash() if (call.invocation, call.index, call.phase) == (1, 2, phase) else None

    async def journey(cloud: Cloud) -> None:
        await order(cloud, ["put", "a"], ["send", "b"], ["publish", "c", "consistent"])
        await cloud.settle(lambda: len(cloud.hops) == 1, within=20)
        assert cloud.hops[0].outcome == "crash"
        assert len(cloud.peek("Loose")) == messages
        assert len(cloud.inbox) == 0
        assert children() == []

    in_processes(journey, fault=kill)


def test_a_module_that_cannot_be_imported_is_told(tmp_path: Path) -> None:
    async def run() -> None:
        from tests.local.workshop import TEMPLATE

        (tmp_path / "broken.py").write_text("import nothing_of_this_name\n")
        text = TEMPLATE.read_text().replace("tests.local.handlers.worker", "broken")
        text = text.replace("../../..", str(Path(__file__).parents[2]))
        text = text.replace("Handler: broken.handler", f"Handler: broken.handler\n      CodeUri: {tmp_path}")
        (tmp_path / "template.yaml").write_text(text)
        async with await Cloud.start(tmp_path / "template.yaml") as cloud:
            await order(cloud)
            await cloud.settle(lambda: len(cloud.hops) == 1, within=20)
            assert cloud.hops[0].outcome == "init_error"
            assert cloud.hops[0].payload["errorType"] == "Runtime.ImportModuleError"

    asyncio.run(run())
    assert children() == []


def test_errors_and_answers_pass_through_the_runtime_client() -> None:
    async def journey(cloud: Cloud) -> None:
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{cloud.url}/things/x?answer=error") as response:
                assert response.status == 500
            async with session.post(f"{cloud.url}/things/x?answer=bare") as response:
                assert await response.json() == {"hello": "world"}
        assert cloud.hops[0].payload["errorType"] == "RuntimeError"

    in_processes(journey)
