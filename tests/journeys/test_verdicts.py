"""Every journey here ends at our own comparison service, over two real SQLite databases."""

import asyncio
from pathlib import Path

from tests.journeys.loop import travel
from tests.journeys.world import JOB, OBJECTS, TOKEN, lines, over_sqlite


def test_two_equal_databases_are_consistent_on_both_levels(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3, "b": 5}, {"a": 3, "b": 5}) as (w, _):
            data = await w.finish(OBJECTS | lines("a", "b"))
            assert data["verdict"] == "consistent"
            assert data["levels"] == {"objects": "consistent", "lines": "consistent", "contents": "not_requested"}
            assert data["summary"].endswith("; values and all other tables not compared")
            assert [e["data"]["comparison_id"] for e in w.events("started")] == [data["comparison_id"]]

    travel(journey())


def test_differences_are_named_object_by_object_and_table_by_table(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3, "b": 5, "gone": 1}, {"a": 3, "b": 4, "new": 1}) as (w, _):
            data = await w.finish(OBJECTS | lines("a", "b"))
            assert data["verdict"] == "inconsistent"
            tables = next(t for t in data["objects"]["types"] if t["type"] == "TABLE")
            assert (tables["only_in_source"], tables["only_in_target"]) == (["gone"], ["new"])
            (different,) = [t for t in data["data"]["tables"] if t["result"] == "inconsistent"]
            assert (different["source_table"], different["source_rows"], different["target_rows"]) == ("b", 5, 4)

    travel(journey())


def test_a_requested_table_that_exists_nowhere_makes_it_incomplete(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3}, {"a": 3}) as (w, _):
            data = await w.finish(lines("a", "no_such_table"))
            assert data["verdict"] == "incomplete"
            assert "uncomparable_tables" in data["caveats"]

    travel(journey())


def test_a_database_that_can_not_be_read_fails_with_its_reason(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3}, {"a": 3}) as (w, _):
            (tmp_path / "source" / "shop.db").write_bytes(b"this is no database" * 500)
            data = await w.finish(OBJECTS)
            assert data["verdict"] == "failed"
            assert "database" in data["error_msg"]

    travel(journey())


def test_a_job_that_drs_does_not_know_is_rejected_without_a_started_event(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3}, {"a": 3}) as (w, _):
            data = await w.finish(OBJECTS | {"job_id": "nobody-knows-it"})
            assert (data["verdict"], data["error_code"]) == ("rejected", "DRS.10000010")
            assert w.events("started") == []

    travel(journey())


def test_a_scheduled_comparison_waits_for_its_start_and_can_be_stopped(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3}, {"a": 3}) as (w, _):
            start = str(int((w.clock.now() + 7_200) * 1000))
            _, accepted = await w.post(lines("a", start_time=start))
            await w.cloud.settle(until=lambda: w.events("started") != [])
            status, _ = await w.status(f"/{accepted['comparison_id']}", "DELETE")
            assert status == 202
            (event,) = await w.finished(within=600)
            assert event["data"]["verdict"] == "cancelled"
            assert event["data"]["drs_tasks"][0]["status"] == "CANCELLED"
            assert (await w.status(f"/{accepted['comparison_id']}", "DELETE"))[0] == 409

    travel(journey())


def test_a_start_hours_ahead_is_many_hops_and_hardly_a_call(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3}, {"a": 3}) as (w, _):
            asked = w.clock.now()
            start = asked + 5 * 3_600
            data = await w.finish(lines("a", start_time=str(int(start * 1000))))
            assert data["verdict"] == "consistent"
            assert start < w.clock.now() < start + 300
            assert data["polls"] == 1
            assert w.calls("PollFunction") > 20

    travel(journey())


def test_one_level_refused_and_one_not_is_told_level_by_level(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3}, {"a": 3}) as (w, _):
            later = str(int((w.clock.now() + 3_600) * 1000))
            _, first = await w.post(lines("a", start_time=later), "wh_first")
            await w.cloud.settle(until=lambda: len(w.events("started")) == 1)
            await w.post(OBJECTS | lines("a"), "wh_second")
            both = await w.finished(2)
            second = next(e["data"] for e in both if e["subject"] != first["comparison_id"])
            assert second["verdict"] == "rejected"
            assert second["levels"]["objects"] == "consistent"
            assert second["levels"]["lines"] == "rejected"

    travel(journey())


def test_two_comparisons_of_one_job_at_once_have_each_their_own_verdict(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3, "b": 1}, {"a": 3}) as (w, _):
            await w.post(OBJECTS, "wh_1")
            await w.post(OBJECTS | lines("a"), "wh_2")
            events = await w.finished(2)
            tasks = [t["compare_task_id"] for e in events for t in e["data"]["drs_tasks"]]
            assert len(set(tasks)) == 3
            assert all(t["origin"] == "created" for e in events for t in e["data"]["drs_tasks"])
            assert [e["data"]["levels"]["objects"] for e in events] == ["inconsistent", "inconsistent"]

    travel(journey())


def test_the_same_webhook_twice_is_one_comparison(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3}, {"a": 3}) as (w, _):
            first, second = await asyncio.gather(w.post(OBJECTS), w.post(OBJECTS))
            assert first == second
            await w.finished(1)
            assert (await w.post(OBJECTS))[0] == 202
            await w.finished(1)
            assert len({e["data"]["drs_tasks"][0]["compare_task_id"] for e in w.events("started")}) == 1

    travel(journey())


