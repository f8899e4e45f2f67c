"""What is in an exported file: just what the API says."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl.utils.escape import unescape  # type: ignore[import-untyped]  # the same

from functions.comparer.core.results import DatabaseContents, DataResult
from functions.comparer.export.workbook import shown
from tests.comparer.exported import Sheets, file_of, play
from tests.comparer.findings import changed, contents_table, keep_contents, store_of, task
from tests.comparer.served import (
    EPOCH,
    JOB,
    Clock,
    Comparer,
    config_for,
    make_database,
    rows,
    served,
)

NASTY = [
    "=1+1", "+1", "-1", "@SUM(A1)", "a.b`c", 'say "hi"', "tab\tline\nreturn\rend", "bell\x07\x1b[31m", "_x0041_",
    "😀é中", "'quoted'", "http://example.com", "12345678901234567890", "TRUE", " spaces ", "%s{0}\\x07",
]  # fmt: skip


@pytest.mark.parametrize("status", ["CANCELLED", "FAILED", "TIMEOUT_INTERRUPT"])
def test_what_an_unfinished_comparison_found_is_in_its_file(tmp_path: Path, status: str) -> None:
    async def steps(comparer: Comparer) -> None:
        report = DatabaseContents("d", "d", DataResult.COMPARING)
        report.tables = [
            contents_table("done", DataResult.INCONSISTENT, changed=1, kept=1),
            contents_table("now", DataResult.COMPARING, rows_read=3),
            contents_table("odd", DataResult.CAN_NOT_COMPARE, message="no common column"),
        ]
        kept = task("contents", status, error="why", scope={"d": None, "next": ["t"]})
        keep_contents(store_of(comparer), kept, [report], {("d", "done"): [changed(1)]})
        sheets = await file_of(comparer, "contents", kept.id)
        summary = sheets["summary"]
        assert ("status", status) in summary
        assert ("what the task says", "why") in summary
        assert [value for what, value in summary if what == "not compared"] == [
            "objects other than tables",
            f"database d: not finished ({status})",
            f"table d.now: not finished ({status})",
            "table d.odd: no common column",
            f"database next: not finished ({status})",
            f"table next.t: not finished ({status})",
        ]
        assert len(sheets["differences"]) == 2

    play(tmp_path, steps)


def test_the_file_of_a_value_comparison_holds_what_the_api_says(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    source, target = tmp_path / "nasty.db", tmp_path / "b/nasty.db"
    for number, name in enumerate(NASTY):
        quoted = '"' + name.replace('"', '""') + '"'
        make_database(source, f"CREATE TABLE {quoted} (id TEXT PRIMARY KEY NOT NULL, v)")
        make_database(target, f"CREATE TABLE {quoted} (id TEXT PRIMARY KEY NOT NULL, v)")
        value = "'" + name.replace("'", "''") + "'"
        for path, rest in ((source, "1"), (target, "2")):
            make_database(path, f"INSERT INTO {quoted} VALUES ({value}, {rest}), ('{number}{rest}', 0), ('same', 9)")

    async def journey() -> None:
        async with served(config_for(source, target)) as comparer:
            created = await comparer.ask(
                "POST", f"/{JOB}/table/compare", {"type": "contents", "compare_mode": "quick_comparison"}
            )
            task_id = created.body["id"]
            await comparer.service.settle()
            sheets = await file_of(comparer, "contents", task_id)
            await same_as_api(comparer, task_id, sheets)

    asyncio.run(journey())


async def same_as_api(comparer: Comparer, task_id: str, sheets: Sheets) -> None:
    def cells(sheet: str, *columns: str) -> list[tuple[Any, ...]]:
        header, *found = sheets[sheet]
        places = [header.index(column) for column in columns]
        return [tuple(_read(row[place]) for place in places) for row in found]

    path = f"/{JOB}/compare/{task_id}"
    tables = (await comparer.ask("GET", f"{path}/content-detail")).body["content_compare_result_infos"]
    assert {table["source_table_name"] for table in tables} == set(NASTY)
    assert cells("tables", "table", "source rows", "target rows", "difference") == [
        (shown(t["source_table_name"]), t["source_row_num"], t["target_row_num"], t["difference_row_num"])
        for t in tables
    ]
    expected = []
    for table in tables:
        query = {"db_name": "nasty", "table_name": table["source_table_name"]}
        rows_of = (await comparer.ask("GET", f"{path}/content-difference", params=query)).body["contents_infos"]
        assert len(rows_of) == 3
        expected += [
            (
                shown(table["source_table_name"]),
                _json(row.get("source_key_value")),
                _json(row.get("target_key_value")),
                None if "select_sql" not in row else shown(row["select_sql"]),
                None if "target_select_sql" not in row else shown(row["target_select_sql"]),
            )
            for row in rows_of
        ]
    columns = ("table", "source key", "target key", "source statement", "target statement")
    assert cells("differences", *columns) == expected
    assert set(cells("differences", "difference")) == {
        ("changed",),
        ("missing in the target",),
        ("only in the target",),
    }
    summary: dict[str, Any] = dict(sheets["summary"])
    assert (summary["tables"], summary["rows that differ"]) == (len(NASTY), 3 * len(NASTY))
    assert (summary["rows of the source"], summary["of them in this file"]) == (3 * len(NASTY), 3 * len(NASTY))
    assert summary["ended (UTC)"] == datetime.fromtimestamp(EPOCH, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(cell: Any) -> Any:
    return unescape(cell) if isinstance(cell, str) else cell


def _json(key: list[str] | None) -> str | None:
    return None if key is None else shown(json.dumps(key, ensure_ascii=False))


def test_the_file_of_a_row_comparison_holds_what_the_api_says(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    source = make_database(tmp_path / "d.db", *rows("a", 3), *rows("b", 1), *rows("c", 0))
    target = make_database(tmp_path / "b/d.db", *rows("a", 5), *rows("b", 1))

    async def journey() -> None:
        async with served(config_for(source, target), clock=Clock()) as comparer:
            created = await comparer.create_lines()
            task_id = created.body["data_level_compare_create_result"]["compare_task_id"]
            await comparer.service.settle()
            sheets = await file_of(comparer, "lines", task_id)
            assert list(sheets) == ["summary", "databases", "tables"]
            assert sheets["tables"][1:] == [
                ("d", "d", "a", "INCONSISTENT", 3, 5, 2, None),
                ("d", "d", "b", "CONSISTENT", 1, 1, 0, None),
                ("d", "d", "c", "INCONSISTENT", 0, 0, 0, "The table is missing in the target."),
            ]
            assert sheets["databases"][1:] == [("d", "d", "INCONSISTENT", 3, 3, 2, 0, None)]

    asyncio.run(journey())


def test_the_file_of_an_object_comparison_has_a_sheet_for_each_type(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    source = make_database(tmp_path / "d.db", *rows("=t", 1), 'CREATE INDEX "+i" ON "=t" (id)')
    target = make_database(tmp_path / "b/d.db", *rows("=t", 1))

    async def journey() -> None:
        async with served(config_for(source, target)) as comparer:
            await comparer.create(object_level_compare_type="objects")
            await comparer.service.settle()
            sheets = await file_of(comparer, "objects_comparison")
            overview = await comparer.overview()
            words = {0: "INCONSISTENT", 2: "CONSISTENT"}
            assert [row[:3] + row[4:] for row in sheets["types"][1:]] == [
                (e["type"], e["source_count"], e["target_count"], words[e["status"]])
                for e in overview["compare_result"]
            ]
            for entry in overview["compare_result"]:
                detail = await comparer.ask("GET", f"/{JOB}/object/compare/{entry['type']}")
                fields = ("source_db_name", "target_db_name", "source_db_value", "target_db_value")
                assert sheets[entry["type"]][1:] == [
                    (*(d.get(name) for name in fields), words[d["status"]]) for d in detail.body["compare_detail"]
                ]
            assert ("objects that differ", 1) in sheets["summary"]

    asyncio.run(journey())
