"""What of the benchmark of servers is no measurement: the rows, the verdicts, the arithmetic; no server is asked."""

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from tests.benchmarks import engine_asked, engine_peers, engine_rows, engines
from tests.benchmarks.engine_asked import Asked
from tests.benchmarks.engine_lines import Case
from tests.benchmarks.engine_postgres import Postgres
from tests.benchmarks.engine_probe import connections
from tests.benchmarks.engine_progress import Job, Progress, Stage, told, turns
from tests.benchmarks.engine_scan import scan
from tests.benchmarks.engine_servers import Address, processor_seconds
from tests.benchmarks.engine_sqlite import Sqlite
from tests.benchmarks.engine_tools import OURS, SCAN, Shot, Tool
from tests.benchmarks.measured import Failed, Run, measured
from tests.benchmarks.table import WIDTH, say

NOBODY = "postgresql://nobody@127.0.0.1:1/none"

FULL = Tool("full", lambda *_: (), int)
LESS = Tool("less", lambda *_: (), int, unseen=engine_rows.UNSEEN)


def shots(seconds: float, differing: int, whole: float | None = None) -> list[Shot]:
    return [Shot(Run(seconds, whole or seconds, 0.0, 0.0, differing))]


def test_a_double_is_written_in_the_shortest_digits_that_mean_it() -> None:
    values = [line.split("\t")[3] for line in next(engine_rows.blocks(1_000)).splitlines()]
    assert values == [repr(float(value)) for value in values]


def test_the_other_order_has_the_same_rows(tmp_path: Path) -> None:
    ordered, shuffled = tmp_path / "ordered", tmp_path / "shuffled"
    engine_rows.write(ordered, shuffled, 50_000)
    lines, others = ordered.read_text().splitlines(), shuffled.read_text().splitlines()
    assert "".join(engine_rows.blocks(50_000)) == ordered.read_text()
    assert lines != others
    assert sorted(lines) == sorted(others)
    assert [int(line.split("\t")[0]) for line in lines] == list(range(2, 100_001, 2))


def test_twenty_rows_are_made_to_differ_each_once() -> None:
    statements = list(engine_rows.few(1_000))
    assert len({statement.rsplit("=", 1)[1] for statement in statements}) == len(statements) == engine_rows.FEW


def test_the_reference_is_the_fastest_that_answers_rightly_on_all_columns() -> None:
    found = {OURS: shots(1.0, 20), FULL: shots(4.0, 20), LESS: shots(2.0, 17)}
    assert Case("", 1, 20, found, 0.4).best() is FULL
    assert Case("", 1, 20, found, 0.4, crossing=True).best() is LESS
    assert Case("", 1, 20, {**found, FULL: shots(4.0, 19)}, 0.4).best() is None


def test_ours_is_measured_against_the_others_by_wall_time_with_the_start_of_both() -> None:
    found = {OURS: shots(1.0, 20, whole=2.0), LESS: shots(1.0, 20, whole=5.0), FULL: shots(4.0, 20)}
    case = Case("", 1, 20, {tool: found[tool] for tool in (OURS, FULL)} | {SCAN: shots(0.5, 0, whole=1.0)}, 0.4)
    lines = list(case.told())
    assert "  wall, ours / full (fastest right one): 0.50, aim 0.40 missed" in lines
    assert "  work, ours / full: 0.25; work, ours / scan: 2.00" in lines
    fast = Tool("fast inside", lambda *_: (), int)
    assert Case("", 1, 20, {**found, fast: shots(1.0, 20, whole=5.0)}, 0.4).best() is FULL


def test_the_report_fits_its_width_and_says_how_many_runs_there_were() -> None:
    slow = Shot(Run(599.99, 599.99, 999.99, 10_000.0, 250_000), servers=999.99)
    tools = [OURS, SCAN, Tool("connectorx + polars", lambda *_: (), int)]
    case = Case("pair", 5_000_000, 250_000, dict.fromkeys(tools, [slow] * 3), 0.4)
    lines = list(case.told())
    assert max(map(len, lines)) <= WIDTH
    assert "  connectorx + polars  3 599.99 599.99  0.01 999.99 999.99 10000  250,000, right" in lines


