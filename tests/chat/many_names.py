"""How many names a channel is tried by: some thousands each time, twenty thousand where there is time for them."""

from collections.abc import Callable
from functools import wraps
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings

from tests.chat import nasty

EVENTS: Final = [400, pytest.param(2_000, marks=pytest.mark.long)]
"""Each of ten names."""


def by_many_names(check: Callable[[list[str]], None]) -> Callable[[int], None]:
    """Makes a test of what has to hold for the names of any event."""

    @pytest.mark.parametrize("events", EVENTS)
    def test(events: int) -> None:
        checks = HealthCheck.too_slow, HealthCheck.large_base_example

        @given(nasty.ten_names)
        @settings(max_examples=events, deadline=None, suppress_health_check=checks)
        @wraps(check)
        def tried(names: list[str]) -> None:
            check(names)

        tried()

    test.__name__, test.__qualname__ = check.__name__, check.__qualname__
    return test
