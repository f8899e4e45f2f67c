"""What a report says of a comparison, whatever form it has: order, counts, keys, what was not compared. Pure."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from functions.pipeline.comparison import Result, TypeCount
from functions.pipeline.finished_event import FinishedEvent, LevelVerdict
from functions.pipeline.messages import LEVELS, Level
from functions.pipeline.report.content import Content, DataLevel, Row, Table
from functions.pipeline.report.text import shown
from functions.pipeline.report.words import Words
from functions.pipeline.tell import tell

Tone = Literal["good", "bad", "unsure", "ended", "none"]
RESULT_WORDS: dict[Result, str] = {"consistent": "same", "inconsistent": "different", "incomplete": "uncompared"}
RESULT_TONES: dict[Result, Tone] = {"consistent": "good", "inconsistent": "bad", "incomplete": "unsure"}
_RANK: dict[Result, int] = {"inconsistent": 0, "incomplete": 1, "consistent": 2}
#: The end of our own sentence, where a request has named what it wants: an older event has no other trace of that.
_ONLY_SOME = re.compile(r"\ball other (tables|databases) not compared$")
_REST = {"tables", "databases"}
_SHOWN_VALUE = 60
_FINISHED: Final = "parity.comparison.finished.v1"
_COUNTED = {"consistent", "inconsistent", "incomplete"}
_CAVEATS = {"replication_active", "adopted", "truncated", "still_running"}
_TOLD_ELSEWHERE = {"objects_only", "uncomparable_tables"}  # `not_compared` says these with numbers

_Counted = TypeVar("_Counted", TypeCount, Table)


def tone_of(verdict: LevelVerdict | Literal["included"]) -> Tone:
    """The kind of news that a verdict is: its colour and its shape."""
    if verdict in {"not_requested", "included"}:
        return "none"
    known: dict[str, Tone] = {"consistent": "good", "inconsistent": "bad", "incomplete": "unsure"}
    return known.get(verdict, "ended")


def verdict_of(content: Content, level: Level) -> LevelVerdict | Literal["included"]:
    """What became of a level; rows are `included` where values were compared: nobody compares these without those."""
    verdict = content.levels.get(level, "not_requested")
    if level == "lines" and verdict == "not_requested" and content.levels.get("contents") in _COUNTED:
        return "included"
    return verdict


def worst_first(entries: Iterable[_Counted]) -> list[_Counted]:
    """What differs, then what could not be compared, then what agrees; of tables those with most differing rows."""
    return sorted(entries, key=lambda entry: (_RANK[entry.result], -_weight(entry)))


def _weight(entry: TypeCount | Table) -> int:
    return (entry.difference_rows or 0) if isinstance(entry, Table) else 0


@dataclass(frozen=True)
class Tally:
    """How many entries there are in all, listed or not, and what became of them as far as it is known."""

    total: int
    differ: int
    uncompared: int
    same: int


def types_tally(content: Content) -> Tally:
    """The object types; what became of those that an event leaves out is not known."""
    types = content.objects.types if content.objects else ()
    omitted = content.objects.types_omitted if content.objects else 0
    results = Counter(t.result for t in types)
    return Tally(len(types) + omitted, results["inconsistent"], results["incomplete"], results["consistent"])


def tables_tally(level: DataLevel) -> Tally:
    """The tables: by the totals, and never fewer than are listed."""
    results = Counter(t.result for t in level.tables)
    differ = max(level.totals.inconsistent, results["inconsistent"])
    uncompared = max(level.totals.incomplete, results["incomplete"])
    total = max(level.totals.compared + level.totals.incomplete, len(level.tables) + level.tables_omitted)
    return Tally(max(total, differ + uncompared), differ, uncompared, max(total - differ - uncompared, 0))


@dataclass(frozen=True)
class Said:
    """The sentence and what to do next, in the language of `tag`."""

    sentence: str
    next_step: str | None
    tag: str


def said(words: Words, content: Content) -> Said:
    """What an event says, in the report's language; a direct comparison says it in English alone."""
    if words.language == "en" or not content.comparison_id:
        return Said(content.summary, content.next_step, "en")
    event = FinishedEvent(id="", source="", type=_FINISHED, subject="", time="", data=content)
    told = tell(event, words.language)
    return Said(told.sentence, told.next_step, words.tag)


