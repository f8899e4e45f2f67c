"""`parity list`: many comparisons, newest first."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from functions.local.commands.options import door_of, json_option, target_option
from functions.local.door import Door, refusal
from functions.local.exit_codes import OF_VERDICT, OK
from functions.local.rendering import Screen, verdict_style

_STATES = ("accepted", "polling", "finished")
_FIXED = 36 + 2 + 12 + 2 + 19 + 2
"""Columns before the job."""


@click.command(name="list", epilog="Exit codes: 0 done, 2 usage or configuration, 75 unreachable.")
@click.option("--job", metavar="JOB", help="Only those of this DRS job.")
@click.option(
    "--state", type=click.Choice(_STATES), metavar="STATE", help=f"Only those in this state: {', '.join(_STATES)}."
)
@click.option(
    "--verdict",
    type=click.Choice(list(OF_VERDICT)),
    metavar="VERDICT",
    help=f"Only those with this verdict: {', '.join(OF_VERDICT)}.",
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most that many.")
@json_option("Print one line of JSON for each.")
@target_option
def command(
    job: str | None, state: str | None, verdict: str | None, limit: int, as_json: bool, target: str | None
) -> int:
    """Show comparisons, newest first.

    \b
      parity list --state polling
      parity list --job f8688cfa-4e05-406f-a2e6-37a773cjb20y --json
    """
    filters = {"job_id": job, "state": state, "verdict": verdict}
    found = 0
    screen = Screen()
    for view in _all(door_of(target), {name: value for name, value in filters.items() if value}):
        if found == limit:
            screen.remark(f"there are more than {limit}; --limit shows more of them")
            break
        found += 1
        if as_json:
            screen.json(view)
        else:
            _show(screen, view)
    if not found and not as_json:
        screen.remark("no comparison matches")
    return OK


def _all(door: Door, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    following: str | None = None
    while True:
        answer = door.comparisons({**filters, **({"next": following} if following else {})})
        if answer.status != 200:
            raise refusal(answer)
        page = answer.document()
        yield from page.get("comparisons", [])
        following = page.get("next")
        if not following:
            return


def _show(screen: Screen, view: Mapping[str, Any]) -> None:
    verdict = view.get("verdict")
    shown = (f"{verdict or view.get('state'):<12}", verdict_style(verdict) if verdict else "")
    accepted = str(view.get("accepted_at", ""))[:19].replace("T", " ")
    job = str(view.get("job_id"))
    room = None if screen.width is None else max(screen.width - _FIXED, 6)
    if room is not None and len(job) > room:
        job = job[: room - 1] + "…"
    screen.line(f"{view.get('comparison_id')}  ", shown, f"  {accepted:<19}  {job}")
