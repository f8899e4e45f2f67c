"""What PostgreSQL digests by itself: equal digests mean equal values, whatever its hash functions leave out."""

import uuid
from collections.abc import Iterator, Sequence
from itertools import combinations

import pytest

from functions.comparer.compare import compare_databases
from functions.comparer.core import streamed
from functions.comparer.core.engine import Digest, Snapshot, TableUnreadable
from functions.comparer.core.kinds import Kind
from functions.comparer.core.table import Reading
from tests.comparer.postgres.server import Database, Server, reading

VALUES = {
    "bool": ["false", "true"],
    "int2": ["0", "1", "-1", "'-32768'"],
    "int4": ["0", "1", "-1", "2147483647", "'-2147483648'"],
    # The server's own hash of 8 bytes takes the first two for one, and the third and the fourth.
    "int8": ["1", "4294967296", "-1", "-4294967296", "0", "'-9223372036854775808'", "9223372036854775807"],
    "oid": ["0", "1", "4294967295"],
    "bit(33)": ["B'0'::bit(33)", "B'1'::bit(33)", "1::bit(33)"],
    # That of a decimal takes no notice of the sign, nor tells what is not a number from what is infinite.
    "numeric": ["5", "-5", "5.00", "0", "'-0.0'", "50000", "0.0005", "'NaN'", "'Infinity'", "'-Infinity'", "1e40"],
    "numeric(14,4)": ["5", "-5", "12345.0001", "12345.0002", "'NaN'"],
    "float8": ["0", "'-0'", "1e-15", "2e-15", "0.1::float8 + 0.2", "0.3", "'NaN'", "'Infinity'", "'-Infinity'"],
    "float4": ["0", "'-0'", "0.1", "0.10000001", "'NaN'"],
    "text": ["''", "' '", "'NULL'", "'a'", "'A'", "'a '", "'ä'", "E'a\\u0308'", "repeat('x', 5000)"],
    "varchar(9)": ["''", "'a'", "'a '"],
    "char(6)": ["''", "'a'", "'a '", "'A'"],
    "citext": ["'a'", "'A'"],
    '"char"': ["'a'", "'b'"],
    "name": ["'a'", "'b'"],
    "bytea": ["''", "'\\x00'", "'\\x0000'", "'\\x31'"],
    "date": ["'2000-01-01'", "'2000-01-02'", "'infinity'", "'-infinity'", "'0044-03-15 BC'"],
    "time": ["'00:00'", "'24:00'", "'01:11:34.967296'", "'00:00:00.000001'"],
    # Moments whose microseconds have the same fold.
    "timestamp": [
        "'2000-01-01 00:00:00.000001'", "'2000-01-01 01:11:34.967296'", "'2000-01-01'", "'infinity'", "'-infinity'",
        "'294000-01-01 00:00:00.000001'", "'294000-01-01 00:00:00.000002'", "'1999-12-31 23:59:59.999999'",
    ],
    "timestamptz": [
        "'2000-01-01 00:00:00.000001+00'", "'2000-01-01 01:11:34.967296+00'", "'2000-01-01+00'", "'infinity'",
        "'2000-01-01 01:00:00+01'", "'2000-01-01 00:00:00.000001+01'",
    ],
    "uuid": ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-0000-0000-0000-000000000000'"],
    "json": ["'{}'", "'[1]'", "'[2]'", "'null'"],
    "jsonb": ["'{}'", "'[1]'", "'[2]'", "'null'"],
    "xml": ["'<a/>'", "'<b/>'"],
    "mood": ["'sad'", "'ok'"],
    "inet": ["'10.0.0.1'", "'10.0.0.1/8'", "'::1'"],
    "interval": ["'1 month'", "'30 days'", "'720 hours'", "'1 second'"],
    "int4[]": ["'{}'", "'{1}'", "'{1,NULL}'", "'{{1}}'", "'[0:0]={1}'"],
    "numeric[]": ["'{1}'", "'{1.00}'", "'{1.05}'", "'{10}'"],
    "char(3)[]": ["'{a}'", """'{"a  "}'""", "'{b}'"],
    "int4range": ["'empty'", "'[1,2)'", "'[1,3)'"],
    "pair": ["'(1,a)'", "'(,)'", "'(1,)'"],
    "positive": ["1", "4294967297", "2"],
}  # fmt: skip


