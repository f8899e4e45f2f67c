"""Stopping what runs at a server, within a second whatever the server does."""

from __future__ import annotations

import time
from typing import Final

import psycopg
from psycopg import pq

from functions.comparer.postgres.waiting import TICK, ready

_CANCEL_SECONDS: Final = 0.7
_DRAIN_SECONDS: Final = 5.0


def cancelled(connection: pq.abc.PGconn) -> bool:
    """Ask the server to stop what runs; whether that is over, so that nothing that runs later is stopped by it.

    Whether it has helped is seen in `drained`: a server that ends the asking rudely may have done what it was asked.
    """
    deadline = time.monotonic() + _CANCEL_SECONDS
    asking = connection.cancel_conn()
    try:
        asking.start()
        while (state := asking.poll()) in {pq.PollingStatus.READING, pq.PollingStatus.WRITING}:
            left = deadline - time.monotonic()
            if left <= 0 or not ready(asking.socket, write=state == pq.PollingStatus.WRITING, seconds=left):
                return False
    except psycopg.Error:
        return True
    finally:
        asking.finish()
    return True


def drained(connection: pq.abc.PGconn) -> bool:
    """Take what still comes and drop it; whether it has ended in time."""
    deadline = time.monotonic() + _DRAIN_SECONDS
    while time.monotonic() < deadline:
        if connection.is_busy():
            ready(connection.socket, write=False, seconds=TICK)
            connection.consume_input()
            continue
        result = connection.get_result()
        if result is None:
            return True
        if result.status == pq.ExecStatus.COPY_OUT:
            while (size := connection.get_copy_data(1)[0]) >= 0:
                if size == 0:
                    ready(connection.socket, write=False, seconds=TICK)
                    connection.consume_input()
                    if time.monotonic() >= deadline:
                        return False
    return False
