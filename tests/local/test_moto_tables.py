"""Our shorter way of writing DynamoDB's answers, held against moto's own."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser  # type: ignore[attr-defined]
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]
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


UPDATES = [
    "SET a = :n",
    "SET a = :n, #b = :m",
    "SET a = a + :n, l = list_append(l, :l)",
    "SET #b.c = if_not_exists(#b.c, :n) + :n REMOVE l[0], l[1] ADD s :s, a :n",
    "DELETE s :s SET l[0] = :n, new = a",
    "REMOVE #b, a",
    # Refused, each by another one of those that look at an expression:
    "SET a = :n SET a = :n",
    "SET a = :n REMOVE a",
    "SET pk = :s",
    "SET a = :unknown",
    "SET a = missing",
    "SET a = list_append(a, :l)",
    "SET x.y.z = :n",
    "SET kind = :n",
    "SET kind = :empty",
    "SET",
]


def updated(moto: Moto) -> list[tuple[int, Any]]:
    """What one table answers to all these updates, each of which is asked for twice."""
    item = {"pk": {"S": "a"}, "kind": {"S": "k"}, "a": {"N": "1"}, "s": {"SS": ["x"]}}
    item |= {"l": {"L": [{"N": "1"}, {"N": "2"}, {"N": "3"}]}, "b": {"M": {"c": {"N": "5"}}}}
    values = {":n": {"N": "1"}, ":m": {"M": {}}, ":l": {"L": [{"S": "l"}]}, ":s": {"SS": ["y"]}, ":empty": {"S": ""}}
    moto.call("dynamodb", "CreateTable", TABLE)
    answers = []
    for expression in UPDATES * 2:
        moto.call("dynamodb", "PutItem", {"TableName": "t", "Item": item})
        request: dict[str, Any] = {"TableName": "t", "Key": {"pk": {"S": "a"}}, "ReturnValues": "ALL_NEW"}
        request["UpdateExpression"] = expression
        if "#b" in expression:
            request["ExpressionAttributeNames"] = {"#b": "b"}
        if used := {name: value for name, value in values.items() if re.search(rf"{name}\b", expression)}:
            request["ExpressionAttributeValues"] = used
        headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.UpdateItem"}
        answer = moto.wire("dynamodb", headers, json.dumps(request).encode())
        answers.append((answer.status, json.loads(answer.body)))
    return answers


def test_every_update_ends_as_where_nothing_of_how_moto_reads_it_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for account in ("123456789012", "210987654321"):
        moto = Moto(account, "us-east-1", VirtualClock())
        try:
            found.append(updated(moto))
        finally:
            moto.forget()
        replaced: Callable[..., Any] = UpdateExpressionParser.make
        monkeypatch.setattr(UpdateExpressionParser, "make", staticmethod(getattr(replaced, "__wrapped__", replaced)))
        monkeypatch.setattr(DepthFirstTraverser, "traverse", DepthFirstTraverser.traverse_node_recursively)
    assert found[0] == found[1]
    statuses = [status for status, _ in found[0]]
    assert min(statuses.count(200), statuses.count(400)) > len(UPDATES) // 2
