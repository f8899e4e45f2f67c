"""Whatever stops is told to somebody."""

import json
import re
from typing import Any

import pytest

from tests.template import cfn

Metric = tuple[str, str, tuple[tuple[str, str], ...]]


def metrics(alarm: cfn.Resource) -> list[Metric]:
    """Return (namespace, name, dimensions with logical ids) of every metric that an alarm looks at."""
    found = (
        [alarm] if "MetricName" in alarm else [m["MetricStat"]["Metric"] for m in alarm["Metrics"] if "MetricStat" in m]
    )
    return [
        (
            metric["Namespace"],
            metric["MetricName"],
            tuple(
                (d["Name"], d["Value"] if isinstance(d["Value"], str) else cfn.target(d["Value"]))
                for d in metric["Dimensions"]
            ),
        )
        for metric in found
    ]


@pytest.fixture(scope="module")
def watched(alarms: dict[str, cfn.Resource]) -> dict[Metric, cfn.Resource]:
    return {metric: alarm for alarm in alarms.values() for metric in metrics(alarm)}


@pytest.mark.parametrize(
    "queue", ["RequestsDeadLetters", "PollsDeadLetters", "DeliveriesDeadLetters", "DmsDeadLetters"]
)
def test_the_first_dead_letter_is_told(watched: dict[Metric, cfn.Resource], queue: str) -> None:
    alarm = watched["AWS/SQS", "ApproximateNumberOfMessagesVisible", (("QueueName", queue),)]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", 1)


@pytest.mark.parametrize("queue", ["RequestsQueue", "PollsQueue", "DeliveriesQueue", "DmsQueue"])
def test_a_message_that_nobody_takes_is_told(
    watched: dict[Metric, cfn.Resource], queues: dict[str, cfn.Resource], queue: str
) -> None:
    alarm = watched["AWS/SQS", "ApproximateAgeOfOldestMessage", (("QueueName", queue),)]
    longest_hop = 900
    receives = queues[queue]["RedrivePolicy"]["maxReceiveCount"]
    assert alarm["Threshold"] >= longest_hop + receives * queues[queue]["VisibilityTimeout"]


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_errors_and_throttles_of_every_function_are_told(
    watched: dict[Metric, cfn.Resource], functions: dict[str, cfn.Resource], metric: str
) -> None:
    for name in functions:
        assert ("AWS/Lambda", metric, (("FunctionName", f"{name.capitalize()}Function"),)) in watched


def test_a_stopped_loop_is_told_where_lambda_stops_loops(
    watched: dict[Metric, cfn.Resource], functions: dict[str, cfn.Resource]
) -> None:
    told = {dimensions[0][1] for _, name, dimensions in watched if name == "RecursiveInvocationsDropped"}
    assert told == {f"{n.capitalize()}Function" for n, f in functions.items() if f["RecursiveLoop"] == "Terminate"}


def test_silence_of_the_sweep_is_told(watched: dict[Metric, cfn.Resource]) -> None:
    alarm = watched["AWS/Lambda", "Invocations", (("FunctionName", "SweepFunction"),)]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching"


def test_alarms_go_to_a_topic_of_their_own(alarms: dict[str, cfn.Resource], functions: dict[str, cfn.Resource]) -> None:
    for alarm in alarms.values():
        assert [cfn.target(action) for action in alarm["AlarmActions"] + alarm["OKActions"]] == ["AlarmsTopic"] * 2
    named = {json.dumps(f["Environment"]) for f in functions.values()}
    assert not [environment for environment in named if "AlarmsTopic" in environment]


def test_an_alarm_says_what_it_means(alarms: dict[str, cfn.Resource]) -> None:
    assert not [
        name for name, alarm in alarms.items() if not alarm.get("AlarmDescription", "").endswith((".", "?", "`"))
    ]


def test_only_the_heartbeat_reads_anything_into_silence(alarms: dict[str, cfn.Resource]) -> None:
    silent = {name: alarm["TreatMissingData"] for name, alarm in alarms.items()}
    assert [name for name, missing in silent.items() if missing != "notBreaching"] == ["SweepHeartbeatAlarm"]


def test_our_own_metrics_are_counted_under_the_names_that_are_watched(watched: dict[Metric, cfn.Resource]) -> None:
    source = "\n".join(path.read_text("utf-8") for path in sorted((cfn.ROOT / "functions/pipeline").glob("*.py")))
    counted = {
        name: ("service", "verdict") if "verdict=" in arguments else ("service",)
        for name, arguments in re.findall(r'metrics\.count\(\s*"(\w+)"([^)]*)\)', source)
    }
    ours = {name: tuple(key for key, _ in dimensions) for space, name, dimensions in watched if space == "Parity"}
    told = {
        "CredentialsRefused",
        "RequestsInvalid",
        "StepsFailed",
        "Verdicts",
        "DeliveriesFailed",
        "DestinationsInvalid",
    }
    assert told == set(ours)
    assert {name: counted.get(name) for name in ours} == ours


def test_the_dashboard_is_json_and_shows_every_queue_and_function(
    expanded: dict[str, Any], queues: dict[str, cfn.Resource], functions: dict[str, cfn.Resource]
) -> None:
    (dashboard,) = cfn.of_type(expanded, "AWS::CloudWatch::Dashboard").values()
    body = dashboard["DashboardBody"]["Fn::Sub"]
    assert json.loads(body)["widgets"]
    assert not [name for name in queues if f"${{{name}.QueueName}}" not in body]
    assert not [name for name in functions if f"${{{name.capitalize()}Function}}" not in body]
