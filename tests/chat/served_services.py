"""How the services of the channels answer: what each says when it takes a message, and in its own way when it doesn't.

Sources: the documentation that each channel's module names; what is not documented is as users report it.
"""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

SECRET = "whsec_" + base64.b64encode(b"served" * 5).decode()
"""What messages are signed with, where the service checks a signature."""


@dataclass(frozen=True)
class Says:
    """An answer."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sent:
    """A message as it arrived; `now`: the service's clock, epoch seconds."""

    raw: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str]
    now: float

    @property
    def body(self) -> dict[str, Any]:
        """The JSON that it is."""
        document: dict[str, Any] = json.loads(self.raw)
        return document


@dataclass(frozen=True)
class Kind:
    """A service: `takes` answers a good message, `limited` one that came too early by so many seconds."""

    takes: Callable[[Sent], Says]
    limited: Callable[[int], Says]
    gone: Says
    busy: Says = Says(503, "upstream connect error")


def _json(document: Any, status: int = 200, **headers: str) -> Says:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Says(status, json.dumps(document), {"content-type": "application/json"} | named)


def _late(seconds: int) -> dict[str, str]:
    return {"retry-after": str(seconds)}


def _slack(sent: Sent) -> Says:
    fits = isinstance(sent.body.get("text"), str) and isinstance(sent.body.get("blocks"), list)
    return Says(200, "ok") if fits else Says(400, "invalid_payload")


def _teams(sent: Sent) -> Says:
    (card,) = sent.body["attachments"]
    fits = card["contentType"] == "application/vnd.microsoft.card.adaptive" and len(sent.raw) <= 28 * 1024
    return Says(202) if fits else Says(400, "Bad payload received by generic incoming webhook.")


def _feishu(sent: Sent) -> Says:
    stamp = str(sent.body.get("timestamp", ""))
    # The timestamp and the secret are the key, and the message is empty.
    wanted = base64.b64encode(hmac.digest(f"{stamp}\n{SECRET}".encode(), b"", "sha256")).decode()
    if sent.body.get("sign") != wanted or abs(sent.now - int(stamp)) > 3_600:
        return _json({"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time"})
    return _json({"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"})


def _dingtalk(sent: Sent) -> Says:
    stamp = sent.query.get("timestamp", "")
    digest = hmac.digest(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), "sha256")
    right = sent.query.get("sign") == base64.b64encode(digest).decode()
    if not right or abs(sent.now * 1000 - int(stamp)) > 3_600_000:
        return _json({"errcode": 310000, "errmsg": "description:机器人发送签名不匹配"})
    return _json({"errcode": 0, "errmsg": "ok"})


def _discord(sent: Sent) -> Says:
    return _json({"id": "1", "type": 0}) if sent.query.get("wait") == "true" else Says(204)


def _telegram(sent: Sent) -> Says:
    return _json({"ok": True, "result": {"message_id": 7, "chat": {"id": sent.body["chat_id"]}}})


def _webhook(sent: Sent) -> Says:
    wanted = Webhook(SECRET).sign(
        sent.headers["webhook-id"], _moment(sent.headers["webhook-timestamp"]), sent.raw.decode()
    )
    fresh = abs(sent.now - int(sent.headers["webhook-timestamp"])) <= 300
    return Says(204) if fresh and sent.headers["webhook-signature"] == wanted else Says(401)


def _moment(stamp: str) -> datetime:
    return datetime.fromtimestamp(int(stamp), UTC)


KINDS: Mapping[str, Kind] = {
    "slack": Kind(_slack, lambda s: Says(429, "rate_limited", _late(s)), Says(404, "no_service")),
    "teams": Kind(
        _teams,
        lambda s: _json({"error": {"code": "WorkflowRunInProgress"}}, 429, **_late(s)),
        _json({"error": {"code": "WorkflowNotFound", "message": "The workflow could not be found."}}, 404),
    ),
    "feishu": Kind(
        _feishu,
        lambda _: _json({"code": 11232, "msg": "create message trigger frequency limit"}),
        _json({"code": 19001, "msg": "param invalid: incoming webhook access token invalid"}),
    ),
    "dingtalk": Kind(
        _dingtalk,
        lambda _: _json({"errcode": 130101, "errmsg": "send too fast"}),
        _json({"errcode": 300001, "errmsg": "token is not exist"}),
    ),
    "wecom": Kind(
        lambda _: _json({"errcode": 0, "errmsg": "ok"}),
        lambda _: _json({"errcode": 45009, "errmsg": "api freq out of limit"}),
        _json({"errcode": 93000, "errmsg": "invalid webhook url"}),
    ),
    "discord": Kind(
        _discord,
        lambda s: _json({"message": "You are being rate limited.", "retry_after": float(s), "global": False}, 429),
        _json({"message": "Unknown Webhook", "code": 10015}, 404),
    ),
    "google_chat": Kind(
        lambda _: _json({"name": "spaces/AAAA/messages/BBBB"}),
        lambda s: _json({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}, 429, **_late(s)),
        _json({"error": {"code": 404, "message": "Requested entity was not found.", "status": "NOT_FOUND"}}, 404),
    ),
    "telegram": Kind(
        _telegram,
        lambda s: _json({"ok": False, "error_code": 429, "parameters": {"retry_after": s}}, 429),
        _json({"ok": False, "error_code": 403, "description": "Forbidden: bot was kicked from the group chat"}, 403),
    ),
    "webhook": Kind(_webhook, lambda s: Says(429, "", _late(s)), Says(410)),
}
KINDS = {**KINDS, "lark": KINDS["feishu"]}
SIGNED = frozenset({"feishu", "lark", "dingtalk", "webhook"})