def found(words: Words, content: Content, level: Level) -> str:
    """What a level has found, in numbers."""
    if tone_of(verdict_of(content, level)) in {"none", "ended"}:
        return ""
    if level == "objects":
        return _told(words, types_tally(content), "type")
    data = next((d for d in content.data_levels if d.level == level), None)
    if data is None:
        return ""
    told = _told(words, tables_tally(data), "table")
    rows = sum(t.difference_rows or 0 for t in data.tables) if level == "contents" and not data.tables_omitted else 0
    return f"{told}{words('semicolon')}{words.count(rows, 'rows differ')}" if rows else told


def _told(words: Words, tally: Tally, what: str) -> str:
    total = words.count(tally.total, what)
    if not tally.total:
        return total
    if not (tally.differ or tally.uncompared):
        return words("all_agree", total)
    counts = (("differ", tally.differ), ("uncompared", tally.uncompared))
    return words("some_differ", words("comma").join(words.count(n, word) for word, n in counts if n), total)


def not_compared(words: Words, content: Content) -> list[str]:
    """What the verdict says nothing about, in sentences; none: everything that was asked for was compared."""
    verdicts = {level: verdict_of(content, level) for level in LEVELS}
    told = [words(f"no_{level}") for level, verdict in verdicts.items() if verdict == "not_requested"]
    told += [
        words("ended", words(level), words(verdict))
        for level, verdict in verdicts.items()
        if tone_of(verdict) == "ended"
    ]
    told += [words(f"no_rest_{what}") for what in _left_out(content)]
    if n := types_tally(content).uncompared:
        told.append(words("stop", words.count(n, "types uncompared")))
    for data in content.data_levels:
        if n := tables_tally(data).uncompared:
            told.append(words("stop", words("about", words(data.level), words.count(n, "tables uncompared"))))
    return told


def _left_out(content: Content) -> list[str]:
    if content.left_out is not None:
        return [what for what in content.left_out if what in _REST]
    rest = _ONLY_SOME.search(content.summary)
    return [rest[1]] if rest else []


def went_wrong(words: Words, content: Content) -> list[str]:
    """Why levels ended without a result: the worst one's reason, those of others, and a direct comparison's errors."""
    worst = reason_of(content)
    others = [
        words("about", words(level), reason)
        for level, reason in (content.reasons or {}).items()
        if content.levels.get(level) != content.verdict or not worst.startswith(reason)
    ]
    return [text for text in (worst, *others, *content.errors) if text]


def reason_of(content: Content, level: Level | None = None) -> str:
    """Why the comparison ended so, or one level of it as far as the event tells; "" where nothing is told."""
    if level and content.reasons is not None:
        return content.reasons.get(level, "")
    return " ".join(part for part in (content.error_code, content.error_msg) if part)


def caveats(words: Words, content: Content, name: Callable[[str], str] = shown) -> list[str]:
    """What else is to be known, in sentences; a caveat of a newer release by its name, made presentable by `name`."""
    return [words(c) if c in _CAVEATS else name(c) for c in content.caveats if c not in _TOLD_ELSEWHERE]


def kind_of(row: Row) -> str:
    """Missing, extra or changed; DRS tells it by the sides that have the row."""
    if row.kind in {"missing", "extra", "changed"}:
        return str(row.kind)
    source, target = (row.source_key or row.source_sql), (row.target_key or row.target_sql)
    return "changed" if source and target else "missing" if source else "extra"


def keys_of(table: Table) -> list[str]:
    """The keys of a table's rows; where two look alike, their statements instead."""
    keys = [_key(row, table.key) for row in table.rows]
    seen = Counter(keys)
    return [
        shown(_statement(row) or key, 200) if seen[key] > 1 or not key else key
        for key, row in zip(keys, table.rows, strict=True)
    ]


def _key(row: Row, names: Sequence[str]) -> str:
    literals = row.source_literals or row.target_literals
    values = literals or ["NULL" if v is None else v for v in row.source_key or row.target_key]
    parts = [shown(value, _SHOWN_VALUE) for value in values]
    if len(names) == len(parts):
        parts = [f"{shown(name, 40)} = {part}" for name, part in zip(names, parts, strict=True)]
    return shown(", ".join(parts), 200)


def _statement(row: Row) -> str:
    return row.source_sql or row.target_sql or ""