def test_a_line_that_is_too_long_goes_on_without_a_blank_and_keeps_names_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say("  " + "a" * (WIDTH - 7) + "  b  postgresql-mysql")
    assert capsys.readouterr().out == "  " + "a" * (WIDTH - 7) + "  b\npostgresql-mysql\n"


def test_a_wrong_answer_of_ours_is_said_and_a_tool_without_one_too() -> None:
    case = Case("pair", 1_000, 20, {OURS: shots(1.0, 19), FULL: [Shot(None, problem="it fell")]}, 0.4)
    told = "\n".join(case.told())
    assert "WRONG: 19" in told
    assert "no answer: it fell" in told
    assert "no other tool answers rightly" in told


def test_statistics_that_a_tool_did_not_come_to_are_no_answer() -> None:
    said = "9 rows in table A\n5 rows exclusive to table A (not)\n4 rows exclusive to table B (not)\n8 rows updated\n"
    assert engine_peers._counted(said) == 17
    assert engine_peers._counted("") is None


def test_sizes_and_rounds_are_taken_from_the_environment_and_checked() -> None:
    assert Asked.of({}) == Asked(engine_asked.LARGE, engine_asked.ROUNDS, engine_asked.PAIRS)
    assert Asked.of({"PARITY_BENCH_ROWS": "20000,100000"}).sizes == (20_000, 100_000)
    for wrong in ("1234", "0", "many", "1000,"):
        with pytest.raises(ValueError, match="multiples of 1000"):
            Asked.of({"PARITY_BENCH_ROWS": wrong})
    with pytest.raises(ValueError, match="from 1 on"):
        Asked.of({"PARITY_BENCH_ROUNDS": "0"})


def test_pairs_are_chosen_by_name_whatever_the_order_and_a_name_of_none_is_told() -> None:
    assert Asked.of({"PARITY_BENCH_PAIRS": "sqlite-mariadb, PostgreSQL-MySQL"}).pairs == (
        "postgresql-mysql",
        "sqlite-mysql",
    )
    for wrong in ("mysql-sqlite", "postgresql", "sqlite-mysql,", "all"):
        with pytest.raises(ValueError, match=r"takes, with commas between: postgresql-postgresql, .*; not '"):
            Asked.of({"PARITY_BENCH_PAIRS": wrong})


def test_a_pair_is_measured_where_it_is_asked_for_and_its_server_answers(tmp_path: Path) -> None:
    postgres, sqlite = Postgres(NOBODY), Sqlite(tmp_path)
    found = engines.pairs(postgres, None, sqlite, engine_asked.PAIRS)
    assert [pair.name for pair in found] == ["PostgreSQL - PostgreSQL", "SQLite - PostgreSQL"]
    (chosen,) = engines.pairs(postgres, None, sqlite, ["sqlite-postgresql", "sqlite-mysql"])
    assert (chosen.source, chosen.target) == (sqlite, postgres)
    assert engines.pairs(None, None, sqlite, engine_asked.PAIRS) == []


def test_of_the_largest_tables_a_file_is_compared_with_twenty_differences_alone(tmp_path: Path) -> None:
    (pair,) = engines.pairs(Postgres(NOBODY), None, Sqlite(tmp_path), ["sqlite-postgresql"])
    assert pair.targets(1_000_000) == engines.TARGETS
    assert pair.targets(5_000_000) == (engines.FEW,)


def test_only_a_tool_that_reads_files_is_asked_to_compare_one(tmp_path: Path) -> None:
    found, missing = engine_peers.peers(Sqlite(tmp_path), Postgres(NOBODY), {"reladiff", "connectorx + polars"})
    assert ([tool.name for tool in found], missing) == (["connectorx + polars"], [])
    assert engine_peers.peers(Sqlite(tmp_path), Postgres(NOBODY), ()) == ([], ["connectorx + polars"])


