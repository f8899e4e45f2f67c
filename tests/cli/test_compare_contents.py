"""`parity compare --contents`: which rows differ, by key and column; what can't be compared is told before."""

import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import pytest

from functions.comparer.core.results import DatabaseContents, DataResult, Progress, RowDifference, TableContents
from functions.local.following import Following
from tests.cli.conftest import Parity
from tests.cli.test_terminal import on_a_terminal
from tests.comparer.stopping import assert_within_a_second

ORDERS = "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, amount REAL)"
ROWS = [(n, f"c{n}", n * 1.5) for n in range(50)]


def database(path: Path, *statements: str, rows: Iterable[tuple[object, ...]] = ROWS) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(ORDERS)
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def two(home: Path) -> Path:
    """Ten changed rows, one missing, one extra; a table that is equal."""
    same = ("CREATE TABLE notes (a, b)", "INSERT INTO notes VALUES (1, NULL), (1, NULL), (x'00', 'x')")
    database(home / "old.db", *same)
    changed = [(n, "other" if n < 10 else c, a if n else None) for n, c, a in ROWS if n != 30]
    database(home / "new.db", *same, rows=[*changed, (99, "new", 0.0)])
    return home


def test_differing_rows_are_told_by_key_and_column_and_the_code_is_1(parity: Parity, two: Path) -> None:
    ended = parity("compare", "old.db", "new.db", "--contents")
    assert ended.code == 1
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert "old.orders 50 50 DIFFERENT 10 changed, 1 only in source, 1 only in target" in lines
    assert "changed         id = 0: customer, amount" in ended.out
    assert "changed         id = 4: customer" in ended.out
    assert "id = 5" not in ended.out
    assert "… and 7 more differing rows" in ended.out
    assert "1 other table: same" in ended.out
    assert ended.out.splitlines()[-1] == "inconsistent: values INCONSISTENT (old.orders); objects not compared"


def test_more_rows_are_shown_where_more_are_asked_for(parity: Parity, two: Path) -> None:
    ended = parity("compare", "old.db", "new.db", "--contents", "--differences", "12")
    assert "only in source  id = 30" in ended.out
    assert "only in target  id = 99" in ended.out
    assert "more differing" not in ended.out
    none = parity("compare", "old.db", "new.db", "--contents", "--differences", "0")
    assert "id =" not in none.out
    assert none.code == 1


def test_all_tables_together_show_no_more_than_a_screen(parity: Parity, home: Path) -> None:
    names = [f"t{n}" for n in range(12)]
    for side in ("old", "new"):
        tables = [f"CREATE TABLE {name} (k INTEGER PRIMARY KEY, v)" for name in names]
        rows = [f"INSERT INTO {name} SELECT id + 1, '{side}' FROM orders WHERE id < 9" for name in names]
        database(home / f"{side}.db", *tables, *rows)
    ended = parity("compare", "old.db", "new.db", "--contents")
    assert ended.out.count("k = ") == 20
    assert ended.out.count("9 changed") == 12


def test_rows_of_tables_for_which_there_is_no_room_are_told_once(parity: Parity, home: Path) -> None:
    for side in ("old", "new"):
        tables = [f"CREATE TABLE t{n} (k INTEGER PRIMARY KEY, v)" for n in range(12)]
        rows = [f"INSERT INTO t{n} SELECT id + 1, '{side}' FROM orders WHERE id < 9" for n in range(12)]
        database(home / f"{side}.db", *tables, *rows)
    ended = parity("compare", "old.db", "new.db", "--contents")
    assert "rows of 8 more tables are not shown; --differences, --json" in ended.out
    assert ended.out.count("more differing rows") == 4
    asked = parity("compare", "old.db", "new.db", "--contents", "--differences", "7")
    assert asked.out.count("k = ") == 12 * 7, "what is asked for is per table, whatever fits on a screen"
    assert "not shown" not in asked.out
    assert "not shown" not in parity("compare", "old.db", "new.db", "--contents", "--differences", "0").out


@pytest.mark.parametrize("most", [0, 3])
def test_json_has_no_more_rows_than_are_asked_for(parity: Parity, two: Path, most: int) -> None:
    ended = parity("compare", "old.db", "new.db", "--contents", "--json", "--differences", str(most))
    (table,) = [t for t in json.loads(ended.out)["contents"]["tables"] if t["source_table"] == "orders"]
    assert (len(table["rows"]), table["rows_omitted"], table["difference_rows"]) == (most, 12 - most, 12)


def of_keys(home: Path, ours: Iterable[object], theirs: Iterable[object]) -> None:
    """Two databases with an untyped key; all rows are on one side alone."""
    for name, keys in (("old", ours), ("new", theirs)):
        with closing(sqlite3.connect(home / f"{name}.db")) as connection, connection:
            connection.execute("CREATE TABLE t (k NOT NULL, UNIQUE (k))")
            connection.executemany("INSERT INTO t VALUES (?)", [(key,) for key in keys])


