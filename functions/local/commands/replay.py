"""`parity replay`: put dead letters back into their queues."""

import os
import sys
import time
from collections.abc import Sequence
from typing import get_args

import click

from functions.local.cli_errors import bad_input
from functions.local.commands.options import json_option, target_option
from functions.local.dead_letters import Inventory, Outcome, QueueName
from functions.local.exit_codes import OF_VERDICT, OK
from functions.local.rendering import Screen
from functions.local.rendering_replay import Found, as_json_of, outcome_of, show_inventory, show_outcome
from functions.local.stack_queues import Place, aws_errors_told, dead_letters_at
from functions.local.stopping import unless_ended

_QUEUES: tuple[QueueName, ...] = get_args(QueueName)
LEFT = OF_VERDICT["incomplete"]
"""The exit code where something still lies there."""


@click.command(
    name="replay",
    epilog="Exit codes: 0 nothing is left lying, 2 usage, configuration or refused by AWS, 3 something is left or "
    "hidden, 70 internal error, 75 AWS can't be reached.",
)
@click.option("--queue", type=click.Choice([*_QUEUES, "all"]), default="all", show_default=True)
@click.option("--yes", is_flag=True, help="Put them back without asking.")
@click.option("--force", is_flag=True, help="Put back too what can never be worked on.")
@click.option("--stack", metavar="NAME", help="The deployment's stack in AWS, instead of --target.")
@click.option("--urls", nargs=2, metavar="DEAD QUEUE", help="Two queue URLs, instead of a stack; needs --queue.")
@json_option("Print what was found and done as one line of JSON.")
@target_option
def command(
    queue: str,
    yes: bool,
    force: bool,
    stack: str | None,
    urls: tuple[str, str] | None,
    as_json: bool,
    target: str | None,
) -> int:
    """Show the dead letters, and put them back into their queues.

    On a terminal it asks first; elsewhere it only shows them, unless --yes is
    given. A message is sent before it is deleted, with its attributes, so none
    is lost; one that comes twice does no harm. What can never be worked on
    (it can't be read) is left, unless --force is given.

    A deployment's queues are found by the outputs of its stack, with your own
    AWS credentials (cloudformation:DescribeStacks; on the queues
    sqs:ReceiveMessage, sqs:ChangeMessageVisibility, sqs:DeleteMessage,
    sqs:SendMessage, sqs:GetQueueAttributes).

    Looking hides messages from everybody else for as long as it takes. What
    somebody else looks at meanwhile is counted as hidden, about: nothing is
    complete as long as there is any.

    \b
      parity replay
      parity replay --queue requests --yes
      AWS_PROFILE=ops parity replay --stack parity --yes --json
    """
    if urls and queue == "all":
        raise bad_input("--urls: belongs to one queue; say which with --queue requests, polls or deliveries")
    if sum(given is not None for given in (stack, urls, target)) > 1:
        raise bad_input("--target, --stack, --urls: give one of them")
    screen = Screen()
    wanted: Sequence[QueueName] = [name for name in _QUEUES if queue in {name, "all"}]
    with unless_ended(), aws_errors_told():
        places = dead_letters_at(Place(target, stack, urls), wanted, os.environ)
        with screen.progress("looking for dead letters"):
            found = [(letters, letters.look()) for letters in places]
        if not as_json:
            show_inventory(screen, found, time.time())
        able = sum(inventory.able(force=force) for _, inventory in found)
        agreed = able and (yes or _agreed(able, as_json=as_json))
        outcomes = _put_back(screen, found, force=force) if agreed else {}
    if as_json:
        screen.json(as_json_of(found, outcomes))
    else:
        show_outcome(screen, found, outcomes, force=force)
    return OK if all(_nothing_left(inventory, outcomes.get(letters.name)) for letters, inventory in found) else LEFT


def _nothing_left(inventory: Inventory, outcome: Outcome | None) -> bool:
    told = outcome_of(inventory, outcome)
    return inventory.complete and not (told.left or told.hidden)


def _agreed(count: int, *, as_json: bool) -> bool:
    """Whether somebody at a terminal says yes; nobody there means no."""
    if as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    return click.confirm(f"Put {count} back?")


def _put_back(screen: Screen, found: Found, *, force: bool) -> dict[str, Outcome]:
    """Put back queue by queue; what became of each."""
    outcomes: dict[str, Outcome] = {}
    with screen.progress("putting back") as progress:
        for letters, inventory in found:
            outcome = outcomes[letters.name] = outcome_of(inventory, None)
            if not inventory.found:
                continue
            for _ in letters.put_back(inventory, outcome, force=force):
                progress.update(f"putting back {letters.name}: {outcome.put_back} of {inventory.able(force=force)}")
    return outcomes
