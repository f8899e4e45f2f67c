"""Reading with little time left: names are left out and told so, results never are."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.pipeline.drs import TryLater
from functions.pipeline.drs_time import LEAST_SECONDS, OPTIONAL_SECONDS, TimeLeft
from functions.pipeline.readings import Reading, worst
from tests.drs.asking import JOB_ID, Client, Clock
from tests.drs.served_drs import Fault, Job, Objects, Quirks, ServedDrs, Table, Task

MISSING = Objects("TABLE", 3, 2, 0, [("c", None)])
FEWER = Objects("VIEW", 2, 1, 0, [("v", None)])


def finished(served: ServedDrs, clock: Clock, level: str) -> Task:
    task = served.add_task(JOB_ID, level)
    clock.at += 60
    return task


def read(client: Client, task: Task) -> Reading:
    reading = client.ask(lambda drs: drs.read(JOB_ID, task.task_id, task.level))  # type: ignore[arg-type]  # a level
    assert reading is not None
    return reading


def names(reading: Reading) -> list[str | None]:
    return [difference.source for count in reading.objects for difference in count.differences]


def after_calls(served: ServedDrs, calls: int, *, plenty: float = 60.0, then: float) -> Callable[[], float]:
    """Time that is plenty until so many calls have been answered."""
    return lambda: plenty if len(served.calls) < calls else then


def test_names_are_left_out_when_time_is_short_and_the_verdict_is_not(
    served: ServedDrs, client: Client, clock: Clock, job: Job
) -> None:
    job.objects = [MISSING, Objects("DB", 1, 1, 2)]
    client.seconds_left = lambda: OPTIONAL_SECONDS - 0.1
    reading = read(client, finished(served, clock, "objects"))
    assert (reading.terminal, reading.truncated, names(reading)) == (True, True, [])
    assert [count.result for count in reading.objects] == ["inconsistent", "consistent"]
    assert [call.endpoint for call in served.calls] == ["overview"]


def test_names_are_asked_for_while_there_is_time(served: ServedDrs, client: Client, clock: Clock, job: Job) -> None:
    job.objects = [MISSING, FEWER]
    task = finished(served, clock, "objects")
    client.seconds_left = after_calls(served, 2, then=OPTIONAL_SECONDS - 0.1)
    reading = read(client, task)
    assert (reading.truncated, names(reading)) == (True, ["c"])
    client.seconds_left = lambda: OPTIONAL_SECONDS
    reading = read(client, task)
    assert (reading.truncated, names(reading)) == (False, ["c", "v"])


def test_pages_of_names_end_when_time_gets_short(served: ServedDrs, client: Client, clock: Clock, job: Job) -> None:
    equal: list[tuple[str | None, str | None]] = [(f"t{i}", f"t{i}") for i in range(1500)]
    job.objects = [Objects("TABLE", 1502, 1500, 0, [("first", None), *equal, ("last", None)])]
    client.seconds_left = after_calls(served, 2, then=5.0)
    reading = read(client, finished(served, clock, "objects"))
    assert (reading.truncated, names(reading)) == (True, ["first"])


def test_names_beyond_the_most_pages_are_told_as_left_out(
    served: ServedDrs, client: Client, clock: Clock, job: Job
) -> None:
    equal: list[tuple[str | None, str | None]] = [(f"t{i}", f"t{i}") for i in range(10_000)]
    job.objects = [Objects("TABLE", 10_001, 10_000, 0, [("first", None), *equal])]
    reading = read(client, finished(served, clock, "objects"))
    assert (reading.truncated, names(reading), len(served.called("detail"))) == (True, ["first"], 10)


def test_names_that_do_not_come_in_time_cost_no_verdict(
    served: ServedDrs, client: Client, clock: Clock, job: Job
) -> None:
    job.objects = [MISSING]
    task = finished(served, clock, "objects")
    served.script("detail", Fault(502))
    client.seconds_left = after_calls(served, 2, then=5.0)
    reading = read(client, task)
    assert (reading.objects[0].result, reading.truncated, names(reading)) == ("inconsistent", True, [])


def test_names_that_fail_while_there_is_time_are_asked_for_again(
    served: ServedDrs, client: Client, clock: Clock, job: Job
) -> None:
    job.objects = [MISSING]
    served.script("detail", Fault(502))
    with pytest.raises(TryLater, match=r"HTTP\.502"):
        read(client, finished(served, clock, "objects"))


def test_refused_credentials_are_told_even_when_time_is_short(
    served: ServedDrs, client: Client, clock: Clock, job: Job
) -> None:
    job.objects = [MISSING]
    task = finished(served, clock, "objects")
    served.script("detail", Fault(403))
    client.seconds_left = after_calls(served, 2, then=5.0)
    with pytest.raises(TryLater) as caught:
        read(client, task)
    assert caught.value.reason == "credentials"


def test_every_type_is_read_by_id_however_short_the_time_and_names_are_not(
    served: ServedDrs, client: Client, clock: Clock, job: Job
) -> None:
    # Two types a page, one difference on the last: what decides is on page 12.
    job.objects = [Objects(f"TYPE_{i}", 2, 2, 2, [(f"{i}.{n}", f"{i}.{n}") for n in range(40)]) for i in range(23)]
    job.objects.append(Objects("LAST", 2, 1, 0, [("c", None)]))
    task = finished(served, clock, "objects")
    served.quirks = Quirks(families="a", most_per_page=2)
    client.seconds_left = lambda: 5.0
    reading = read(client, task)
    assert len(reading.objects) == 24
    assert (worst(count.result for count in reading.objects), reading.truncated) == ("inconsistent", True)


def test_nothing_is_left_out_of_a_reading_that_agrees(
    served: ServedDrs, client: Client, clock: Clock, job: Job
) -> None:
    job.objects = [Objects("TABLE", 5000, 5000, 2, [(f"t{i}", f"t{i}") for i in range(5000)])]
    task = finished(served, clock, "objects")
    served.quirks = Quirks(families="a", most_per_page=100)
    client.seconds_left = lambda: 5.0
    reading = read(client, task)
    assert (reading.objects[0].result, reading.truncated) == ("consistent", False)
    assert len(served.called("results")) <= 6


@pytest.mark.parametrize("level", ["objects", "lines", "contents"])
def test_what_a_verdict_needs_is_never_left_out(served: ServedDrs, client: Client, clock: Clock, level: str) -> None:
    task = finished(served, clock, level)
    whole = read(client, task)
    needed = len(served.calls)
    for enough_for in range(needed):
        served.calls.clear()
        client.seconds_left = after_calls(served, enough_for, then=LEAST_SECONDS - 0.1)
        with pytest.raises(TryLater) as caught:
            read(client, task)
        assert (caught.value.code, caught.value.reason) == ("Parity.OutOfTime", "unavailable")
        assert not caught.value.sent
        assert len(served.calls) == enough_for
    served.calls.clear()
    client.seconds_left = after_calls(served, needed, then=LEAST_SECONDS - 0.1)
    assert read(client, task) == whole


@pytest.mark.parametrize(
    "question",
    [
        lambda drs: drs.create(JOB_ID, objects=True, data=None),
        lambda drs: drs.tasks(JOB_ID),
        lambda drs: drs.cancel(JOB_ID, "t"),
        lambda drs: drs.job_status(JOB_ID),
    ],
)
def test_without_time_nothing_is_sent(served: ServedDrs, client: Client, question: Callable[[Any], Any]) -> None:
    client.seconds_left = lambda: 0.0
    with pytest.raises(TryLater, match=r"Parity\.OutOfTime") as caught:
        client.ask(question)
    assert not caught.value.sent
    assert not served.calls


@pytest.mark.parametrize(("left", "bounded"), [(60.0, 10.0), (12.0, 10.0), (7.0, 5.0), (3.0, 1.0), (0.0, 1.0)])
def test_a_call_ends_before_its_step_does(left: float, bounded: float) -> None:
    assert TimeLeft(lambda: left).bounded(10.0) == bounded


def test_keys_of_rows_beyond_the_most_are_told_as_left_out(
    served: ServedDrs, client: Client, clock: Clock, job: Job
) -> None:
    keys: list[tuple[str | None, str | None]] = [(str(i), None) for i in range(1001)]
    job.tables = [Table("may_5", "t", 1001, 0, 1001, "INCONSISTENT", 0, rows=keys)]
    reading = read(client, finished(served, clock, "contents"))
    assert (reading.truncated, len(reading.tables[0].differences)) == (True, 1000)
