"""What of the benchmark of servers is asked for: how large the tables, how many rounds, which pairs.

A run of everything takes about an hour and a half: one that was interrupted, or that is to answer one question, takes
the sizes (PARITY_BENCH_ROWS), the rounds (PARITY_BENCH_ROUNDS) and the pairs (PARITY_BENCH_PAIRS) that are left.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

LARGE: Final = (1_000_000, 5_000_000)
ROUNDS: Final = 3
PAIRS: Final = (
    "postgresql-postgresql", "mysql-mysql", "postgresql-mysql", "mysql-postgresql", "sqlite-postgresql", "sqlite-mysql",
)  # fmt: skip
_SHORT: Final = {"postgres": "postgresql", "mariadb": "mysql"}


@dataclass(frozen=True)
class Asked:
    """The sizes of the tables, how often each tool has its turn, and the pairs by name, in the order of `PAIRS`."""

    sizes: tuple[int, ...] = LARGE
    rounds: int = ROUNDS
    pairs: tuple[str, ...] = PAIRS

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Read the environment. Raises ValueError for what is no such number and no such pair."""
        return cls(_sizes(environment), _rounds(environment), _pairs(environment))


def _sizes(environment: Mapping[str, str]) -> tuple[int, ...]:
    given = environment.get("PARITY_BENCH_ROWS", "")
    numbers = given.split(",") if given else [str(size) for size in LARGE]
    if not all(number.isdecimal() and int(number) and int(number) % 1_000 == 0 for number in numbers):
        raise ValueError("PARITY_BENCH_ROWS takes multiples of 1000, with commas between")
    return tuple(int(number) for number in numbers)


def _rounds(environment: Mapping[str, str]) -> int:
    given = environment.get("PARITY_BENCH_ROUNDS", str(ROUNDS))
    if not given.isdecimal() or not int(given):
        raise ValueError("PARITY_BENCH_ROUNDS takes a number from 1 on")
    return int(given)


def _pairs(environment: Mapping[str, str]) -> tuple[str, ...]:
    given = environment.get("PARITY_BENCH_PAIRS", "")
    names = {_whole(name) for name in given.split(",")} if given else set(PAIRS)
    if unknown := names - set(PAIRS):
        raise ValueError(f"PARITY_BENCH_PAIRS takes, with commas between: {', '.join(PAIRS)}; not {min(unknown)!r}")
    return tuple(pair for pair in PAIRS if pair in names)


def _whole(name: str) -> str:
    """A pair's name as it is in `PAIRS`: MariaDB is asked as MySQL is."""
    return "-".join(_SHORT.get(engine, engine) for engine in name.strip().lower().split("-"))
