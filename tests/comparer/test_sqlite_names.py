"""What the files of a folder are called as databases."""

import os
from pathlib import Path

import pytest

from functions.comparer.sqlite.names import databases_in

ODD = os.fsdecode(b"\xff.db")


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["shop.db", "notes.txt", "db"], {"shop": "shop.db"}),
        (["shop.DB", "b.Db"], {"shop": "shop.DB", "b": "b.Db"}),
        (["shop.DB", "shop.db"], {"shop": "shop.db", "shop.DB": "shop.DB"}),
        (["shop.DB", "shop.Db.db", "shop.db"], {"shop": "shop.db", "shop.DB": "shop.DB", "shop.Db": "shop.Db.db"}),
        (["a.DB", "a.db", "a.DB.db"], {"a": "a.db", "a.DB": "a.DB.db", "a.DB (2)": "a.DB"}),
        ([ODD, "a.db"], {"\\xff": ODD, "a": "a.db"}),
        ([ODD, "\\xff.db"], {"\\xff": "\\xff.db", "\\xff.db": ODD}),
    ],
)
def test_every_file_is_a_database_with_a_name_of_its_own(files: list[str], names: dict[str, str]) -> None:
    for order in (files, reversed(files)):
        found = databases_in(map(Path, order))
        assert {name: path.name for name, path in found.items()} == names
