"""Queues, functions and what calls them: the numbers that the guarantee rests on."""

from typing import Any

import pytest

from functions.pipeline.events import FINISHED
from tests.template import cfn

SOURCES = {"RequestsQueue": "create", "PollsQueue": "poll", "DeliveriesQueue": "chat", "DmsQueue": "dms"}


def test_each_source_queue_is_read_by_its_function(mappings: dict[str, cfn.Resource]) -> None:
    assert {cfn.target(mapping["EventSourceArn"]): name for name, mapping in mappings.items()} == SOURCES


@pytest.mark.parametrize("name", SOURCES.values())
def test_a_failed_message_does_not_bring_back_its_batch(mappings: dict[str, cfn.Resource], name: str) -> None:
    assert mappings[name]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mappings[name]["BatchSize"] == 10


@pytest.mark.parametrize("name", SOURCES.values())
def test_how_much_runs_at_once_is_a_parameter(
    raw: dict[str, Any], mappings: dict[str, cfn.Resource], name: str
) -> None:
    parameter = raw["Parameters"][cfn.target(mappings[name]["ScalingConfig"]["MaximumConcurrency"])]
    assert parameter["MinValue"] == 2  # Lambda takes no less
    assert parameter["MinValue"] <= parameter["Default"] <= parameter["MaxValue"]


@pytest.mark.parametrize(("queue", "name"), SOURCES.items())
def test_a_function_ends_before_its_lease_and_its_lease_before_the_message_comes_back(
    queues: dict[str, cfn.Resource], functions: dict[str, cfn.Resource], queue: str, name: str
) -> None:
    timeout = functions[name]["Timeout"]
    lease = int(functions[name]["Environment"]["Variables"].get("LEASE_SECONDS", timeout + 1))  # dms claims nothing
    visibility = queues[queue]["VisibilityTimeout"]
    assert timeout < lease < visibility
    assert visibility >= 6 * timeout  # what AWS asks for, so that throttled batches are not lost


def test_all_functions_hold_a_claim_for_the_same_time(functions: dict[str, cfn.Resource]) -> None:
    leases = {f["Environment"]["Variables"].get("LEASE_SECONDS") for f in functions.values()}
    assert leases - {None} == {"75"}


def test_a_scheduled_run_ends_before_the_next(functions: dict[str, cfn.Resource], expanded: dict[str, Any]) -> None:
    rules = cfn.of_type(expanded, "AWS::Events::Rule").values()
    (rule,) = (found for found in rules if "ScheduleExpression" in found)
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert rule["State"] == "ENABLED"
    assert [cfn.target(t["Arn"]) for t in rule["Targets"]] == ["SweepFunction"]
    assert functions["sweep"]["Timeout"] < 60


def test_the_doors_answer_before_the_api_gives_up(functions: dict[str, cfn.Resource]) -> None:
    assert max(functions[name]["Timeout"] for name in ("webhook", "status", "trigger", "smn")) < 30


@pytest.mark.parametrize("queue", SOURCES)
def test_every_source_queue_has_dead_letters_of_its_own(queues: dict[str, cfn.Resource], queue: str) -> None:
    redrive = queues[queue]["RedrivePolicy"]
    dead_letters = cfn.target(redrive["deadLetterTargetArn"])
    assert dead_letters == queue.removesuffix("Queue") + "DeadLetters"
    assert redrive["maxReceiveCount"] == 5
    assert queues[queue]["MessageRetentionPeriod"] == 4 * 86_400
    assert queues[dead_letters]["MessageRetentionPeriod"] == 14 * 86_400
    assert "RedrivePolicy" not in queues[dead_letters]


def test_only_functions_that_feed_their_own_queue_may_loop(
    functions: dict[str, cfn.Resource], mappings: dict[str, cfn.Resource]
) -> None:
    feeds_itself = {
        name: any(
            cfn.target(mapping["EventSourceArn"]) == cfn.target(value)
            for variable, value in functions[name]["Environment"]["Variables"].items()
            if variable.endswith("_QUEUE_URL")
        )
        for name, mapping in mappings.items()
    }
    assert {name: function["RecursiveLoop"] for name, function in functions.items()} == {
        name: "Allow" if feeds_itself.get(name) else "Terminate" for name in functions
    }
    loops = [name for name, function in functions.items() if function["RecursiveLoop"] == "Allow"]
    assert loops == ["create", "poll", "chat"]


