"""The closed lists: resource types and properties that the local cloud acts on, and those it knows and leaves out.

A type or property in neither list is an error: a template must not describe what silently does not exist locally.
Sources: the resource type references of AWS CloudFormation and AWS SAM.
"""

from collections.abc import Mapping
from typing import Any

from functions.local.errors import TemplateError

EMULATED: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    # type: (properties that are acted on, properties without an effect on one machine)
    "AWS::SQS::Queue": (
        frozenset(
            {
                "QueueName",
                "DelaySeconds",
                "MaximumMessageSize",
                "MessageRetentionPeriod",
                "ReceiveMessageWaitTimeSeconds",
                "RedrivePolicy",
                "VisibilityTimeout",
            }
        ),
        frozenset({"SqsManagedSseEnabled", "Tags"}),
    ),
    "AWS::SNS::Topic": (frozenset({"TopicName", "KmsMasterKeyId"}), frozenset({"DisplayName", "Tags"})),
    "AWS::SNS::Subscription": (
        frozenset({"TopicArn", "Protocol", "Endpoint", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery"}),
        frozenset({"RedrivePolicy"}),
    ),
    "AWS::DynamoDB::Table": (
        frozenset(
            {
                "TableName",
                "AttributeDefinitions",
                "KeySchema",
                "GlobalSecondaryIndexes",
                "BillingMode",
                "TimeToLiveSpecification",
            }
        ),
        frozenset({"PointInTimeRecoverySpecification", "SSESpecification", "DeletionProtectionEnabled", "Tags"}),
    ),
    "AWS::SecretsManager::Secret": (
        frozenset({"Name", "SecretString", "GenerateSecretString"}),
        frozenset({"Description", "Tags"}),
    ),
    "AWS::Events::Rule": (
        frozenset({"Name", "EventPattern", "State", "Targets"}),
        frozenset({"Description"}),
    ),
    "AWS::IAM::Role": (
        frozenset({"RoleName", "AssumeRolePolicyDocument", "Policies"}),
        frozenset({"Description", "MaxSessionDuration", "Tags"}),
    ),
    "AWS::IAM::Policy": (frozenset({"PolicyName", "Roles", "PolicyDocument"}), frozenset()),
    "AWS::Serverless::HttpApi": (
        frozenset({"Name", "StageName"}),
        frozenset(
            {"AccessLogSettings", "DefaultRouteSettings", "Description", "FailOnWarnings", "RouteSettings", "Tags"}
        ),
    ),
    "AWS::Serverless::Function": (
        frozenset(
            {
                "FunctionName",
                "Handler",
                "CodeUri",
                "Runtime",
                "Role",
                "Timeout",
                "MemorySize",
                "Environment",
                "Events",
                "RecursiveLoop",
                "EventInvokeConfig",
            }
        ),
        frozenset({"Architectures", "Description", "LoggingConfig", "PackageType", "Tags", "Tracing", "VpcConfig"}),
    ),
}

KNOWN = frozenset(
    {
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::KMS::Alias",
        "AWS::KMS::Key",
        "AWS::Lambda::Permission",
        "AWS::Logs::LogGroup",
        "AWS::Logs::MetricFilter",
        "AWS::Logs::QueryDefinition",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::SecretsManager::ResourcePolicy",
    }
)
"""Types that exist in AWS only: they watch, log or grant beyond the functions' own roles."""

EVENTS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    # kind of function event: (properties that are acted on, properties without an effect on one machine)
    "SQS": (
        frozenset(
            {
                "Queue",
                "BatchSize",
                "MaximumBatchingWindowInSeconds",
                "FunctionResponseTypes",
                "ScalingConfig",
                "Enabled",
            }
        ),
        frozenset(),
    ),
    "HttpApi": (frozenset({"ApiId", "Method", "Path", "PayloadFormatVersion"}), frozenset({"RouteSettings"})),
    "Schedule": (frozenset({"Schedule", "Input", "Enabled", "State", "Name"}), frozenset({"Description"})),
    "ScheduleV2": (
        frozenset({"ScheduleExpression", "Input", "State", "Name"}),
        frozenset({"Description", "RoleArn", "FlexibleTimeWindow"}),
    ),
}

SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Globals",
        "Mappings",
        "Metadata",
        "Outputs",
        "Parameters",
        "Resources",
        "Rules",
        "Transform",
    }
)


def check_properties(
    where: str, kind: str, properties: Mapping[str, Any], lists: tuple[frozenset[str], frozenset[str]]
) -> None:
    """Raise TemplateError for a property of `kind` in neither list."""
    used, harmless = lists
    for name in properties:
        if name not in used and name not in harmless:
            msg = f"{where}: the local cloud does not emulate {name} of {kind}; it knows {', '.join(sorted(used))}"
            raise TemplateError(msg)


def check_type(where: str, kind: Any) -> None:
    """Raise TemplateError for a resource type in neither list."""
    if kind not in EMULATED and kind not in KNOWN:
        msg = f"{where}: the local cloud does not know resources of type {kind}"
        raise TemplateError(msg)
