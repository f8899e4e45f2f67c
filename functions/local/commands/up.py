"""`parity up`: the local cloud and the comparer, until stopped."""

import asyncio
import os
import secrets
import sys
import tempfile
import time
import tomllib
from contextlib import AsyncExitStack
from pathlib import Path

import click
from pydantic import SecretStr

from functions.comparer.jobs_file import ComparerConfig, config_of
from functions.local.cli_errors import bad_input
from functions.local.commands.comparer import read_config
from functions.local.commands.options import json_option
from functions.local.errors import LocalCloudError, TemplateError
from functions.local.exit_codes import OK
from functions.local.happenings import Happenings
from functions.local.rendering import Screen
from functions.local.rendering_hops import show_happening
from functions.local.rendering_up import show_addresses, show_what_to_try
from functions.local.samples import SECRET_VARIABLE, jobs_file, make_samples
from functions.local.stage import Ports, Stage, stage
from functions.local.state_file import LocalState, announced, read_state, state_path
from functions.local.stopping import asked_to_stop
from functions.pipeline.credentials_text import PREFIX
from functions.pipeline.destinations import BadDestinations, read_destinations

_QUICK = {"MinPollSeconds": "1"}
"""Locally nobody pays by the call; --parameter says otherwise."""


@click.command(name="up", epilog="Exit codes: 0 stopped, 2 usage or configuration, 70 internal error.")
@click.option("--jobs", metavar="FILE", help="jobs.toml: the DRS jobs to compare; two sample databases if absent.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Of the HTTP doors.")
@click.option("--comparer-port", default=8081, show_default=True, type=click.IntRange(0, 65535))
@click.option("--aws-port", default=0, type=click.IntRange(0, 65535), help="Of the AWS endpoint  [default: a free one]")
@click.option(
    "--destinations", metavar="FILE", help="The chats and webhooks to tell, as in their secret; none if absent."
)
@click.option("--parameter", "given", metavar="NAME=VALUE", multiple=True, help="A parameter of template.yaml.")
@json_option("Print every event of the topic as one line of JSON on standard output.")
def command(
    jobs: str | None,
    port: int,
    comparer_port: int,
    aws_port: int,
    destinations: str | None,
    given: tuple[str, ...],
    as_json: bool,
) -> int:
    """Run the local cloud and the comparer until Ctrl-C.

    Everything in template.yaml runs on this machine: queues, topic, table,
    functions, HTTP doors. All addresses and secrets are printed, with a curl
    to copy and paste; then each hop as it happens. send, watch, status, list,
    cancel, replay and doctor find it by themselves.

    \b
      parity up
      parity up --jobs jobs.toml --parameter AllowCancel=true
      parity up --destinations destinations.json
      parity up --json > events.jsonl
    """
    parameters = _QUICK | dict(_parameter(text) for text in given)
    told = _destinations(destinations) if destinations else "{}"
    path = state_path(os.environ)
    if (other := read_state(path)) is not None:
        raise bad_input(f"a local cloud is running already: {other.url}, process {other.pid}; stop that one first")
    ports = Ports(api=port, aws=aws_port, comparer=comparer_port)
    asyncio.run(_until_stopped(jobs, parameters, told, ports, path, as_json=as_json))
    return OK


def _parameter(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (separator and name.isalnum()):
        raise bad_input("--parameter: must be NAME=VALUE, for example MinPollSeconds=2")
    return name, value


def _destinations(name: str) -> str:
    try:
        text = Path(name).read_text("utf-8")
        read_destinations(text)
    except (OSError, UnicodeDecodeError) as error:
        raise bad_input(f"--destinations: {name}: {getattr(error, 'strerror', None) or 'must be UTF-8'}") from None
    except BadDestinations as error:
        raise bad_input(f"--destinations: {error}") from None
    return text


def _sample_config(folder: Path) -> ComparerConfig:
    content = tomllib.loads(jobs_file(make_samples(folder), secrets.token_hex(16)))
    return config_of(content, base=folder, env={SECRET_VARIABLE: secrets.token_urlsafe(24)})


async def _until_stopped(
    jobs: str | None, parameters: dict[str, str], destinations: str, ports: Ports, path: Path, *, as_json: bool
) -> None:
    stop = asked_to_stop()
    with tempfile.TemporaryDirectory(prefix="parity-up-") as folder:
        config = read_config(jobs) if jobs else _sample_config(Path(folder))
        if config.auth and not (config.auth.access_keys or config.auth.users):
            raise bad_input("--jobs: auth: names nobody who may ask; access_keys or users are needed")
        try:
            await _run(stop, config, parameters, destinations, ports, path, as_json=as_json)
        except TemplateError as error:
            raise bad_input(f"--parameter: {error}") from None
        except LocalCloudError as error:
            raise bad_input(str(error)) from None
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise bad_input(f"--port, --comparer-port, --aws-port: {why}; 0 takes a free one") from None


async def _run(
    stop: asyncio.Event,
    config: ComparerConfig,
    parameters: dict[str, str],
    destinations: str,
    ports: Ports,
    path: Path,
    *,
    as_json: bool,
) -> None:
    # With --json standard output is for events alone.
    screen, happenings = Screen(sys.stderr if as_json else None), Happenings()
    async with (
        stage(
            config,
            parameters=parameters,
            destinations=destinations,
            on_hop=happenings.on_hop,
            log_sink=happenings.log_sink,
            ports=ports,
        ) as running,
        AsyncExitStack() as exits,
    ):
        state = _state(running)
        try:
            exits.enter_context(announced(path, state))
        except OSError as error:
            raise bad_input(f"XDG_STATE_HOME: {path}: {error.strerror}") from None
        show_addresses(screen, running, state, config.auth)
        show_what_to_try(screen, running, state)
        await _until(stop, screen, Screen() if as_json else None, running, happenings)


async def _until(
    stop: asyncio.Event, screen: Screen, for_events: Screen | None, running: Stage, happenings: Happenings
) -> None:
    async def hops() -> None:
        async for happening in happenings.told(running.cloud):
            show_happening(screen, happening)

    async def events() -> None:
        async for published in running.cloud.inbox:
            if for_events is not None:
                for_events.json(published.event)

    watchers = [asyncio.create_task(work) for work in (hops(), events())]
    stopped = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait({*watchers, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (*watchers, stopped):
            task.cancel()
        await asyncio.wait({*watchers, stopped})


def _state(running: Stage) -> LocalState:
    cloud, access = running.cloud, running.cloud.access()
    return LocalState(
        pid=os.getpid(),
        started_at=time.time(),
        url=cloud.url,
        aws_endpoint=cloud.endpoint,
        comparer_url=running.comparer.url,
        project_id=running.projects[0],
        job_ids=running.job_ids,
        token=SecretStr(cloud.secret("TokenSecret")),
        webhook_secret=SecretStr(PREFIX + cloud.secret("WebhookSecret")),
        aws_region=access["AWS_REGION"],
        aws_access_key=access["AWS_ACCESS_KEY_ID"],
        aws_secret_key=SecretStr(access["AWS_SECRET_ACCESS_KEY"]),
        queue_urls={f"{name}Url": queue.url for name, queue in cloud.stack.queues.items()},
        ledger_table=cloud.stack.tables["Ledger"].name,
    )
