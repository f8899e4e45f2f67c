"""`parity comparer`: the comparison service alone."""

import asyncio
import logging
import os
from pathlib import Path

import click

from functions.comparer.jobs_file import BadJobsFile, ComparerConfig, read_jobs_file
from functions.comparer.server import PORT, default_store, serve
from functions.comparer.tasks.store import StoreUnusable
from functions.local.cli_errors import bad_input
from functions.local.exit_codes import OK
from functions.local.rendering import Screen
from functions.local.stopping import asked_to_stop


@click.command(
    name="comparer",
    epilog="Exit codes: 0 stopped, 2 usage or configuration, 70 internal error.",
)
@click.option("--jobs", required=True, metavar="FILE", help="jobs.toml: the DRS jobs, and who may ask.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen on.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--store", metavar="FILE", help="Where tasks and results are kept  [default: in your state folder]")
def command(jobs: str, host: str, port: int, store: str | None) -> int:
    """Serve the DRS comparison API over your own databases, until stopped.

    Point any DRS client at it: the official SDK works unchanged. Databases
    are only ever read. Tasks and results survive a restart.

    \b
      parity comparer --jobs jobs.toml
    \b
    jobs.toml:
      [auth]                                # absent: everybody may ask
      project_ids = ["054ba152d480d55b2f5dc0069e7ddef0"]
      access_keys = { AKEXAMPLE = "env:AK_SECRET" }
    \b
      [jobs."f8688cfa-4e05-406f-a2e6-37a773cjb20y"]
      source = "mysql://me@old:3306/shop?password_env=OLD_PASSWORD"
      target = "postgresql://me@new/shop"   # or sqlite:///data/shop.db
    \b
    and if need be: databases = { shop = "shop_v2" }, where names differ;
    tolerances = { price = 0.01 }; settle_seconds = 15 and lag_seconds = 3,
    for how long rows that differ in data in use are read again.
    """
    logging.basicConfig(format="parity: %(message)s", level=logging.WARNING)
    config = read_config(jobs)
    try:
        asyncio.run(_serve(config, host, port, Path(store) if store else default_store()))
    except StoreUnusable as error:
        raise bad_input(f"--store: {error}") from None
    except OSError as error:
        raise bad_input(f"--host, --port: {host}:{port}: {os.strerror(error.errno or 0)}") from None
    return OK


def read_config(jobs: str) -> ComparerConfig:
    """The configuration that --jobs names. Raises CommandFailed (2)."""
    try:
        return read_jobs_file(Path(jobs), os.environ)
    except BadJobsFile as error:
        raise bad_input(f"--jobs: {error}") from None


async def _serve(config: ComparerConfig, host: str, port: int, store: Path) -> None:
    screen = Screen()
    service = await serve(config, host=host, port=port, store=store)
    stop = asked_to_stop()
    try:
        screen.line("comparison API  ", (service.url, "bold"))
        screen.line("tasks kept in   ", str(store))
        screen.line("DRS jobs        ", ", ".join(config.jobs) or "none", hang=16)
        for project in config.auth.project_ids if config.auth else ():
            screen.line("project         ", project)
        screen.remark("Ctrl-C stops it; what is unfinished runs again at the next start.")
        await stop.wait()
    finally:
        await service.close()
