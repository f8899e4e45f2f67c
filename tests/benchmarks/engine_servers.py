"""What the benchmark asks of the servers that hold its tables, and what they need of the processor meanwhile.

Every database's name begins with `parity_bench_`, and whatever has such a name is dropped before and after.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, Self
from urllib.parse import quote, unquote, urlsplit

PREFIX: Final = "parity_bench_"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Address:
    """Where a server is and who asks, from a URL; its parameters don't count here.

    `scheme` is postgresql or mysql, which every tool knows.
    """

    scheme: str
    host: str
    port: int
    user: str
    password: str
    database: str

    @classmethod
    def of(cls, url: str, port: int) -> Self:
        """Read a URL; `port` is meant where it has none."""
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        host = parts.hostname or "127.0.0.1"
        scheme = {"postgres": "postgresql", "mariadb": "mysql"}.get(parts.scheme, parts.scheme)
        return cls(scheme, host, parts.port or port, user, password, parts.path.strip("/"))

    @property
    def here(self) -> bool:
        """Whether the server runs on this machine."""
        return self.host in _LOOPBACK

    def url(self, database: str, query: str = "") -> str:
        """The URL of a database, secret and all."""
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{quote(self.user, safe='')}{secret}@{host}:{self.port}/{database}{query}"


class Side(Protocol):
    """What the benchmark asks of whatever holds a source. Errors are the driver's own."""

    name: str
    address: Address
    """Of a side that is no server only the scheme counts, and that it is here."""

    def about(self) -> str:
        """Which release it is, and how much of the tables it can hold in memory of its own."""

    def url(self, database: str) -> str:
        """Where a database is, for ours; without TLS on this machine, as for every other tool."""

    def plain(self, database: str) -> str:
        """Where a database is, as the other tools write it."""

    def create(self, database: str) -> None:
        """Make an empty database."""

    def load(self, database: str, path: Path, tables: Sequence[str] = ("t",)) -> None:
        """Make tables from a file of rows, all the same."""

    def settle(self, database: str) -> None:
        """Have everything written and its statistics taken, so that no such work falls into a measurement."""

    def doubles(self, database: str, keys: list[int]) -> dict[int, float]:
        """The doubles of some rows, by key."""

    def clear(self) -> None:
        """Drop every database of the benchmark."""

    def processes(self) -> frozenset[int] | None:
        """The main processes that work for it on this machine beside its client's; None: they run elsewhere."""


class Server(Side, Protocol):
    """What the benchmark asks of a server besides, which holds targets too."""

    def copy(self, source: str, target: str) -> None:
        """Make a database that holds what another one holds."""

    def run(self, database: str, *statements: str) -> None:
        """Run statements in one transaction."""

    def offers(self, extension: str) -> bool:
        """Whether the server has such an extension to be loaded."""


def processor_seconds(processes: Iterable[int]) -> float:
    """What these processes and all their children, those that have ended too, have used of the processor so far."""
    parents, used, buried = {}, {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has ended meanwhile, and is among its parent's
        number = int(path.parent.name)
        parents[number] = int(words[1])
        used[number] = int(words[11]) + int(words[12])
        buried[number] = int(words[13]) + int(words[14])
    family = set(processes)
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(used.get(one, 0) + buried.get(one, 0) for one in family) / os.sysconf("SC_CLK_TCK")
