"""Data-level comparisons on the wire: which of their pages there are, and finding something in them."""

from pathlib import Path
from typing import Any

import pytest

from functions.comparer.core.results import DatabaseContents, DatabaseLines, DataResult
from functions.comparer.tasks.store import Level
from tests.comparer.findings import contents_table, keep_contents, keep_lines, lines_table, store_of, task
from tests.comparer.on_the_wire import PAGES, get, play_between
from tests.comparer.served import JOB, Comparer, refusal


def test_filters_find_tables_by_result_kind_database_and_name(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        reports = [DatabaseLines("d", "e", DataResult.INCONSISTENT), DatabaseLines("x", "x", DataResult.CONSISTENT)]
        reports[0].tables += [
            lines_table("Orders", 1, 2, DataResult.INCONSISTENT),
            lines_table("orders_old", 1, 1, DataResult.CONSISTENT),
            lines_table("odd", None, None, DataResult.CAN_NOT_COMPARE),
        ]
        reports[1].tables += [lines_table("orders", 1, 1, DataResult.CONSISTENT)]
        kept = keep_lines(store_of(comparer), task("lines"), reports)

        async def names(**query: Any) -> list[str]:
            detail = await get(comparer, kept.id, "line-detail", **query)
            found = [info["source_table_name"] for info in detail["table_line_compare_result_infos"]]
            assert detail["total_count"] == len(found)
            return found

        assert await names() == ["Orders", "orders_old", "odd", "orders"]
        assert await names(status=0) == ["Orders"]
        assert await names(status=2) == ["orders_old", "orders"]
        assert await names(status=4) == await names(type="unCompare") == ["odd"]
        assert await names(type="compare", db_name="d") == ["Orders", "orders_old"]
        assert await names(db_name="d", query_tb_name="ORDER") == ["Orders", "orders_old"]
        assert await names(target_db_name="e", query_tb_name="old") == ["orders_old"]
        assert await names(db_name="nowhere") == await names(db_name="d", target_db_name="x") == []
        assert await names(status="", type="", db_name="", target_db_name="", query_tb_name="") == await names()
        for status, databases in ((0, ["d"]), (2, ["x"]), (22, [])):
            overview = await get(comparer, kept.id, "line-overview", status=status)
            found = [info["source_db_name"] for info in overview["data_compare_overview_infos"]]
            assert (found, overview["total_count"]) == (databases, len(databases))

    play_between(pair, steps)


BAD_QUERIES = {
    "limit 0": ({"limit": "0"}, "DRS.M00202", "limit"),
    "limit 1001": ({"limit": "1001"}, "DRS.M00202", "limit"),
    "limit -1": ({"limit": "-1"}, "DRS.M00202", "limit"),
    "limit text": ({"limit": "ten"}, "DRS.M00202", "limit"),
    "offset -1": ({"offset": "-1"}, "DRS.M00202", "offset"),
    "offset text": ({"offset": "1.0"}, "DRS.M00202", "offset"),
}


@pytest.mark.parametrize(("query", "code", "named"), BAD_QUERIES.values(), ids=BAD_QUERIES.keys())
def test_a_page_out_of_range_is_refused_everywhere(
    pair: tuple[Path, Path], query: dict[str, str], code: str, named: str
) -> None:
    async def steps(comparer: Comparer) -> None:
        lines, contents = task("lines"), task("contents")
        store_of(comparer).add(lines, contents)
        for page in PAGES:
            task_id = (lines if page.startswith("line") else contents).id
            names = {"db_name": "d", "table_name": "t"}
            reply = await comparer.ask("GET", f"/{JOB}/compare/{task_id}/{page}", params={**names, **query})
            assert refusal(reply) == (400, code)
            assert named in reply.body["error_msg"]

    play_between(pair, steps)


@pytest.mark.parametrize(
    ("page", "query", "code", "named"),
    [
        ("line-overview", {"status": "ok"}, "DRS.M00202", "status"),
        ("line-overview", {"status": "1"}, "DRS.M00202", "status"),
        ("line-detail", {"status": "-2"}, "DRS.M00202", "status"),
        ("line-detail", {"type": "uncompare"}, "DRS.M00202", "type is invalid: allowed: compare, unCompare"),
        ("content-detail", {"type": "all"}, "DRS.M00202", "type"),
        ("content-difference", {"db_name": "d"}, "DRS.M00201", "table_name"),
        ("content-difference", {"table_name": "t"}, "DRS.M00201", "db_name"),
        ("content-difference", {"table_name": "nowhere", "db_name": "d"}, "DRS.M00202", "table_name"),
        ("content-difference", {"table_name": "t", "db_name": "nowhere"}, "DRS.M00202", "table_name"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(
    pair: tuple[Path, Path], page: str, query: dict[str, str], code: str, named: str
) -> None:
    async def steps(comparer: Comparer) -> None:
        report = DatabaseContents("d", "d", DataResult.CONSISTENT, [contents_table("t")])
        contents = keep_contents(store_of(comparer), task("contents"), [report])
        lines = keep_lines(store_of(comparer), task("lines"), [])
        task_id = (lines if page.startswith("line") else contents).id
        reply = await comparer.ask("GET", f"/{JOB}/compare/{task_id}/{page}", params=query)
        assert refusal(reply) == (400, code)
        assert named in reply.body["error_msg"]

    play_between(pair, steps)


@pytest.mark.parametrize("page", PAGES)
def test_only_the_jobs_own_comparisons_of_the_level_have_pages(pair: tuple[Path, Path], page: str) -> None:
    async def steps(comparer: Comparer) -> None:
        levels: tuple[Level, Level] = ("lines", "contents")
        right, wrong = levels if page.startswith("line") else levels[::-1]
        others = [task(wrong), task("objects"), task(right, job_id="another")]
        store_of(comparer).add(*others)
        names = {"db_name": "d", "table_name": "t"}
        for task_id in (*(other.id for other in others), "nowhere"):
            reply = await comparer.ask("GET", f"/{JOB}/compare/{task_id}/{page}", params=names)
            assert refusal(reply) == (400, "DRS.M00202")
            assert "compare_job_id" in reply.body["error_msg"]
        reply = await comparer.ask("GET", f"/nowhere/compare/{others[0].id}/{page}", params=names)
        assert refusal(reply) == (400, "DRS.10000010")

    play_between(pair, steps)


def test_a_comparison_that_has_not_begun_has_empty_pages(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        waiting = {level: task(level, "WAITING_FOR_RUNNING") for level in ("lines", "contents")}
        store_of(comparer).add(*waiting.values())
        for page in PAGES:
            task_id = waiting["lines" if page.startswith("line") else "contents"].id
            found = await get(comparer, task_id, page, db_name="d", table_name="t")
            (count,) = (found[name] for name in ("total_count", "count") if name in found)
            assert count == 0
            assert [value for value in found.values() if isinstance(value, list)] == [[]]

    play_between(pair, steps)
