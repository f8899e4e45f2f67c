"""Settings of all tests: a busy machine is slow, and that is no finding; who runs what, if several workers do."""

import gc
import os
import signal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import scheduling

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# Tests make much and keep little: with Python's 700 it looks for garbage hundreds of times a second.
gc.set_threshold(50_000)

# `nohup` ignores SIGHUP, and a shell SIGINT for what it starts with `&`. Every process that a test starts would inherit
# that, and not be ended by the signals whose effect is tested. Workers of a parallel run come here too.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """How many workers `-n auto` means: half as many again as there are cores, as a third of the time is waiting."""
    return -(-(os.cpu_count() or 1) * 3 // 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests that take long go first."""
    items.sort(key=lambda item: scheduling.rank(item.nodeid))


def pytest_collection_finish() -> None:
    """What is loaded by now stays: looking through it for garbage again and again takes time and finds none."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what tests have recorded of how something was judged that this machine has no vendor's service for."""
    reports = terminalreporter.stats.get("passed", [])
    for what, how in sorted({item for report in reports for item in report.user_properties}):
        terminalreporter.write_line(f"{what}: {how}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> scheduling.Scheduling | None:
    """Group tests as `scheduling` says, where groups are asked for."""
    return scheduling.Scheduling(config, log) if config.getvalue("dist") == "loadgroup" else None
