"""What DRS says about a task, in one form whichever endpoint said it. Pure.

DRS writes a result as a word (drs_03_0137), as a number for objects (drs_03_0256, 0257), as another number for data
(drs_03_0246, 0247: the same 3 means something else there) or as booleans (drs_03_0249). Here it is one of three:
what is missing, unknown, contradictory or not finished is ``incomplete``, never ``consistent``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from functions.pipeline import drs_models as wire

Result = Literal["consistent", "inconsistent", "incomplete"]

_WORDS: Final[Mapping[str, Result]] = {
    wire.CONSISTENT: "consistent",
    wire.INCONSISTENT: "inconsistent",
    wire.TARGET_DB_NOT_EXIT: "inconsistent",
    wire.TARGET_DB_NOT_EXIST: "inconsistent",
    "TARGET_SCHEMA_NOT_EXIST": "inconsistent",
}
_OBJECT_NUMBERS: Final[Mapping[int, Result]] = {
    wire.OBJECT_INCONSISTENT: "inconsistent",
    wire.OBJECT_CONSISTENT: "consistent",
}
# Whatever exists on one side alone is a difference. What is missing or empty on both sides was not compared: nothing
# contradicts, and nothing is proven either. The rest failed, was skipped or has not ended.
_DATA_NUMBERS: Final[Mapping[int, tuple[Result, str]]] = {
    0: ("inconsistent", ""),
    2: ("consistent", ""),
    3: ("inconsistent", "the target database or table does not exist"),
    4: ("incomplete", "comparing failed"),
    5: ("incomplete", "still comparing"),
    6: ("incomplete", "waiting to be compared"),
    7: ("incomplete", "cancelled"),
    8: ("inconsistent", "the source database is empty, the target database is not"),
    9: ("inconsistent", "the target database is empty, the source database is not"),
    10: ("incomplete", "both databases are empty"),
    11: ("inconsistent", "the source table does not exist"),
    12: ("inconsistent", "the target table does not exist"),
    13: ("incomplete", "neither table exists"),
    14: ("incomplete", "connecting to the source failed"),
    15: ("incomplete", "connecting to the target failed"),
    16: ("incomplete", "SQL timed out on the source"),
    17: ("incomplete", "SQL timed out on the target"),
    18: ("incomplete", "SQL failed on the source"),
    19: ("incomplete", "SQL failed on the target"),
    20: ("incomplete", "neither database exists"),
    21: ("inconsistent", "the source database does not exist"),
    22: ("inconsistent", "the target database does not exist"),
    23: ("incomplete", "not compared: hundreds of millions of rows"),
    27: ("incomplete", "timed out"),
}
_COMPLETED: Final = 2  # content-detail numbers its progress 1-4, printed with a sign that may be a dash


@dataclass(frozen=True)
class ObjectDifference:
    """One object that is not the same on both sides; a side that lacks it is ``None``."""

    source: str | None
    target: str | None
    result: Result
    source_db: str = ""
    target_db: str = ""
    message: str | None = None


@dataclass(frozen=True)
class ObjectCount:
    """The objects of one type on both sides."""

    type: str
    source: int
    target: int
    result: Result
    differences: tuple[ObjectDifference, ...] = ()


@dataclass(frozen=True)
class RowDifference:
    """One row that differs: its key and the statement that shows it, on each side that has it."""

    source_key: tuple[str | None, ...] = ()
    target_key: tuple[str | None, ...] = ()
    source_sql: str | None = None
    target_sql: str | None = None


@dataclass(frozen=True)
class TableResult:
    """One pair of tables; counts are rows, ``None`` where DRS doesn't say."""

    source_db: str
    target_db: str
    source_table: str
    target_table: str
    source_rows: int | None
    target_rows: int | None
    difference_rows: int | None
    result: Result
    message: str | None = None
    differences: tuple[RowDifference, ...] = ()


@dataclass(frozen=True)
class DatabaseResult:
    """One pair of databases, as the overview of a data-level task has it."""

    source_db: str
    target_db: str
    result: Result
    message: str | None = None


@dataclass(frozen=True)
class Reading:
    """One look at a DRS task. ``terminal``: it will not change any more, and everything a verdict needs is here."""

    task_id: str
    level: wire.Level
    status: str
    terminal: bool
    error_msg: str | None = None
    objects: tuple[ObjectCount, ...] = ()
    tables: tuple[TableResult, ...] = ()
    databases: tuple[DatabaseResult, ...] = ()
    retry_after: float | None = None
    truncated: bool = False
    """Names of objects or keys of rows were left out, for time or number; nothing that decides is missing for it."""
    progress: tuple[int, int] | None = None
    """Of a running value comparison: how many tables have been compared, of how many."""


