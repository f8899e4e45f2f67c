"""Differing rows of a value comparison, and how far it is: shown where they can be had, never needed."""

from typing import Any

import pytest

from functions.pipeline.drs import TryLater
from functions.pipeline.readings import Reading, RowDifference
from tests.drs.asking import JOB_ID, Client, Clock
from tests.drs.served_drs import Fault, Job, Quirks, ServedDrs, Table, Task

Rows = list[tuple[str | None, str | None]]
ROWS: Rows = [("1", "1"), ("2", None), (None, "5")]


def differing(name: str, rows: Rows, count: int | None = None) -> Table:
    number = len(rows) if count is None else count
    return Table("may_5", name, 3, 3, number, "INCONSISTENT", 0, rows=rows)


def read(client: Client, task: Task) -> Reading:
    reading = client.ask(lambda drs: drs.read(JOB_ID, task.task_id, "contents"))
    assert reading is not None
    return reading


@pytest.fixture
def finished(served: ServedDrs, clock: Clock) -> Task:
    task = served.add_task(JOB_ID, "contents")
    clock.at += 60
    return task


def test_where_only_the_newer_endpoints_exist_the_rows_come_table_by_table(
    served: ServedDrs, client: Client, job: Job, finished: Task
) -> None:
    served.quirks = Quirks(families="b")
    job.tables = [differing("t", ROWS), Table("may_5", "same"), differing("u", ROWS[:1])]
    reading = read(client, finished)
    assert not reading.truncated
    tables = {t.source_table: t.differences for t in reading.tables}
    assert [(row.source_key, row.target_key) for row in tables["t"]] == [(("1",), ("1",)), (("2",), ()), ((), ("5",))]
    sql = "select * from may_5.t where id = 2"
    assert tables["t"][1] == RowDifference(source_key=("2",), source_sql=sql)
    assert (len(tables["u"]), tables["same"]) == (1, ())
    assert [call.query["table_name"] for call in served.called("content-difference")] == ["t", "u"]


def test_a_table_without_rows_on_the_page_is_asked_for_its_own(
    served: ServedDrs, client: Client, job: Job, finished: Task
) -> None:
    job.tables = [differing("t", ROWS)]
    found = {
        "source_db_name": "may_5",
        "source_table_name": "t",
        "diff_row_num": 3,
        "content_compare_result": "INCONSISTENT",
    }
    section = {
        "compare_task_id": finished.task_id,
        "content_compare_overview": [
            {"source_db_name": "may_5", "target_db_name": "may_5", "content_compare_result": "INCONSISTENT"}
        ],
        "content_compare_overview_count": 1,
        "content_compare_details": [
            {"source_db_name": "may_5", "content_compare_detail": [found], "content_compare_detail_count": 1}
        ],
        "content_compare_diffs": [
            {"source_db_name": "may_5", "source_table_name": "t", "content_compare_diff_count": 3}
        ],
    }
    served.script("results", Fault(200, {"content_compare_results": section}))
    reading = read(client, finished)
    assert (len(reading.tables[0].differences), reading.truncated) == (3, False)


@pytest.mark.parametrize("families", ["a", "b", "both"])
@pytest.mark.parametrize(("shown", "counted", "truncated"), [(3, 3, False), (3, 4, True), (0, 2, True), (0, 0, False)])
def test_more_differences_than_were_read_are_told_as_left_out(
    served: ServedDrs,
    client: Client,
    job: Job,
    finished: Task,
    families: Any,
    shown: int,
    counted: int,
    truncated: bool,
) -> None:
    served.quirks = Quirks(families=families)
    job.tables = [differing("t", ROWS[:shown], counted)]
    assert read(client, finished).truncated == truncated


