"""What the columns of MySQL and MariaDB hold, and how they are read: as which values, in which order. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from functions.comparer.core.kinds import ColumnType, Kind
from functions.comparer.mysql import labels

_KINDS: Final = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "bit", "year"), Kind.INTEGER),
    "decimal": Kind.DECIMAL,
    "double": Kind.DOUBLE,
    "float": Kind.SINGLE,
    **dict.fromkeys(("char", "varchar", "tinytext", "text", "mediumtext", "longtext"), Kind.TEXT),
    **dict.fromkeys(("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"), Kind.BYTES),
    "date": Kind.DATE,
    "time": Kind.TIME,
    "datetime": Kind.TIMESTAMP,
    "timestamp": Kind.INSTANT,
    "uuid": Kind.UUID,
    "json": Kind.JSON,
}
_GEOMETRIES: Final = frozenset(
    {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"}
    | {"geomcollection", "geometrycollection"}
)
# Types of the engine's own with a text that others would write too.
_LABELLED: Final = frozenset({"enum", "set"})
_STANDARD: Final = frozenset({"enum", "set", "inet4", "inet6"})
# Those that are handed out as text by themselves, and those that have none: they are written as what they are kept as.
_OWN_TEXT: Final = frozenset({"inet4", "inet6"})
_LOBS: Final = frozenset(
    {"tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob", "longblob", "json"}
)
# Every text in these is UTF-8 as it is stored.
_UTF8: Final = frozenset({"utf8mb4", "utf8mb3", "utf8"})
# Every text in these is told whole; of the others the server may keep bytes that are none, as 80 in ascii.
_ENTIRE: Final = _UTF8 | {"latin1"}
# Every text in these has one form alone. What is none in Unicode, as half of a pair in ucs2, not every server can tell.
_WIDE: Final = frozenset({"ucs2", "utf16", "utf16le", "utf32"})
_FRACTION: Final = re.compile(r"\((\d)\)")
_BYTE_ORDER: Final = frozenset({"utf8mb4_0900_bin", "utf8mb4_nopad_bin"})
"""Collations in which texts stand in the order of their bytes in UTF-8, trailing spaces included.

