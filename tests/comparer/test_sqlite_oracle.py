"""Whatever is in two SQLite tables, by a key and without: what differs is what every pair of rows says."""

import sqlite3
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.comparer.core.table import Difference
from functions.comparer.sqlite.crew import Pace
from tests.comparer.joint_databases import KINDS, SMALL, VALUES, changed, compared, extra, missing, stored


@dataclass(frozen=True)
class Case:
    key: str
    columns: tuple[str, ...]
    source: tuple[tuple[object, ...], ...]
    target: tuple[tuple[object, ...], ...]
    rows: int
    most: int
    room: int


some_values = st.sampled_from(VALUES)
some_keys = st.sampled_from((0, 1, 2, 3, 4, 1.0, 2.5, "a", "A", "b", "b ", "1", b"a", -(2**63), 2**53, "é"))
ORACLE_KEYS = ("INTEGER PRIMARY KEY", "PRIMARY KEY", "TEXT COLLATE NOCASE PRIMARY KEY", "UNIQUE NOT NULL", "")


@st.composite
def cases(draw: st.DrawFn) -> Case:
    key = draw(st.sampled_from(ORACLE_KEYS))
    columns = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    keys = st.integers(-3, 12) if "INTEGER" in key else some_keys
    row = st.tuples(keys, *[some_values] * len(columns))
    source = draw(st.lists(row, max_size=12))
    target = [draw(row) if draw(st.integers(0, 5)) == 0 else kept for kept in source if draw(st.integers(0, 9))]
    if draw(st.booleans()):
        target = draw(st.permutations(target))
    return Case(
        key,
        tuple(columns),
        tuple(source),
        tuple(target + draw(st.lists(row, max_size=2))),
        draw(st.sampled_from([1, 2, 5, 1000])),
        draw(st.sampled_from([1, 1, 2])),
        draw(st.sampled_from([1000, 1000, 0, 1, 3])),
    )


def oracle(case: Case, source: Path, target: Path) -> Counter[Difference]:
    """What differs, found by looking at every pair of rows."""
    columns = ", ".join(f"typeof(c{n}), c{n}" for n in range(len(case.columns)))
    ours, theirs = (
        [(row[:2], tuple(zip(row[::2], row[1::2], strict=True))) for row in stored(path, f"typeof(k), k, {columns}")]
        for path in (source, target)
    )
    found: Counter[Difference] = Counter()
    if not case.key:
        here, there = (Counter(row for _, row in side) for side in (ours, theirs))
        for row, times in (here - there).items():
            found[missing(*(value for _, value in row))] += times  # type: ignore[arg-type]
        for row, times in (there - here).items():
            found[extra(*(value for _, value in row))] += times  # type: ignore[arg-type]
        return found

    def same(left: tuple[object, ...], right: tuple[object, ...]) -> bool:
        (kind, value), (other, partner) = left, right
        if {kind, other} <= {"integer", "real"}:
            return value == partner
        if "NOCASE" in case.key and kind == other == "text":
            return str(value).encode().lower() == str(partner).encode().lower()
        return left == right

    for key, row in ours:
        partners = [(k, r) for k, r in theirs if same(key, k)]
        if not partners:
            found[missing(key[1])] += 1  # type: ignore[arg-type]
            continue
        ((other, partner),) = partners
        names = ("k", *(f"c{n}" for n in range(len(case.columns))))
        differing = [name for name, a, b in zip(names, row, partner, strict=True) if a != b]
        if differing:
            found[changed([key[1]], [other[1]], *differing)] += 1  # type: ignore[list-item]
    for key, _ in theirs:
        if not any(same(k, key) for k, _ in ours):
            found[extra(key[1])] += 1  # type: ignore[arg-type]
    return found


@settings(max_examples=300, deadline=None)
@given(cases())
def test_both_ways_find_what_an_oracle_finds(tmp_path_factory: pytest.TempPathFactory, case: Case) -> None:
    folder = tmp_path_factory.mktemp("oracle")
    declared = f"CREATE TABLE t (k {case.key}, {', '.join(f'c{n} {kind}' for n, kind in enumerate(case.columns))})"
    files = folder / "source.db", folder / "target.db"
    for path, rows in zip(files, (case.source, case.target), strict=True):
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute(declared)
            for row in rows:
                with suppress(sqlite3.IntegrityError):
                    connection.execute(f"INSERT INTO t VALUES ({', '.join('?' * len(row))})", row)
    expected = oracle(case, *files)
    found = compared(files, room=case.room, most=case.most, pace=Pace(case.rows, SMALL.clock))
    assert found.method == ("joined" if case.key else "paired")
    assert sum(found.counts) == sum(expected.values())
    assert Counter(
        {kind: n for kind, n in zip(("missing", "extra", "changed"), found.counts, strict=True) if n}
    ) == Counter(d.kind for d in expected.elements())
    assert len(found.differences) == min(case.room, sum(expected.values()))
    assert not Counter(found.differences) - expected