def test_row_counts_that_differ_have_no_rows_to_leave_out(
    served: ServedDrs, client: Client, clock: Clock, job: Job
) -> None:
    job.tables = [Table("may_5", "t", 5, 3, 2, "INCONSISTENT", 0)]
    task = served.add_task(JOB_ID, "lines")
    clock.at += 60
    reading = client.ask(lambda drs: drs.read(JOB_ID, task.task_id, "lines"))
    assert reading is not None
    assert (reading.truncated, served.called("content-difference")) == (False, [])


def test_of_many_differing_tables_a_few_are_asked_for_their_rows(
    served: ServedDrs, client: Client, job: Job, finished: Task
) -> None:
    served.quirks = Quirks(families="b")
    job.tables = [differing(f"t{n}", ROWS) for n in range(40)]
    reading = read(client, finished)
    assert (len(served.called("content-difference")), reading.truncated) == (10, True)
    assert len(reading.tables) == 40


def test_with_little_time_left_no_rows_are_asked_for(
    served: ServedDrs, client: Client, job: Job, finished: Task
) -> None:
    served.quirks = Quirks(families="b")
    job.tables = [differing("t", ROWS)]
    client.seconds_left = lambda: 6.0
    reading = read(client, finished)
    assert (served.called("content-difference"), reading.truncated, reading.terminal) == ([], True, True)


@pytest.mark.parametrize("fault", [Fault(500, b""), Fault.drs("DRS.M00202"), Fault(200, b"odd")])
def test_rows_that_can_not_be_had_cost_no_verdict(
    served: ServedDrs, client: Client, job: Job, finished: Task, fault: Fault
) -> None:
    served.quirks = Quirks(families="b")
    job.tables = [differing("t", ROWS)]
    served.script("content-difference", fault)
    reading = read(client, finished)
    assert (reading.terminal, reading.tables[0].result, reading.truncated) == (True, "inconsistent", True)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [(401, "APIG.0301", "verify aksk signature fail"), (403, "DRS.M00102", "no permission")],
)
@pytest.mark.parametrize("endpoint", ["content-difference", "content-overview"])
def test_a_bad_signature_is_told_wherever_it_is_found_and_a_missing_permission_costs_only_what_it_is_for(
    served: ServedDrs, client: Client, clock: Clock, job: Job, endpoint: str, status: int, code: str, words: str
) -> None:
    served.quirks = Quirks(families="b")
    job.tables = [differing("t", ROWS)]
    job.walk = ((0, "RUNNING"), (90, "SUCCESSFUL"))
    task = served.add_task(JOB_ID, "contents")
    clock.at += 100 if endpoint == "content-difference" else 10
    served.script(endpoint, Fault.drs(code, words, status))
    if status == 401:
        with pytest.raises(TryLater) as refused:
            read(client, task)
        assert refused.value.bad_signature
    else:
        reading = read(client, task)
        assert (reading.status, reading.progress) == ("SUCCESSFUL" if reading.terminal else "RUNNING", None)


def test_a_running_value_comparison_tells_how_far_it_is(
    served: ServedDrs, client: Client, clock: Clock, job: Job
) -> None:
    job.walk = ((0, "RUNNING"), (90, "SUCCESSFUL"))
    task = served.add_task(JOB_ID, "contents")
    infos = [{"source_db": db, "compare_num": 10, "compare_end_num": ended} for db, ended in (("a", 10), ("b", 3))]
    served.script("content-overview", Fault(200, {"content_compare_result_infos": infos, "total_count": 2}), Fault(500))
    assert read(client, task).progress == (13, 20)
    assert read(client, task).progress is None
    served.quirks = Quirks(families="a")
    assert (read(client, task).progress, read(client, task).status) == (None, "RUNNING")


def test_what_waits_for_its_start_is_not_asked_how_far_it_is(served: ServedDrs, client: Client, clock: Clock) -> None:
    task = served.add_task(JOB_ID, "contents")
    task.starts_at = clock() + 3600
    assert read(client, task).status == "WAITING_FOR_RUNNING"
    assert served.called("content-overview") == []
