"""What is in a task's result file: from the stored findings to the rows of its sheets. Pure, and row by row.

Keys and lists of columns are JSON arrays: whatever a name or value contains, one can't be taken for two. Keys are told
apart as in `key_words`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from functions.comparer.core.results import DataResult, ObjectResult
from functions.comparer.tasks.found import FoundTable, Parts, databases, every, is_final, tables
from functions.comparer.tasks.key_words import key_words_of
from functions.comparer.tasks.stored import TYPES, Level, Task, differences_part, objects_part
from functions.pipeline.drs_models import iso_utc

Cell = str | int | None
Row = tuple[Cell, ...]

_COMPARED: Final[Mapping[Level, tuple[str, str]]] = {
    "objects": ("the names of all objects", "the rows of tables and their values"),
    "lines": ("the number of rows of every table", "values, and objects other than tables"),
    "contents": ("every value of every row", "objects other than tables"),
}
_KINDS: Final = {"missing": "missing in the target", "extra": "only in the target", "changed": "changed"}
_TABLE: Final = ("source database", "target database", "table", "result", "source rows", "target rows", "difference")


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, the names of its columns, and its rows, to be taken once."""

    name: str
    header: tuple[str, ...]
    rows: Iterable[Row]


def sheets(parts: Parts, task: Task, mapping: Mapping[str, str]) -> Iterator[Sheet]:
    """All sheets of a task's file. `mapping`: source to target database names where they differ."""
    if task.level == "objects":
        yield Sheet("summary", ("what", "value"), _summary(task, _objects_summary(parts, task)))
        yield from _object_sheets(parts, task)
        return
    yield Sheet("summary", ("what", "value"), _summary(task, _data_summary(parts, task, mapping)))
    header = ("source database", "target database", "result", "tables", "finished", "inconsistent", "can't be compared")
    yield Sheet("databases", (*header, "message"), _databases(parts, task, mapping))
    if task.level == "lines":
        yield Sheet("tables", (*_TABLE, "message"), _tables(parts, task, mapping))
        return
    more = ("missing in the target", "only in the target", "changed", "shown", "key columns", "message")
    yield Sheet("tables", (*_TABLE, *more), _tables(parts, task, mapping))
    keys = ("source database", "target database", "table", "difference", "source key", "target key")
    statements = ("changed columns", "source statement", "target statement")
    yield Sheet("differences", (*keys, *statements), _differences(parts, task, mapping))


# --- summary


def _summary(task: Task, found: Iterable[Row]) -> Iterator[Row]:
    compared, not_compared = _COMPARED[task.level]
    yield "DRS job", task.job_id
    yield "comparison task", task.id
    yield "level", task.level
    yield "status", task.status
    yield "created (UTC)", iso_utc(task.created_at)
    yield "started (UTC)", None if task.started_at is None else iso_utc(task.started_at)
    yield "ended (UTC)", None if task.ended_at is None else iso_utc(task.ended_at)
    yield "asked for", "everything" if task.scope is None else _json(task.scope)
    if task.options:
        yield "options", _json(task.options)
    yield "what the task says", task.error
    yield "compared", compared
    yield "not compared", not_compared
    yield from found


def _objects_summary(parts: Parts, task: Task) -> Iterator[Row]:
    types = list(every(parts, task.id, TYPES))
    yield "types", len(types)
    yield "objects of the source", sum(entry["source"] for entry in types)
    yield "objects of the target", sum(entry["target"] for entry in types)
    yield "objects that differ", sum(entry["differences"] for entry in types)
    for entry in types:
        if entry["result"] == ObjectResult.INCOMPLETE:
            yield "not compared", f"objects of type {entry['type']}: not all of them could be read on both sides"


