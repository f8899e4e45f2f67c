"""What a call needs: the IAM actions and resources of each operation, and whether the caller's role allows them.

Source: "Actions, resources, and condition keys" of Amazon SQS, SNS, DynamoDB and AWS Secrets Manager in the Service
Authorization Reference; "Key management" for encrypted topics in the SNS developer guide.
"""

from collections.abc import Mapping
from typing import Any

from functions.local.policy import Wish, allowed
from functions.local.refusals import access_refusal
from functions.local.resources import Function, Stack

_BATCHES = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "PublishBatch": "Publish",
}


def check_permission(
    stack: Stack, function: Function, arn: str, service: str, action: str, request: Mapping[str, Any]
) -> None:
    """Raise Refusal unless the role of `function` allows an operation; `arn` is who the refusal names."""
    for wish in needs(stack, service, action, request):
        if not allowed(function.role.statements, wish):
            raise access_refusal(wish.action.partition(":")[0], arn, wish.action, wish.resource)


def needs(stack: Stack, service: str, action: str, request: Mapping[str, Any]) -> list[Wish]:
    """Return the permissions that an operation needs."""
    name = f"{service}:{_BATCHES.get(action, action)}"
    if service == "sqs":
        queue = str(request.get("QueueUrl", "")).rpartition("/")[2]
        return [Wish(name, f"arn:aws:sqs:{stack.region}:{stack.account}:{queue}")]
    if service == "sns":
        return _topic_needs(stack, name, str(request.get("TopicArn", "")))
    if service == "secretsmanager":
        asked = str(request.get("SecretId", ""))
        known = [secret.arn for secret in stack.secrets.values() if asked in {secret.arn, secret.name}]
        return [Wish(name, known[0] if known else asked)]
    return _table_needs(stack, action, request)


def _topic_needs(stack: Stack, name: str, arn: str) -> list[Wish]:
    wishes = [Wish(name, arn)]
    keys = [topic.key_arn for topic in stack.topics.values() if topic.arn == arn and topic.key_arn]
    for key in keys:
        wishes += [Wish("kms:GenerateDataKey", key), Wish("kms:Decrypt", key)]
    return wishes


def _table_needs(stack: Stack, action: str, request: Mapping[str, Any]) -> list[Wish]:
    if action in {"TransactWriteItems", "TransactGetItems"}:
        parts = [(kind, part) for item in request.get("TransactItems", ()) for kind, part in item.items()]
        return [wish for kind, part in parts for wish in _table_needs(stack, _transact_action(kind), part)]
    if action in {"BatchGetItem", "BatchWriteItem"}:
        return [Wish(f"dynamodb:{action}", _table(stack, name)) for name in request.get("RequestItems", {})]
    resource = _table(stack, str(request.get("TableName", "")))
    if "IndexName" in request:
        resource = f"{resource}/index/{request['IndexName']}"
    return [Wish(f"dynamodb:{action}", resource, {"dynamodb:LeadingKeys": _leading_keys(stack, request)})]


def _transact_action(kind: str) -> str:
    return "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item"


def _table(stack: Stack, name: str) -> str:
    return f"arn:aws:dynamodb:{stack.region}:{stack.account}:table/{name}"


def _leading_keys(stack: Stack, request: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the partition keys that a request names, as far as it names an item's whole key."""
    tables = [table for table in stack.tables.values() if table.name == request.get("TableName")]
    item = request.get("Key") or request.get("Item") or {}
    names = [part["AttributeName"] for table in tables for part in table.definition["KeySchema"][:1]]
    return tuple(str(value) for name in names if name in item for value in item[name].values())
