"""Objects that a server doesn't show to a user: the types of which there may be more are told, and never consistent."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from functions.comparer.compare import compare_databases
from functions.comparer.core.results import DataResult, ObjectResult
from tests.comparer.mysql.servers import Database, user
from tests.comparer.mysql.test_mysql_hidden import file, seen_by, url
from tests.comparer.served import make_database

ON_TABLES = {"TABLE", "VIEW", "INDEX", "TABLE_COLLATION", "CONSTRAINT", "TRIGGER"}
BEYOND = {"CONSTRAINT", "TRIGGER", "EVENT", "ROUTINE"}


@pytest.fixture
def rich(own: Database) -> Database:
    """A database with an object of every type."""
    own.run(
        "CREATE TABLE p (id INT PRIMARY KEY, u INT UNIQUE, CONSTRAINT ck CHECK (u > 0))",
        "CREATE TABLE c (id INT PRIMARY KEY, p INT, CONSTRAINT fk FOREIGN KEY (p) REFERENCES p (id))",
        "CREATE VIEW v AS SELECT id FROM p",
        "CREATE TRIGGER tr BEFORE INSERT ON p FOR EACH ROW SET NEW.u = 1",
        "CREATE TRIGGER tc BEFORE INSERT ON c FOR EACH ROW SET NEW.p = 1",
        "CREATE PROCEDURE pr() SELECT 1",
        "CREATE FUNCTION fn() RETURNS INT DETERMINISTIC RETURN 1",
        "CREATE EVENT ev ON SCHEDULE EVERY 1 YEAR DISABLE DO SELECT 1",
        "INSERT INTO p VALUES (1, 1)",
    )
    return own


# What is granted, on which database or table; {db} is the database's name.
GRANTED = [
    ("SELECT ON {db}.*",),
    ("SELECT ON *.*",),
    ("SELECT, SHOW VIEW ON {db}.*",),
    ("SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE ON {db}.*",),
    ("ALL PRIVILEGES ON {db}.*",),
    ("ALL PRIVILEGES ON *.*",),
    ("SELECT, INSERT ON {db}.*",),
    ("SELECT, UPDATE ON {db}.*",),
    ("SELECT, DELETE ON {db}.*",),
    ("SELECT, CREATE ROUTINE ON {db}.*",),
    ("SELECT, ALTER ROUTINE ON {db}.*",),
    ("SELECT, LOCK TABLES ON {db}.*",),
    ("SELECT, REFERENCES ON {db}.*",),
    ("SELECT ON {db}.p",),
    ("SELECT ON {db}.p", "TRIGGER ON {db}.p"),
    ("SELECT (id) ON {db}.p",),
    ("SELECT ON {db}.*", "TRIGGER ON {db}.p"),
    ("SELECT ON {db}.*", "TRIGGER ON {db}.p", "TRIGGER ON {db}.c"),
    ("SELECT ON {db}.*", "EXECUTE ON PROCEDURE {db}.pr"),
    ("SELECT ON {exactly}.*", "TRIGGER, EVENT, EXECUTE ON `parity%`.*"),
    ("SELECT, TRIGGER, EVENT, EXECUTE ON `parity%`.*",),
    ("SELECT ON {db}.*", "EVENT ON *.*"),
]


@pytest.mark.parametrize("granted", GRANTED, ids=" + ".join)
def test_a_type_is_hidden_exactly_if_the_server_keeps_silent_about_an_object_of_it(
    rich: Database, granted: tuple[str, ...]
) -> None:
    with rich.snapshot() as found:
        every = found.objects()
        assert not found.hidden_types()
    named, exactly = f"`{rich.name}`", "`" + rich.name.replace("_", r"\_") + "`"
    grants = [f"GRANT {grant.format(db=named, exactly=exactly)}" for grant in granted]
    with user(rich.connection, "hunter2", *grants) as account, seen_by(account, rich) as found:
        shown = found.objects()
        hidden = set(found.hidden_types())
    silent = {kind for kind, names in every.items() if names - shown[kind]}
    assert silent <= hidden
    assert hidden == silent


def test_a_role_in_use_and_what_everybody_has_count(rich: Database) -> None:
    if not rich.mariadb:
        pytest.skip("how a role is given differs: MariaDB alone")
    role = f"{rich.name}_role"
    with ExitStack() as stack:
        rich.run(f"CREATE ROLE `{role}`")
        stack.callback(rich.run, f"DROP ROLE `{role}`")
        rich.run(f"GRANT SELECT, TRIGGER, EVENT, EXECUTE ON `{rich.name}`.* TO `{role}`")
        account = stack.enter_context(user(rich.connection, "hunter2", f"GRANT `{role}`"))
        rich.run(f"SET DEFAULT ROLE `{role}` FOR `{account}`@'%'")
        found = stack.enter_context(seen_by(account, rich))
        assert not found.hidden_types()


def test_of_roles_within_roles_the_most_exact_entry_alone_counts(rich: Database) -> None:
    if not rich.mariadb:
        pytest.skip("MySQL adds up what its roles may do")
    outer, inner = f"{rich.name}_outer", f"{rich.name}_inner"
    exactly = rich.name.replace("_", r"\_")
    with ExitStack() as stack:
        for role in (inner, outer):
            rich.run(f"CREATE ROLE `{role}`")
            stack.callback(rich.run, f"DROP ROLE `{role}`")
        rich.run(f"GRANT ALL ON `{rich.name[:-1]}%`.* TO `{outer}`", f"GRANT SELECT ON `{exactly}`.* TO `{inner}`")
        rich.run(f"GRANT `{inner}` TO `{outer}`")
        account = stack.enter_context(user(rich.connection, "hunter2", f"GRANT `{outer}`"))
        rich.run(f"SET DEFAULT ROLE `{outer}` FOR `{account}`@'%'")
        found = stack.enter_context(seen_by(account, rich))
        assert not found.objects()["TRIGGER"]
        assert set(found.hidden_types()) == BEYOND


@pytest.fixture
def limited(rich: Database) -> Iterator[str]:
    """A user who may read, and no more."""
    with user(rich.connection, "hunter2", f"GRANT SELECT ON `{rich.name}`.*") as account:
        yield account


def test_what_a_reader_isnt_shown_is_incomplete_rather_than_missing(rich: Database, limited: str) -> None:
    if not rich.mariadb:
        pytest.skip("to who may read, MySQL shows constraints")
    found = compare_databases(rich.url(), url(limited, rich), lines=False)
    assert found.objects
    results = {entry.type: entry.result for entry in found.objects.types}
    assert results == {
        kind: ObjectResult.INCOMPLETE if kind in BEYOND else ObjectResult.CONSISTENT
        for kind in {"DB", *ON_TABLES, *BEYOND}
    }
    assert found.remarks == (
        f"target database {rich.name!r}: the user may not be shown all objects of these types (the right on it that "
        "would): CONSTRAINT (SHOW VIEW), EVENT (EVENT), ROUTINE (EXECUTE), TRIGGER (TRIGGER)",
    )
    assert not found.complete
    assert not found.differs


def test_two_readers_who_see_no_trigger_dont_agree_that_there_is_none(rich: Database, limited: str) -> None:
    found = compare_databases(url(limited, rich), url(limited, rich), lines=False)
    assert found.objects
    triggers = next(entry for entry in found.objects.types if entry.type == "TRIGGER")
    assert (triggers.source_count, triggers.target_count, triggers.result) == (0, 0, ObjectResult.INCOMPLETE)
    assert [remark.split()[0] for remark in found.remarks] == ["source", "target"]


def test_what_the_other_side_lacks_for_sure_stays_inconsistent(rich: Database, limited: str, tmp_path: Path) -> None:
    found = compare_databases(url(limited, rich), file(tmp_path / "other.db", "p"), lines=False)
    assert found.objects
    results = {entry.type: entry.result for entry in found.objects.types}
    assert results["TABLE"] is ObjectResult.INCONSISTENT
    assert results["TRIGGER"] is ObjectResult.INCOMPLETE


@pytest.mark.parametrize("index", ["", "CREATE INDEX fk ON c (p)"])
def test_an_index_that_a_hidden_key_may_have_made_is_none_that_the_other_side_lacks(
    own: Database, tmp_path: Path, index: str
) -> None:
    if not own.mariadb:
        pytest.skip("to who may read, MySQL shows constraints")
    tables = (
        "CREATE TABLE p (id INTEGER NOT NULL PRIMARY KEY)",
        "CREATE TABLE c (id INTEGER NOT NULL PRIMARY KEY, p INT, CONSTRAINT fk FOREIGN KEY (p) REFERENCES p (id))",
    )
    own.run(*tables)
    other = str(make_database(tmp_path / "other.db", *tables, index))
    with user(own.connection, "hunter2", f"GRANT SELECT ON `{own.name}`.*") as account:
        found = compare_databases(url(account, own), other, lines=False)
    assert found.objects
    indexes = next(entry for entry in found.objects.types if entry.type == "INDEX")
    assert indexes.result is ObjectResult.INCOMPLETE
    assert not found.differs


def test_of_a_table_of_which_some_columns_may_be_read_nobody_knows_whether_there_are_more(own: Database) -> None:
    if own.mariadb:
        pytest.skip("MariaDB lets nobody ask for all columns who may not read the invisible ones")
    own.run("CREATE TABLE t (id INT PRIMARY KEY, secret INT INVISIBLE)", "CREATE TABLE u (id INT PRIMARY KEY)")
    grants = [f"GRANT SELECT (id) ON `{own.name}`.t", f"GRANT SELECT ON `{own.name}`.u"]
    with user(own.connection, "hunter2", *grants) as account:
        found = compare_databases(url(account, own), own.url(), objects=False, contents=True, tables=("t", "u"))
    assert found.contents
    results = {table.table: table.result for table in found.contents.databases[0].tables}
    assert results == {"t": DataResult.CAN_NOT_COMPARE, "u": DataResult.CONSISTENT}
    assert not found.differs


@pytest.mark.parametrize("contents", [False, True])
def test_who_is_shown_some_tables_alone_cant_compare_all_of_a_database(
    rich: Database, tmp_path: Path, contents: bool
) -> None:
    other = file(tmp_path / "other.db", "p")
    rich.run("ALTER TABLE p DROP COLUMN u")
    with user(rich.connection, "hunter2", f"GRANT SELECT ON `{rich.name}`.p") as account:
        for tables, result in (((), DataResult.CAN_NOT_COMPARE), (("p",), DataResult.CONSISTENT)):
            found = compare_databases(url(account, rich), other, objects=False, contents=contents, tables=tables)
            level = found.contents if contents else found.lines
            assert level
            assert level.databases[0].result is result
            assert found.complete is bool(tables)
            assert found.uncompared == (() if tables else (rich.name,))
            assert [table.result for table in level.databases[0].tables] == [DataResult.CONSISTENT]
            told = "The source may have more tables: the user is shown all with the right SELECT on the database."
            assert level.databases[0].message == (None if tables else told)
