"""Fixtures of this folder: the served fakes by name."""

import pytest

from tests.edge.served import Answer, Connect, Serve, answer_as_moto, connect_to, serve_on_free_port


@pytest.fixture
def serve() -> Serve:
    """Serve every request with one coroutine; yields the base URL."""
    return serve_on_free_port


@pytest.fixture
def connect() -> Connect:
    """Open an `Aws` for a served fake."""
    return connect_to


@pytest.fixture
def moto() -> Answer:
    """SQS, SNS, DynamoDB and Secrets Manager, for `serve`."""
    return answer_as_moto