AS_WRITTEN = {("5", "5.00"), ("0", "'-0.0'")}
"""Equal, with two digests: whoever reads the rows finds them equal."""


@pytest.fixture(scope="module")
def hashed(server: Server) -> Iterator[Database]:
    with server.database() as database:
        database.run(
            "CREATE EXTENSION citext",
            "CREATE TYPE mood AS ENUM ('sad', 'ok')",
            "CREATE TYPE pair AS (a int, b text)",
            "CREATE DOMAIN positive AS int8 CHECK (VALUE > 0)",
            "CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
        )
        yield database


def digest_of(snapshot: Snapshot, wanted: Reading) -> Digest | None:
    digester = snapshot.digester(wanted)
    return next(iter(digester.of([(None, None)]))) if digester else None


def whole(snapshot: Snapshot, table: str) -> tuple[Digest | None, list[bytes]]:
    """What the server tells of a table as a multiset, and its rows in canonical form."""
    wanted = reading(snapshot, table, key=0)
    return digest_of(snapshot, wanted), sorted(snapshot.stream(wanted))


@pytest.mark.parametrize("nullable", [True, False], ids=["nullable", "not null"])
@pytest.mark.parametrize("kind", list(VALUES))
def test_two_values_never_have_one_digest_and_one_value_has_one(hashed: Database, kind: str, nullable: bool) -> None:
    literals = [*VALUES[kind], *(["NULL"] if nullable else [])]
    rule = "" if nullable else "NOT NULL"
    for number, literal in enumerate(literals):
        create = f"CREATE TABLE v{number} (v {kind} {rule})"
        hashed.run(f"DROP TABLE IF EXISTS v{number}", create, f"INSERT INTO v{number} VALUES ({literal})")
    with hashed.snapshot() as snapshot:
        found = {literal: whole(snapshot, f"v{number}") for number, literal in enumerate(literals)}
    for ours, theirs in combinations(literals, 2):
        (our_digest, our_rows), (their_digest, their_rows) = found[ours], found[theirs]
        assert our_digest is not None, kind
        assert our_digest != their_digest or our_rows == their_rows, (ours, theirs)
        if our_rows == their_rows and (ours, theirs) not in AS_WRITTEN:
            assert our_digest == their_digest, (ours, theirs)


@pytest.mark.parametrize("kind", list(VALUES))
def test_two_columns_that_exchange_their_values_change_the_digest(hashed: Database, kind: str) -> None:
    names = [f"c{number}" for number in range(len(VALUES[kind]))]
    hashed.run(
        "DROP TABLE IF EXISTS e",
        f"CREATE TABLE e ({', '.join(f'{name} {kind} NOT NULL' for name in names)})",
        f"INSERT INTO e VALUES ({', '.join(VALUES[kind])})",
    )
    with hashed.snapshot() as snapshot:
        kinds = dict(zip(names, reading(snapshot, "e").kinds, strict=True))

        def of(*columns: str) -> tuple[Digest | None, list[bytes]]:
            wanted = Reading("e", columns, tuple(kinds[column] for column in columns), 0)
            return digest_of(snapshot, wanted), list(snapshot.stream(wanted))

        for one, other in combinations(names, 2):
            (our_digest, our_rows), (their_digest, their_rows) = of(one, other), of(other, one)
            assert our_digest != their_digest or our_rows == their_rows, (one, other)


def test_a_collation_that_takes_two_texts_for_one_does_not_do_so_in_a_digest(hashed: Database) -> None:
    hashed.run(
        "DROP TABLE IF EXISTS b1, b2",
        "CREATE TABLE b1 (v text COLLATE blind)",
        "CREATE TABLE b2 (v text COLLATE blind)",
        "INSERT INTO b1 VALUES ('a')",
        "INSERT INTO b2 VALUES ('A')",
    )
    with hashed.snapshot() as snapshot:
        assert whole(snapshot, "b1")[0] != whole(snapshot, "b2")[0]


