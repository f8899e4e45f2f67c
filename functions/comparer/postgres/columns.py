"""What a column of PostgreSQL holds, how a statement reads it, and in what order its values come. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from functions.comparer.core.engine import TableUnreadable
from functions.comparer.core.kinds import ColumnType, Kind
from functions.comparer.postgres.decoding import DECODERS
from functions.comparer.postgres.names import quoted

_AS_TEXT: Final = "{}::pg_catalog.text"
_LONGEST_BITS: Final = 63
_BYTEWISE: Final = 'COLLATE pg_catalog."C"'


@dataclass(frozen=True)
class _Form:
    """How values of a type come: of what kind, over which wire (`decoding.DECODERS`), by which expression."""

    kind: Kind
    wire: str
    expression: str = "{}"


_FORMS: Final[Mapping[str, _Form]] = MappingProxyType(
    {
        "bool": _Form(Kind.INTEGER, "o"),
        "int2": _Form(Kind.INTEGER, "i"),
        "int4": _Form(Kind.INTEGER, "i"),
        "int8": _Form(Kind.INTEGER, "i"),
        # It has no sign; its own binary form would read as if it had one.
        "oid": _Form(Kind.INTEGER, "i", "{}::pg_catalog.int8"),
        "numeric": _Form(Kind.DECIMAL, "n"),
        "float8": _Form(Kind.DOUBLE, "d"),
        "float4": _Form(Kind.SINGLE, "f"),
        "text": _Form(Kind.TEXT, "t"),
        "varchar": _Form(Kind.TEXT, "t"),
        "bpchar": _Form(Kind.TEXT, "p"),
        "name": _Form(Kind.TEXT, "t", _AS_TEXT),
        "char": _Form(Kind.TEXT, "t", _AS_TEXT),
        "citext": _Form(Kind.TEXT, "t", _AS_TEXT),
        "xml": _Form(Kind.TEXT, "t", _AS_TEXT),
        "json": _Form(Kind.JSON, "t", _AS_TEXT),
        "jsonb": _Form(Kind.JSON, "t", _AS_TEXT),
        "bytea": _Form(Kind.BYTES, "b"),
        "date": _Form(Kind.DATE, "D"),
        "time": _Form(Kind.TIME, "T"),
        "timestamp": _Form(Kind.TIMESTAMP, "S"),
        "timestamptz": _Form(Kind.INSTANT, "S"),
        "uuid": _Form(Kind.UUID, "u"),
    }
)
_BITS: Final = _Form(Kind.INTEGER, "i", "{}::pg_catalog.int8")
_OTHER: Final = _Form(Kind.OTHER, "t", _AS_TEXT)
# Their cast to text always adds the length of the network; what they are written as does not.
_ADDRESSES: Final = MappingProxyType(
    {
        "inet": _Form(Kind.OTHER, "t", "pg_catalog.textin(pg_catalog.inet_out({}))"),
        "cidr": _Form(Kind.OTHER, "t", "pg_catalog.textin(pg_catalog.cidr_out({}))"),
    }
)
# Their texts have zeros behind the point, or blanks, that are none of the values: equal ones may differ in them.
_DIGITS_THAT_COUNT: Final = _Form(
    Kind.OTHER,
    "t",
    r"pg_catalog.regexp_replace({}::pg_catalog.text, '\.0+(?=[],)}}])|(\.[0-9]*[1-9])0+(?=[],)}}])', '\1', 'g')",
)
_COMPOSED: Final = MappingProxyType(
    {
        **dict.fromkeys(("_numeric", "numrange", "nummultirange", "_numrange"), _DIGITS_THAT_COUNT),
        "_bpchar": _Form(Kind.OTHER, "t", "{}::pg_catalog.text[]::pg_catalog.text"),
    }
)
_UNMEASURED: Final = MappingProxyType({"bit": "bit", "varbit": "bit varying"})
_STANDARD: Final = frozenset({"inet", "cidr", "macaddr", "macaddr8"})
_LARGE: Final = frozenset({"bytea", "xml", "json", "jsonb"})
_TEXTS: Final = frozenset({"text", "varchar"})
# Of a text as a UUID: its digits, and whether it is one; what is none comes after all that are, as cells are sorted.
_DIGITS: Final = "pg_catalog.translate({0}, '{{}}-', '')"
_UUID_OF_TEXT: Final = (
    "CASE WHEN {0} ~ '^([0-9a-fA-F]{{4}}-?){{7}}[0-9a-fA-F]{{4}}$'"
    " OR {0} ~ '^[{{]([0-9a-fA-F]{{4}}-?){{7}}[0-9a-fA-F]{{4}}[}}]$'"
    " THEN '\\x06'::pg_catalog.bytea || pg_catalog.decode(" + _DIGITS + ", 'hex')"
    " ELSE '\\x0974'::pg_catalog.bytea || pg_catalog.textsend({0}) END"
)
_UUID_OF_BYTES: Final = (
    "CASE WHEN pg_catalog.octet_length({0}) = 16 THEN '\\x06'::pg_catalog.bytea ELSE '\\x0962'::pg_catalog.bytea END"
    " || {0}"
)


@dataclass(frozen=True)
class PgColumn:
    """A column as the catalog has it; of a domain, what it is based on.

    `base`: the type's name if it is of the server's own (or citext), else empty; `native`: its name for people;
    `bits`: of a bit(n) its n; `bytewise`: whether its collation sorts texts by their bytes; `deterministic`: whether
    that takes no two different texts for one; `unicode`: whether the database keeps texts in UTF-8, or as they come;
    `nullable`: whether it may be NULL, as far as the catalog says.
    """

    name: str
    base: str
    native: str
    enum: bool = False
    bits: int = 0
    bytewise: bool = False
    deterministic: bool = True
    unicode: bool = True
    nullable: bool = True

    @property
    def type(self) -> ColumnType:
        """What it holds."""
        return ColumnType(
            self._form.kind,
            self._native,
            lob=self.base in _LARGE,
            standard_text=self.enum or self.base in _STANDARD,
        )

    @property
    def _native(self) -> str:
        """The name of its type by which it is compared with another: labels and bits are what they are."""
        if self.enum:
            return "enum"
        return self.native if self._form.kind is not Kind.OTHER else _UNMEASURED.get(self.base, self.native)

    @property
    def _form(self) -> _Form:
        if self.base == "bit" and 1 <= self.bits <= _LONGEST_BITS:
            return _BITS
        return _FORMS.get(self.base) or _ADDRESSES.get(self.base) or _COMPOSED.get(self.base, _OTHER)

    @property
    def wire(self) -> str:
        """How its values come (`decoding.DECODERS`)."""
        return self._form.wire

    @property
    def texts(self) -> bool:
        """Whether its values are compared as texts in SQL as well."""
        return self.base in _TEXTS

    @property
    def sql(self) -> str:
        """Its name in a statement; the table is called t."""
        return f"t.{quoted(self.name)}"

    @property
    def read(self) -> str:
        """The expression that reads it."""
        return self._form.expression.format(self.sql)

    def read_as(self, kind: Kind) -> str:
        """The expression that reads it as that kind."""
        if kind is not Kind.LENGTH:
            return self.read
        if self.wire not in {"t", "p"}:
            return f"pg_catalog.octet_length({self.read})"
        # In UTF-8, whatever the database keeps, and without the pad, which is none of the value's.
        return f"pg_catalog.octet_length({self._as_text if self.unicode else self.bytes_of_text})"

    def wire_as(self, kind: Kind) -> tuple[Kind, str]:
        """As what its values are decoded, and how they come."""
        return (Kind.INTEGER, "i") if kind is Kind.LENGTH else (kind, self.wire)

    def checked(self, kind: Kind) -> None:
        """Raise `TableUnreadable` if its values can't be written as that kind: it was another type a moment ago."""
        if self.wire_as(kind) not in DECODERS:
            raise TableUnreadable(f"its column {self.name} is of type {self.native} now", damaged=True)

    def order(self, kind: Kind) -> str:
        """The expression by which rows are put in the order that canonical cells of that kind have."""
        if kind is Kind.UUID and self.wire in {"t", "p"}:
            return _UUID_OF_TEXT.format(self._as_text)
        if kind is Kind.UUID and self.wire == "b":
            return _UUID_OF_BYTES.format(self.sql)
        if self.wire in {"t", "p"}:
            return self.text_order
        if kind is Kind.SINGLE and self.wire == "d":
            return f"{self.sql}::pg_catalog.float4"
        return self.sql

    @property
    def text_order(self) -> str:
        """The expression that puts texts in the order of their bytes in UTF-8."""
        if not self.unicode:
            return self.bytes_of_text
        if self.texts and self.bytewise:
            return self.sql
        return f"{self._as_text} {_BYTEWISE}"

    @property
    def bytes_of_text(self) -> str:
        """The expression for a text's bytes as they come over the wire."""
        return f"pg_catalog.textsend({self._as_text})"

    @property
    def _as_text(self) -> str:
        if self.texts:
            return self.sql
        return _AS_TEXT.format(self.sql) if self.wire == "p" else self.read
