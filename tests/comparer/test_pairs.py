"""Which databases of two sides belong together, by names alone."""

from hypothesis import given
from hypothesis import strategies as st

from functions.comparer.core.pairs import Pair, match, pairs_of
from tests.comparer.memory_engine import MemoryDatabase, MemoryEndpoint

NAMES = st.sampled_from(["shop", "shop_v2", "shop (target)", "shop (target 2)", "other"])


@given(st.sets(NAMES), st.sets(NAMES), st.dictionaries(NAMES, NAMES))
def test_every_database_of_either_side_is_in_one_pair_and_no_two_pairs_have_one_name(
    ours: set[str], theirs: set[str], mapping: dict[str, str]
) -> None:
    pairs = match(ours, theirs, mapping)
    assert len({pair.source for pair in pairs}) == len(pairs)
    assert sorted(pair.source for pair in pairs if pair.in_source) == sorted(ours)
    assert sorted(pair.target for pair in pairs if pair.in_target) == sorted(theirs)


def test_a_database_of_the_target_alone_gets_another_name_if_its_own_is_taken() -> None:
    ours, theirs = ["shop", "shop (target)"], ["shop", "shop_v2"]
    assert match(ours, theirs, {"shop": "shop_v2"}) == (
        Pair("shop", "shop_v2", in_source=True, in_target=True),
        Pair("shop (target)", "shop (target)", in_source=True, in_target=False),
        Pair("shop (target 2)", "shop", in_source=False, in_target=True),
    )


def test_a_name_is_that_of_the_database_which_the_mapping_gives_it() -> None:
    assert match([], ["a", "b"], {"a": "b"}) == (
        Pair("a (target)", "a", in_source=False, in_target=True),
        Pair("a", "b", in_source=False, in_target=True),
    )


def single(*names: str) -> MemoryEndpoint:
    endpoint = MemoryEndpoint({name: MemoryDatabase() for name in names})
    endpoint.single = True
    return endpoint


def test_two_single_databases_belong_together_and_one_that_does_not_exist_is_missing() -> None:
    assert pairs_of(single("a"), single("b"), {}) == (Pair("a", "b", in_source=True, in_target=True),)
    assert pairs_of(single("a"), single(), {}) == (Pair("a", "a", in_source=True, in_target=False),)
    assert pairs_of(single(), single("b"), {}) == (Pair("b", "b", in_source=False, in_target=True),)
    assert pairs_of(single(), single(), {}) == ()
