"""Pages of every list, of any size, are together exactly the whole list, in the same order, each time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.comparer.core.results import DatabaseContents, DatabaseLines, DataResult, RowDifference
from functions.comparer.tasks.stored import TYPES, objects_part
from tests.comparer.findings import changed, contents_table, keep_contents, keep_lines, lines_table, store_of, task
from tests.comparer.served import JOB, Comparer, config_for, make_database, served

RESULTS = st.sampled_from([DataResult.CONSISTENT, DataResult.INCONSISTENT, DataResult.CAN_NOT_COMPARE])
# Of each database, the result of each table and how many of its rows differ.
FOUND = st.lists(st.lists(st.tuples(RESULTS, st.integers(0, 5)), max_size=4), max_size=4)
LIMITS = st.integers(1, 6)
WORDS = ("line", "content")
# The lists that a page of query-compare-result cuts, and where they are; a star is every entry.
CUT = (
    "line_compare_results/line_compare_overview",
    "line_compare_results/line_compare_details/*/line_compare_detail",
    "content_compare_results/content_compare_overview",
    "content_compare_results/content_compare_details/*/content_compare_detail",
    "content_compare_results/content_compare_details/*/content_uncompare_detail",
    "content_compare_results/content_compare_diffs/*/content_compare_diff",
    "object_level_compare_results/object_compare_details/TABLE",
    "compare_task_list_results/compare_task_list",
)


def play(tmp_path: Path, steps: Callable[[Comparer, Callable[[Awaitable[Any]], Any]], None]) -> None:
    """Hypothesis drives from a thread of its own; the requests run in the loop."""
    database = make_database(tmp_path / "d.db")

    async def journey() -> None:
        loop = asyncio.get_running_loop()

        def run(sent: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(sent, loop).result(60)

        async with served(config_for(database, database)) as comparer:
            await asyncio.to_thread(steps, comparer, run)

    asyncio.run(journey())


def keep(comparer: Comparer, found: Sequence[Sequence[tuple[DataResult, int]]]) -> dict[str, str]:
    """A comparison of each level that found this; its id."""
    store = store_of(comparer)
    lines = [DatabaseLines(f"d{d}", f"e{d % 2}", DataResult.INCONSISTENT) for d in range(len(found))]
    contents = [DatabaseContents(f"d{d}", f"e{d % 2}", DataResult.INCONSISTENT) for d in range(len(found))]
    differences: dict[tuple[str, str], list[RowDifference]] = {}
    for d, tables in enumerate(found):
        lines[d].tables += [lines_table(f"t{t}", 1, 1, result) for t, (result, _) in enumerate(tables)]
        contents[d].tables += [
            contents_table(f"t{t}", result, changed=count, kept=count) for t, (result, count) in enumerate(tables)
        ]
        differences |= {(f"d{d}", f"t{t}"): [changed(100 * t + n) for n in range(c)] for t, (_, c) in enumerate(tables)}
    objects = task("objects")
    store.add(objects)
    store.append(
        objects.id, TYPES, [{"type": "TABLE", "source": len(found), "target": 0, "result": 0, "differences": 0}]
    )
    names = {"source_db": "d", "target_db": "d", "target": None, "result": 0}
    store.append(objects.id, objects_part("TABLE"), [{**names, "source": f"t{n}"} for n in range(len(found))])
    return {
        "objects": objects.id,
        "lines": keep_lines(store, task("lines"), lines).id,
        "contents": keep_contents(store, task("contents"), contents, differences).id,
    }


def offset_lists(ids: dict[str, str], found: Sequence[Sequence[Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Every list with an offset, plain and filtered."""
    lines, contents = (f"/{JOB}/compare/{ids[level]}" for level in ("lines", "contents"))
    plain: dict[str, Any] = {}
    detail: list[dict[str, Any]] = [
        plain,
        {"type": "compare"},
        {"type": "unCompare"},
        {"db_name": "d1"},
        {"target_db_name": "e0"},
        {"query_tb_name": "1", "status": 2},
    ]
    difference: list[dict[str, Any]] = [
        {"db_name": f"d{d}", "table_name": f"t{t}"} for d, tables in enumerate(found) for t in range(len(tables))
    ]
    return [
        (f"/{JOB}/table/compare", plain),
        (f"/{JOB}/object/compare/TABLE", {"compare_job_id": ids["objects"]}),
        (f"{lines}/line-overview", plain),
        (f"{lines}/line-overview", {"status": 0}),
        (f"{contents}/content-overview", plain),
        *((f"{lines}/line-detail", query) for query in detail),
        *((f"{contents}/content-detail", query) for query in detail[:5]),
        *((f"{contents}/content-difference", query) for query in difference[:3]),
    ]


