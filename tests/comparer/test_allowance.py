"""How many connections each side of a comparison has."""

from hypothesis import given
from hypothesis import strategies as st

from functions.comparer.core.allowance import Wanted, alone, shares
from functions.comparer.core.databases import Ask, opened
from functions.comparer.core.engine import Stop
from functions.comparer.core.pairs import Pair
from tests.comparer.memory_engine import MemoryDatabase, MemoryEndpoint


def side(server: str | None, connections: int) -> MemoryEndpoint:
    return MemoryEndpoint({"d": MemoryDatabase()}, server=server, connections=connections)


def test_two_servers_give_all_that_there_may_be_to_each() -> None:
    assert alone(side("a", 4), side("b", 2)) == (4, 2)


def test_two_sides_on_one_server_share_its_number() -> None:
    for most, expected in ((1, (1, 1)), (2, (1, 1)), (3, (2, 1)), (8, (4, 4))):
        assert alone(side("a", most), side("a", most)) == expected


def test_of_two_numbers_for_one_server_the_smaller_one_counts() -> None:
    for first, second, expected in ((1, 8, (1, 1)), (8, 1, (1, 1)), (3, 9, (2, 1)), (9, 3, (2, 1))):
        assert alone(side("a", first), side("a", second)) == expected


def test_what_is_no_server_is_not_shared() -> None:
    assert alone(side(None, 4), side(None, 2)) == (4, 2)


def test_a_database_is_opened_over_the_connections_of_its_side() -> None:
    pair = Pair("d", "d", in_source=True, in_target=True)
    ask = Ask(side("a", 6), side("b", 6), {}, None, Stop())
    with opened(ask, pair, (5, 2)) as many, opened(ask, pair) as one:
        found = [[side.connections for side in (each.source, each.target) if side] for each in (many, one)]
    assert found == [[5, 2], [1, 1]]


_SIDES = st.lists(
    st.builds(Wanted, st.sampled_from(["a", "b", None]), st.integers(1, 9), st.booleans()), min_size=1, max_size=5
)


@given(sides=_SIDES, left=st.dictionaries(st.sampled_from(["a", "b"]), st.integers(-3, 12)))
def test_what_is_left_of_a_server_is_given_to_those_who_can_use_it_in_equal_shares(
    sides: list[Wanted], left: dict[str, int]
) -> None:
    found = list(zip(shares(sides, left), sides, strict=True))
    for server in ("a", "b"):
        greedy = [number for number, side in found if side.server == server and side.many]
        assert all(number == 1 for number, side in found if side.server == server and not side.many)
        assert sum(greedy) - len(greedy) == (max(0, left.get(server, 0)) if greedy else 0)
        assert not greedy or max(greedy) - min(greedy) <= 1
