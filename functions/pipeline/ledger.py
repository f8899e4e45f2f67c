"""The ledger: one DynamoDB item per comparison, and the conditional writes that keep duplicates from doing harm.

Beside the comparisons stand a lease per DRS job and an owner per DRS task. Each write of a step is conditional on the
step and on the token that its claim drew, so a worker that lost its lease can't overwrite the one that took over.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

from functions.pipeline.aws import Aws, ConditionFailed, Page
from functions.pipeline.comparison import Comparison, State, Verdict
from functions.pipeline.edge import Edge
from functions.pipeline.messages import VERSION, canonical, fingerprint
from functions.pipeline.settings import LedgerSettings
from functions.pipeline.steps import Ours, Refusal, refused_claim

#: How long after its time a step counts as overdue, in seconds; the sweep then sends its message again.
OVERDUE_SECONDS = 120.0
DUE_PARTITION = "due"
#: Early by less than this is on time: SQS delays are whole seconds and clocks differ.
SLACK_SECONDS = 1.0
_FREE = "(attribute_not_exists(lease_until) OR lease_until < :now)"
_HELD = "#state = :state AND step = :step AND lease_token = :token"


class LostClaim(Exception):
    """Our lease ran out and somebody else took the step over: stop, they will finish it."""


@dataclass(frozen=True)
class Claim:
    """A step that is ours until `until`: the comparison, and the token that every later write needs."""

    comparison: Comparison
    state: State
    step: int
    token: str
    until: float
    cancel_requested: bool

    def having(self, comparison: Comparison) -> "Claim":
        """The same claim over a changed comparison."""
        return replace(self, comparison=comparison)


@dataclass(frozen=True)
class Again:
    """A claimed step that could not be done yet: what it learned, and when to try it again (epoch seconds)."""

    claim: Claim
    until: float


class Ledger:
    """Reads and writes of the table, in terms of the step protocol."""

    def __init__(
        self, aws: Aws, settings: LedgerSettings, *, now: Callable[[], float], unique: Callable[[], str]
    ) -> None:
        self._aws, self._table, self._settings = aws, settings.ledger_table, settings
        self._now, self._unique = now, unique

    async def accept(self, comparison: Comparison) -> dict[str, Any] | None:
        """Store a new comparison. Returns None if it is new, else the item that has its id already."""
        now = self._now()
        item = {
            "pk": _pk(comparison.comparison_id),
            "version": VERSION,
            "kind": "comparison",
            "comparison_id": comparison.comparison_id,
            "request_id": comparison.request.request_id,
            "fingerprint": fingerprint(comparison.request),
            "job_id": comparison.request.job_id,
            "project_id": comparison.project_id,
            "state": "accepted",
            "step": 0,
            "next_at": now,
            "accepted_at": comparison.accepted_at,
            "deadline_at": comparison.deadline_at,
            "document": comparison.model_dump_json(),
            **_due(now, comparison.deadline_at),
        }
        try:
            await self._aws.put_item(self._table, item, condition="attribute_not_exists(pk)")
        except ConditionFailed:
            return await self.read(comparison.comparison_id)
        return None

    async def read(self, comparison_id: str) -> dict[str, Any] | None:
        """The comparison's item as it is, or None."""
        return await self._aws.get_item(self._table, {"pk": _pk(comparison_id)})

    async def claim(self, comparison_id: str, state: State, step: int) -> Claim | Refusal:
        """Take the step for `lease_seconds`, or learn what to do with its message instead.

        A requested cancellation makes any time the right time.
        """
        now, token = self._now(), self._unique()
        until = now + self._settings.lease_seconds
        try:
            item = await self._aws.update_item(
                self._table,
                {"pk": _pk(comparison_id)},
                update="SET lease_token = :token, lease_until = :until",
                condition=f"#state = :state AND step = :step AND {_FREE} "
                "AND (next_at <= :soon OR attribute_exists(cancel_requested_at))",
                names={"#state": "state"},
                values={
                    ":token": token,
                    ":until": until,
                    ":state": state,
                    ":step": step,
                    ":now": now,
                    ":soon": now + SLACK_SECONDS,
                },
            )
        except ConditionFailed as e:
            refusal = refused_claim(e.item, state=state, step=step, token=token, now=now)
            if not isinstance(refusal, Ours) or e.item is None:
                return refusal
            item = e.item
        return Claim(
            comparison=comparison_in(item),
            state=state,
            step=step,
            token=token,
            until=until,
            cancel_requested="cancel_requested_at" in item,
        )

    async def save(self, claim: Claim) -> None:
        """Store what the step has learned so far; the claim stays."""
        await self._update(claim, "SET document = :document", {":document": claim.comparison.model_dump_json()})

    async def release(self, again: Again) -> None:
        """Give the step back undone: it is to be tried again."""
        await self._leave(again.claim, again.claim.state, again.claim.step, again.until)

    async def advance(self, claim: Claim, next_at: float) -> None:
        """The step is done and the message of the next one is on its way: the item follows."""
        await self._leave(claim, "polling", claim.step + 1, next_at)

    async def _leave(self, claim: Claim, state: State, step: int, next_at: float) -> None:
        due = _due(next_at, claim.comparison.deadline_at)
        await self._update(
            claim,
            "SET document = :document, #state = :next_state, step = :next_step, next_at = :next_at, due = :due, "
            "due_at = :due_at REMOVE lease_token, lease_until, sweep_interval",
            {
                ":document": claim.comparison.model_dump_json(),
                ":next_state": state,
                ":next_step": step,
                ":next_at": next_at,
                ":due": due["due"],
                ":due_at": due["due_at"],
            },
        )

    async def finish(self, claim: Claim, verdict: Verdict, event: str) -> None:
        """Store the terminal event where none is; it is still to be published, so it is due at once."""
        now = self._now()
        await self._update(
            claim,
            "SET document = :document, #state = :finished, verdict = :verdict, event = :event, finished_at = :now, "
            "due = :due, due_at = :due_at REMOVE lease_token, lease_until, sweep_interval",
            {
                ":document": claim.comparison.model_dump_json(),
                ":finished": "finished",
                ":verdict": verdict,
                ":event": event,
                ":now": now,
                ":due": DUE_PARTITION,
                ":due_at": now + self._settings.lease_seconds,
            },
            "attribute_not_exists(event)",
        )

    async def published(self, comparison_id: str) -> None:
        """Mark the terminal event as out: nothing is due any more, and the item may expire."""
        now = self._now()
        await self._aws.update_item(
            self._table,
            {"pk": _pk(comparison_id)},
            update="SET published_at = if_not_exists(published_at, :now), "
            "expires_at = if_not_exists(expires_at, :expires) REMOVE due, due_at, sweep_interval",
            condition="attribute_exists(event)",
            values={":now": now, ":expires": int(now) + self._settings.retention_days * 86_400},
        )

    async def request_cancel(self, comparison_id: str) -> dict[str, Any] | None:
        """Ask for an unfinished comparison to be stopped; returns its item, or None where it is unknown or finished."""
        try:
            return await self._aws.update_item(
                self._table,
                {"pk": _pk(comparison_id)},
                update="SET cancel_requested_at = if_not_exists(cancel_requested_at, :now)",
                condition="attribute_exists(pk) AND #state <> :finished",
                names={"#state": "state"},
                values={":now": self._now(), ":finished": "finished"},
            )
        except ConditionFailed:
            return None

    async def overdue(self) -> AsyncIterator[dict[str, Any]]:
        """Every comparison whose time has passed, oldest first, page by page. Yields whole items, freshly read."""
        start, now = None, self._now()
        while True:
            page = await self._aws.query(
                self._table,
                index="due",
                key_condition="due = :due AND due_at < :now",
                values={":due": DUE_PARTITION, ":now": now},
                start=start,
            )
            for key in page.items:
                item = await self._aws.get_item(self._table, {"pk": key["pk"]})
                if item and item.get("due_at", now) < now:
                    yield item
            start = page.next
            if start is None:
                return

    async def postpone(self, item: dict[str, Any], until: float, interval: float) -> None:
        """Move an overdue comparison's due time on, unless it moved by itself meanwhile."""
        try:
            await self._aws.update_item(
                self._table,
                {"pk": item["pk"]},
                update="SET due_at = :until, sweep_interval = :interval",
                condition="due_at = :seen",
                values={":until": until, ":interval": interval, ":seen": item["due_at"]},
            )
        except ConditionFailed:
            return

    async def listed(
        self, *, job_id: str | None, start: dict[str, Any] | None, limit: int, names: dict[str, str]
    ) -> Page:
        """Comparisons of one DRS job, or all, newest first. `names` filters by attribute values afterwards."""
        index, key, value = ("by_job", "job_id", job_id) if job_id else ("recent", "kind", "comparison")
        page = await self._aws.query(
            self._table,
            index=index,
            key_condition="#key = :value",
            names={"#key": key},
            values={":value": value},
            limit=limit,
            start=start,
            forward=False,
        )
        kept = [item for item in page.items if all(item.get(name) == wanted for name, wanted in names.items())]
        return Page(kept, page.next)

    async def own_task(self, claim: Claim, task_id: str) -> bool:
        """Take a DRS task for this comparison; False if another comparison has it."""
        item = {
            "pk": f"task#{claim.comparison.project_id}#{task_id}",
            "owner": claim.comparison.comparison_id,
            "expires_at": int(claim.comparison.deadline_at) + self._settings.retention_days * 86_400,
        }
        try:
            await self._aws.put_item(
                self._table,
                item,
                condition="attribute_not_exists(pk) OR #owner = :me",
                names={"#owner": "owner"},
                values={":me": claim.comparison.comparison_id},
            )
        except ConditionFailed:
            return False
        return True

    async def owner(self, project_id: str, task_id: str) -> str | None:
        """The comparison that owns a DRS task, or None."""
        item = await self._aws.get_item(self._table, {"pk": f"task#{project_id}#{task_id}"})
        return item["owner"] if item else None

    async def _update(self, claim: Claim, update: str, values: dict[str, Any], extra: str = "") -> None:
        try:
            await self._aws.update_item(
                self._table,
                {"pk": _pk(claim.comparison.comparison_id)},
                update=update,
                condition=_HELD + (f" AND {extra}" if extra else ""),
                names={"#state": "state"},
                values={":state": claim.state, ":step": claim.step, ":token": claim.token} | values,
            )
        except ConditionFailed as e:
            if not _already_applied(e.item, values):
                raise LostClaim(claim.comparison.comparison_id) from e


