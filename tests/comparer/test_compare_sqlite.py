"""What two SQLite databases are found to have in common, and where they differ."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.comparer.compare import Comparison, compare_databases
from functions.comparer.core.results import DataResult, ObjectResult, Progress
from tests.comparer.compared_sqlite import compare, tables_of
from tests.comparer.served import make_database, rows


def differing(found: Comparison) -> dict[str, set[tuple[str | None, str | None]]]:
    assert found.objects
    return {
        entry.type: {(d.source, d.target) for d in entry.details if d.result is not ObjectResult.CONSISTENT}
        for entry in found.objects.types
        if entry.result is not ObjectResult.CONSISTENT
    }


def test_equal_databases_are_consistent_and_complete(tmp_path: Path) -> None:
    statements = [*rows("t", 3), "CREATE VIEW v AS SELECT * FROM t"]
    found = compare(tmp_path, statements, statements)
    assert found.complete
    assert not found.differs


def test_objects_with_equal_counts_and_other_names_differ(tmp_path: Path) -> None:
    found = compare(
        tmp_path,
        ["CREATE TABLE t (a)", "CREATE INDEX old ON t (a)", "CREATE VIEW v AS SELECT 1"],
        ["CREATE TABLE t (a)", "CREATE INDEX new ON t (a)", "CREATE VIEW V AS SELECT 1"],
    )
    assert differing(found) == {
        "INDEX": {("`t`.`old`", None), (None, "`t`.`new`")},
        "VIEW": {("v", None), (None, "V")},
    }


def test_every_declared_constraint_is_compared(tmp_path: Path) -> None:
    found = compare(
        tmp_path,
        [
            "CREATE TABLE p (a, b, PRIMARY KEY (b, a)) WITHOUT ROWID",
            "CREATE TABLE t (a REFERENCES p ON DELETE CASCADE,"
            " b UNIQUE CHECK (b<>')' /* CHECK (no) */), 'CHECK (x)' INT)",
        ],
        ["CREATE TABLE p (a, b)", "CREATE TABLE t (a, b, 'CHECK (x)' INT)"],
    )
    assert {source for source, _ in differing(found)["CONSTRAINT"]} == {
        "`p`.`PRIMARY KEY (b, a)`",
        "`t`.`FOREIGN KEY (a) REFERENCES p ON DELETE CASCADE`",
        "`t`.`UNIQUE (b)`",
        "`t`.`CHECK (b <> ')')`",
    }


def test_checks_that_differ_in_layout_alone_are_equal(tmp_path: Path) -> None:
    found = compare(
        tmp_path,
        ["CREATE TABLE t (a CHECK(a>0 AND a<9))"],
        ["CREATE TABLE t (a check ( a > 0 AND\n a < 9 ))"],
    )
    assert found.complete
    assert not found.differs


def test_virtual_tables_count_as_tables_and_their_shadows_do_not(tmp_path: Path) -> None:
    statements = ["CREATE VIRTUAL TABLE search USING fts5(body)", "INSERT INTO search VALUES ('x')"]
    found = compare(tmp_path, statements, statements)
    assert tables_of(found) == {"source.search": (1, 1, DataResult.CONSISTENT)}
    assert found.objects
    assert {entry.type: entry.source_count for entry in found.objects.types} == {"DB": 1, "TABLE": 1}


OWNERS = {
    "contentless": ("CREATE VIRTUAL TABLE docs USING fts5(a, content='')", "docs_content"),
    "abbreviated": ("CREATE VIRTUAL TABLE docs USING fts5(a, c='')", "docs_content"),
    "external": ("CREATE VIRTUAL TABLE docs USING fts5(a, content = 'docs_content')", "docs_content"),
    "contentless fts4": ("CREATE VIRTUAL TABLE docs USING fts4(a, content='')", "DOCS_content"),
    "no sizes": ("CREATE VIRTUAL TABLE docs USING fts5(a, columnsize=0)", "docs_docsize"),
    "no statistics": ("CREATE VIRTUAL TABLE docs USING fts3(a)", "docs_stat"),
}


@pytest.mark.parametrize(("virtual", "name"), OWNERS.values(), ids=OWNERS.keys())
def test_a_table_of_the_users_named_like_one_of_a_modules_is_compared(tmp_path: Path, virtual: str, name: str) -> None:
    own = [f'CREATE TABLE "{name}" (id INTEGER PRIMARY KEY, a UNIQUE)', f"INSERT INTO {name} VALUES (1, 2), (2, 3)"]
    found = compare(tmp_path, [virtual, *own], [virtual, own[0]])
    assert tables_of(found)[f"source.{name}"] == (2, 0, DataResult.INCONSISTENT)
    make_database(tmp_path / "target.db", f"DROP TABLE {name}")
    found = compare_databases("source.db", "target.db", base=tmp_path)
    assert differing(found)["TABLE"] == {(name, None)}
    assert differing(found)["CONSTRAINT"] == {
        (f"`{name}`.`PRIMARY KEY (id)`", None),
        (f"`{name}`.`UNIQUE (a)`", None),
    }


def test_even_the_modules_form_is_the_users_where_the_module_makes_no_such_table(tmp_path: Path) -> None:
    virtual = "CREATE VIRTUAL TABLE docs USING fts5(a, content='', tokenize='ascii')"
    own = "CREATE TABLE 'docs_content'(id INTEGER PRIMARY KEY, c0)"
    found = compare(tmp_path, [virtual, own, "INSERT INTO docs_content VALUES (1, 2)"], [virtual, own])
    assert tables_of(found)["source.docs_content"] == (1, 0, DataResult.INCONSISTENT)


MODULES = ["fts3(a)", "fts4(a, b)", "fts5(a, tokenize='porter', prefix='2 3')", "rtree(id, a, b)"]


@pytest.mark.parametrize("module", MODULES)
def test_what_a_module_keeps_for_itself_is_left_out(tmp_path: Path, module: str) -> None:
    create = f'CREATE VIRTUAL TABLE "it\'s" USING {module}'
    found = compare(tmp_path, [create], [create])
    assert tables_of(found) == {"source.it's": (0, 0, DataResult.CONSISTENT)}


@pytest.mark.parametrize("module", ["fts5(a)", "rtree(id, a, b)"])
def test_what_a_renamed_virtual_table_keeps_for_itself_is_left_out(tmp_path: Path, module: str) -> None:
    renamed = [f"CREATE VIRTUAL TABLE old USING {module}", "ALTER TABLE old RENAME TO new"]
    found = compare(tmp_path, renamed, [f"CREATE VIRTUAL TABLE new USING {module}"])
    assert tables_of(found) == {"source.new": (0, 0, DataResult.CONSISTENT)}


def test_internal_tables_are_left_out(tmp_path: Path) -> None:
    source = [
        "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b UNIQUE)",
        "INSERT INTO t VALUES (1, 2)",
        "ANALYZE",
    ]
    target = ["CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE)", "INSERT INTO t VALUES (1, 2)"]
    found = compare(tmp_path, source, target)
    assert found.complete
    assert not found.differs


def test_a_table_missing_on_either_side_is_named(tmp_path: Path) -> None:
    found = compare(tmp_path, [*rows("both", 2), *rows("ours", 3)], [*rows("both", 2), *rows("theirs", 1)])
    assert tables_of(found) == {
        "source.both": (2, 2, DataResult.CONSISTENT),
        "source.ours": (3, 0, DataResult.INCONSISTENT),
        "source.theirs": (0, 1, DataResult.INCONSISTENT),
    }
    assert found.lines
    assert [table.message for table in found.lines.databases[0].tables] == [
        None,
        "The table is missing in the target.",
        "The table is missing in the source.",
    ]


def test_an_empty_table_missing_on_the_target_is_a_difference(tmp_path: Path) -> None:
    found = compare(tmp_path, [*rows("t", 1), *rows("empty", 0)], rows("t", 1))  # type: ignore[arg-type]
    assert tables_of(found)["source.empty"] == (0, 0, DataResult.INCONSISTENT)
    assert found.differs


def test_a_table_that_exists_nowhere_is_not_consistent(tmp_path: Path) -> None:
    found = compare(tmp_path, [*rows("t", 1)], [*rows("t", 1)], tables=("t", "nowhere"), objects=False)
    assert tables_of(found)["source.nowhere"] == (0, 0, DataResult.FAILED)
    assert found.uncompared == ("source.nowhere",)
    assert not found.complete
    assert not found.differs


def test_two_databases_without_a_table_are_not_called_consistent(tmp_path: Path) -> None:
    found = compare(tmp_path, [], [])
    assert found.lines
    assert [database.result for database in found.lines.databases] == [DataResult.CAN_NOT_COMPARE]
    assert not found.complete


def test_folders_are_paired_by_file_name_and_mapping(tmp_path: Path) -> None:
    for side, names in (("s", ["shop", "same", "lost"]), ("t", ["shop_v2", "same", "extra"])):
        (tmp_path / side).mkdir()
        (tmp_path / side / "notes.txt").write_text("not a database")
        for name in names:
            make_database(tmp_path / side / f"{name}.db", *rows("t", 1))
    found = compare_databases("s", "t", databases={"shop": "shop_v2"}, base=tmp_path)
    assert found.objects
    databases = found.objects.types[0]
    assert (databases.source_count, databases.target_count) == (3, 3)
    assert differing(found)["DB"] == {("lost", None), (None, "extra")}
    assert found.lines
    assert {(d.source_db, d.target_db): d.result for d in found.lines.databases} == {
        ("shop", "shop_v2"): DataResult.CONSISTENT,
        ("same", "same"): DataResult.CONSISTENT,
        ("lost", "lost"): DataResult.TARGET_DB_MISSING,
        ("extra", "extra"): DataResult.INCONSISTENT,
    }


def test_a_mapped_database_does_not_pair_with_its_namesake_as_well(tmp_path: Path) -> None:
    for side in ("s", "t"):
        (tmp_path / side).mkdir()
    for file in ("s/a.db", "s/b.db", "t/b.db"):
        make_database(tmp_path / file, *rows("t", 1))
    found = compare_databases("s", "t", databases={"a": "b"}, base=tmp_path)
    assert found.lines
    assert {(d.source_db, d.target_db): d.result for d in found.lines.databases} == {
        ("a", "b"): DataResult.CONSISTENT,
        ("b", "b"): DataResult.TARGET_DB_MISSING,
    }


def test_progress_names_every_table(tmp_path: Path) -> None:
    seen: list[Progress] = []
    compare(tmp_path, [*rows("a", 1), *rows("b", 1)], [*rows("a", 1)], progress=seen.append)
    assert [(p.table, p.done, p.total) for p in seen if p.level == "lines"] == [("a", 0, 2), ("b", 1, 2)]


def test_comparing_needs_neither_a_web_framework_nor_anything_of_aws() -> None:
    modules = "functions.comparer.sqlite.endpoint, functions.comparer.compare, sys"
    code = f"import {modules}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "apsw" in loaded
    assert not {"aiohttp", "pydantic", "boto3", "botocore", "moto"} & set(loaded)


# --- against a naive reference


@dataclass(frozen=True)
class Side:
    """A database as a test describes it."""

    tables: dict[str, int]
    indexes: frozenset[tuple[str, str]]
    views: frozenset[str]
    triggers: frozenset[tuple[str, str]]

    def statements(self) -> Iterator[str]:
        for table, count in self.tables.items():
            yield f"CREATE TABLE {quoted(table)} (a)"
            for _ in range(count):
                yield f"INSERT INTO {quoted(table)} VALUES (1)"
        for table, index in self.indexes:
            yield f"CREATE INDEX {quoted(index)} ON {quoted(table)} (a)"
        for view in self.views:
            yield f"CREATE VIEW {quoted(view)} AS SELECT 1"
        for table, trigger in self.triggers:
            yield f"CREATE TRIGGER {quoted(trigger)} AFTER INSERT ON {quoted(table)} BEGIN SELECT 1; END"

    def objects(self) -> dict[str, set[str]]:
        written = {f"`{table.replace('`', '``')}`.`{index.replace('`', '``')}`" for table, index in self.indexes}
        return {
            "TABLE": set(self.tables),
            "INDEX": written,
            "VIEW": set(self.views),
            "TRIGGER": {trigger for _, trigger in self.triggers},
        }


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.sampled_from("`'\"[].% ;-"),
    min_size=1,
    max_size=8,
).filter(lambda name: not name.lower().startswith("sqlite_"))


@st.composite
def two_sides(draw: st.DrawFn) -> tuple[Side, Side]:
    names = draw(st.lists(NAMES, min_size=4, max_size=14, unique_by=str.lower))
    first = draw(st.integers(1, len(names) - 1))
    second = draw(st.integers(first, len(names)))
    tables, indexes, views = names[:first], names[first:second], names[second:]
    owners = {name: draw(st.sampled_from(tables)) for name in indexes}

    def side() -> Side:
        own = {name: draw(st.integers(0, 3)) for name in tables if draw(st.booleans())}
        placed = frozenset((owners[n], n) for n in indexes if owners[n] in own and draw(st.booleans()))
        fired = frozenset((owners[n], n) for n in indexes if owners[n] in own and draw(st.booleans()))
        return Side(own, placed, frozenset(name for name in views if draw(st.booleans())), fired)

    return side(), side()


@settings(max_examples=60, deadline=None)
@given(two_sides())
def test_objects_and_rows_are_found_as_a_naive_comparison_finds_them(sides: tuple[Side, Side]) -> None:
    source, target = sides
    with TemporaryDirectory() as folder:
        found = compare(Path(folder), list(source.statements()), list(target.statements()))
    assert found.objects
    reported = {entry.type: entry for entry in found.objects.types if entry.type != "DB"}
    for kind, ours in source.objects().items():
        theirs = target.objects()[kind]
        if not ours | theirs:
            assert kind not in reported
            continue
        entry = reported[kind]
        assert (entry.source_count, entry.target_count) == (len(ours), len(theirs))
        assert {d.source for d in entry.details if d.target is None} == ours - theirs
        assert {d.target for d in entry.details if d.source is None} == theirs - ours
        assert (entry.result is ObjectResult.CONSISTENT) == (ours == theirs)
    expected = {}
    for table in {*source.tables, *target.tables}:
        here, there = source.tables.get(table), target.tables.get(table)
        result = DataResult.CONSISTENT if here == there else DataResult.INCONSISTENT
        expected[f"source.{table}"] = (here or 0, there or 0, result)
    assert tables_of(found) == expected