def test_the_same_id_with_another_body_is_a_conflict_at_both_doors(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3}, {"a": 3}) as (w, _):
            await w.post(OBJECTS)
            status, problem = await w.post(lines("a"))
            assert (status, problem["status"]) == (409, 409)
            await w.enqueue(lines("a") | {"request_id": "wh_1"})
            await w.finished(1)
            (told,) = w.events("invalid")
            assert told["data"]["errors"][0]["field"] == "request_id"

    travel(journey())


def test_a_queue_message_is_a_request_like_a_webhook(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3}, {"a": 3}) as (w, _):
            await w.enqueue(OBJECTS | {"request_id": "q-1", "audience": "gate", "labels": {"wave": "3"}})
            (event,) = await w.finished()
            assert event["data"]["request_id"] == "q-1"
            assert event["data"]["labels"] == {"wave": "3"}
            attributes = w.cloud.inbox[len(w.cloud.inbox) - 1].attributes
            assert attributes["audience"] == "gate"
            assert attributes["verdict"] == "consistent"

    travel(journey())


def test_a_queue_message_that_names_itself_is_answered_and_one_that_does_not_is_buried(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3}, {"a": 3}) as (w, _):
            await w.enqueue({"request_id": "q-2", "job_id": JOB, "surprise": 1})
            await w.enqueue("this is not JSON")
            await w.enqueue({"job_id": JOB, "object_level_compare_type": "objects"})
            await w.enqueue("{}", "PollsQueue")
            await w.rest()
            (told,) = w.events("invalid")
            assert [e["field"] for e in told["data"]["errors"]] == ["surprise"]
            buried = w.cloud.peek("RequestsDeadLetters") + w.cloud.peek("PollsDeadLetters")
            assert len(buried) == 3
            assert all(m.attributes["reason"] for m in buried)
            assert all(m.received == 0 for m in buried), "buried at once, not after five receives"

    travel(journey())


def test_duplicate_early_and_stale_poll_messages_change_nothing(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3}, {"a": 3}) as (w, _):
            _, accepted = await w.post(lines("a", start_time=str(int((w.clock.now() + 600) * 1000))))
            await w.cloud.settle(until=lambda: w.events("started") != [])
            for step in (1, 1, 0, 7):
                await w.enqueue({"comparison_id": accepted["comparison_id"], "step": step}, "PollsQueue")
            (event,) = await w.finished()
            assert event["data"]["verdict"] == "consistent"
            assert event["data"]["polls"] == 1

    travel(journey())


def test_a_job_that_is_not_ready_at_first_is_asked_again(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3}, {"a": 3}) as (w, drs):
            drs.set_job_state(JOB, "FULL_TRANSFER_STARTED")
            await w.post(OBJECTS | {"ready_within_seconds": 3_600})
            began = w.clock.now()
            await w.cloud.settle(until=lambda: w.clock.now() > began + 1_000)
            drs.set_job_state(JOB, "INCRE_TRANSFER_STARTED")
            (event,) = await w.finished()
            assert event["data"]["verdict"] == "consistent"

    travel(journey())


def test_a_job_that_never_gets_ready_is_rejected_in_time(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3}, {"a": 3}) as (w, drs):
            drs.set_job_state(JOB, "FULL_TRANSFER_STARTED")
            began = w.clock.now()
            data = await w.finish(OBJECTS)
            assert (data["verdict"], data["error_code"]) == ("rejected", "DRS.M00304")
            assert 600 <= w.clock.now() - began < 900

    travel(journey())


def test_what_is_not_signed_or_not_allowed_learns_nothing(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3}, {"a": 3}) as (w, _):
            answers = [
                await w.post(OBJECTS, headers={"webhook-signature": forged})
                for forged in ("", "v1,", "v1,AAAA", "v1,a,b", "nonsense", "v1," + "A" * 44)
            ]
            assert {status for status, _ in answers} == {401}
            assert len({str(body) for _, body in answers}) == 1
            assert (await w.status("", token=TOKEN + "x"))[0] == 401
            assert (await w.post(b"{", "wh_bad"))[0] == 400
            assert (await w.post(OBJECTS | {"surprise": 1}, "wh_422"))[1]["errors"][0]["field"] == "surprise"
            assert (await w.post(OBJECTS, headers={"content-type": "text/plain"}))[0] == 415
            assert (await w.post(b" " * 131_073))[0] == 413
            assert w.calls("CreateFunction") == 0

    travel(journey())


def test_comparisons_are_listed_and_shown(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 3}, {"a": 3}) as (w, _):
            data = await w.finish(OBJECTS)
            shown = (await w.status(f"/{data['comparison_id']}"))[1]
            assert shown["state"] == "finished"
            assert shown["event"]["data"] == data
            for query in ("", f"?job_id={JOB}", "?state=finished", "?verdict=consistent"):
                listed = (await w.status(query))[1]["comparisons"]
                assert [c["comparison_id"] for c in listed] == [data["comparison_id"]], query
            assert (await w.status("?verdict=failed"))[1]["comparisons"] == []
            assert (await w.status("?verdict=great"))[0] == 400
            assert (await w.status("?next=nonsense"))[0] == 400
            assert (await w.status("/cmp_" + "0" * 32))[0] == 404
            assert (await w.status("/nonsense"))[0] == 404

    travel(journey())
