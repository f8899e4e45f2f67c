"""Schedules: rate(…) events that fire by the cloud's clock, as EventBridge rules or EventBridge Scheduler send them.

Sources: "Schedule expressions" and "AWS service events" of the EventBridge user guide, the Scheduler user guide.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from functions.local.clock import Clock, wait_until
from functions.local.functions_service import Functions
from functions.local.resources import Function, Schedule, Stack


async def run_schedule(
    schedule: Schedule, function: Function, functions: Functions, clock: Clock, stack: Stack, unique: Callable[[], str]
) -> None:
    """Invoke a function at its rate until cancelled, first one period after the start. Invocations may overlap."""
    due = clock.now() + schedule.every
    async with asyncio.TaskGroup() as invocations:
        while True:
            await wait_until(clock, due, recurring=True)
            event = schedule_event(schedule, due, stack, unique())
            invocations.create_task(functions.invoke_async(function, event, source=schedule.name))
            due += schedule.every


def schedule_event(schedule: Schedule, at: float, stack: Stack, token: str) -> Any:
    """Return the event of one firing: the schedule's own input, or EventBridge's envelope."""
    if schedule.input is not None:
        return json.loads(schedule.input)
    place = f"{stack.region}:{stack.account}"
    rule = schedule.kind == "rule"
    arn = f"arn:aws:events:{place}:rule/{schedule.name}"
    return {
        "version": "0",
        "id": f"{token[:8]}-{token[8:12]}-{token[12:16]}-{token[16:20]}-{token[20:32]}",
        "detail-type": "Scheduled Event",
        "source": "aws.events" if rule else "aws.scheduler",
        "account": stack.account,
        "time": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": stack.region,
        "resources": [arn if rule else f"arn:aws:scheduler:{place}:schedule/default/{schedule.name}"],
        # The Scheduler sends its empty detail as a text, the rule as an object.
        "detail": {} if rule else "{}",
    }
