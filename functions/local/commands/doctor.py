"""`parity doctor`: is everything in place, one line each."""

import os
from collections import Counter

import click

from functions.local.checkup import Finding, check
from functions.local.checkup_here import check_comparer, check_here
from functions.local.cli_errors import CommandFailed
from functions.local.commands.options import json_option, target_option
from functions.local.door import Door
from functions.local.exit_codes import OK, USAGE
from functions.local.rendering import Screen
from functions.local.state_file import state_path
from functions.local.target import find_target

_STYLES = {"ok": "green", "warn": "bold yellow", "fail": "bold red"}


@click.command(name="doctor", epilog="Exit codes: 0 nothing failed, 2 something did.")
@json_option("Print one line of JSON for each finding.")
@target_option
def command(as_json: bool, target: str | None) -> int:
    """Check configuration, clock, credentials, permissions, reachability.

    One line each: ok, warn or fail. Nothing is created: an empty request is
    sent, signed, and has to be refused for what it lacks.

    \b
      parity doctor
      PARITY_URL=https://… PARITY_TOKEN=… PARITY_WEBHOOK_SECRET=… parity doctor
    """
    screen, counted = Screen(), Counter[str]()
    for finding in _findings(target):
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


def _show(screen: Screen, finding: Finding) -> None:
    screen.line((f"{finding.level:<5}", _STYLES[finding.level]), f" {finding.subject:<15} {finding.told}", hang=22)
