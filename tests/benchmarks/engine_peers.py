"""The other tools that compare tables of such servers: how each is asked, and what it says it found.

Each is asked in the way that is fastest for it and prints the least. What is on PyPI goes into an environment of its
own under build/, which has nothing to do with the project's.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Final

from tests.benchmarks.engine_rows import COLUMNS, UNSEEN
from tests.benchmarks.engine_servers import Server, Side
from tests.benchmarks.engine_tools import Tool
from tests.benchmarks.measured import ROOT

HOME: Final = ROOT / "build" / "benchmark-peers"
_RELADIFF_PINS: Final = ("reladiff==0.6.0", "psycopg2-binary==2.9.13", "mysql-connector-python==26.10.0")
_JOIN_PINS: Final = ("connectorx==0.4.6", "polars==2.1.0", "pyarrow==26.0.1")
_JOIN: Final = Path(__file__).with_name("engine_join.py")
_COUNT: Final = re.compile(r"^(\d+) rows (?:exclusive to table|updated)", re.MULTILINE)


def peers(source: Side, target: Server, installed: Collection[str]) -> tuple[list[Tool], list[str]]:
    """The tools that compare such a pair, and the names of those that would and are not installed.

    `installed`: what `install` said.
    """
    found: list[Tool] = []
    missing: list[Tool] = []
    if source.address.scheme == target.address.scheme:
        postgres = source.address.scheme == "postgresql"
        tools = [_PG_COMPARATOR, _PG_COMPARATOR_KEY] if postgres else [_PT_TABLE_SYNC]
        there = shutil.which(tools[0].name) is not None and (not postgres or target.offers("pgcmp"))
        (found if there else missing).extend(tools)
    if source.address.scheme != "sqlite":  # reladiff reads none, and pg_comparator's functions for it are in no package
        (found if _RELADIFF.name in installed else missing).extend([_RELADIFF, _RELADIFF_LESS])
    (found if _JOINED.name in installed else missing).append(_JOINED)
    return found, [tool.name for tool in missing]


def install(say: Callable[[str], None]) -> frozenset[str]:
    """Install the tools of PyPI where that is not done yet; the names of those that are. Says why one is not."""
    python = HOME / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(HOME)], capture_output=True, check=False)
    return frozenset(
        name
        for name, pins in ((_RELADIFF.name, _RELADIFF_PINS), (_JOINED.name, _JOIN_PINS))
        if _installed(python, pins, say)
    )


def _installed(python: Path, pins: Sequence[str], say: Callable[[str], None]) -> bool:
    stamp = HOME / "-".join(pins)
    if stamp.exists():
        return True
    say(f"installing {', '.join(pins)} into {HOME.relative_to(ROOT)}")
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pins]
    try:
        subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as problem:
        told = str(getattr(problem, "stderr", None) or problem).splitlines()
        say(f"not installed: {next((line for line in told if line.startswith('ERROR')), told[-1])}")
        return False
    stamp.touch()
    return True


def _lines(*words: str) -> Callable[[str], int]:
    def count(output: str) -> int:
        return sum(line.startswith(words) for line in output.splitlines())

    return count


def _counted(output: str) -> int | None:
    """reladiff's statistics; it ends well and without them where it met a NULL beside a value."""
    numbers = [int(number) for number in _COUNT.findall(output)]
    return sum(numbers) if len(numbers) == 3 else None


def _pg_comparator(*flags: str) -> Callable[[Side, str, Server, str], Sequence[str]]:
    def command(source: Side, here: str, target: Server, there: str) -> Sequence[str]:
        urls = [source.address.url(here, "/t"), target.address.url(there, "/t")]
        first, second = (url.replace("postgresql:", "pgsql:", 1) for url in urls)
        return ["pg_comparator", *flags, f"{first}?{COLUMNS[0]}:{','.join(COLUMNS[1:])}", second]

    return command


def _pt_table_sync(source: Side, here: str, target: Server, there: str) -> Sequence[str]:
    names = []
    for server, database in ((source, here), (target, there)):
        at = server.address
        secret = f",p={at.password}" if at.password else ""
        names.append(f"h={at.host},P={at.port},u={at.user}{secret},D={database},t=t")
    return ["pt-table-sync", "--print", "--charset=utf8mb4", *names]


def _reladiff(columns: Sequence[str]) -> Callable[[Side, str, Server, str], Sequence[str]]:
    chosen = [word for column in columns for word in ("-c", column)]

    def command(source: Side, here: str, target: Server, there: str) -> Sequence[str]:
        urls = [source.plain(here), target.plain(there)]
        program = str(HOME / "bin" / "reladiff")
        return [program, urls[0], "t", urls[1], "t", "-k", COLUMNS[0], *chosen, "-j", "2", "--stats"]

    return command


def _joined(source: Side, here: str, target: Server, there: str) -> Sequence[str]:
    return [str(HOME / "bin" / "python"), str(_JOIN), source.plain(here), target.plain(there)]


_PG_COMPARATOR: Final = Tool("pg_comparator", _pg_comparator(), _lines("UPDATE", "INSERT", "DELETE"))
_PG_COMPARATOR_KEY: Final = Tool("pg_comparator -u", _pg_comparator("--use-key"), _lines("UPDATE", "INSERT", "DELETE"))
_PT_TABLE_SYNC: Final = Tool(
    "pt-table-sync", _pt_table_sync, _lines("UPDATE", "REPLACE", "INSERT", "DELETE"), endings=frozenset({0, 2})
)
_RELADIFF: Final = Tool("reladiff", _reladiff(COLUMNS[1:]), _counted)
_RELADIFF_LESS: Final = Tool(
    "reladiff, 6 columns",
    _reladiff([name for name in COLUMNS[1:] if name not in {"dbl", "opt"}]),
    _counted, unseen=UNSEEN,
)  # fmt: skip
_JOINED: Final = Tool("connectorx + polars", _joined, lambda output: int(json.loads(output)["differing"]), inside=True)
