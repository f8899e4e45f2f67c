"""Options that several commands share, and what they read."""

import os
import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from functions.local.cli_errors import bad_input
from functions.local.door import Door
from functions.local.target import find_target

_F = TypeVar("_F", bound=Callable[..., Any])
_ID = re.compile(r"cmp_[0-9a-f]{32}")


def target_option(command: _F) -> _F:
    """Add --target: which deployment to talk to."""
    return click.option(
        "--target",
        metavar="URL",
        help="A deployment's ApiUrl (or PARITY_URL); the local cloud of `parity up` if neither is given.",
    )(command)


def json_option(told: str) -> Callable[[_F], _F]:
    """Add --json; `told` is its help."""
    return click.option("--json", "as_json", is_flag=True, help=told)


def door_of(target: str | None) -> Door:
    """The door of the deployment that is meant. Raises CommandFailed (2)."""
    return Door(find_target(target, os.environ))


def checked_id(comparison_id: str) -> str:
    """A comparison id as people give it. Raises CommandFailed (2)."""
    if not _ID.fullmatch(comparison_id):
        raise bad_input("ID: must be a comparison id, cmp_ and 32 hexadecimal digits")
    return comparison_id
