"""How each AWS service words a refusal, and which additions to moto the front makes.

Sources: "Common errors" of the SQS, SNS, DynamoDB and Secrets Manager API references; the shapes were seen in answers
of AWS to the checking client of moto's own tests.
"""

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

from functions.local.moto_aws import Answer

ADDITIONS = {
    "signatures": "every call's Signature Version 4 is recomputed; wrong key, secret, token or time is refused",
    "permissions": "a function may do only what its role's statements allow, index and key ARNs included",
    "trace-header": "X-Amzn-Trace-Id of a send or publish reaches the receiver as AWSTraceHeader",
    "dead-letter-source": "a dead letter carries DeadLetterQueueSourceArn",
    "message-size": "1 MiB is counted in bytes, attributes included",
    "message-text": "an empty body and characters outside XML 1.0 are refused",
    "message-attributes": "more than 10 attributes are refused",
    "message-delay": "DelaySeconds below 0 is refused",
    "message-retention": "a message older than the queue's retention is gone",
    "not-in-flight": "ChangeMessageVisibility of a message that is not in flight is refused",
    "item-size": "an UpdateItem whose result would exceed 400 KB is refused and changes nothing",
    "long-poll": "a long poll waits without a thread and wakes when a message arrives or becomes visible",
    "stack-queues": "a queue of the running stack is not deleted",
    "subscriptions": "SNS delivers to SQS queues alone, filtered, raw or in its envelope, without a signature",
    "time-to-live": "items past their TTL attribute are deleted, within the hour",
}
"""What the front adds to moto: the whole list. A test pins it, each entry has a test of its own."""


@dataclass(eq=False)
class Refusal(Exception):
    """A service's refusal: its own error code, a text, and the HTTP status of that service."""

    code: str
    message: str
    status: int = 400


_COMMON = {
    # what happened: code in SQS and SNS, in DynamoDB and Secrets Manager
    "no_token": ("MissingAuthenticationToken", "MissingAuthenticationTokenException"),
    "unknown_key": ("InvalidClientTokenId", "UnrecognizedClientException"),
    "bad_signature": ("SignatureDoesNotMatch", "InvalidSignatureException"),
}


def signature_refusal(service: str, what: str, message: str) -> Refusal:
    """Return the refusal of a call that is not signed as it should be."""
    query, json_code = _COMMON[what]
    return Refusal(query, message, 403) if service in {"sqs", "sns"} else Refusal(json_code, message)


def access_refusal(service: str, who: str, action: str, resource: str) -> Refusal:
    """Return the refusal of a call that the caller's role does not allow."""
    message = (
        f"User: {who} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )
    if service == "sns":
        return Refusal("AuthorizationError", message, 403)
    return Refusal("AccessDeniedException", message, 403 if service == "sqs" else 400)


def answer_of(service: str, refusal: Refusal) -> Answer:
    """Return the refusal in the service's own shape."""
    if service == "sns":
        text = (
            '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>'
            f"<Code>{escape(refusal.code)}</Code><Message>{escape(refusal.message)}</Message></Error>"
            "<RequestId>00000000-0000-4000-8000-000000000000</RequestId></ErrorResponse>"
        )
        return Answer(refusal.status, {"content-type": "text/xml"}, text.encode())
    prefix = "com.amazonaws.sqs" if service == "sqs" else "com.amazon.coral.service"
    headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-errortype": refusal.code}
    if service == "sqs":
        headers["x-amzn-query-error"] = f"{refusal.code.removesuffix('Exception')};Sender"
    body = {"__type": f"{prefix}#{refusal.code}", "message": refusal.message}
    return Answer(refusal.status, headers, json.dumps(body).encode())
