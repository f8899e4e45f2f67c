"""Lambda: environments that are started when needed, kept warm, and ended at their function's time-out.

Source: "Understanding the Lambda execution environment lifecycle" and "Error handling for asynchronous invocation" in
the AWS Lambda developer guide.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from functions.local.clock import Clock, wait_until
from functions.local.invocations import Hop, Invocation, LogSink, Outcome
from functions.local.recursion import Chain
from functions.local.resources import Function

RETRY_PAUSES = (60, 120)
"""Seconds before each repetition of an asynchronous invocation that failed."""


class Environment(Protocol):
    """A place where one function runs, one invocation at a time."""

    @property
    def alive(self) -> bool:
        """Tell whether it can take another invocation."""

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one invocation to its end; sets `invocation.die`, which ends it and the environment at once."""

    async def close(self) -> None:
        """End the environment."""


class Functions:
    """All functions of one stack."""

    def __init__(
        self,
        functions: Mapping[str, Function],
        start: Callable[[Function], Awaitable[Environment]],
        clock: Clock,
        *,
        unique: Callable[[], str],
        log: LogSink,
        on_hop: Callable[[Hop], None],
    ) -> None:
        self._functions = functions
        self._start = start
        self._clock = clock
        self._unique = unique
        self._log = log
        self._on_hop = on_hop
        self._warm: dict[str, list[Environment]] = defaultdict(list)
        self._all: set[Environment] = set()
        self._counts: dict[str, int] = defaultdict(int)

    async def invoke(self, function: Function, event: Any, *, source: str, chain: Chain | None = None) -> Outcome:
        """Invoke a function and wait for its outcome; `source` says for watchers where the event came from."""
        name = function.logical_id
        self._counts[name] += 1
        number, counted = self._counts[name], (chain or Chain.start(self._unique())).entering(function.arn)
        with self._clock.hold() as hold:
            started = self._clock.now()
            warm = await self._warm_one(function)
            environment = warm or await self._start_one(function)
            invocation = Invocation(
                function=function,
                number=number,
                request_id=_uuid(self._unique()),
                event=event,
                trace=counted.header(),
                deadline=self._clock.now() + function.timeout,
                hold=hold,
                cold=warm is None,
            )
            timer = self._clock.call_at(invocation.deadline, lambda: invocation.die("timeout"))
            try:
                outcome = await environment.invoke(invocation)
            finally:
                timer.cancel()
            await self._keep_or_end(function, environment, outcome)
            self._tell(invocation, outcome, source, started, counted.count(function.arn))
        return outcome

    async def invoke_async(self, function: Function, event: Any, *, source: str) -> None:
        """Invoke a function as its asynchronous callers do: again after a failure, while the event is young enough."""
        accepted = self._clock.now()
        pauses = iter(RETRY_PAUSES)
        for attempt in range(function.retries + 1):
            outcome = await self.invoke(function, event, source=source)
            if outcome.ok or attempt == function.retries:
                return
            pause = next(pauses, RETRY_PAUSES[-1])
            if self._clock.now() + pause - accepted > function.event_age:
                return
            await wait_until(self._clock, self._clock.now() + pause)

    def report_loop(self, function: Function, source: str, event: Any, chain: Chain) -> None:
        """Tell watchers that a message was kept from a function because it is in a loop."""
        why = f"{function.name}: recursive loop stopped after {chain.count(function.arn)} invocations"
        self._log(function.logical_id, why)
        now, count = self._clock.now(), chain.count(function.arn)
        self._on_hop(Hop(now, function.logical_id, 0, source, event, "recursion", {"errorMessage": why}, count, 0.0))

    async def close(self) -> None:
        """End every environment."""
        await asyncio.gather(*(environment.close() for environment in self._all))
        self._all.clear()
        self._warm.clear()

    async def _warm_one(self, function: Function) -> Environment | None:
        """Take an environment that waits for work. One that has died while it waited (its process killed) is ended."""
        waiting = self._warm[function.logical_id]
        while waiting:
            environment = waiting.pop()
            if environment.alive:
                return environment
            await self._end(environment)
        return None

    async def _start_one(self, function: Function) -> Environment:
        environment = await self._start(function)
        self._all.add(environment)
        return environment

    async def _keep_or_end(self, function: Function, environment: Environment, outcome: Outcome) -> None:
        if outcome.kind in {"ok", "error"}:
            self._warm[function.logical_id].append(environment)
            return
        await self._end(environment)

    async def _end(self, environment: Environment) -> None:
        self._all.discard(environment)
        await environment.close()

    def _tell(self, invocation: Invocation, outcome: Outcome, source: str, started: float, chain: int) -> None:
        self._on_hop(
            Hop(
                at=started,
                function=invocation.function.logical_id,
                number=invocation.number,
                source=source,
                event=invocation.event,
                outcome=outcome.kind,
                payload=outcome.payload,
                chain=chain,
                seconds=self._clock.now() - started,
                calls=invocation.calls,
            )
        )


def _uuid(token: str) -> str:
    return f"{token[:8]}-{token[8:12]}-4{token[13:16]}-8{token[17:20]}-{token[20:32]}"
