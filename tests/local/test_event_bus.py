"""EventBridge rules of a template: what AWS services tell reaches the queues of the rules that match it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from functions.local.cloud import Cloud
from functions.local.errors import TemplateError
from functions.local.event_bus import matches
from functions.local.template import read_stack
from tests.local.workshop import in_workshop

RULE = """
  Told:
    Type: AWS::Events::Rule
    Properties:
      EventPattern:
        source: [aws.dms]
        detail:
          eventType: [A, B]
      State: {state}
      Targets:
        - {{Id: box, Arn: !GetAtt {target}}}
"""


def with_rule(folder: Path, state: str = "ENABLED", target: str = "Box.Arn", rule: str = RULE) -> Path:
    path = folder / "template.yaml"
    path.write_text(
        'AWSTemplateFormatVersion: "2010-09-09"\nTransform: AWS::Serverless-2016-10-31\nResources:\n'
        "  Box:\n    Type: AWS::SQS::Queue\n" + rule.format(state=state, target=target)
    )
    return path


def event(**detail: Any) -> dict[str, Any]:
    return {"id": "1", "source": "aws.dms", "detail": detail}


@pytest.mark.parametrize(("state", "reached"), [("ENABLED", 1), ("DISABLED", 0)])
def test_a_matching_event_reaches_the_queue_of_an_enabled_rule(tmp_path: Path, state: str, reached: int) -> None:
    stack = read_stack(with_rule(tmp_path, state))
    assert stack.rules["Told"].enabled is bool(reached)
    assert stack.rules["Told"].queue_arns == (stack.queues["Box"].arn,)


def test_an_event_is_put_into_the_queue_as_it_is_and_others_are_not(tmp_path: Path) -> None:
    async def journey() -> None:
        async with await Cloud.start(with_rule(tmp_path), runtime="in_process") as cloud:
            assert cloud.put_event(event(eventType="C")) == ()
            assert cloud.put_event(event(eventType="B")) == ("Told",)
            (waiting,) = cloud.peek("Box")
            assert waiting.body == '{"id": "1", "source": "aws.dms", "detail": {"eventType": "B"}}'

    asyncio.run(journey())


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ({"source": ["aws.dms"]}, True),
        ({"source": ["aws.s3"]}, False),
        ({"resources": ["b"]}, True),
        ({"resources": ["c"]}, False),
        ({"detail": {"eventType": ["A"]}}, True),
        ({"detail": {"eventType": {"name": ["A"]}}}, False),
        ({"missing": ["x"]}, False),
        ({}, True),
    ],
)
def test_every_field_of_a_pattern_has_to_hold_one_of_its_values(pattern: dict[str, Any], matched: bool) -> None:
    told = {"source": "aws.dms", "resources": ["a", "b"], "detail": {"eventType": "A"}}
    assert matches(pattern, told) is matched


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[aws.dms]", "[{prefix: aws}]"), "exact values"),
        (("!GetAtt {target}", "arn:aws:sqs:us-east-1:1:elsewhere"), "queues of this template"),
        (
            ("EventPattern:\n        source: [aws.dms]\n        detail:\n          eventType: [A, B]", "Name: x"),
            "EventPattern",
        ),
    ],
)
def test_what_the_local_bus_does_not_do_is_refused(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    changed = RULE.replace(*change)
    if "prefix" in changed:
        changed = changed.replace("{prefix: aws}", "{{prefix: aws}}")
    with pytest.raises(TemplateError, match=said):
        read_stack(with_rule(tmp_path, rule=changed))


def test_a_stack_without_rules_takes_events_and_sends_them_nowhere() -> None:
    async def journey(cloud: Cloud) -> None:
        assert cloud.put_event(event(eventType="A")) == ()

    in_workshop(journey)