Not those of utf8mb3: the server refuses to compare such a column with a text that has characters of four bytes.
"""


@dataclass(frozen=True)
class Described:
    """A column as the catalog has it. `octets`: of a string, the most that fits; `scale`: of a decimal number.

    `json`: whether it is a text that is checked to be JSON, which is what MariaDB calls JSON.
    """

    name: str
    data_type: str
    column_type: str
    charset: str | None = None
    collation: str | None = None
    octets: int | None = None
    scale: int | None = None
    not_null: bool = False
    json: bool = False

    @property
    def quoted(self) -> str:
        """Its name as it stands in a statement."""
        return quoted(self.name)

    @property
    def type(self) -> ColumnType:
        """What it holds."""
        if self.data_type in _GEOMETRIES:
            return ColumnType(Kind.OTHER, "geometry", lob=True)
        lob = self.data_type in _LOBS
        if self.json:
            return ColumnType(Kind.JSON, "json", lob=True)
        if self.data_type == "json":
            # Not kept as it was written: its length is no other engine's.
            return ColumnType(Kind.JSON, "json in MySQL's own form", lob=True)
        kind = _KINDS.get(self.data_type, Kind.OTHER)
        if kind is Kind.OTHER:
            standard, labelled = self.data_type in _STANDARD, self.data_type in _LABELLED
            return ColumnType(kind, self.data_type, standard_text=standard, labelled=labelled)
        return ColumnType(kind, self.column_type, lob)

    @property
    def unsigned(self) -> bool:
        """Of a column of whole numbers, whether it has none below 0."""
        return "unsigned" in self.column_type or self.data_type == "bit"

    @property
    def fraction(self) -> int:
        """Of a column of moments or times, how many digits of a second it keeps."""
        digits = _FRACTION.search(self.column_type)
        return int(digits[1]) if digits else 0

    @property
    def always_uuid(self) -> bool:
        """Whether its values are 16 bytes, all of them."""
        return self.data_type == "binary" and self.octets == 16

    @property
    def byte_ordered(self) -> bool:
        """Whether its own order, which an index has, is that of the bytes of its texts."""
        return self.collation in _BYTE_ORDER

    @property
    def partial(self) -> bool:
        """Whether it may hold bytes that its character set has no character for."""
        return self.charset is not None and self.charset not in _ENTIRE


def quoted(name: str) -> str:
    """A name as it stands in a statement."""
    return "`" + name.replace("`", "``") + "`"


def selected(column: Described) -> str:
    """What hands out its values, whatever kind they are written as: text in UTF-8, a type without a text in digits.

    Not so a geometry, whose digits may be more than the server takes at once: it would hand out NULL instead.
    """
    kind = column.type.kind
    if kind is Kind.OTHER and column.data_type not in _STANDARD | _GEOMETRIES:
        return f"HEX({column.quoted})"
    if column.data_type in _OWN_TEXT or column.charset is None or column.charset == "utf8mb4":
        return column.quoted
    if column.charset in _UTF8:
        # As bytes, or the server would look through them, and write what it takes for no text as question marks.
        return f"CONVERT({column.quoted} USING binary)"
    return _whole(column) if column.partial else _converted(column)


def _converted(column: Described) -> str:
    """Its texts in utf8mb4; what has no place there is lost: it becomes question marks, or where the text ends."""
    return f"CONVERT({column.quoted} USING utf8mb4)"


def _whole(column: Described) -> str:
    """Its texts as their bytes in UTF-8; what is no text is never a question mark, as the server would write it.

    It is the byte FF, which no text in UTF-8 has, the name of the character set, and the bytes as they are kept.
    """
    # Not cast to BINARY: of more than the server takes at once that makes NULL.
    kept = f"CONVERT({column.quoted} USING binary)"
    text = _converted(column)
    said = f"CONVERT({text} USING binary)"
    if column.charset in _WIDE:
        lost = f"CONVERT(CONVERT({text} USING {column.charset}) USING binary) <> {kept}"
    else:
        # MariaDB writes a question mark for a byte that is no text; MySQL does so, or lets the text end before it.
        more = " <> ".join(f"LENGTH({each}) - LENGTH(REPLACE({each}, '?', ''))" for each in (said, kept))
        lost = f"LOCATE('?', {said}) AND {more} OR CHAR_LENGTH({text}) <> CHAR_LENGTH({column.quoted})"
    return f"IF({lost}, CONCAT(X'FF', '{column.charset} ', {kept}), {said})"


def selected_as(column: Described, kind: Kind) -> str:
    """What hands out its values as that kind."""
    if kind is Kind.LABELS:
        return _labels(column)
    return f"OCTET_LENGTH({selected(column)})" if kind is Kind.LENGTH else selected(column)


def decoded_as(column: Described, kind: Kind) -> Kind:
    """As what its values come over the wire, if they are written as that kind."""
    if kind is Kind.LENGTH:
        return Kind.INTEGER
    if kind is Kind.LABELS:
        return Kind.TEXT
    return Kind.BYTES if column.data_type in _GEOMETRIES else kind


def ordered(column: Described, kind: Kind) -> str:  # noqa: PLR0911 (one for each kind)
    """What puts its values into the order of the cells that they are written as, and what they are compared by.

    It is the column itself, whose index then serves, where its own order is that one.
    """
    name, own = column.quoted, column.type.kind
    if kind is Kind.LABELS:
        return _labels(column)
    if own is Kind.UUID:
        return f"CAST(CAST({name} AS CHAR) AS BINARY)"
    if own is Kind.DOUBLE and kind is Kind.SINGLE:
        return f"CAST({name} AS FLOAT)"
    if column.data_type == "year":
        return f"({name} + 0)"  # Compared with a number of two digits, a year takes it for one of this century.
    if own is Kind.OTHER:
        return in_bytes(column) if column.data_type in _STANDARD else selected(column)
    if kind is Kind.UUID:
        return _uuid_in(column)
    if own not in {Kind.TEXT, Kind.JSON}:
        return name
    return name if column.byte_ordered else in_bytes(column)


def _labels(column: Described) -> str:
    """The bytes in UTF-8 of the labels of an ENUM or a SET, as another one's can be compared with them."""
    if column.data_type == "enum":
        return labels.of_enum(column.quoted, in_bytes(column))
    found = labels.of_set(column.quoted, selected(column), column.column_type)
    if found is None or column.partial:
        return found or in_bytes(column)
    return f"CAST(CONVERT({found} USING utf8mb4) AS BINARY)"


def _uuid_in(column: Described) -> str:
    """The tag and the body of the cell of a text, or of bytes, as a UUID; what is none comes behind all that are."""
    if column.type.kind is Kind.BYTES:
        whole = f"CONCAT(IF(OCTET_LENGTH({column.quoted}) = 16, X'06', X'0962'), {column.quoted})"
        return column.quoted if column.always_uuid else whole
    digits = selected(column)
    for character in "{}-":
        digits = f"REPLACE({digits}, '{character}', '')"
    text = column.quoted if column.charset == "utf8mb4" else _converted(column)  # MySQL has no patterns of bytes
    groups = "([0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4}"
    # A line feed may follow what a pattern takes for the end.
    is_one = f"CHAR_LENGTH({digits}) = 32 AND ({text} REGEXP '^{groups}$' OR {text} REGEXP '^[{{]{groups}[}}]$')"
    return f"IF({is_one}, CONCAT(X'06', UNHEX({digits})), CONCAT(X'0974', {in_bytes(column)}))"


def raw_uuid(column: Described, kind: Kind) -> bool:
    """Whether it hands out a UUID as its 16 bytes."""
    return kind is Kind.UUID and column.type.kind is Kind.BYTES


def in_bytes(column: Described) -> str:
    """The bytes of its texts in UTF-8, which any bytes can be compared with."""
    if column.charset in _UTF8:
        return f"CAST({column.quoted} AS BINARY)"
    # Those of a column that may hold other bytes too are handed out as bytes.
    return selected(column) if column.partial else f"CAST(CONVERT({selected(column)} USING utf8mb4) AS BINARY)"
