"""What DRS's answer to create means for one level: taken, refused, or to be looked after. Pure functions."""

from dataclasses import dataclass

from functions.pipeline.comparison import Comparison, Outcome, Trouble
from functions.pipeline.drs import Part
from functions.pipeline.drs_errors import Refused, TryLater
from functions.pipeline.messages import Level
from functions.pipeline.settings import Deadlines

#: Posts after which a clear refusal is believed although an earlier post is in doubt.
MOST_POSTS = 4
#: Refusals that pass by themselves for a while, but not for ever.
_PASSING = {"not_ready", "busy", "too_frequent"}


@dataclass(frozen=True)
class Took:
    """DRS named a task; whether it is ours, its owner item decides."""

    task_id: str


@dataclass(frozen=True)
class Refusal:
    """DRS will not create it."""

    code: str
    message: str
    retryable: bool = False


@dataclass(frozen=True)
class Doubt:
    """Not created as far as DRS says. `sent`: it may have been all the same, so look before asking again."""

    trouble: TryLater | None
    sent: bool


def meaning(
    comparison: Comparison, part: Part | None, deadlines: Deadlines, now: float, *, doubted_before: bool
) -> Took | Refusal | Doubt:
    """What one level's part of the answer says.

    While an earlier post of the level is in doubt, a refusal may be about the very task that it made (`keep` finds it
    unfinished, the job is busy with it): then look again first, a few times.
    """
    intent = comparison.intent
    again = doubted_before and intent is not None and intent.posts < MOST_POSTS
    error = part.error if part else None
    if part and part.task_id and error is None:
        if intent is None or part.task_id not in intent.known:
            return Took(part.task_id)
        return Refusal("Parity.Kept", f"DRS kept the task {part.task_id}, which is not of this request")
    if isinstance(error, TryLater):
        given_up = not again and waited_enough(troubled(comparison, error, now), error, deadlines, now)
        return (
            Refusal(error.code, error.message, retryable=True) if given_up else Doubt(error, sent=error.sent or again)
        )
    if again:
        return Doubt(None, sent=True)
    return _refusal(error)


def _refusal(error: Refused | None) -> Refusal:
    return Refusal(error.code, error.message) if error else Refusal("Parity.NoTaskId", "DRS gave no task id")


def waited_enough(comparison: Comparison, error: TryLater, deadlines: Deadlines, now: float) -> bool:
    """Whether "not now" has been heard for so long that it counts as a refusal."""
    within = comparison.request.ready_within_seconds
    patience = deadlines.ready_within_seconds if within is None else within
    since = comparison.not_ready_since
    return error.reason in _PASSING and since is not None and now - since >= patience


def troubled(comparison: Comparison, error: TryLater, now: float) -> Comparison:
    """The comparison that remembers what went wrong, and since when DRS says "not now"."""
    trouble = Trouble(code=error.code, message=error.message, reason=error.reason, at=now)
    since = comparison.not_ready_since
    if since is None and error.reason in _PASSING:
        since = now
    return comparison.model_copy(update={"last_trouble": trouble, "not_ready_since": since})


def rejected(level: Level, code: str, message: str, now: float, *, retryable: bool = False) -> Outcome:
    """A level that DRS refused for good."""
    return Outcome(level=level, verdict="rejected", at=now, error_code=code, error_msg=message, retryable=retryable)
