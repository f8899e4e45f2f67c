"""Reading tasks of a served DRS: right while all is well, incomplete where something is missing, never consistent."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.pipeline.drs import Refused, TryLater
from functions.pipeline.readings import ObjectDifference, Reading, RowDifference, worst
from tests.drs.asking import JOB_ID, Client, Clock
from tests.drs.served_drs import Fault, Job, Objects, Quirks, ServedDrs, Table, Task

MISSING = Objects("TABLE", 3, 2, 0, [("a", "a"), ("b", "b"), ("c", None)])


def finished(served: ServedDrs, clock: Clock, level: str) -> Task:
    task = served.add_task(JOB_ID, level)
    clock.at += 60
    return task


def read(client: Client, task: Task) -> Reading | None:
    return client.ask(lambda drs: drs.read(JOB_ID, task.task_id, task.level))  # type: ignore[arg-type]  # a level


def seen(client: Client, task: Task) -> Reading:
    reading = read(client, task)
    assert reading is not None
    return reading


def result(reading: Reading) -> str:
    of_data = [part.result for part in reading.tables] + [part.result for part in reading.databases]
    return worst([part.result for part in reading.objects] + of_data)


# --- objects ---


def test_a_consistent_object_task_is_read_from_the_overview(served: ServedDrs, client: Client, clock: Clock) -> None:
    reading = seen(client, finished(served, clock, "objects"))
    assert (reading.status, reading.terminal, result(reading)) == ("SUCCESSFUL", True, "consistent")
    assert [count.type for count in reading.objects] == ["DB", "TABLE", "INDEX", "TABLE_COLLATION"]
    assert [call.endpoint for call in served.calls] == ["overview"]


def test_a_running_object_task_costs_one_call_and_is_not_terminal(served: ServedDrs, client: Client) -> None:
    reading = seen(client, served.add_task(JOB_ID, "objects"))
    assert (reading.status, reading.terminal, reading.objects) == ("RUNNING", False, ())
    assert len(served.calls) == 1


def test_a_table_missing_on_the_target_is_named(served: ServedDrs, client: Client, clock: Clock, job: Job) -> None:
    job.objects = [Objects("DB", 1, 1, 2), MISSING]
    db, table = seen(client, finished(served, clock, "objects")).objects
    assert db.result == "consistent"
    assert (table.source, table.target, table.result) == (3, 2, "inconsistent")
    assert table.differences == (ObjectDifference("c", None, "inconsistent", "may_5", "may_5"),)
    assert served.called("detail")[0].query["compare_job_id"] == served.tasks[JOB_ID][0].task_id


def test_object_detail_is_read_page_by_page(served: ServedDrs, client: Client, clock: Clock, job: Job) -> None:
    names = [(f"t{i}", f"t{i}") for i in range(1500)]
    job.objects = [Objects("TABLE", 1501, 1500, 0, [*names, ("last", None)])]
    table = seen(client, finished(served, clock, "objects")).objects[0]
    assert [difference.source for difference in table.differences] == ["last"]
    assert [call.query["offset"] for call in served.called("detail")] == ["0", "1000"]


def test_names_come_from_the_other_family_where_detail_is_refused(
    served: ServedDrs, client: Client, clock: Clock, job: Job
) -> None:
    job.objects = [MISSING]
    served.script("detail", Fault.drs("DRS.M00200"))
    table = seen(client, finished(served, clock, "objects")).objects[0]
    assert [(d.source, d.target) for d in table.differences] == [("c", None)]


def test_another_tasks_overview_is_never_taken_for_ours(
    served: ServedDrs, client: Client, clock: Clock, job: Job
) -> None:
    job.objects = [MISSING]
    ours = finished(served, clock, "objects")
    served.add_task(JOB_ID, "objects")
    reading = seen(client, ours)
    assert (reading.status, reading.terminal, result(reading)) == ("SUCCESSFUL", True, "inconsistent")
    assert [d.source for d in reading.objects[0].differences] == ["c"]
    assert served.called("results")[-1].body["object_level_compare_id"] == ours.task_id


def test_ours_that_still_runs_behind_another_is_not_given_up(served: ServedDrs, client: Client, clock: Clock) -> None:
    ours = served.add_task(JOB_ID, "objects")
    clock.at += 1
    served.add_task(JOB_ID, "objects")
    assert (seen(client, ours).status, seen(client, ours).terminal) == ("RUNNING", False)


def test_ours_that_can_be_read_nowhere_behind_another_is_none(served: ServedDrs, client: Client, clock: Clock) -> None:
    ours = finished(served, clock, "objects")
    served.add_task(JOB_ID, "objects")
    served.quirks = Quirks(ids="b")
    assert read(client, ours) is None
    served.quirks = Quirks(families="b")
    assert read(client, ours) is None


def test_results_of_another_object_task_are_not_ours(served: ServedDrs, client: Client, clock: Clock) -> None:
    ours, theirs = finished(served, clock, "objects"), served.add_task(JOB_ID, "objects")
    section = {"compare_task_id": theirs.task_id, "object_compare_overview": []}
    served.script("results", None, Fault(200, {"object_level_compare_results": section}))
    assert read(client, ours) is None


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "TIMEOUT_INTERRUPT"])
def test_how_an_object_task_ended_is_known_even_behind_another(
    served: ServedDrs, client: Client, clock: Clock, job: Job, status: str
) -> None:
    job.walk = ((0, status),)
    ours = finished(served, clock, "objects")
    served.quirks = Quirks(ids="b")
    job.walk = ((0, "RUNNING"),)
    served.add_task(JOB_ID, "objects")
    reading = seen(client, ours)
    assert (reading.status, reading.terminal) == (status, True)


def test_the_reason_of_a_failure_is_told(served: ServedDrs, client: Client, clock: Clock, job: Job) -> None:
    job.walk, job.error_msg = ((0, "FAILED"),), "the source refused the connection"
    reading = seen(client, finished(served, clock, "objects"))
    assert (reading.status, reading.error_msg) == ("FAILED", "the source refused the connection")


def test_an_overview_without_results_is_completed_by_id_or_stays_empty(
    served: ServedDrs, client: Client, clock: Clock
) -> None:
    task = finished(served, clock, "objects")
    bare = {"compare_job_id": task.task_id, "status": "SUCCESSFUL", "compare_result": []}
    served.script("overview", Fault(200, bare), Fault(200, bare))
    assert result(seen(client, task)) == "consistent"
    served.quirks = Quirks(ids="b")
    assert result(seen(client, task)) == "incomplete"


def test_an_overview_without_a_status_asks_the_list(served: ServedDrs, client: Client, clock: Clock) -> None:
    task = finished(served, clock, "objects")
    items = [{"type": "DB", "status": 2, "source_count": 1, "target_count": 1}]
    served.script("overview", Fault(200, {"compare_job_id": task.task_id, "compare_result": items}))
    assert (seen(client, task).status, result(seen(client, task))) == ("SUCCESSFUL", "consistent")


def test_results_without_a_status_anywhere_are_not_final(served: ServedDrs, client: Client, clock: Clock) -> None:
    task = finished(served, clock, "objects")
    bare = {"compare_job_id": task.task_id, "compare_result": []}
    served.script("overview", Fault(200, bare))
    served.script("results", Fault(200, {"job_id": JOB_ID}))
    assert seen(client, task) == Reading(task.task_id, "objects", "", terminal=False)


def test_a_task_that_nothing_shows_yet_is_asked_for_again(client: Client) -> None:
    with pytest.raises(TryLater, match="doesn't show"):
        client.ask(lambda drs: drs.read(JOB_ID, "unknown", "objects"))
    with pytest.raises(TryLater, match="doesn't show"):
        client.ask(lambda drs: drs.read(JOB_ID, "unknown", "lines"))


@pytest.mark.parametrize("level", ["objects", "lines", "contents"])
def test_a_deleted_job_is_told(served: ServedDrs, client: Client, clock: Clock, job: Job, level: str) -> None:
    task = finished(served, clock, level)
    job.deleted = True
    with pytest.raises(Refused) as caught:
        read(client, task)
    assert caught.value.job_gone


# --- rows and values ---


def test_a_row_comparison_is_read_by_its_id(served: ServedDrs, client: Client, clock: Clock, job: Job) -> None:
    job.tables.append(Table("may_5", "orders", 10, 9, 1, "INCONSISTENT", 0, target_db="june_6"))
    reading = seen(client, finished(served, clock, "lines"))
    assert (reading.status, reading.terminal, result(reading)) == ("SUCCESSFUL", True, "inconsistent")
    orders = reading.tables[-1]
    assert (orders.source_db, orders.source_table, orders.source_rows, orders.target_rows) == ("may_5", "orders", 10, 9)
    assert orders.difference_rows == 1


@pytest.mark.parametrize("level", ["lines", "contents"])
def test_a_consistent_data_task_is_consistent(served: ServedDrs, client: Client, clock: Clock, level: str) -> None:
    reading = seen(client, finished(served, clock, level))
    assert (result(reading), len(reading.tables), len(reading.databases)) == ("consistent", 2, 1)


@pytest.mark.parametrize(
    "status", ["RUNNING", "FULL_DOING", "INCRE_DOING", "WAITING_FOR_RUNNING", "PAUSED_BY_THE_MOON"]
)
@pytest.mark.parametrize("level", ["objects", "lines", "contents"])
def test_no_other_status_is_final(
    served: ServedDrs, client: Client, clock: Clock, job: Job, level: str, status: str
) -> None:
    job.walk = ((0, status),)
    reading = seen(client, finished(served, clock, level))
    assert (reading.status, reading.terminal) == (status, False)


def test_a_scheduled_task_waits(served: ServedDrs, client: Client, clock: Clock) -> None:
    task = served.add_task(JOB_ID, "lines")
    task.starts_at = clock() + 3600
    assert (seen(client, task).status, seen(client, task).terminal) == ("WAITING_FOR_RUNNING", False)


def test_differing_rows_are_named_by_their_keys(served: ServedDrs, client: Client, clock: Clock, job: Job) -> None:
    rows: list[tuple[str | None, str | None]] = [("1", "1"), ("2", None), (None, "5")]
    job.tables = [Table("may_5", "t", 3, 3, 3, "INCONSISTENT", 0, rows=rows)]
    table = seen(client, finished(served, clock, "contents")).tables[0]
    assert [(row.source_key, row.target_key) for row in table.differences] == [
        (("1",), ("1",)),
        (("2",), ()),
        ((), ("5",)),
    ]
    sql = "select * from may_5.t where id = 5"
    assert table.differences[2] == RowDifference(target_key=("5",), target_sql=sql)


def test_a_table_that_could_not_be_compared_makes_it_incomplete(
    served: ServedDrs, client: Client, clock: Clock, job: Job
) -> None:
    job.tables.append(Table("may_5", "no_key", comparable=False, message="no primary key"))
    reading = seen(client, finished(served, clock, "contents"))
    assert result(reading) == "incomplete"
    assert [(t.source_table, t.message) for t in reading.tables if t.result != "consistent"] == [
        ("no_key", "no primary key")
    ]


@pytest.mark.parametrize("level", ["lines", "contents"])
@pytest.mark.parametrize("families", ["both", "a", "b"])
def test_thousands_of_tables_are_all_read(
    served: ServedDrs, client: Client, clock: Clock, job: Job, level: str, families: Any
) -> None:
    job.tables = [Table("a", f"t{i}") for i in range(1203)] + [Table("b", f"t{i}") for i in range(7)]
    served.quirks = Quirks(families=families, most_per_page=500, beyond_most="capped")
    reading = seen(client, finished(served, clock, level))
    assert (len(reading.tables), result(reading)) == (1210, "consistent")


def test_both_targets_of_a_table_are_read_by_path(served: ServedDrs, client: Client, clock: Clock) -> None:
    task = finished(served, clock, "lines")
    served.quirks = Quirks(families="b")
    pairs = [{"source_db_name": "s", "target_db_name": name, "status": 2, "compare_num": 1} for name in ("t", "u")]
    served.script("line-overview", Fault(200, {"data_compare_overview_infos": pairs, "total_count": 2}))
    table = {"source_table_name": "a", "target_table_name": "a"}
    for status in (2, 0):
        page = {"table_line_compare_result_infos": [{**table, "status": status}], "total_count": 1}
        served.script("line-detail", Fault(200, page), Fault(200, {"total_count": 0}))
    reading = seen(client, task)
    assert {found.target_db: found.result for found in reading.tables} == {"t": "consistent", "u": "inconsistent"}


def without(path: str) -> Callable[[Any], Any]:
    """The answer without what `path` leads to; a star is every element."""

    def strip(data: Any, steps: list[str]) -> None:
        if steps[0] == "*":
            for item in data:
                strip(item, steps[1:])
        elif len(steps) == 1:
            data.pop(steps[0])
        else:
            strip(data[steps[0]], steps[1:])

    def stripped(data: Any) -> Any:
        strip(data, path.split("."))
        return data

    return stripped


def answer_of(client: Client, level: str, task: Task) -> Any:
    """The whole answer of query-compare-result."""
    return client.ask(lambda drs: drs._results.page(JOB_ID, 1, level, task.task_id)).wire()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("level", "path"),
    [
        ("lines", "line_compare_results.line_compare_overview.*.line_compare_result"),
        ("lines", "line_compare_results.line_compare_details.*.line_compare_detail.*.line_compare_result"),
        ("lines", "line_compare_results.line_compare_details.*.line_compare_detail"),
        ("contents", "content_compare_results.content_compare_overview.*.content_compare_result"),
        (
            "contents",
            "content_compare_results.content_compare_details.*.content_compare_detail.*.content_compare_result",
        ),
        ("contents", "content_compare_results.content_compare_details.*.content_compare_detail"),
    ],
)
def test_a_result_that_is_left_out_is_never_consistent(
    served: ServedDrs, client: Client, clock: Clock, level: str, path: str
) -> None:
    task = finished(served, clock, level)
    stripped = without(path)(answer_of(client, level, task))
    served.script("results", Fault(200, stripped), Fault(200, stripped))
    assert result(seen(client, task)) == "incomplete"


@pytest.mark.parametrize("level", ["lines", "contents"])
def test_a_page_that_fails_half_way_is_no_result_at_all(
    served: ServedDrs, client: Client, clock: Clock, job: Job, level: str
) -> None:
    job.tables = [Table("a", f"t{i}") for i in range(1203)]
    served.script("results", None, Fault(502))
    with pytest.raises(TryLater):
        read(client, finished(served, clock, level))


def test_results_that_no_family_shows_are_incomplete_with_the_reason(
    served: ServedDrs, client: Client, clock: Clock
) -> None:
    task = finished(served, clock, "lines")
    served.script("results", Fault.drs("DRS.M00002", "The returned result is empty.", 422))
    served.script("line-overview", Fault.drs("DRS.M00202"))
    reading = seen(client, task)
    assert (reading.terminal, result(reading)) == (True, "incomplete")
    assert reading.error_msg == "DRS.M00002: The returned result is empty."


def test_an_error_page_from_something_in_between_ends_nothing(served: ServedDrs, client: Client, clock: Clock) -> None:
    task = finished(served, clock, "lines")
    served.script("results", Fault(404, b"<html>"))
    served.script("line-overview", Fault(404, b"<html>"))
    with pytest.raises(TryLater, match=r"HTTP\.404"):
        read(client, task)


def test_a_section_of_another_task_is_not_ours(served: ServedDrs, client: Client, clock: Clock, job: Job) -> None:
    task = finished(served, clock, "lines")
    answer = answer_of(client, "lines", task)
    answer["line_compare_results"]["compare_task_id"] = "somebody else's"
    job.tables = [Table("may_5", "t", 1, 2, 1, "INCONSISTENT", 0)]
    served.script("results", Fault(200, answer))
    assert result(seen(client, task)) == "inconsistent"
    assert served.called("line-overview")


def test_a_section_that_carries_an_error_is_asked_for_again_or_elsewhere(
    served: ServedDrs, client: Client, clock: Clock
) -> None:
    task = finished(served, clock, "lines")
    served.script("results", Fault(200, {"line_compare_results": {"error_code": "DRS.M00004", "error_msg": "down"}}))
    with pytest.raises(TryLater, match=r"DRS\.M00004"):
        read(client, task)
    served.script("results", Fault(200, {"line_compare_results": {"error_code": "DRS.M00202", "error_msg": "id"}}))
    assert (result(seen(client, task)), bool(served.called("line-detail"))) == ("consistent", True)


def test_a_wait_that_drs_asks_for_is_in_the_reading(served: ServedDrs, client: Client) -> None:
    task = served.add_task(JOB_ID, "objects")
    running = {"compare_job_id": task.task_id, "status": "RUNNING"}
    served.script("overview", Fault(200, running, {"Retry-After": "33"}))
    assert seen(client, task).retry_after == 33
    assert seen(client, task).retry_after is None
