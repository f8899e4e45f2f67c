"""moto as the AWS behind our own front: its response classes called directly, in one thread, under our clock.

moto's threaded server loses conditional writes and delivers messages twice, because its backends are plain lists and
dictionaries. Called from the event loop alone, each call is atomic. `moto_patches` says what of moto is replaced.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from moto.core.request import Request

from functions.local.clock import Clock
from functions.local.errors import LocalCloudError
from functions.local.moto_patches import LeanQueue, telling_time

JSON_TARGETS = {
    "sqs": ("AmazonSQS", "application/x-amz-json-1.0"),
    "dynamodb": ("DynamoDB_20120810", "application/x-amz-json-1.0"),
    "secretsmanager": ("secretsmanager", "application/x-amz-json-1.1"),
}
_RESPONSES = {
    "sqs": ("moto.sqs.responses", "SQSResponse"),
    "sns": ("moto.sns.responses", "SNSResponse"),
    "dynamodb": ("functions.local.moto_tables", "LeanTables"),
    "secretsmanager": ("moto.secretsmanager.responses", "SecretsManagerResponse"),
}
SERVICES = tuple(_RESPONSES)


@dataclass
class Answer:
    """A service's answer as it goes over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the body of a JSON protocol's answer."""
        return json.loads(self.body) if self.body else {}


class Moto:
    """moto's backends of one account and region."""

    def __init__(self, account: str, region: str, clock: Clock) -> None:
        self._account = account
        self._region = region
        self._clock = clock
        self._responses = {
            service: getattr(import_module(module), name) for service, (module, name) in _RESPONSES.items()
        }

    def wire(self, service: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Make one call as it came over the wire; only content type and target of `headers` matter."""
        sent = {name: headers[name] for name in ("content-type", "x-amz-target") if name in headers}
        sent |= {"user-agent": f"region/{self._region}", "x-moto-account-id": self._account}
        url = f"https://{service}.{self._region}.amazonaws.com/"
        with self.time():
            status, answered, text = self._responses[service].dispatch(
                Request.from_primitives("POST", url, sent, body), url, sent
            )
        data = text.encode() if isinstance(text, str) else text
        kept = {k.lower(): str(v) for k, v in answered.items() if k.lower() not in {"status", "content-length", "date"}}
        kept.setdefault("content-type", sent.get("content-type", "application/x-amz-json-1.0"))
        return Answer(int(status), kept, data)

    def call(self, service: str, action: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Make one call of a JSON protocol on the cloud's own behalf; raises LocalCloudError for a refusal."""
        prefix, content_type = JSON_TARGETS[service]
        headers = {"content-type": content_type, "x-amz-target": f"{prefix}.{action}"}
        answer = self.wire(service, headers, json.dumps(request).encode())
        if answer.status != 200:
            msg = f"{service} {action}: {answer.body.decode(errors='replace')[:500]}"
            raise LocalCloudError(msg)
        return answer.json()

    def create_topic(self, name: str) -> str:
        """Create an SNS topic; return its ARN."""
        with self.time():
            return str(self._backend("sns").create_topic(name).arn)

    def topic(self, arn: str) -> Any:
        """Return moto's topic object."""
        return self._backend("sns").get_topic(arn)

    def subscriptions(self) -> list[Any]:
        """Return moto's subscription objects: those that were made over the wire."""
        return list(self._backend("sns").subscriptions.values())

    def silence_subscriptions(self) -> None:
        """Keep moto from delivering to the subscriptions that it knows: the delivery is `sns`'s."""
        for subscription in self.subscriptions():
            subscription.publish = _deliver_nothing

    def sqs(self) -> Any:
        """Return moto's SQS backend."""
        return self._backend("sqs")

    def queue(self, name: str) -> LeanQueue:
        """Return moto's queue object."""
        queue: LeanQueue = self._backend("sqs").get_queue(name)
        return queue

    def table(self, name: str) -> Any:
        """Return moto's table object."""
        return self._backend("dynamodb").get_table(name)

    def secret(self, name: str) -> Any:
        """Return moto's secret object."""
        return self._backend("secretsmanager").secrets[name]

    @contextmanager
    def time(self) -> Iterator[None]:
        """Let moto tell time by this cloud's clock."""
        with telling_time(self._clock):
            yield

    def forget(self) -> None:
        """Drop everything of this account: moto's backends outlive the cloud otherwise."""
        for service in SERVICES:
            _backends(service).pop(self._account, None)

    def _backend(self, service: str) -> Any:
        return _backends(service)[self._account][self._region]


def _deliver_nothing(*_: object, **__: object) -> None:
    """Stand in for a moto subscription's own `publish`."""


def _backends(service: str) -> Any:
    return getattr(import_module(f"moto.{service}.models"), f"{service}_backends")
