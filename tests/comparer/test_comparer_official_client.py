"""The official client, unchanged, against the comparer: every answer must parse into the client's own models."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkdrs import v3
from pydantic import SecretStr

from functions.comparer.jobs_file import AuthConfig
from functions.pipeline import drs_models as wire
from tests.comparer.official_walk import Walk, wanted
from tests.comparer.served import JOB, PROJECT, Clock, Comparer, HeldEndpoint, config_for, make_database, rows, served

pytestmark = [
    # The comparison API is v3, which the vendor marks as deprecated: every method of the client says so.
    pytest.mark.filterwarnings(r"ignore:Method '\w+' of DrsClient is deprecated:DeprecationWarning"),
]
AUTH = AuthConfig(
    project_ids=[PROJECT], access_keys={"AKEXAMPLE": SecretStr("s3cret")}, users={"migrator": SecretStr("passw0rd")}
)


class TokenCredentials(BasicCredentials):  # type: ignore[misc]  # the client is untyped
    """What the client offers no class for: a token instead of a signature."""

    def __init__(self, token: str) -> None:
        super().__init__("unused", "unused", PROJECT)
        self._token = token

    def sign_request(self, request: Any) -> Any:
        signed = super().sign_request(request)
        del signed.header_params["Authorization"]
        signed.header_params["X-Auth-Token"] = self._token
        return signed


# The client goes by the name of the class.
TokenCredentials.__name__ = "BasicCredentials"


def signing(_: Comparer) -> BasicCredentials:
    return BasicCredentials("AKEXAMPLE", "s3cret", PROJECT)


def with_token(comparer: Comparer) -> BasicCredentials:
    user = {"name": "migrator", "password": "passw0rd", "domain": {"name": "account"}}
    body: dict[str, Any] = {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": "eu-de"}},
        }
    }
    reply = requests.post(f"{comparer.service.url}/v3/auth/tokens?nocatalog=true", json=body, timeout=10)
    assert reply.status_code == 201
    assert "catalog" not in reply.json()["token"]
    return TokenCredentials(reply.headers["X-Subject-Token"])


def client(comparer: Comparer, credentials: BasicCredentials) -> Any:
    return v3.DrsClient.new_builder().with_credentials(credentials).with_endpoints([comparer.service.url]).build()


@pytest.fixture(params=[signing, with_token], ids=["signed", "token"])
def credentials(request: pytest.FixtureRequest) -> Callable[[Comparer], BasicCredentials]:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def databases(tmp_path: Path) -> tuple[Path, Path]:
    source = [*rows("table_name_0", 3), *rows("table_name_1", 1), "CREATE INDEX ours ON table_name_0 (id)"]
    target = [*rows("table_name_0", 2), *rows("table_name_1", 1), "CREATE INDEX theirs ON table_name_0 (id)"]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    return make_database(tmp_path / "a/may_5.db", *source), make_database(tmp_path / "b/may_5.db", *target)


def run(comparing: tuple[Any, Any], steps: Callable[[Comparer, Callable[[], None]], None], **job: Any) -> None:
    """Serve, and take the steps in a thread as the client is synchronous; the second argument waits for the end."""

    async def journey() -> None:
        async with served(config_for(*comparing, auth=AUTH, **job), clock=Clock(time.time())) as comparer:
            loop = asyncio.get_running_loop()

            def settle() -> None:
                asyncio.run_coroutine_threadsafe(comparer.service.settle(), loop).result(30)

            await asyncio.to_thread(steps, comparer, settle)

    asyncio.run(journey())


def everything() -> Any:
    tables = ["table_name_0", "table_name_1"]
    return wanted(compare_object_infos=[v3.CompareObjectInfo(db_name="may_5", table_name=tables)])


def test_both_seeds_and_the_results_by_id(
    databases: tuple[Path, Path], credentials: Callable[[Comparer], BasicCredentials]
) -> None:
    def steps(comparer: Comparer, settle: Callable[[], None]) -> None:
        drs = client(comparer, credentials(comparer))
        created = drs.create_compare_task(everything())
        settle()
        assert (created.job_id, created.error_code) == (JOB, None)
        object_id = created.object_level_compare_create_result.compare_task_id
        lines_id = created.data_level_compare_create_result.compare_task_id

        overview = drs.list_obeject_level_compare_overview(v3.ListObejectLevelCompareOverviewRequest(job_id=JOB))
        assert (overview.status, overview.compare_job_id, overview.export_status) == ("SUCCESSFUL", object_id, "INIT")
        assert (overview.report_remain_seconds, overview.error_msg) == (-1, None)
        assert {(i.type, i.source_count, i.target_count, i.status) for i in overview.compare_result} == {
            ("DB", 1, 1, 2),
            ("TABLE", 2, 2, 2),
            ("INDEX", 1, 1, 0),
            ("CONSTRAINT", 2, 2, 2),
        }

        query = v3.QueryCompareResultReq(
            job_id=JOB, object_level_compare_id=object_id, line_compare_id=lines_id, current_page=1, per_page=10
        )
        results = drs.list_compare_result(v3.ListCompareResultRequest(body=query))
        (index,) = [i for i in results.object_level_compare_results.object_compare_overview if i.object_type == "INDEX"]
        assert (index.object_compare_result, index.source_count, index.diff_count) == ("INCONSISTENT", 1, 2)
        (database,) = results.line_compare_results.line_compare_overview
        assert (database.source_db_name, database.line_compare_result) == ("may_5", "INCONSISTENT")
        (details,) = results.line_compare_results.line_compare_details
        assert [(t.source_table_name, t.source_row_num, t.target_row_num, t.line_compare_result)
                for t in details.line_compare_detail] == [
            ("table_name_0", 3, 2, "INCONSISTENT"), ("table_name_1", 1, 1, "CONSISTENT")]  # fmt: skip
        listed = results.compare_task_list_results.compare_task_list
        assert {(t.compare_task_id, t.compare_type, t.compare_task_status) for t in listed} == {
            (object_id, "object_comparison", "SUCCESSFUL"),
            (lines_id, "lines", "SUCCESSFUL"),
        }
        assert all(t.create_time.isdigit() and len(t.create_time) == 13 for t in listed)

    run(databases, steps)


@pytest.mark.parametrize(
    ("model", "official"),
    [
        (wire.CreateObjectTask, "CreateObjectCompareJobReq"),
        (wire.CreateDataTask, "CreateDataLevelTableCompareJobReq"),
        (wire.CreatedDataTask, "CreateDataLevelTableCompareJobResponse"),
        (wire.ExportRequest, "ExportCompareResultReq"),
        (wire.ContentDifferencePage, "ListContentCompareDifferenceResponse"),
        (wire.ContentDifference, "CompareJobContentDetailInfo"),
    ],
)
def test_what_only_a_server_reads_and_writes_is_named_as_in_the_client(
    model: type[wire.Answer] | type[wire.Request], official: str
) -> None:
    known = set(getattr(v3, official).attribute_map.values())
    assert set(model.model_fields) - {"error_code", "error_msg"} == known


@pytest.fixture
def values(tmp_path: Path) -> tuple[Path, Path]:
    """Two databases that differ in every way that a value comparison can tell."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    same = [*rows("same", 2), "CREATE TABLE orders (id INTEGER PRIMARY KEY, total)"]
    source = [
        "INSERT INTO orders VALUES (1, 10), (2, 20), (3, 30)",
        "CREATE TABLE ours (id)",
        "CREATE INDEX i ON same (id)",
    ]
    target = ["INSERT INTO orders VALUES (1, 10), (2, 21), (4, 40), (5, 50)"]
    return make_database(tmp_path / "a/shop.db", *same, *source), make_database(tmp_path / "b/shop.db", *same, *target)


