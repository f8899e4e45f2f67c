"""Data-level comparisons on the wire: what is sent, where to, and what comes back."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.comparer.served import EPOCH, JOB, Comparer, HeldEndpoint, config_for, serve_and

CONTENTS: dict[str, Any] = {"type": "contents", "compare_mode": "quick_comparison"}
LINES: dict[str, Any] = {"type": "lines", "compare_mode": "quick_comparison"}
DATA = f"/{JOB}/table/compare"
OBJECTS = f"/{JOB}/object/compare"
LATER = str(int(EPOCH * 1000) + 3_600_000)
PAGES = ["line-overview", "line-detail", "content-overview", "content-detail", "content-difference"]
Held = tuple[HeldEndpoint, HeldEndpoint]


def play_between(ends: tuple[Path, Path] | Held, steps: Callable[[Comparer], Awaitable[None]], **job: Any) -> None:
    """Serve one job between two ends, and take the steps."""
    serve_and(config_for(*ends, **job), steps)


async def get(comparer: Comparer, task_id: str, page: str, **query: Any) -> Any:
    """A page of a comparison that has to be there: its body."""
    reply = await comparer.ask("GET", f"/{JOB}/compare/{task_id}/{page}", params=query)
    assert reply.status == 200, reply
    return reply.body
