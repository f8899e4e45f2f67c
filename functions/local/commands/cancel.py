"""`parity cancel`: ask to stop one comparison."""

import click

from functions.local.commands.options import checked_id, door_of, json_option, target_option
from functions.local.door import refusal
from functions.local.exit_codes import OK
from functions.local.rendering import Screen


@click.command(
    name="cancel",
    epilog="Exit codes: 0 it is to be stopped, 2 it is unknown or finished, or usage or configuration, 75 unreachable.",
)
@click.argument("comparison_id", metavar="ID")
@json_option("Print the answer as one line of JSON.")
@target_option
def command(comparison_id: str, as_json: bool, target: str | None) -> int:
    """Ask to stop a comparison: its DRS tasks are cancelled.

    It ends with the verdict cancelled, unless it finishes first; `parity
    watch` tells.

    \b
      parity cancel cmp_6b01c344dbe5827bec3e711f9debb1e0
    """
    comparison_id = checked_id(comparison_id)
    answer, screen = door_of(target).cancel(comparison_id), Screen()
    if answer.status != 202:
        raise refusal(answer)
    if as_json:
        screen.json(answer.document())
    else:
        screen.line(f"asked to stop {comparison_id}")
        screen.line("next  ", (f"parity watch {comparison_id}", "bold"))
    return OK