def swapped(columns: int, at: int, key: str = "PRIMARY KEY") -> Sequence[str]:
    """Two tables with the same values in every column; two rows have exchanged those of one column."""
    names = [f"c{number} int NOT NULL" for number in range(columns)]
    one, two = (["1"] * columns, ["2"] * columns)
    mixed_one, mixed_two = list(one), list(two)
    mixed_one[at], mixed_two[at] = "2", "1"
    return [
        "DROP TABLE IF EXISTS s1, s2",
        *(f"CREATE TABLE {table} (id int {key}, {', '.join(names)})" for table in ("s1", "s2")),
        f"INSERT INTO s1 VALUES (1, {', '.join(one)}), (2, {', '.join(two)})",
        f"INSERT INTO s2 VALUES (1, {', '.join(mixed_one)}), (2, {', '.join(mixed_two)})",
    ]


@pytest.mark.parametrize("key", ["PRIMARY KEY", "NOT NULL"], ids=["key", "no key"])
@pytest.mark.parametrize(("columns", "at"), [(2, 0), (2, 1), (50, 45), (1000, 999)])
def test_rows_that_have_exchanged_values_differ_however_many_columns_there_are(
    hashed: Database, columns: int, at: int, key: str
) -> None:
    hashed.run(*swapped(columns, at, key))
    with hashed.snapshot() as snapshot:
        ours, theirs = (digest_of(snapshot, reading(snapshot, table)) for table in ("s1", "s2"))
    assert ours is not None
    assert theirs is not None
    assert ours.value is not None
    assert (ours.rows, theirs.rows) == (2, 2)
    assert ours != theirs


def test_a_null_where_the_catalog_has_none_spoils_the_digest(hashed: Database) -> None:
    hashed.run(
        "DROP TABLE IF EXISTS n",
        "CREATE TABLE n (id int PRIMARY KEY, v int)",
        "INSERT INTO n VALUES (1, 1), (2, NULL)",
        "SET allow_system_table_mods = on; UPDATE pg_attribute SET attnotnull = true"
        " WHERE attrelid = 'n'::regclass AND attname = 'v'",
    )
    with hashed.snapshot() as snapshot:
        assert digest_of(snapshot, reading(snapshot, "n")) == Digest(2, None)


def test_a_column_whose_constraint_was_never_checked_may_be_null(hashed: Database) -> None:
    """From release 18 on a NOT NULL can be NOT VALID: the column is marked as not null while it has NULLs."""
    hashed.run(
        "DROP TABLE IF EXISTS n",
        "CREATE TABLE n (id int UNIQUE, v date)",
        "INSERT INTO n VALUES (1, '2000-01-01'), (2, NULL), (NULL, '2000-01-01')",
        *(f"ALTER TABLE n ADD CONSTRAINT never_{name} CHECK ({name} IS NOT NULL) NOT VALID" for name in ("id", "v")),
        "SET allow_system_table_mods = on; UPDATE pg_constraint SET contype = 'n' WHERE conname LIKE 'never_%';"
        " UPDATE pg_attribute SET attnotnull = true WHERE attrelid = 'n'::regclass AND attnum > 0",
    )
    with hashed.snapshot() as snapshot:
        assert not snapshot.shape("n").keys
        digest = digest_of(snapshot, reading(snapshot, "n"))
    assert digest is not None
    assert (digest.rows, digest.value is None) == (3, False)


@pytest.mark.parametrize("table", ["kept", "parts"])
def test_nothing_is_told_of_a_table_that_was_emptied_meanwhile(hashed: Database, table: str) -> None:
    hashed.run(
        "DROP TABLE IF EXISTS kept, parts",
        "CREATE TABLE kept (id int PRIMARY KEY)",
        "CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (1000)",
        f"INSERT INTO {table} SELECT n FROM generate_series(1, 100) AS n",
    )
    with hashed.snapshot() as snapshot:
        digester = snapshot.digester(reading(snapshot, table))
        assert digester is not None
        found = iter(digester.of([(None, (50,)), ((50,), None)]))
        assert next(found).rows == 50
        # Between two ranges nobody waits for the table.
        hashed.run("SET lock_timeout = '2s'", f"TRUNCATE {table}")
        with pytest.raises(TableUnreadable, match="emptied, rewritten or replaced"):
            next(found)
        with pytest.raises(TableUnreadable, match="emptied, rewritten or replaced"):
            next(iter(digester.of([(None, None)])))


