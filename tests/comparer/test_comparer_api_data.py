"""Data-level comparisons on the wire: creating them, and starting what waits."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.comparer.findings import store_of, task
from tests.comparer.on_the_wire import CONTENTS, DATA, LATER, LINES, OBJECTS, Held, get, play_between
from tests.comparer.served import JOB, Comparer, make_database, refusal, rows


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

    play_between(pair, steps)


def test_a_parameter_that_is_there_twice_is_refused_and_named(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        for language, told in (
            ("en-us", "There are duplicate limit in request."),
            ("zh-cn", "请求中存在重复的limit。"),
        ):
            reply = await comparer.ask("GET", f"{DATA}?limit=1&limit=2", headers={"X-Language": language})
            assert refusal(reply) == (400, "DRS.M00301")
            assert reply.body["error_msg"] == told

    play_between(pair, steps)


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

    play_between((tmp_path / "s", tmp_path / "t"), steps)


def test_an_option_that_is_null_is_like_one_that_is_absent(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        reply = await comparer.ask("POST", DATA, {**CONTENTS, "options": {"contentCompareType": None}})
        assert reply.status == 200
        assert (await comparer.ask("GET", DATA)).body["compare_jobs"][0]["options"] == {}

    play_between(pair, steps)


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

    play_between(pair, steps)


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

    play_between((tmp_path / "s", tmp_path / "t"), steps, databases={"shop": "shop_v2"})


def test_a_start_that_no_time_can_say_does_not_make_the_list_fail(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        store_of(comparer).add(task("lines", "WAITING_FOR_RUNNING", start_at=253_402_351_199.0))
        assert (await comparer.ask("GET", DATA)).body["compare_jobs"][0]["start_time"] == "9999-12-31T23:59:59Z"

    play_between(pair, steps)


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

    play_between(pair, steps)


@pytest.mark.parametrize("unfinished", [LINES, {**CONTENTS, "start_time": LATER}])
def test_a_second_data_level_comparison_is_refused_as_long_as_one_is_unfinished(
    held: Held, unfinished: dict[str, Any]
) -> None:
    async def steps(comparer: Comparer) -> None:
        created = await comparer.ask("POST", DATA, unfinished)
        for body in (LINES, CONTENTS):
            assert refusal(await comparer.ask("POST", DATA, body)) == (400, "DRS.10000024")
        assert list(await comparer.statuses()) == [created.body["id"]]
        await comparer.ask("DELETE", f"/{JOB}/compare/{created.body['id']}")
        assert (await comparer.ask("POST", DATA, LINES)).status == 200

    play_between(held, steps)


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

    play_between(pair, steps)


def test_objects_are_not_compared_twice_at_once_where_no_id_could_tell_the_two_apart(pair: tuple[Path, Path]) -> None:
    async def steps(comparer: Comparer) -> None:
        store_of(comparer).add(task("objects", "WAITING_FOR_RUNNING"))
        assert refusal(await comparer.ask("POST", OBJECTS, {})) == (400, "DRS.10000024")
        assert len(await comparer.statuses()) == 1

    play_between(pair, steps)


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

    play_between(pair, steps, **job)


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

    play_between(pair, steps)


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

    play_between(pair, steps)
