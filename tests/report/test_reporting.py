"""A verdict is told with a link to its report, made once; and told all the same where there can be none."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from functions.pipeline import log, metrics
from functions.pipeline.aws import Aws
from functions.pipeline.batch import Message, Queue
from functions.pipeline.delivering import Courier
from functions.pipeline.delivery import Delivery, read_message, trial_message
from functions.pipeline.delivery_address import Address, TellingSettings, addresses, told
from functions.pipeline.delivery_ledger import DeliveryLedger
from functions.pipeline.destinations import read_destinations
from functions.pipeline.edge import Edge
from functions.pipeline.report.formats import render
from functions.pipeline.settings import LedgerSettings
from tests.edge.served import KEYS, NOW, serve_on_free_port
from tests.report.events import COMPARISON, data

BUCKET = {"REPORTS_BUCKET": "acme-reports"}
LINK = "https://console.aws.amazon.com/s3/object/acme-reports?region=eu-west-1&prefix=reports%2F"
EVENT: dict[str, Any] = {
    "id": f"{COMPARISON}:finished",
    "source": "urn:parity:1",
    "type": "parity.comparison.finished.v1",
    "subject": COMPARISON,
    "time": "2030-03-17T17:59:45.001Z",
    "data": data(),
}
SLACK = "https://hooks.slack.com/services/T0/B0/"
DESTINATIONS = {
    "one": {"channel": "slack", "url": f"{SLACK}one"},
    "two": {"channel": "slack", "url": f"{SLACK}two"},
    "three": {"channel": "slack", "url": f"{SLACK}three", "language": "zh"},
    "deaf": {"channel": "slack", "url": f"{SLACK}deaf", "language": "zh", "verdicts": ["failed"]},
}


@dataclass
class ServedAws:
    """Takes objects and messages; `status`: what it says to an object."""

    status: int = 200
    objects: dict[str, bytes] = field(default_factory=dict)
    puts: int = 0
    sent: list[Delivery] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.method == "PUT":
            self.puts += 1
            if self.status == 200:
                self.objects[request.path] = body
            return web.Response(status=self.status, text="<Error><Code>AccessDenied</Code></Error>")
        asked = json.loads(body)
        if "MessageBody" in asked:
            delivery = read_message(asked["MessageBody"])[1]
            assert delivery is not None
            self.sent.append(delivery)
        return web.json_response({"MessageId": "m"})


def known(edge: Edge, names: tuple[str, ...]) -> Mapping[str, Address]:
    secret = json.dumps({name: DESTINATIONS[name] for name in names})
    return addresses(edge, TellingSettings.load({}), read_destinations(secret))


@asynccontextmanager
async def courier(aws: ServedAws, env: Mapping[str, str], names: tuple[str, ...]) -> AsyncIterator[Courier]:
    async with serve_on_free_port(aws.answer) as url, aiohttp.ClientSession() as session:
        given = {**KEYS, **env, "AWS_ENDPOINT_URL": url, "LEDGER_TABLE": "ledger"}
        edge = Edge(given, session, lambda: NOW, lambda: 0.5, lambda: "0" * 32, Aws(session, given, lambda: NOW), {})
        ledger = DeliveryLedger(edge.aws, LedgerSettings.load(given), now=edge.now, unique=edge.unique)
        yield Courier(edge, Queue(edge, f"{url}/1/q", f"{url}/1/d"), ledger, "arn", known(edge, names))


def fan_out(
    aws: ServedAws, env: Mapping[str, str], *names: str, text: str = json.dumps(EVENT)
) -> dict[str, str | None]:
    """The report in each destination's delivery."""

    async def run() -> None:
        async with courier(aws, env, names) as working:
            with log.invocation({}, lambda: NOW, {}, None), metrics.invocation({}, lambda: NOW):
                await working.take(Message("m", text, 0))

    asyncio.run(run())
    return {delivery.destination: delivery.report for delivery in aws.sent}


def test_a_report_is_put_once_per_language_and_each_delivery_has_the_link_of_its_own() -> None:
    aws = ServedAws()
    assert fan_out(aws, BUCKET, "one", "two", "three") == {
        "one": f"{LINK}{COMPARISON}.html",
        "two": f"{LINK}{COMPARISON}.html",
        "three": f"{LINK}{COMPARISON}.zh.html",
    }
    assert aws.puts == 2
    assert aws.objects == {
        f"/acme-reports/reports/{COMPARISON}.html": render(data(), "html", "en"),
        f"/acme-reports/reports/{COMPARISON}.zh.html": render(data(), "html", "zh"),
    }


def test_a_language_that_nobody_hears_of_the_verdict_in_gets_no_report() -> None:
    aws = ServedAws()
    fan_out(aws, BUCKET, "one", "deaf")
    assert [*aws.objects] == [f"/acme-reports/reports/{COMPARISON}.html"]
    assert fan_out(silent := ServedAws(), BUCKET, "deaf") == {}
    assert silent.puts == 0


@pytest.mark.parametrize("status", [403, 503])
def test_a_report_that_is_refused_costs_no_delivery_and_is_logged(
    status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    aws = ServedAws(status)
    assert fan_out(aws, BUCKET, "one", "three") == {"one": None, "three": None}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    failed = [line for line in lines if line.get("message") == "report.failed"]
    assert [(line["level"], line["comparison_id"], line["code"]) for line in failed] == [
        ("ERROR", COMPARISON, "AccessDenied")
    ] * 2
    assert sum(sum(line.get("ReportsFailed", [])) for line in lines) == 2


@pytest.mark.parametrize("wrong", [{"REPORTS_PREFIX": "no slash"}, {"AWS_SECRET_ACCESS_KEY": ""}])
def test_no_configuration_and_no_event_that_a_report_fails_on_costs_a_delivery(
    wrong: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    aws = ServedAws(403)
    assert fan_out(aws, BUCKET | wrong, "one") == {"one": None}
    assert "report.failed" in capsys.readouterr().out
    odd = json.dumps(EVENT | {"data": data(comparison_id="../x")})
    assert fan_out(other := ServedAws(), BUCKET, "one", text=odd) == {"one": None}
    assert other.puts == 0


def test_without_a_bucket_and_for_a_test_no_report_is_made() -> None:
    assert fan_out(without := ServedAws(), {}, "one") == {"one": None}
    assert fan_out(trial := ServedAws(), BUCKET, "one", text=trial_message(EVENT)) == {"one": None}
    assert without.puts == trial.puts == 0


def test_the_link_is_told_in_the_destinations_language() -> None:
    announcement, _ = read_message(json.dumps(EVENT))
    english, chinese = (told(announcement, language, f"{LINK}x") for language in ("en", "zh"))
    assert [(link.word, link.url) for link in english.links] == [("Report", f"{LINK}x")]
    assert [(link.word, link.url) for link in chinese.links] == [("报告", f"{LINK}x")]
    assert told(announcement, "en", None).links == ()


def test_a_delivery_of_the_release_before_has_no_report() -> None:
    before = {"destination": "one", "first_at": 1, "at": 1, "event": EVENT}
    delivery = read_message(json.dumps(before))[1]
    assert delivery is not None
    assert delivery.report is None


def test_who_has_no_bucket_loads_no_report() -> None:
    program = "import sys, functions.pipeline.chat; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "functions.pipeline.delivering" in done.stdout.split()
    assert [name for name in done.stdout.split() if "pipeline.report" in name] == []
