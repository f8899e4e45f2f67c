"""`parity status`: one comparison, asked once."""

from collections.abc import Mapping
from typing import Any

import click

from functions.local.commands.options import checked_id, door_of, json_option, target_option
from functions.local.door import refusal
from functions.local.exit_codes import TOLD, of_verdict
from functions.local.rendering import Screen, verdict_style
from functions.local.rendering_event import show_event


@click.command(name="status", epilog=TOLD)
@click.argument("comparison_id", metavar="ID")
@json_option("Print all that is known as one line of JSON.")
@target_option
def command(comparison_id: str, as_json: bool, target: str | None) -> int:
    """Show what is known of one comparison; exit by its verdict, or 75.

    \b
      parity status cmp_6b01c344dbe5827bec3e711f9debb1e0
    """
    comparison_id = checked_id(comparison_id)
    answer, screen = door_of(target).comparison(comparison_id), Screen()
    if answer.status != 200:
        raise refusal(answer)
    view = answer.document()
    if as_json:
        screen.json(view)
    else:
        _show(screen, view)
    return of_verdict(view.get("verdict"))


def _show(screen: Screen, view: Mapping[str, Any]) -> None:
    verdict = view.get("verdict")
    shown = (str(verdict), verdict_style(verdict)) if verdict else (str(view.get("state")), "bold")
    screen.line("comparison  ", str(view.get("comparison_id")))
    screen.line("DRS job     ", str(view.get("job_id")))
    screen.line("state       ", shown)
    for name, title in (("accepted_at", "accepted"), ("next_poll_at", "next poll"), ("deadline_at", "deadline")):
        if view.get(name) and not (verdict and name == "deadline_at"):
            screen.line(f"{title:<12}", str(view[name]))
    for task in view.get("drs_tasks", []):
        status = task.get("status") or "created"
        screen.line(f"{task['level']:<12}", f"{task['compare_task_id']}  {status}  ({task['origin']})", hang=12)
    if trouble := view.get("last_trouble"):
        screen.line("trouble     ", f"{trouble.get('code')}: {trouble.get('message')}", hang=12)
    if event := view.get("event"):
        screen.line()
        show_event(screen, event)