def told_of(out: str) -> list[str]:
    return [line[20:] for line in out.splitlines() if line.startswith("    only in")]


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        (1, "1", ["k = 1", "k = '1'"]),
        (1.5, "1.5", ["k = 1.5", "k = '1.5'"]),
        (b"\0", "X'00'", ["k = X'00'", "k = 'X''00'''"]),
        ("a\n", "a\\n", ["k = E'a\\n'", "k = 'a\\n'"]),
        (float("inf"), "9e999", ["k = 9e999", "k = '9e999'"]),
    ],
)
def test_rows_that_differ_in_type_alone_look_different(
    parity: Parity, home: Path, ours: object, theirs: object, told: list[str]
) -> None:
    of_keys(home, [ours], [theirs])
    assert sorted(told_of(parity("compare", "old.db", "new.db", "--contents").out)) == sorted(told)


def test_null_and_the_text_null_look_different(parity: Parity, home: Path) -> None:
    for name, value in (("old", "NULL"), ("new", "'NULL'")):
        database(home / f"{name}.db", "CREATE TABLE t (a, b)", f"INSERT INTO t VALUES (1, {value})")
    assert sorted(told_of(parity("compare", "old.db", "new.db", "--contents").out)) == ["1, 'NULL'", "1, NULL"]


def test_long_keys_show_beginning_and_end_and_are_told_apart_even_so(parity: Parity, home: Path) -> None:
    same = "b" * 60 + "{}" + "e" * 60
    of_keys(home, [same.format(n) for n in range(3)], ["b" * 60 + "the end"])
    told = told_of(parity("compare", "old.db", "new.db", "--contents").out)
    assert len(set(told)) == 4
    assert all(line.startswith("k = 'bbbb") for line in told)
    assert any("the end' (67 characters, #" in line for line in told)


def test_wide_rows_without_a_key_are_told_apart_by_what_is_not_shown(parity: Parity, home: Path) -> None:
    columns = [f"c{n}" for n in range(60)]
    rows = [", ".join(f"'{n if name == 'c30' else 'x'}'" for name in columns) for n in range(2)]
    for name in ("old", "new"):
        database(home / f"{name}.db", f"CREATE TABLE t ({', '.join(columns)})")
    with closing(sqlite3.connect(home / "old.db")) as connection, connection:
        for row in rows:
            connection.execute(f"INSERT INTO t VALUES ({row})")
    first, second = told_of(parity("compare", "old.db", "new.db", "--contents").out)
    assert first != second
    assert max(len(first), len(second)) < 140


def test_a_comma_in_the_name_of_a_table_is_written_with_a_backslash(parity: Parity, home: Path) -> None:
    for name, value in (("old", 1), ("new", 2)):
        statements = [f'CREATE TABLE "{table}" (a)' for table in ("a,b", "a", "c\\")]
        database(home / f"{name}.db", *statements, f'INSERT INTO "a,b" VALUES ({value})')

    def compared(*given: str) -> list[str]:
        arguments = [part for names in given for part in ("--tables", names)]
        ended = parity("compare", "old.db", "new.db", "--contents", "--json", *arguments)
        return sorted(table["source_table"] for table in json.loads(ended.out)["contents"]["tables"])

    assert compared("a\\,b") == ["a,b"]
    assert compared("a\\,b,a", "orders") == ["a", "a,b", "orders"]
    assert compared("c\\\\,a") == ["a", "c\\"]
    assert compared("c\\") == ["c\\"]


@pytest.mark.parametrize(
    ("levels", "compared"),
    [
        (["--contents"], ["contents"]),
        (["--lines", "--contents"], ["lines", "contents"]),
        (["--objects", "--contents"], ["objects", "contents"]),
        (["--objects", "--lines", "--contents"], ["objects", "lines", "contents"]),
    ],
)
def test_levels_may_be_mixed_at_will(parity: Parity, two: Path, levels: list[str], compared: list[str]) -> None:
    ended = parity("compare", "old.db", "old.db", *levels, "--json")
    assert ended.code == 0
    found = json.loads(ended.out)
    assert [level for level, verdict in found["levels"].items() if verdict == "consistent"] == compared
    assert "rows" not in found["summary"].rpartition("not compared")[0].rpartition(";")[2]


def test_json_has_every_row_that_is_kept_with_its_sql(parity: Parity, two: Path) -> None:
    ended = parity("compare", "old.db", "new.db", "--contents", "--lines", "--json")
    (line,) = ended.out.splitlines()
    found = json.loads(line)
    assert found["data"]["level"] == "lines"
    (table,) = [t for t in found["contents"]["tables"] if t["source_table"] == "orders"]
    counts = [table[name] for name in ("changed", "missing", "extra", "difference_rows", "rows_omitted")]
    assert (counts, len(table["rows"]), table["key"]) == ([10, 1, 1, 12, 0], 12, ["id"])
    kinds = {row["kind"]: row for row in table["rows"]}
    assert kinds["missing"]["source_key"] == ["30"]
    assert "target_key" not in kinds["missing"]
    assert "30" in kinds["missing"]["source_sql"]


