"""Reading a template: what is resolved, what is refused, and that nothing silently does not exist."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions.local.errors import TemplateError
from functions.local.resources import Stack
from functions.local.template import read_stack
from functions.local.template_types import EMULATED, EVENTS, KNOWN
from tests.local.workshop import TEMPLATE

REAL = Path(__file__).parents[2] / "template.yaml"
Write = Callable[[str], Stack]


@pytest.fixture
def read(tmp_path: Path) -> Write:
    """Read a template given as text."""

    def read_text(text: str, parameters: dict[str, Any] | None = None) -> Stack:
        file = tmp_path / "template.yaml"
        file.write_text(text)
        return read_stack(file, parameters)

    return read_text


def resources(*lines: str) -> str:
    return "Resources:\n" + "\n".join(f"  {line}" for line in lines)


def queue(properties: str) -> str:
    return resources(f"Q: {{Type: AWS::SQS::Queue, Properties: {properties}}}")


def variables(stack: Stack) -> dict[str, str]:
    return dict(stack.functions["Worker"].environment)


def test_the_closed_lists_are_exactly_these() -> None:
    assert set(EMULATED) == {
        "AWS::DynamoDB::Table",
        "AWS::Events::Rule",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::SNS::Subscription",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::SecretsManager::Secret",
        "AWS::Serverless::Function",
        "AWS::Serverless::HttpApi",
    }
    assert {
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
    } == KNOWN
    assert set(EVENTS) == {"SQS", "HttpApi", "Schedule", "ScheduleV2"}


def test_of_the_deployed_template_only_these_types_do_not_exist_locally() -> None:
    stack = read_stack(REAL)
    assert set(stack.skipped.values()) == {
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::KMS::Key",
        "AWS::Logs::LogGroup",
        "AWS::Logs::QueryDefinition",
        "AWS::SQS::QueuePolicy",
    }
    assert set(stack.functions) == {
        f"{n}Function" for n in ("Webhook", "Create", "Poll", "Sweep", "Status", "Chat", "Trigger", "Dms", "Smn")
    }
    assert {name for name, function in stack.functions.items() if function.loop_allowed} == {
        "ChatFunction",
        "CreateFunction",
        "PollFunction",
    }


def test_the_deployed_template_is_read_with_every_option_switched() -> None:
    options = {"Tracing": "Active", "AlarmEmail": "a@example.com", "HttpProxy": "http://proxy:3128", "SubnetIds": "s-1"}
    stack = read_stack(REAL, options)
    assert "AWS::SNS::Subscription (not to a queue)" in stack.skipped.values()
    assert stack.functions["PollFunction"].environment["HTTPS_PROXY"] == "http://proxy:3128"
    assert "HTTPS_PROXY" not in read_stack(REAL).functions["PollFunction"].environment


def test_references_become_names_urls_and_arns() -> None:
    stack = read_stack(TEMPLATE)
    work = stack.queues["Work"]
    assert work.url == "https://sqs.us-east-1.amazonaws.com/123456789012/parity-Work"
    assert work.redrive == ("arn:aws:sqs:us-east-1:123456789012:parity-WorkDead", 3)
    assert stack.functions["Worker"].queues[0].queue_arn == work.arn
    assert stack.topics["ResultsTopic"].key_arn is not None
    assert {secret.name for secret in stack.secrets.values()} == {"parity-Given", "parity-Generated", "parity-Empty"}


def test_a_functions_own_variables_lie_over_the_shared_ones() -> None:
    env = variables(read_stack(TEMPLATE))
    assert (env["SHARED"], env["OWN"]) == ("from-globals", "from-the-function")
    assert env["LOOSE_URL"].endswith("/parity-Loose")
    assert env["JOINED"] == "parity-b"


def test_a_condition_decides_whether_a_value_is_there() -> None:
    assert variables(read_stack(TEMPLATE))["MAYBE"] == "granted"
    assert "MAYBE" not in variables(read_stack(TEMPLATE, {"FirstMay": "false"}))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("!Sub 'a-${AWS::Region}-${Other.Arn}'", "a-us-east-1-arn:aws:sqs:us-east-1:123456789012:parity-Other"),
        ("!Sub ['${x}${!y}', {x: !Ref AWS::Partition}]", "aws${y}"),
        ("!GetAtt Other.QueueName", "parity-Other"),
        ("!Join ['', [a, !Select ['1', !Split ['.', 'x.y.z']]]]", "ay"),
        ("!If [Yes1, !FindInMap [Names, first, second], b]", "mapped"),
        ("!If [No1, a, b]", "b"),
        ("{Fn::If: [Both, a, b]}", "b"),
        ("!If [Either, a, b]", "a"),
    ],
)
def test_intrinsic_functions_are_resolved(read: Write, expression: str, value: str) -> None:
    text = f"""