def test_verdicts_go_to_the_deliveries_as_they_are_and_nothing_else_does(expanded: dict[str, Any]) -> None:
    subscription = cfn.of_type(expanded, "AWS::SNS::Subscription")["Verdicts"]
    assert cfn.target(subscription["TopicArn"]) == "ResultsTopic"
    assert (subscription["Protocol"], cfn.target(subscription["Endpoint"])) == ("sqs", "DeliveriesQueue")
    assert subscription["RawMessageDelivery"] is True
    # What the function publishes itself must not come back to it.
    assert subscription["FilterPolicy"] == {"type": [FINISHED]}
    assert subscription["FilterPolicyScope"] == "MessageAttributes"
    assert cfn.target(subscription["RedrivePolicy"]["deadLetterTargetArn"]) == "DeliveriesDeadLetters"


def test_a_delivery_waits_for_its_service_and_for_aws_before_its_function_ends(
    functions: dict[str, cfn.Resource],
) -> None:
    post = float(functions["chat"]["Environment"]["Variables"]["POST_SECONDS"])
    assert 15 <= post <= functions["chat"]["Timeout"] / 2


def test_what_dms_tells_of_tasks_and_replications_goes_to_its_queue_and_nothing_else_does(
    expanded: dict[str, Any],
) -> None:
    rule = cfn.of_type(expanded, "AWS::Events::Rule")["DmsRule"]
    assert rule["EventPattern"] == {
        "source": ["aws.dms"],
        "detail-type": ["DMS Replication Task State Change", "DMS Replication State Change"],
    }
    assert rule["State"] == "ENABLED"
    assert [cfn.target(target["Arn"]) for target in rule["Targets"]] == ["DmsQueue"]


def test_the_api_has_seven_routes_and_no_more(expanded: dict[str, Any]) -> None:
    (api,) = cfn.of_type(expanded, "AWS::ApiGatewayV2::Api").values()
    routes = {
        f"{method.upper()} {path}": route["x-amazon-apigateway-integration"]
        for path, methods in api["Body"]["paths"].items()
        for method, route in methods.items()
    }
    assert {key: route["uri"]["Fn::Sub"].split("${")[-1].split(".")[0] for key, route in routes.items()} == {
        "POST /comparisons": "WebhookFunction",
        "GET /comparisons": "StatusFunction",
        "GET /comparisons/{comparison_id}": "StatusFunction",
        "DELETE /comparisons/{comparison_id}": "StatusFunction",
        "POST /triggers/{source}": "TriggerFunction",
        "OPTIONS /triggers/{source}": "TriggerFunction",
        "POST /triggers/smn": "SmnFunction",
    }
    assert {route["payloadFormatVersion"] for route in routes.values()} == {"2.0"}


def test_the_api_is_throttled_and_writes_who_called(expanded: dict[str, Any]) -> None:
    (stage,) = cfn.of_type(expanded, "AWS::ApiGatewayV2::Stage").values()
    assert {"ThrottlingRateLimit", "ThrottlingBurstLimit"} <= set(stage["DefaultRouteSettings"])
    assert cfn.target(stage["AccessLogSettings"]["DestinationArn"]) == "ApiLogs"


def test_the_ledger_is_what_the_code_asks_for(expanded: dict[str, Any]) -> None:
    (table,) = cfn.of_type(expanded, "AWS::DynamoDB::Table").values()
    keys = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in table["GlobalSecondaryIndexes"]
    }
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk"]
    assert keys == {"due": ["due", "due_at"], "by_job": ["job_id", "accepted_at"], "recent": ["kind", "accepted_at"]}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_every_log_has_an_end(expanded: dict[str, Any], functions: dict[str, cfn.Resource]) -> None:
    groups = cfn.of_type(expanded, "AWS::Logs::LogGroup")
    assert {cfn.target(group["RetentionInDays"]) for group in groups.values()} == {"LogRetentionDays"}
    assert {cfn.target(f["LoggingConfig"]["LogGroup"]) for f in functions.values()} | {"ApiLogs"} == set(groups)


def test_log_lines_keep_their_own_format(functions: dict[str, cfn.Resource]) -> None:
    # With LogFormat JSON, Lambda would drop lines whose time stamp is not RFC 3339, and Powertools' classic one is not.
    assert {function["LoggingConfig"]["LogFormat"] for function in functions.values()} == {"Text"}
