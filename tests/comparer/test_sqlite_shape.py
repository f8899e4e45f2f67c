"""What a comparison of values learns of a SQLite table before it reads one."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw
import pytest

from functions.comparer.core.engine import Snapshot, Stop, TableUnreadable, Unreadable
from functions.comparer.core.table import Column, Key
from functions.comparer.sqlite.endpoint import SqliteEndpoint
from functions.comparer.sqlite.shape import affinity
from tests.comparer.served import make_database


@contextmanager
def opened(path: Path) -> Iterator[Snapshot]:
    with SqliteEndpoint(path).snapshot(path.stem, Stop()) as snapshot:
        yield snapshot


def keys_of(folder: Path, *statements: str) -> tuple[Key, ...]:
    """The keys of the table `t` of a new database."""
    path = folder / "made.db"
    path.unlink(missing_ok=True)
    with opened(make_database(path, *statements)) as snapshot:
        return snapshot.shape("t").keys


def exact(*columns: tuple[str, str]) -> Key:
    names, kinds = zip(*columns, strict=True)
    return Key(names, kinds, tuple("exact" for _ in columns))


DECLARED = {
    "INT": "INTEGER",
    "BIGINT UNSIGNED": "INTEGER",
    "FLOATING POINT": "INTEGER",
    "CHARINT": "INTEGER",
    "VARCHAR(255)": "TEXT",
    "text": "TEXT",
    "nclob": "TEXT",
    "CHAR BLOB": "TEXT",
    "BLOB": "BLOB",
    "REAL BLOB": "BLOB",
    "": "BLOB",
    "DOUBLE PRECISION": "REAL",
    "float": "REAL",
    "REAL": "REAL",
    "STRING": "NUMERIC",
    "DECIMAL(10,5)": "NUMERIC",
    "DATETIME": "NUMERIC",
    "ANY": "NUMERIC",
    # One letter that Python's capitals make "FL" of, and SQLite's leave as it is; so it is with the last one, "S".
    '"\ufb02oat"': "NUMERIC",
    '"real\u017f"': "REAL",
}


@pytest.mark.parametrize(("declared", "kind"), DECLARED.items())
def test_the_kind_of_a_column_is_its_affinity_by_sqlites_own_behaviour(declared: str, kind: str) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t (a {declared})")
        connection.executemany("INSERT INTO t VALUES (?)", [("1",), (1,), (1.0,), (1.5,)])
        kept = tuple(kept for (kept,) in connection.execute("SELECT typeof(a) FROM t"))
    behaviour = {
        "INTEGER": ("integer", "integer", "integer", "real"),
        "NUMERIC": ("integer", "integer", "integer", "real"),
        "REAL": ("real",) * 4,
        "TEXT": ("text",) * 4,
        "BLOB": ("text", "integer", "real", "real"),
    }
    assert affinity(declared) == kind
    assert kept == behaviour[kind]


def test_columns_have_their_names_and_kinds_generated_ones_too(tmp_path: Path) -> None:
    make_database(
        tmp_path / "made.db",
        'CREATE TABLE t (id INTEGER PRIMARY KEY, "ein ""Name""" VARCHAR, "" BLOB, rowid ANY,'
        " virtual TEXT GENERATED ALWAYS AS (id), stored REAL AS (id) STORED, bare AS (id))",
        "CREATE TABLE strict (a ANY, b INT PRIMARY KEY, c TEXT AS (a)) STRICT",
    )
    with opened(tmp_path / "made.db") as snapshot:
        assert snapshot.shape("t").columns == (
            Column("id", "INTEGER"),
            Column('ein "Name"', "TEXT"),
            Column("", "BLOB"),
            Column("rowid", "NUMERIC"),
            Column("virtual", "TEXT"),
            Column("stored", "REAL"),
            Column("bare", "BLOB"),
        )
        assert snapshot.shape("strict").columns == (Column("a", "BLOB"), Column("b", "INTEGER"), Column("c", "TEXT"))


