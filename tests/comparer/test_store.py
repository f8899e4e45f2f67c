"""The comparer's store by itself: findings in their places, transactions, result files."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from functions.comparer.tasks.store import Report, Store, Task
from tests.comparer.served import EPOCH, JOB

TASK = Task("one", JOB, "contents", "RUNNING", EPOCH, EPOCH, options={"fast": "yes"})


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(Store(None)) as store:
        store.add(TASK)
        yield store


def numbers(store: Store, part: str = "p") -> list[int]:
    return [body["n"] for body in store.page("one", part, -1)]


def replace_and_fail(store: Store) -> None:
    with store.transaction():
        store.clear("one", "p")
        store.append("one", "p", [{"n": 2}])
        store.move("one", "RUNNING", "FAILED")
        store.append("nobody", "p", [{"n": 3}])


def test_a_task_comes_back_with_its_options(store: Store) -> None:
    assert store.task("one") == TASK


def test_findings_are_appended_replaced_and_cleared_in_their_part_alone(store: Store) -> None:
    store.append("one", "p", [{"n": 1}, {"n": 2}])
    store.append("one", "p", [{"n": 3}])
    store.append("one", "other", [{"n": 9}])
    store.put("one", "p", 1, {"n": 20})
    assert numbers(store) == [1, 20, 3]
    assert store.page("one", "p", 1, 2) == [{"n": 3}]
    store.clear("one", "p")
    assert (numbers(store), store.item_count("one", "p"), numbers(store, "other")) == ([], 0, [9])
    store.append("one", "p", [{"n": 4}])
    assert numbers(store) == [4]


def test_what_is_done_in_one_transaction_is_done_as_a_whole_or_not_at_all(store: Store) -> None:
    store.append("one", "p", [{"n": 1}])
    with pytest.raises(sqlite3.IntegrityError):
        replace_and_fail(store)
    assert numbers(store) == [1]
    assert store.task("one") == TASK
    with store.transaction():
        store.append("one", "p", [{"n": 2}])
    assert numbers(store) == [1, 2]


def test_the_end_of_a_task_keeps_what_was_found_while_it_ran(store: Store) -> None:
    store.append("one", "p", [{"n": 1}])
    store.finish("one", "SUCCESSFUL", None, EPOCH + 1, None)
    task = store.task("one")
    assert task
    assert (task.status, task.ended_at, numbers(store)) == ("SUCCESSFUL", EPOCH + 1, [1])


def test_what_is_forgotten_is_gone_at_once_and_dropped_a_little_at_a_time(store: Store) -> None:
    old = Task("old", JOB, "lines", "SUCCESSFUL", EPOCH, EPOCH, ended_at=EPOCH - 1)
    store.add(old)
    store.append("old", "p", ({"n": n} for n in range(2_500)))
    store.forget(EPOCH - 1)
    assert not store.sweep()
    assert (store.task("old"), store.task_count(JOB, ["lines"])) == (old, 1)
    store.forget(EPOCH)
    assert (store.task("old"), store.tasks(JOB, ["lines"]), store.task_count(JOB, ["lines"])) == (None, [], 0)
    left = [store.item_count("old", "p")]
    while store.sweep():
        left.append(store.item_count("old", "p"))
    assert left == [2_500, 1_500, 500, 0]
    assert store.tasks(JOB, ["contents"]) == [TASK]


def test_a_task_has_one_result_file_the_latest(store: Store) -> None:
    assert (store.report("one"), store.report_file("one")) == (None, None)
    asked = Report("one", "EXPORTING", EPOCH, None, None, "contents.xlsx")
    store.save_report(asked, None)
    assert (store.report("one"), store.report_file("one")) == (asked, None)
    made = Report("one", "EXPORT_COMPLETE", EPOCH, EPOCH + 60, None, "contents.xlsx")
    store.save_report(made, b"\0sheet")
    assert (store.report("one"), store.report_file("one")) == (made, b"\0sheet")
