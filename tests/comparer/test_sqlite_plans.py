"""How SQLite finds what it is asked for: by keys, never by reading everything or by sorting."""

import apsw
import pytest

from functions.comparer.core.table import Value
from functions.comparer.sqlite.joint import SqliteJoint
from functions.comparer.sqlite.keys import Span
from functions.comparer.sqlite.layout import layout, listed
from functions.comparer.sqlite.statements import Statement, count, extras, listing, nth, rowids, tally, unpartnered
from tests.comparer import joint_databases
from tests.comparer.joint_databases import Two, joint, planned

two = joint_databases.two


def test_the_tables_are_listed_once_however_many_are_planned(two: Two) -> None:
    files, told = two(*PLANNED["rowid"], "CREATE TABLE u (k INTEGER PRIMARY KEY)", "CREATE TABLE v (k)"), list[str]()
    plans = [planned(*files, table) for table in "tuv"]
    with joint(*files) as both:
        both._sessions[0].connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: told.append(event["sql"]))
        assert all(both.takes(plan) for plan in plans)
    assert len([statement for statement in told if "pragma_table_list" in statement]) == 1


PLANNED = {
    "rowid": ["CREATE TABLE t (k INTEGER PRIMARY KEY, a, b)"],
    "text": ["CREATE TABLE t (k TEXT PRIMARY KEY, a, b)"],
    "composite": ["CREATE TABLE t (k TEXT COLLATE NOCASE, l INT, a, b, PRIMARY KEY (k, l)) WITHOUT ROWID"],
    "descending": ["CREATE TABLE t (k TEXT, l INT, a, b, PRIMARY KEY (k DESC, l DESC))"],
    "other collation": [
        "CREATE TABLE t (k TEXT NOT NULL, l NOT NULL, a, b)",
        "CREATE UNIQUE INDEX i ON t (k COLLATE RTRIM, l)",
    ],
    "none": ["CREATE TABLE t (k, a, b)"],
}


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le"])
@pytest.mark.parametrize("statements", PLANNED.values(), ids=PLANNED.keys())
def test_every_part_is_found_by_its_key_and_nothing_is_sorted(two: Two, statements: list[str], encoding: str) -> None:
    # Statistics that make SQLite think little of every index.
    statements = [
        f"PRAGMA encoding = '{encoding}'",
        *statements,
        "CREATE INDEX misleading ON t (a)",
        "INSERT INTO t VALUES (" + ", ".join("1" * (4 if " l " in statements[0] else 3)) + ")",
        "ANALYZE",
        "UPDATE sqlite_stat1 SET stat = CASE idx WHEN 'misleading' THEN '1000000 1' ELSE '1000000 1000000 1000000' END",
    ]
    files = two(*statements)
    plan = planned(*files)
    with joint(*files) as both:
        found = layout(connection := both._sessions[0].connection, plan, both._encoding, listed(connection))
        assert found is not None
        bound: tuple[Value, ...] = (
            ("a", 1)[: len(found.rules)] if plan.key != () and "INTEGER PRI" not in statements[1] else (1,)
        )
        span = Span(bound, bound)
        for make in (
            nth(found, found.source, bound, 9),
            nth(found, found.target, bound, 9),
            count(found, found.source, span),
            unpartnered(found, span),
            count(found, found.target, span, 9),
            tally(found, span),
            listing(found, span) if plan.key else rowids(found, span),
            extras(found, span),
        ):
            steps = explained(both, make)
            assert not [s for s in steps if s.startswith("SCAN") and s.split()[1] in {"a", "b", "t"}], steps
            assert not [s for s in steps if "TEMP B-TREE" in s], steps
            searches = [s for s in steps if s.startswith("SEARCH")]
            assert searches
            # A row value is worth nothing if only its first part finds rows.
            if len(bound) == 2:
                assert all("(k,l)>" in s or "k=? AND l=?" in s or "rowid=?" in s for s in searches), searches


def explained(both: SqliteJoint, statement: Statement) -> list[str]:
    rows = both._sessions[0].rows(Statement(f"EXPLAIN QUERY PLAN {statement.sql}", statement.values))
    return [str(detail) for *_, detail in rows]
