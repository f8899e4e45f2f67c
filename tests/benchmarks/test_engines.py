"""What of the benchmark of servers is no measurement: the rows, the verdicts, the arithmetic; no server is asked."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks import engine_peers, engine_rows, engines
from tests.benchmarks.engine_lines import Case
from tests.benchmarks.engine_probe import connections
from tests.benchmarks.engine_servers import Address, processor_seconds
from tests.benchmarks.engine_tools import OURS, Shot, Tool
from tests.benchmarks.measured import Failed, Run, measured

FULL = Tool("full", lambda *_: (), int)
LESS = Tool("less", lambda *_: (), int, unseen=engine_rows.UNSEEN)


def shots(seconds: float, differing: int) -> list[Shot]:
    return [Shot(Run(seconds, seconds, 0.0, 0.0, differing))]


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


def test_sizes_are_taken_from_the_environment_and_checked() -> None:
    assert engines.asked_rows({}) == engines.LARGE
    assert engines.asked_rows({"PARITY_BENCH_ROWS": "20000,100000"}) == (20_000, 100_000)
    for wrong in ("1234", "0", "many", "1000,"):
        with pytest.raises(ValueError, match="multiples of 1000"):
            engines.asked_rows({"PARITY_BENCH_ROWS": wrong})
    assert engines.asked_rounds({}) == engines.ROUNDS
    with pytest.raises(ValueError, match="from 1 on"):
        engines.asked_rounds({"PARITY_BENCH_ROUNDS": "0"})


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
