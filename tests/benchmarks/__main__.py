"""`python -m tests.benchmarks`: every benchmark, one after the other; prints ratios of medians of paired runs.

Name some to run only these: values, engines, imports, steps, journeys. `engines` takes the longest: PARITY_BENCH_PAIRS,
PARITY_BENCH_ROWS and PARITY_BENCH_ROUNDS choose a part of it (`engine_asked`).
"""

import asyncio
import logging
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.benchmarks import engine_report, imports, journeys, steps, values
from tests.benchmarks.clouds import Templates
from tests.benchmarks.engine_asked import Asked
from tests.benchmarks.engine_progress import clock
from tests.benchmarks.grounds import Ground, copied, deployed
from tests.benchmarks.table import compared, ratio, say, say_where

PARTS = ("values", "engines", "imports", "steps", "journeys")
"""In the order in which they run."""

_BEGAN = time.monotonic()

logging.getLogger("functions.comparer").setLevel(logging.ERROR)  # it is open to everybody here, and says so


def main(asked: list[str]) -> int:
    """Run what is asked for, or everything; 2 for wrong arguments or where it can't run."""
    if unknown := set(asked) - set(PARTS):
        say(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
        return 2
    if not sys.platform.startswith("linux"):
        say("the Lambda runtime client, on which everything here is measured, runs on Linux alone")
        return 2
    parts = [part for part in PARTS if part in asked] or list(PARTS)
    try:
        of_engines = Asked.of(os.environ)
    except ValueError as wrong:
        say(str(wrong))
        return 2
    say_where(f"parts: {', '.join(parts)}; how long each has taken is said on the way")
    with tempfile.TemporaryDirectory(prefix="parity-bench-") as made:
        folder = Path(made)
        (folder / "here").mkdir()
        here = copied(folder / "here")
        if "values" in parts:
            _values(folder / "values")
        if "engines" in parts:
            _title("Values of databases on servers, 8 columns")
            engine_report.run(of_engines)
        if not set(parts) - {"values", "engines"}:
            return 0
        if "imports" in parts:
            _imports(deployed(folder / "deployed", say) or here)
        templates = Templates.write(here, folder)
        if "steps" in parts:
            asyncio.run(_steps(templates))
        if "journeys" in parts:
            asyncio.run(_journeys(templates, folder / "databases"))
    return 0


def _title(text: str) -> None:
    say_where(f"[{clock(time.monotonic() - _BEGAN)}] {text}")
    say()
    say(f"{text} (load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors)")


def _imports(ground: Ground) -> None:
    _title(f"Cold import, Python {ground.version}, {imports.ROUNDS} rounds")
    for line in imports.table(imports.measure(ground)):
        say(line)
    say("libraries: aiohttp, pydantic, structlog alone, the floor. Aim against all: 0.60.")
    say("on top of the loaded Lambda runtime client, all with unchecked-hash bytecode;")
    say("all: boto3, Powertools, pydantic, aiohttp. two: boto3, Powertools.")
    say("clients: boto3's for sqs, sns, dynamodb as well. No peer has a model or a rule.")


async def _steps(templates: Templates) -> None:
    _title(f"In processes, Python {templates.ground.version}, ours / usual")
    cold_webhook, cold_poll = await steps.cold(templates)
    warm_webhook, warm_poll = await steps.warm(templates)
    say(compared("webhook to 202, cold", cold_webhook))
    say(compared("webhook to 202, warm", warm_webhook))
    say(compared("poll step, cold", cold_poll))
    say(compared("poll step, warm", warm_poll))
    say(f"cold: {steps.COLD} pairs of environments just started; warm: {steps.WARM} pairs of calls.")
    say("usual: boto3, Powertools, pydantic, urllib3; the same calls to AWS and DRS.")


async def _journeys(templates: Templates, databases: Path) -> None:
    _title("Journeys over two SQLite databases")
    late = await journeys.lateness(templates, databases)
    delay = journeys.POLL_SECONDS
    say(
        f"DRS terminal to event published: {median(late):.2f} s ({min(late):.2f}-{max(late):.2f} in {len(late)} times),"
    )
    say(f"  {median(late) / delay:.2f} of the poll delay in force, {delay:.0f} s")
    rates = await journeys.rates(templates, databases)
    apart, together = median(rates.ours), median(rates.theirs)
    say(f"{journeys.COMPARISONS} comparisons at once, {journeys.REPEATS} times, all of one project:")
    say(f"  {apart:.1f} per second with functions in processes, {together:.1f} in one process")
    say(f"  ratio {ratio(rates)}")


def _values(folder: Path) -> None:
    _title("Values of two SQLite files of eight columns")
    say(values.HEAD)
    for count in values.LARGE:
        for line in values.large(folder, count):
            _say_all(line.told())
    say(f"the same, {values.KIND_ROWS:,} rows, 20 differences, every way that the planner can choose:")
    for line in values.kinds(folder):
        _say_all(line.told())
    run = values.tables(folder)
    milliseconds = run.seconds / values.TABLES * 1000
    say(f"{values.TABLES} tables of {values.TABLE_ROWS:,} rows: {milliseconds:.1f} ms per table, {run.memory:.0f} MB")
    say("scan: reads every value of both files in SQLite. MB: peak memory of the process.")
    say("Aim against sqldiff: 0.60 with a key; at most 100 MB. ours: without the start of")
    say("Python. sqldiff goes by the rowid where a table has no key.")


def _say_all(lines: list[str]) -> None:
    for line in lines:
        say(line)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
