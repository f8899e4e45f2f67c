"""Our shorter way of writing DynamoDB's answers, held against moto's own."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from moto.dynamodb.responses import DynamoHandler

from functions.local.clock import VirtualClock
from functions.local.moto_aws import Moto

TABLE = {
    "TableName": "t",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "kind")],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by_kind",
            "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
}
leaves = st.one_of(
    st.text(min_size=1, max_size=5).map(lambda text: {"S": text}),
    st.integers(-(10**6), 10**6).map(lambda number: {"N": str(number)}),
    st.booleans().map(lambda truth: {"BOOL": truth}),
    st.just({"NULL": True}),
    st.binary(min_size=1, max_size=4).map(lambda _: {"B": "AP8="}),
    st.just({"SS": ["a", "b"]}),
)
names = st.text("abcdef", min_size=1, max_size=4)
values: Any = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"L": parts}),
        st.dictionaries(names, inner, max_size=3).map(lambda parts: {"M": parts}),
    ),
    max_leaves=6,
)
items = st.dictionaries(names, values, max_size=4).map(lambda item: {**item, "pk": {"S": "a"}, "kind": {"S": "k"}})


def calls(item: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return one call of every operation, and one that is refused."""
    key = {"pk": {"S": "a"}}
    by_kind = {
        "IndexName": "by_kind",
        "KeyConditionExpression": "kind = :k",
        "ExpressionAttributeValues": {":k": {"S": "k"}},
    }
    update = {"UpdateExpression": "SET z = :z", "ExpressionAttributeValues": {":z": {"N": "1"}}}
    return [
        ("GetItem", {"Key": key}),
        ("PutItem", {"Item": item}),
        ("PutItem", {"Item": item, "ReturnValues": "ALL_OLD"}),
        ("GetItem", {"Key": key, "ConsistentRead": True}),
        ("GetItem", {"Key": key, "ReturnConsumedCapacity": "TOTAL"}),
        ("UpdateItem", {"Key": key, **update}),
        ("UpdateItem", {"Key": key, **update, "ReturnValues": "ALL_NEW"}),
        ("PutItem", {"Item": {**key, "pk": {"S": "b"}, "kind": {"S": "k"}}}),
        ("Query", by_kind),
        ("Query", {**by_kind, "Limit": 1}),
        ("Scan", {}),
        ("Scan", {"Select": "COUNT"}),
        (
            "PutItem",
            {
                "Item": item,
                "ConditionExpression": "attribute_not_exists(pk)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            },
        ),
        ("DeleteItem", {"Key": key, "ReturnValues": "ALL_OLD"}),
    ]


@given(items)
@settings(max_examples=40, deadline=None)
def test_every_answer_about_items_says_what_motos_own_says(item: dict[str, Any]) -> None:
    clock = VirtualClock()
    ours, theirs = Moto("123456789012", "us-east-1", clock), Moto("210987654321", "us-east-1", clock)
    theirs._responses["dynamodb"] = DynamoHandler
    try:
        for moto in (ours, theirs):
            moto.call("dynamodb", "CreateTable", TABLE)
        for action, request in calls(item):
            headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"DynamoDB_20120810.{action}"}
            body = json.dumps({"TableName": "t", **request}).encode()
            one, two = (moto.wire("dynamodb", headers, body) for moto in (ours, theirs))
            assert (one.status, json.loads(one.body)) == (two.status, json.loads(two.body)), action
    finally:
        ours.forget()
        theirs.forget()
