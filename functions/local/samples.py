"""Two sample databases, a shop before and after a migration that lost something: what the demo compares."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

JOB_ID = "sample-shop"
ACCESS_KEY = "SAMPLEKEY"
SECRET_VARIABLE = "PARITY_SAMPLE_SECRET_KEY"  # noqa: S105 - its name, not its value
_SCHEMA = """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT);
    CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price INTEGER NOT NULL);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers (id), day TEXT);
    CREATE TABLE order_items (orders INTEGER NOT NULL, product INTEGER NOT NULL, amount INTEGER NOT NULL);
    CREATE INDEX orders_by_customer ON orders (customer);
    CREATE VIEW revenue AS SELECT product, sum(amount) AS sold FROM order_items GROUP BY product;
"""
_SOURCE_ALONE = """
    CREATE TABLE audit_log (id INTEGER PRIMARY KEY, told TEXT);
    CREATE INDEX orders_by_day ON orders (day);
    CREATE TRIGGER orders_audited AFTER INSERT ON orders BEGIN INSERT INTO audit_log (told) VALUES ('order'); END;
"""
_CITIES = ("Lagos", "Lima", "Oslo", "Osaka")
_CUSTOMERS, _PRODUCTS, _ORDERS = 400, 60, 1200
_LOST_ORDERS = 13


@dataclass(frozen=True)
class Samples:
    """Two SQLite files."""

    source: Path
    target: Path


def make_samples(folder: Path) -> Samples:
    """Make both databases in `folder`. The target lacks a table, an index, a trigger, and one table's newest rows."""
    samples = Samples(folder / "source" / "shop.db", folder / "target" / "shop.db")
    _make(samples.source, _ORDERS, migrated=False)
    _make(samples.target, _ORDERS - _LOST_ORDERS, migrated=True)
    return samples


def jobs_file(samples: Samples, project_id: str) -> str:
    """The jobs.toml with the sample databases as one DRS job, and one access key; its secret is in SECRET_VARIABLE."""
    return f"""\
[auth]
project_ids = ["{project_id}"]
access_keys = {{ {ACCESS_KEY} = "env:{SECRET_VARIABLE}" }}

[jobs."{JOB_ID}"]
source = {_quoted(samples.source)}
target = {_quoted(samples.target)}
"""


def _quoted(path: Path) -> str:
    # A TOML literal string holds anything but its quote and control characters.
    return f"'{path}'" if "'" not in str(path) else '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _make(path: Path, orders: int, *, migrated: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_SCHEMA)
        connection.executemany("INSERT INTO customers VALUES (?, ?, ?)", _customers())
        connection.executemany(
            "INSERT INTO products VALUES (?, ?, ?)", ((n, f"product {n}", 100 + n) for n in range(_PRODUCTS))
        )
        connection.executemany(
            "INSERT INTO orders VALUES (?, ?, ?)",
            ((n, n % _CUSTOMERS, f"2026-11-{1 + n % 28:02}") for n in range(orders)),
        )
        connection.executemany(
            "INSERT INTO order_items VALUES (?, ?, ?)", ((n % _ORDERS, n % _PRODUCTS, 1) for n in range(2 * _ORDERS))
        )
        if not migrated:
            connection.executescript(_SOURCE_ALONE)
            connection.executemany("INSERT INTO audit_log (told) VALUES (?)", (("order",) for _ in range(42)))


def _customers() -> Iterator[tuple[int, str, str]]:
    return ((n, f"customer {n}", _CITIES[n % len(_CITIES)]) for n in range(_CUSTOMERS))
