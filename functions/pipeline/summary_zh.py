"""The one sentence in Chinese: what `summary` says in English, from the finished event. Pure functions.

An event of a release before `left_out` and `reasons` has the reason of its worst level alone, and what its request
left out stands in its sentence alone, as the last part.
"""

# ruff: noqa: RUF001 - Chinese has its own punctuation

import re
from collections.abc import Iterable
from typing import Final

from functions.pipeline.comparison import Verdict
from functions.pipeline.finished_event import Finished
from functions.pipeline.messages import LEVELS, Level

_NOUN: Final[dict[Level, str]] = {"objects": "对象", "lines": "行数", "contents": "内容"}
_ENDED: Final[dict[Verdict, str]] = {
    "failed": "对比失败",
    "cancelled": "对比被取消",
    "timed_out": "对比在 DRS 侧超时",
    "superseded": "对比被另一个对比取代",
    "rejected": "对比被 DRS 拒绝",
    "expired": "对比未在期限内结束",
}
_LEFT_OUT: Final = {"tables": "其余所有表", "databases": "其余所有数据库"}
#: As an English sentence says it.
_SAID: Final = {
    "objects": "对象",
    "rows": "行数",
    "values": "内容",
    **{f"all other {what}": word for what, word in _LEFT_OUT.items()},
}
_SKIPPED: Final = re.compile(rf"(?:^|; )((?:(?:, | and )?(?:{'|'.join(_SAID)}))+) not compared$")


def summary_zh(finished: Finished) -> str:
    """What was found, level by level, and what was not compared."""
    levels = ((level, finished.levels.get(level, "not_requested")) for level in LEVELS)
    told = [_level(finished, level, verdict) for level, verdict in levels if verdict != "not_requested"]
    skipped = _skipped(finished)
    return "；".join(told + ([f"未对比：{'、'.join(skipped)}"] if skipped else []))


def _skipped(finished: Finished) -> list[str]:
    if finished.left_out is None:
        found = _SKIPPED.search(finished.summary)
        return [_SAID[part] for part in re.split(", | and ", found[1])] if found else []
    asked = {level for level, verdict in finished.levels.items() if verdict != "not_requested"}
    covered = asked | ({"lines"} if "contents" in asked else set())
    levels = [_NOUN[level] for level in LEVELS if level not in covered]
    return levels + [_LEFT_OUT[what] for what in finished.left_out if what in _LEFT_OUT]


def _level(finished: Finished, level: Level, verdict: Verdict) -> str:
    noun = _NOUN[level]
    match verdict:
        case "consistent":
            return f"{noun}一致（{_scope(finished, level)}）"
        case "inconsistent":
            return f"{noun}不一致（{_differing(finished, level)}）"
        case "incomplete":
            return f"{noun}未完全对比（{_uncompared(finished, level)}）"
        case _:
            return f"{noun}{_ENDED[verdict]}{_because(finished, level, verdict)}"


def _because(finished: Finished, level: Level, verdict: Verdict) -> str:
    if finished.reasons is not None:
        reason = finished.reasons.get(level, "")
    elif verdict == finished.verdict:
        reason = " ".join(part for part in (finished.error_code, finished.error_msg) if part)
    else:
        reason = ""
    return f"：{reason[:300]}" if reason else ""


def _scope(finished: Finished, level: Level) -> str:
    if level == "objects":
        return f"{_types_compared(finished)} 类对象"
    return f"{finished.data.totals.compared if finished.data else 0} 张表"


def _types_compared(finished: Finished) -> int:
    if finished.objects is None:
        return 0
    return sum(bool(t.source_count or t.target_count) for t in finished.objects.types) + finished.objects.types_omitted


def _differing(finished: Finished, level: Level) -> str:
    if level == "objects":
        kinds = [t.type for t in finished.objects.types if t.result == "inconsistent"] if finished.objects else []
        return f"{_some(kinds, 8, len(kinds), '类')} 有差异" if kinds else "存在差异"
    if finished.data is None:
        return "存在差异"
    tables = (t for t in finished.data.tables if t.result == "inconsistent")
    names = [f"{t.source_db}.{t.source_table}" for t in tables]
    return _some(names, 3, finished.data.totals.inconsistent, "张表") if names else "存在差异"


def _uncompared(finished: Finished, level: Level) -> str:
    nothing = "没有可对比的内容"
    if level == "objects":
        kinds = [t.type for t in finished.objects.types if t.result == "incomplete"] if finished.objects else []
        if kinds:
            return _some(kinds, 8, len(kinds), "类")
        return "没有统计到任何对象" if _types_compared(finished) else nothing
    if finished.data is None or not (finished.data.totals.compared or finished.data.totals.incomplete):
        return nothing
    return f"{finished.data.totals.incomplete} 张表无法对比，{finished.data.totals.compared} 张表一致"


def _some(names: Iterable[str], most: int, total: int, measure: str) -> str:
    """A few names, shortened, and how many more there are."""
    shown = [name if len(name) <= 60 else name[:59] + "…" for name in list(names)[:most]]
    rest = f"及另外 {total - len(shown)} {measure}" if total > len(shown) else ""
    return "、".join(shown) + rest
