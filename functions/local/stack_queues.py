"""Where the queues of a Parity are: those of the local cloud, or of a stack in AWS with the user's own credentials."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from functions.local.cli_errors import bad_input, unreachable
from functions.local.dead_letters import DeadLetters, QueueName
from functions.local.state_file import LocalState
from functions.local.target import find_target, is_loopback

_OUTPUTS: Final[Mapping[QueueName, tuple[str, str]]] = {
    "requests": ("RequestsDeadLettersUrl", "RequestsQueueUrl"),
    "polls": ("PollsDeadLettersUrl", "PollsQueueUrl"),
    "deliveries": ("DeliveriesDeadLettersUrl", "DeliveriesQueueUrl"),
    "dms": ("DmsDeadLettersUrl", "DmsQueueUrl"),
}
_API_HOST: Final = re.compile(r"[a-z0-9]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?")
_SQS_HOST: Final = re.compile(r"sqs\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?")
_WAIT_SECONDS: Final = 2
_TRY_AGAIN: Final = {"Throttling", "ThrottlingException", "RequestThrottled", "ServiceUnavailable", "InternalFailure"}


@dataclass(frozen=True)
class Place:
    """What names a deployment: its ApiUrl, its stack, or two queues; nothing means the local cloud."""

    url: str | None = None
    stack: str | None = None
    pair: tuple[str, str] | None = None


@dataclass(frozen=True)
class Reach:
    """What a deployment's stack has, by the names of its outputs, and clients to reach it with."""

    outputs: Mapping[str, str]
    client: Callable[[str], Any]
    """Makes a client of boto3 for a service."""
    wait_seconds: int = _WAIT_SECONDS

    def output(self, name: str) -> str:
        """One output. Raises CommandFailed (2) where it is missing."""
        if name not in self.outputs:
            raise bad_input(f"--stack: it has no output {name}: it is no stack of Parity, or one of an older release")
        return self.outputs[name]


def dead_letters_at(place: Place, wanted: Iterable[QueueName], env: Mapping[str, str]) -> list[DeadLetters]:
    """The dead-letter queues of that place. Raises CommandFailed: 2 where it is not to be found, 75 unreachable."""
    names = list(wanted)
    if place.pair:
        sqs = _client("sqs", _region(place.pair[0], _SQS_HOST))
        return [DeadLetters(sqs, name, *place.pair, _WAIT_SECONDS) for name in names]
    reach = reach_at(place, env)
    sqs = reach.client("sqs")
    pairs = {name: tuple(reach.output(output) for output in _OUTPUTS[name]) for name in names}
    return [DeadLetters(sqs, name, dead, queue, reach.wait_seconds) for name, (dead, queue) in pairs.items()]


def reach_at(place: Place, env: Mapping[str, str]) -> Reach:
    """The stack of that place. Raises CommandFailed: 2 where it is not to be found, 75 unreachable."""
    url = place.url or env.get("PARITY_URL") or None
    if place.stack is None and (url is None or is_loopback(url)):
        return _local(_local_cloud(url, env))
    region = _region(url, _API_HOST) if url else None
    cloudformation = _client("cloudformation", region)
    outputs = _of_stack(cloudformation, place.stack) if place.stack else _of_url(cloudformation, url or "")
    return Reach(outputs, lambda service: _client(service, region))


@contextmanager
def aws_errors_told() -> Iterator[None]:
    """Turn whatever the AWS client raises into CommandFailed: 75 where trying again may help, else 2."""
    try:
        yield
    except ClientError as error:
        told = error.response.get("Error", {})
        code, status = str(told.get("Code", "")), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        line = f"AWS refused {error.operation_name}: {code}: {told.get('Message', '')}"
        raise unreachable(line) if status >= 500 or code.rpartition(".")[2] in _TRY_AGAIN else bad_input(line) from None
    except (NotConnected, HTTPClientError) as error:
        raise unreachable(f"AWS can't be reached: {error}") from None
    except BotoCoreError as error:
        # No region, no credentials, an unknown profile, a sign-in that has expired: its own words name the variable.
        raise bad_input(f"AWS: {error}") from None


def _local_cloud(url: str | None, env: Mapping[str, str]) -> LocalState:
    """The local cloud that runs, if it is the one that is meant."""
    state = find_target(None, {name: value for name, value in env.items() if name != "PARITY_URL"}).local
    if state is None or (url is not None and url.rstrip("/") != state.url):
        raise bad_input(f"--target: the local cloud that runs is not {url}")
    return state


def _local(state: LocalState) -> Reach:
    if not state.queue_urls:
        raise bad_input("the local cloud that runs is of an older release; stop it and run `parity up` again")

    def client(service: str) -> Any:
        return boto3.Session().client(
            service,
            endpoint_url=state.aws_endpoint,
            region_name=state.aws_region,
            aws_access_key_id=state.aws_access_key,
            aws_secret_access_key=state.aws_secret_key.get_secret_value(),
            # A proxy of the environment would look for this machine somewhere else.
            config=Config(proxies={}),
        )

    # There is one server, and it knows all its messages.
    return Reach({**state.queue_urls, "LedgerTable": state.ledger_table}, client, wait_seconds=0)


def _client(service: str, region: str | None) -> Any:
    return boto3.Session(region_name=region).client(service)


def _region(url: str, host: re.Pattern[str]) -> str | None:
    """The region that an AWS host names; None: the environment decides."""
    found = host.fullmatch(urlsplit(url).hostname or "")
    return found[1] if found else None


def _of_stack(cloudformation: Any, stack: str) -> dict[str, str]:
    return _outputs(cloudformation.describe_stacks(StackName=stack)["Stacks"][0])


def _of_url(cloudformation: Any, url: str) -> dict[str, str]:
    """The outputs of the stack with that ApiUrl, which is to be found among all of the region."""
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            outputs = _outputs(stack)
            if outputs.get("ApiUrl", "").rstrip("/") == url.rstrip("/"):
                return outputs
    raise bad_input(f"--target: no stack of this account and region has the ApiUrl {url}; name it with --stack")


def _outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}