def test_any_in_a_strict_table_keeps_its_values_as_they_are() -> None:
    with closing(apsw.Connection(":memory:")) as connection:
        connection.execute("CREATE TABLE strict (a ANY) STRICT; CREATE TABLE other (a ANY)")
        connection.execute("INSERT INTO strict VALUES ('1'); INSERT INTO other VALUES ('1')")
        kept = connection.execute("SELECT typeof(s.a), typeof(o.a) FROM strict AS s, other AS o").fetchone()
    assert kept == ("text", "integer")
    assert (affinity("ANY", strict=True), affinity("ANY")) == ("BLOB", "NUMERIC")


PRIMARY = {
    "the rowid": ("CREATE TABLE t (id INTEGER PRIMARY KEY, a)", exact(("id", "INTEGER"))),
    "the rowid, declared apart": ("CREATE TABLE t (a, ID integer, PRIMARY KEY (id))", exact(("ID", "INTEGER"))),
    "an integer that is no rowid": ("CREATE TABLE t (id INTEGER PRIMARY KEY DESC)", exact(("id", "INTEGER"))),
    "text": ("CREATE TABLE t (id TEXT PRIMARY KEY)", exact(("id", "TEXT"))),
    "composite": ("CREATE TABLE t (a, b INT, c, PRIMARY KEY (b, a))", exact(("b", "INTEGER"), ("a", "BLOB"))),
    "descending": (
        "CREATE TABLE t (a TEXT, b INT, PRIMARY KEY (a DESC, b)) WITHOUT ROWID",
        exact(("a", "TEXT"), ("b", "INTEGER")),
    ),
    "the same twice": ("CREATE TABLE t (a, PRIMARY KEY (a, a))", exact(("a", "BLOB"))),
    "without rowid": ("CREATE TABLE t (id INTEGER PRIMARY KEY, a) WITHOUT ROWID", exact(("id", "INTEGER"))),
    "strict": ("CREATE TABLE t (id TEXT PRIMARY KEY, a INT) STRICT", exact(("id", "TEXT"))),
    "not case sensitive": (
        "CREATE TABLE t (id TEXT COLLATE nocase PRIMARY KEY)",
        Key(("id",), ("TEXT",), ("nocase",)),
    ),
    "by collations of its own": (
        "CREATE TABLE t (a COLLATE NOCASE, b COLLATE NOCASE, c, PRIMARY KEY (a COLLATE RTRIM, b, c COLLATE BINARY))",
        Key(("a", "b", "c"), ("BLOB",) * 3, ("rtrim", "nocase", "exact")),
    ),
}


@pytest.mark.parametrize(("statement", "key"), PRIMARY.values(), ids=PRIMARY.keys())
def test_the_primary_key_is_the_key(tmp_path: Path, statement: str, key: Key) -> None:
    assert keys_of(tmp_path, statement) == (key,)


def test_a_primary_key_counts_as_long_as_no_row_has_null_in_it(tmp_path: Path) -> None:
    create = "CREATE TABLE t (a TEXT, b, c, PRIMARY KEY (a, b))"
    key = exact(("a", "TEXT"), ("b", "BLOB"))
    assert keys_of(tmp_path, create, "INSERT INTO t VALUES ('', 0, NULL), ('NULL', x'', 1)") == (key,)
    assert keys_of(tmp_path, create, "INSERT INTO t VALUES ('x', 1, 1), ('x', NULL, 1)") == ()
    assert keys_of(tmp_path, create, "INSERT INTO t VALUES ('x', 1, 1), (NULL, 1, 1)") == ()


def test_an_integer_that_looks_like_the_rowid_but_is_not_may_be_null(tmp_path: Path) -> None:
    create = "CREATE TABLE t (id INTEGER PRIMARY KEY DESC, a)"
    assert keys_of(tmp_path, create, "INSERT INTO t VALUES (NULL, 1), (NULL, 1)") == ()


