"""Shows what a comparison found, by name: from the `objects` and `data` of a finished event to lines.

`parity compare` may have counted rows and compared values too; then `contents` has the values.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from functions.local.rendering import DIM, Part, Screen
from functions.local.rendering_rows import RowRoom, show_rows, told_rows

_NAMED = (
    ("only_in_source", "only in source"),
    ("only_in_target", "only in target"),
    ("different", "differs"),
    ("not_compared", "not compared"),
)
_RESULTS: Mapping[str, tuple[str, str]] = {
    "consistent": ("same", "green"),
    "inconsistent": ("DIFFERENT", "bold red"),
    "incomplete": ("not compared", "bold yellow"),
}
_LEAST, _MOST = 18, 40
_MOST_UNCOMPARED = 3


def show_differences(
    screen: Screen, data: Mapping[str, Any], *, most: int | None = None, room: RowRoom | None = None
) -> None:
    """Write all levels, what differs by name: at most `most` names or tables of a kind, and rows as there is room."""
    room = room or RowRoom()
    objects, levels = data.get("objects"), [data[name] for name in ("data", "contents") if data.get(name)]
    names = [t["type"] for t in (objects or {}).get("types", [])]
    names += [_name(t) for level in levels for t in level.get("tables", [])]
    column = min(max([len(name) for name in names] + [_LEAST]), _MOST)
    if objects and objects["types"]:
        _head(screen, "objects", column)
        for kind in objects["types"]:
            _show_type(screen, kind, column, most)
        _omitted(screen, objects.get("types_omitted", 0), "object types")
    for level in levels:
        if level.get("tables") or level.get("databases"):
            _head(screen, {"lines": "rows", "contents": "values"}.get(level["level"], level["level"]), column)
            _show_tables(screen, level, column, most, room)
    room.show_left_out(screen)


def _head(screen: Screen, title: str, column: int) -> None:
    screen.line((f"  {title:<{column}} {'source':>9} {'target':>9}", DIM))


def _row(name: str, source: Any, target: Any, column: int) -> str:
    return f"  {name:<{column}} {_number(source):>9} {_number(target):>9}  "


def _show_type(screen: Screen, kind: Mapping[str, Any], column: int, most: int | None) -> None:
    screen.line(_row(kind["type"], kind["source_count"], kind["target_count"], column), _result(kind["result"]))
    for field, told in _NAMED:
        names = kind.get(field, ())
        # What could not be compared is usually everything, for one reason.
        shown = names[:_MOST_UNCOMPARED] if field == "not_compared" else names[:most]
        for name in shown:
            screen.line(f"    {told:<16}", (name, "bold"), hang=20)
        _omitted(screen, len(names) - len(shown), told)
    _omitted(screen, kind.get("omitted", 0), "names")


def _show_tables(screen: Screen, data: Mapping[str, Any], column: int, most: int | None, room: RowRoom) -> None:
    tables = data.get("tables", [])
    wrong = [t for t in tables if t["result"] != "consistent"]
    for table in wrong[:most]:
        _show_table(screen, table, column, _told(data["level"], table))
        show_rows(screen, table, room)
    told = {t["source_db"] for t in wrong}
    for database in data.get("databases", []):
        if database["result"] != "consistent" and database["source_db"] not in told:
            screen.line(_row(f"{database['source_db']} (database)", "", "", column), _result(database["result"]))
    if (omitted := data.get("tables_omitted", 0)) and data.get("totals"):
        _show_totals(screen, data["totals"])
        return
    _omitted(screen, len(wrong) - len(wrong[:most]) + omitted, "tables")
    same = len(tables) - len(wrong)
    if same:
        word = "other table" if wrong else "table"
        screen.line(f"  {same:,} {word}{'s' if same != 1 else ''}: ", ("same", "green"))


def _show_totals(screen: Screen, totals: Mapping[str, int]) -> None:
    """Where not every table is listed: how many there are in all, and how they are."""
    same = totals["compared"] - totals["inconsistent"]
    different, not_compared = totals["inconsistent"], totals["incomplete"]
    screen.line(
        f"  in all {totals['compared'] + not_compared:,} tables: ",
        (f"{same:,} same", "green"),
        f", {different:,} different, {not_compared:,} not compared",
        hang=4,
    )


def _show_table(screen: Screen, table: Mapping[str, Any], column: int, told: str) -> None:
    parts: Iterable[Part] = (
        _row(_name(table), table.get("source_rows"), table.get("target_rows"), column),
        _result(table["result"]),
        f"  {told[:1].lower()}{told[1:].rstrip('.')}" if told else "",
    )
    screen.line(*parts, hang=6)


def _told(level: str, table: Mapping[str, Any]) -> str:
    """What is wrong with a table, in a few words."""
    message = str(table.get("message") or "").removeprefix("The table is ")
    if level == "contents":
        return "; ".join(part for part in (told_rows(table), message) if part)
    return message or _gap(table.get("source_rows"), table.get("target_rows"))


def _gap(source: int | None, target: int | None) -> str:
    if source is None or target is None or source == target:
        return ""
    return f"{_number(abs(source - target))} {'fewer' if target < source else 'more'} in the target"


def _name(table: Mapping[str, Any]) -> str:
    return f"{table['source_db']}.{table['source_table']}"


def _result(result: str) -> Part:
    return _RESULTS.get(result, (result, "bold"))


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else "" if value == "" else "-"


def _omitted(screen: Screen, count: int, noun: str) -> None:
    if count:
        screen.line((f"    … and {count} more {noun}", DIM))