def test_the_client_walks_all_sixteen_endpoints(
    values: tuple[Path, Path], credentials: Callable[[Comparer], BasicCredentials]
) -> None:
    def steps(comparer: Comparer, settle: Callable[[], None]) -> None:
        Walk(client(comparer, credentials(comparer)), settle, "shop", "shop").everywhere()

    run(values, steps)


def test_object_detail_names_what_differs_and_the_list_shows_the_data_level_task(
    databases: tuple[Path, Path], credentials: Callable[[Comparer], BasicCredentials]
) -> None:
    def steps(comparer: Comparer, settle: Callable[[], None]) -> None:
        drs = client(comparer, credentials(comparer))
        created = drs.create_compare_task(everything())
        settle()
        detail = drs.list_obeject_level_compare_detail(
            v3.ListObejectLevelCompareDetailRequest(job_id=JOB, compare_type="INDEX")
        )
        assert detail.count == 2
        assert [(d.source_db_value, d.target_db_value, d.status) for d in detail.compare_detail] == [
            ("`table_name_0`.`ours`", None, 0),
            (None, "`table_name_0`.`theirs`", 0),
        ]
        past_the_end = drs.list_obeject_level_compare_detail(
            v3.ListObejectLevelCompareDetailRequest(job_id=JOB, compare_type="INDEX", limit=1, offset=2)
        )
        assert (past_the_end.count, past_the_end.compare_detail) == (2, [])
        tasks = drs.list_data_level_table_compare_jobs(v3.ListDataLevelTableCompareJobsRequest(job_id=JOB))
        (task,) = tasks.compare_jobs
        expected = created.data_level_compare_create_result.compare_task_id
        assert (tasks.count, task.id, task.type, task.status) == (1, expected, "lines", "SUCCESSFUL")
        status = drs.batch_list_job_status(v3.BatchListJobStatusRequest(body=v3.BatchQueryJobReqPage(jobs=[JOB])))
        assert [(job.id, job.status) for job in status.results] == [(JOB, "INCRE_TRANSFER_STARTED")]

    run(databases, steps)


