"""What the documentation leaves open, point by point, and that the client is right in every reading of it."""

from typing import Any, Literal

import pytest

from functions.pipeline.drs import Created, Part, Refused, TryLater
from functions.pipeline.drs_models import DataLevelCompareInfo
from functions.pipeline.readings import Reading, worst
from tests.drs.asking import JOB_ID, Client, Clock
from tests.drs.served_drs import Fault, Job, Objects, Quirks, ServedDrs, Table

LEVELS = ["objects", "lines", "contents"]


def data_level(**fields: Any) -> DataLevelCompareInfo:
    common = {"conflict_policy": "keep", "compare_type": "lines", "compare_object_infos": [{"db_name": "may_5"}]}
    return DataLevelCompareInfo.model_validate({**common, **fields})


def create(client: Client, *, objects: bool = False, data: DataLevelCompareInfo | None = None) -> Created:
    return client.ask(lambda drs: drs.create(JOB_ID, objects=objects, data=data))


def read(client: Client, task_id: str, level: str) -> Reading:
    reading = client.ask(lambda drs: drs.read(JOB_ID, task_id, level))  # type: ignore[arg-type]  # a level
    assert reading is not None
    return reading


def verdict(reading: Reading) -> str:
    assert reading.terminal
    of_data = [part.result for part in reading.tables] + [part.result for part in reading.databases]
    return worst([part.result for part in reading.objects] + of_data)


@pytest.mark.parametrize("reading", ["job_id", "latest"])
def test_1_asking_for_nothing_creates_nothing(
    served: ServedDrs, client: Client, reading: Literal["job_id", "latest"]
) -> None:
    served.quirks = Quirks(empty_create=reading)
    served.add_task(JOB_ID, "objects")
    assert create(client) == Created(None, None)
    assert len(served.tasks[JOB_ID]) == 1


def test_2_keep_may_name_the_kept_task(served: ServedDrs, client: Client) -> None:
    kept = served.add_task(JOB_ID, "lines")
    known = {task.task_id for task in client.ask(lambda drs: drs.tasks(JOB_ID))}
    created = create(client, data=data_level())
    assert created.data == Part(kept.task_id)
    assert kept.task_id in known


def test_2_keep_may_answer_with_an_error(served: ServedDrs, client: Client) -> None:
    served.quirks = Quirks(keep_answer="error")
    served.add_task(JOB_ID, "lines")
    part = create(client, data=data_level()).data
    assert part is not None
    assert isinstance(part.error, TryLater)
    assert (part.task_id, part.error.reason) == (None, "busy")


def test_2_keep_may_answer_nothing(served: ServedDrs, client: Client) -> None:
    served.quirks = Quirks(keep_answer="nothing")
    served.add_task(JOB_ID, "lines")
    assert create(client, objects=True, data=data_level()).data == Part(None)


def failure(client: Client, **levels: Any) -> TryLater | Refused:
    """The same failure, whether it is an HTTP status or inside a 200."""
    try:
        created = create(client, **levels)
    except (TryLater, Refused) as error:
        return error
    parts = [part for part in (created.objects, created.data) if part]
    assert all(part.task_id is None for part in parts)
    assert parts[0].error is not None
    return parts[0].error


@pytest.mark.parametrize("refusals", ["http", "embedded"])
def test_3_a_refusal_means_the_same_wherever_it_is(
    served: ServedDrs, client: Client, job: Job, refusals: Literal["http", "embedded"]
) -> None:
    served.quirks = Quirks(refusals=refusals)
    both = failure(client, objects=True, data=data_level(compare_type="contents"))
    assert (type(both), both.code) == (Refused, "DRS.M00200")
    job.state = "FULL_TRANSFER_STARTED"
    early = failure(client, objects=True)
    assert isinstance(early, TryLater)
    assert early.reason == "not_ready"
    job.parent = True
    assert failure(client, objects=True).code == "DRS.M00307"
    job.deleted = True
    gone = failure(client, objects=True)
    assert isinstance(gone, Refused)
    assert gone.job_gone
    assert not served.tasks[JOB_ID]


