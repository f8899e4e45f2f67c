"""What a MySQL database has, by type and name, and what identifies the rows of its tables."""

import pytest

from functions.comparer.core import cells
from functions.comparer.core.kinds import ColumnType, Kind
from functions.comparer.core.options import Options
from functions.comparer.core.table import Column
from functions.comparer.mysql import catalog
from functions.comparer.mysql.endpoint import MysqlEndpoint
from tests.comparer.mysql.servers import Database, reading_of, rows_of

SHOP = (
    "CREATE TABLE customer (id INT PRIMARY KEY, mail VARCHAR(90) NOT NULL, UNIQUE KEY by_mail (mail), name TEXT,"
    " KEY by_name (name(10)), CONSTRAINT positive CHECK (id > 0))",
    "CREATE TABLE line (a INT, b INT, customer INT, other INT, PRIMARY KEY (b, a),"
    " CONSTRAINT of_customer FOREIGN KEY (customer) REFERENCES customer (id) ON DELETE CASCADE,"
    " FOREIGN KEY (other) REFERENCES customer (id) ON UPDATE SET NULL, KEY chosen (a)) COLLATE utf8mb4_bin",
    "CREATE VIEW both_of AS SELECT 1 AS n",
    "CREATE FUNCTION same(n INT) RETURNS INT DETERMINISTIC RETURN n",
    "CREATE PROCEDURE same() SELECT 1",
    "CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1",
    "CREATE TRIGGER stamp BEFORE INSERT ON line FOR EACH ROW SET NEW.other = NULL",
)


def test_all_objects_are_told_by_type_and_name(own: Database) -> None:
    own.run(*SHOP)
    with own.snapshot() as found:
        objects = found.objects()
    assert objects.keys() == set(MysqlEndpoint.types)
    second = next(name for name in objects["CONSTRAINT"] if "ibfk" in name)
    assert objects == {
        "TABLE": {"customer", "line"},
        "VIEW": {"both_of"},
        "ROUTINE": {"FUNCTION same", "PROCEDURE same"},
        "EVENT": {"nightly"},
        "TRIGGER": {"stamp"},
        "INDEX": {
            "`customer`.`PRIMARY`",
            "`customer`.`by_mail`",
            "`customer`.`by_name`",
            "`line`.`PRIMARY`",
            "`line`.`chosen`",
            "`line`.`of_customer`",
            "`line`.`other`",
        },
        "CONSTRAINT": {
            "`customer`.`PRIMARY`",
            "`customer`.`by_mail`",
            "`customer`.`positive`",
            "`line`.`PRIMARY`",
            "`line`.`of_customer`",
            second,
        },
        "TABLE_COLLATION": {"`customer`.`utf8mb4_general_ci`", "`line`.`utf8mb4_bin`"},
    }


def test_for_another_engine_constraints_are_told_by_what_they_say_and_their_indexes_are_left_out(own: Database) -> None:
    own.run(*SHOP)
    with own.snapshot() as found:
        objects = found.objects(neutral=True)
    assert objects["CONSTRAINT"] == {
        "`customer`.`PRIMARY KEY (id)`",
        "`customer`.`UNIQUE (mail)`",
        "`line`.`PRIMARY KEY (b, a)`",
        "`line`.`FOREIGN KEY (customer) REFERENCES customer (id) ON DELETE CASCADE`",
        "`line`.`FOREIGN KEY (other) REFERENCES customer (id) ON UPDATE SET NULL`",
    }
    assert objects["INDEX"] == {"`customer`.`by_name`", "`line`.`chosen`"}


def test_a_sequence_is_no_table(own: Database) -> None:
    if not own.mariadb:
        pytest.skip("the server is MySQL, in which CREATE SEQUENCE does not exist; MariaDB has it")
    own.run("CREATE SEQUENCE s", "CREATE TABLE t (id INT)")
    with own.snapshot() as found:
        assert found.tables() == {"t"}
        assert found.objects()["TABLE"] == {"t"}


def test_columns_have_their_kinds(own: Database) -> None:
    own.run(
        "CREATE TABLE t (a INT UNSIGNED, b VARCHAR(9), c LONGTEXT, d JSON, e ENUM('x'), f POINT, g BLOB, h BIT(3),"
        " i YEAR)"
    )
    with own.snapshot() as found:
        types = [column.type for column in found.shape("t").columns]
    assert [(found.kind, found.lob) for found in types] == [
        (Kind.INTEGER, False),
        (Kind.TEXT, False),
        (Kind.TEXT, True),
        (Kind.JSON, True),
        (Kind.OTHER, False),
        (Kind.OTHER, True),
        (Kind.BYTES, True),
        (Kind.INTEGER, False),
        (Kind.INTEGER, False),
    ]
    assert types[4] == ColumnType(Kind.OTHER, "enum", standard_text=True, labelled=True)
    assert types[5].native == "geometry"


def test_a_text_is_json_only_if_that_is_checked(own: Database) -> None:
    own.run("CREATE TABLE t (a LONGTEXT CHECK (json_valid(a) OR a = ''), b LONGTEXT, `c``d` JSON)")
    with own.snapshot() as found:
        assert [column.type.kind for column in found.shape("t").columns] == [Kind.TEXT, Kind.TEXT, Kind.JSON]