def _data_summary(parts: Parts, task: Task, mapping: Mapping[str, str]) -> Iterator[Row]:
    found = databases(parts, task, mapping)
    results, numbers = Counter[str](), Counter[str]()
    for database in found:
        for table in tables(parts, task, database):
            results[_result(table.result, task)] += 1
            numbers["source"] += table.source_rows or 0
            numbers["target"] += table.target_rows or 0
            numbers["differing"] += table.differing or 0
            numbers["kept"] += table.kept
    yield "databases", len(found)
    yield "tables", results.total()
    yield from ((f"tables: {result}", number) for result, number in sorted(results.items()))
    yield "rows of the source", numbers["source"]
    yield "rows of the target", numbers["target"]
    if task.level == "contents":
        yield "rows that differ", numbers["differing"]
        yield "of them in this file", numbers["kept"]
    for database in found:
        if _is_open(database.result):
            yield "not compared", f"database {database.source_db}: {_reason(database.result, database.message, task)}"
        for table in tables(parts, task, database):
            if _is_open(table.result):
                name = f"{database.source_db}.{table.table}"
                yield "not compared", f"table {name}: {_reason(table.result, table.message, task)}"


# --- objects


def _object_sheets(parts: Parts, task: Task) -> Iterator[Sheet]:
    types = list(every(parts, task.id, TYPES))
    columns = ("source", "target", "differences")
    rows = ((entry["type"], *(entry[name] for name in columns), ObjectResult(entry["result"]).name) for entry in types)
    yield Sheet("types", ("type", *columns, "result"), rows)
    for entry in types:
        header = ("source database", "target database", "source", "target", "result")
        yield Sheet(entry["type"], header, _objects(parts, task, entry["type"]))


def _objects(parts: Parts, task: Task, kind: str) -> Iterator[Row]:
    for entry in every(parts, task.id, objects_part(kind)):
        names = (entry["source_db"], entry["target_db"], entry["source"], entry["target"])
        yield (*names, ObjectResult(entry["result"]).name)


# --- data


def _databases(parts: Parts, task: Task, mapping: Mapping[str, str]) -> Iterator[Row]:
    for database in databases(parts, task, mapping):
        inside = list(tables(parts, task, database))
        yield (
            database.source_db,
            database.target_db,
            _result(database.result, task),
            len(inside),
            sum(table.finished for table in inside),
            sum(table.result is DataResult.INCONSISTENT for table in inside),
            sum(not table.comparable for table in inside),
            database.message,
        )


def _tables(parts: Parts, task: Task, mapping: Mapping[str, str]) -> Iterator[Row]:
    for database in databases(parts, task, mapping):
        for table in tables(parts, task, database):
            names = (database.source_db, database.target_db, table.table, _result(table.result, task))
            numbers = (table.source_rows, table.target_rows, table.differing)
            yield (*names, *numbers, *(_values(table) if task.level == "contents" else ()), table.message)


def _values(table: FoundTable) -> Row:
    return table.missing, table.extra, table.changed, table.kept, _json(table.key)


def _differences(parts: Parts, task: Task, mapping: Mapping[str, str]) -> Iterator[Row]:
    for database in databases(parts, task, mapping):
        for table in tables(parts, task, database):
            part = differences_part(database.source_db, table.table)
            words = key_words_of(parts, task.id, part)
            for entry in every(parts, task.id, part):
                yield (
                    database.source_db,
                    database.target_db,
                    table.table,
                    _KINDS[entry["kind"]],
                    _json(words.of(entry, "source")),
                    _json(words.of(entry, "target")),
                    _json(entry["columns"]),
                    entry["source_sql"],
                    entry["target_sql"],
                )


def _is_open(result: DataResult) -> bool:
    """Whether it was not compared, for whatever reason."""
    compared = {DataResult.CONSISTENT, DataResult.INCONSISTENT, DataResult.TARGET_DB_MISSING}
    return result not in compared


def _reason(result: DataResult, message: str | None, task: Task) -> str:
    return message or _result(result, task)


def _result(result: DataResult, task: Task) -> str:
    return str(result) if is_final(result) else f"not finished ({task.status})"


def _json(value: Mapping[str, object] | Sequence[object] | None) -> str | None:
    """None and nothing stay empty."""
    return json.dumps(value, ensure_ascii=False) if value else None
