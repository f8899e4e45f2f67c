"""What several tests of the comparison service compare."""

from pathlib import Path

import pytest

from tests.comparer.served import HeldEndpoint, make_database, rows


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Two databases that differ in one of two tables."""
    (tmp_path / "b").mkdir()
    source = make_database(tmp_path / "may_5.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, v)", *rows("same", 2))
    target = make_database(tmp_path / "b/may_5.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, v)", *rows("same", 2))
    make_database(source, "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    make_database(target, "INSERT INTO t VALUES (1, 'a'), (2, 'x'), (4, 'd'), (5, 'e')")
    return source, target


@pytest.fixture
def held() -> tuple[HeldEndpoint, HeldEndpoint]:
    """Both sides are one engine that waits."""
    endpoint = HeldEndpoint()
    return endpoint, endpoint


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A table t of three rows."""
    return make_database(tmp_path / "source.db", *rows("t", 3))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The same with two of them."""
    return make_database(tmp_path / "target.db", *rows("t", 2))