def test_that_a_column_is_json_is_no_constraint(own: Database) -> None:
    own.run("CREATE TABLE t (id INT PRIMARY KEY, a JSON, `b``c` JSON, d LONGTEXT, CONSTRAINT e CHECK (json_valid(d)))")
    with own.snapshot() as found:
        assert found.objects()["CONSTRAINT"] == {"`t`.`PRIMARY`", "`t`.`e`"}


def test_the_length_of_json_counts_only_where_it_is_kept_as_it_was_written(own: Database) -> None:
    own.run("CREATE TABLE t (a JSON)")
    with own.snapshot() as found:
        ((column,),) = (found.shape("t").columns,)
    # PostgreSQL and MariaDB keep the text.
    written = Column("a", "json", ColumnType(Kind.JSON, "json", lob=True))
    measured = Options(lob="length").kind(column, written, Kind.JSON)
    assert measured is (Kind.LENGTH if own.mariadb else Kind.JSON)
    assert Options(lob="length").kind(column, column, Kind.JSON) is Kind.LENGTH


def test_a_key_of_expressions_or_of_parts_of_texts_is_an_index_for_another_engine_and_names_no_rows(
    own: Database,
) -> None:
    own.run("CREATE TABLE t (id INT NOT NULL, a INT NOT NULL, b VARCHAR(20) NOT NULL, UNIQUE KEY cut (b(3)))")
    expected = {"`t`.`cut`"}
    if not own.mariadb:  # It has no such keys.
        own.run("ALTER TABLE t ADD UNIQUE KEY said ((a + 1)), ADD UNIQUE KEY mixed (a, (id + 1)), ADD KEY ((id * 2))")
        expected |= {"`t`.`said`", "`t`.`mixed`", "`t`.`functional_index`"}
    with own.snapshot() as found:
        objects = found.objects(neutral=True)
        assert not objects["CONSTRAINT"]
        assert objects["INDEX"] == expected
        assert found.shape("t").keys == ()


def test_a_descending_an_invisible_and_a_generated_key_name_rows(own: Database) -> None:
    if own.mariadb:
        pytest.skip("the server is MariaDB, which has no INVISIBLE keys, nor primary keys made by itself; MySQL has")
    own.run(
        "CREATE TABLE t (a INT NOT NULL, b INT NOT NULL, UNIQUE KEY falling (a DESC, b), UNIQUE KEY (b) INVISIBLE)",
        "SET sql_generate_invisible_primary_key = 1",
        "CREATE TABLE u (a INT)",
        "SET sql_generate_invisible_primary_key = 0",
        "INSERT INTO t VALUES (1, 1), (2, 2), (2, 3)",
        "INSERT INTO u VALUES (7), (7)",
    )
    with own.snapshot() as found:
        assert [key.columns for key in found.shape("t").keys] == [("b",), ("a", "b")]
        assert [key.columns for key in found.shape("u").keys] == [("my_row_id",)]
        rows = rows_of(found, reading_of(found, "t", ("a", "b"), key=2))
        assert [cells.values_of(cells.cells_in(row), [Kind.INTEGER] * 2) for row in rows] == [(1, 1), (2, 2), (2, 3)]
        assert len(rows_of(found, reading_of(found, "u", ("my_row_id", "a")))) == 2


def test_a_collation_is_told_by_the_name_that_it_has_today() -> None:
    def query(statement: str, *_: object) -> list[tuple[str, ...]]:
        of_tables = "table_collation" in statement
        return [("t", "utf8_general_ci"), ("u", "utf8mb4_bin")] if of_tables else []

    objects = catalog.objects(query, "d", neutral=False, mariadb=False)
    assert objects["TABLE_COLLATION"] == {"`t`.`utf8mb3_general_ci`", "`u`.`utf8mb4_bin`"}


def test_keys_are_what_is_unique_whole_and_never_null_the_primary_key_first(own: Database) -> None:
    own.run(
        "CREATE TABLE t (a INT NOT NULL, b VARCHAR(500) NOT NULL, c INT, d INT NOT NULL, e TEXT NOT NULL,"
        " PRIMARY KEY (d, a), UNIQUE KEY by_b (b), UNIQUE KEY cut (b(10)), UNIQUE KEY by_c (c), UNIQUE KEY by_a (a),"
        " UNIQUE KEY by_e (e(9)), KEY plain (a))"
    )
    with own.snapshot() as found:
        keys = found.shape("t").keys
    assert [key.columns for key in keys] == [("d", "a"), ("a",), ("b",)]
    assert keys[0].kinds == ("int", "int")
    assert keys[0].rules == ("exact", "exact")


def test_what_is_unique_by_a_hash_alone_is_no_key(own: Database) -> None:
    if not own.mariadb:
        pytest.skip("the server is MySQL, which refuses UNIQUE on a whole TEXT; MariaDB makes a hash index of it")
    own.run("CREATE TABLE t (a TEXT NOT NULL UNIQUE, b VARCHAR(5000) NOT NULL UNIQUE)")
    with own.snapshot() as found:
        assert found.shape("t").keys == ()


def test_the_version_is_the_servers_and_the_databases_identity_however_often_it_is_written_to(own: Database) -> None:
    own.run("CREATE TABLE t (id INT PRIMARY KEY)")
    with own.snapshot() as found:
        before = found.version()
        assert found.moves
        assert found.joint(found) is None
    own.run("INSERT INTO t VALUES (1)")
    with own.snapshot() as found:
        assert found.version() == before
    assert own.name in before
