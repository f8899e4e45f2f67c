"""Data-level comparisons on the wire: what the numbers of the details say."""

import asyncio
from pathlib import Path

import pytest

from functions.comparer.core.results import DatabaseContents, DataResult, RowDifference
from tests.comparer.findings import changed, contents_table, keep_contents, store_of, task
from tests.comparer.on_the_wire import CONTENTS, DATA, LATER, LINES, Held, get, play_between
from tests.comparer.served import JOB, Comparer, make_database, rows


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Pairs of databases, one for each number that can be had without damage."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    for folder in (here, there):
        make_database(folder / "equal.db", *rows("t", 2))
        make_database(folder / "nothing.db")
    make_database(here / "tables.db", *rows("different", 2), *rows("ours", 1), *rows("same", 1))
    make_database(there / "tables.db", *rows("different", 5), *rows("theirs", 0), *rows("same", 1))
    make_database(here / "only_here.db", *rows("t", 1))
    make_database(there / "only_there.db", *rows("t", 1))
    make_database(here / "emptied.db", *rows("t", 1))
    make_database(there / "emptied.db")
    make_database(here / "filled.db")
    make_database(there / "filled.db", *rows("t", 1))
    return here, there


@pytest.mark.parametrize("level", ["line", "content"])
def test_the_numbers_say_which_side_lacks_what(folders: tuple[Path, Path], level: str) -> None:
    async def steps(comparer: Comparer) -> None:
        created = await comparer.ask("POST", DATA, LINES if level == "line" else CONTENTS)
        await comparer.service.settle()
        overview = await get(comparer, created.body["id"], f"{level}-overview")
        infos = overview["data_compare_overview_infos" if level == "line" else "content_compare_result_infos"]
        assert overview["total_count"] == len(infos)
        name = "source_db_name" if level == "line" else "source_db"
        assert {info[name]: info["status"] for info in infos} == {
            "equal": 2,
            "nothing": 2,
            "tables": 0,
            "only_here": 22,
            "only_there": 21,
            "emptied": 9,
            "filled": 8,
        }
        (tables,) = [info for info in infos if info[name] == "tables"]
        assert (tables["compare_num"], tables["compare_end_num"]) == (4, 4)
        assert (tables["data_inconsistent_num"], tables["uncomparable_num"]) == (3, 0)

    play_between(folders, steps)


