"""Fixtures of this folder: a clock, a served DRS and a client for it."""

from collections.abc import Iterator

import pytest

from tests.drs.asking import JOB_ID, Client, Clock
from tests.drs.served_drs import Job, ServedDrs


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def job() -> Job:
    return Job(JOB_ID)


@pytest.fixture
def served(clock: Clock, job: Job) -> Iterator[ServedDrs]:
    with ServedDrs(now=clock, jobs=[job]) as served:
        yield served


@pytest.fixture
def client(served: ServedDrs) -> Client:
    return Client(served)