def test_unique_indexes_over_whole_not_null_columns_are_keys_the_shortest_first(tmp_path: Path) -> None:
    found = keys_of(
        tmp_path,
        "CREATE TABLE t (id TEXT PRIMARY KEY, a INT NOT NULL, b NOT NULL COLLATE NOCASE, c NOT NULL, UNIQUE (c, a))",
        "CREATE UNIQUE INDEX i ON t (b DESC)",
        "CREATE UNIQUE INDEX j ON t (b COLLATE binary)",
        "CREATE UNIQUE INDEX k ON t (c)",
    )
    assert found[0] == exact(("id", "TEXT"))
    assert {(key.columns, key.rules) for key in found[1:3]} == {(("b",), ("nocase",)), (("b",), ("exact",))}
    assert found[3:] == (exact(("c", "BLOB")), exact(("c", "BLOB"), ("a", "INTEGER")))


NO_KEYS = {
    "none": ["CREATE TABLE t (a)"],
    "nullable": ["CREATE TABLE t (a UNIQUE)"],
    "half nullable": ["CREATE TABLE t (a NOT NULL, b, UNIQUE (a, b))"],
    "not unique": ["CREATE TABLE t (a NOT NULL)", "CREATE INDEX i ON t (a)"],
    "partial": ["CREATE TABLE t (a NOT NULL)", "CREATE UNIQUE INDEX i ON t (a) WHERE a > 0"],
    "an expression": ["CREATE TABLE t (a NOT NULL)", "CREATE UNIQUE INDEX i ON t (abs(a))"],
    "an expression besides": ["CREATE TABLE t (a NOT NULL)", "CREATE UNIQUE INDEX i ON t (a, a + 1)"],
}


@pytest.mark.parametrize("statements", NO_KEYS.values(), ids=NO_KEYS.keys())
def test_what_does_not_name_every_row_is_no_key(tmp_path: Path, statements: list[str]) -> None:
    assert keys_of(tmp_path, *statements) == ()


def test_generated_columns_may_be_a_key(tmp_path: Path) -> None:
    create = "CREATE TABLE t (a INT, v TEXT NOT NULL AS (a), s NOT NULL AS (a) STORED UNIQUE)"
    assert keys_of(tmp_path, create, "CREATE UNIQUE INDEX i ON t (v)") == (exact(("v", "TEXT")), exact(("s", "BLOB")))


