"""The comparison API on the wire: the seeds' examples, refusals, and languages."""

from pathlib import Path
from typing import Any

import pytest

from tests.comparer.api_played import SEED_JOB, play
from tests.comparer.served import JOB, Comparer, refusal

# "Creating a Comparison Task", example request.
SEED_REQUEST = {
    "job_id": SEED_JOB,
    "object_level_compare_type": "objects",
    "data_level_compare_info": {
        "conflict_policy": "keep",
        "compare_type": "lines",
        "compare_mode": None,
        "start_time": None,
        "compare_object_infos": [{"db_name": "may_5", "table_name": ["table_name_0", "table_name_1"]}],
    },
}
# "Querying the Overview of an Object Comparison Task": the fields of the example response.
OVERVIEW_FIELDS = {
    "status",
    "create_time",
    "compare_result",
    "start_time",
    "export_status",
    "report_remain_seconds",
    "compare_job_id",
}
LINES = {"conflict_policy": "keep", "compare_type": "lines", "compare_mode": "quick_comparison"}


# --- the seeds


def test_the_example_request_is_accepted_and_answered_like_the_example(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        reply = await comparer.ask("POST", "/create-compare-task", SEED_REQUEST)
        assert reply.status == 200
        assert set(reply.body) == {
            "job_id",
            "object_level_compare_create_result",
            "data_level_compare_create_result",
        }
        assert reply.body["job_id"] == SEED_JOB
        assert set(reply.body["object_level_compare_create_result"]) == {"compare_task_id"}
        assert set(reply.body["data_level_compare_create_result"]) == {"compare_task_id"}

    play(tmp_path, steps)


def test_the_overview_has_the_fields_of_the_example(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        await comparer.create(object_level_compare_type="objects")
        await comparer.service.settle()
        overview = await comparer.overview()
        assert set(overview) == OVERVIEW_FIELDS
        assert overview["create_time"] == "2027-01-15T08:00:00Z"
        assert overview["compare_result"] == [
            {"type": "DB", "source_count": 1, "target_count": 1, "status": 2},
            {"type": "TABLE", "source_count": 2, "target_count": 2, "status": 2},
            {"type": "CONSTRAINT", "source_count": 2, "target_count": 2, "status": 2},
        ]

    play(tmp_path, steps)


def test_the_overview_shows_the_latest_comparison_and_nothing_before_there_is_one(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        reply = await comparer.ask("GET", f"/{JOB}/object/compare")
        empty = {"export_status": "INIT", "report_remain_seconds": -1, "compare_result": []}
        assert (reply.status, reply.body) == (200, empty)
        for _ in range(2):
            latest = await comparer.create(object_level_compare_type="objects")
            await comparer.service.settle()
        overview = await comparer.overview()
        assert overview["compare_job_id"] == latest.body["object_level_compare_create_result"]["compare_task_id"]

    play(tmp_path, steps)


@pytest.mark.parametrize("empty", [{}, {"object_level_compare_type": "", "data_level_compare_info": None}])
def test_asking_for_nothing_creates_nothing_whatever_the_state(tmp_path: Path, empty: dict[str, Any]) -> None:
    async def steps(comparer: Comparer) -> None:
        reply = await comparer.create(**empty)
        assert (reply.status, reply.body) == (200, {"job_id": JOB})
        assert await comparer.statuses() == {}

    play(tmp_path, steps, state="FULL_TRANSFER_STARTED")


# --- refusals

INFO = "data_level_compare_info."
BAD_REQUESTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no job": ({"job_id": ""}, "DRS.M00201", "job_id"),
    "unknown job": ({"job_id": "nowhere"}, "DRS.10000010", "Task not found"),
    "unknown field": ({"surprise": 1}, "DRS.M00202", "surprise"),
    "wrong object type": ({"object_level_compare_type": "tables"}, "DRS.M00202", "object_level_compare_type"),
    "wrong kind": ({"object_level_compare_type": ["objects"]}, "DRS.M00202", "object_level_compare_type"),
    "no policy": ({"data_level_compare_info": {"compare_type": "lines"}}, "DRS.M00201", INFO + "conflict_policy"),
    "wrong policy": (
        {"data_level_compare_info": {**LINES, "conflict_policy": "x"}},
        "DRS.M00202",
        INFO + "conflict_policy",
    ),
    "no type": ({"data_level_compare_info": {"conflict_policy": "keep"}}, "DRS.M00201", INFO + "compare_type"),
    "wrong mode": ({"data_level_compare_info": {**LINES, "compare_mode": "slow"}}, "DRS.M00202", INFO + "compare_mode"),
    "wrong time": ({"data_level_compare_info": {**LINES, "start_time": "soon"}}, "DRS.M00202", INFO + "start_time"),
    "no objects": (
        {"data_level_compare_info": {**LINES, "compare_mode": ""}},
        "DRS.M00305",
        INFO + "compare_object_infos",
    ),
    "tokens": (
        {"data_level_compare_info": {**LINES, "compare_object_infos_with_token": [{"db_name": "d"}]}},
        "DRS.M00202",
        INFO + "compare_object_infos_with_token",
    ),
    "both lists": (
        {
            "data_level_compare_info": {
                **LINES,
                "compare_object_infos": [{"db_name": "d"}],
                "compare_object_infos_with_token": [{"db_name": "d"}],
            }
        },
        "DRS.M00305",
        INFO + "compare_object_infos_with_token",
    ),
    "database without a name": (
        {"data_level_compare_info": {**LINES, "compare_object_infos": [{"table_name": ["t"]}]}},
        "DRS.M00201",
        INFO + "compare_object_infos.0.db_name",
    ),
    "objects with contents": (
        {"object_level_compare_type": "objects", "data_level_compare_info": {**LINES, "compare_type": "contents"}},
        "DRS.M00305",
        INFO + "compare_type",
    ),
}


@pytest.mark.parametrize(("body", "code", "named"), BAD_REQUESTS.values(), ids=BAD_REQUESTS.keys())
def test_a_bad_request_is_refused_naming_what_is_wrong(
    tmp_path: Path, body: dict[str, Any], code: str, named: str
) -> None:
    async def steps(comparer: Comparer) -> None:
        reply = await comparer.create(**body)
        assert refusal(reply) == (400, code)
        assert named in reply.body["error_msg"]
        assert await comparer.statuses() == {}

    play(tmp_path, steps)


@pytest.mark.parametrize(
    ("job", "code"),
    [({"state": "FULL_TRANSFER_STARTED"}, "DRS.M00304"), ({"parent": True}, "DRS.M00307")],
    ids=["wrong state", "parent"],
)
def test_a_job_that_may_not_be_compared_is_refused(tmp_path: Path, job: dict[str, Any], code: str) -> None:
    async def steps(comparer: Comparer) -> None:
        assert refusal(await comparer.create(data_level_compare_info=LINES)) == (400, code)

    play(tmp_path, steps, **job)


def test_a_job_can_come_into_the_right_state(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        assert refusal(await comparer.create(data_level_compare_info=LINES)) == (400, "DRS.M00304")
        comparer.service.set_job_state(JOB, "INCRE_TRANSFER_STARTED")
        assert (await comparer.create(data_level_compare_info=LINES)).status == 200

    play(tmp_path, steps, state="FULL_TRANSFER_STARTED")


@pytest.mark.parametrize("field", ["object_level_compare_id", "line_compare_id", "content_compare_id"])
def test_an_unknown_task_is_an_error_in_its_section_and_the_list_comes_all_the_same(tmp_path: Path, field: str) -> None:
    async def steps(comparer: Comparer) -> None:
        found = await comparer.results(1, 1000, **{field: "nowhere"})
        (section,) = set(found) - {"job_id", "compare_task_list_results"}
        assert found[section]["error_code"] == "DRS.M00202"
        assert field in found[section]["error_msg"]
        assert found["compare_task_list_results"]["compare_task_list_count"] == 0

    play(tmp_path, steps)


def test_a_task_of_another_job_or_level_is_not_shown(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        reply = await comparer.ask("POST", "/create-compare-task", SEED_REQUEST)
        await comparer.service.settle()
        theirs = reply.body["data_level_compare_create_result"]["compare_task_id"]
        assert (await comparer.results(line_compare_id=theirs))["line_compare_results"]["error_code"] == "DRS.M00202"
        assert refusal(await comparer.ask("DELETE", f"/{JOB}/compare/{theirs}")) == (400, "DRS.M00202")
        detail = await comparer.ask("GET", f"/{SEED_JOB}/object/compare/TABLE?compare_job_id={theirs}")
        assert refusal(detail) == (400, "DRS.M00202")

    play(tmp_path, steps)


PATHS = {
    "unknown job, overview": ("GET", "/nowhere/object/compare", 400, "DRS.10000010"),
    "unknown job, detail": ("GET", "/nowhere/object/compare/TABLE", 400, "DRS.10000010"),
    "unknown job, list": ("GET", "/nowhere/table/compare", 400, "DRS.10000010"),
    "unknown job, cancel": ("DELETE", "/nowhere/compare/x", 400, "DRS.10000010"),
    "unknown task": ("DELETE", f"/{JOB}/compare/x", 400, "DRS.M00202"),
    "unknown type": ("GET", f"/{JOB}/object/compare/tables", 400, "DRS.M00202"),
    "type without detail": ("GET", f"/{JOB}/object/compare/EXTENSIONS", 400, "DRS.M00202"),
    "limit 0": ("GET", f"/{JOB}/table/compare?limit=0", 400, "DRS.M00202"),
    "limit 1001": ("GET", f"/{JOB}/object/compare/TABLE?limit=1001", 400, "DRS.M00202"),
    "limit 1_0": ("GET", f"/{JOB}/table/compare?limit=1_0", 400, "DRS.M00202"),
    "negative offset": ("GET", f"/{JOB}/table/compare?offset=-1", 400, "DRS.M00202"),
    "endless offset": ("GET", f"/{JOB}/table/compare?offset={'9' * 5000}", 400, "DRS.M00202"),
    "unknown route": ("GET", f"/{JOB}/nowhere", 404, "APIG.0101"),
    "unknown method": ("PUT", f"/{JOB}/object/compare", 404, "APIG.0101"),
}


@pytest.mark.parametrize(("method", "path", "status", "code"), PATHS.values(), ids=PATHS.keys())
def test_a_bad_path_or_query_is_refused(tmp_path: Path, method: str, path: str, status: int, code: str) -> None:
    async def steps(comparer: Comparer) -> None:
        assert refusal(await comparer.ask(method, path)) == (status, code)

    play(tmp_path, steps)


@pytest.mark.parametrize(
    ("page", "size", "code"),
    [
        (0, 10, "DRS.M00202"),
        (1, 0, "DRS.M00202"),
        (1, 1001, "DRS.M00211"),
        (2**70, 1, "DRS.M00211"),
        ("1", 1, "DRS.M00202"),
    ],
)
def test_a_page_out_of_range_is_refused(tmp_path: Path, page: Any, size: int, code: str) -> None:
    async def steps(comparer: Comparer) -> None:
        body = {"job_id": JOB, "current_page": page, "per_page": size}
        assert refusal(await comparer.ask("POST", "/query-compare-result", body)) == (400, code)

    play(tmp_path, steps)


def test_batch_status_tells_each_job_and_fails_when_none_exists(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        reply = await comparer.ask("POST", "/batch-status", {"jobs": [JOB, "nowhere"]})
        assert (reply.status, reply.body["count"]) == (200, 2)
        known, unknown = reply.body["results"]
        assert known == {"id": JOB, "status": "INCRE_TRANSFER_STARTED"}
        assert unknown["error_code"] == "DRS.M00289"
        reply = await comparer.ask("POST", "/batch-status", {"jobs": ["nowhere"]})
        assert (reply.status, reply.body["results"][0]["error_code"]) == (400, "DRS.M00289")
        paged = {"jobs": [JOB] * 7, "page_req": {"cur_page": 2, "per_page": 5}}
        assert len((await comparer.ask("POST", "/batch-status", paged)).body["results"]) == 2

    play(tmp_path, steps)


@pytest.mark.parametrize(
    ("page", "shown"), [({"per_page": 0}, 0), ({"per_page": 100}, 7), ({}, 5), ({"cur_page": 3}, 0)]
)
def test_batch_status_counts_all_jobs_and_shows_a_page(tmp_path: Path, page: dict[str, int], shown: int) -> None:
    async def steps(comparer: Comparer) -> None:
        reply = await comparer.ask("POST", "/batch-status", {"jobs": [JOB] * 7, "page_req": page})
        assert (reply.status, reply.body["count"], len(reply.body["results"])) == (200, 7, shown)

    play(tmp_path, steps)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"jobs": []}, "jobs"),
        ({"jobs": [1]}, "jobs.0"),
        ({"jobs": [JOB], "page_req": {"per_page": 101}}, "page_req.per_page"),
        ({"jobs": [JOB], "page_req": {"per_page": -1}}, "page_req.per_page"),
        ({"jobs": [JOB], "page_req": {"cur_page": "1"}}, "page_req.cur_page"),
    ],
)
def test_batch_status_names_what_is_out_of_range(tmp_path: Path, body: dict[str, Any], field: str) -> None:
    async def steps(comparer: Comparer) -> None:
        reply = await comparer.ask("POST", "/batch-status", body)
        assert refusal(reply) == (400, "DRS.M00202")
        assert field in reply.body["error_msg"]

    play(tmp_path, steps)


def test_messages_are_localised_and_codes_are_not(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        messages = {}
        for language in ("en-us", "zh-cn", "xx"):
            reply = await comparer.ask("GET", "/nowhere/object/compare", headers={"X-Language": language})
            assert refusal(reply) == (400, "DRS.10000010")
            messages[language] = reply.body["error_msg"]
        assert messages["en-us"] == messages["xx"] == "Task not found. Check the task ID."
        assert messages["zh-cn"].startswith("任务不存在")

    play(tmp_path, steps)
