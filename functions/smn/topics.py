"""The entry `smn` of the triggers secret: the topics that may ask for comparisons. A topic that isn't listed is closed.

    "smn": [{"topic": "urn:smn:cn-north-4:<project id>:drs-alarms",
             "mapping": {"when": "message.status == 'ended'", "request": {"job_id": "message.drs_job", …}}}]

`hosts` names where the topic's certificates and its confirmation are, should that not be SMN's host of the region.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from functions.pipeline.credentials_text import BadSecret
from functions.pipeline.triggers.expressions import check

ENTRY = "smn"
_URN = re.compile(r"urn:smn:([a-z0-9-]{1,64}):[0-9a-f]{32}:[A-Za-z0-9_-]{1,255}", re.ASCII)
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?(?::\d{1,5})?", re.ASCII)
_MOST_TOPICS, _MOST_HOSTS = 1_000, 20


@dataclass(frozen=True)
class Topic:
    """A topic, the hosts that speak for it, and what its messages ask for."""

    urn: str
    hosts: tuple[str, ...]
    request: dict[str, Any] | str
    when: str | None = None


@dataclass(frozen=True)
class _Entry:
    number: int
    content: dict[str, Any] = field(repr=False)

    def wrong(self, what: str) -> BadSecret:
        return BadSecret(f"entry {ENTRY} of the triggers secret: {self.number}.{what}")


def topic_named(text: str, urn: str) -> Topic | None:
    """The topic with that URN in the secret's text; None where it isn't listed.

    Only the entry that is asked for is read: a mistake in one closes no other. Raises BadSecret, naming no value.
    """
    for number, content in enumerate(_listed(text)):
        if isinstance(content, dict) and content.get("topic") == urn:
            return _topic(_Entry(number, content))
    return None


def _listed(text: str) -> list[Any]:
    try:
        document = json.loads(text or "{}")
    except (ValueError, RecursionError):
        raise BadSecret("the triggers secret must be JSON") from None
    if not isinstance(document, dict):
        raise BadSecret("the triggers secret must be a JSON object with an entry for each source")
    listed = document.get(ENTRY) or []
    if not isinstance(listed, list) or len(listed) > _MOST_TOPICS:
        raise BadSecret(f"entry {ENTRY} of the triggers secret must be a list of at most {_MOST_TOPICS} topics")
    return listed


def _topic(entry: _Entry) -> Topic:
    if unknown := entry.content.keys() - {"topic", "hosts", "mapping"}:
        raise entry.wrong(f"{min(unknown)[:64]}: unknown field")
    urn = _URN.fullmatch(entry.content["topic"])
    if urn is None:
        raise entry.wrong("topic: must be urn:smn:<region>:<project id>:<name>")
    hosts = entry.content.get("hosts", [f"smn.{urn[1]}.myhuaweicloud.com"])
    if not isinstance(hosts, list) or not 1 <= len(hosts) <= _MOST_HOSTS or not all(_is_host(host) for host in hosts):
        raise entry.wrong(
            f"hosts: must be 1 to {_MOST_HOSTS} host names in lower case, with a port where one is needed"
        )
    mapping = _mapping(entry)
    return Topic(urn[0], tuple(hosts), mapping["request"], mapping.get("when"))


def _is_host(value: Any) -> bool:
    return isinstance(value, str) and _HOST.fullmatch(value) is not None


def _mapping(entry: _Entry) -> dict[str, Any]:
    mapping = entry.content.get("mapping")
    if not isinstance(mapping, dict) or mapping.keys() - {"request", "when"}:
        raise entry.wrong("mapping: required, an object with `request` and, if wanted, `when`")
    if not isinstance(mapping.get("request"), dict | str) or not isinstance(mapping.get("when", ""), str):
        raise entry.wrong("mapping: `request` is an expression or an object, `when` an expression")
    check(mapping)
    return mapping
