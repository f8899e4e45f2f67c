"""Faults on purpose: what a test may do to any call that a function makes, before or after it takes effect."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from functions.local.clock import settle
from functions.local.errors import LocalCloudError
from functions.local.invocations import Invocation, Kind

Phase = Literal["before", "after"]


@dataclass(frozen=True)
class Call:
    """One HTTP call of an invocation, as the fault hook sees it.

    `function` is the function's logical id, `invocation` counts its invocations from 1, `index` the invocation's calls
    from 1. `service` is sqs, sns, dynamodb, secretsmanager, or http for any other server, `action` the operation (for
    http: method and URL). `phase` says whether the call is about to take effect or just did.
    """

    function: str
    invocation: int
    index: int
    service: str
    action: str
    phase: Phase


@dataclass(frozen=True)
class Crash:
    """The function dies here: nothing that it would still do is seen by anybody."""


@dataclass(frozen=True)
class Drop:
    """The connection breaks: not applied if before, applied without an answer if after."""


@dataclass(frozen=True)
class Hang:
    """No answer ever comes; the function's time-out ends the wait."""


@dataclass(frozen=True)
class Refuse:
    """The service answers with an error instead of doing the call. Only before, and only for AWS services."""

    status: int = 503
    code: str = "ServiceUnavailable"
    message: str = "injected"


Fault = Crash | Drop | Hang | Refuse
FaultHook = Callable[[Call], Fault | None]


async def suffer(fault: Fault, invocation: Invocation) -> None:
    """Let an invocation die, or hang until something ends it; breaking the connection is the caller's part."""
    if isinstance(fault, Crash):
        invocation.die("crash")
    elif isinstance(fault, Hang):
        with invocation.hold.waiting():
            await _until_dead(invocation)
    elif isinstance(fault, Refuse):
        msg = "Refuse is a fault before a call to AWS: no other server is ours, and what took effect is not refused"
        raise LocalCloudError(msg)


async def _until_dead(invocation: Invocation) -> None:
    dead: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    die = invocation.die

    def ended(kind: Kind) -> None:
        settle(dead)
        die(kind)

    invocation.die = ended
    await dead
