"""The local cloud with a comparer behind it as its DRS: what `parity up` and `parity demo` run."""

import importlib.util
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from functions.comparer.jobs_file import AuthConfig, ComparerConfig
from functions.comparer.server import Service, serve
from functions.local.cloud import Cloud, Runtime
from functions.local.errors import LocalCloudError
from functions.local.faults import FaultHook
from functions.local.invocations import Hop, LogSink
from functions.pipeline.sigv4 import Credentials, sign

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
REGION = "local-1"
OPEN_PROJECT = "0" * 32
"""The project of a comparer that asks for no credentials, and so knows no projects."""


@dataclass(frozen=True)
class Ports:
    """Where to listen; 0 takes a free port."""

    api: int = 0
    aws: int = 0
    comparer: int = 0


@dataclass(frozen=True)
class Stage:
    """Everything that runs."""

    cloud: Cloud
    comparer: Service
    projects: tuple[str, ...]
    job_ids: tuple[str, ...]
    runtime: Runtime


@asynccontextmanager
async def stage(
    config: ComparerConfig,
    *,
    parameters: Mapping[str, Any],
    destinations: str = "{}",
    extra_env: Mapping[str, str] | None = None,
    on_hop: Callable[[Hop], None] | None = None,
    log_sink: LogSink | None = None,
    fault: FaultHook | None = None,
    ports: Ports | None = None,
    runtime: Runtime | None = None,
) -> AsyncIterator[Stage]:
    """Run the template's cloud against a comparer until the block ends; nothing is left of it then.

    `destinations` is the secret of that name; `runtime` is `best_runtime()` unless given; the comparer's tasks are kept
    in memory alone.
    Raises TemplateError, LocalCloudError, StoreUnusable, and OSError if an address is taken.
    """
    ports, runtime = ports or Ports(), runtime or best_runtime()
    comparer = await serve(config, port=ports.comparer)
    try:
        secret = projects_secret(config.auth, comparer.url)
        cloud = await Cloud.start(
            TEMPLATE,
            parameters,
            secrets={"ProjectsSecret": json.dumps(secret), "DestinationsSecret": destinations},
            runtime=runtime,
            extra_env=extra_env,
            on_hop=on_hop,
            log_sink=log_sink,
            fault=fault,
            port=ports.api,
            endpoint_port=ports.aws,
        )
        try:
            yield Stage(cloud, comparer, tuple(secret), tuple(config.jobs), runtime)
        finally:
            await cloud.stop()
    finally:
        await comparer.close()


def best_runtime() -> Runtime:
    """Processes under the Lambda runtime client where it runs: on Linux, where it is installed."""
    there = sys.platform.startswith("linux") and importlib.util.find_spec("awslambdaric") is not None
    return "processes" if there else "in_process"


def projects_secret(auth: AuthConfig | None, comparer_url: str) -> dict[str, dict[str, str]]:
    """The projects secret for a comparer: its projects, with the first credentials that it accepts."""
    place = {"region": REGION, "drs_endpoint": comparer_url, "iam_endpoint": comparer_url}
    if auth is None:
        return {OPEN_PROJECT: place | {"auth": "aksk", "access_key": "ANYBODY", "secret_key": "any secret does"}}
    for access_key, secret in auth.access_keys.items():
        proof = {"auth": "aksk", "access_key": access_key, "secret_key": secret.get_secret_value()}
        return dict.fromkeys(auth.project_ids, place | proof)
    for user, password in auth.users.items():
        proof = {"auth": "token", "user": user, "password": password.get_secret_value(), "domain": "local"}
        return dict.fromkeys(auth.project_ids, place | proof)
    return {}


async def set_visibility(cloud: Cloud, queue: str, seconds: int) -> None:
    """Change after how many seconds a message that a dead worker held comes back, as an operator would."""
    access = cloud.access()
    body = {"QueueUrl": cloud.queue(queue).url, "Attributes": {"VisibilityTimeout": str(seconds)}}
    raw = json.dumps(body).encode()
    headers = sign(
        Credentials(access["AWS_ACCESS_KEY_ID"], access["AWS_SECRET_ACCESS_KEY"]),
        method="POST",
        url=f"{cloud.endpoint}/",
        headers={"content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SetQueueAttributes"},
        body=raw,
        service="sqs",
        region=access["AWS_REGION"],
        now=cloud.clock.now(),
    )
    async with aiohttp.ClientSession() as session, session.post(cloud.endpoint, data=raw, headers=headers) as answer:
        if answer.status != 200:
            raise LocalCloudError(f"{queue}: its visibility could not be set: HTTP {answer.status}")