# --- one result ------------------------------------------------------------------------------------------------------


def is_terminal(status: str | None) -> bool:
    """Whether a status is final; an unknown word is not."""
    return status in wire.TERMINAL_STATUSES


def word_result(word: str | None) -> Result:
    """A result written as a word."""
    return _WORDS.get(word or "", "incomplete")


def object_result(number: int | None) -> Result:
    """A result of an object comparison written as a number."""
    return "incomplete" if number is None else _OBJECT_NUMBERS.get(number, "incomplete")


def data_result(number: int | None) -> tuple[Result, str | None]:
    """A result of a data comparison written as a number, and what it means where that isn't plain."""
    if number is None:
        return "incomplete", "without a status"
    result, meaning = _DATA_NUMBERS.get(number, ("incomplete", f"unknown status {number}"))
    return result, meaning or None


def worst(results: Iterable[Result]) -> Result:
    """The one that decides: any difference, else anything uncertain; of nothing, ``incomplete``."""
    found = set(results)
    if "inconsistent" in found:
        return "inconsistent"
    return "consistent" if found == {"consistent"} else "incomplete"


# --- objects ---------------------------------------------------------------------------------------------------------


def counts_of_overview(overview: wire.ObjectOverview) -> tuple[ObjectCount, ...]:
    """Counts per type of GET object/compare."""
    return tuple(
        _object_count(item.type, item.source_count, item.target_count, object_result(item.status))
        for item in overview.compare_result or ()
    )


def counts_of_results(results: wire.ObjectResults) -> tuple[ObjectCount, ...]:
    """Counts per type of query-compare-result."""
    return tuple(
        _object_count(
            item.object_type,
            item.source_count,
            item.target_count,
            _doubted(word_result(item.object_compare_result), item.diff_count),
        )
        for item in results.object_compare_overview or ()
    )


def differences_of_page(page: wire.ObjectDetailPage) -> tuple[ObjectDifference, ...]:
    """What is not consistent on a page of GET object/compare/{type}."""
    return tuple(
        _difference(item, object_result(item.status)) for item in page.compare_detail or () if item.status != 2
    )


def differences_of_results(results: wire.ObjectResults, kind: str) -> tuple[ObjectDifference, ...]:
    """What differs of one type in query-compare-result, which lists equal objects too and has no result per object."""
    details = (results.object_compare_details or {}).get(kind) or []
    return tuple(
        _difference(item, "inconsistent")
        for item in details
        if item.source_db_value != item.target_db_value or item.error_message
    )


def _object_count(kind: str | None, source: int | None, target: int | None, result: Result) -> ObjectCount:
    if result == "consistent" and (kind is None or source is None or source != target):
        result = "incomplete"
    return ObjectCount(kind or "", source or 0, target or 0, result)


def _difference(item: wire.ObjectDetail | wire.ObjectResultDetail, result: Result) -> ObjectDifference:
    return ObjectDifference(
        source=item.source_db_value,
        target=item.target_db_value,
        result=result,
        source_db=item.source_db_name or "",
        target_db=item.target_db_name or "",
        message=item.error_message,
    )


def _doubted(result: Result, *differences: int | None) -> Result:
    """``consistent`` beside a number of differences is a contradiction."""
    return "incomplete" if result == "consistent" and any(differences) else result


# --- data, in words --------------------------------------------------------------------------------------------------


def databases_of_results(results: wire.LineResults | wire.ContentResults) -> tuple[DatabaseResult, ...]:
    """Results per database of query-compare-result."""
    if isinstance(results, wire.LineResults):
        lines = results.line_compare_overview or ()
        return tuple(_database(item, item.line_compare_result) for item in lines)
    return tuple(_database(item, item.content_compare_result) for item in results.content_compare_overview or ())


def tables_of_lines(results: wire.LineResults, targets: Mapping[str, Sequence[str]]) -> Iterator[TableResult]:
    """Results per table of a row comparison, whose details don't name the target database.

    ``targets``: the target databases of each source database, from the overview. Where there are several, the details
    of the source database are taken to be in the same order.
    """
    seen: Counter[str] = Counter()
    for database in results.line_compare_details or ():
        source_db = database.source_db_name or ""
        known = targets.get(source_db) or ("",)
        target_db = known[min(seen[source_db], len(known) - 1)]
        seen[source_db] += 1
        for item in database.line_compare_detail or ():
            yield _table(item, source_db, target_db, item.line_compare_result)


