"""`parity compare`: what differs, by name, and the exit code of the verdict."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from functions.local.samples import Samples
from tests.cli.conftest import Parity


def test_what_differs_is_told_by_name_and_the_code_is_1(parity: Parity, shop: Samples) -> None:
    ended = parity("compare", str(shop.source), str(shop.target))
    assert ended.code == 1
    assert "only in source  audit_log" in ended.out
    assert "only in source  `orders`.`orders_by_day`" in ended.out
    assert "DIFFERENT  13 fewer in the target" in ended.out
    assert "3 other tables: same" in ended.out
    assert ended.out.splitlines()[-1].startswith("inconsistent: objects INCONSISTENT")


def test_a_database_is_consistent_with_itself_and_the_code_is_0(parity: Parity, shop: Samples) -> None:
    ended = parity("compare", str(shop.source), str(shop.source))
    assert ended.code == 0
    assert ended.out.splitlines()[-1].startswith("consistent: ")


@pytest.mark.parametrize("form", ["{0}", "sqlite:///{0}"])
def test_paths_and_urls_name_the_same_database(parity: Parity, shop: Samples, form: str) -> None:
    assert parity("compare", form.format(shop.source), form.format(shop.source), "--objects").code == 0


def test_a_relative_url_is_relative_to_the_working_directory(parity: Parity, shop: Samples) -> None:
    assert parity("compare", "sqlite:///source/shop.db", "target/shop.db").code == 1


def test_folders_are_compared_database_by_database(parity: Parity, shop: Samples) -> None:
    (shop.source.parent / "more.db").write_bytes(shop.source.read_bytes())
    ended = parity("compare", str(shop.source.parent), str(shop.target.parent), "--lines")
    assert ended.code == 1
    assert "more (database)" in ended.out or "more.orders" in ended.out


def test_one_level_alone_says_what_was_not_compared(parity: Parity, shop: Samples) -> None:
    ended = parity("compare", str(shop.source), str(shop.source), "--lines")
    assert "objects and values not compared" in ended.out


def test_tables_limit_the_rows_and_leave_objects_out(parity: Parity, shop: Samples) -> None:
    ended = parity("compare", str(shop.source), str(shop.target), "--tables", "customers,products")
    assert ended.code == 0
    assert "2 tables: same" in ended.out


def test_a_table_that_is_nowhere_makes_it_incomplete(parity: Parity, shop: Samples) -> None:
    ended = parity("compare", str(shop.source), str(shop.source), "--tables", "nowhere")
    assert ended.code == 3
    assert "shop.nowhere" in ended.out


def test_two_databases_without_any_table_prove_nothing(parity: Parity, home: Path) -> None:
    with closing(sqlite3.connect(home / "empty.db")) as connection:
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    assert parity("compare", "empty.db", "empty.db", "--lines").code == 3


def test_a_file_that_is_no_database_makes_it_failed_with_the_reason(parity: Parity, shop: Samples, home: Path) -> None:
    (home / "notes.db").write_text("not a database at all, but long enough to look at" * 50)
    ended = parity("compare", "notes.db", str(shop.target))
    assert ended.code == 4
    assert "it is not a SQLite database" in ended.out
    assert "consistent: " not in ended.out


def test_json_is_one_line_with_the_verdict_and_the_differences(parity: Parity, shop: Samples) -> None:
    ended = parity("compare", str(shop.source), str(shop.target), "--json")
    (line,) = ended.out.splitlines()
    found = json.loads(line)
    assert found["verdict"] == "inconsistent"
    assert found["levels"] == {"objects": "inconsistent", "lines": "inconsistent", "contents": "not_requested"}
    tables = {t["source_table"]: t for t in found["data"]["tables"]}
    assert (tables["orders"]["source_rows"], tables["orders"]["target_rows"]) == (1200, 1187)
    (kind,) = [t for t in found["objects"]["types"] if t["type"] == "TABLE"]
    assert kind["only_in_source"] == ["audit_log"]


def test_neither_database_is_changed(parity: Parity, shop: Samples) -> None:
    before = shop.source.read_bytes(), shop.target.read_bytes()
    parity("compare", str(shop.source), str(shop.target))
    assert (shop.source.read_bytes(), shop.target.read_bytes()) == before
    assert [p.name for p in shop.source.parent.iterdir()] == ["shop.db"]


def test_a_name_that_could_move_the_cursor_is_shown_escaped(parity: Parity, shop: Samples) -> None:
    with closing(sqlite3.connect(shop.source)) as connection:
        connection.execute('CREATE TABLE "evil\x1b[2J\nname" (id INTEGER)')
        connection.commit()
    ended = parity("compare", str(shop.source), str(shop.target))
    assert "\x1b" not in ended.out
    assert "evil\\x1b[2J\\nname" in ended.out
