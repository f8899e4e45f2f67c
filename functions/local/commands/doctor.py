"""`parity doctor`: is everything in place, one line each."""

import os
import secrets
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import click

from functions.local.checkup import Finding, check
from functions.local.checkup_here import check_comparer, check_here
from functions.local.cli_errors import CommandFailed, bad_input
from functions.local.commands.options import json_option, target_option
from functions.local.door import Door
from functions.local.exit_codes import OK, USAGE
from functions.local.rendering import Screen
from functions.local.state_file import state_path
from functions.local.target import find_target

_STYLES = {"ok": "green", "warn": "bold yellow", "fail": "bold red"}


@click.command(name="doctor", epilog="Exit codes: 0 nothing failed, 2 something did.")
@json_option("Print one line of JSON for each finding.")
@click.option("--test-destinations", is_flag=True, help="Send a test message to every chat and webhook.")
@click.option("--record-drs", metavar="FILE", help="Write what a live DRS answers, redacted, to a new file.")
@click.option("--projects", metavar="FILE", help="For --record-drs: credentials, as in the projects secret.")
@click.option("--job", metavar="ID", help="For --record-drs: the DRS job to ask about.")
@click.option("--project", metavar="ID", help="For --record-drs: its project, where FILE has several.")
@target_option
def command(
    as_json: bool,
    test_destinations: bool,
    record_drs: str | None,
    projects: str | None,
    job: str | None,
    project: str | None,
    target: str | None,
) -> int:
    """Check configuration, clock, credentials, permissions, reachability.

    One line each: ok, warn or fail. Nothing is created: an empty request is
    sent, signed, and has to be refused for what it lacks.

    --test-destinations tells every destination of the destinations secret,
    whatever its filters, that somebody tries it, and says what it answered.
    Of a deployment it asks your own AWS credentials
    (cloudformation:DescribeStacks, sqs:SendMessage on the deliveries queue,
    dynamodb:GetItem on the ledger). A destination that refuses raises the
    alarm, as it would for a verdict.

    --record-drs checks nothing else: it asks DRS, from this machine, what a
    verdict would ask of the job and its latest comparisons, creates nothing,
    and writes the answers to a new file. Form, words of the API, codes,
    numbers and times stay; names, ids, keys and messages become text-1,
    text-2 and so on. Read the file before you pass it on.

    \b
      parity doctor
      parity doctor --record-drs drs.json --projects projects.json --job ID
      PARITY_URL=https://… PARITY_TOKEN=… PARITY_WEBHOOK_SECRET=… parity doctor
    """
    screen, counted = Screen(), Counter[str]()
    if record_drs is None and (projects or job or project):
        raise bad_input("--record-drs: needed for --projects, --job and --project")
    if record_drs is None:
        findings = chain(_findings(target), _tried(target) if test_destinations else ())
    else:
        findings = chain(_recorded(record_drs, projects, project, job))
    for finding in findings:
        counted[finding.level] += 1
        if as_json:
            screen.json({"level": finding.level, "subject": finding.subject, "told": finding.told})
        else:
            _show(screen, finding)
    return USAGE if counted["fail"] else OK


def _findings(named: str | None) -> list[Finding]:
    path = state_path(os.environ)
    findings = [*check_here(path.parent)]
    try:
        target = find_target(named, os.environ)
    except CommandFailed as error:
        return [*findings, Finding("fail", "configuration", str(error))]
    findings += check(Door(target))
    if target.local is not None:
        findings.append(check_comparer(target.local))
    return findings


def _tried(named: str | None) -> Iterator[Finding]:
    # boto3 takes a while to load, and is needed here alone.
    from functions.local.stack_queues import Place, aws_errors_told, reach_at  # noqa: PLC0415
    from functions.local.trial import try_destinations  # noqa: PLC0415

    try:
        with aws_errors_told():
            yield from try_destinations(reach_at(Place(named), os.environ), secrets.token_hex(16))
    except CommandFailed as error:
        yield Finding("fail", "destinations", str(error))


def _recorded(file: str, projects: str | None, project: str | None, job: str | None) -> Iterator[Finding]:
    from functions.local.recording_drs import Recording, record  # noqa: PLC0415 - loads the client of DRS

    if not projects or not job:
        raise bad_input("--record-drs: needs --projects and --job")
    yield from record(Recording.of(Path(projects), project, job), Path(file))


def _show(screen: Screen, finding: Finding) -> None:
    screen.line((f"{finding.level:<5}", _STYLES[finding.level]), f" {finding.subject:<15} {finding.told}", hang=22)
