"""Everything in a stack that happens by itself: pollers of queues, schedules, the end of items' time to live."""

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from functions.local.clock import Clock
from functions.local.functions_service import Functions
from functions.local.mapping import Mapping
from functions.local.moto_aws import Moto
from functions.local.resources import Stack
from functions.local.schedules import run_schedule
from functions.local.sqs import Sqs
from functions.local.tables import expire_items

Work = Coroutine[Any, Any, None]
"""Runs until it is cancelled."""


def event_sources(
    stack: Stack, functions: Functions, sqs: Sqs, moto: Moto, clock: Clock, unique: Callable[[], str]
) -> Iterator[Work]:
    """Return what is to run for as long as the cloud does."""
    for function in stack.functions.values():
        for source in function.queues:
            if source.enabled:
                box = sqs.mailbox(source.queue_arn)
                yield Mapping(function, source, box, functions, clock, region=stack.region, unique=unique).run()
        for schedule in function.schedules:
            if schedule.enabled:
                yield run_schedule(schedule, function, functions, clock, stack, unique)
    for table in stack.tables.values():
        if table.ttl:
            yield expire_items(moto, table, clock)
