"""What differs, or could not be compared, by name: the most telling, and how much more there is. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from functions.pipeline.channels.cut import fitted, visible
from functions.pipeline.comparison import DatabaseLine, TableLine, TypeCount
from functions.pipeline.finished_event import DataResults, Finished
from functions.pipeline.telling import Found
from functions.pipeline.words import Words

#: Entries of a message.
MOST: Final = 10
#: Names of objects beside their type.
_NAMES: Final = 3
#: Characters.
_NAME, _OBJECT, _WHAT = 120, 60, 400


@dataclass(frozen=True)
class Differences:
    """What the list is called, its entries, and what is not listed, in words."""

    word: str
    shown: tuple[Found, ...]
    more: str | None


def found_of(finished: Finished, words: Words) -> Differences:
    """At most `MOST` object types and tables: differing before not compared, the widest gap first.

    If there are many of both, half of the places are kept for tables.
    """
    types = sorted((t for t in _types(finished) if t.result != "consistent"), key=_telling_of_type)
    tables = sorted((t for t in _tables(finished) if t.result != "consistent"), key=_telling_of_table)
    kept_types = types[: max(MOST - len(tables), MOST // 2)]
    kept_tables = tables[: MOST - len(kept_types)]
    shown = [(t.result, _type(t, words)) for t in kept_types] + [
        (t.result, _table(t, finished, words)) for t in kept_tables
    ]
    if not kept_tables and finished.data:
        databases = [d for d in finished.data.databases if d.result != "consistent"]
        shown += [(d.result, _database(d, words)) for d in databases[: MOST - len(shown)]]
    return Differences(
        word=_word({result for result, _ in shown}, words),
        shown=tuple(entry for _, entry in sorted(shown, key=lambda s: s[0] != "inconsistent")),
        more=_more(len(types) - len(kept_types), _wrong_tables(finished.data, len(tables)) - len(kept_tables), words),
    )


def _types(finished: Finished) -> tuple[TypeCount, ...]:
    return finished.objects.types if finished.objects else ()


def _tables(finished: Finished) -> tuple[TableLine, ...]:
    return finished.data.tables if finished.data else ()


def _wrong_tables(data: DataResults | None, listed: int) -> int:
    """How many tables there are to tell of; the totals count those that were cut from the list too."""
    return max(listed, data.totals.inconsistent + data.totals.incomplete) if data else 0


def _telling_of_type(count: TypeCount) -> tuple[bool, bool, int]:
    return count.result != "inconsistent", count.type != "TABLE", -abs(count.source_count - count.target_count)


def _telling_of_table(line: TableLine) -> tuple[bool, int]:
    gap = abs((line.source_rows or 0) - (line.target_rows or 0))
    return line.result != "inconsistent", -max(gap, line.difference_rows or 0)


def _word(results: set[str], words: Words) -> str:
    if results == {"incomplete"}:
        return words.uncompared
    return words.differs_or_uncompared if "incomplete" in results else words.differs


def _type(count: TypeCount, words: Words) -> Found:
    told = [words.counts.format(source=f"{count.source_count:,}", target=f"{count.target_count:,}")]
    if count.result == "incomplete":
        told.insert(0, words.not_compared)
    sides = {word: getattr(count, side) for side, word in words.sides.items() if getattr(count, side)}
    omitted = count.omitted if len(sides) == 1 else 0  # else nobody knows whose they are
    told += [f"{word}{words.colon}{_names(names, omitted, words)}" for word, names in sides.items()]
    if count.omitted > omitted:
        told.append(words.more_names.format(n=f"{count.omitted:,}"))
    return Found(_name(count.type, _NAME, words), fitted(words.semicolon.join(told), _WHAT))


def _names(names: Sequence[str], omitted: int, words: Words) -> str:
    """A few names, and how many more there are."""
    shown = [_name(name, _OBJECT, words) for name in names[:_NAMES]]
    rest = len(names) - len(shown) + omitted
    return words.comma.join(shown + ([words.more_names.format(n=f"{rest:,}")] if rest else []))


def _table(line: TableLine, finished: Finished, words: Words) -> Found:
    source = f"{_name(line.source_db, _OBJECT, words)}.{_name(line.source_table, _OBJECT, words)}"
    message = visible(line.message or "").strip().rstrip(".")
    told: list[str] = []
    if line.result == "incomplete":
        told.append(words.not_compared + (words.colon + message if message else ""))
    if finished.levels.get("contents") not in {None, "not_requested"} and line.difference_rows:
        told.append(words.rows_differ.format(n=f"{line.difference_rows:,}"))
    if line.source_rows is not None and line.target_rows is not None:
        told += _counted(line.source_rows, line.target_rows, words)
    if message and line.result != "incomplete":
        told.append(message)
    return Found(fitted(source, _NAME), fitted(words.semicolon.join(told), _WHAT))


def _counted(source: int, target: int, words: Words) -> list[str]:
    counts = words.rows.format(source=f"{source:,}", target=f"{target:,}")
    gap = abs(source - target)
    if not gap:
        return [counts]
    way = words.fewer if target < source else words.additional
    return [counts, way[gap != 1].format(n=f"{gap:,}")]


def _database(line: DatabaseLine, words: Words) -> Found:
    told = words.of_tables[line.inconsistent != 1].format(n=f"{line.inconsistent:,}", total=f"{line.tables:,}")
    return Found(_name(line.source_db, _NAME, words), told if line.inconsistent else words.not_compared)


def _more(types: int, tables: int, words: Words) -> str | None:
    parts = [words.types[types != 1].format(n=f"{types:,}")] if types > 0 else []
    parts += [words.tables[tables != 1].format(n=f"{tables:,}")] if tables > 0 else []
    if not parts:
        return None
    return words.more.format(what=parts[0] if len(parts) == 1 else words.both.format(one=parts[0], other=parts[1]))


def _name(name: str, most: int, words: Words) -> str:
    return fitted(visible(name), most) if name.strip() else words.nameless
