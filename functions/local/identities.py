"""Physical names of a stack's resources: what `Ref` and `GetAtt` answer, known before anything is created.

Source: "Return values" on each type's page in the AWS CloudFormation template reference.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any


@dataclass(frozen=True)
class Place:
    """Where a stack stands."""

    account: str = "123456789012"
    region: str = "us-east-1"
    stack: str = "parity"

    def arn(self, service: str, resource: str, *, regional: bool = True, separator: str = ":") -> str:
        """Return an ARN of this account."""
        region = self.region if regional else ""
        return f"arn:aws:{service}:{region}:{self.account}{separator}{resource}"


Identity = Mapping[str | None, Any]
"""Attribute name -> value; the key None is what `Ref` answers."""


def name_of(place: Place, logical_id: str, properties: Mapping[str, Any], key: str) -> str:
    """Return the name that the template gives, or one made of stack and logical id."""
    given = properties.get(key)
    return given if isinstance(given, str) else f"{place.stack}-{logical_id}"


def identity(place: Place, logical_id: str, kind: str, properties: Mapping[str, Any]) -> Identity:
    """Return what `Ref` and `GetAtt` answer for a resource."""
    make = _MAKERS.get(kind)
    return make(place, logical_id, properties) if make else {None: f"{place.stack}-{logical_id}"}


def _token(logical_id: str, length: int) -> str:
    return sha256(logical_id.encode()).hexdigest()[:length]


def _queue(place: Place, logical_id: str, properties: Mapping[str, Any]) -> Identity:
    name = name_of(place, logical_id, properties, "QueueName")
    url = f"https://sqs.{place.region}.amazonaws.com/{place.account}/{name}"
    return {None: url, "QueueUrl": url, "Arn": place.arn("sqs", name), "QueueName": name}


def _topic(place: Place, logical_id: str, properties: Mapping[str, Any]) -> Identity:
    name = name_of(place, logical_id, properties, "TopicName")
    arn = place.arn("sns", name)
    return {None: arn, "TopicArn": arn, "TopicName": name}


def _subscription(place: Place, logical_id: str, _: Mapping[str, Any]) -> Identity:
    arn = place.arn("sns", f"{place.stack}-{logical_id}:{_token(logical_id, 8)}-0000-4000-8000-000000000000")
    return {None: arn, "Arn": arn}


def _table(place: Place, logical_id: str, properties: Mapping[str, Any]) -> Identity:
    name = name_of(place, logical_id, properties, "TableName")
    return {None: name, "Arn": place.arn("dynamodb", f"table/{name}")}


def _secret(place: Place, logical_id: str, properties: Mapping[str, Any]) -> Identity:
    name = name_of(place, logical_id, properties, "Name")
    arn = place.arn("secretsmanager", f"secret:{name}-{_token(logical_id, 6)}")
    return {None: arn, "Id": arn}


def _function(place: Place, logical_id: str, properties: Mapping[str, Any]) -> Identity:
    name = name_of(place, logical_id, properties, "FunctionName")
    return {None: name, "Arn": place.arn("lambda", f"function:{name}")}


def _role(place: Place, logical_id: str, properties: Mapping[str, Any]) -> Identity:
    name = name_of(place, logical_id, properties, "RoleName")
    return {
        None: name,
        "Arn": place.arn("iam", f"role/{name}", regional=False),
        "RoleId": f"AROA{_token(logical_id, 16).upper()}",
    }


def _rule(place: Place, logical_id: str, properties: Mapping[str, Any]) -> Identity:
    name = name_of(place, logical_id, properties, "Name")
    return {None: name, "Arn": place.arn("events", f"rule/{name}")}


def _key(place: Place, logical_id: str, _: Mapping[str, Any]) -> Identity:
    digits = _token(logical_id, 32)
    key_id = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    return {None: key_id, "KeyId": key_id, "Arn": place.arn("kms", f"key/{key_id}")}


def _log_group(place: Place, logical_id: str, properties: Mapping[str, Any]) -> Identity:
    name = name_of(place, logical_id, properties, "LogGroupName")
    return {None: name, "Arn": place.arn("logs", f"log-group:{name}:*")}


def _alarm(place: Place, logical_id: str, properties: Mapping[str, Any]) -> Identity:
    name = name_of(place, logical_id, properties, "AlarmName")
    return {None: name, "Arn": place.arn("cloudwatch", f"alarm:{name}")}


def _api(place: Place, logical_id: str, _: Mapping[str, Any]) -> Identity:
    api_id = _token(logical_id, 10)
    return {None: api_id, "ApiEndpoint": f"https://{api_id}.execute-api.{place.region}.amazonaws.com"}


_MAKERS: dict[str, Callable[[Place, str, Mapping[str, Any]], Identity]] = {
    "AWS::SQS::Queue": _queue,
    "AWS::SNS::Topic": _topic,
    "AWS::SNS::Subscription": _subscription,
    "AWS::DynamoDB::Table": _table,
    "AWS::SecretsManager::Secret": _secret,
    "AWS::Serverless::Function": _function,
    "AWS::Serverless::HttpApi": _api,
    "AWS::Events::Rule": _rule,
    "AWS::IAM::Role": _role,
    "AWS::KMS::Key": _key,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::CloudWatch::Alarm": _alarm,
}
