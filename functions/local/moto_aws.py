"""moto as the AWS behind our own front: its response classes called directly, in one thread, under our clock.

moto's threaded server loses conditional writes and delivers messages twice, because its backends are plain lists and
dictionaries. Called from the event loop alone, each call is atomic. Two things of moto are replaced while this module
is loaded, both documented here and nowhere else:

- `moto.core.utils.utcnow`, from which moto takes all of its time, asks the clock of the cloud that is calling (the
  machine's clock where none is);
- `moto.sqs.models.Queue`, whose every send and receive walks the whole queue several times, is given a subclass that
  walks it once and tells who arrives.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import moto.core.utils as moto_utils
import moto.sqs.models as moto_sqs
from moto.core.request import Request

from functions.local.clock import Clock
from functions.local.errors import LocalCloudError

_calling: list[Clock] = []
"""The clock of the call that moto is in, if it is in one: calls are synchronous, so there is never a second."""

JSON_TARGETS = {
    "sqs": ("AmazonSQS", "application/x-amz-json-1.0"),
    "dynamodb": ("DynamoDB_20120810", "application/x-amz-json-1.0"),
    "secretsmanager": ("secretsmanager", "application/x-amz-json-1.1"),
}
_RESPONSES = {
    "sqs": "SQSResponse",
    "sns": "SNSResponse",
    "dynamodb": "DynamoHandler",
    "secretsmanager": "SecretsManagerResponse",
}
SERVICES = tuple(_RESPONSES)


def _utcnow() -> datetime:
    moment = datetime.fromtimestamp(_calling[-1].now(), UTC) if _calling else datetime.now(UTC)
    return moment.replace(tzinfo=None)


class LeanQueue(moto_sqs.Queue):
    """moto's queue without its repeated scans, and with two bells: for a message that comes, for one that is gone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.arrived: Callable[[Any], None] = lambda _: None
        self.gone: Callable[[], None] = lambda: None

    @property
    def messages(self) -> list[Any]:
        """Messages that can be received now."""
        now = moto_utils.unix_time_millis()
        return [message for message in self._messages if now > message.visible_at and now >= message.delayed_until]

    @property
    def attributes(self) -> Any:
        """The queue's attributes, counted only when they are read."""
        return _Attributes(self)

    def add_message(self, message: Any) -> None:
        """Take a message in, also one that a redrive moves here from another queue."""
        # Kept as texts: moto copies a message with everything it refers to whenever it is received.
        came_from = getattr(message, "home", self.queue_arn)
        if came_from != self.queue_arn:
            message.dead_letter_source = came_from
        message.home = self.queue_arn
        super().add_message(message)
        self.arrived(message)

    def delete_message(self, receipt_handle: str) -> None:
        """Delete in one pass; an old or foreign handle is moto's to answer."""
        for position, message in enumerate(self._messages):
            if message.receipt_handle == receipt_handle:
                self.pending_messages.discard(message)
                self.deleted_messages.update(str(handle) for handle in message.all_receipt_handles)
                del self._messages[position]
                break
        else:
            super().delete_message(receipt_handle)
        self.gone()


class _Attributes(Mapping[str, Any]):
    def __init__(self, queue: LeanQueue) -> None:
        self._queue = queue

    def __getitem__(self, name: str) -> Any:
        if name not in LeanQueue.BASE_ATTRIBUTES:
            raise KeyError(name)
        value = getattr(self._queue, moto_utils.camelcase_to_underscores(name))
        if name == "RedrivePolicy" and value:
            return json.dumps(value)
        return str(value).lower() if isinstance(value, bool) else value

    def __iter__(self) -> Iterator[str]:
        return iter(LeanQueue.BASE_ATTRIBUTES)

    def __len__(self) -> int:
        return len(LeanQueue.BASE_ATTRIBUTES)


moto_utils.utcnow = _utcnow
moto_sqs.Queue = LeanQueue  # type: ignore[misc]  # see above: the one way to give moto another queue


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
            service: getattr(import_module(f"moto.{service}.responses"), name) for service, name in _RESPONSES.items()
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
        _calling.append(self._clock)
        try:
            yield
        finally:
            _calling.pop()

    def forget(self) -> None:
        """Drop everything of this account: moto's backends outlive the cloud otherwise."""
        for service in SERVICES:
            _backends(service).pop(self._account, None)

    def _backend(self, service: str) -> Any:
        return _backends(service)[self._account][self._region]


def _backends(service: str) -> Any:
    return getattr(import_module(f"moto.{service}.models"), f"{service}_backends")