def test_the_numbers_of_tables_say_which_side_lacks_what(folders: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        asked = [{"db_name": "tables", "table_name": ["same", "different", "ours", "theirs", "nowhere"]}]
        scope = {"type": "lines", "compare_object": [*asked, {"db_name": "nowhere", "table_name": ["t"]}]}
        created = await comparer.ask("POST", DATA, scope)
        await comparer.service.settle()
        detail = await get(comparer, created.body["id"], "line-detail")
        numbers = ("source_table_name", "source_row_num", "target_row_num", "difference_row_num", "status")
        found = [tuple(info.get(name) for name in numbers) for info in detail["table_line_compare_result_infos"]]
        assert found[:5] == [
            ("same", 1, 1, 0, 2),
            ("different", 2, 5, 3, 0),
            ("ours", 1, 0, 1, 12),
            ("theirs", 0, 0, 0, 11),
            ("nowhere", 0, 0, 0, 13),
        ]
        overview = await get(comparer, created.body["id"], "line-overview")
        assert [info["status"] for info in overview["data_compare_overview_infos"]] == [0, 20]

    play_between(folders, steps)


def test_two_databases_without_a_table_are_both_empty(tmp_path: Path) -> None:
    empty = make_database(tmp_path / "e.db")

    async def steps(comparer: Comparer) -> None:
        created = await comparer.ask("POST", DATA, LINES)
        await comparer.service.settle()
        (info,) = (await get(comparer, created.body["id"], "line-overview"))["data_compare_overview_infos"]
        assert info["status"] == 10

    play_between((empty, empty), steps)


def test_a_table_that_can_not_be_read_names_its_side(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    source = make_database(tmp_path / "d.db", *rows("t", 1))
    target = make_database(tmp_path / "b/d.db", *rows("u", 1))
    unknown = "INSERT INTO sqlite_master VALUES ('table', 't', 't', 0, 'CREATE VIRTUAL TABLE t USING nowhere(a)')"
    make_database(target, "PRAGMA writable_schema = ON", unknown)

    async def steps(comparer: Comparer) -> None:
        created = await comparer.ask("POST", DATA, LINES)
        await comparer.service.settle()
        only = {"type": "unCompare"}
        detail = await get(comparer, created.body["id"], "line-detail", **only)
        (info,) = detail["table_line_compare_result_infos"]
        assert (detail["total_count"], info["source_table_name"], info["status"]) == (1, "t", 19)
        compared = await get(comparer, created.body["id"], "line-detail", type="compare")
        names = [entry["source_table_name"] for entry in compared["table_line_compare_result_infos"]]
        assert names == ["u"]
        (database,) = (await get(comparer, created.body["id"], "line-overview"))["data_compare_overview_infos"]
        assert (database["compare_num"], database["uncomparable_num"]) == (2, 1)

    play_between((source, target), steps)


def test_what_is_asked_for_by_name_is_shown_before_it_has_been_compared(
    held: Held,
) -> None:
    async def steps(comparer: Comparer) -> None:
        scope = [{"db_name": "held", "table_name": ["done", "t"]}, {"db_name": "x"}]
        created = await comparer.ask("POST", DATA, {"type": "lines", "compare_object": scope, "start_time": LATER})
        task_id = created.body["id"]

        async def numbers() -> tuple[list[tuple[int, int]], list[int]]:
            infos = (await get(comparer, task_id, "line-overview"))["data_compare_overview_infos"]
            tables = (await get(comparer, task_id, "line-detail"))["table_line_compare_result_infos"]
            return [(i["status"], i["compare_num"]) for i in infos], [info["status"] for info in tables]

        assert await numbers() == ([(6, 2), (6, 0)], [6, 6])
        await comparer.ask("POST", f"{DATA}/{task_id}")
        await asyncio.to_thread(held[0].counting.wait, 30)
        assert await numbers() == ([(5, 2), (5, 0)], [6, 6])
        await comparer.ask("DELETE", f"/{JOB}/compare/{task_id}")
        assert {number for number, _ in (await numbers())[0]} == {7}
        await comparer.service.settle()
        assert {number for number, _ in (await numbers())[0]} == {7}

    play_between(held, steps)


@pytest.mark.parametrize(
    ("status", "database", "stage"),
    [("RUNNING", 5, 1), ("CANCELLED", 7, 4), ("TIMEOUT_INTERRUPT", 27, 4), ("FAILED", 4, 4)],
)
def test_values_show_how_far_they_are_and_where_they_stopped(
    pair: tuple[Path, Path], status: str, database: int, stage: int
) -> None:
    async def steps(comparer: Comparer) -> None:
        report = DatabaseContents("d", "e", DataResult.COMPARING)
        report.tables = [
            contents_table("done", DataResult.INCONSISTENT, changed=1, kept=1),
            contents_table("never", DataResult.CAN_NOT_COMPARE, message="no", source_rows=None, rows_total=0),
            contents_table("now", DataResult.COMPARING, extra=1, kept=1, rows_read=30_001, rows_total=100_000),
            contents_table("next", DataResult.WAITING, source_rows=None, target_rows=None, rows_read=0, rows_total=0),
        ]
        rows_of = {("d", name): [changed(1)] for name in ("done", "now")}
        kept = keep_contents(store_of(comparer), task("contents", status), [report], rows_of)
        (info,) = (await get(comparer, kept.id, "content-overview"))["content_compare_result_infos"]
        assert info == {
            "source_db": "d",
            "target_db": "e",
            "status": database,
            "compare_num": 4,
            "compare_end_num": 2,
            "data_inconsistent_num": 1,
            "uncomparable_num": 1,
        }
        infos = (await get(comparer, kept.id, "content-detail"))["content_compare_result_infos"]
        progress = ("status", "complete_shard_count", "total_shard_count", "progress", "content_compare_result")
        waiting = stage if stage == 4 else 3
        assert [tuple(i.get(name) for name in progress) for i in infos] == [
            (2, 1, 1, 100.0, False),
            (2, 1, 1, 100.0, None),
            (stage, 1, 5, 30.0, False),
            (waiting, 0, 1, 0.0, None),
        ]
        assert "line_compare_result" not in infos[2]
        # A found difference can be had while the task still runs.
        shown = await get(comparer, kept.id, "content-difference", db_name="d", table_name="now")
        assert (shown["count"], shown["source_meta_is_null"]) == (1, 1)

    play_between(pair, steps)


def test_a_table_whose_rows_have_all_been_read_is_not_done_before_they_are_sorted(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        report = DatabaseContents("d", "e", DataResult.COMPARING)
        report.tables = [contents_table("now", DataResult.COMPARING, rows_read=100_000, rows_total=100_000)]
        kept = keep_contents(store_of(comparer), task("contents", "RUNNING"), [report])
        (info,) = (await get(comparer, kept.id, "content-detail"))["content_compare_result_infos"]
        assert (info["status"], info["complete_shard_count"], info["total_shard_count"]) == (1, 4, 5)
        assert info["progress"] == 99.99

    play_between(pair, steps)


def test_every_field_of_a_compared_table_is_as_typed_as_the_page_says(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        created = await comparer.ask("POST", DATA, CONTENTS)
        await comparer.service.settle()
        same, different = (await get(comparer, created.body["id"], "content-detail"))["content_compare_result_infos"]
        common = {"source_db": "may_5", "target_db": "may_5", "status": 2, "progress": 100.0}
        shards = {"complete_shard_count": 1, "total_shard_count": 1}
        assert same == {
            **common,
            **shards,
            "source_table_name": "same",
            "target_table_name": "same",
            "source_row_num": 2,
            "target_row_num": 2,
            "difference_row_num": 0,
            "line_compare_result": True,
            "content_compare_result": True,
        }
        assert different == {
            **common,
            **shards,
            "source_table_name": "t",
            "target_table_name": "t",
            "source_row_num": 3,
            "target_row_num": 4,
            "difference_row_num": 4,
            "line_compare_result": False,
            "content_compare_result": False,
        }

    play_between(pair, steps)


def test_a_row_on_one_side_only_has_nothing_of_the_other(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        created = await comparer.ask("POST", DATA, CONTENTS)
        await comparer.service.settle()
        found = await get(comparer, created.body["id"], "content-difference", db_name="may_5", table_name="t")
        numbers = ("count", "target_meta_is_null", "source_meta_is_null", "source_target_meta_not_null")
        assert tuple(found[name] for name in numbers) == (4, 1, 2, 1)
        by_key = {
            str(entry.get("source_key_value") or entry["target_key_value"]): entry for entry in found["contents_infos"]
        }
        assert set(by_key) == {"['2']", "['3']", "['4']", "['5']"}
        assert set(by_key["['2']"]) == {"source_key_value", "target_key_value", "select_sql", "target_select_sql"}
        assert set(by_key["['3']"]) == {"source_key_value", "select_sql"}
        assert set(by_key["['4']"]) == {"target_key_value", "target_select_sql"}
        section = (await comparer.results(content_compare_id=created.body["id"]))["content_compare_results"]
        (table,) = section["content_compare_diffs"]
        assert table["content_compare_diff_count"] == 4
        renamed = [
            {("source_select_sql" if name == "select_sql" else name): value for name, value in entry.items()}
            for entry in found["contents_infos"]
        ]
        assert table["content_compare_diff"] == renamed

    play_between(pair, steps)


def test_a_null_in_a_key_is_a_null_and_an_empty_text_is_one(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        report = DatabaseContents("d", "d", DataResult.INCONSISTENT)
        report.tables = [contents_table("t", DataResult.INCONSISTENT, missing=1, kept=1, key=())]
        row = RowDifference("missing", (None, "", "1"), None, "SELECT 1", None)
        kept = keep_contents(store_of(comparer), task("contents"), [report], {("d", "t"): [row]})
        found = await get(comparer, kept.id, "content-difference", db_name="d", table_name="t")
        assert found["contents_infos"] == [{"source_key_value": [None, "", "1"], "select_sql": "SELECT 1"}]

    play_between(pair, steps)


def test_values_and_their_tables_are_told_in_words_too(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        report = DatabaseContents("d", "e", DataResult.INCONSISTENT)
        report.tables = [
            contents_table("a", DataResult.INCONSISTENT, changed=50_000, kept=2, message="kept"),
            contents_table("b", DataResult.CAN_NOT_COMPARE, message="no common column", source_rows=None),
            contents_table("c", target_rows=10),
        ]
        kept = keep_contents(store_of(comparer), task("contents"), [report], {("d", "a"): [changed(1), changed(2)]})
        section = (await comparer.results(content_compare_id=kept.id))["content_compare_results"]
        assert section["content_compare_overview"] == [
            {"source_db_name": "d", "target_db_name": "e", "content_compare_result": "INCONSISTENT"}
        ]
        (details,) = section["content_compare_details"]
        assert (details["content_compare_detail_count"], details["content_uncompare_detail_count"]) == (2, 1)
        first, second = details["content_compare_detail"]
        assert first == {
            "source_db_name": "d",
            "target_db_name": "e",
            "source_table_name": "a",
            "target_table_name": "a",
            "source_row_num": 10,
            "target_row_num": 10,
            "diff_row_num": 50_000,
            "line_compare_result": "CONSISTENT",
            "content_compare_result": "INCONSISTENT",
            "message": "kept",
        }
        assert (second["source_table_name"], second["content_compare_result"]) == ("c", "CONSISTENT")
        (other,) = details["content_uncompare_detail"]
        assert (other["source_table_name"], other["content_compare_result"]) == ("b", "CAN_NOT_COMPARE")
        assert other["message"] == "no common column"
        # Two of the fifty thousand are kept: two can be had.
        (rows_of,) = section["content_compare_diffs"]
        assert (rows_of["content_compare_diff_count"], len(rows_of["content_compare_diff"])) == (2, 2)

    play_between(pair, steps)
