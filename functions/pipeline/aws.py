"""The few AWS calls that the pipeline makes, over the session it already has.

SQS, DynamoDB and Secrets Manager speak JSON, SNS the query protocol. Sources: the API references of these four services
and "AWS JSON 1.0 protocol" in the Smithy documentation.

Every call is safe to repeat: writes carry conditions, a second message or event is dropped by its receiver. So a call
that is throttled, fails on the other side or gets no answer is made again, at most twice.
"""

import asyncio
import json
import random as dice
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp

from functions.pipeline.attribute_values import decode_item, encode_item
from functions.pipeline.aws_errors import AwsError, ConditionFailed, error_from, parse_object
from functions.pipeline.sigv4 import Credentials, sign

__all__ = ["Aws", "AwsError", "ConditionFailed", "Page", "Secret", "trace_header"]

trace_header: ContextVar[str | None] = ContextVar("trace_header", default=None)
"""The tracing header of the current invocation. Sent on: Lambda counts the hops of a message loop by it."""

RETRIES = 2
PAUSES = (0.1, 0.4)
"""Longest pause before each retry, in seconds."""
TIMEOUT = aiohttp.ClientTimeout(total=3, sock_connect=2)
"""One attempt: these services answer within milliseconds, and the shortest function has ten seconds for three."""

JSON_1_0 = "application/x-amz-json-1.0"
JSON_1_1 = "application/x-amz-json-1.1"
FORM = "application/x-www-form-urlencoded; charset=utf-8"

Item = dict[str, Any]


@dataclass(frozen=True)
class Secret:
    """A secret's current text and the version that identifies it."""

    value: str = field(repr=False)
    version: str


@dataclass(frozen=True)
class Page:
    """Items of one query, and where the next page starts (None: there is none)."""

    items: list[Item]
    next: Item | None