def tables_of_contents(results: wire.ContentResults) -> Iterator[TableResult]:
    """Results per table of a value comparison, of the tables that were compared."""
    for database in results.content_compare_details or ():
        for item in database.content_compare_detail or ():
            source_db = item.source_db_name or database.source_db_name
            table = _table(item, source_db, item.target_db_name, item.content_compare_result)
            if item.line_compare_result is not None:
                table = replace(table, result=worst((table.result, word_result(item.line_compare_result))))
            yield table


def uncompared_of_contents(results: wire.ContentResults) -> Iterator[TableResult]:
    """Tables that a value comparison could not compare."""
    for database in results.content_compare_details or ():
        for item in database.content_uncompare_detail or ():
            source_db = item.source_db_name or database.source_db_name
            table = _table(item, source_db, item.target_db_name, None)
            yield replace(table, message=table.message or "could not be compared")


def _database(item: wire.LineOverview | wire.ContentOverview, word: str | None) -> DatabaseResult:
    result = word_result(word)
    message = None if result == "consistent" or word == wire.INCONSISTENT else word
    return DatabaseResult(item.source_db_name or "", item.target_db_name or "", result, message)


def _table(item: wire.LineDetail, source_db: str | None, target_db: str | None, word: str | None) -> TableResult:
    contradicts = item.diff_row_num or _unequal(item.source_row_num, item.target_row_num)
    result = _doubted(word_result(word), contradicts)
    plain = word in {wire.CONSISTENT, wire.INCONSISTENT}
    return TableResult(
        source_db=source_db or "",
        target_db=target_db or "",
        source_table=item.source_table_name or "",
        target_table=item.target_table_name or "",
        source_rows=item.source_row_num,
        target_rows=item.target_row_num,
        difference_rows=item.diff_row_num,
        result=result,
        message=item.message or (None if plain else word),
    )


def _unequal(source: int | None, target: int | None) -> bool:
    return source is not None and target is not None and source != target


def rows_of_contents(results: wire.ContentResults) -> Iterator[tuple[str, str, RowDifference]]:
    """Differing rows that a page of a value comparison shows: source database, source table, row."""
    for table in results.content_compare_diffs or ():
        for row in table.content_compare_diff or ():
            difference = RowDifference(
                source_key=tuple(row.source_key_value or ()),
                target_key=tuple(row.target_key_value or ()),
                source_sql=row.source_select_sql,
                target_sql=row.target_select_sql,
            )
            yield table.source_db_name or "", table.source_table_name or "", difference


# --- data, in numbers ------------------------------------------------------------------------------------------------


def database_of_overview(item: wire.DatabaseOverview) -> DatabaseResult:
    """One database of line-overview or content-overview, whose numbers must agree with its status."""
    result, message = data_result(item.status)
    if item.data_inconsistent_num:
        result = "inconsistent"
    elif result == "consistent" and (item.uncomparable_num or _unequal(item.compare_num, item.compare_end_num)):
        result, message = "incomplete", "not every table was compared"
    return DatabaseResult(
        item.source_db_name or item.source_db or "", item.target_db_name or item.target_db or "", result, message
    )


def table_of_line_detail(item: wire.TableDetail, database: DatabaseResult) -> TableResult:
    """One table of line-detail, which was asked for by database."""
    result, message = data_result(item.status)
    return _numbered(item, database, result, message)


def table_of_content_detail(item: wire.TableDetail, database: DatabaseResult) -> TableResult:
    """One table of content-detail: two booleans, and how far it got."""
    result: Result = "incomplete"
    if item.status is None or abs(item.status) == _COMPLETED:
        if item.content_compare_result is False or item.line_compare_result is False:
            result = "inconsistent"
        elif item.content_compare_result:
            result = "consistent"
    return _numbered(item, database, result, item.message)


def uncompared_of_detail(item: wire.TableDetail, database: DatabaseResult) -> TableResult:
    """One table that line-detail or content-detail lists under ``unCompare``."""
    meaning = data_result(item.status)[1] if item.status else None
    return _numbered(item, database, "incomplete", item.message or meaning or "could not be compared")


def _numbered(item: wire.TableDetail, database: DatabaseResult, result: Result, message: str | None) -> TableResult:
    contradicts = item.difference_row_num or _unequal(item.source_row_num, item.target_row_num)
    return TableResult(
        source_db=item.source_db or database.source_db,
        target_db=item.target_db or database.target_db,
        source_table=item.source_table_name or "",
        target_table=item.target_table_name or "",
        source_rows=item.source_row_num,
        target_rows=item.target_row_num,
        difference_rows=item.difference_row_num,
        result=_doubted(result, contradicts),
        message=item.message or message,
    )