async def page_of(comparer: Comparer, path: str, query: dict[str, Any]) -> tuple[int, list[Any]]:
    """The count and the list of one page."""
    reply = await comparer.ask("GET", path, params=query)
    assert reply.status == 200, reply
    (items,) = (value for value in reply.body.values() if isinstance(value, list))
    return reply.body.get("total_count", reply.body.get("count")), items


async def all_pages(comparer: Comparer, path: str, query: dict[str, Any], limit: int) -> list[Any]:
    """As a client reads a list: until a page is empty."""
    gathered: list[Any] = []
    while True:
        _, page = await page_of(comparer, path, {**query, "limit": limit, "offset": len(gathered)})
        assert len(page) <= limit
        if not page:
            return gathered
        gathered += page


def test_pages_with_an_offset_are_complete_and_stable(tmp_path: Path) -> None:
    def steps(comparer: Comparer, run: Callable[[Awaitable[Any]], Any]) -> None:
        @settings(max_examples=15, deadline=None)
        @given(FOUND, LIMITS)
        def read(found: list[list[tuple[DataResult, int]]], limit: int) -> None:
            ids = keep(comparer, found)
            for path, query in offset_lists(ids, found):
                count, whole = run(page_of(comparer, path, query))
                assert count == len(whole)
                assert run(all_pages(comparer, path, query, limit)) == whole
                assert run(all_pages(comparer, path, query, 1000)) == whole

        read()

    play(tmp_path, steps)


def lists_of(body: Any, path: str, owner: str = "") -> dict[str, list[Any]]:
    """What is at a place of an answer, by whom it belongs to."""
    name, _, rest = path.partition("/")
    if name != "*":
        inner = {owner: body.get(name, [])}
    else:
        names = [f"{entry['source_db_name']}.{entry.get('source_table_name')}" for entry in body]
        inner = dict(zip(names, body, strict=True))
        assert len(inner) == len(body)
    if not rest:
        return inner
    return {key: found for who, entry in inner.items() for key, found in lists_of(entry, rest, who).items()}


async def all_numbered(comparer: Comparer, ids: dict[str, str], size: int) -> dict[str, dict[str, list[Any]]]:
    """All pages of query-compare-result until nothing more comes, joined list by list."""
    asked = {
        "object_level_compare_id": ids["objects"],
        "line_compare_id": ids["lines"],
        "content_compare_id": ids["contents"],
    }
    joined: dict[str, dict[str, list[Any]]] = {}
    number = 1
    while True:
        body = await comparer.results(number, size, **asked)
        found = {path: lists_of(body, path) for path in CUT}
        rows = found["content_compare_results/content_compare_diffs/*/content_compare_diff"]
        assert sum(map(len, rows.values())) <= size
        assert all(len(entries) <= size for lists in found.values() for entries in lists.values())
        if number == 1:
            assert all(len(body[f"{word}_compare_results"][f"{word}_compare_details"]) <= size for word in WORDS)
        for path, lists in found.items():
            for owner, entries in lists.items():
                joined.setdefault(path, {}).setdefault(owner, []).extend(entries)
        if not any(entries for lists in found.values() for entries in lists.values()):
            return joined
        number += 1


def test_pages_with_a_number_are_complete_and_stable_and_counts_are_totals(tmp_path: Path) -> None:
    def steps(comparer: Comparer, run: Callable[[Awaitable[Any]], Any]) -> None:
        @settings(max_examples=15, deadline=None)
        @given(FOUND, LIMITS)
        def read(found: list[list[tuple[DataResult, int]]], size: int) -> None:
            ids = keep(comparer, found)
            whole = run(all_numbered(comparer, ids, 1000))
            assert run(all_numbered(comparer, ids, size)) == whole
            kept = [count for tables in found for _, count in tables if count]
            diffs = whole.get("content_compare_results/content_compare_diffs/*/content_compare_diff", {})
            assert [len(rows) for rows in diffs.values()] == kept
            for number in (1, 2):
                body = run(comparer.results(number, size, content_compare_id=ids["contents"]))[
                    "content_compare_results"
                ]
                assert [table["content_compare_diff_count"] for table in body["content_compare_diffs"]] == kept
                assert body["content_compare_overview_count"] == len(found)
                for details in body["content_compare_details"]:
                    tables = found[int(details["source_db_name"].removeprefix("d"))]
                    others = sum(result is DataResult.CAN_NOT_COMPARE for result, _ in tables)
                    assert details["content_uncompare_detail_count"] == others
                    assert details["content_compare_detail_count"] == len(tables) - others

        read()

    play(tmp_path, steps)
