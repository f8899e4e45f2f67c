"""Following one comparison to its verdict, by asking the status door."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from functions.local.cli_errors import CommandFailed, unreachable
from functions.local.door import Door, refusal
from functions.local.exit_codes import NOT_YET
from functions.local.rendering import Screen

_SHORTEST, _LONGEST = 0.5, 15.0
"""Seconds between two questions, whatever the answer says."""
_OUTAGE_SECONDS = 60.0
"""How long the door may fail to answer before the watch gives up."""


@dataclass(frozen=True)
class Watch:
    """A watch; `timeout` in seconds, None waits for ever. Time and sleep are passed in."""

    door: Door
    screen: Screen
    timeout: float | None = None
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def follow(self, comparison_id: str, *, quiet: bool) -> dict[str, Any]:
        """Return the finished event. Progress goes to the terminal; elsewhere, unless `quiet`, a line per change.

        Raises CommandFailed: 75 where time is up or nobody answers, 2 where the comparison is not known.
        """
        began, told = self.now(), ""
        with self.screen.progress(f"{comparison_id}: asking") as progress:
            while True:
                view, pause = self._ask(comparison_id)
                event = view.get("event")
                if isinstance(event, dict):
                    return event
                text = progress_text(view)
                progress.update(f"{text}, {self.now() - began:.0f} s")
                if text != told and not quiet and not self.screen.live:
                    self.screen.remark(f"{comparison_id}: {text}")
                told = text
                self._check_time(began + (self.timeout or 0), comparison_id, text)
                self.sleep(pause)

    def _ask(self, comparison_id: str) -> tuple[dict[str, Any], float]:
        """Ask once; while the door has a bad time, ask again."""
        until = self.now() + min(_OUTAGE_SECONDS, self.timeout or _OUTAGE_SECONDS)
        while True:
            try:
                answer = self.door.comparison(comparison_id)
                if answer.status == 200:
                    pause = min(max(answer.retry_after or 1.0, _SHORTEST), _LONGEST)
                    return answer.document(), pause
                raise refusal(answer)
            except CommandFailed as error:
                if error.exit_code != NOT_YET or self.now() >= until:
                    raise
            self.sleep(1.0)

    def _check_time(self, end: float, comparison_id: str, text: str) -> None:
        if self.timeout is not None and self.now() >= end:
            raise unreachable(f"{comparison_id}: {text} after {self.timeout:g} s; still running")


def progress_text(view: Mapping[str, Any]) -> str:
    """How far a comparison is, in one line."""
    tasks = ", ".join(_task_text(task) for task in view.get("drs_tasks", []))
    match view.get("state"):
        case "accepted":
            text = "accepted, waiting for DRS to take it"
        case "polling":
            text = f"at DRS: {tasks}" if tasks else "at DRS"
        case state:
            text = str(state)
    code = (view.get("last_trouble") or {}).get("code")
    return f"{text}; last trouble: {code}" if code else text


def _task_text(task: Mapping[str, Any]) -> str:
    text = f"{task['level']} {task.get('status') or 'created'}"
    return f"{text} ({task.get('tables_compared', 0)} of {task['tables']} tables)" if task.get("tables") else text
