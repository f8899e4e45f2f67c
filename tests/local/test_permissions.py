"""Roles: a function may do what its statements say, and nothing else."""

from collections.abc import Awaitable, Callable

import pytest

from functions.local.cloud import Cloud
from functions.local.policy import Wish, allowed
from functions.local.resources import Statement
from functions.pipeline.aws import Aws, AwsError
from tests.local.workshop import in_workshop

Deed = Callable[[Cloud, Aws], Awaitable[object]]

MAY: list[tuple[str, Deed]] = [
    ("Worker", lambda cloud, aws: aws.send(cloud.queue("Loose").url, "x")),
    ("Worker", lambda cloud, aws: aws.put_item(cloud.stack.tables["Things"].name, {"pk": "a"})),
    ("Worker", lambda cloud, aws: aws.get_secret(cloud.stack.secrets["Given"].arn)),
    ("Worker", lambda cloud, aws: aws.get_secret(cloud.stack.secrets["Given"].name)),
    ("Worker", lambda cloud, aws: aws.publish(cloud.stack.topics["ResultsTopic"].arn, "x", {})),
    ("Ticker", lambda *known: query(*known)),  # noqa: PLW0108 - defined below
    ("Ticker", lambda cloud, aws: aws.get_secret(cloud.stack.secrets["Generated"].arn)),
]
MAY_NOT: list[tuple[str, Deed, str]] = [
    ("Worker", lambda cloud, aws: aws.send(cloud.queue("LoopsDead").url, "x"), "sqs:SendMessage"),
    ("Worker", lambda cloud, aws: aws.send(cloud.queue("Work").url, "x"), "sqs:SendMessage"),
    (
        "Worker",
        lambda cloud, aws: aws.delete_item(cloud.stack.tables["Things"].name, {"pk": "a"}),
        "dynamodb:DeleteItem",
    ),
    ("Worker", lambda *known: query(*known), "dynamodb:Query"),  # noqa: PLW0108 - defined below
    (
        "Worker",
        lambda cloud, aws: aws.get_secret(cloud.stack.secrets["Generated"].arn),
        "secretsmanager:GetSecretValue",
    ),
    ("Ticker", lambda cloud, aws: aws.publish(cloud.stack.topics["ResultsTopic"].arn, "x", {}), "kms:GenerateDataKey"),
    ("Ticker", lambda cloud, aws: aws.put_item(cloud.stack.tables["Things"].name, {"pk": "a"}), "dynamodb:PutItem"),
]


def query(cloud: Cloud, aws: Aws) -> Awaitable[object]:
    table = cloud.stack.tables["Things"].name
    return aws.query(table, index="by_kind", key_condition="kind = :k", values={":k": "x"})


@pytest.mark.parametrize(("function", "deed"), MAY)
def test_a_function_may_do_what_its_role_allows(function: str, deed: Deed) -> None:
    async def journey(cloud: Cloud) -> None:
        await deed(cloud, cloud.client(function))

    in_workshop(journey)


@pytest.mark.parametrize(("function", "deed", "action"), MAY_NOT)
def test_a_function_may_not_do_what_its_role_does_not_allow(function: str, deed: Deed, action: str) -> None:
    async def journey(cloud: Cloud) -> None:
        with pytest.raises(AwsError) as refused:
            await deed(cloud, cloud.client(function))
        assert refused.value.code in {"AccessDeniedException", "AuthorizationError"}
        assert f"is not authorized to perform: {action} on resource: arn:aws:" in refused.value.message
        assert len(cloud.inbox) == 0

    in_workshop(journey)


def test_a_policy_attached_under_a_condition_counts_only_when_the_condition_holds() -> None:
    async def journey(cloud: Cloud) -> None:
        with pytest.raises(AwsError, match="AccessDenied"):
            await cloud.client("Ticker").get_secret(cloud.stack.secrets["Generated"].arn)

    in_workshop(journey, {"FirstMay": "false"})


def test_a_deny_wins_over_every_allow() -> None:
    statements: list[Statement] = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": ["SQS:Send*"], "Resource": "arn:aws:sqs:*:?:q"},
    ]
    assert not allowed(statements, Wish("sqs:SendMessage", "arn:aws:sqs:here:1:q"))
    assert allowed(statements, Wish("sqs:SendMessage", "arn:aws:sqs:here:12:q"))


def test_nothing_is_allowed_without_a_statement() -> None:
    assert not allowed([], Wish("sqs:SendMessage", "arn:aws:sqs:here:1:q"))


def test_leading_keys_limit_the_items_that_a_role_may_touch() -> None:
    condition = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["cmp#*"]}}
    statements = [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "t", "Condition": condition}]
    assert allowed(statements, Wish("dynamodb:GetItem", "t", {"dynamodb:LeadingKeys": ("cmp#1",)}))
    assert not allowed(statements, Wish("dynamodb:GetItem", "t", {"dynamodb:LeadingKeys": ("job#1",)}))
