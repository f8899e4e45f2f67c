"""The one sentence that people read, its parts as words for programs, and what to do next. Pure functions.

All of it follows from a comparison's request and outcomes.
"""

from typing import Literal

from functions.pipeline.comparison import Comparison, Outcome, Verdict
from functions.pipeline.messages import LEVELS, Level, Request

#: What a request that names what it wants leaves out: all other tables, or all other databases.
LeftOut = Literal["tables", "databases"]
_MOST_REASON = 300
_NOUN: dict[Level, str] = {"objects": "objects", "lines": "row counts", "contents": "values"}
_NOT_COMPARED: dict[Level, str] = {"objects": "objects", "lines": "rows", "contents": "values"}


def summary(comparison: Comparison) -> str:
    """What was found, level by level, and what was not compared."""
    told = [_level(o) for o in sorted(comparison.outcomes, key=lambda o: LEVELS.index(o.level))]
    covered = set(comparison.request.levels) | ({"lines"} if "contents" in comparison.request.levels else set())
    skipped = [_NOT_COMPARED[level] for level in LEVELS if level not in covered]
    skipped += [f"all other {what}" for what in left_out(comparison.request)]
    return "; ".join(told + ([f"{_listed(skipped)} not compared"] if skipped else []))


def left_out(request: Request) -> list[LeftOut]:
    """What a request leaves out that names what it wants: whole databases, or tables of some. Levels are not here."""
    data = request.data_level_compare_info
    infos = [bool(info.table_name) for info in (data and data.compare_object_infos) or ()]
    infos += [bool(info.table_name_with_token) for info in (data and data.compare_object_infos_with_token) or ()]
    if not infos:
        return []
    return ["tables" if any(infos) else "databases"]


def reasons(comparison: Comparison) -> dict[Level, str]:
    """Why each level ended that neither agrees nor differs nor is incomplete: DRS's code and words, where there are."""
    ended = sorted((o for o in comparison.outcomes if o.verdict in _ENDED), key=lambda o: LEVELS.index(o.level))
    return {o.level: reason for o in ended if (reason := _reason(o))}


def _level(outcome: Outcome) -> str:
    noun = _NOUN[outcome.level]
    match outcome.verdict:
        case "consistent":
            return f"{noun} consistent ({_scope(outcome)})"
        case "inconsistent":
            return f"{noun} INCONSISTENT ({_differing(outcome)})"
        case "incomplete":
            return f"{noun} not fully compared ({_uncompared(outcome)})"
        case _:
            return f"{noun} comparison {_ENDED[outcome.verdict]}{_because(outcome)}"


_ENDED: dict[Verdict, str] = {
    "failed": "failed",
    "cancelled": "was cancelled",
    "timed_out": "timed out at DRS",
    "superseded": "was superseded by another one",
    "rejected": "was refused by DRS",
    "expired": "did not end before the deadline",
}


def _because(outcome: Outcome) -> str:
    reason = _reason(outcome)
    return f": {reason}" if reason else ""


def _reason(outcome: Outcome) -> str:
    return " ".join(part for part in (outcome.error_code, outcome.error_msg) if part)[:_MOST_REASON]


def _scope(outcome: Outcome) -> str:
    if outcome.level == "objects":
        return _count(outcome.compared, "object type")
    return _count(outcome.compared, "table")


def _differing(outcome: Outcome) -> str:
    if outcome.level == "objects":
        kinds = [t.type for t in outcome.types if t.result == "inconsistent"]
        verb = "differs" if outcome.inconsistent == 1 else "differ"
        return f"{_some(kinds, 8, outcome.inconsistent)} {verb}" if kinds else "differences found"
    names = [f"{t.source_db}.{t.source_table}" for t in outcome.tables if t.result == "inconsistent"]
    return _some(names, 3, outcome.inconsistent) if names else "differences found"


def _uncompared(outcome: Outcome) -> str:
    if not outcome.compared and not outcome.incomplete:
        return "there was nothing to compare"
    if outcome.level == "objects":
        kinds = [t.type for t in outcome.types if t.result == "incomplete"]
        return _some(kinds, 8, outcome.incomplete) or "no object was counted"
    return f"{_count(outcome.incomplete, 'table')} could not be compared, {outcome.compared} agree"


def _some(names: list[str], most: int, total: int) -> str:
    """A few names, shortened, and how many more there are."""
    shown = [name if len(name) <= 60 else name[:59] + "…" for name in names[:most]]
    return f"{', '.join(shown)} and {total - len(shown)} more" if total > len(shown) else _listed(shown)


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _listed(words: list[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)


def next_step(verdict: Verdict, code: str | None) -> str | None:
    """What a person can do about it; None where nothing has to be done."""
    if code in {"DRS.M00304", "DRS.M00307"}:
        return "Compare while the DRS task is in the incremental phase (INCRE_TRANSFER_STARTED), on a subtask."
    return _NEXT.get(verdict)


_NEXT: dict[Verdict, str] = {
    "inconsistent": "Do not switch yet: look at the differences, let the replication catch up, and compare again.",
    "incomplete": "Not proven: compare what is listed as not compared by other means, or ask again.",
    "failed": "Look at the DRS task's error, repair its cause, and ask again with a new request id.",
    "cancelled": "Somebody cancelled the comparison; ask again with a new request id when it is wanted.",
    "timed_out": "DRS gave up on time: compare fewer or smaller tables per request, off-peak.",
    "superseded": "Another comparison of the same DRS job replaced this one; read that one, or ask again.",
    "rejected": "Repair what DRS refused, then ask again with a new request id.",
    "expired": "The deadline passed first; give more deadline_seconds, or look at why DRS did not finish.",
}