def test_an_unfinished_comparison_is_cancelled(credentials: Callable[[Comparer], BasicCredentials]) -> None:
    held = HeldEndpoint()

    def steps(comparer: Comparer, settle: Callable[[], None]) -> None:
        drs = client(comparer, credentials(comparer))
        created = drs.create_compare_task(wanted(None, compare_mode="quick_comparison"))
        task_id = created.data_level_compare_create_result.compare_task_id
        drs.delete_compare_job(v3.DeleteCompareJobRequest(job_id=JOB, compare_job_id=task_id))
        settle()
        tasks = drs.list_data_level_table_compare_jobs(v3.ListDataLevelTableCompareJobsRequest(job_id=JOB))
        assert [task.status for task in tasks.compare_jobs] == ["CANCELLED"]

    run((held, held), steps)


def test_keep_is_refused_inside_a_200(credentials: Callable[[Comparer], BasicCredentials]) -> None:
    held = HeldEndpoint()

    def steps(comparer: Comparer, _: Callable[[], None]) -> None:
        drs = client(comparer, credentials(comparer))
        drs.create_compare_task(wanted(None, compare_mode="quick_comparison"))
        again = drs.create_compare_task(wanted(None, compare_mode="quick_comparison"))
        assert again.data_level_compare_create_result.compare_task_id is None
        assert again.data_level_compare_create_result.error_code == "DRS.M00305"

    run((held, held), steps)


REFUSALS = {
    "wrong state": ({"state": "FULL_TRANSFER_STARTED"}, wanted(), "DRS.M00304"),
    "parent task": ({"parent": True}, wanted(), "DRS.M00307"),
    "neither mode nor objects": ({}, wanted(start_time=""), "DRS.M00305"),
    "objects with contents": ({}, wanted(compare_type="contents", compare_mode="quick_comparison"), "DRS.M00305"),
    "unknown type": ({}, wanted(compare_type="random"), "DRS.M00202"),
    "unknown job": (
        {},
        v3.CreateCompareTaskRequest(
            body=v3.CreateCompareTaskReq(job_id="nowhere", object_level_compare_type="objects")
        ),
        "DRS.10000010",
    ),
}


@pytest.mark.parametrize(("job", "request_", "code"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refusals_reach_the_client_with_their_code(
    databases: tuple[Path, Path], job: dict[str, Any], request_: Any, code: str
) -> None:
    def steps(comparer: Comparer, _: Callable[[], None]) -> None:
        with pytest.raises(ClientRequestException) as refused:
            client(comparer, signing(comparer)).create_compare_task(request_)
        assert (refused.value.status_code, refused.value.error_code) == (400, code)
        assert refused.value.request_id

    run(databases, steps, **job)


@pytest.mark.parametrize(
    "wrong", [BasicCredentials("AKEXAMPLE", "wr0ng", PROJECT), BasicCredentials("AK2", "s3cret", PROJECT)]
)
def test_a_wrong_key_is_refused_by_the_gateway(databases: tuple[Path, Path], wrong: BasicCredentials) -> None:
    def steps(comparer: Comparer, _: Callable[[], None]) -> None:
        with pytest.raises(ClientRequestException) as refused:
            client(comparer, wrong).create_compare_task(wanted())
        assert (refused.value.status_code, refused.value.error_code) == (401, "APIG.0301")

    run(databases, steps)


def test_unusual_ids_are_signed_as_they_are_sent(databases: tuple[Path, Path]) -> None:
    def steps(comparer: Comparer, _: Callable[[], None]) -> None:
        odd = v3.DeleteCompareJobRequest(job_id=JOB, compare_job_id="a b/ü~%2F+*")
        with pytest.raises(ClientRequestException) as refused:
            client(comparer, signing(comparer)).delete_compare_job(odd)
        assert refused.value.error_code in {"DRS.M00202", "APIG.0101"}

    run(databases, steps)
