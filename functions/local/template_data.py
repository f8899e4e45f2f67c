"""Reads queues, topics, subscriptions, tables and secrets of a template."""

import json
from collections.abc import Mapping
from typing import Any

from functions.local.errors import TemplateError
from functions.local.identities import Identity
from functions.local.resources import Queue, Secret, Subscription, Table, Topic

_QUEUE_ATTRIBUTES = (
    "DelaySeconds",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "VisibilityTimeout",
)


def read_queue(logical_id: str, properties: Mapping[str, Any], known: Identity) -> Queue:
    """Return a queue; FIFO queues and customer keys are refused by the closed list before this."""
    redrive = properties.get("RedrivePolicy")
    if isinstance(redrive, str):
        redrive = json.loads(redrive)
    return Queue(
        logical_id=logical_id,
        name=known["QueueName"],
        url=known[None],
        arn=known["Arn"],
        attributes={name: str(properties[name]) for name in _QUEUE_ATTRIBUTES if name in properties},
        redrive=(redrive["deadLetterTargetArn"], int(redrive["maxReceiveCount"])) if redrive else None,
        visibility=int(properties.get("VisibilityTimeout", 30)),
    )


def read_topic(logical_id: str, properties: Mapping[str, Any], known: Identity, keys: Mapping[str, str]) -> Topic:
    """Return a topic; `keys` are the template's KMS keys, id -> ARN."""
    key = properties.get("KmsMasterKeyId")
    key_arn = keys.get(key, key if key in keys.values() else None) if key else None
    if key and key_arn is None and not str(key).startswith("alias/aws/"):
        msg = f"{logical_id}: KmsMasterKeyId is no key of this template"
        raise TemplateError(msg)
    return Topic(logical_id, known["TopicName"], known["TopicArn"], key_arn)


def read_subscription(logical_id: str, properties: Mapping[str, Any], _: Identity) -> Subscription | None:
    """Return a subscription of a queue; None for one that leaves the machine (mail, text message, HTTP)."""
    if properties["Protocol"] != "sqs":
        if properties["Protocol"] in {"email", "email-json", "sms", "http", "https"}:
            return None
        msg = f"{logical_id}: the local cloud delivers a topic's messages to queues, not to {properties['Protocol']}"
        raise TemplateError(msg)
    policy = properties.get("FilterPolicy")
    return Subscription(
        logical_id=logical_id,
        topic_arn=properties["TopicArn"],
        queue_arn=properties["Endpoint"],
        filter_policy=json.loads(policy) if isinstance(policy, str) else policy,
        scope=properties.get("FilterPolicyScope", "MessageAttributes"),
        raw=truth(properties.get("RawMessageDelivery", False)),
    )


def read_table(logical_id: str, properties: Mapping[str, Any], known: Identity) -> Table:
    """Return a table; indexes are copied as they stand."""
    definition = {
        "TableName": known[None],
        "BillingMode": properties.get("BillingMode", "PROVISIONED"),
        "AttributeDefinitions": properties["AttributeDefinitions"],
        "KeySchema": properties["KeySchema"],
    }
    if definition["BillingMode"] != "PAY_PER_REQUEST":
        msg = f"{logical_id}: the local cloud knows tables with BillingMode PAY_PER_REQUEST alone"
        raise TemplateError(msg)
    if "GlobalSecondaryIndexes" in properties:
        definition["GlobalSecondaryIndexes"] = properties["GlobalSecondaryIndexes"]
    ttl = properties.get("TimeToLiveSpecification", {})
    return Table(
        logical_id=logical_id,
        name=known[None],
        arn=known["Arn"],
        definition=definition,
        ttl=ttl["AttributeName"] if truth(ttl.get("Enabled", False)) else None,
    )


def read_secret(logical_id: str, properties: Mapping[str, Any], known: Identity) -> Secret:
    """Return a secret; a generated one gets its value when the cloud starts."""
    name = str(known[None]).rpartition(":secret:")[0] and str(known[None]).rpartition(":")[2][:-7]
    return Secret(
        logical_id=logical_id,
        name=name,
        arn=known[None],
        value=properties.get("SecretString"),
        generate=properties.get("GenerateSecretString"),
    )


def truth(value: Any) -> bool:
    """Return a template's boolean, which may be a text."""
    return str(value).lower() == "true"
