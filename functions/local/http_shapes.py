"""HTTP API events and answers, payload format 2.0.

Source: "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway" in the API Gateway developer guide.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

_TEXT = ("text/", "application/json", "application/javascript", "application/xml")


@dataclass(frozen=True)
class Arrival:
    """An HTTP request as it came in; header names as sent, `query` raw."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str
    at: float
    request_id: str


@dataclass(frozen=True)
class Departure:
    """An HTTP answer."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


def http_event(
    arrival: Arrival, *, route: str, parameters: Mapping[str, str], api: str, region: str, account: str
) -> Any:
    """Return the event of a request that matched `route` (as `POST /path` or `$default`)."""
    headers = _joined(arrival.headers)
    cookies = headers.pop("cookie", None)
    domain = f"{api}.execute-api.{region}.amazonaws.com"
    text = _is_text(headers.get("content-type", ""))
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": arrival.path,
        "rawQueryString": arrival.query,
        "headers": headers,
        "requestContext": {
            "accountId": account,
            "apiId": api,
            "domainName": domain,
            "domainPrefix": api,
            "http": {
                "method": arrival.method,
                "path": arrival.path,
                "protocol": "HTTP/1.1",
                "sourceIp": arrival.source_ip,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": arrival.request_id,
            "routeKey": route,
            "stage": "$default",
            "time": datetime.fromtimestamp(arrival.at, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(arrival.at * 1000),
        },
        "isBase64Encoded": bool(arrival.body) and not text,
    }
    if cookies:
        event["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
    if arrival.query:
        event["queryStringParameters"] = _joined(parse_qsl(arrival.query, keep_blank_values=True), lower=False)
    if parameters:
        event["pathParameters"] = dict(parameters)
    if arrival.body:
        event["body"] = _text(arrival.body) if text else base64.b64encode(arrival.body).decode()
        event["isBase64Encoded"] = not text
    return event


def _joined(pairs: Sequence[tuple[str, str]], *, lower: bool = True) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower() if lower else name
        joined[key] = f"{joined[key]},{value}" if key in joined else value
    return joined


def _is_text(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith(_TEXT) or kind.endswith(("+json", "+xml"))


def _text(body: bytes) -> str:
    # What is declared as text and is none arrives with replacement characters, as through API Gateway.
    return body.decode("utf-8", "replace")


def http_answer(payload: Any) -> Departure | None:
    """Return the HTTP answer that a function's answer means; None if it means none (the caller gets a 500)."""
    if not isinstance(payload, dict) or "statusCode" not in payload:
        said = payload if isinstance(payload, str) else json.dumps(payload)
        return Departure(200, [("content-type", "application/json")], said.encode())
    try:
        status = int(payload["statusCode"])
        headers = [(str(name).lower(), str(value)) for name, value in (payload.get("headers") or {}).items()]
        text = payload.get("body") or ""
        body = base64.b64decode(text, validate=True) if payload.get("isBase64Encoded") else str(text).encode()
    except (TypeError, ValueError, AttributeError):
        return None
    if not 100 <= status <= 599:
        return None
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain;charset=UTF-8"))
    headers += [("set-cookie", str(cookie)) for cookie in payload.get("cookies") or ()]
    return Departure(status, headers, body)


def gateway_answer(status: int, message: str) -> Departure:
    """Return what API Gateway answers by itself."""
    return Departure(status, [("content-type", "application/json")], json.dumps({"message": message}).encode())