def test_tables_limit_the_values(parity: Parity, two: Path) -> None:
    assert parity("compare", "old.db", "new.db", "--contents", "--tables", "notes").code == 0
    assert parity("compare", "old.db", "new.db", "--contents", "--tables", "notes,orders").code == 1
    assert parity("compare", "old.db", "new.db", "--contents", "--tables", "nowhere").code != 0


def test_what_can_not_be_compared_is_told_before_and_after_and_the_code_is_3(parity: Parity, home: Path) -> None:
    database(home / "old.db", "CREATE TABLE odd (a)", "INSERT INTO odd VALUES (1)")
    database(home / "new.db", "CREATE TABLE odd (b)", "INSERT INTO odd VALUES (1)")
    ended = parity("compare", "old.db", "new.db", "--contents")
    assert ended.code == 3
    assert ended.err.startswith("not compared  old.odd: ")
    assert "column" in ended.err
    assert "old.odd" in ended.out
    assert ended.out.splitlines()[-1].startswith("incomplete: values not fully compared (1 table could not be compared")
    assert parity("compare", "old.db", "new.db", "--contents", "--json").err == ""


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--differences", "3"], "--differences"),
        (["--contents", "--differences", "-1"], "--differences"),
        (["--objects", "--tables", "orders"], "--tables"),
    ],
)
def test_options_that_would_do_nothing_are_refused(parity: Parity, two: Path, arguments: list[str], named: str) -> None:
    ended = parity("compare", "old.db", "new.db", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert named in ended.err


def test_a_terminal_shows_the_same_and_nothing_of_the_progress_is_left(two: Path) -> None:
    text = on_a_terminal(["compare", "old.db", "new.db", "--contents"])
    assert "\x1b[1;31mDIFFERENT" in text
    assert "… and 7 more differing rows" in text


def test_ctrl_c_stops_within_a_second(process: Callable[..., subprocess.Popen[str]], home: Path) -> None:
    # The announced table says that the run has begun; the other keeps it busy for long.
    many = """INSERT INTO big WITH n(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n LIMIT 700000)
        SELECT i, 'row ' || i, i * ? FROM n""".replace("?", "{0}")
    for side, other in (("old", 1.5), ("new", 2.5)):
        big = "CREATE TABLE big (a, b, c)", many.format(other)
        database(home / f"{side}.db", f"CREATE TABLE odd ({side})", "INSERT INTO odd VALUES (1)", *big)

    def attempt() -> float:
        running = process("compare", "old.db", "new.db", "--contents")
        assert running.stderr is not None
        assert running.stderr.readline().startswith("not compared  old.odd")
        asked_at = time.monotonic()
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
        assert (running.returncode, out, err.strip()) == (130, "", "parity: interrupted")
        return time.monotonic() - asked_at

    assert_within_a_second(attempt, most=3)  # one second, on a machine that does nothing else


def test_the_progress_names_the_table_its_rows_and_the_differences_so_far() -> None:
    following = Following(most=1)
    table = TableContents("orders", DataResult.COMPARING, missing=2)
    row = RowDifference("missing", ("1",), None, None, None)
    following.tell(Progress("contents", "shop", "orders", 1, 12, (0, 4_000)))
    following.compared("shop", table, [row, row])
    following.tell(Progress("contents", "shop", "orders", 1, 12, (1_000, 4_000)))
    assert following.text == "comparing values of shop.orders (2 of 12): 1,000 of 4,000 rows, 2 differing so far"
    assert following.differences == {("shop", "orders"): [row]}
    following.begun("shop", table)
    assert following.differences == {}


def test_the_progress_says_that_many_tables_are_being_planned() -> None:
    following = Following(most=1)
    following.tell(Progress("contents", "shop", None, 0, 4_000))
    assert following.text == "planning how to compare 4,000 tables of shop"


def test_only_what_can_not_be_compared_is_announced() -> None:
    following = Following(most=None)
    tables = [
        TableContents("odd", DataResult.CAN_NOT_COMPARE, "why"),
        TableContents("gone", DataResult.INCONSISTENT, "The table is missing in the target."),
        TableContents("fine"),
    ]
    following.planned(DatabaseContents("shop", "shop", tables=tables))
    assert list(following.announced) == ["shop.odd: why"]


def test_a_tolerance_that_was_not_applied_is_told_and_the_verdict_is_the_exact_ones(parity: Parity, two: Path) -> None:
    asked = ("compare", "old.db", "new.db", "--contents", "--tolerance", "amount=1000", "--tolerance", "amuont=1")
    ended = parity(*asked)
    assert ended.code == 1
    told = " ".join(ended.out.split())
    assert "! tolerance 'amuont': it was not applied, no table that was compared has such a column" in told
    assert "! tolerance 'amount': it was not applied, only numbers and moments beside a key" in told
    assert any("amuont" in error for error in json.loads(parity(*asked, "--json").out)["errors"])
