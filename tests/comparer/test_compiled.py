"""The compiled module does what its twins in Python do, and is missed nowhere."""

from __future__ import annotations

import threading
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.comparer.core import cells, compiled
from functions.comparer.core.merging import ENOUGH, OVER, Merge, OutOfOrder, PlainMerge, Step

ROWS = compiled.choose({})
pytestmark = pytest.mark.skipif(ROWS is None, reason="the compiled module was not built here")

key_cells = st.one_of(
    st.integers(-4, 4).map(cells.integer),
    st.just(cells.null()),
    st.sampled_from([b"", b"a", b"ab", b"b", b"\xff"]).map(cells.text),
    st.sampled_from([0, 1, -1, 10, -10, 100]).map(cells.decimal),
    st.integers(2**63, 2**63 + 2).map(cells.integer),
    st.just(cells.uuid(bytes(16))),
)
keys = st.tuples(key_cells, key_cells)


def row(key: tuple[bytes, ...], value: int) -> bytes:
    return cells.row_of([*key, cells.integer(value)], len(key))


@st.composite
def sides(draw: st.DrawFn) -> list[bytes]:
    """A side's blocks: rows whose keys rise, or nearly always do."""
    rows = draw(st.dictionaries(keys, st.integers(0, 1), max_size=25))
    order = sorted(rows, key=cells.placed)
    if draw(st.integers(0, 9)) == 0:
        order = draw(st.permutations(order))
    cuts = draw(st.lists(st.integers(0, len(order)), max_size=4).map(sorted))
    bounds = zip([0, *cuts], [*cuts, len(order)], strict=True)
    blocks = (b"".join(row(key, rows[key]) for key in order[start:end]) for start, end in bounds)
    return [block for block in blocks if block]


def merged(merge: Merge, given: tuple[list[bytes], list[bytes]], most: int, room: int) -> list[Step | int]:
    """All steps to the end; the side at which one was found that was out of order."""
    waiting = [list(blocks) for blocks in given]
    steps: list[Step | int] = []
    for _ in range(200):
        try:
            step = merge.step(most, room)
        except OutOfOrder as error:
            return [*steps, error.args[0]]
        steps.append(step)
        if step.wants == OVER:
            return steps
        if step.wants != ENOUGH:
            merge.give(step.wants, waiting[step.wants].pop(0) if waiting[step.wants] else b"")
    raise AssertionError("it never ends")


def compiled_rows() -> compiled.Compiled:
    assert ROWS is not None
    return ROWS


@given(sides(), sides(), st.integers(1, 9), st.integers(0, 5))
def test_the_compiled_merge_goes_step_by_step_where_the_plain_one_goes(
    ours: list[bytes], theirs: list[bytes], most: int, room: int
) -> None:
    plain = merged(PlainMerge(), (ours, theirs), most, room)
    assert merged(compiled_rows().Merge(), (ours, theirs), most, room) == plain


def test_a_step_is_one_that_has_names() -> None:
    merge = compiled_rows().Merge()
    merge.give(side=0, block=row((cells.integer(1),), 5))
    merge.give(1, b"")
    step = merge.step(most=10, room=10)
    assert isinstance(step, Step)
    assert (step.wants, step.missing, step.key) == (0, 1, cells.integer(1))


def test_blocks_may_be_given_long_before_they_are_read() -> None:
    merge, plain = compiled_rows().Merge(), PlainMerge()
    for each in (merge, plain):
        for side in (0, 1):
            for number in range(0, 300, 1 + side):
                each.give(side, row((cells.integer(number),), number))
            each.give(side, b"")
    for _ in range(20):
        assert merge.step(37, 3) == plain.step(37, 3)


@pytest.mark.parametrize("cut", range(1, 30))
def test_a_block_that_is_cut_is_no_block(cut: int) -> None:
    whole = row((cells.text(b"key"),), 1)
    merge = compiled_rows().Merge()
    merge.give(0, whole[:-cut] if cut < len(whole) else b"\xff" * cut)
    merge.give(1, whole)
    with pytest.raises(ValueError, match="not made of canonical rows"):
        merge.step(10, 10)


@given(st.binary(min_size=1, max_size=60))
def test_no_bytes_whatever_make_merging_or_splitting_read_beyond_them(block: bytes) -> None:
    merge = compiled_rows().Merge()
    merge.give(0, block)
    merge.give(1, block[::-1])
    try:
        merge.step(100, 100)
        compiled_rows().split(block)
    except (ValueError, OutOfOrder):
        pass


@given(st.lists(st.lists(key_cells, min_size=1), max_size=5))
def test_a_block_is_split_into_cells(rows: list[list[bytes]]) -> None:
    block = b"".join(cells.row_of(each, 1) for each in rows)
    assert compiled_rows().split(block) == [tuple(each) for each in rows]


def test_there_is_no_third_side() -> None:
    with pytest.raises(ValueError, match="no side 2"):
        compiled_rows().Merge().give(2, b"x")


def test_two_threads_that_step_at_once_are_told_rather_than_mixed_up() -> None:
    count = 20_000
    block = b"".join(row((cells.integer(number),), number) for number in range(count))
    merge = compiled_rows().Merge()
    for side in (0, 1):
        merge.give(side, block)
        merge.give(side, b"")
    passed: list[int] = []

    def work() -> None:
        while True:
            try:
                step = merge.step(100, 0)
            except RuntimeError:
                continue
            passed.append(step.source_rows)
            if step.wants == OVER:
                return

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == count


def test_every_source_is_built() -> None:
    root = Path(__file__).parents[2]
    (extension,) = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["ext-modules"]
    sources = sorted(path.relative_to(root).as_posix() for path in (root / "functions/comparer/rows").glob("*.c"))
    assert extension["sources"] == sources
    assert extension["optional"]


def test_the_plain_twins_are_used_where_the_environment_says_so() -> None:
    assert compiled.choose({"PARITY_ROWS": "plain"}) is None
    assert compiled.chosen(None) == "plain"
    assert compiled.chosen(ROWS) == "compiled"


def test_a_module_that_was_not_built_is_missed_only_where_it_is_asked_for() -> None:
    assert compiled.choose({}, "functions.comparer.never_built") is None
    with pytest.raises(ImportError, match="install a C compiler"):
        compiled.choose({"PARITY_ROWS": "compiled"}, "functions.comparer.never_built")


def test_a_choice_that_there_is_not_is_no_choice() -> None:
    with pytest.raises(ImportError, match="can be plain or compiled"):
        compiled.choose({"PARITY_ROWS": "fast"})
