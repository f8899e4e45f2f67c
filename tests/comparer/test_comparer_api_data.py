"""Data-level comparisons on the wire: creating and starting them, and what the numbers of the details say."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from functions.comparer.core.engine import Endpoint
from functions.comparer.core.results import DatabaseContents, DatabaseLines, DataResult, RowDifference
from functions.comparer.tasks.store import Level
from tests.comparer.findings import changed, contents_table, keep_contents, keep_lines, lines_table, store_of, task
from tests.comparer.served import EPOCH, JOB, Comparer, HeldEndpoint, Reply, config_for, make_database, rows, served

CONTENTS: dict[str, Any] = {"type": "contents", "compare_mode": "quick_comparison"}
LINES: dict[str, Any] = {"type": "lines", "compare_mode": "quick_comparison"}
DATA = f"/{JOB}/table/compare"
OBJECTS = f"/{JOB}/object/compare"
LATER = str(int(EPOCH * 1000) + 3_600_000)
PAGES = ["line-overview", "line-detail", "content-overview", "content-detail", "content-difference"]


def play(
    ends: tuple[Endpoint | Path, Endpoint | Path], steps: Callable[[Comparer], Awaitable[None]], **job: Any
) -> None:
    async def journey() -> None:
        async with served(config_for(*ends, **job)) as comparer:
            await steps(comparer)

    asyncio.run(journey())


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "b").mkdir()
    source = make_database(tmp_path / "may_5.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, v)", *rows("same", 2))
    target = make_database(tmp_path / "b/may_5.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, v)", *rows("same", 2))
    make_database(source, "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    make_database(target, "INSERT INTO t VALUES (1, 'a'), (2, 'x'), (4, 'd'), (5, 'e')")
    return source, target


@pytest.fixture
def held() -> tuple[HeldEndpoint, HeldEndpoint]:
    endpoint = HeldEndpoint()
    return endpoint, endpoint


def refusal(reply: Reply) -> tuple[int, str]:
    assert reply.body["error_msg"]
    return reply.status, reply.body["error_code"]


async def get(comparer: Comparer, task_id: str, page: str, **query: Any) -> Any:
    reply = await comparer.ask("GET", f"/{JOB}/compare/{task_id}/{page}", params=query)
    assert reply.status == 200, reply
    return reply.body


# --- creating


@pytest.mark.parametrize(
    "body",
    [
        {"type": "lines", "compare_object": [{"db_name": "may_5"}], "options": {"comparePolicy": "normal"}},
        {"type": "contents", "compare_mode": "quick_comparison", "options": {"contentCompareType": "static"}},
        {"type": "lines", "compare_object": [{"db_name": "may_5", "table_name": ["same"]}] * 5_000},
        {"type": "contents", "compare_object": [{"db_name": "may_5", "table_name": ["t", "same"]}], "start_time": ""},
    ],
)
def test_a_data_level_comparison_is_created_by_job_and_listed_with_its_options(
    pair: tuple[Path, Path], body: dict[str, Any]
) -> None:
    async def steps(comparer: Comparer) -> None:
        created = await comparer.ask("POST", DATA, {**body, "compare_task_num": 4})
        assert (created.status, set(created.body)) == (200, {"id"})
        await comparer.service.settle()
        (listed,) = (await comparer.ask("GET", DATA)).body["compare_jobs"]
        assert listed == {
            "id": created.body["id"],
            "type": body["type"],
            "options": body.get("options", {}),
            "start_time": "2027-01-15T08:00:00Z",
            "end_time": "2027-01-15T08:00:00Z",
            "status": "SUCCESSFUL",
            "export_status": "INIT",
            "report_remain_seconds": -1,
        }

    play(pair, steps)


def test_a_parameter_that_is_there_twice_is_refused_and_named(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        for language, told in (
            ("en-us", "There are duplicate limit in request."),
            ("zh-cn", "请求中存在重复的limit。"),
        ):
            reply = await comparer.ask("GET", f"{DATA}?limit=1&limit=2", headers={"X-Language": language})
            assert refusal(reply) == (400, "DRS.M00301")
            assert reply.body["error_msg"] == told

    play(pair, steps)


def test_a_file_whose_name_is_no_text_is_compared_under_a_name_that_json_can_hold(tmp_path: Path) -> None:
    for side, count in (("s", 2), ("t", 3)):
        (tmp_path / side).mkdir()
        made = make_database(tmp_path / side / "ok.db", *rows("t", count))
        (tmp_path / side / os.fsdecode(b"\xff.db")).write_bytes(made.read_bytes())
    (tmp_path / "t" / os.fsdecode(b"\xfe.db")).write_text("no database at all, but of some length" * 10)

    async def steps(comparer: Comparer) -> None:
        for level, word in (("lines", "line"), ("contents", "content")):
            body = {"type": level, "compare_mode": "quick_comparison"}
            task_id = (await comparer.ask("POST", DATA, body)).body["id"]
            await comparer.service.settle()
            found = (await comparer.results(**{f"{word}_compare_id": task_id}))[f"{word}_compare_results"]
            assert "xfe.db: it is not a SQLite database" in found["error_msg"]
            assert {
                entry["source_db_name"]: entry[f"{word}_compare_result"] for entry in found[f"{word}_compare_overview"]
            } == {"\\xff": "INCONSISTENT", "ok": "INCONSISTENT", "\\xfe": "FAILED_TO_COMPARE"}
        await comparer.ask("POST", OBJECTS, {})
        await comparer.service.settle()
        assert (await comparer.ask("GET", f"{OBJECTS}/DB")).body["count"] == 3

    play((tmp_path / "s", tmp_path / "t"), steps)


def test_an_option_that_is_null_is_like_one_that_is_absent(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        reply = await comparer.ask("POST", DATA, {**CONTENTS, "options": {"contentCompareType": None}})
        assert reply.status == 200
        assert (await comparer.ask("GET", DATA)).body["compare_jobs"][0]["options"] == {}

    play(pair, steps)


def test_a_quick_comparison_is_of_every_table_whatever_else_is_named(pair: tuple[Path, Path]) -> None:
    objects = [{"db_name": "may_5", "table_name": ["same"]}]

    async def steps(comparer: Comparer) -> None:
        for path, body in (
            (DATA, {**LINES, "compare_object": objects}),
            (
                "/create-compare-task",
                {
                    "job_id": JOB,
                    "data_level_compare_info": {
                        "conflict_policy": "keep", "compare_type": "lines", "compare_mode": "quick_comparison",
                        "compare_object_infos": objects,
                    },
                },
            ),
        ):  # fmt: skip
            created = (await comparer.ask("POST", path, body)).body
            await comparer.service.settle()
            task_id = created.get("id") or created["data_level_compare_create_result"]["compare_task_id"]
            found = (await get(comparer, task_id, "line-detail"))["table_line_compare_result_infos"]
            assert [table["source_table_name"] for table in found] == ["same", "t"]

    play(pair, steps)


@pytest.mark.parametrize("level", ["lines", "contents"])
def test_a_database_of_the_target_alone_is_not_taken_for_the_mapped_one_of_its_name(tmp_path: Path, level: str) -> None:
    for side in ("s", "t"):
        (tmp_path / side).mkdir()
    table = "CREATE TABLE t (id INTEGER PRIMARY KEY, v)"
    make_database(tmp_path / "s/shop.db", table, "INSERT INTO t VALUES (1, 'a')")
    make_database(tmp_path / "t/shop_v2.db", table, "INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    make_database(tmp_path / "t/shop.db", table, "CREATE TABLE old (x)")
    word = "line" if level == "lines" else "content"

    async def tables(comparer: Comparer, **body: Any) -> dict[str, list[tuple[str, int]]]:
        task_id = (await comparer.ask("POST", DATA, {"type": level, **body})).body["id"]
        await comparer.service.settle()
        section = (await comparer.results(**{f"{word}_compare_id": task_id}))[f"{word}_compare_results"]
        found = section[f"{word}_compare_details"]
        shown = await get(comparer, task_id, f"{word}-overview")
        assert shown["total_count"] == len(found)
        listed = [entry[f"{word}_compare_detail"] for entry in found]
        return {
            entry["source_db_name"]: [(table["source_table_name"], table["target_row_num"]) for table in inside]
            for entry, inside in zip(found, listed, strict=True)
        }

    async def steps(comparer: Comparer) -> None:
        everything = {"shop": [("t", 2)], "shop (target)": [("old", 0), ("t", 0)]}
        assert await tables(comparer, compare_mode="quick_comparison") == everything
        for name, inside in everything.items():
            assert await tables(comparer, compare_object=[{"db_name": name}]) == {name: inside}

    play((tmp_path / "s", tmp_path / "t"), steps, databases={"shop": "shop_v2"})


def test_a_start_that_no_time_can_say_does_not_make_the_list_fail(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        store_of(comparer).add(task("lines", "WAITING_FOR_RUNNING", start_at=253_402_351_199.0))
        assert (await comparer.ask("GET", DATA)).body["compare_jobs"][0]["start_time"] == "9999-12-31T23:59:59Z"

    play(pair, steps)


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "no type": ({"compare_mode": "quick_comparison"}, "DRS.M00201", "type"),
    "unknown type": ({**LINES, "type": "rows"}, "DRS.M00202", "type"),
    "random": ({**LINES, "type": "random"}, "DRS.M00202", "random sampling is for GaussDB; allowed: contents, lines"),
    "unknown field": ({**LINES, "conflict_policy": "keep"}, "DRS.M00202", "conflict_policy"),
    "unknown mode": ({**LINES, "compare_mode": "slow"}, "DRS.M00202", "compare_mode"),
    "no objects": ({"type": "contents"}, "DRS.M00305", "compare_object"),
    "empty objects": ({"type": "lines", "compare_object": []}, "DRS.M00305", "compare_object"),
    "nameless": (
        {"type": "lines", "compare_object": [{"table_name": ["t"]}]},
        "DRS.M00201",
        "compare_object.0.db_name",
    ),
    "start": ({**LINES, "start_time": "soon"}, "DRS.M00202", "start_time"),
    "far start": ({**LINES, "start_time": "9999-12-31T23:59:59-14:00"}, "DRS.M00202", "2286-11-20T17:46:39Z"),
    "many names": (
        {"type": "lines", "compare_object": [{"db_name": "d", "table_name": ["t"] * 10_000}]},
        "DRS.M00305",
        "compare_object: it names 10,001 databases and tables; allowed: 10,000 together",
    ),
    "threads": ({**LINES, "compare_task_num": 0}, "DRS.M00202", "compare_task_num"),
    "tokens": ({"type": "lines", "compare_object_with_token": [{"db_name": "d"}]}, "DRS.M00202", "Cassandra"),
    "filter": ({**CONTENTS, "compare_transformation_infos": [{}]}, "DRS.M00202", "compare_transformation_infos"),
    "proportion": ({**CONTENTS, "proportion_value": 0.0}, "DRS.M00202", "proportion_value"),
    "dynamic": (
        {**CONTENTS, "options": {"contentCompareType": "dynamic"}},
        "DRS.M00202",
        "allowed for contents: contentCompareType=static",
    ),
    "lob": ({**CONTENTS, "options": {"lobCompare": "ignore"}}, "DRS.M00202", "options.lobCompare"),
    "many to one": ({**LINES, "options": {"comparePolicy": "manyToOne"}}, "DRS.M00202", "comparePolicy=normal"),
    "other level's": ({**LINES, "options": {"contentCompareType": "static"}}, "DRS.M00202", "contentCompareType"),
    "unknown option": ({**CONTENTS, "options": {"x": "y"}}, "DRS.M00202", "options.x"),
    "option not a text": ({**CONTENTS, "options": {"x": 1}}, "DRS.M00202", "options.x"),
}


@pytest.mark.parametrize(("body", "code", "named"), BAD.values(), ids=BAD.keys())
def test_what_can_not_be_done_is_refused_naming_the_field_in_both_languages(
    pair: tuple[Path, Path], body: dict[str, Any], code: str, named: str
) -> None:
    async def steps(comparer: Comparer) -> None:
        for language in ("en-us", "zh-cn"):
            reply = await comparer.ask("POST", DATA, body, headers={"X-Language": language})
            assert refusal(reply) == (400, code)
            # Names and what is allowed are the same in every language.
            assert named in reply.body["error_msg"]
        assert await comparer.statuses() == {}

    play(pair, steps)


@pytest.mark.parametrize("unfinished", [LINES, {**CONTENTS, "start_time": LATER}])
def test_a_second_data_level_comparison_is_refused_as_long_as_one_is_unfinished(
    held: tuple[HeldEndpoint, HeldEndpoint], unfinished: dict[str, Any]
) -> None:
    async def steps(comparer: Comparer) -> None:
        created = await comparer.ask("POST", DATA, unfinished)
        for body in (LINES, CONTENTS):
            assert refusal(await comparer.ask("POST", DATA, body)) == (400, "DRS.10000024")
        assert list(await comparer.statuses()) == [created.body["id"]]
        await comparer.ask("DELETE", f"/{JOB}/compare/{created.body['id']}")
        assert (await comparer.ask("POST", DATA, LINES)).status == 200

    play(held, steps)


def test_an_object_level_comparison_is_created_by_job_and_answers_202_without_an_id(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        seen = set()
        for body in ({"compare_task_num": 4}, {}, b""):
            reply = await comparer.ask("POST", OBJECTS, body)
            assert (reply.status, reply.body) == (202, {})
            await comparer.service.settle()
            overview = await comparer.overview()
            assert overview["status"] == "SUCCESSFUL"
            seen.add(overview["compare_job_id"])
        assert len(seen) == 3
        assert refusal(await comparer.ask("POST", OBJECTS, {"compare_task_num": "4"})) == (400, "DRS.M00202")

    play(pair, steps)


def test_objects_are_not_compared_twice_at_once_where_no_id_could_tell_the_two_apart(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        store_of(comparer).add(task("objects", "WAITING_FOR_RUNNING"))
        assert refusal(await comparer.ask("POST", OBJECTS, {})) == (400, "DRS.10000024")
        assert len(await comparer.statuses()) == 1

    play(pair, steps)


@pytest.mark.parametrize(
    ("job", "code"),
    [({"state": "FULL_TRANSFER_STARTED"}, "DRS.M00304"), ({"parent": True}, "DRS.M00307")],
    ids=["wrong state", "parent"],
)
@pytest.mark.parametrize(("path", "body"), [(DATA, CONTENTS), (OBJECTS, {})], ids=["data", "objects"])
def test_a_job_that_may_not_be_compared_is_refused(
    pair: tuple[Path, Path], path: str, body: dict[str, Any], job: dict[str, Any], code: str
) -> None:
    async def steps(comparer: Comparer) -> None:
        assert refusal(await comparer.ask("POST", path, body)) == (400, code)

    play(pair, steps, **job)


# --- starting promptly


def test_a_scheduled_comparison_starts_at_once_when_it_is_told_to(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        created = await comparer.ask("POST", DATA, {**CONTENTS, "start_time": LATER})
        await comparer.service.settle()
        assert await comparer.statuses() == {created.body["id"]: "WAITING_FOR_RUNNING"}
        started = await comparer.ask("POST", f"{DATA}/{created.body['id']}")
        assert (started.status, started.body) == (200, {})
        await comparer.service.settle()
        assert await comparer.statuses() == {created.body["id"]: "SUCCESSFUL"}
        again = await comparer.ask("POST", f"{DATA}/{created.body['id']}")
        assert refusal(again) == (400, "DRS.M00202")
        assert "the comparison is SUCCESSFUL; allowed: WAITING_FOR_RUNNING" in again.body["error_msg"]

    play(pair, steps)


def test_only_waiting_data_level_comparisons_of_the_job_start_promptly(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        others = [
            task("objects", "WAITING_FOR_RUNNING"),
            task("contents", "WAITING_FOR_RUNNING", job_id="another"),
            task("lines", "CANCELLED"),
        ]
        store_of(comparer).add(*others)
        for task_id in (*(other.id for other in others), "nowhere"):
            reply = await comparer.ask("POST", f"{DATA}/{task_id}")
            assert refusal(reply) == (400, "DRS.M00202")
            assert "jobId" in reply.body["error_msg"]
        assert refusal(await comparer.ask("POST", "/nowhere/table/compare/x")) == (400, "DRS.10000010")

    play(pair, steps)


# --- numbers


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

    play(folders, steps)


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

    play(folders, steps)


def test_two_databases_without_a_table_are_both_empty(tmp_path: Path) -> None:
    empty = make_database(tmp_path / "e.db")

    async def steps(comparer: Comparer) -> None:
        created = await comparer.ask("POST", DATA, LINES)
        await comparer.service.settle()
        (info,) = (await get(comparer, created.body["id"], "line-overview"))["data_compare_overview_infos"]
        assert info["status"] == 10

    play((empty, empty), steps)


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

    play((source, target), steps)


def test_what_is_asked_for_by_name_is_shown_before_it_has_been_compared(
    held: tuple[HeldEndpoint, HeldEndpoint],
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

    play(held, steps)


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

    play(pair, steps)


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

    play(pair, steps)


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

    play(pair, steps)


def test_a_null_in_a_key_is_a_null_and_an_empty_text_is_one(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        report = DatabaseContents("d", "d", DataResult.INCONSISTENT)
        report.tables = [contents_table("t", DataResult.INCONSISTENT, missing=1, kept=1, key=())]
        row = RowDifference("missing", (None, "", "1"), None, "SELECT 1", None)
        kept = keep_contents(store_of(comparer), task("contents"), [report], {("d", "t"): [row]})
        found = await get(comparer, kept.id, "content-difference", db_name="d", table_name="t")
        assert found["contents_infos"] == [{"source_key_value": [None, "", "1"], "select_sql": "SELECT 1"}]

    play(pair, steps)


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

    play(pair, steps)


# --- filters


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

    play(pair, steps)


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

    play(pair, steps)


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

    play(pair, steps)


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

    play(pair, steps)


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

    play(pair, steps)
