"""A tool that compares two databases on servers, and one run of it: what it found, and what all used meanwhile."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tests.benchmarks.engine_servers import Server, Side, processor_seconds
from tests.benchmarks.measured import Failed, Run, measured

PATIENCE: Final = 600.0
"""After how many seconds a tool is stopped."""


@dataclass(frozen=True)
class Tool:
    """A tool: the command that compares two servers' databases, and how many differing rows its output tells of.

    `found` gives None where the output is no answer. `unseen`: how many of the twenty differences it can't see, as it
    is asked to compare fewer columns; `endings`: the exit codes that mean that it did its work; `inside`: whether it is
    a Python program of ours that tells the seconds of the work, without the start of Python and its imports.
    """

    name: str
    command: Callable[[Side, str, Server, str], Sequence[str]]
    found: Callable[[str], int | None]
    unseen: int = 0
    endings: frozenset[int] = frozenset({0})
    inside: bool = False


@dataclass(frozen=True)
class Shot:
    """One run of one tool: what it used, what the servers on this machine used meanwhile, why there is no answer."""

    run: Run | None
    servers: float | None = None
    problem: str = ""


def shoot(
    tool: Tool, source: Side, here: str, target: Server, there: str, env: Mapping[str, str] | None = None
) -> Shot:
    """Run a tool once on two databases. A tool that fails has no answer; nothing is raised."""
    local = source.address.here and target.address.here
    # Some ask for TLS first where this says nothing else; on this machine all do without.
    settings = {**({"PGSSLMODE": "disable"} if local else {}), **(env or {})}
    sides = source.processes(), target.processes()
    known = frozenset[int]() if sides[0] is None or sides[1] is None else sides[0] | sides[1]
    before = processor_seconds(known)
    try:
        run, output, errors = measured(
            tool.command(source, here, target, there), env=settings, endings=tool.endings, patience=PATIENCE
        )
    except Failed as failed:
        return Shot(None, problem=str(failed))
    servers = processor_seconds(known) - before if known else None
    told = json.loads(output) if tool.inside else {}
    found = tool.found(output)
    problem = str(told.get("failures") or "") or ("" if found is not None else _last(errors))
    run = replace(
        run, seconds=told.get("seconds", run.seconds), differing=found, method=", ".join(told.get("methods", ()))
    )
    return Shot(run, servers, problem)


def _probe(what: str) -> Callable[[Side, str, Server, str], Sequence[str]]:
    def command(source: Side, here: str, target: Server, there: str) -> Sequence[str]:
        urls = source.url(here), target.url(there)
        return [sys.executable, "-m", "tests.benchmarks.engine_probe", what, *urls]

    return command


def _last(errors: str) -> str:
    """What a tool that ended without an answer said last."""
    lines = [line for line in errors.splitlines() if line.strip()]
    return lines[-1].split("ERROR - ")[-1] if lines else "no answer, and not a word"


OURS: Final = Tool("ours", _probe("compare"), lambda output: json.loads(output).get("differing"), inside=True)
SCAN: Final = Tool("scan", _probe("scan"), lambda _: 0, inside=True)
