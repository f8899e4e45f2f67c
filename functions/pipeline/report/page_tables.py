"""The tables of a report's page: objects per type, tables per data level, the worst first. Pure functions.

Every function that is given room (bytes) stays within it; what there is no room for is counted in the last row.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from functions.pipeline.comparison import DatabaseLine, Result, TypeCount
from functions.pipeline.report.content import Content, DataLevel, Table
from functions.pipeline.report.findings import (
    RESULT_TONES,
    RESULT_WORDS,
    keys_of,
    kind_of,
    tables_tally,
    types_tally,
    worst_first,
)
from functions.pipeline.report.markup import Markup, element, joined, listed
from functions.pipeline.report.picture import picture
from functions.pipeline.report.signs import sign
from functions.pipeline.report.text import DASH, difference, fitted, in_bytes, number, shown
from functions.pipeline.report.words import Words

_Entry = TypeVar("_Entry", TypeCount, Table)
NAMES, ROWS, SAME = 1_600, 1_200, 20
"""Bytes for the names of a kind, and for the rows of a table that differ in one way; so many entries that agree are
listed."""
_CLASSES = (None, "n", "n", "n", "is")
_FRAME = 1_200
"""Bytes kept for what stands around the entries: heading, columns, the last row."""
_KINDS = ("only_in_source", "only_in_target", "different", "not_compared")
_NAMED = {"different": "named_different", "not_compared": "named_not_compared"}


def named(text: str) -> Markup:
    """A name, apart from the reading order around it."""
    return element("bdi", shown(text)) if text else Markup(DASH)


def objects_section(words: Words, content: Content, room: int) -> Markup:
    """Objects per type: the picture, the counts and the names that differ. Empty where no type was compared."""
    if content.objects is None or not (content.objects.types or content.objects.types_omitted):
        return Markup()
    types, tally = worst_first(content.objects.types), types_tally(content)
    drawn = picture(words, types, tally.total)
    listed_types = _without_most_equal(types)
    entries = fitted((_type(words, t) for t in listed_types), room - in_bytes(drawn) - _FRAME, in_bytes)
    rest = _rest(words, "types same", "more types", listed_types[: len(entries)], tally.total, tally.same)
    columns = ("type", "source", "target", "difference", "result")
    return _section(words("objects"), drawn, _table(words, columns, entries, rest))


def _type(words: Words, kind: TypeCount) -> Markup:
    source, target = kind.source_count, kind.target_count
    row = _row(words, named(kind.type), [number(source), number(target), difference(source, target)], kind.result)
    names = [_names(words, key, getattr(kind, key)) for key in _KINDS if getattr(kind, key)]
    if kind.omitted:
        names.append(element("li", words("not_listed", words.count(kind.omitted, "more names"))))
    return element("tbody", row, _more(names))


def _names(words: Words, key: str, names: Sequence[str]) -> Markup:
    fitting = fitted((named(name) for name in names), NAMES, in_bytes)
    left = len(names) - len(fitting)
    more = f"; {words.count(left, 'more names')}" if left else ""
    return element("li", f"{words(_NAMED.get(key, key))}: ", listed(fitting), more)


def data_section(words: Words, data: DataLevel, room: int) -> Markup:
    """Tables with their row counts, or the rows that differ, and the databases where there are several."""
    tally = tables_tally(data)
    databases = _databases(words, data, room // 5)
    tables = _without_most_equal(worst_first(data.tables))
    entries = fitted((_table_of(words, data, t) for t in tables), room - in_bytes(databases) - _FRAME, in_bytes)
    rest = _rest(words, "tables same", "more tables", tables[: len(entries)], tally.total, tally.same)
    fourth = "differing" if data.level == "contents" else "difference"
    listing = _table(words, ("table", "source", "target", fourth, "result"), entries, rest)
    return _section(words(data.level), databases, listing if tally.total else Markup())


def _table_of(words: Words, data: DataLevel, table: Table) -> Markup:
    source, target = table.source_rows, table.target_rows
    gap = number(table.difference_rows) if data.level == "contents" else difference(source, target)
    name = named(table.name)
    if table.renamed:
        name = joined([name, " → ", named(table.target_name)])
    more = [element("li", shown(table.message, 400))] if table.message else []
    more += _rows(words, table)
    return element("tbody", _row(words, name, [number(source), number(target), gap], table.result), _more(more))


def _rows(words: Words, table: Table) -> Iterator[Markup]:
    """The keys of rows that differ, one item for each way, and how many more there are."""
    by_kind: dict[str, list[Markup]] = {"changed": [], "missing": [], "extra": []}
    for row, key in zip(table.rows, keys_of(table), strict=True):
        by_kind[kind_of(row)].append(joined([element("bdi", key), _columns(row.columns)]))
    count = 0
    for kind, rows in by_kind.items():
        known = getattr(table, kind)
        if kept := fitted(rows, ROWS, in_bytes):
            yield element("li", f"{words(kind)}{f' ({known:,})' if known else ''}: ", listed(kept))
        elif known:
            yield element("li", words.count(known, f"rows {kind}"))
        count += len(kept)
    left = max(table.difference_rows or 0, len(table.rows) + table.rows_omitted) - count
    if table.rows and left > 0:
        yield element("li", words("not_listed", words.count(left, "more rows")))


def _columns(names: Sequence[str]) -> Markup:
    if not names:
        return Markup()
    kept = fitted((named(name) for name in names), 400, in_bytes)
    more = f" +{len(names) - len(kept)}" if len(names) > len(kept) else ""
    return joined([" (", listed(kept), more, ")"])


def _databases(words: Words, data: DataLevel, room: int) -> Markup:
    """Worth a table of its own where there are several, or one has another name in the target, or no tables."""
    worth = [d for d in data.databases if not data.tables or d.target_db not in {"", d.source_db}]
    if not worth and len(data.databases) + data.databases_omitted < 2:
        return Markup()
    databases = sorted(data.databases, key=lambda d: d.result == "consistent")
    entries = fitted((_database(words, d) for d in databases), room - _FRAME, in_bytes)
    left = len(data.databases) + data.databases_omitted - len(entries)
    rest = [words("not_listed", words.count(left, "more databases"))] if left else []
    return _table(words, ("database", "tables", "different", "uncompared", "result"), entries, rest)


def _database(words: Words, database: DatabaseLine) -> Markup:
    name = named(database.source_db)
    if database.target_db and database.target_db != database.source_db:
        name = joined([name, " → ", named(database.target_db)])
    numbers = [number(n) for n in (database.tables, database.inconsistent, database.incomplete)]
    return element("tbody", _row(words, name, numbers, database.result))


def _without_most_equal(entries: list[_Entry]) -> list[_Entry]:
    same = sum(entry.result == "consistent" for entry in entries)
    return entries if same <= SAME else [entry for entry in entries if entry.result != "consistent"]


def _rest(
    words: Words, same_words: str, more_words: str, listed: Sequence[TypeCount | Table], total: int, same: int
) -> list[str]:
    """What is not listed: how many that agree, how many others."""
    same_left = same - sum(entry.result == "consistent" for entry in listed)
    other_left = total - len(listed) - same_left
    told = [words("not_listed", words.count(other_left, more_words))] if other_left > 0 else []
    return told + ([words.count(same_left, same_words)] if same_left > 0 else [])


def _row(words: Words, name: Markup, numbers: Sequence[str], result: Result) -> Markup:
    tone = RESULT_TONES[result]
    cells = [element("td", text, class_="n") for text in numbers]
    last = element("td", sign(tone), words(RESULT_WORDS[result]), class_=f"is {tone}")
    return element("tr", element("th", name, scope="row"), *cells, last)


def _more(items: Sequence[Markup]) -> Markup:
    if not items:
        return Markup()
    return element("tr", element("td", element("ul", *items), colspan=5, class_="more"))


def _table(words: Words, columns: Sequence[str], entries: Sequence[Markup], rest: Sequence[str]) -> Markup:
    heads = [element("th", words.title(word), scope="col", class_=_CLASSES[n]) for n, word in enumerate(columns)]
    last = [element("tbody", element("tr", element("td", "; ".join(rest), colspan=5, class_="rest")))] if rest else []
    return element("table", element("thead", element("tr", *heads)), *entries, *last)


def _section(title: str, *parts: Markup) -> Markup:
    return element("section", element("h2", title), *parts)
