"""Databases on real servers for the tests of this folder; see `servers`."""

import os
from collections.abc import Callable, Iterator

import pytest

from tests.comparer.engines.servers import Database, Engine, make, unavailable

MakeDatabase = Callable[[Engine], Database]


def need(engine: Engine) -> None:
    """Skip the test if there is no server of this engine; where `CI` is true it fails."""
    reason = unavailable(engine)
    if reason and os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def database_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Engine, int], Database]]:
    """A worker's databases, two of each engine: 0 for a source, 1 for a target. Whoever takes one makes it empty."""
    folder = tmp_path_factory.mktemp("databases")
    made: dict[tuple[Engine, int], Database] = {}

    def database(engine: Engine, side: int) -> Database:
        need(engine)
        if (engine, side) not in made:
            made[engine, side] = make(engine, folder)
        return made[engine, side]

    yield database
    for entry in made.values():
        entry.drop()


@pytest.fixture
def pair(request: pytest.FixtureRequest, database_at: Callable[[Engine, int], Database]) -> tuple[Database, Database]:
    """Two empty databases of the engines that the test is parametrized with."""
    source, target = (database_at(engine, side) for side, engine in enumerate(request.param))
    source.renew()
    target.renew()
    return source, target
