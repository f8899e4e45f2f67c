"""The lease of a DRS job: who may create on it now, and whose object-level comparison runs on it.

Creating is not idempotent at DRS, so one comparison at a time lists, creates and adopts; and since the overview shows
the latest object-level comparison alone, Parity starts no second one on a job while its own earlier one runs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from functions.pipeline.aws import Aws, ConditionFailed
from functions.pipeline.comparison import Comparison

_MINE_OR_FREE = "(attribute_not_exists({who}) OR {who} = :me OR {until} < :now)"


@dataclass(frozen=True)
class Held:
    """What other comparisons of ours hold on a DRS job: creating now, or its place for an object-level comparison."""

    creating: str | None = None
    objects: str | None = None


class JobLeases:
    """Leases in the ledger's table, one item per (project, DRS job)."""

    def __init__(self, aws: Aws, table: str, *, now: Callable[[], float], keep_days: int) -> None:
        self._aws, self._table, self._now, self._keep = aws, table, now, keep_days * 86_400

    async def take(self, comparison: Comparison, seconds: float, *, objects: bool) -> bool:
        """Take or extend the lease; with `objects` also the job's one place for an object-level comparison of ours.

        False if another comparison has either.
        """
        now = self._now()
        condition = _MINE_OR_FREE.format(who="holder", until="held_until")
        update = "SET holder = :me, held_until = :until, expires_at = :expires"
        values: dict[str, Any] = {
            ":me": comparison.comparison_id,
            ":now": now,
            ":until": now + seconds,
            ":expires": int(comparison.deadline_at) + self._keep,
        }
        if objects:
            condition += " AND " + _MINE_OR_FREE.format(who="objects_by", until="objects_until")
            update += ", objects_by = :me, objects_until = :deadline"
            values[":deadline"] = comparison.deadline_at
        try:
            key = _key(comparison)
            await self._aws.update_item(self._table, key, update=update, condition=condition, values=values)
        except ConditionFailed:
            return False
        return True

    async def held(self, comparison: Comparison) -> Held:
        """Which other comparisons hold the job's lease and its object-level place now."""
        item, now = await self._aws.get_item(self._table, _key(comparison)) or {}, self._now()

        def other(who: str, until: str) -> str | None:
            holder = item.get(who)
            return holder if holder != comparison.comparison_id and item.get(until, 0) >= now else None

        return Held(other("holder", "held_until"), other("objects_by", "objects_until"))

    async def give_back(self, comparison: Comparison) -> None:
        """Let others create on the job."""
        await self._remove(comparison, "holder", "held_until")

    async def objects_ended(self, comparison: Comparison) -> None:
        """Our object-level comparison of the job is over: another one may start."""
        await self._remove(comparison, "objects_by", "objects_until")

    async def _remove(self, comparison: Comparison, who: str, until: str) -> None:
        try:
            await self._aws.update_item(
                self._table,
                _key(comparison),
                update=f"REMOVE {who}, {until}",
                condition=f"{who} = :me",
                values={":me": comparison.comparison_id},
            )
        except ConditionFailed:
            return  # not ours any more, so there is nothing to give back


def _key(comparison: Comparison) -> dict[str, str]:
    return {"pk": f"job#{comparison.project_id}#{comparison.request.job_id}"}
