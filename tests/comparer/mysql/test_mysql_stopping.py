"""Who asks to stop is heard within a second, whatever the server is doing, and no statement stays behind there."""

import socket
from contextlib import closing
from pathlib import Path

import pytest

from functions.comparer.core.engine import Stop, Stopped
from functions.comparer.mysql.endpoint import MysqlEndpoint
from functions.comparer.mysql.url import read
from tests.comparer.mysql.servers import Database, connected, reading_of, running, stays
from tests.comparer.stopping import after, assert_within_a_second, stopped_after


def test_a_statement_without_a_row_yet_is_ended_here_and_on_the_server(own: Database) -> None:
    own.endless()

    def attempt() -> float:
        stop = Stop()
        with connected() as other, own.snapshot(stop) as found:
            taken = stopped_after(stop, lambda: bool(running(other, "`w`")), lambda: found.count("w"))
            assert not stays(other, own.name)
        return taken

    assert_within_a_second(attempt)


def test_a_stream_without_a_row_yet_is_ended_here_and_on_the_server(own: Database) -> None:
    own.endless()

    def attempt() -> float:
        stop = Stop()
        with connected() as other, own.snapshot(stop) as found:
            stream = found.stream(reading_of(found, "w", ("n",), key=0))
            taken = stopped_after(stop, lambda: bool(running(other, "`w`")), lambda: next(stream))
            assert not stays(other, own.name)
        return taken

    assert_within_a_second(attempt)


def test_a_stream_in_the_middle_ends_before_its_next_block(own: Database) -> None:
    own.run("CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT)")
    own.run(f"INSERT INTO t VALUES {', '.join(f'''({n}, REPEAT('x', 1000000))''' for n in range(20))}")
    stop = Stop()
    with connected() as other, own.snapshot(stop) as found:
        stream = found.stream(reading_of(found, "t", ("id", "v")))
        next(stream)
        stop.ask()
        with pytest.raises(Stopped):
            next(stream)
        assert not stays(other, own.name)


def test_a_server_that_never_answers_keeps_nobody_who_stops() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        endpoint = MysqlEndpoint(read(f"mysql://u@127.0.0.1:{mute.getsockname()[1]}/d", {}, Path()))

        def attempt() -> float:
            stop = Stop()

            def work() -> None:
                with endpoint.snapshot("d", stop):
                    raise AssertionError

            return stopped_after(stop, after(0.1), work)

        assert_within_a_second(attempt)


def test_nothing_begins_once_stopping_was_asked_for(own: Database) -> None:
    stop = Stop()
    own.run("CREATE TABLE t (id INT PRIMARY KEY)")
    with own.snapshot(stop) as found:
        stop.ask()
        with pytest.raises(Stopped):
            found.count("t")
