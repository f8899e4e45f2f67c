"""EventBridge: what is put on the account's default bus goes to the queues of the rules that it matches.

Only what AWS services tell of themselves comes here, so there is no API to put events: whoever stands in for the
service calls `put`. Source: "Amazon EventBridge event patterns" and "Rules" in the EventBridge user guide.
"""

import json
from collections.abc import Mapping
from typing import Any

from functions.local.errors import TemplateError
from functions.local.identities import Identity
from functions.local.moto_aws import Moto
from functions.local.resources import EventRule, Queue
from functions.local.sqs import Sqs


class EventBus:
    """The default bus of one cloud, with the rules of its template."""

    def __init__(self, rules: Mapping[str, EventRule], moto: Moto, sqs: Sqs) -> None:
        self._rules = rules
        self._moto = moto
        self._sqs = sqs

    def put(self, event: Mapping[str, Any]) -> tuple[str, ...]:
        """Send an event to every target that wants it; returns the logical ids of the rules that it matched."""
        matched = [rule for rule in self._rules.values() if rule.enabled and matches(rule.pattern, event)]
        for rule in matched:
            for arn in rule.queue_arns:
                with self._moto.time():
                    self._moto.sqs().send_message(self._sqs.mailbox(arn).name, json.dumps(event))
        return tuple(rule.logical_id for rule in matched)


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether every field of the pattern is in the event with one of the values that the pattern lists."""
    return all(_holds(wanted, event.get(name)) for name, wanted in pattern.items())


def _holds(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(value, Mapping) and matches(wanted, value)
    values = value if isinstance(value, list) else [value]
    return any(one in wanted for one in values)


def read_event_rule(
    logical_id: str, properties: Mapping[str, Any], known: Identity, queues: Mapping[str, Queue]
) -> EventRule:
    """Return a rule that matches exact values and sends to queues; `queues` are by ARN."""
    pattern = properties.get("EventPattern")
    if not isinstance(pattern, Mapping):
        msg = f"{logical_id}: the local cloud knows rules with an EventPattern; a schedule is an event of its function"
        raise TemplateError(msg)
    _check_exact(logical_id, pattern)
    arns = tuple(target["Arn"] for target in properties.get("Targets", ()))
    if not arns or any(arn not in queues for arn in arns):
        msg = f"{logical_id}: the targets of a rule must be queues of this template"
        raise TemplateError(msg)
    return EventRule(logical_id, str(known[None]), pattern, arns, properties.get("State", "ENABLED") == "ENABLED")


def _check_exact(where: str, pattern: Mapping[str, Any]) -> None:
    for name, wanted in pattern.items():
        if isinstance(wanted, Mapping):
            _check_exact(f"{where}.{name}", wanted)
        elif not isinstance(wanted, list) or any(isinstance(one, dict | list) for one in wanted):
            msg = f"{where}: {name} of an EventPattern must list exact values; the local cloud knows no other matching"
            raise TemplateError(msg)
