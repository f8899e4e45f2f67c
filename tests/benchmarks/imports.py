"""Cold import of each handler, beside what functions are usually written with: fresh processes, in turn."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from functions.local.build import handlers
from tests.benchmarks.grounds import ROOT, Ground
from tests.benchmarks.pairs import Pairs, in_turn
from tests.benchmarks.table import ratio, row

ROUNDS = 15
_TWO = "import boto3; from aws_lambda_powertools import Logger, Metrics; Logger(); Metrics()"
_ALL = f"import aiohttp, pydantic; from pydantic import BaseModel; {_TWO}"
_CLIENTS = "[boto3.client(name) for name in ('sqs', 'sns', 'dynamodb')]"
PEERS = {
    "all, clients": f"{_ALL}; {_CLIENTS}",
    "all": _ALL,
    "two, clients": f"{_TWO}; {_CLIENTS}",
    "two": _TWO,
}
"""all: boto3, Powertools, pydantic, aiohttp. two: boto3, Powertools. clients: for sqs, sns and dynamodb, made on import
as such handlers do; ours opens its session on the first call. No peer defines a model, a rule or a handler."""
LIBRARIES = "libraries"
"""What no handler can be faster than: its three libraries and nothing of ours."""
_PROBE = Path(__file__).with_name("import_probe.py")
_ENVIRONMENT = {
    "PATH": os.defpath,
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKEXAMPLE",  # without, boto3 goes and looks for some
    "AWS_SECRET_ACCESS_KEY": "not a secret",
    "POWERTOOLS_SERVICE_NAME": "parity",
    "POWERTOOLS_METRICS_NAMESPACE": "Parity",
}


def measure(ground: Ground) -> Mapping[str, list[tuple[float, float]]]:
    """Milliseconds (processor, wall) by variant, one per round: each handler's name, `LIBRARIES`, and `PEERS`."""
    named = handlers((ROOT / "template.yaml").read_text("utf-8"))
    modules = [module for module in named if module.startswith("functions.pipeline.")]  # what one archive holds
    programs = {module.rpartition(".")[2]: (ground.parity, f"import {module}") for module in modules}
    programs[LIBRARIES] = (ground.parity, "import aiohttp, pydantic, structlog; from pydantic import BaseModel")
    programs |= {name: (ground.usual, lines) for name, lines in PEERS.items()}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for folder, lines in programs.values():
        _run(ground, folder, lines)  # files into the page cache
    for name in in_turn(list(programs), ROUNDS):
        found[name].append(_run(ground, *programs[name]))
    return found


def _run(ground: Ground, folder: Path, lines: str) -> tuple[float, float]:
    paths = os.pathsep.join((str(folder), str(ground.runtime)))
    command = [str(ground.python), "-I", "-S", "-B", str(_PROBE), paths, lines]
    done = subprocess.run(command, env=_ENVIRONMENT, capture_output=True, text=True, check=True)
    processor, wall = done.stdout.split()
    return float(processor), float(wall)


def table(found: Mapping[str, list[tuple[float, float]]]) -> list[str]:
    """A line for each handler: its median, and its ratio to each of the four peers; processor time, then wall."""
    lines = []
    for unit, index in (("CPU", 0), ("wall", 1)):
        lines.append(row(f"{unit}, ms", "median", *(f"/ {peer}" for peer in PEERS)))
        times = {name: tuple(run[index] for run in runs) for name, runs in found.items()}
        for name in [name for name in found if name not in PEERS]:
            cells = (ratio(Pairs(times[name], times[peer])) for peer in PEERS)
            lines.append(row(name, f"{median(times[name]):.0f}", *cells))
        lines.append(row("the peer", "", *(f"{median(times[peer]):.0f}" for peer in PEERS)))
    return lines