def made_elsewhere(path: Path, *statements: str) -> Path:
    """A database of a program that has a collation and a function of its own."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.create_collation("own", lambda a, b: (a > b) - (a < b))
        connection.create_function("own", 1, lambda a: a, deterministic=True)
        for statement in statements:
            connection.execute(statement)
    return path


@pytest.mark.parametrize("kind", ["", " WITHOUT ROWID"])
def test_a_key_in_an_order_of_another_programs_is_no_key_and_the_table_is_read_all_the_same(
    tmp_path: Path, kind: str
) -> None:
    make = f"CREATE TABLE t (a COLLATE own PRIMARY KEY, b COLLATE own NOT NULL UNIQUE, c NOT NULL UNIQUE){kind}"
    with opened(made_elsewhere(tmp_path / "own.db", make, "INSERT INTO t VALUES ('x', 'y', 1)")) as snapshot:
        shape = snapshot.shape("t")
        assert shape.keys == (exact(("c", "BLOB")),)
        assert snapshot.count("t") == 1
        assert list(snapshot.rows("t", [column.name for column in shape.columns])) == [("x", "y", 1)]


def reason(snapshot: Snapshot, table: str) -> str:
    with pytest.raises(TableUnreadable) as caught:
        snapshot.shape(table)
    assert not caught.value.damaged
    return str(caught.value)


def test_a_generated_column_whose_function_is_missing_is_told(tmp_path: Path) -> None:
    path = made_elsewhere(tmp_path / "own.db", "CREATE TABLE t (a, b AS (own(a)))", "CREATE TABLE fine (a)")
    with opened(path) as snapshot:
        assert "own()" in reason(snapshot, "t")
        assert snapshot.shape("fine").columns == (Column("a", "BLOB"),)


def test_a_table_of_an_unknown_module_is_told(tmp_path: Path) -> None:
    path = make_database(tmp_path / "made.db", "CREATE TABLE fine (a)")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        sql = "CREATE VIRTUAL TABLE alien USING nowhere(a)"
        connection.execute("INSERT INTO sqlite_master VALUES ('table', 'alien', 'alien', 0, ?)", (sql,))
    with opened(path) as snapshot:
        assert reason(snapshot, "alien") == "no such module: nowhere"
        assert snapshot.shape("fine").keys == ()


def test_names_that_are_not_text_are_told(tmp_path: Path) -> None:
    path = make_database(tmp_path / "made.db", "CREATE TABLE nameXX (a)", "CREATE TABLE t (a, nameXX)")
    path.write_bytes(path.read_bytes().replace(b"nameXX", b"name\xff\xfe"))
    with opened(path) as snapshot:
        assert reason(snapshot, "name\\xff\\xfe") == "its name is not valid UTF-8"
        assert reason(snapshot, "t") == "the name of its column name\\xff\\xfe is not valid UTF-8"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # apsw tells of it a second time
def test_a_collation_whose_name_is_not_text_is_told_where_the_table_is_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.create_collation("nameXX", lambda a, b: (a > b) - (a < b))
        connection.execute("CREATE TABLE t (a COLLATE nameXX PRIMARY KEY) WITHOUT ROWID")
        connection.execute("CREATE TABLE other (a COLLATE nameXX PRIMARY KEY, b)")
        connection.execute("INSERT INTO other VALUES ('x', 1)")
    path.write_bytes(path.read_bytes().replace(b"nameXX", b"name\xff\xfe"))
    with opened(path) as snapshot:
        assert reason(snapshot, "t") == "a name in its declaration is not valid UTF-8"
        assert snapshot.shape("other").keys == ()
        assert list(snapshot.rows("other", ["a", "b"])) == [("x", 1)]
        assert snapshot.statement("other", ["a"], ("x",)).endswith("= 'x' COLLATE BINARY")


def test_a_declared_type_that_is_not_text_has_the_affinity_of_what_is_left(tmp_path: Path) -> None:
    path = make_database(tmp_path / "made.db", "CREATE TABLE t (a XXINT)")
    path.write_bytes(path.read_bytes().replace(b"XXINT", b"\xff\xfeINT"))
    with opened(path) as snapshot:
        assert snapshot.shape("t").columns == (Column("a", "INTEGER"),)
        assert snapshot.statement("t", ["a"], (1,)) == 'SELECT * FROM "t" WHERE "a" = 1'


SHADOWING = [
    f"CREATE {kind} pragma_{name}{rest}"
    for kind, rest in (
        ("TABLE", " (x)"),
        ("VIEW", " AS SELECT 'main' AS schema, 'u' AS name, 'table' AS type, 0 AS wr"),
    )
    for name in ("table_list", "table_xinfo", "index_list", "index_xinfo", "index_info", "foreign_key_list")
]


@pytest.mark.parametrize("shadowing", SHADOWING)
def test_a_table_or_view_called_like_a_function_of_sqlites_hides_nothing(tmp_path: Path, shadowing: str) -> None:
    path = tmp_path / "made.db"
    with closing(sqlite3.connect(path)) as connection:
        # Refused while the function of that name is in use, so it comes first.
        connection.execute(shadowing)
        connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b NOT NULL UNIQUE REFERENCES t)")
    with opened(path) as snapshot:
        assert "t" in snapshot.tables()
        constraints = snapshot.objects()["CONSTRAINT"]
        assert constraints == {"`t`.`PRIMARY KEY (a)`", "`t`.`UNIQUE (b)`", "`t`.`FOREIGN KEY (b) REFERENCES t`"}
        assert snapshot.shape("t").keys == (exact(("a", "INTEGER")), exact(("b", "BLOB")))


def test_a_table_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with opened(make_database(tmp_path / "made.db", "CREATE TABLE t (a)")) as snapshot:
        assert reason(snapshot, "nowhere") == "it doesn't exist"
        with pytest.raises(TableUnreadable, match="doesn't exist"):
            snapshot.count("nowhere")


def test_a_catalog_in_utf_16_is_read_like_any_other(tmp_path: Path) -> None:
    statements = ["PRAGMA encoding = 'UTF-16be'", 'CREATE TABLE "tä" ("ö😀" TEXT PRIMARY KEY NOT NULL, b INT)']
    with opened(make_database(tmp_path / "made.db", *statements)) as snapshot:
        assert snapshot.tables() == {"tä"}
        assert snapshot.objects()["CONSTRAINT"] == {"`tä`.`PRIMARY KEY (ö😀)`"}
        assert snapshot.shape("tä").columns == (Column("ö😀", "TEXT"), Column("b", "INTEGER"))
        assert snapshot.shape("tä").keys == (exact(("ö😀", "TEXT")),)


VIRTUAL = {
    "fts5(a, b UNINDEXED)": ["a", "b"],
    "fts4(a, b)": ["a", "b"],
    "rtree(id, x0, x1, +note)": ["id", "x0", "x1", "note"],
}


@pytest.mark.parametrize(("module", "columns"), VIRTUAL.items())
def test_a_virtual_table_has_its_visible_columns_and_no_key(tmp_path: Path, module: str, columns: list[str]) -> None:
    with opened(make_database(tmp_path / "made.db", f"CREATE VIRTUAL TABLE t USING {module}")) as snapshot:
        assert snapshot.shape("t").columns == tuple(Column(name, "BLOB") for name in columns)
        assert snapshot.shape("t").keys == ()


NO_VALUES = ["fts5(a, content='')", 'fts5(a, c = "")', "fts4(a, content='')", "fts4(content=, a)"]


@pytest.mark.parametrize("module", NO_VALUES)
def test_a_full_text_index_that_keeps_no_values_can_not_be_compared(tmp_path: Path, module: str) -> None:
    with opened(make_database(tmp_path / "made.db", f"CREATE VIRTUAL TABLE t USING {module}")) as snapshot:
        assert reason(snapshot, "t") == "it is a full-text index that keeps no values"


def test_a_full_text_index_over_another_table_is_read_there(tmp_path: Path) -> None:
    make_database(
        tmp_path / "made.db",
        "CREATE TABLE own (a)",
        "INSERT INTO own VALUES ('x')",
        "CREATE VIRTUAL TABLE t USING fts5(a, content='own', content_rowid='rowid')",
    )
    with opened(tmp_path / "made.db") as snapshot:
        assert list(snapshot.rows("t", ["a"])) == [("x",)]


def test_two_thousand_columns_are_the_most(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(2000)]
    with opened(make_database(tmp_path / "made.db", f"CREATE TABLE t ({', '.join(names)})")) as snapshot:
        assert [column.name for column in snapshot.shape("t").columns] == names


def test_a_version_stays_while_a_writer_goes_on_and_is_another_afterwards(tmp_path: Path) -> None:
    path = make_database(tmp_path / "made.db", "CREATE TABLE t (a)")
    with closing(apsw.Connection(str(path))) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO t VALUES (1)")
        with opened(path) as snapshot:
            first = snapshot.version()
            writer.execute("INSERT INTO t VALUES (2)")
            assert snapshot.version() == first
            assert snapshot.count("t") == 1
        with opened(path) as snapshot:
            assert snapshot.version() != first
            assert snapshot.count("t") == 2


def test_a_file_that_nobody_wrote_to_has_no_version_once_somebody_does(tmp_path: Path) -> None:
    path = make_database(tmp_path / "made.db", "CREATE TABLE t (a)", "PRAGMA journal_mode = WAL")

    def write() -> None:
        with opened(path) as snapshot:
            assert snapshot.version()
            make_database(path, "INSERT INTO t VALUES (1)")
            with pytest.raises(Unreadable, match="it was changed while it was read; compare again"):
                snapshot.version()

    with pytest.raises(Unreadable, match="compare again; if that happens each time, keep a connection to it open"):
        write()


def test_a_file_that_is_overwritten_past_its_lock_has_no_version_any_more(tmp_path: Path) -> None:
    path = make_database(tmp_path / "made.db", "CREATE TABLE t (a)")
    content = make_database(tmp_path / "other.db", "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)").read_bytes()

    def write() -> None:
        with opened(path) as snapshot:
            assert snapshot.version()
            subprocess.run(["dd", "conv=notrunc", f"of={path}"], input=content, check=True, capture_output=True)
            with pytest.raises(Unreadable, match=r"it was changed while it was read; compare again$"):
                snapshot.version()

    with pytest.raises(Unreadable, match=r"made\.db: it was changed while it was read; compare again$"):
        write()


def test_a_writer_that_waits_for_the_snapshot_to_end_is_no_change(tmp_path: Path) -> None:
    path = make_database(tmp_path / "made.db", "CREATE TABLE t (a)")
    code = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(flush=True); c.execute('DELETE FROM t')"
    with opened(path) as snapshot:
        writer = subprocess.Popen([sys.executable, "-c", f"{code}; c.commit()", path], stdout=subprocess.PIPE)
        assert writer.stdout
        assert writer.stdout.readline() == b"\n"
        assert snapshot.count("t") == 0
    with writer:
        pass
    assert writer.returncode == 0


def versions_of(path: Path, now: float) -> set[str]:
    found = set()
    for _ in range(2):
        with SqliteEndpoint(path, clock=lambda: now).snapshot(path.stem, Stop()) as snapshot:
            found.add(snapshot.version())
            assert snapshot.version() in found
    return found


def test_a_version_whose_log_was_just_written_to_is_like_no_other(tmp_path: Path) -> None:
    path = make_database(tmp_path / "made.db", "CREATE TABLE t (a)")
    assert len(versions_of(path, path.stat().st_mtime)) == 1
    with closing(apsw.Connection(str(path))) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO t VALUES (1)")
        log = path.with_name("made.db-wal").stat().st_mtime
        assert len(versions_of(path, log + 11)) == 1
        assert len(versions_of(path, log + 9)) == 2
        assert len(versions_of(path, log - 3600)) == 2


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_a_file_that_is_replaced_while_it_is_read_is_told(tmp_path: Path, mode: str) -> None:
    path, other = (make_database(tmp_path / name, "CREATE TABLE t (a)") for name in ("made.db", "other.db"))
    make_database(path, f"PRAGMA journal_mode = {mode}")

    def replace() -> None:
        with opened(path) as snapshot:
            assert snapshot.version()
            other.replace(path)
            with pytest.raises(Unreadable, match="it was replaced while it was read"):
                snapshot.version()
            assert list(snapshot.rows("t", ["a"])) == []

    with pytest.raises(Unreadable, match=r"made\.db: it was replaced while it was read; compare again"):
        replace()
    with opened(path) as snapshot:
        assert snapshot.tables() == {"t"}


def test_a_file_that_is_removed_while_it_is_read_is_told(tmp_path: Path) -> None:
    path = make_database(tmp_path / "made.db", "CREATE TABLE t (a)")
    with pytest.raises(Unreadable, match="No such file"), opened(path):
        path.unlink()