@pytest.mark.parametrize("past", ["refused", "now"])
@pytest.mark.parametrize("start", ["1712000000000", "1712000000", "2024-04-01T00:00:00Z"])
def test_4_a_start_that_has_passed_starts_at_once(
    served: ServedDrs, client: Client, clock: Clock, past: Literal["refused", "now"], start: str
) -> None:
    served.quirks = Quirks(past_start=past)
    part = create(client, data=data_level(start_time=start)).data
    assert part is not None
    assert part.task_id
    assert served.tasks[JOB_ID][0].starts_at == clock()


@pytest.mark.parametrize("before", ["400", "empty", "no_body"])
def test_5_a_job_without_any_comparison_has_no_tasks(
    served: ServedDrs, client: Client, before: Literal["400", "empty", "no_body"]
) -> None:
    served.quirks = Quirks(before_any=before)
    assert client.ask(lambda drs: drs.tasks(JOB_ID)) == []
    with pytest.raises(TryLater, match="doesn't show"):
        read(client, "ours", "objects")


def test_6_only_the_documented_create_is_used(served: ServedDrs, client: Client, clock: Clock) -> None:
    # The success code of the other create (POST table/compare) is open; nothing depends on it.
    create(client, objects=True, data=data_level())
    clock.at += 60
    for task in served.tasks[JOB_ID]:
        read(client, task.task_id, task.level)
    posts = {call.path.rpartition("/")[2] for call in served.calls if call.method == "POST"}
    assert posts == {"create-compare-task", "query-compare-result"}


@pytest.mark.parametrize("beyond", ["refused", "capped"])
@pytest.mark.parametrize("most", [1000, 100, 50, 10])
@pytest.mark.parametrize("level", LEVELS)
def test_7_whatever_page_is_allowed_all_is_read(
    served: ServedDrs,
    client: Client,
    clock: Clock,
    job: Job,
    level: str,
    most: int,
    beyond: Literal["refused", "capped"],
) -> None:
    served.quirks = Quirks(most_per_page=most, beyond_most=beyond, families="a")
    job.tables = [Table("a", f"t{i}") for i in range(122)] + [Table("b", "last", 1, 2, 1, "INCONSISTENT", 0)]
    job.objects = [Objects("TABLE", 2, 1, 0, [("t", None)])]
    task = served.add_task(JOB_ID, level)
    clock.at += 60
    reading = read(client, task.task_id, level)
    assert verdict(reading) == "inconsistent"
    assert len(reading.tables) == (0 if level == "objects" else 123)


@pytest.mark.parametrize("remaining", [-1, 0, 3600, None])
@pytest.mark.parametrize("export", ["INIT", "EXPORT_COMPLETE", "EXPORT_COMMON_FAILED", "EXPIRED", None])
def test_8_a_result_file_has_no_say(
    served: ServedDrs, client: Client, clock: Clock, export: str | None, remaining: int | None
) -> None:
    task = served.add_task(JOB_ID, "objects")
    clock.at += 60
    items = [{"type": "DB", "status": 2, "source_count": 1, "target_count": 1}]
    file = {"export_status": export, "report_remain_seconds": remaining}
    overview = {"compare_job_id": task.task_id, "status": "SUCCESSFUL", "compare_result": items, **file}
    served.script("overview", Fault(200, overview))
    assert verdict(read(client, task.task_id, "objects")) == "consistent"


@pytest.mark.parametrize("sign", [1, -1])
def test_9_the_sign_of_a_values_progress_does_not_matter(
    served: ServedDrs, client: Client, clock: Clock, sign: Literal[1, -1]
) -> None:
    served.quirks = Quirks(sign=sign, families="b")
    task = served.add_task(JOB_ID, "contents")
    clock.at += 60
    assert verdict(read(client, task.task_id, "contents")) == "consistent"


