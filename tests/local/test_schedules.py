"""Schedules: fired by the cloud's clock, with EventBridge's events and Lambda's retries."""

from functions.local.clock import VirtualClock
from functions.local.cloud import Cloud
from functions.local.invocations import Hop
from tests.local.workshop import in_workshop


def test_schedules_fire_at_their_rates_and_a_disabled_one_does_not() -> None:
    async def journey(cloud: Cloud) -> list[Hop]:
        assert isinstance(cloud.clock, VirtualClock)
        await cloud.clock.advance(7201)
        return cloud.hops

    hops = in_workshop(journey)
    start = 1_900_000_000
    rule = [hop.at - start for hop in hops if hop.source == "Ticker-Rule"]
    assert rule == [600 * n for n in range(1, 13)]
    assert [hop.at - start for hop in hops if hop.source == "Ticker-Scheduler"] == [3600, 7200]
    assert {hop.source for hop in hops} == {"Ticker-Rule", "Ticker-Scheduler"}


def test_the_events_are_those_of_eventbridge() -> None:
    async def journey(cloud: Cloud) -> None:
        assert isinstance(cloud.clock, VirtualClock)
        await cloud.clock.advance(86_401)
        came = {hop.source: hop.event for hop in cloud.hops}
        rule, scheduler = came["Ticker-Rule"], came["Ticker-Scheduler"]
        account = cloud.stack.account
        assert rule.pop("id") != scheduler.pop("id")
        assert rule == {
            "version": "0",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": account,
            "time": "2030-03-18T17:46:40Z",
            "region": "us-east-1",
            "resources": [f"arn:aws:events:us-east-1:{account}:rule/Ticker-Rule"],
            "detail": {},
        }
        assert scheduler["source"] == "aws.scheduler"
        assert scheduler["detail"] == "{}"
        assert came["Ticker-Fixed"] == {"said": "so"}

    in_workshop(journey)


def test_a_scheduled_invocation_that_fails_is_repeated_after_one_and_two_minutes() -> None:
    async def journey(cloud: Cloud) -> None:
        assert isinstance(cloud.clock, VirtualClock)
        await cloud.clock.advance(1000)
        assert [(hop.at - 1_900_000_000, hop.outcome) for hop in cloud.hops] == [
            (600, "error"),
            (660, "error"),
            (780, "ok"),
        ]

    in_workshop(journey, extra_env={"FAIL_FIRST": "2"})
