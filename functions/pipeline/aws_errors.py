"""What AWS answers when it refuses, as exceptions.

    AwsError               any refusal, and no answer at all (status 0)
    └── ConditionFailed    a condition of a DynamoDB write did not hold

JSON protocols name the error in `__type`; SNS answers XML; a gateway in between may answer anything. No body may crash
the reader. Sources: "Error responses" of the SQS, DynamoDB and Secrets Manager API references, SNS "Common errors".
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from functions.pipeline.attribute_values import decode_item

SHOWN = 300
"""Characters of an unreadable body that are kept in the message."""

THROTTLING = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "Throttled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)


class AwsError(Exception):
    """AWS refused a call, or did not answer (status 0, code "Unreachable").

    `code` is the service's own error code, `message` its text. `retryable` says that the same call may succeed later.
    """

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(f"{code} (HTTP {status}): {message}" if status else f"{code}: {message}")
        self.code = code
        self.status = status
        self.message = message

    @property
    def retryable(self) -> bool:
        """Throttled, failed on their side, or not reached."""
        return self.status in {0, 429} or self.status >= 500 or self.code in THROTTLING


class ConditionFailed(AwsError):
    """The condition of a write did not hold; `item` is what the table has instead (plain Python), None if nothing."""

    def __init__(self, code: str, status: int, message: str, item: dict[str, Any] | None) -> None:
        super().__init__(code, status, message)
        self.item = item


def error_from(status: int, headers: Mapping[str, str], body: bytes) -> AwsError:
    """Read a refusal in whichever of AWS's shapes it comes."""
    text = body.decode("utf-8", "replace")
    document = parse_object(text)
    code = _code(document, headers, text)
    message = _message(document, text)
    if code == "ConditionalCheckFailedException":
        item = document.get("Item")
        return ConditionFailed(code, status, message, decode_item(item) if item else None)
    return AwsError(code, status, message)


def parse_object(text: str) -> dict[str, Any]:
    """Return the JSON object in `text`, or an empty one if there is none: status and raw text tell the rest."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _code(document: Mapping[str, Any], headers: Mapping[str, str], text: str) -> str:
    named = document.get("__type") or headers.get("x-amzn-errortype") or _xml(text, "Code")
    return str(named).rpartition("#")[2].partition(":")[0] if named else "Unknown"


def _message(document: Mapping[str, Any], text: str) -> str:
    return str(document.get("message") or document.get("Message") or _xml(text, "Message") or text[:SHOWN])


def _xml(text: str, tag: str) -> str | None:
    # A pattern, not a parser: an error needs two leaves, and no XML library has to be loaded or trusted for that.
    found = re.search(rf"<{tag}>([^<]*)</{tag}>", text)
    return found[1] if found else None