def test_a_file_holds_exactly_the_values_that_servers_load(tmp_path: Path) -> None:
    ordered, sqlite = tmp_path / "ordered", Sqlite(tmp_path)
    engine_rows.write(ordered, tmp_path / "shuffled", 20_000)
    sqlite.create("t")
    sqlite.load("t", ordered)
    with closing(sqlite3.connect(tmp_path / "t.db")) as connection:
        held = connection.execute("SELECT * FROM t ORDER BY id").fetchall()
    given = [line.split("\t") for line in ordered.read_text().splitlines()]
    assert [Decimal(repr(row[2])) for row in held] == [Decimal(row[2]) for row in given]
    assert [row[3] for row in held] == [float(row[3]) for row in given]
    assert [row[7] for row in held] == [None if row[7] == "\\N" else int(row[7]) for row in given]
    for place in (0, 1, 4, 5, 6):
        assert [str(row[place]) for row in held] == [row[place] for row in given]
    keys = [2, 40_000]
    assert sqlite.doubles("t", keys) == {key: float(given[key // 2 - 1][3]) for key in keys}
    scan(sqlite.url("t"))
    with pytest.raises(Exception, match="unable to open"):
        scan(sqlite.url("none"))


def test_files_that_are_dropped_are_the_benchmarks_own(tmp_path: Path) -> None:
    sqlite = Sqlite(tmp_path)
    sqlite.create(engines.SOURCE)
    sqlite.create("other")
    sqlite.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["other.db"]


def test_another_tool_is_expected_to_have_turns_until_it_took_long_enough_and_ours_all_of_them() -> None:
    slow = Tool("slow", lambda *_: (), int)
    assert turns([slow], 5_000_000, 3) == turns([slow], 5_000_000, 1)
    assert turns([slow], 1_000, 3) == pytest.approx(3 * turns([slow], 1_000, 1))
    assert turns([OURS], 50_000_000, 3) == pytest.approx(3 * turns([OURS], 50_000_000, 1))


def test_where_a_run_is_is_told_before_each_step_at_the_pace_so_far() -> None:
    now = 0.0
    said: list[str] = []

    def job(name: str, expected: float, taken: float) -> Job:
        def run() -> Iterator[str]:
            nonlocal now
            now += taken
            yield f"found by {name}"

        return Job(name, expected, run)

    @contextmanager
    def ground() -> Iterator[None]:
        said.append("built")
        yield
        said.append("dropped")

    stages = [Stage("building", 0.0, ground, [job("one", 600.0, 1260.0), job("two", 600.0, 60.0)], "a head")]
    progress = Progress(stages, said.append, lambda: now)
    assert progress.expected == 1200.0
    said.extend(told(stages, progress))
    assert said == [
        "[0:00 of about 20 min] building", "built", "", "a head", "[0:00 of about 20 min] one", "found by one",
        "[21:00 of about 41 min] two", "found by two", "dropped",
    ]  # fmt: skip


def test_an_address_keeps_an_odd_password_whole() -> None:
    address = Address.of("postgres://me:a%40b%2F@db.example/x", 5432)
    assert (address.password, address.port, address.here) == ("a@b/", 5432, False)
    assert address.url("y") == "postgresql://me:a%40b%2F@db.example:5432/y"


def test_what_children_that_have_ended_used_is_counted() -> None:
    before = processor_seconds({os.getpid()})
    subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.3: pass"], check=True)
    assert processor_seconds({os.getpid()}) - before >= 0.25


def test_a_connection_is_counted_by_the_port_at_its_other_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        before = connections()[port]
        with socket.create_connection(server.getsockname()):
            assert (before, connections()[port]) == (0, 1)


def test_a_tool_that_takes_too_long_is_stopped() -> None:
    with pytest.raises(Failed, match="not done after"):
        measured([sys.executable, "-c", "import time; time.sleep(60)"], patience=0.2)


def test_a_tool_that_fails_is_told_with_its_last_words() -> None:
    with pytest.raises(Failed, match="ended with 3: last words"):
        measured([sys.executable, "-c", "import sys; print('last words', file=sys.stderr); sys.exit(3)"])
