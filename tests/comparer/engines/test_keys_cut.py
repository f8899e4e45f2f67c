"""Any key that either side can have cuts the rows of a server's table in two, whatever is in its key."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.comparer.core.engine import Snapshot, Stop
from functions.comparer.core.kinds import Kind
from functions.comparer.core.table import Reading, Row
from functions.comparer.mysql.endpoint import MysqlEndpoint
from functions.comparer.postgres.endpoint import PostgresEndpoint
from tests.comparer.engines.cut_keys import MYSQL, POSTGRES, KeyType, assert_cut, marks_of, own_marks
from tests.comparer.engines.servers import Database, Engine, MysqlDatabase

Made = Callable[[Engine, int], Database]
TYPES = {"postgres": POSTGRES, "mysql": MYSQL}
SERVERS: list[Engine] = ["postgres", "mysql"]
CASES = [(engine, column, kind) for engine in SERVERS for column in TYPES[engine] for kind in column.kinds]


def has(database: Database, column: KeyType) -> bool:
    """Whether the server has such a column."""
    if column.only is None or not isinstance(database, MysqlDatabase):
        return True
    return column.only == ("mariadb" if database.mariadb else "mysql")


@contextmanager
def opened(database: Database) -> Iterator[Snapshot]:
    endpoints = {"postgres": PostgresEndpoint, "mysql": MysqlEndpoint}
    endpoint = endpoints[database.engine].of_url(database.url, os.environ, Path())  # type: ignore[attr-defined]
    (name,) = endpoint.names()
    with endpoint.snapshot(name, Stop()) as snapshot:
        yield snapshot


def filled(database: Database, columns: Sequence[KeyType], rows: Sequence[Sequence[str]]) -> None:
    """A table with these rows, whose first columns are to be the key. What is a key is for the plan to say."""
    names = [f"k{at}" for at in range(len(columns))]
    declared = ", ".join(f"{name} {column.declared} NOT NULL" for name, column in zip(names, columns, strict=True))
    values = ", ".join(f"({', '.join(row)}, {number})" for number, row in enumerate(rows))
    mode = ["SET sql_mode = 'NO_BACKSLASH_ESCAPES,ALLOW_INVALID_DATES'"] if database.engine == "mysql" else []
    engine = " ENGINE = MyISAM" if database.engine == "mysql" else ""  # It is made and dropped in a tenth of the time.
    inserted = [f"INSERT INTO t VALUES {values}"] if rows else []
    database.run(*mode, "DROP TABLE IF EXISTS t", f"CREATE TABLE t ({declared}, n int){engine}", *inserted)


def reading_of(kinds: Sequence[Kind]) -> Reading:
    names = tuple(f"k{at}" for at in range(len(kinds)))
    return Reading("t", (*names, "n"), (*kinds, Kind.INTEGER), len(kinds))


@pytest.mark.long
@pytest.mark.parametrize(("engine", "column", "kind"), CASES, ids=lambda part: getattr(part, "name", None) or str(part))
def test_every_key_of_a_kind_cuts_every_value_of_a_column(
    database_at: Made, engine: Engine, column: KeyType, kind: Kind
) -> None:
    database = database_at(engine, 0)
    if not has(database, column):
        pytest.skip(f"this server can't declare {column.declared}: only the other one of MySQL and MariaDB can")
    filled(database, [column], [(value,) for value in column.values])
    with opened(database) as snapshot:
        reading = reading_of([kind])
        marks: list[Row] = [(value,) for value in marks_of(kind)]
        assert_cut(snapshot, reading, list(dict.fromkeys([*own_marks(snapshot, reading), *marks])))


@st.composite
def tables(draw: st.DrawFn, database: Database) -> tuple[list[KeyType], list[Kind], list[tuple[str, ...]]]:
    """The columns of a key, as what they are read, and rows."""
    known = [column for column in TYPES[database.engine] if has(database, column)]
    columns = draw(st.lists(st.sampled_from(known), min_size=1, max_size=2))
    kinds = [draw(st.sampled_from(column.kinds)) for column in columns]
    few = [draw(st.lists(st.sampled_from(column.values), min_size=1, max_size=6, unique=True)) for column in columns]
    return columns, kinds, list(product(*few))


def cut_anywhere(database: Database, data: st.DataObject) -> None:
    columns, kinds, rows = data.draw(tables(database))
    filled(database, columns, rows)
    with opened(database) as snapshot:
        reading = reading_of(kinds)
        own = own_marks(snapshot, reading)
        pools = [st.sampled_from([*marks_of(kind), *(key[at] for key in own)]) for at, kind in enumerate(kinds)]
        marks = data.draw(st.lists(st.tuples(*pools), min_size=1, max_size=8))
        assert_cut(snapshot, reading, [*marks, *data.draw(st.lists(st.sampled_from(own), max_size=2))])


@pytest.mark.parametrize("engine", SERVERS)
def test_a_key_cuts_a_table(database_at: Made, engine: Engine) -> None:
    database = database_at(engine, 0)

    @settings(max_examples=30)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        cut_anywhere(database, data)

    run()


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("engine", SERVERS)
def test_a_key_cuts_any_table(database_at: Made, engine: Engine) -> None:
    database = database_at(engine, 0)

    @settings(max_examples=400)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        cut_anywhere(database, data)

    run()
