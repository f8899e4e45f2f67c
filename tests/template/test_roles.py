"""Who may do what."""

from typing import Any

import pytest

from tests.template import cfn

FUNCTIONS = ("chat", "create", "dms", "poll", "smn", "status", "sweep", "trigger", "webhook")

#: Actions that AWS grants on everything or not at all, and the condition under which a role has them.
WITHOUT_A_RESOURCE = {
    "xray:PutTraceSegments": "Traced",
    "xray:PutTelemetryRecords": "Traced",
    "ec2:DescribeNetworkInterfaces": "InVpc",
    "ec2:DescribeSubnets": "InVpc",
}


@pytest.fixture(scope="module")
def roles(expanded: dict[str, Any]) -> dict[str, cfn.Resource]:
    found = cfn.of_type(expanded, "AWS::IAM::Role")
    return {logical_id.removesuffix("Role").lower(): role for logical_id, role in found.items()}


def granted(role: cfn.Resource, action: str) -> set[str]:
    """Return the logical ids that `role` may use `action` on."""
    return {
        cfn.target(resource)
        for _, statement in cfn.statements(role)
        if action in cfn.many(statement["Action"])
        for resource in cfn.many(statement["Resource"])
    }


def named(function: cfn.Resource, suffixes: tuple[str, ...]) -> set[str]:
    """Return the logical ids that the function's environment names in variables with one of the suffixes."""
    variables = function["Environment"]["Variables"]
    return {cfn.target(value) for name, value in variables.items() if name.endswith(suffixes)}


def test_every_function_has_a_role_of_its_own(functions: dict[str, cfn.Resource]) -> None:
    assert {name: cfn.target(function["Role"]) for name, function in functions.items()} == {
        name: f"{name.capitalize()}Role" for name in FUNCTIONS
    }


def test_there_is_no_role_and_no_policy_besides(expanded: dict[str, Any], roles: dict[str, cfn.Resource]) -> None:
    assert sorted(roles) == sorted(FUNCTIONS)
    kinds = {resource["Type"] for resource in expanded["Resources"].values()}
    assert not kinds & {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_role_has_a_managed_policy(roles: dict[str, cfn.Resource], name: str) -> None:
    assert set(roles[name]) == {"AssumeRolePolicyDocument", "Policies"} | ({"Tags"} & set(roles[name]))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_only_lambda_may_take_the_role(roles: dict[str, cfn.Resource], name: str) -> None:
    (statement,) = roles[name]["AssumeRolePolicyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_action_is_a_wildcard(roles: dict[str, cfn.Resource], name: str) -> None:
    for _, statement in cfn.statements(roles[name]):
        assert not [action for action in cfn.many(statement["Action"]) if "*" in action]
        assert "NotAction" not in statement


@pytest.mark.parametrize("name", FUNCTIONS)
def test_only_actions_without_resources_are_granted_on_everything(roles: dict[str, cfn.Resource], name: str) -> None:
    unbounded = {
        action: condition
        for condition, statement in cfn.statements(roles[name])
        if "*" in cfn.many(statement["Resource"])
        for action in cfn.many(statement["Action"])
    }
    assert unbounded == WITHOUT_A_RESOURCE


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_role_reaches_what_its_environment_names_and_nothing_else(
    roles: dict[str, cfn.Resource], functions: dict[str, cfn.Resource], name: str
) -> None:
    role, function = roles[name], functions[name]
    assert granted(role, "sqs:SendMessage") == named(function, ("_QUEUE_URL", "_DEAD_LETTERS_URL"))
    assert granted(role, "secretsmanager:GetSecretValue") == named(function, ("_SECRET_ID",))
    assert granted(role, "sns:Publish") == named(function, ("_TOPIC_ARN",))
    written = granted(role, "dynamodb:UpdateItem") | granted(role, "dynamodb:PutItem")
    assert written == named(function, ("_TABLE",))
    assert granted(role, "logs:PutLogEvents") == {cfn.target(function["LoggingConfig"]["LogGroup"])}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_who_publishes_may_use_the_topics_key(
    expanded: dict[str, Any], roles: dict[str, cfn.Resource], name: str
) -> None:
    keys = {
        cfn.target(cfn.of_type(expanded, "AWS::SNS::Topic")[topic]["KmsMasterKeyId"])
        for topic in granted(roles[name], "sns:Publish")
    }
    assert granted(roles[name], "kms:GenerateDataKey") == granted(roles[name], "kms:Decrypt") == keys


def test_only_chat_puts_objects_and_only_where_reports_are_put(roles: dict[str, cfn.Resource]) -> None:
    found = [
        (name, condition, statement["Action"], statement["Resource"])
        for name, role in roles.items()
        for condition, statement in cfn.statements(role)
        if any(action.startswith("s3:") for action in cfn.many(statement["Action"]))
    ]
    where = {"Fn::Sub": "arn:${AWS::Partition}:s3:::${ReportsBucket}/${ReportsPrefix}*"}
    assert found == [("chat", "PutsReports", "s3:PutObject", where)]


def test_the_results_topic_alone_may_send_to_the_deliveries_and_to_their_dead_letters(expanded: dict[str, Any]) -> None:
    policy = cfn.of_type(expanded, "AWS::SQS::QueuePolicy")["VerdictsAreDelivered"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    queues = {"DeliveriesQueue", "DeliveriesDeadLetters"}
    assert {cfn.target(queue) for queue in policy["Queues"]} == queues
    assert {cfn.target(queue) for queue in statement["Resource"]} == queues
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "ResultsTopic"}}}


def test_the_rule_for_dms_alone_may_send_to_its_queue(expanded: dict[str, Any]) -> None:
    policies = cfn.of_type(expanded, "AWS::SQS::QueuePolicy")
    assert set(policies) == {"VerdictsAreDelivered", "DmsEventsAreDelivered"}
    (statement,) = policies["DmsEventsAreDelivered"]["PolicyDocument"]["Statement"]
    assert [cfn.target(queue) for queue in policies["DmsEventsAreDelivered"]["Queues"]] == ["DmsQueue"]
    assert cfn.target(statement["Resource"]) == "DmsQueue"
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["DmsRule", "Arn"]}}}


def test_only_the_owner_of_a_source_queue_takes_from_it(
    roles: dict[str, cfn.Resource], mappings: dict[str, cfn.Resource]
) -> None:
    takers = {name: granted(role, "sqs:ReceiveMessage") for name, role in roles.items()}
    sources = {name: {cfn.target(mapping["EventSourceArn"])} for name, mapping in mappings.items()}
    assert takers == {name: sources.get(name, set()) for name in FUNCTIONS}


def test_the_indexes_are_read_by_who_needs_them(roles: dict[str, cfn.Resource]) -> None:
    assert {name: granted(role, "dynamodb:Query") for name, role in roles.items()} == {
        "webhook": set(),
        "create": set(),
        "poll": set(),
        "sweep": {"Ledger/index/due"},
        "status": {"Ledger/index/by_job", "Ledger/index/recent"},
        "chat": set(),
        "trigger": set(),
        "dms": set(),
        "smn": set(),
    }
