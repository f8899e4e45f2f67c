"""The life of comparison tasks: created, waiting, running, ended; one unfinished data-level task per job.

The clock is passed in and looked at by `tick`. Whoever moves a virtual clock calls `tick`, or asks the API anything,
which does. Everything but the comparing itself happens on the event loop's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from functions.comparer.core.allowance import Connections, wanted
from functions.comparer.core.engine import Stop
from functions.comparer.core.results import LinesResult
from functions.comparer.jobs import Job
from functions.comparer.tasks.admission import Due, Held, admitted
from functions.comparer.tasks.ending import end, finish
from functions.comparer.tasks.recording import Recording
from functions.comparer.tasks.store import Level, Store, Task
from functions.comparer.tasks.wanted import Created, DataWanted
from functions.comparer.tasks.work import Outcome, perform
from functions.pipeline.drs_models import CANCELLED, FAILED, RUNNING, TIMEOUT_INTERRUPT, WAITING_FOR_RUNNING

_log = logging.getLogger(__name__)

DATA_LEVELS: tuple[Level, ...] = ("lines", "contents")
ALL_LEVELS: tuple[Level, ...] = ("objects", *DATA_LEVELS)
_AT_ONCE = 4
_MOST_ATTEMPTS = 3
# DRS ends a relational row comparison after an hour, and says nothing of values: there all runs of a task count.
_HOUR, _DAY = (3600.0, "60 minutes"), (86400.0, "24 hours")
_LIMITS: Mapping[Level, tuple[float, str]] = {"objects": _HOUR, "lines": _HOUR, "contents": _DAY}
_KEPT_SECONDS = 60 * 86400.0  # DRS keeps results for 60 days.
_BEAT_SECONDS = 0.5
_SWEEP_SECONDS = 0.02  # Between two parts of what is dropped: everything else goes first.
_NAG_SECONDS = 0.05


@dataclass(frozen=True)
class _Running:
    """A run of a task. `counted_from`: the moment at which it would have begun, had it been the task's only run.

    `held`: the connections that are the run's until its end.
    `lines`: what a row comparison has found by now, filled by the thread in which it runs.
    """

    task: Task
    held: Held
    counted_from: float
    stop: Stop
    recording: Recording | None
    lines: LinesResult
    done: asyncio.Task[None]


class Tasks:
    """All comparison tasks of one service."""

    def __init__(
        self, store: Store, jobs: Mapping[str, Job], now: Callable[[], float], unique: Callable[[], str]
    ) -> None:
        """`now`: epoch seconds. `unique`: a fresh UUID. What an earlier run left unfinished is taken up again."""
        self._store = store
        self._jobs = jobs
        self._now = now
        self._unique = unique
        self._running: dict[str, _Running] = {}
        self._nagging: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._held_up = frozenset[str]()
        self._closing = False
        self._take_up()

    def _take_up(self) -> None:
        self._store.forget(self._now() - _KEPT_SECONDS)
        for task in self._store.unfinished(RUNNING):
            if task.attempts >= _MOST_ATTEMPTS:
                further = ", which got no further meanwhile" if task.goes_on else ""
                error = f"The service was interrupted {task.attempts} times while this comparison ran{further}."
                end(self._store, task, FAILED, self._now(), error)
            else:
                _log.warning("comparison task %s of job %s was interrupted and runs again", task.id, task.job_id)
                self._store.move(task.id, RUNNING, WAITING_FOR_RUNNING)

    def create(self, job_id: str, *, objects: bool, data: DataWanted | None) -> Created:
        """Create tasks; what is due starts with the next `tick`."""
        now = self._now()
        unfinished = self._store.unfinished_of(job_id, DATA_LEVELS) if data else None
        keep = unfinished is not None and data is not None and not data.cancel
        wanted = []
        if objects:
            wanted.append(Task(self._unique(), job_id, "objects", WAITING_FOR_RUNNING, now, now))
        if data and not keep:
            start = max(now, data.start_at or now)
            new = Task(self._unique(), job_id, data.level, WAITING_FOR_RUNNING, now, start)
            wanted.append(replace(new, scope=data.scope, options=data.options))
        replaced = unfinished if unfinished and not keep else None
        self._flush(replaced)
        with self._store.transaction():
            if replaced:
                self._end(replaced, CANCELLED, now)
            self._store.add(*wanted)
        self._stop(replaced)
        self._changed.set()
        ids = {task.level == "objects": task.id for task in wanted}
        return Created(ids.get(True), ids.get(False), unfinished.id if unfinished and keep else None)

    def start_promptly(self, task: Task) -> bool:
        """Make a task that waits for its time due now; whether it waited. It starts with the next `tick`."""
        start = min(task.start_at, self._now())
        self._changed.set()
        return self._store.move(task.id, WAITING_FOR_RUNNING, WAITING_FOR_RUNNING, start_at=start)

    def cancel(self, task: Task) -> bool:
        """End an unfinished task as CANCELLED; whether it was unfinished. What it has found so far is kept."""
        self._flush(task)
        moved = self._end(task, CANCELLED, self._now())
        if moved:
            self._stop(task)
        return moved

    def tick(self) -> None:
        """Start what is due, end what has run for too long. Must be called on the event loop's thread."""
        if self._closing:
            return
        now = self._now()
        self._store.forget(now - _KEPT_SECONDS)
        for running in list(self._running.values()):
            self._flush(running.task)
            seconds, told = _LIMITS[running.task.level]
            if now - running.counted_from > seconds:
                error = f"The comparison took longer than {told}."
                if self._end(running.task, TIMEOUT_INTERRUPT, now, error):
                    self._stop(running.task)
        while not self._begin_due(now):
            pass

    async def watch(self) -> None:
        """Tick whenever something changes, and every half second while a task is unfinished. Runs until cancelled.

        What is forgotten is dropped here, a little at a time.
        """
        while True:
            self._changed.clear()
            beat = _BEAT_SECONDS
            try:
                self.tick()
                idle = not (self._running or self._store.has_any(WAITING_FOR_RUNNING))
                if self._store.sweep():
                    idle, beat = False, _SWEEP_SECONDS
            except sqlite3.Error:
                _log.exception("the store can't be read or written; trying again")
                idle = False
            # Not wait_for: up to Python 3.11 it swallows a cancellation that comes together with the change.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if idle else beat):
                    await self._changed.wait()

    async def settle(self) -> None:
        """Wait until everything that is due by now has ended."""
        self.tick()
        while self._running or self._nagging:
            await asyncio.wait({*(running.done for running in self._running.values()), *self._nagging})
            self.tick()

    async def close(self) -> None:
        """Stop what runs. It stays unfinished in the store, and the next service takes it up."""
        self._closing = True
        for running in list(self._running.values()):
            self._stop(running.task)
        await self.settle()

    def _begin_due(self, now: float) -> bool:
        """Begin what there is room for, and end what can't be begun; whether there is nothing more of either."""
        tasks = {task.id: task for task in self._store.due(WAITING_FOR_RUNNING, now, _AT_ONCE)}
        gone = [task for task in tasks.values() if task.job_id not in self._jobs]
        for task in gone:
            end(self._store, tasks.pop(task.id), FAILED, now, "The DRS job is no longer configured.")
        due = [_due(task, self._jobs[task.job_id]) for task in tasks.values()]
        begun = admitted(due, [running.held for running in self._running.values()], _AT_ONCE)
        for held in begun:
            task = tasks.pop(held.due.id)
            self._start(task, self._jobs[task.job_id], held, now)
        for task_id in tasks.keys() - self._held_up:
            _log.info("comparison task %s waits until others have ended or there are connections for it", task_id)
        self._held_up = frozenset(tasks)
        return not gone

    def _start(self, task: Task, job: Job, held: Held, now: float) -> None:
        spent = task.spent if task.goes_on else 0.0
        started = task.started_at if task.goes_on and task.started_at is not None else now
        if self._store.move(task.id, WAITING_FOR_RUNNING, RUNNING, started_at=started, attempts=task.attempts + 1):
            stop = Stop()
            recording = Recording(self._store, task.id, lambda: spent + self._now() - now) if task.goes_on else None
            lines = LinesResult()
            done = asyncio.get_running_loop().create_task(
                self._run(task, job, held.connections, stop, recording, lines)
            )
            self._running[task.id] = _Running(task, held, now - spent, stop, recording, lines, done)

    async def _run(
        self,
        task: Task,
        job: Job,
        connections: Connections,
        stop: Stop,
        recording: Recording | None,
        lines: LinesResult,
    ) -> None:
        try:
            outcome = await asyncio.to_thread(perform, task, job, connections, stop, recording, lines)
            if not (self._closing and stop.asked):
                await self._keep(task, outcome)
            elif recording:
                with contextlib.suppress(sqlite3.Error):  # What isn't written is compared once more.
                    await asyncio.to_thread(recording.suspend)
        finally:
            del self._running[task.id]
            self._changed.set()

    async def _keep(self, task: Task, outcome: Outcome) -> None:
        """Store how a task ended; while the store can't be written, as on a full disk, try again."""
        unkept = False
        while True:
            try:
                return await asyncio.to_thread(self._finish, task, outcome)
            except sqlite3.Error as error:
                if not unkept:
                    _log.exception("the result of comparison task %s can't be stored", task.id)
                elif self._closing:
                    return None
                else:
                    await asyncio.sleep(_BEAT_SECONDS)
                unkept = True
                outcome = Outcome(FAILED, f"The result can't be stored: {error}.", None if task.goes_on else ())

    def _end(self, task: Task, status: str, at: float, error: str | None = None) -> bool:
        """End an unfinished task, with what it has found by now: what is shown of it then stays. Whether it was."""
        running = self._running.get(task.id)
        return end(self._store, task, status, at, error, running.lines if running else None)

    def _finish(self, task: Task, outcome: Outcome) -> None:
        self._flush(task)
        finish(self._store, task, outcome, self._now())

    def _flush(self, task: Task | None) -> None:
        """Show what a running task has found by now, if it can be written."""
        running = self._running.get(task.id) if task else None
        if running and running.recording:
            # Whoever compares or ends the task meets the same failure, and tells it.
            with contextlib.suppress(sqlite3.Error):
                running.recording.flush()

    def _stop(self, task: Task | None) -> None:
        running = self._running.get(task.id) if task else None
        if running:
            nagging = asyncio.get_running_loop().create_task(_nag(running))
            self._nagging.add(nagging)
            nagging.add_done_callback(self._nagging.discard)


def _due(task: Task, job: Job) -> Due:
    return Due(task.id, task.start_at, wanted(job.source, job.target, many=task.level == "contents"))


async def _nag(running: _Running) -> None:
    """Ask until it has stopped: one request may slip between a check and the statement that it should have met."""
    while not running.done.done():
        running.stop.ask()
        await asyncio.wait({running.done}, timeout=_NAG_SECONDS)
