"""moto's DynamoDB without its slowest part: answers about items are written as they are; and updates that are atomic.

moto looks up every attribute of an item in the service's model before it writes it, which takes most of a call. An
item has no such model: its attributes are what they are. A test holds both answers against each other.

moto finds out that an item has become too large while it changes it, and leaves it half changed; and it counts what a
new value replaces as if it were still there.
"""

import base64
import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.core.responses import ActionResult
from moto.dynamodb.exceptions import ItemSizeToUpdateTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.responses import DynamoHandler

MAXIMUM_BYTES = 400 * 1024
"""Of an item, names and values: "Item size" of DynamoDB's quotas."""

ITEM_OPERATIONS = frozenset({"DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"})

MEMBERS = ("Attributes", "ConsumedCapacity", "Count", "Item", "Items", "LastEvaluatedKey", "ScannedCount")
"""What answers to these operations may have; moto's results hold more."""


class LeanTables(DynamoHandler):
    """moto's DynamoDB."""

    def update_item(self) -> ActionResult:
        """Update an item, or refuse and leave it as it was."""
        with self._all_or_nothing():
            return super().update_item()

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        # Called from the event loop alone: nobody sees the item meanwhile.
        table, key = self._named_item()
        if key is None:  # no such table or a bad key, which is moto's to refuse
            yield
            return
        before: Item | None = table.get_item(*key)
        kept = copy.deepcopy(before)
        if before:
            before.attrs = _Attributes(before.attrs)
        try:
            yield
            _check_size(table.get_item(*key))
        except BaseException:
            if before and kept:
                before.attrs = kept.attrs
            else:
                table.delete_item(*key)
            raise

    def _named_item(self) -> tuple[Any, tuple[DynamoType, DynamoType | None] | None]:
        table, given = self.dynamodb_backend.tables.get(self.body.get("TableName")), self.body.get("Key")
        names = [table.hash_key_attr, *([table.range_key_attr] if table.has_range_key else [])] if table else []
        if not names or not isinstance(given, dict) or set(given) != set(names):
            return table, None
        keys = [DynamoType(given[name]) for name in names]
        return table, (keys[0], keys[1] if len(keys) > 1 else None)

    def serialized(self, action_result: ActionResult) -> Any:
        """Return (status, headers, body) of a result; refusals and all but items are moto's to write."""
        result = action_result.result
        if not isinstance(result, dict) or self._get_action() not in ITEM_OPERATIONS:
            return super().serialized(action_result)
        told = {name: result[name] for name in MEMBERS if result.get(name) is not None}
        headers = {**self.response_headers, "content-type": "application/x-amz-json-1.0"}
        return 200, headers, json.dumps(told, default=_base64)


class _Attributes(LimitedSizeDict):
    """An item's attributes while it is changed; how large it may be is decided when it has been."""

    def __init__(self, attributes: dict[str, Any]) -> None:
        dict.__init__(self, attributes)

    def __setitem__(self, name: str, value: Any) -> None:
        dict.__setitem__(self, name, value)


def _check_size(item: Item) -> None:
    if item.size() > MAXIMUM_BYTES:
        raise ItemSizeToUpdateTooLarge


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
