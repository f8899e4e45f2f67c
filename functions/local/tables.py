"""DynamoDB tables of a stack: created in moto, and emptied of what is past its time to live.

Source: "Using time to live (TTL) in DynamoDB" in the DynamoDB developer guide. DynamoDB promises a few days; the local
cloud looks once an hour.
"""

from collections.abc import Mapping

from functions.local.clock import Clock, wait_until
from functions.local.moto_aws import Moto
from functions.local.resources import Table

EVERY_SECONDS = 3600
OLDEST_SECONDS = 5 * 365 * 86_400
"""A time to live further back than five years is not one: DynamoDB leaves such items alone."""


def create_tables(moto: Moto, tables: Mapping[str, Table]) -> None:
    """Create the template's tables."""
    for table in tables.values():
        moto.call("dynamodb", "CreateTable", dict(table.definition))


async def expire_items(moto: Moto, table: Table, clock: Clock) -> None:
    """Delete expired items of one table every hour, until cancelled."""
    while True:
        await wait_until(clock, clock.now() + EVERY_SECONDS, recurring=True)
        delete_expired(moto, table, clock.now())


def delete_expired(moto: Moto, table: Table, now: float) -> None:
    """Delete the items whose TTL attribute (a number, epoch seconds) is in the past."""
    keys = [part["AttributeName"] for part in table.definition["KeySchema"]]
    for item in moto.call("dynamodb", "Scan", {"TableName": table.name}).get("Items", []):
        end = item.get(table.ttl, {}).get("N")
        if end is not None and now - OLDEST_SECONDS < float(end) < now:
            key = {name: item[name] for name in keys}
            moto.call("dynamodb", "DeleteItem", {"TableName": table.name, "Key": key})
