"""Our metric lines against those of Powertools' Metrics."""

import asyncio
import json
from typing import Any

import pytest
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from functions.pipeline import metrics

MOMENT = 1_795_296_206.673
ENV = {"POWERTOOLS_SERVICE_NAME": "parity", "POWERTOOLS_METRICS_NAMESPACE": "Parity"}


def powertools() -> Any:
    theirs = AmazonCloudWatchEMFProvider(namespace="Parity", service="parity")
    theirs.timestamp = int(MOMENT * 1000)
    return theirs


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_invocations_metrics_are_the_line_of_powertools(capsys: pytest.CaptureFixture[str]) -> None:
    theirs = powertools()
    theirs.add_metric("Polls", MetricUnit.Count, 1)
    theirs.add_metric("Polls", MetricUnit.Count, 2)
    theirs.add_metric("VerdictDelay", MetricUnit.Seconds, 1.5)
    theirs.add_metadata("comparison_id", "cmp_1")

    with metrics.invocation(ENV, lambda: MOMENT):
        metrics.count("Polls", comparison_id="cmp_1")
        metrics.count("Polls", 2, comparison_id="cmp_1")
        metrics.seconds("VerdictDelay", 1.5)

    assert capsys.readouterr().out == json.dumps(theirs.serialize_metric_set()) + "\n"


def test_a_verdict_is_a_dimension_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with metrics.invocation(ENV, lambda: MOMENT):
        metrics.count("Polls")
        metrics.count("Finished", verdict="consistent")
        metrics.count("Finished", verdict="expired")

    written = lines(capsys)
    assert [line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] for line in written] == [
        [["service"]],
        [["service", "verdict"]],
        [["service", "verdict"]],
    ]
    assert [line.get("verdict") for line in written] == [None, "consistent", "expired"]


def test_several_values_of_a_property_become_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    with metrics.invocation(ENV, lambda: MOMENT):
        for comparison in ("cmp_1", "cmp_2", "cmp_1"):
            metrics.count("Polls", comparison_id=comparison)

    assert lines(capsys)[0]["comparison_id"] == ["cmp_1", "cmp_2"]


def test_an_invocation_that_counts_nothing_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with metrics.invocation(ENV, lambda: MOMENT):
        pass

    assert capsys.readouterr().out == ""


def test_what_was_counted_before_a_crash_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    def crash() -> None:
        with metrics.invocation(ENV, lambda: MOMENT):
            metrics.count("Polls")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        crash()

    assert lines(capsys)[0]["Polls"] == [1.0]


def test_no_line_holds_more_values_than_cloudwatch_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with metrics.invocation(ENV, lambda: MOMENT):
        for _ in range(250):
            metrics.count("Polls")

    assert [len(line["Polls"]) for line in lines(capsys)] == [100, 100, 50]


def test_tasks_of_one_invocation_share_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    async def message() -> None:
        metrics.count("Polls")

    async def batch() -> None:
        with metrics.invocation(ENV, lambda: MOMENT):
            await asyncio.gather(message(), message())

    asyncio.run(batch())

    assert [line["Polls"] for line in lines(capsys)] == [[1.0, 1.0]]


def test_concurrent_invocations_dont_mix(capsys: pytest.CaptureFixture[str]) -> None:
    async def invocation(service: str) -> None:
        with metrics.invocation({"POWERTOOLS_SERVICE_NAME": service}, lambda: MOMENT):
            metrics.count("Polls")
            await asyncio.sleep(0)
            metrics.count("Polls")

    async def both() -> None:
        await asyncio.gather(invocation("one"), invocation("two"))

    asyncio.run(both())

    assert {line["service"]: line["Polls"] for line in lines(capsys)} == {"one": [1.0, 1.0], "two": [1.0, 1.0]}


def test_outside_of_an_invocation_a_metric_is_written_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    metrics.count("Polls")

    assert lines(capsys)[0]["Polls"] == [1.0]
