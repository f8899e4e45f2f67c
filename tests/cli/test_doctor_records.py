"""`parity doctor --record-drs`: what a DRS answers, with nothing in it that tells of anybody's data."""

import asyncio
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.comparer.jobs import Job
from functions.comparer.jobs_file import AuthConfig, ComparerConfig
from functions.comparer.server import serve
from functions.comparer.urls import endpoint_of
from functions.local.redaction import Redactor
from tests.cli.conftest import Parity
from tests.journeys.world import ACCESS, JOB, PROJECT, SECRET, database, projects


@contextmanager
def drs(folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """A comparison service in a thread of its own: its URL, and how to wait until it has nothing to do."""
    for side, rows in (("source", 3), ("target", 2)):
        (folder / side).mkdir()
        database(folder / side / "payroll.db", {"salaries": rows})
    source, target = (endpoint_of(f"sqlite:///{folder / side}", folder) for side in ("source", "target"))
    auth = AuthConfig.model_validate(
        {"project_ids": [PROJECT], "access_keys": {ACCESS: SECRET}, "users": {"migrator": "the-password"}}
    )
    started, stop = threading.Event(), asyncio.Event()
    found: dict[str, Any] = {}

    async def main() -> None:
        service = await serve(ComparerConfig({JOB: Job(JOB, source, target)}, auth), port=0)
        found["service"], found["loop"] = service, asyncio.get_running_loop()
        started.set()
        await stop.wait()
        await service.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    assert started.wait(20)

    def settle() -> None:
        asyncio.run_coroutine_threadsafe(found["service"].settle(), found["loop"]).result(20)

    try:
        yield found["service"].url, settle
    finally:
        found["loop"].call_soon_threadsafe(stop.set)
        thread.join()


@pytest.fixture
def recorded(parity: Parity, home: Path) -> Callable[..., tuple[int, str, str]]:
    def run(secret: str, *more: str) -> tuple[int, str, str]:
        (home / "projects.json").write_text(secret)
        ended = parity("doctor", "--record-drs", "drs.json", "--projects", "projects.json", "--job", JOB, *more)
        file = home / "drs.json"
        return ended.code, ended.out + ended.err, file.read_text() if file.exists() else ""

    return run


@pytest.mark.parametrize(
    "auth",
    [{}, {"auth": "token", "user": "migrator", "password": "the-password", "domain": "acme", "access_key": None}],
)
def test_the_answers_are_written_without_names_ids_and_secrets(
    recorded: Callable[..., tuple[int, str, str]], home: Path, auth: dict[str, Any]
) -> None:
    with drs(home) as (url, settle):
        ask_for_both_levels(url)
        settle()
        code, told, text = recorded(projects(url, **auth))
    assert code == 0, told
    for hidden in (
        "salaries",
        "payroll",
        JOB,
        PROJECT,
        SECRET,
        ACCESS,
        "the-password",
        "migrator",
        "acme",
        "127.0.0.1",
    ):
        assert hidden not in text, hidden
    answers = json.loads(text)["answers"]
    paths = [answer["asked"]["path"] for answer in answers]
    assert any("batch-status" in path for path in paths)
    assert not any("auth" in path for path in paths)
    assert {answer["status"] for answer in answers} <= {200, 400, 404}
    assert '"SUCCESSFUL"' in text
    assert '"INCRE_TRANSFER_STARTED"' in text
    assert "answers in drs.json; read it before you pass it on" in told


def ask_for_both_levels(url: str) -> None:
    """Create both comparisons with the pipeline's own client."""
    import time

    from functions.pipeline.drs import Drs
    from functions.pipeline.drs_models import DataLevelCompareInfo
    from functions.pipeline.edge import open_session
    from functions.pipeline.projects import parse_projects

    async def ask() -> None:
        project = parse_projects(projects(url), "").by_id[PROJECT]

        async def at_once() -> None: ...

        async with open_session({}) as session:
            client = Drs(session, PROJECT, project, now=time.time, pace=at_once, tokens={})
            info = {"conflict_policy": "keep", "compare_type": "lines", "compare_mode": "quick_comparison"}
            await client.create(JOB, objects=True, data=DataLevelCompareInfo.model_validate(info))

    asyncio.run(asyncio.wait_for(ask(), 20))


def test_an_existing_file_is_never_replaced(recorded: Callable[..., tuple[int, str, str]], home: Path) -> None:
    (home / "drs.json").write_text("mine")
    code, told, text = recorded(projects("http://127.0.0.1:9"))
    assert (code, text) == (2, "mine")
    assert "drs.json" in told


def test_a_drs_that_does_not_answer_is_a_warning_and_says_so(recorded: Callable[..., tuple[int, str, str]]) -> None:
    code, told, text = recorded(projects("http://127.0.0.1:9"))
    assert code == 0
    assert "warn" in told
    assert json.loads(text)["answers"] == []
    assert SECRET not in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--record-drs", "f"), "--record-drs: needs --projects and --job"),
        (("--job", "j"), "--record-drs: needed for"),
        (("--record-drs", "f", "--projects", "missing", "--job", "j"), "--projects: missing: No such file"),
    ],
)
def test_what_is_missing_is_told(parity: Parity, home: Path, arguments: tuple[str, ...], told: str) -> None:
    ended = parity("doctor", *arguments)
    assert (ended.code, told in ended.err) == (2, True), ended.err
    assert not (home / "f").exists()


# Not what could be a field of the API or a number: these may stay.
names = st.text(min_size=4, max_size=30).filter(
    lambda text: not re.fullmatch(r"[A-Za-z_][\w-]*|-?[\d.]+|\d{4}-\d\d-\d\d[T ].*", text, re.DOTALL)
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["results", "count"]), inner),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(names, st.sampled_from(["db_name", "source_table_name", "error_msg", "id", "unknown", "results"]), values)
def test_no_name_survives_and_the_same_name_stays_the_same(name: str, field: str, around: Any) -> None:
    redactor = Redactor()
    shown = redactor.value({"a": around, "b": [{field: name}, {name: {"x": name}}]})
    first, second = shown["b"]
    assert first[field] == "text-1"
    assert list(second) == ["text-1"]
    assert shown["a"] == around


def test_words_of_the_api_stay_only_where_the_api_has_words() -> None:
    shown = Redactor().value({"status": "SUCCESSFUL", "db_name": "SUCCESSFUL", "count": "7", "table_name": "7"})
    assert shown == {"status": "SUCCESSFUL", "db_name": "text-1", "count": "7", "table_name": "text-2"}
