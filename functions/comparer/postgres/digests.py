"""The SELECT by which the server itself digests rows. Pure.

A row's digest is a chain of the server's own hash functions, each of which takes the digest of the columns before it as
its seed. Where such a function takes different values for one (8-byte numbers and moments are folded to 4 bytes), what
it loses goes into the chain as well. Of a binary zero the hash is the seed alone: there another link comes before it,
or two columns could exchange a zero unseen. Of many columns there are several chains, whose digests are chained in
turn: added up apart they would not tell which of them are of one row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from functions.comparer.core.engine import Digest
from functions.comparer.core.kinds import Kind
from functions.comparer.core.table import Reading
from functions.comparer.postgres.columns import PgColumn
from functions.comparer.postgres.shape import PgTable

_LONGEST_CHAIN: Final = 40
"""Columns of which a chain is made: the server's stack has to hold it."""
_NO_SEED: Final = "0::pg_catalog.int8"
_BYTEWISE: Final = 'COLLATE pg_catalog."C"'


@dataclass(frozen=True)
class _Link:
    """How a value {0} is hashed with a seed {1}; `type`: as what it is taken; `stand_in`: in the place of a NULL."""

    hash: str
    type: str
    stand_in: str


_TEXT: Final = _Link(f"pg_catalog.hashtextextended({{0}} {_BYTEWISE}, {{1}})", "text", "''")
_INT4: Final = _Link("pg_catalog.hashint4extended({0}, {1})", "int4", "0")
# Of two numbers with the same upper half the lower halves are told apart, and of all others the upper ones.
_INT8: Final = _Link(
    "pg_catalog.hashint4extended(({0} >> 32)::pg_catalog.int4, pg_catalog.hashint8extended({0}, {1}))", "int8", "0"
)
_BYTES: Final = _Link("pg_catalog.hash_array_extended(ARRAY[{0}], {1})", "bytea", "''")
# A moment as a double loses microseconds at worst, which are in its lower half.
_TIMESTAMP: Final = _Link(
    "pg_catalog.hashfloat8extended(pg_catalog.date_part('epoch', {0}), pg_catalog.timestamp_hash_extended({0}, {1}))",
    "timestamp",
    "'2000-01-01'",
)
_INSTANT: Final = _Link(
    "pg_catalog.hashfloat8extended(pg_catalog.date_part('epoch', {0}),"
    " pg_catalog.hash_array_extended(ARRAY[{0}], {1}))",
    "timestamptz",
    "'2000-01-01'",
)
# That of a zero is the seed, as if the column were not there.
_FLOAT8: Final = _Link("pg_catalog.hashfloat8extended({0}, pg_catalog.hashint4extended(0, {1}))", "float8", "0")
_FLOAT4: Final = _Link("pg_catalog.hashfloat4extended({0}, pg_catalog.hashint4extended(0, {1}))", "float4", "0")
# The server's own hash of a decimal leaves out the sign, and what tells NaN from infinity.
_NUMERIC: Final = _Link(f"pg_catalog.hashtextextended({{0}}::pg_catalog.text {_BYTEWISE}, {{1}})", "numeric", "0")
_LINKS: Final[Mapping[tuple[str, Kind], _Link]] = MappingProxyType(
    {
        ("bool", Kind.INTEGER): _INT4,
        ("int2", Kind.INTEGER): _INT4,
        ("int4", Kind.INTEGER): _INT4,
        ("int8", Kind.INTEGER): _INT8,
        ("oid", Kind.INTEGER): _INT8,
        ("bit", Kind.INTEGER): _INT8,
        ("numeric", Kind.DECIMAL): _NUMERIC,
        ("float8", Kind.DOUBLE): _FLOAT8,
        ("float4", Kind.SINGLE): _FLOAT4,
        ("bpchar", Kind.TEXT): _Link(f"pg_catalog.hashbpcharextended({{0}} {_BYTEWISE}, {{1}})", "bpchar", "''"),
        ("bytea", Kind.BYTES): _BYTES,
        ("date", Kind.DATE): _Link("pg_catalog.hash_array_extended(ARRAY[{0}], {1})", "date", "'2000-01-01'"),
        ("time", Kind.TIME): _TEXT,
        ("timestamp", Kind.TIMESTAMP): _TIMESTAMP,
        ("timestamptz", Kind.INSTANT): _INSTANT,
        ("uuid", Kind.UUID): _Link(
            "pg_catalog.uuid_hash_extended({0}, {1})", "uuid", "'00000000-0000-0000-0000-000000000000'"
        ),
    }
)


