"""SNS: moto checks and numbers a publication, the delivery is ours: to queues, filtered, raw or in SNS's envelope.

Source: "Amazon SNS message attributes", "raw message delivery" and "Fanout to Amazon SQS queues" in the SNS developer
guide.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from functions.local.clock import Clock
from functions.local.moto_aws import Answer, Moto
from functions.local.refusals import Refusal
from functions.local.resources import Subscription, Topic
from functions.local.sqs import Sqs


@dataclass(frozen=True)
class Publication:
    """What was published; attribute values as SNS shows them: {name: {"Type": …, "Value": …}}."""

    topic_arn: str
    message_id: str
    message: str
    subject: str | None
    attributes: Mapping[str, Mapping[str, str]]
    at: float


class Sns:
    """The topics of one cloud and the queues subscribed to them."""

    def __init__(self, moto: Moto, sqs: Sqs, clock: Clock) -> None:
        self._moto = moto
        self._sqs = sqs
        self._clock = clock
        self._subscriptions: list[Subscription] = []

    def create(self, topics: Mapping[str, Topic], subscriptions: Mapping[str, Subscription]) -> None:
        """Create the template's topics and subscribe its queues."""
        for topic in topics.values():
            self._moto.create_topic(topic.name)
        for subscription in subscriptions.values():
            self.subscribe(subscription)

    def subscribe(self, subscription: Subscription) -> None:
        """Deliver what is published from now on to one more queue."""
        self._matcher(subscription)  # a filter policy that cannot be read is refused now, not at the first message
        self._subscriptions.append(subscription)

    def answer(self, headers: Mapping[str, str], body: bytes, form: Mapping[str, str], trace: str | None) -> Answer:
        """Answer one call; a publication is delivered before its sender has the answer."""
        if form.get("Action") == "Subscribe" and form.get("Protocol") != "sqs":
            raise Refusal("InvalidParameter", "Invalid parameter: Protocol: the local cloud delivers to sqs alone")
        answer = self._moto.wire("sns", headers, body)
        if form.get("Action") == "Subscribe":
            self._moto.silence_subscriptions()
        if form.get("Action") in {"Publish", "PublishBatch"} and answer.status == 200:
            topic = self._moto.topic(form["TopicArn"])
            sent, topic.sent_notifications[:] = list(topic.sent_notifications), []
            for message_id, message, subject, attributes, _ in sent:
                publication = Publication(topic.arn, message_id, message, subject, attributes or {}, self._clock.now())
                self._deliver(publication, trace)
        return answer

    def _deliver(self, publication: Publication, trace: str | None) -> None:
        for subscription in (*self._subscriptions, *self._asked_for()):
            if subscription.topic_arn == publication.topic_arn and self._wanted(subscription, publication):
                if not self._sqs.has(subscription.queue_arn):
                    continue  # its queue is gone, or never was: SNS tells the publisher nothing of it
                box = self._sqs.mailbox(subscription.queue_arn)
                body = publication.message if subscription.raw else json.dumps(envelope(publication, subscription))
                attributes = _sqs_attributes(publication) if subscription.raw else {}
                with self._moto.time(), box.traced(trace):
                    self._moto.sqs().send_message(box.name, body, message_attributes=attributes)

    def _asked_for(self) -> list[Subscription]:
        """Return the subscriptions that were made over the wire, as they are now: moto keeps them."""
        return [
            Subscription(
                logical_id=moto.arn,
                topic_arn=moto.topic.arn,
                queue_arn=moto.endpoint,
                filter_policy=json.loads(moto.attributes.get("FilterPolicy") or "null"),
                scope=moto.attributes.get("FilterPolicyScope") or "MessageAttributes",
                raw=str(moto.attributes.get("RawMessageDelivery")).lower() == "true",
            )
            for moto in self._moto.subscriptions()
        ]

    def _wanted(self, subscription: Subscription, publication: Publication) -> bool:
        matcher = self._matcher(subscription)
        return matcher is None or bool(matcher.matches(publication.attributes, publication.message))

    @staticmethod
    def _matcher(subscription: Subscription) -> Any:
        from moto.sns.utils import FilterPolicyMatcher  # noqa: PLC0415 - moto's SNS is loaded when a topic is

        policy = subscription.filter_policy
        return None if policy is None else FilterPolicyMatcher(dict(policy), subscription.scope)


def envelope(publication: Publication, subscription: Subscription) -> dict[str, Any]:
    """Return the document that SNS puts into a queue without raw delivery. Nothing local signs it."""
    moment = datetime.fromtimestamp(publication.at, UTC)
    content: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": str(UUID(publication.message_id)),
        "TopicArn": publication.topic_arn,
        "Message": publication.message,
        "Timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z",
        "SignatureVersion": "1",
        "Signature": "not-signed-locally",
        "SigningCertURL": "https://sns.local/not-signed-locally.pem",
        "UnsubscribeURL": f"https://sns.local/?Action=Unsubscribe&SubscriptionArn={subscription.topic_arn}",
    }
    if publication.subject:
        content["Subject"] = publication.subject
    if publication.attributes:
        content["MessageAttributes"] = dict(publication.attributes)
    return content


def _sqs_attributes(publication: Publication) -> dict[str, dict[str, str]]:
    return {
        name: {"DataType": value["Type"], _field(value["Type"]): str(value["Value"])}
        for name, value in publication.attributes.items()
    }


def _field(data_type: str) -> str:
    return "BinaryValue" if data_type.startswith("Binary") else "StringValue"
