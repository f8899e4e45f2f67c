"""The HTTP API: events of payload format 2.0, answers, and what the gateway says by itself."""

import base64
import json
from typing import Any

import aiohttp
import pytest

from functions.local.cloud import Cloud
from functions.local.http_api import MAXIMUM_BODY
from functions.local.http_shapes import Departure, http_answer
from tests.local.workshop import in_workshop


async def ask(cloud: Cloud, method: str, path: str, **options: Any) -> tuple[int, Any, bytes]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{cloud.url}{path}", **options) as response,
    ):
        return response.status, response.headers, await response.read()


def test_a_request_becomes_an_event_of_payload_format_two() -> None:
    async def journey(cloud: Cloud) -> None:
        headers = [("X-Two", "1"), ("X-Two", "2"), ("Cookie", "a=b; c=d"), ("User-Agent", "me")]
        options = {"data": b'{"\xc3\xa9":1}', "headers": [*headers, ("Content-Type", "application/json")]}
        status, answered, body = await ask(cloud, "POST", "/things/a%20b?x=1&x=2&y=%20z", **options)
        assert (status, answered["x-kind"]) == (201, "echo")
        event = json.loads(body)
        context = event.pop("requestContext")
        assert {name: event["headers"].pop(name) for name in ("x-two", "content-type")} == {
            "x-two": "1,2",
            "content-type": "application/json",
        }
        assert all(name == name.lower() for name in event.pop("headers"))
        assert event == {
            "version": "2.0",
            "routeKey": "POST /things/{thing_id}",
            "rawPath": "/things/a b",
            "rawQueryString": "x=1&x=2&y=%20z",
            "cookies": ["a=b", "c=d"],
            "queryStringParameters": {"x": "1,2", "y": " z"},
            "pathParameters": {"thing_id": "a b"},
            "body": '{"é":1}',
            "isBase64Encoded": False,
        }
        assert context["http"]["method"] == "POST"
        assert context["http"]["userAgent"] == "me"
        assert context["routeKey"] == "POST /things/{thing_id}"
        assert context["stage"] == "$default"
        assert context["time"] == "17/Mar/2030:17:46:40 +0000"
        assert context["timeEpoch"] == 1_900_000_000_000

    in_workshop(journey)


def test_a_body_that_is_no_text_arrives_in_base64() -> None:
    async def journey(cloud: Cloud) -> None:
        options = {"data": b"\x00\xff", "headers": {"Content-Type": "application/octet-stream"}}
        _, _, body = await ask(cloud, "POST", "/things/x", **options)
        event = json.loads(body)
        assert event["isBase64Encoded"] is True
        assert base64.b64decode(event["body"]) == b"\x00\xff"

    in_workshop(journey)


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("GET", "/things/fixed", "GET /things/fixed"),
        ("POST", "/things/fixed", "POST /things/{thing_id}"),
        ("PATCH", "/files/a/b", "ANY /files/{path+}"),
    ],
)
def test_the_most_specific_route_gets_the_request(method: str, path: str, route: str) -> None:
    async def journey(cloud: Cloud) -> None:
        _, _, body = await ask(cloud, method, path)
        assert json.loads(body)["routeKey"] == route

    in_workshop(journey)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/things/other"), ("DELETE", "/things/x"), ("POST", "/things/x/y")]
)
def test_a_route_that_is_not_in_the_template_is_not_found(method: str, path: str) -> None:
    async def journey(cloud: Cloud) -> None:
        status, _, body = await ask(cloud, method, path)
        assert (status, json.loads(body)) == (404, {"message": "Not Found"})
        assert cloud.hops == []

    in_workshop(journey)


@pytest.mark.parametrize("answer", ["error", "nonsense"])
def test_a_function_that_fails_or_answers_nonsense_is_an_internal_server_error(answer: str) -> None:
    async def journey(cloud: Cloud) -> None:
        status, _, body = await ask(cloud, "POST", f"/things/x?answer={answer}")
        assert (status, json.loads(body)) == (500, {"message": "Internal Server Error"})

    in_workshop(journey)


def test_a_body_above_ten_megabytes_never_reaches_the_function() -> None:
    async def chunks() -> Any:
        for _ in range(11):
            yield b"x" * (MAXIMUM_BODY // 10)

    async def journey(cloud: Cloud) -> None:
        status, _, body = await ask(cloud, "POST", "/things/x", data=chunks())
        assert (status, json.loads(body)) == (413, {"message": "Request Entity Too Large"})
        assert cloud.hops == []

    in_workshop(journey)


def test_an_answer_without_a_status_is_json_with_200() -> None:
    async def journey(cloud: Cloud) -> None:
        status, headers, body = await ask(cloud, "POST", "/things/x?answer=bare")
        assert (status, headers["content-type"], json.loads(body)) == (200, "application/json", {"hello": "world"})

    in_workshop(journey)


def test_bytes_and_cookies_of_an_answer_arrive() -> None:
    async def journey(cloud: Cloud) -> None:
        status, headers, body = await ask(cloud, "POST", "/things/x?answer=binary")
        assert (status, body, headers.getall("set-cookie")) == (200, b"\x00\xff", ["a=b", "c=d"])

    in_workshop(journey)


@pytest.mark.parametrize("payload", [{"statusCode": 1000}, {"statusCode": 200, "isBase64Encoded": True, "body": "?"}])
def test_an_answer_that_means_nothing_is_none(payload: Any) -> None:
    assert http_answer(payload) is None


def test_a_text_is_its_own_body() -> None:
    assert http_answer("hello") == Departure(200, [("content-type", "application/json")], b"hello")