def open_ledger(edge: Edge) -> Ledger:
    """The ledger that the environment names. Raises BadSettings."""
    return Ledger(edge.aws, LedgerSettings.load(edge.env), now=edge.now, unique=edge.unique)


def comparison_in(item: dict[str, Any]) -> Comparison:
    """The comparison that an item of the table keeps."""
    return Comparison.model_validate_json(item["document"])


def same_request(item: dict[str, Any], comparison: Comparison) -> bool:
    """Whether a stored item was accepted for the very same request."""
    return bool(item["fingerprint"] == fingerprint(comparison.request))


def request_message(comparison: Comparison) -> str:
    """The `requests` queue's message of a comparison."""
    return canonical(comparison.request)


def _pk(comparison_id: str) -> str:
    return f"cmp#{comparison_id}"


def _due(next_at: float, deadline_at: float) -> dict[str, Any]:
    """When the sweep is to look: after the step's time, or after the deadline, whichever comes first."""
    return {"due": DUE_PARTITION, "due_at": min(next_at, deadline_at) + OVERDUE_SECONDS}


def _already_applied(item: dict[str, Any] | None, values: dict[str, Any]) -> bool:
    """Whether a write whose condition failed is the one that was applied before, its answer lost."""
    return bool(item and item.get("document") == values.get(":document") and "lease_token" not in item)