def test_the_same_bytes_in_another_encoding_are_no_common_form(server: Server) -> None:
    forms = []
    for options in (["ENCODING 'LATIN1'", "LOCALE 'C'"], ["ENCODING 'UTF8'", "LOCALE 'C'"]):
        with server.database(*options) as database:
            database.run("CREATE TABLE t (id int PRIMARY KEY, v text)")
            with database.snapshot() as snapshot:
                digester = snapshot.digester(reading(snapshot, "t"))
                assert digester is not None
                forms.append(digester.form)
    assert len(set(forms)) == 2


def test_what_a_column_is_read_as_and_whether_it_may_be_null_belong_to_the_form(hashed: Database) -> None:
    columns = ["int4", "int4 NOT NULL", "int8", "text", "numeric", "char(3)", "bytea"]
    hashed.run(
        *(f"DROP TABLE IF EXISTS f{number}" for number in range(len(columns))),
        *(f"CREATE TABLE f{number} (id int PRIMARY KEY, v {column})" for number, column in enumerate(columns)),
    )
    with hashed.snapshot() as snapshot:
        found = [snapshot.digester(reading(snapshot, f"f{number}")) for number in range(len(columns))]
        lengths = [snapshot.digester(reading(snapshot, f"f{n}", Kind.INTEGER, Kind.LENGTH)) for n in (3, 6)]
        mixed = snapshot.digester(reading(snapshot, "f0", Kind.INTEGER, Kind.DECIMAL))
    forms = [digester.form for digester in (*found, lengths[0]) if digester]
    assert len(forms) == len(set(forms)) == len(columns) + 1
    assert mixed is None


def test_ranges_are_digested_by_an_index_or_not_at_all(hashed: Database) -> None:
    hashed.run(
        "DROP TABLE IF EXISTS r1, r2, r3, r4",
        'CREATE TABLE r1 (k int, l text COLLATE "C", PRIMARY KEY (k, l))',
        'CREATE TABLE r2 (k text COLLATE "und-x-icu" PRIMARY KEY)',
        "CREATE TABLE r3 (k int)",
        "CREATE TABLE r4 (k bit(9) PRIMARY KEY)",
        "INSERT INTO r1 SELECT n, n FROM generate_series(1, 1000) AS n",
    )
    with hashed.snapshot() as snapshot:
        found = [snapshot.digester(reading(snapshot, table)) for table in ("r1", "r2", "r3", "r4")]
        assert [digester and digester.divisible for digester in found] == [True, False, False, False]
        assert found[0] is not None
        ranges = [(None, (10, "10")), ((10, "10"), (500, "500")), ((500, "500"), None), ((2000, ""), None)]
        digests = list(found[0].of(ranges))
        (all_of_it,) = found[0].of([(None, None)])
    assert [digest.rows for digest in digests] == [10, 490, 500, 0]
    parts = [int(digest.value) for digest in digests if digest.value not in {None, "None"}]
    assert str(sum(parts)) == all_of_it.value


def test_who_may_not_call_the_server_s_hash_functions_compares_all_the_same(
    hashed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streamed, "_WORTH_DIGESTS", 0)
    role = f"parity_reader_{uuid.uuid4().hex[:8]}"
    hashed.run(
        "DROP SCHEMA IF EXISTS own CASCADE",
        "CREATE SCHEMA own",
        "CREATE TABLE own.t (id int PRIMARY KEY, v text)",
        "INSERT INTO own.t SELECT n, n FROM generate_series(1, 100) AS n",
        "REVOKE EXECUTE ON FUNCTION pg_catalog.hashint4extended FROM PUBLIC",
        f"CREATE ROLE {role} LOGIN",
        f"GRANT USAGE ON SCHEMA own TO {role}",
        f"GRANT SELECT ON own.t TO {role}",
    )
    try:
        url = hashed.server.of(hashed.name, "schema=own", role)
        found = compare_databases(url, url, contents=True, objects=False, lines=False)
        with hashed.snapshot("schema=own", account=role) as snapshot:
            digester = snapshot.digester(reading(snapshot, "t"))
            with pytest.raises(TableUnreadable, match="permission denied for function hashint4extended"):
                list(digester.of([(None, None)]) if digester else ())
    finally:
        hashed.run(f"DROP OWNED BY {role}", f"DROP ROLE {role}")
    assert found.contents is not None
    ((table,),) = (database.tables for database in found.contents.databases)
    assert (str(table.result), table.source_rows) == ("CONSISTENT", 100)