Mappings: {{Names: {{first: {{second: mapped}}}}}}
Conditions:
  Yes1: !Equals [1, '1']
  No1: !Not [!Condition Yes1]
  Both: !And [!Condition Yes1, !Condition No1]
  Either: !Or [!Condition Yes1, !Condition No1]
Resources:
  Other: {{Type: AWS::SQS::Queue}}
  S: {{Type: AWS::SecretsManager::Secret, Properties: {{SecretString: {expression}}}}}
"""
    assert read(text).secrets["S"].value == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Resources: [", "template.yaml"),
        ("Parameters: {}", "it has no Resources"),
        ("Hooks: {}\nResources: {}", "does not know the section Hooks"),
        (resources("X: {Type: AWS::S3::Bucket}"), "X: the local cloud does not know resources of type AWS::S3::Bucket"),
        (queue("{FifoQueue: true}"), "Q: the local cloud does not emulate FifoQueue of AWS::SQS::Queue"),
        (queue("{QueueName: !Ref Nobody}"), "Q.QueueName: Nobody does not exist"),
        (queue("{QueueName: !GetAtt Q.Colour}"), "Q.Colour does not exist"),
        (queue("{QueueName: !Cidr [a, 1, 2]}"), "Fn::Cidr is not read"),
        (queue("{QueueName: !If [Never, a, b]}"), "there is no condition Never"),
        (queue("{QueueName: !Select [9, [a]]}"), "Fn::Select cannot be resolved"),
        (
            resources("S: {Type: AWS::SNS::Subscription, Properties: {TopicArn: t, Protocol: lambda, Endpoint: x}}"),
            "not to lambda",
        ),
    ],
)
def test_what_is_not_known_is_refused_by_its_place(read: Write, text: str, message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        read(text)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("\n    Timeout: 3\n", "\n    Timeout: 31\n"),
            "AWS refuses a function time-out (31 s) above the queue's visibility (30 s)",
        ),
        (("rate(1 hour)", "'cron(0 12 * * ? *)'"), "the local cloud knows rate(1 minute) and the like, not cron"),
        (("RecursiveLoop: !Ref Loop", "RecursiveLoop: Alow"), "RecursiveLoop must be Allow or Terminate, not Alow"),
        (("BatchSize: 1}", "BatchSize: 11}"), "BatchSize is 1 to 10"),
        (("handlers.looper", "handlers.nowhere"), "there is no tests/local/handlers/nowhere.py"),
        (("Role: !GetAtt TickerRole.Arn", "Role: arn:aws:iam::1:role/other"), "Role must be the ARN of a role"),
        (("Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 hour)}", "Type: S3"), "events of type S3"),
        (("ApiId: !Ref Api, Method: post", "Method: post"), "ApiId must refer to"),
        (("Effect: Deny, Action", "Effect: Deny, NotPrincipal: x, Action"), "NotPrincipal"),
        (
            ("Resource: !GetAtt LoopsDead.Arn", "Resource: x, Condition: {Bool: {aws:SecureTransport: true}}"),
            "does not check the condition Bool",
        ),
        (('"sqs:DeleteMessage", ', ""), "WorkerRole does not allow sqs:DeleteMessage"),
        (("BillingMode: PAY_PER_REQUEST", "BillingMode: PROVISIONED"), "BillingMode PAY_PER_REQUEST alone"),
    ],
)
def test_what_would_not_work_is_refused(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    file = tmp_path / "template.yaml"
    root = Path(__file__).parents[2]
    assert change[0] in TEMPLATE.read_text()
    file.write_text(TEMPLATE.read_text().replace(*change).replace("../../..", str(root)))
    with pytest.raises(TemplateError) as refused:
        read_stack(file)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"Loop": "Maybe"}, "parameter Loop: must be one of Allow, Terminate"),
        ({"Nope": "1"}, "the template has no parameter Nope"),
        ({"BatchSize": "many"}, "parameter BatchSize: must be a number"),
    ],
)
def test_a_parameter_outside_its_rules_is_refused(parameters: dict[str, str], message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        read_stack(TEMPLATE, parameters)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"PollAgePercent": 0}, "MinValue is 1"),
        ({"MaxPollSeconds": 901}, "MaxValue is 900"),
        ({"AllowedJobs": "a b"}, "separated by commas"),
        ({"AllowCancel": True, "IncludeKeys": "perhaps"}, "parameter IncludeKeys"),
    ],
)
def test_the_deployed_templates_rules_hold_locally(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        read_stack(REAL, parameters)
    assert message in str(refused.value)
