"""What a template describes, as far as it exists locally: plain values with every reference resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Queue:
    """An SQS queue; `attributes` as CreateQueue takes them, `redrive` as (dead-letter queue's ARN, maxReceiveCount)."""

    logical_id: str
    name: str
    url: str
    arn: str
    attributes: Mapping[str, str]
    redrive: tuple[str, int] | None
    visibility: int


@dataclass(frozen=True)
class Topic:
    """An SNS topic and the ARN of the customer key that encrypts it, if one does."""

    logical_id: str
    name: str
    arn: str
    key_arn: str | None


@dataclass(frozen=True)
class Subscription:
    """A queue subscribed to a topic; `filter_policy` over message attributes or, by `scope`, over the body."""

    logical_id: str
    topic_arn: str
    queue_arn: str
    filter_policy: Mapping[str, Any] | None
    scope: str
    raw: bool


@dataclass(frozen=True)
class Table:
    """A DynamoDB table; `definition` as CreateTable takes it, `ttl` the attribute that ends items."""

    logical_id: str
    name: str
    arn: str
    definition: Mapping[str, Any]
    ttl: str | None


@dataclass(frozen=True)
class Secret:
    """A secret and either its first value or the rules to generate one."""

    logical_id: str
    name: str
    arn: str
    value: str | None = field(repr=False)
    generate: Mapping[str, Any] | None


@dataclass(frozen=True)
class Role:
    """An execution role: its inline statements."""

    logical_id: str
    name: str
    arn: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class QueueSource:
    """An SQS event of a function; `queue` is the queue's logical id, `window` in seconds."""

    queue: str
    queue_arn: str
    batch_size: int
    window: int
    partial: bool
    concurrency: int | None
    enabled: bool


@dataclass(frozen=True)
class Route:
    """An HTTP API event of a function: method (or ANY) and path pattern, or the path `$default`."""

    api: str
    method: str
    path: str


@dataclass(frozen=True)
class Schedule:
    """A schedule of a function; `kind` is rule (Schedule) or scheduler (ScheduleV2), `every` in seconds."""

    name: str
    kind: str
    every: int
    input: str | None
    enabled: bool


@dataclass(frozen=True)
class EventRule:
    """An EventBridge rule: events of `pattern` (exact values alone) go to the queues."""

    logical_id: str
    name: str
    pattern: Mapping[str, Any]
    queue_arns: tuple[str, ...]
    enabled: bool


@dataclass(frozen=True)
class Function:
    """A Lambda function: its own variables, role, limits and events. `root` is where its code is imported from."""

    logical_id: str
    name: str
    arn: str
    handler: str
    root: Path
    runtime: str
    timeout: int
    memory: int
    environment: Mapping[str, str]
    role: Role
    loop_allowed: bool
    retries: int
    event_age: int
    queues: tuple[QueueSource, ...]
    routes: tuple[Route, ...]
    schedules: tuple[Schedule, ...]


@dataclass(frozen=True)
class Stack:
    """Everything in a template that exists locally, by logical id; `skipped` are resources known but not emulated."""

    account: str
    region: str
    queues: Mapping[str, Queue]
    topics: Mapping[str, Topic]
    subscriptions: Mapping[str, Subscription]
    tables: Mapping[str, Table]
    secrets: Mapping[str, Secret]
    functions: Mapping[str, Function]
    rules: Mapping[str, EventRule]
    apis: Mapping[str, str]
    skipped: Mapping[str, str]
