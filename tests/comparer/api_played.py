"""A service that plays a test's steps on two small databases."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from functions.comparer.jobs import Job
from functions.comparer.jobs_file import AuthConfig, ComparerConfig
from functions.comparer.sqlite.endpoint import SqliteEndpoint
from tests.comparer.served import Comparer, config_for, make_database, rows, serve_and

SEED_JOB = "94800607-3cd8-4f7d-a340-63a10f8jb502"


def play(
    folder: Path, steps: Callable[[Comparer], Awaitable[None]], auth: AuthConfig | None = None, **job: Any
) -> None:
    """Serve two small databases for the example's job and for another, and take the steps."""
    source = make_database(folder / "may_5.db", *rows("table_name_0", 2), *rows("table_name_1", 1))
    config = config_for(source, source, auth=auth, **job)
    ends = SqliteEndpoint(source), SqliteEndpoint(source)
    serve_and(ComparerConfig({**config.jobs, SEED_JOB: Job(SEED_JOB, *ends)}, auth), steps)
