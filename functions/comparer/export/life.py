"""Result files: asked for, written in the background, kept for seven days, gone.

How long DRS keeps a file is documented nowhere; the results themselves stay, and it can be asked for again. Files are
written one after another in a thread of their own. What a service that went away was writing has failed; an earlier
file that is still valid can be had until a new one is there, whatever happens meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from functions.comparer.core.engine import Stop, Stopped
from functions.comparer.export.report import sheets
from functions.comparer.export.workbook import write_workbook
from functions.comparer.jobs import Job
from functions.comparer.tasks.store import Report, Store, Task
from functions.pipeline.drs_models import EXPORT_COMMON_FAILED, EXPORT_COMPLETE, EXPORTING, INIT

_log = logging.getLogger(__name__)

VALID_SECONDS: Final = 7 * 86400.0
_NO_FILE: Final = -1


class ExportState(NamedTuple):
    """What a list says of a task's result file; `remaining`: seconds for which it can be had, -1: there is none."""

    status: str
    remaining: int


class ResultFile(NamedTuple):
    """A result file and its name."""

    name: str
    content: bytes


class Exports:
    """The result files of one service. All methods are called on the event loop's thread."""

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        """`now`: epoch seconds."""
        self._store = store
        self._now = now
        self._stop = Stop()
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="export")
        self._running: dict[str, asyncio.Task[None]] = {}

    def state(self, task_id: str) -> ExportState:
        """How it stands with a task's file. One that has expired was never there."""
        report = self._store.report(task_id)
        remaining = self._remaining(report)
        if task_id in self._running:
            return ExportState(EXPORTING, remaining)
        if report is None:
            return ExportState(INIT, _NO_FILE)
        if report.status == EXPORTING:
            return ExportState(EXPORT_COMMON_FAILED, _NO_FILE)
        if report.expires_at is None or remaining != _NO_FILE:
            return ExportState(report.status, remaining)
        if report.status != INIT:
            self._store.save_report(replace(report, status=INIT, expires_at=None), None)
        return ExportState(INIT, _NO_FILE)

    def start(self, task: Task, job: Job, kind: str, zone: timezone) -> None:
        """Write the file of a task that has ended; while one is written, do nothing. An earlier one stays until then.

        `kind` and the time in `zone` are parts of its name.
        """
        if task.id in self._running:
            return
        now = self._now()
        moment = datetime.fromtimestamp(now, zone).strftime("%Y%m%d%H%M%S")
        report = Report(task.id, EXPORTING, now, None, None, f"{kind}_{task.id}_{moment}.xlsx")
        if self._remaining(self._store.report(task.id)) == _NO_FILE:
            self._store.save_report(report, None)
        self._running[task.id] = asyncio.get_running_loop().create_task(self._run(task, job, report))

    def file(self, task_id: str) -> ResultFile | None:
        """The file, if there is one that has not expired."""
        report = self._store.report(task_id)
        if report is None or self._remaining(report) == _NO_FILE:
            return None
        content = self._store.report_file(task_id)
        return None if content is None else ResultFile(report.name, content)

    def _remaining(self, report: Report | None) -> int:
        """For how many seconds the file can be had."""
        if report is None or report.status != EXPORT_COMPLETE or report.expires_at is None:
            return _NO_FILE
        left = int(report.expires_at - self._now())
        return left if left > 0 else _NO_FILE

    async def settle(self) -> None:
        """Wait until no file is being written."""
        while self._running:
            await asyncio.wait(self._running.values())

    async def close(self) -> None:
        """Stop writing. What is unfinished has failed, and the next service says so."""
        self._stop.ask()
        await self.settle()
        self._writer.shutdown()

    async def _run(self, task: Task, job: Job, report: Report) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._writer, self._export, task, job, report)
        finally:
            del self._running[task.id]

    def _export(self, task: Task, job: Job, report: Report) -> None:
        try:
            content = self._written(task, job, report)
            done = replace(report, status=EXPORT_COMPLETE, expires_at=self._now() + VALID_SECONDS)
            self._store.save_report(done, content)
        except Stopped:
            _log.warning("the result file of comparison task %s was not finished", task.id)
        except Exception as error:  # noqa: BLE001 (a defect or a full disk must end this file, not the service)
            _log.exception("the result file of comparison task %s can't be written", task.id)
            self._fail(report, f"{type(error).__name__}: {error}")

    def _fail(self, report: Report, error: str) -> None:
        try:
            if self._remaining(self._store.report(report.task_id)) == _NO_FILE:
                self._store.save_report(replace(report, status=EXPORT_COMMON_FAILED, error=error), None)
        except sqlite3.Error:
            # It stays EXPORTING in the store, which nobody is doing any more: that is shown as failed, too.
            _log.exception("the store can't be written")

    def _written(self, task: Task, job: Job, report: Report) -> bytes:
        with TemporaryDirectory(prefix="parity-export-") as folder:
            path = Path(folder) / "report.xlsx"
            write_workbook(path, sheets(self._store, task, job.databases), report.asked_at, self._stop)
            return path.read_bytes()
