"""moto's DynamoDB without its slowest part: answers about items are written as they are.

moto looks up every attribute of an item in the service's model before it writes it, which takes most of a call. An
item has no such model: its attributes are what they are. A test holds both answers against each other.
"""

import base64
import json
from typing import Any

from moto.core.responses import ActionResult
from moto.dynamodb.responses import DynamoHandler

ITEM_OPERATIONS = frozenset({"DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"})

MEMBERS = ("Attributes", "ConsumedCapacity", "Count", "Item", "Items", "LastEvaluatedKey", "ScannedCount")
"""What answers to these operations may have; moto's results hold more."""


class LeanTables(DynamoHandler):
    """moto's DynamoDB."""

    def serialized(self, action_result: ActionResult) -> Any:
        """Return (status, headers, body) of a result; refusals and all but items are moto's to write."""
        result = action_result.result
        if not isinstance(result, dict) or self._get_action() not in ITEM_OPERATIONS:
            return super().serialized(action_result)
        told = {name: result[name] for name in MEMBERS if result.get(name) is not None}
        headers = {**self.response_headers, "content-type": "application/x-amz-json-1.0"}
        return 200, headers, json.dumps(told, default=_base64)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
