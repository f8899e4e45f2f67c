"""The event source mapping: Lambda's pollers, which bring a queue's messages to a function.

Source: "Using Lambda with Amazon SQS" in the AWS Lambda developer guide. Not modelled: growing beyond five concurrent
batches, and slowing down after errors.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from functions.local.batches import acknowledged, queue_event, trace_of
from functions.local.clock import Clock
from functions.local.functions_service import Functions
from functions.local.recursion import MOST_INVOCATIONS, Chain
from functions.local.resources import Function, QueueSource
from functions.local.sqs import Mailbox

INITIAL_CONCURRENCY = 5
"""Batches at once where the template sets no MaximumConcurrency: what Lambda starts with."""


class Mapping:
    """Brings the messages of one queue to one function, until cancelled."""

    def __init__(
        self,
        function: Function,
        source: QueueSource,
        box: Mailbox,
        functions: Functions,
        clock: Clock,
        *,
        region: str,
        unique: Callable[[], str],
    ) -> None:
        self._function = function
        self._source = source
        self._box = box
        self._functions = functions
        self._clock = clock
        self._region = region
        self._unique = unique
        self._batches: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Receive and invoke for ever; ends with all its batches when cancelled."""
        slots = asyncio.Semaphore(self._source.concurrency or INITIAL_CONCURRENCY)
        async with asyncio.TaskGroup() as batches:
            while True:
                await slots.acquire()
                batch = batches.create_task(self._process(await self._receive()))
                batch.add_done_callback(lambda _: slots.release())

    async def _receive(self) -> list[Any]:
        """Return the next batch: what is there, or what comes within the window, up to the batch size."""
        while not (messages := self._box.receive(self._source.batch_size)):
            await self._box.wait()
        end = self._clock.now() + self._source.window
        while len(messages) < self._source.batch_size and self._clock.now() < end:
            await self._box.wait(end)
            messages += self._box.receive(self._source.batch_size - len(messages))
        return messages

    async def _process(self, received: list[Any]) -> None:
        chains = {message.id: Chain.read(trace_of(message), self._unique()) for message in received}
        messages = [message for message in received if not self._stopped(message, chains[message.id])]
        if not messages:
            return
        event = queue_event(messages, queue_arn=self._source.queue_arn, region=self._region)
        chain = Chain.joined(chains[message.id] for message in messages)
        outcome = await self._functions.invoke(self._function, event, source=self._source.queue, chain=chain)
        done = acknowledged([m.id for m in messages], outcome, partial=self._source.partial)
        for message in messages:
            if message.id in done:
                self._box.delete(message)

    def _stopped(self, message: Any, chain: Chain) -> bool:
        """Tell whether Lambda would stop this loop. The message stays in flight, and at last becomes a dead letter."""
        if self._function.loop_allowed or chain.count(self._function.arn) < MOST_INVOCATIONS:
            return False
        event = queue_event([message], queue_arn=self._source.queue_arn, region=self._region)
        self._functions.report_loop(self._function, self._source.queue, event, chain)
        return True