class Aws:
    """A client for one region; credentials are read from `env` for each request, since Lambda may replace them.

    Every method raises `AwsError` for a refusal and for no answer (code "Unreachable"); conditional writes raise
    `ConditionFailed`. `AWS_ENDPOINT_URL` in `env` redirects all services.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        env: Mapping[str, str],
        now: Callable[[], float],
        *,
        random: Callable[[], float] = dice.random,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._session = session
        self._env = env
        self._now = now
        self._random = random
        self._pause = pause

    async def send(
        self, queue_url: str, body: str, *, delay: int = 0, attributes: Mapping[str, str] | None = None
    ) -> None:
        """Send one message to an SQS queue, to be seen after `delay` seconds (0-900)."""
        request: Item = {"QueueUrl": queue_url, "MessageBody": body, "DelaySeconds": delay}
        if attributes:
            request["MessageAttributes"] = {
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            }
        await self._json("sqs", "AmazonSQS.SendMessage", request)

    async def publish(self, topic_arn: str, message: str, attributes: Mapping[str, str]) -> None:
        """Publish one message to an SNS topic with string attributes (none may be empty)."""
        form = {"Action": "Publish", "Version": "2010-03-31", "TopicArn": topic_arn, "Message": message}
        for number, (name, value) in enumerate(attributes.items(), start=1):
            prefix = f"MessageAttributes.entry.{number}"
            form[f"{prefix}.Name"] = name
            form[f"{prefix}.Value.DataType"] = "String"
            form[f"{prefix}.Value.StringValue"] = value
        await self._call("sns", {"content-type": FORM}, urlencode(form).encode())

    async def get_secret(self, secret_id: str) -> Secret:
        """Read the current text of a secret."""
        answer = await self._json("secretsmanager", "secretsmanager.GetSecretValue", {"SecretId": secret_id})
        if "SecretString" not in answer:
            raise AwsError("NoSecretString", 200, f"the secret {secret_id} has no text value")
        return Secret(answer["SecretString"], str(answer.get("VersionId", "")))

    async def get_item(self, table: str, key: Mapping[str, Any]) -> Item | None:
        """Read one item consistently; None if there is none."""
        request = {"TableName": table, "Key": encode_item(key), "ConsistentRead": True}
        answer = await self._dynamo("GetItem", request)
        return decode_item(answer["Item"]) if "Item" in answer else None

    async def put_item(
        self,
        table: str,
        item: Mapping[str, Any],
        *,
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        """Write a whole item, if `condition` holds."""
        request = {"TableName": table, "Item": encode_item(item), **_conditional(condition, names, values)}
        await self._dynamo("PutItem", request)

    async def update_item(
        self,
        table: str,
        key: Mapping[str, Any],
        *,
        update: str,
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> Item:
        """Change an item, if `condition` holds; return it as it is now."""
        request = {
            "TableName": table,
            "Key": encode_item(key),
            "UpdateExpression": update,
            "ReturnValues": "ALL_NEW",
            **_conditional(condition, names, values),
        }
        return decode_item((await self._dynamo("UpdateItem", request)).get("Attributes", {}))

    async def query(
        self,
        table: str,
        *,
        index: str,
        key_condition: str,
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Any] | None = None,
        limit: int | None = None,
        start: Mapping[str, Any] | None = None,
        forward: bool = True,
    ) -> Page:
        """Read one page of an index, in its order or backwards, from the `next` of the page before."""
        request: Item = {
            "TableName": table,
            "IndexName": index,
            "KeyConditionExpression": key_condition,
            "ScanIndexForward": forward,
            **_placeholders(names, values),
        }
        if limit is not None:
            request["Limit"] = limit
        if start is not None:
            request["ExclusiveStartKey"] = encode_item(start)
        answer = await self._dynamo("Query", request)
        last = answer.get("LastEvaluatedKey")
        return Page([decode_item(item) for item in answer.get("Items", [])], decode_item(last) if last else None)

    async def delete_item(
        self,
        table: str,
        key: Mapping[str, Any],
        *,
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        """Delete an item, if `condition` holds; deleting what isn't there succeeds."""
        request = {"TableName": table, "Key": encode_item(key), **_conditional(condition, names, values)}
        await self._dynamo("DeleteItem", request)

    async def _dynamo(self, operation: str, request: Mapping[str, Any]) -> Item:
        return await self._json("dynamodb", f"DynamoDB_20120810.{operation}", request)

    async def _json(self, service: str, target: str, request: Mapping[str, Any]) -> Item:
        content_type = JSON_1_1 if service == "secretsmanager" else JSON_1_0
        body = json.dumps(request, separators=(",", ":")).encode()
        answer = await self._call(service, {"content-type": content_type, "x-amz-target": target}, body)
        return parse_object(answer.decode("utf-8", "replace"))

    async def _call(self, service: str, headers: Mapping[str, str], body: bytes) -> bytes:
        """Make a call, again where that is safe and sensible; return the body of a 200."""
        for attempt in range(RETRIES + 1):
            try:
                return await self._once(service, headers, body)
            except AwsError as error:
                if attempt == RETRIES or not error.retryable:
                    raise
                # A pooled connection that died while the function was frozen fails at once and at no cost.
                stale = attempt == 0 and isinstance(
                    error.__cause__, aiohttp.ClientOSError | aiohttp.ServerDisconnectedError
                )
                if not stale:
                    await self._pause(PAUSES[attempt] * (0.5 + self._random() / 2))
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _once(self, service: str, headers: Mapping[str, str], body: bytes) -> bytes:
        region = self._env["AWS_REGION"]
        url = _endpoint(service, region, self._env.get("AWS_ENDPOINT_URL"))
        signed = sign(
            self._credentials(),
            method="POST",
            url=url,
            headers=headers,
            body=body,
            service=service,
            region=region,
            now=self._now(),
        )
        if trace := trace_header.get():
            signed["x-amzn-trace-id"] = trace
        try:
            async with self._session.post(
                url, data=body, headers=signed, timeout=TIMEOUT, allow_redirects=False
            ) as response:
                answer = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise AwsError("Unreachable", 0, f"{service} gave no answer: {type(error).__name__} {error}") from error
        if response.status != 200:
            raise error_from(response.status, response.headers, answer)
        return answer

    def _credentials(self) -> Credentials:
        env = self._env
        return Credentials(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env.get("AWS_SESSION_TOKEN") or None)


def _endpoint(service: str, region: str, redirected: str | None) -> str:
    if redirected:
        return f"{redirected.rstrip('/')}/"
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{service}.{region}.{suffix}/"


def _conditional(condition: str | None, names: Mapping[str, str] | None, values: Mapping[str, Any] | None) -> Item:
    request = _placeholders(names, values)
    if condition is not None:
        request["ConditionExpression"] = condition
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return request


def _placeholders(names: Mapping[str, str] | None, values: Mapping[str, Any] | None) -> Item:
    # DynamoDB refuses empty maps.
    request: Item = {}
    if names:
        request["ExpressionAttributeNames"] = dict(names)
    if values:
        request["ExpressionAttributeValues"] = encode_item(values)
    return request
