"""Questions to the served DRS through the real client."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp

from functions.pipeline.drs import Drs, Project
from tests.drs.served_drs import ServedDrs

T = TypeVar("T")
JOB_ID = "94800607-3cd8-4f7d-a340-63a10f8jb502"


@dataclass
class Clock:
    """Epoch seconds that move when they are told to."""

    at: float = 1_712_038_676.0

    def __call__(self) -> float:
        return self.at


async def _at_once() -> None:
    """No pace."""


@dataclass
class Client:
    """Asks a served DRS through the real client, one question per event loop; tokens stay between questions."""

    served: ServedDrs
    project: dict[str, str] = field(default_factory=dict)
    tokens: dict[Any, Any] = field(default_factory=dict)
    language: str = "en-us"
    seconds_left: Callable[[], float] = lambda: math.inf

    def ask(self, question: Callable[[Drs], Awaitable[T]]) -> T:
        return asyncio.run(self._ask(question))

    async def _ask(self, question: Callable[[Drs], Awaitable[T]]) -> T:
        project = Project.model_validate(self.project or self.served.project())
        async with aiohttp.ClientSession() as session:
            drs = Drs(
                session,
                self.served.project_id,
                project,
                now=self.served.now,
                language=self.language,
                pace=_at_once,
                tokens=self.tokens,
                seconds_left=self.seconds_left,
            )
            return await question(drs)
