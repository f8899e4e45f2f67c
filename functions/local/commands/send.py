"""`parity send`: sign a request and post it."""

import json
import secrets
import sys
import time
from pathlib import Path
from typing import Any

import click

from functions.local.cli_errors import bad_input
from functions.local.commands.options import door_of, json_option, target_option
from functions.local.commands.watch import told
from functions.local.door import refusal, signed_headers
from functions.local.exit_codes import OK, TOLD
from functions.local.rendering import Screen
from functions.local.rendering_dry_run import show_dry_run
from functions.local.watching import Watch
from functions.pipeline.messages import MAX_BODY_BYTES, Invalid, parse_json_object
from functions.pipeline.signature import ID


@click.command(name="send", epilog=TOLD)
@click.argument("file", metavar="FILE")
@click.option("--id", "request_id", metavar="ID", help="The request id (webhook-id): sending it twice is asking once.")
@click.option("--watch", is_flag=True, help="Then follow the comparison, and exit by its verdict.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be sent to DRS, and what would become of it.")
@click.option(
    "--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="With --watch: give up after that long."
)
@json_option("Print the answer, or with --watch the finished event, as one line of JSON.")
@target_option
def command(
    file: str,
    request_id: str | None,
    watch: bool,
    dry_run: bool,
    timeout: float | None,
    as_json: bool,
    target: str | None,
) -> int:
    """Sign a request and post it, as a webhook does.

    FILE holds the request as JSON; - reads standard input. Without --watch
    the exit code is 0 once the request is accepted. With --dry-run nothing is
    stored or created, DRS is only asked what the DRS job is doing, and the
    exit code is 0 if the request is valid.

    \b
      parity send request.json
      parity send request.json --dry-run
      parity send request.json --id nightly-2026-11-21 --watch
      echo '{"job_id":"sample-shop","object_level_compare_type":"objects"}' |
        parity send - --watch
    """
    body, screen = _body(file), Screen()
    if request_id is not None and not ID.fullmatch(request_id):
        raise bad_input("--id: must be 1 to 128 visible ASCII characters without a dot")
    if watch and dry_run:
        raise bad_input("--dry-run: makes nothing that --watch could follow; leave one of them out")
    if timeout is not None and not watch:
        raise bad_input("--timeout: limits --watch, which is not asked for")
    request_id = request_id or f"cli-{secrets.token_hex(8)}"
    door = door_of(target)
    headers = signed_headers(door.target.need_webhook_secret(), request_id, int(time.time()), body)
    answer = door.post(body, headers, dry_run=dry_run)
    if answer.status != (200 if dry_run else 202):
        raise refusal(answer)
    accepted = answer.document()
    if dry_run:
        screen.json(accepted) if as_json else show_dry_run(screen, accepted)
        return OK
    if not watch:
        _tell(screen, accepted, request_id, as_json=as_json)
        return OK
    if not as_json:
        screen.remark(f"{accepted['comparison_id']}: accepted")
    event = Watch(door, screen, timeout).follow(str(accepted["comparison_id"]), quiet=as_json)
    return told(screen, event, as_json=as_json)


def _tell(screen: Screen, accepted: dict[str, Any], request_id: str, *, as_json: bool) -> None:
    if as_json:
        screen.json(accepted | {"request_id": request_id})
        return
    comparison_id = str(accepted["comparison_id"])
    screen.line(("accepted", "bold green"), f"  {comparison_id}")
    screen.line(f"request   {request_id}")
    screen.line("next      ", ("parity watch ", "bold"), (comparison_id, "bold"))


def _body(file: str) -> bytes:
    """The request's bytes, if they are a JSON object at all; what it says is judged where it is sent."""
    try:
        raw = sys.stdin.buffer.read(MAX_BODY_BYTES + 1) if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise bad_input(f"FILE: {file}: {error.strerror or type(error).__name__}") from None
    try:
        content = parse_json_object(raw)
    except Invalid as error:
        raise bad_input(f"FILE: {error}") from None
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
