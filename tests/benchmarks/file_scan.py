"""The plain scan of a SQLite file: every value of its table `t` is read and none is kept."""

from pathlib import Path

import apsw

from tests.benchmarks.engine_rows import COLUMNS

_SCAN = f"SELECT {', '.join(f'max({column})' for column in COLUMNS)} FROM t"


def scan_file(path: Path) -> None:
    """Have SQLite read every value, while other threads run. Raises errors of apsw."""
    apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY).execute(_SCAN).fetchall()