def form(table: PgTable, reading: Reading) -> str | None:
    """What is digested of a table and how; None: a column's values can't be."""
    found = [_named(column, kind) for column, kind in _columns(table, reading)]
    names = [name for name in found if name is not None]
    return f"{reading.key}: {' '.join(names)}" if len(names) == len(found) > 0 else None


def divisible(table: PgTable, reading: Reading) -> bool:
    """Whether an index finds the rows of a range of keys: their columns are compared, not what is made of them."""
    key = list(_columns(table, reading))[: reading.key]
    return bool(key) and all(column.order(kind) == column.sql and column.base != "bit" for column, kind in key)


def digesting(table: PgTable, reading: Reading) -> Callable[[Sequence[str]], str]:
    """What makes a statement of conditions: how many rows meet them, how many have a digest, and the sum of these.

    The columns are all of those of which `form` has something to tell.
    """
    columns = list(_columns(table, reading))
    chains = [_chain(columns[first : first + _LONGEST_CHAIN]) for first in range(0, len(columns), _LONGEST_CHAIN)]
    names = [f"d{number}" for number in range(len(chains))]
    digest = names[0]
    for name in names[1:]:
        digest = _INT8.hash.format(name, digest)
    made = ", ".join(f"{chain} AS {name}" for chain, name in zip(chains, names, strict=True))
    selected = (
        f"SELECT pg_catalog.count(*), pg_catalog.count({digest}), pg_catalog.sum({digest}) FROM "  # noqa: S608 (quoted names)
        f"(SELECT {made} FROM {table.table.source}"
    )

    def statement(conditions: Sequence[str]) -> str:
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        # Without an OFFSET the server would make each digest once for every time that it is named.
        return f"{selected}{where} OFFSET 0) AS d"

    return statement


def read(row: Sequence[str | None]) -> Digest:
    """What `digesting` tells. A row without a digest (a NULL where the catalog has none) spoils that of all."""
    rows, digested, total = row
    return Digest(int(rows or 0), f"{total}" if digested == rows else None)


def _columns(table: PgTable, reading: Reading) -> Iterator[tuple[PgColumn, Kind]]:
    return zip((table.columns[name] for name in reading.columns), reading.kinds, strict=True)


def _chain(columns: Sequence[tuple[PgColumn, Kind]]) -> str:
    seed = _NO_SEED
    for column, kind in columns:
        link = _link(column, kind)
        if link is None:
            raise AssertionError(column.name)
        value = f"({column.read_as(kind)})::pg_catalog.{link.type}"
        if column.nullable:
            seed = f"pg_catalog.hashint4extended(CASE WHEN {value} IS NULL THEN 1 ELSE 0 END, {seed})"
            value = f"coalesce({value}, {link.stand_in}::pg_catalog.{link.type})"
        seed = link.hash.format(value, seed)
    return seed


def _link(column: PgColumn, kind: Kind) -> _Link | None:
    if kind is Kind.LENGTH:
        return _INT4
    return _LINKS.get((column.base, kind)) or (_TEXT if column.wire == "t" and kind in {Kind.TEXT, Kind.JSON} else None)


def _named(column: PgColumn, kind: Kind) -> str | None:
    link = _link(column, kind)
    if link is None:
        return None
    return f"{link.type}{'?' if column.nullable else ''}{'#' if kind is Kind.LENGTH else ''}"
