"""Which of the tasks that are due begin."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.comparer.core.allowance import Wanted, sides_on
from functions.comparer.tasks.admission import Due, Held, admitted

PLENTY = 100


def due(task_id: str, servers: str, most: int = 1, *, many: bool = False, since: float = 0) -> Due:
    """A task between two servers of one letter each; a dash: no server."""
    source, target = (None if server == "-" else server for server in servers)
    return Due(task_id, since, (Wanted(source, most, many), Wanted(target, most, many)))


def begun(tasks: Sequence[Due], running: Sequence[Held] = (), at_once: int = PLENTY) -> dict[str, tuple[int, int]]:
    return {held.due.id: held.connections for held in admitted(tasks, running, at_once)}


def test_tasks_whose_servers_have_room_begin_together() -> None:
    assert begun([due("1", "ab"), due("2", "cd")]) == {"1": (1, 1), "2": (1, 1)}


def test_a_task_waits_while_one_of_its_servers_is_full() -> None:
    first = due("1", "ab", since=1)
    assert begun([first, due("2", "cb", since=2)]) == {"1": (1, 1)}
    assert begun([due("2", "cb", since=2)], [Held(first, (1, 1))]) == {}


def test_files_are_never_full() -> None:
    assert len(begun([due(str(number), "--") for number in range(9)])) == 9


def test_no_more_run_than_may_at_once() -> None:
    tasks = [due(str(number), "--") for number in range(9)]
    assert [*begun(tasks, at_once=4)] == ["0", "1", "2", "3"]
    assert begun(tasks[4:], [Held(task, (1, 1)) for task in tasks[:4]], at_once=4) == {}


def test_two_sides_on_one_server_have_two_connections_though_its_number_be_one_but_nobody_beside_them() -> None:
    first, second = due("1", "aa", since=1), due("2", "ab", since=2)
    assert begun([first, second]) == {"1": (1, 1)}
    assert begun([first], [Held(second, (1, 1))]) == {}


def test_a_comparison_of_values_leaves_room_for_one_other_task() -> None:
    for most, expected in ((1, (1, 1)), (2, (1, 1)), (3, (2, 2)), (8, (7, 7))):
        first = due("1", "ab", most, many=True)
        assert begun([first]) == {"1": expected}
        assert len(begun([due("2", "ab", most)], [Held(first, expected)])) == (most > 1)


def test_on_one_server_it_leaves_room_for_both_sides_of_one() -> None:
    for most, expected in ((2, (1, 1)), (3, (1, 1)), (4, (1, 1)), (5, (2, 1)), (8, (3, 3))):
        first = due("1", "aa", most, many=True)
        assert begun([first]) == {"1": expected}
        assert len(begun([due("2", "aa", most)], [Held(first, expected)])) == (most > 3)


def test_who_runs_already_needs_no_room_of_its_own() -> None:
    names = due("1", "ab", 4)
    assert begun([due("2", "ab", 4, many=True)], [Held(names, (1, 1))]) == {"2": (3, 3)}
    assert begun([names, due("2", "ab", 4, many=True)]) == {"1": (1, 1), "2": (3, 3)}


def test_two_that_begin_together_share_what_there_is() -> None:
    assert begun([due("1", "ab", 8, many=True), due("2", "cb", 8, many=True)]) == {"1": (7, 4), "2": (7, 3)}


def test_of_several_numbers_for_a_server_the_smallest_one_of_who_uses_it_counts() -> None:
    assert begun([due("1", "ab", 8, many=True), due("2", "ac", 2)]) == {"1": (1, 7), "2": (1, 1)}
    assert begun([due("2", "ac", 2)], [Held(due("1", "ab", 8, many=True), (7, 7))]) == {}
    assert begun([due("1", "ab", 8)], [Held(due("2", "ac", 1), (1, 1))]) == {}


def test_a_task_that_waits_for_an_earlier_one_lets_others_pass() -> None:
    """They would gain nothing by waiting for hours too."""
    long = Held(due("1", "ab", since=1), (1, 1))
    assert [*begun([due("2", "bc", since=2), due("3", "cd", since=3)], [long])] == ["3"]


def test_a_task_that_waits_for_a_later_one_keeps_its_servers_free() -> None:
    passed = Held(due("3", "cd", since=3), (1, 1))
    waits = due("2", "bc", since=2)
    assert begun([waits, due("4", "be", since=4)], [passed]) == {}
    assert [*begun([waits, due("4", "be", since=4)])] == ["2"]


def test_while_it_waits_for_a_comparison_of_values_it_keeps_them_free_of_further_ones_alone() -> None:
    passed = Held(due("3", "cd", many=True, since=3), (1, 1))
    waits = due("2", "bc", since=2)
    assert [*begun([waits, due("4", "be", many=True, since=4), due("5", "be", since=5)], [passed])] == ["5"]


_NUMBERS = {"a": 1, "b": 2, "c": 5}
_SERVERS = st.sampled_from([*_NUMBERS, None])


_TASKS = st.lists(st.tuples(_SERVERS, _SERVERS, st.booleans()), min_size=1, max_size=12)


def _asked(number: int, servers: Sequence[str | None], *, many: bool) -> Due:
    source, target = (Wanted(server, _NUMBERS[server] if server else 1, many) for server in servers)
    return Due(str(number), number, (source, target))


@given(tasks=_TASKS, chance=st.randoms(use_true_random=False))
def test_whatever_comes_and_ends_no_server_has_more_than_its_number_and_every_task_begins(
    tasks: list[tuple[str | None, str | None, bool]], chance: Random
) -> None:
    coming = [_asked(number, servers, many=many) for number, (*servers, many) in enumerate(tasks)]
    waiting: list[Due] = []
    running: list[Held] = []
    while coming or waiting or running:
        if coming and chance.random() < 0.5:
            waiting.append(coming.pop(0))
        elif running:
            running.pop(chance.randrange(len(running)))
        now = admitted(waiting, running, 4)
        waiting = [task for task in waiting if task not in [held.due for held in now]]
        running += now
        assert len(running) <= 4
        assert running or not waiting
        _within_numbers(running)


def _within_numbers(running: Sequence[Held]) -> None:
    for server, number in _NUMBERS.items():
        there = [held for held in running if server in held.due.servers]
        used = sum(
            count
            for held in there
            for side, count in zip(held.due.sides, held.connections, strict=True)
            if side.server == server
        )
        if used > number:
            (only,) = there
            assert sides_on(only.due.sides)[server] == used == 2
            assert number == 1


@pytest.mark.parametrize("long", [False, True])
def test_nobody_is_passed_again_and_again(long: bool) -> None:
    """One that needs two servers, of which others that need one alone take turns: both are never free by chance."""
    waits = due("0", "ab", since=0)
    running = [Held(due("x", "a-", many=long, since=-1), (1, 1)), Held(due("y", "b-", since=-2), (1, 1))]
    for number in range(1, 10):
        # One ends, its like comes; the next time it is the other's turn.
        running.pop(0)
        later = [due(f"a{number}", "a-", many=long, since=number), due(f"b{number}", "b-", since=number)]
        now = admitted([waits, *later], running, PLENTY)
        if waits in [held.due for held in now]:
            assert number <= 4
            return
        running += now
    raise AssertionError("it has never begun")
