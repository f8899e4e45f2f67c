"""The plain scan of a table: the server sends every value in its binary form and the client drops the bytes unread.

No tool that compares on the client can need less. PostgreSQL sends `COPY ... TO STDOUT (FORMAT binary)`, MySQL and
MariaDB a prepared statement's rows; the drivers open the connection and ask, the answer is taken from the socket. Of a
SQLite file the client itself reads every value.
"""

import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import psycopg
import pymysql
from pymysql.constants.COMMAND import COM_STMT_EXECUTE, COM_STMT_PREPARE

from tests.benchmarks.engine_servers import Address
from tests.benchmarks.file_scan import scan_file

_BUFFER: Final = 1 << 20
_TAIL: Final = 64
_SHORTEST: Final = 9
_SECONDS: Final = 60


def scan(*urls: str) -> None:
    """Scan the table `t` of every database named, all at once. Raises the driver's errors, and OSError."""
    with ThreadPoolExecutor(len(urls)) as pool:
        for _ in pool.map(_scan, urls):
            pass


def _scan(url: str) -> None:
    if url.startswith("sqlite"):
        scan_file(Path(url.removeprefix("sqlite:///")))
    elif url.startswith("postgres"):
        _postgres(url)
    else:
        _mysql(url)


def _postgres(url: str) -> None:
    with psycopg.connect(url, autocommit=True, sslmode="disable") as connection:
        connection.pgconn.send_query(b"COPY t TO STDOUT (FORMAT binary)")
        with socket.socket(fileno=os.dup(connection.pgconn.socket)) as answer:
            tail = _dropped(answer, lambda tail: tail[-6:-1] == b"Z\0\0\0\5")
        if b"COPY " not in tail:
            raise OSError("the scan was not done")
        connection.pgconn.finish()  # the driver knows of no answer


def _mysql(url: str) -> None:
    where = Address.of(url, 3306)
    with pymysql.connect(
        host=where.host,
        port=where.port,
        user=where.user,
        password=where.password,
        database=where.database,
        ssl_disabled=True,
    ) as connection:
        connection._execute_command(COM_STMT_PREPARE, "SELECT * FROM t")
        prepared = connection._read_packet().get_all_data()
        for _ in range(int.from_bytes(prepared[5:7], "little") + 1):  # the columns, and the end of them
            connection._read_packet()
        connection._execute_command(COM_STMT_EXECUTE, prepared[1:5] + b"\0\1\0\0\0")
        # The packet that ends a result has five bytes, the first is 254.
        _dropped(connection._sock, lambda tail: tail[-9:-6] == b"\5\0\0" and tail[-5] == 254)


def _dropped(answer: socket.socket, ended: Callable[[bytes], bool]) -> bytes:
    """Read until the last bytes are those of the end; returns them. Raises OSError where no end comes."""
    answer.settimeout(_SECONDS)
    buffer = bytearray(_BUFFER)
    tail = b""
    while not (len(tail) >= _SHORTEST and ended(tail)):
        if not (count := answer.recv_into(buffer)):
            raise OSError("the server went away in the middle of a scan")
        tail = (tail + buffer[max(0, count - _TAIL) : count])[-_TAIL:]
    return tail
