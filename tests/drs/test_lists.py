"""The tasks of a job in all lists that DRS keeps, cancelling one, and the state of the job."""

from dataclasses import replace

import pytest

from functions.pipeline.drs import DrsTask, Refused, TryLater
from tests.drs.asking import JOB_ID, Client, Clock
from tests.drs.served_drs import Fault, Job, Quirks, ServedDrs


def test_all_lists_together_are_the_tasks(served: ServedDrs, client: Client, clock: Clock) -> None:
    objects, lines = served.add_task(JOB_ID, "objects"), served.add_task(JOB_ID, "lines")
    expected = {
        DrsTask(objects.task_id, "objects", "RUNNING", objects.created_at),
        DrsTask(lines.task_id, "lines", "RUNNING", lines.created_at),
    }
    for families in ("both", "a", "b"):
        served.quirks = replace(served.quirks, families=families)
        assert set(client.ask(lambda drs: drs.tasks(JOB_ID))) == expected


def test_kinds_of_tasks_that_we_do_not_make_have_no_level(served: ServedDrs, client: Client) -> None:
    entry = {"compare_task_id": "t", "compare_type": "account", "compare_task_status": "RUNNING"}
    served.script("results", Fault(200, {"compare_task_list_results": {"compare_task_list": [entry]}}))
    assert client.ask(lambda drs: drs.tasks(JOB_ID)) == [DrsTask("t", None, "RUNNING", None)]


def test_a_long_list_of_tasks_is_read_to_its_end(served: ServedDrs, client: Client) -> None:
    served.quirks = Quirks(most_per_page=10)
    for _ in range(25):
        served.add_task(JOB_ID, "lines")
    assert len(client.ask(lambda drs: drs.tasks(JOB_ID))) == 25


def test_tasks_that_can_not_be_seen_are_not_taken_for_none(served: ServedDrs, client: Client) -> None:
    served.script("results", Fault.drs("DRS.M00200"))
    served.script("tables", Fault.drs("DRS.M00202"))
    with pytest.raises(Refused):
        client.ask(lambda drs: drs.tasks(JOB_ID))
    served.script("tables", Fault(502))
    with pytest.raises(TryLater):
        client.ask(lambda drs: drs.tasks(JOB_ID))


PROXY = Fault(404, b"<html>not here</html>")


@pytest.mark.parametrize(
    ("results", "tables", "overview"),
    [(PROXY, PROXY, PROXY), (PROXY, PROXY, None), (Fault.drs("DRS.M00200"), PROXY, None)],
)
def test_lists_that_something_in_between_hides_may_show_later(
    served: ServedDrs, client: Client, results: Fault, tables: Fault, overview: Fault | None
) -> None:
    for endpoint, fault in (("results", results), ("tables", tables), ("overview", overview)):
        served.script(endpoint, fault)
    with pytest.raises(TryLater) as caught:
        client.ask(lambda drs: drs.tasks(JOB_ID))
    assert (caught.value.code, caught.value.reason, caught.value.sent) == ("HTTP.404", "not_ready", False)


def test_a_deleted_job_is_told_even_if_a_list_is_hidden(served: ServedDrs, client: Client, job: Job) -> None:
    job.deleted = True
    served.script("results", PROXY)
    with pytest.raises(Refused) as caught:
        client.ask(lambda drs: drs.tasks(JOB_ID))
    assert caught.value.job_gone


def test_a_hidden_list_does_not_matter_where_the_others_show_all(served: ServedDrs, client: Client) -> None:
    task = served.add_task(JOB_ID, "lines")
    served.script("tables", PROXY)
    assert [listed.task_id for listed in client.ask(lambda drs: drs.tasks(JOB_ID))] == [task.task_id]


def test_a_running_task_is_cancelled_and_an_ended_one_is_not(served: ServedDrs, client: Client, clock: Clock) -> None:
    task = served.add_task(JOB_ID, "lines")
    client.ask(lambda drs: drs.cancel(JOB_ID, task.task_id))
    (listed,) = client.ask(lambda drs: drs.tasks(JOB_ID))
    assert listed.status == "CANCELLED"
    with pytest.raises(TryLater) as caught:
        client.ask(lambda drs: drs.cancel(JOB_ID, task.task_id))
    assert caught.value.reason == "not_ready"


@pytest.mark.parametrize("body", [b"", b"{ }", b'""'])
def test_an_empty_answer_to_cancel_is_a_success(served: ServedDrs, client: Client, body: bytes) -> None:
    served.script("cancel", Fault(200, body))
    client.ask(lambda drs: drs.cancel(JOB_ID, "t"))
    assert served.calls[0].endpoint == "cancel"


def test_the_state_of_a_job_is_known_or_the_job_is_gone(served: ServedDrs, client: Client, job: Job) -> None:
    assert client.ask(lambda drs: drs.job_status(JOB_ID)) == "INCRE_TRANSFER_STARTED"
    for question in (lambda drs: drs.job_status("other"), lambda drs: drs.job_status(JOB_ID)):
        with pytest.raises(Refused) as caught:
            client.ask(question)
        assert caught.value.job_gone
        job.deleted = True
    served.script("status", Fault(200, {"results": []}))
    assert client.ask(lambda drs: drs.job_status(JOB_ID)) is None