@pytest.mark.parametrize(("header", "seconds"), [(None, None), ("5", 5.0)])
def test_10_throttling_is_survived_with_and_without_a_wait(
    served: ServedDrs, client: Client, header: str | None, seconds: float | None
) -> None:
    served.quirks = Quirks(calls_allowed=0, throttle_header=header)
    error = failure(client, objects=True)
    assert isinstance(error, TryLater)
    assert (error.reason, error.retry_after, error.sent) == ("throttled", seconds, False)


RESULTS = [("CONSISTENT", 2, "consistent"), ("INCONSISTENT", 0, "inconsistent"), ("CAN_NOT_COMPARE", 4, "incomplete")]


@pytest.fixture(params=RESULTS, ids=[expected for _, _, expected in RESULTS])
def expected(request: pytest.FixtureRequest, job: Job) -> str:
    """What the job's comparisons find on every level, in our word."""
    word, number, expected = request.param
    differs = word == "INCONSISTENT"
    rows = 2 if differs else 3
    job.tables = [Table("may_5", "t", 3, rows, 3 - rows, word, number)]
    job.databases = {"may_5": (word, number)}
    details: list[tuple[str | None, str | None]] = [("t", None if differs else "t")]
    job.objects = [Objects("TABLE", 1, 0 if differs else 1, min(number, 3), details)]
    return str(expected)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("families", "ids"),
    [("both", "shared"), ("both", "a"), ("both", "b"), ("a", "shared"), ("a", "a"), ("b", "shared"), ("b", "b")],
)
def test_11_either_family_of_endpoints_is_enough(
    served: ServedDrs, client: Client, clock: Clock, level: str, expected: str, ids: Any, families: Any
) -> None:
    served.quirks = Quirks(ids=ids, families=families)
    task = served.add_task(JOB_ID, level)
    assert not read(client, task.task_id, level).terminal
    clock.at += 60
    assert verdict(read(client, task.task_id, level)) == expected


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("families", "ids"), [("a", "b"), ("b", "a")])
def test_11_where_no_endpoint_knows_the_id_the_result_is_right_or_incomplete(
    served: ServedDrs, client: Client, clock: Clock, level: str, expected: str, ids: Any, families: Any
) -> None:
    served.quirks = Quirks(ids=ids, families=families)
    task = served.add_task(JOB_ID, level)
    clock.at += 60
    by_overview = level == "objects" and families == "b"
    assert verdict(read(client, task.task_id, level)) == (expected if by_overview else "incomplete")


@pytest.mark.parametrize(
    "forbidden", [(403, "APIG.0302"), (403, "APIG.0306"), (403, "DRS.M00102"), (401, "DRS.M00103"), (404, "DRS.M00101")]
)
def test_12_a_missing_permission_can_be_granted_later(
    served: ServedDrs, client: Client, forbidden: tuple[int, str]
) -> None:
    served.quirks = Quirks(forbidden=forbidden)
    error = failure(client, objects=True)
    assert isinstance(error, TryLater)
    assert (error.reason, error.bad_signature) == ("credentials", False)
    with pytest.raises(TryLater):
        read(client, "t", "lines")


def test_13_any_host_can_be_configured_and_one_family_without_signing_is_enough(
    served: ServedDrs, client: Client, clock: Clock
) -> None:
    # Open Telekom Cloud publishes two endpoints and tokens only; where its DRS is, is configuration.
    served.quirks = Quirks(families="a")
    client.project = {**served.project("token"), "region": "eu-de"}
    created = create(client, objects=True, data=data_level())
    clock.at += 60
    for part, level in ((created.objects, "objects"), (created.data, "lines")):
        assert part is not None
        assert part.task_id is not None
        assert verdict(read(client, part.task_id, level)) == "consistent"
    assert {call.headers["Host"] for call in served.calls} == {served.url.removeprefix("http://")}
