"""The doors: whatever is sent, an answer says what is wrong; nothing becomes a server error, nothing is lost."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.loop import travel
from tests.journeys.world import JOB, OBJECTS, lines, over_sqlite


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "key",
    [
        "{}",
        "[]",
        "nonsense",
        '{"pk": NaN}',
        '{"pk": 1e999}',
        '{"pk": 1}',
        '{"": "x"}',
        '{"pk": "cmp#cmp_' + "0" * 32 + '", "accepted_at": 1, "kind": "due"}',
        '{"pk": "cmp#cmp_' + "0" * 32 + '", "accepted_at": 1e-300, "kind": "comparison", "job_id": "j"}',
        '{"pk": "cmp#cmp_' + "0" * 32 + '", "accepted_at": 1e400, "kind": "comparison"}',
        '{"pk": "gate#x", "accepted_at": 1, "kind": "comparison"}',
    ],
)
def test_a_made_up_page_is_the_askers_mistake(key: str, tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 1}, {"a": 1}) as (w, _):
            assert (await w.status(f"?next={encoded(key)}"))[0] == 400
            assert (await w.status(f"?job_id={JOB}&next={encoded(key)}"))[0] == 400

    travel(journey())


def test_pages_of_a_list_lead_to_its_end(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 1}, {"a": 1}) as (w, _):
            for n in range(120):
                assert (await w.post({"job_id": f"j-{n}", "object_level_compare_type": "objects"}, f"wh_{n}"))[0] == 202
            seen: list[str] = []
            page: dict[str, Any] = {"next": ""}
            query = ""
            while "next" in page and page["next"] is not None:
                _, page = await w.status(query)
                seen += [c["comparison_id"] for c in page["comparisons"]]
                query = f"?next={page['next']}"
            assert len(seen) == len(set(seen)) == 120

    travel(journey())


def test_a_query_that_would_be_overlooked_is_refused(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 1}, {"a": 1}) as (w, _):
            for query, field in (
                ("?dryrun=true", "dryrun"),
                ("?dry_run=yes", "dry_run"),
                ("?dry_run=", "dry_run"),
                ("?dry_run=TRUE", "dry_run"),
                ("?dry_run=true&dry_run=true", "dry_run"),
                ("?dry_run=false&job_id=j", "job_id"),
            ):
                status, problem = await w.post(OBJECTS, query=query)
                assert (status, [e["field"] for e in problem["errors"]]) == (400, [field]), query
            assert w.calls("CreateFunction") == 0
            assert (await w.post(OBJECTS, query="?dry_run=false"))[0] == 202

    travel(journey())


@pytest.mark.parametrize("letter", ["a", "名", "\uffff", "\u0001"], ids=["latin", "cjk", "non-character", "control"])
def test_what_got_a_202_can_be_processed_whatever_letters_it_has(letter: str, tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 1}, {"a": 1}) as (w, _):
            size = 120_000 // len(json.dumps(letter, ensure_ascii=False).encode())
            body = lines(letter * max(1, size), "a")
            raw = json.dumps(body, ensure_ascii=False).encode()
            status, answer = await w.post(raw)
            if status == 202:
                (event,) = await w.finished()
                assert event["data"]["verdict"] == "incomplete"
            else:
                assert (status, answer["status"]) in {(413, 413), (422, 422)}

    travel(journey())


def test_a_message_that_waited_too_often_is_a_dead_letter_and_not_gone(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, {"a": 1}, {"a": 1}) as (w, _):
            w.cloud.put_secret("ProjectsSecret", "{}")
            queue = w.cloud.queue("RequestsQueue").url
            body = json.dumps(OBJECTS | {"request_id": "q-1"})
            await w.cloud.client().send(queue, body, attributes={"waits": "1999"})
            await w.cloud.settle(until=lambda: w.cloud.peek("RequestsDeadLetters") != [])
            (dead,) = w.cloud.peek("RequestsDeadLetters")
            assert (dead.body, dead.attributes["reason"]) == (body, "waited 2000 times")

    travel(journey())
