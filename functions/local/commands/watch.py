"""`parity watch`: follow one comparison to its verdict."""

from typing import Any

import click

from functions.local.commands.options import checked_id, door_of, json_option, target_option
from functions.local.exit_codes import TOLD, of_verdict
from functions.local.rendering import Screen
from functions.local.rendering_event import show_event
from functions.local.watching import Watch


@click.command(name="watch", epilog=TOLD)
@click.argument("comparison_id", metavar="ID")
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="Give up after that long (exit 75).")
@json_option("Print the finished event as one line of JSON, and nothing else.")
@target_option
def command(comparison_id: str, timeout: float | None, as_json: bool, target: str | None) -> int:
    """Follow a comparison until it has its verdict, and exit by it.

    On a terminal the progress is shown in place; elsewhere each change is a
    line on standard error.

    \b
      parity watch cmp_6b01c344dbe5827bec3e711f9debb1e0
      parity watch "$id" --timeout 3600 --json > verdict.json
    """
    comparison_id = checked_id(comparison_id)
    screen = Screen()
    event = Watch(door_of(target), screen, timeout).follow(comparison_id, quiet=as_json)
    return told(screen, event, as_json=as_json)


def told(screen: Screen, event: dict[str, Any], *, as_json: bool) -> int:
    """Write a finished event; returns the exit code of its verdict."""
    if as_json:
        screen.json(event)
    else:
        show_event(screen, event)
    return of_verdict(event.get("data", {}).get("verdict"))
