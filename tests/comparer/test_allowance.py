"""How many connections the comparisons of one process have to a server together."""

from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.comparer.core.allowance import CONNECTIONS, Allowance, Wanted, shares
from functions.comparer.core.databases import Ask, opened
from functions.comparer.core.engine import Stop
from functions.comparer.core.pairs import Pair
from tests.comparer.memory_engine import MemoryDatabase, MemoryEndpoint


def side(server: str | None, connections: int) -> MemoryEndpoint:
    return MemoryEndpoint({"d": MemoryDatabase()}, server=server, connections=connections)


def test_two_servers_give_all_that_there_may_be_to_each() -> None:
    with Allowance().taken(side("a", 4), side("b", 2), many=True) as taken:
        assert taken == [4, 2]


def test_two_sides_on_one_server_share_its_number() -> None:
    for most, expected in ((1, [1, 1]), (2, [1, 1]), (3, [2, 1]), (8, [4, 4])):
        with Allowance().taken(side("a", most), side("a", most), many=True) as taken:
            assert taken == expected


def test_of_two_numbers_for_one_server_the_smaller_one_counts() -> None:
    for first, second, expected in ((1, 8, [1, 1]), (8, 1, [1, 1]), (3, 9, [2, 1]), (9, 3, [2, 1])):
        with Allowance().taken(side("a", first), side("a", second), many=True) as taken:
            assert taken == expected


def test_what_reads_one_thing_after_the_other_takes_one_connection() -> None:
    with Allowance().taken(side("a", 4), side("b", 4), many=False) as taken:
        assert taken == [1, 1]


def test_a_later_comparison_gets_what_is_left_and_never_less_than_one() -> None:
    allowance = Allowance()
    with ExitStack() as stack:
        assert stack.enter_context(allowance.taken(side("a", 4), side("b", 8), many=True)) == [4, 8]
        assert stack.enter_context(allowance.taken(side("a", 4), side("b", 10), many=True)) == [1, 2]
        assert stack.enter_context(allowance.taken(side("a", 4), side("c", 4), many=True)) == [1, 4]
    assert stack.enter_context(allowance.taken(side("a", 4), side("b", 8), many=True)) == [4, 8]


def test_what_an_ended_comparison_had_is_free_again_however_it_ended() -> None:
    allowance = Allowance()

    def fail() -> None:
        with allowance.taken(side("a", 4), many=True) as taken:
            assert taken == [4]
            raise OSError("gone")

    for _ in range(3):
        with pytest.raises(OSError, match="gone"):
            fail()


def test_a_comparison_opens_its_databases_over_what_the_process_may_still_have() -> None:
    pair = Pair("d", "d", in_source=True, in_target=True)
    ask = Ask(side("the same", 6), side("the same", 6), {}, None, Stop())
    with opened(ask, pair, many=True) as first, opened(ask, pair, many=True) as second, opened(ask, pair) as third:
        found = [[side.connections for side in (each.source, each.target) if side] for each in (first, second, third)]
    assert found == [[3, 3], [1, 1], [1, 1]]
    with CONNECTIONS.taken(side("the same", 6), many=True) as taken:
        assert taken == [6]


_WANTED = st.lists(
    st.builds(Wanted, st.sampled_from(["a", "b", None]), st.integers(1, 9), st.booleans()), min_size=1, max_size=3
)


@given(wanted=_WANTED, used=st.dictionaries(st.sampled_from(["a", "b", None]), st.integers(0, 12)))
def test_no_more_than_the_number_is_given_beyond_one_for_each_side(
    wanted: list[Wanted], used: dict[str | None, int]
) -> None:
    found = shares(wanted, used)
    assert min(found) >= 1
    for at, entry in enumerate(wanted):
        together = sum(number for number, other in zip(found, wanted, strict=True) if other.server == entry.server)
        sides = sum(other.server == entry.server for other in wanted)
        if found[at] > 1:
            assert entry.many
            assert used.get(entry.server, 0) + together <= min(
                other.most for other in wanted if other.server == entry.server
            )
        assert sides <= together
