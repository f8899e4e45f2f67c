"""What the server, the driver and the network complain of, in the comparison's own errors."""

from __future__ import annotations

from typing import Final

import pymysql

from functions.comparer.core.engine import Stopped, TableUnreadable, Unreadable

Trouble = (pymysql.MySQLError, OSError, EOFError)
"""What reading from a server can raise."""

INTERRUPTED: Final = 1317
"""The server's number for a statement that somebody has killed."""
DENIED: Final = 1142
"""That of a table that the user may not read: one that doesn't exist is told apart only to who may."""
DENIED_DATABASE: Final = 1044
"""The same of a database."""
UNGUARDED: Final = 1290
"""That of a statement about rights to a server that was started without any (--skip-grant-tables)."""
# Too long a statement: MariaDB's and MySQL's number.
_TIME: Final = frozenset({1969, 3024})
# Whose connection is at fault rather than a table: shutdown, too many, refused, killed, lost, idle for too long.
_CONNECTION: Final = frozenset(
    {0, 1040, 1043, 1044, 1045, 1049, 1053, 1129, 1130, 1152, 1158, 1159, 1160, 1161, 1203, 1226, 1251, 1698, 1820}
    | {1862, 1927, 2002, 2003, 2005, 2006, 2013, 2014, 2026, 2027, 2055, 2059, 2061, 3118, 3159, 3169, 4031, 4151}
)


class Lost(EOFError):
    """The server has closed the connection in the middle of an answer."""


class Misread(EOFError):
    """The server has sent what the protocol has no place for."""


def number_of(error: BaseException) -> int:
    """The server's, or the driver's, number of an error; 0: it has none."""
    found = error.args[0] if isinstance(error, pymysql.MySQLError) and error.args else 0
    # The driver reads it as a number with a sign.
    return found % 65_536 if isinstance(found, int) else 0


def told(error: BaseException) -> str:
    """An error for people. The server repeats no password, and the driver none but in a connection's own texts."""
    if isinstance(error, pymysql.MySQLError) and len(error.args) > 1 and error.args[1]:
        return f"{error.args[1]} ({number_of(error)})" if number_of(error) else str(error.args[1])
    if isinstance(error, pymysql.InterfaceError):
        return "the connection to the server is closed"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, (EOFError, RuntimeError)) and error.args:
        return str(error.args[0])
    return "it doesn't answer as MySQL and MariaDB do"


def database_error(where: str, error: BaseException, *, asked: bool) -> Unreadable | Stopped:
    """An error of something that concerns a whole database. `where`: the server, without its password.

    `asked`: whether stopping was asked for, which is then the reason of whatever has happened.
    """
    if asked:
        return Stopped()
    if number_of(error) in _TIME:
        return Unreadable(f"{where}: {told(error)}", "time")
    return Unreadable(f"{where}: {told(error)}", "connection" if of_connection(error) else "statement")


def table_error(where: str, error: BaseException, *, asked: bool) -> Unreadable | Stopped | TableUnreadable:
    """An error while one table was read: it is the table's unless the connection is at fault."""
    if asked or of_connection(error):
        return database_error(where, error, asked=asked)
    return TableUnreadable(told(error), damaged=True, cause="time" if number_of(error) in _TIME else "statement")


def of_connection(error: BaseException) -> bool:
    """Whether an error means that nothing more can be asked over the connection."""
    return not isinstance(error, pymysql.MySQLError) or number_of(error) in _CONNECTION
