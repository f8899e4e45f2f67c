"""Values, from the webhook to the event, with our own comparison service over two real SQLite databases."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.drs.served_drs import Fault, Job
from tests.journeys.loop import travel
from tests.journeys.test_troubles import against
from tests.journeys.world import JOB, lines, over_sqlite

ALL: dict[str, Any] = lines(compare_type="contents", compare_mode="quick_comparison")


def contents(*tables: str, **more: Any) -> dict[str, Any]:
    return lines(*tables, compare_type="contents", **more)


def change(folder: Path, side: str, *statements: str) -> None:
    with closing(sqlite3.connect(folder / side / "shop.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def tables_of(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {table["source_table"]: table for table in data["data"]["tables"]}


def test_equal_values_are_consistent_table_by_table(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 30, "b": 5}, {"a": 30, "b": 5}) as (w, _):
            data = await w.finish(contents("a", "b"))
            assert data["verdict"] == "consistent"
            assert data["levels"] == {"objects": "not_requested", "lines": "not_requested", "contents": "consistent"}
            assert data["summary"] == "values consistent (2 tables); objects and all other tables not compared"
            assert (data["data"]["level"], data["data"]["totals"]["compared"]) == ("contents", 2)

    travel(journey())


@pytest.mark.parametrize("include", ["false", "true"])
def test_every_differing_row_counts_and_its_key_is_told_only_where_keys_are_included(
    tmp_path: Path, include: str
) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 30, "b": 5}, {"a": 30, "b": 5}, parameters={"IncludeKeys": include}) as (
            w,
            _,
        ):
            change(tmp_path, "target", "UPDATE a SET v = 'other' WHERE id = 3", "DELETE FROM a WHERE id = 7")
            change(tmp_path, "target", "INSERT INTO a VALUES (99, 'new')")
            data = await w.finish(contents("a", "b"))
            assert (data["verdict"], data["caveats"]) == ("inconsistent", ["replication_active"])
            assert data["summary"] == "values INCONSISTENT (shop.a); objects and all other tables not compared"
            table = tables_of(data)["a"]
            assert (table["source_rows"], table["target_rows"], table["difference_rows"]) == (30, 30, 3)
            assert tables_of(data)["b"]["result"] == "consistent"
            if include == "false":
                assert "rows" not in table
                assert "SELECT" not in str(data)
                return
            keys = [(row["source_key"], row["target_key"]) for row in table["rows"]]
            assert sorted(keys) == [([], ["99"]), (["3"], ["3"]), (["7"], [])]
            assert all("99" in row["target_sql"] for row in table["rows"] if not row["source_key"])

    travel(journey())


def test_a_table_that_can_not_be_compared_makes_it_incomplete_and_a_difference_beside_it_inconsistent(
    tmp_path: Path,
) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3}, {"a": 3}) as (w, _):
            change(tmp_path, "source", "CREATE TABLE odd (x)")
            change(tmp_path, "target", "CREATE TABLE odd (y)")
            data = await w.finish(ALL)
            assert data["verdict"] == "incomplete"
            assert "uncomparable_tables" in data["caveats"]
            assert "column" in tables_of(data)["odd"]["message"]
            change(tmp_path, "target", "UPDATE a SET v = NULL WHERE id = 1")
            await w.post(ALL, "wh_2")
            assert {e["data"]["verdict"] for e in await w.finished(2)} == {"incomplete", "inconsistent"}

    travel(journey())


def test_quick_comparison_is_every_table_of_both_sides(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3, "b": 4, "gone": 2}, {"a": 3, "b": 4, "new": 1}) as (w, _):
            data = await w.finish(ALL)
            results = {name: table["result"] for name, table in tables_of(data).items()}
            assert results == {"a": "consistent", "b": "consistent", "gone": "inconsistent", "new": "inconsistent"}
            assert "missing in the target" in tables_of(data)["gone"]["message"]

    travel(journey())


def test_a_scheduled_comparison_of_values_starts_when_it_should(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3}, {"a": 3}) as (w, _):
            began = w.clock.now()
            data = await w.finish(contents("a", start_time=str(int((began + 7_200) * 1000))))
            assert data["verdict"] == "consistent"
            assert w.clock.now() - began >= 7_200

    travel(journey())


def test_a_scheduled_comparison_of_values_can_be_stopped(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3}, {"a": 3}) as (w, _):
            start = str(int((w.clock.now() + 7_200) * 1000))
            _, accepted = await w.post(contents("a", start_time=start))
            await w.cloud.settle(until=lambda: w.events("started") != [])
            assert (await w.status(f"/{accepted['comparison_id']}", "DELETE"))[0] == 202
            (event,) = await w.finished(within=600)
            assert event["data"]["verdict"] == "cancelled"

    travel(journey())


@pytest.mark.parametrize("include", ["false", "true"])
def test_more_differences_than_are_read_are_counted_and_told_as_cut(tmp_path: Path, include: str) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 1_500}, {"a": 1_500}, parameters={"IncludeKeys": include}) as (w, _):
            change(tmp_path, "target", "UPDATE a SET v = 'other' WHERE id >= 100")
            data = await w.finish(contents("a"))
            assert (data["verdict"], "truncated" in data["caveats"]) == ("inconsistent", True)
            table = tables_of(data)["a"]
            assert table["difference_rows"] == 1_400
            if include == "true":
                assert (len(table["rows"]), table["rows_omitted"]) == (20, 1_380)

    travel(journey())


def test_each_of_several_differing_tables_names_some_rows(tmp_path: Path) -> None:
    async def journey() -> None:
        sizes = dict.fromkeys("abc", 1_100)
        async with over_sqlite(tmp_path, sizes, sizes, parameters={"IncludeKeys": "true"}) as (w, _):
            change(tmp_path, "target", *(f"UPDATE {name} SET v = 'other'" for name in sizes))
            data = await w.finish(ALL)
            assert {name: len(table["rows"]) for name, table in tables_of(data).items()} == {"a": 20, "b": 20, "c": 20}

    travel(journey())


def test_objects_together_with_values_are_refused_at_the_door(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 1}, {"a": 1}) as (w, _):
            status, problem = await w.post(contents("a") | {"object_level_compare_type": "objects"})
            assert status == 422
            assert "contents" in str(problem["errors"])

    travel(journey())


def test_a_running_comparison_shows_how_many_tables_it_has_compared() -> None:
    async def journey() -> None:
        async with against(Job(JOB, walk=((0, "RUNNING"), (60, "SUCCESSFUL")))) as (w, drs):
            info = {"source_db": "may_5", "compare_num": 12, "compare_end_num": 5}
            page = {"content_compare_result_infos": [info], "total_count": 1}
            drs.script("content-overview", Fault(200, page), *[Fault(500)] * 100)
            _, accepted = await w.post(contents("table_name_0", "table_name_1", db="may_5"))
            path = f"/{accepted['comparison_id']}"
            await w.cloud.settle(until=lambda: w.calls("PollFunction") >= 2)
            _, view = await w.status(path)
            (task,) = view["drs_tasks"]
            assert (task["status"], task["tables_compared"], task["tables"]) == ("RUNNING", 5, 12)
            (event,) = await w.finished()
            assert event["data"]["verdict"] == "consistent"

    travel(journey())
