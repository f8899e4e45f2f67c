"""Comparisons that were exported by a service, and the files read back."""

import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from multidict import CIMultiDictProxy
from openpyxl import load_workbook  # type: ignore[import-untyped]  # no type information is published

from tests.comparer.served import (
    JOB,
    PROJECT,
    Comparer,
    Reply,
    config_for,
    make_database,
    rows,
    serve_and,
)

FILE = f"/{JOB}/compare/result/file"
REGION = {"Region": "cn-north-4"}
Sheets = dict[str, list[tuple[Any, ...]]]


def play(tmp_path: Path, steps: Callable[[Comparer], Awaitable[None]], source: Path | None = None) -> None:
    database = source or make_database(tmp_path / "may_5.db", *rows("t", 2))
    serve_and(config_for(database, database), steps)


async def export(comparer: Comparer, kind: str, task_id: str | None = None, **body: Any) -> Reply:
    wanted = {"compare_type": kind, **({"compare_job_id": task_id} if task_id else {}), **body}
    return await comparer.ask("POST", FILE, wanted, headers=REGION)


async def fetch(comparer: Comparer, body: Any = None, **query: str) -> tuple[int, bytes, CIMultiDictProxy[str]]:
    """The file as it comes: status, body, headers."""
    url = f"{comparer.service.url}/v3/{PROJECT}/jobs{FILE}"
    async with comparer.session.get(url, params=query, data=body) as response:
        return response.status, await response.read(), response.headers


async def file_of(comparer: Comparer, kind: str, task_id: str | None = None) -> Sheets:
    """Export, wait, download, open."""
    assert (await export(comparer, kind, task_id)).status == 200
    await comparer.service.settle()
    status, content, _ = await fetch(comparer, compare_type=kind, **({"compare_job_id": task_id} if task_id else {}))
    assert status == 200
    return opened(content)


def opened(content: bytes) -> Sheets:
    book = load_workbook(io.BytesIO(content), read_only=True)
    try:
        return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}
    finally:
        book.close()
