"""`parity demo`: the whole journey, on this machine, in ten seconds."""

import asyncio
import tempfile
import time
from pathlib import Path

import click

from functions.local.cli_errors import CommandFailed
from functions.local.demo import Demo, Journey
from functions.local.exit_codes import INTERNAL, OK
from functions.local.rendering import Screen
from functions.local.rendering_demo import show_next, show_only_event, show_verdict
from functions.local.stopping import unless_stopped


@click.command(name="demo", epilog="Exit codes: 0 the demo ran to its end (whatever its verdict), 70 it did not.")
def command() -> int:
    """Show the whole journey on two sample databases, in ten seconds.

    A signed webhook goes through the very template that gets deployed, on
    this machine: webhook, create, poll, one finished event. A duplicate
    request and a killed worker happen on the way. The databases are made on
    the spot and really compared. No network, no docker, no account; nothing
    is left running, no file is left behind.

    \b
      parity demo
      parity demo > demo.txt             plain lines
    """
    screen, began = Screen(), time.monotonic()
    journey = asyncio.run(unless_stopped(_run(screen)))
    show_verdict(screen, journey.event)
    show_only_event(screen, journey.event, journey.deliveries, journey.ids)
    show_next(screen, time.monotonic() - began)
    if journey.ids != 1:
        raise CommandFailed(f"{journey.ids} different finished events: exactly one is promised", INTERNAL)
    verdict = journey.event["data"]["verdict"]
    if verdict != "inconsistent":
        raise CommandFailed(f"the verdict is {verdict}, and the sample databases differ", INTERNAL)
    return OK


async def _run(screen: Screen) -> Journey:
    with tempfile.TemporaryDirectory(prefix="parity-demo-") as folder:
        return await Demo(screen, Path(folder)).run()
