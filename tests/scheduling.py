"""Who runs what in a parallel run: tests that share something costly go together, and what takes long goes first.

Since pytest 9.2 a test's id can't be changed any more, so that the marks by which pytest-xdist 3.8 knows its groups
have no effect (pytest-dev/pytest-xdist#1386); modules are therefore named here.
"""

from pathlib import Path

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[1]

TOGETHER = ("tests/template/test_artifact.py", "tests/cli/test_demo.py", "tests/contracts/test_official.py")
"""Modules whose tests share what takes seconds to make; one worker runs all of such a module."""

FIRST = (
    *TOGETHER,
    "tests/comparer/engines/test_pairs_moving.py",
    "tests/comparer/engines/test_pairs_killed.py",
    "tests/comparer/engines/test_pairs_property.py",
    "tests/comparer/test_contents_service_killed.py",
    "tests/journeys/test_crashes.py",
    "tests/journeys/test_troubles.py",
    "tests/contracts/test_snippets.py",
    "tests/comparer/test_contents_property.py",
    "tests/comparer/engines/test_pairs_many_tasks.py",
    "tests/cli/test_up.py",
    "tests/journeys/test_doubts.py",
    "tests/comparer/test_contents_memory.py",
)
"""Modules with tests of many seconds; one of them started last would leave the other workers without work."""

if gone := [module for module in FIRST if not (ROOT / module).is_file()]:
    raise FileNotFoundError(gone)


def rank(nodeid: str) -> int:
    """Where a test's module is among those that go first."""
    module = nodeid.partition("::")[0]
    return FIRST.index(module) if module in FIRST else len(FIRST)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Hands out whole modules of TOGETHER, and every other test by itself."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return module if module in TOGETHER else nodeid
