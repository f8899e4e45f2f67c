"""How the values of a table are compared, as decided from its two shapes."""

import pytest

from functions.comparer.core.kinds import ColumnType, Kind
from functions.comparer.core.options import Options
from functions.comparer.core.plan import plan_of
from functions.comparer.core.table import Column, Key, Rule, Shape, TablePlan


def columns(*names: str, kind: str = "TEXT") -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name in names)


def key(*names: str, kind: str = "TEXT", rule: Rule = "exact") -> Key:
    return Key(names, (kind,) * len(names), (rule,) * len(names))


def planned(source: Shape, target: Shape) -> TablePlan:
    plan = plan_of("t", source, target).plan
    assert plan
    return plan


def test_columns_are_paired_by_name_whatever_their_order_and_their_ascii_case() -> None:
    plan = planned(Shape(columns("id", "B", "É"), ()), Shape(columns("É", "b", "ID", kind="BLOB"), ()))
    assert plan.columns == (("id", "ID"), ("B", "b"), ("É", "É"))
    assert plan.kinds == (("TEXT", "BLOB"),) * 3


def test_letters_beyond_ascii_are_not_the_same_in_the_other_case() -> None:
    found = plan_of("t", Shape(columns("a", "É"), ()), Shape(columns("a", "é"), ()))
    assert (found.missing, found.extra) == (("É",), ("é",))
    assert found.remarks == ("Column É is missing in the target.", "Column é is missing in the source.")


def test_where_columns_differ_in_case_alone_each_finds_its_own() -> None:
    plan = planned(Shape(columns("a", "A", "b"), ()), Shape(columns("B", "A", "a"), ()))
    assert plan.columns == (("a", "a"), ("A", "A"), ("b", "B"))


def test_a_column_is_paired_once() -> None:
    found = plan_of("t", Shape(columns("a", "A"), ()), Shape(columns("A"), ()))
    assert found.plan
    assert found.plan.columns == (("A", "A"),)
    assert found.missing == ("a",)


def test_tables_without_a_common_column_cant_be_compared() -> None:
    found = plan_of("t", Shape(columns("a"), (key("a"),)), Shape(columns("b"), (key("b"),)))
    assert found.plan is None
    assert found.remarks == ("The two tables have no column in common.",)


def test_the_first_key_that_both_sides_have_is_the_key() -> None:
    source = Shape(columns("a", "b", "c"), (key("a"), key("b", "c"), key("c")))
    target = Shape(columns("c", "B", "a"), (key("c"), key("c", "B")))
    assert planned(source, target).key == (1, 2)
    assert planned(source, Shape(target.columns, (key("c"),))).key == (2,)


def test_the_rules_follow_the_columns_of_the_key() -> None:
    mixed = Key(("b", "a"), ("TEXT", "TEXT"), ("nocase", "rtrim"))
    plan = planned(Shape(columns("a", "b"), (mixed,)), Shape(columns("a", "b"), (mixed,)))
    assert (plan.key, plan.rules) == ((1, 0), ("nocase", "rtrim"))


@pytest.mark.parametrize("other", [key("a", kind="INTEGER"), key("a", rule="nocase"), key("a", "b"), key("b")], ids=str)
def test_without_a_key_that_is_the_same_on_both_sides_there_is_none(other: Key) -> None:
    plan = planned(Shape(columns("a", "b"), (key("a"),)), Shape(columns("a", "b"), (other,)))
    assert (plan.key, plan.rules) == ((), ())


def test_a_key_over_a_column_that_the_target_lacks_is_none() -> None:
    source = Shape(columns("a", "b"), (key("a", "b"),))
    assert planned(source, Shape(columns("a"), (key("a"),))).key == ()


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [(Kind.DOUBLE, Kind.SINGLE, ()), (Kind.SINGLE, Kind.SINGLE, (0,)), (Kind.INTEGER, Kind.DOUBLE, (0,))],
)
def test_a_key_that_not_every_server_can_put_in_order_is_none(
    source: Kind, target: Kind, expected: tuple[int, ...]
) -> None:
    sides = [Shape((Column("id", "", ColumnType(kind, kind.name)),), (key("id"),)) for kind in (source, target)]
    assert planned(*sides).key == expected


def lengths(ours: ColumnType, theirs: ColumnType) -> tuple[Kind, ...]:
    """As what a key and another column, both of these types, are compared where lengths stand for large values."""
    here, there = (Shape((Column("k", "t", of), Column("v", "t", of)), (key("k"),)) for of in (ours, theirs))
    plan = plan_of("t", here, there, Options(lob="length")).plan
    assert plan
    return plan.common


def test_what_names_rows_is_compared_by_its_value_where_lengths_stand_for_large_values() -> None:
    large, small = ColumnType(Kind.BYTES, "bytea", lob=True), ColumnType(Kind.BYTES, "varbinary")
    assert lengths(large, large) == (Kind.BYTES, Kind.LENGTH)
    assert lengths(large, small) == lengths(small, large) == (Kind.BYTES, Kind.LENGTH)
    assert lengths(small, small) == (Kind.BYTES, Kind.BYTES)


def test_values_without_a_length_of_their_own_are_compared_whichever_side_is_large() -> None:
    large, uuid = ColumnType(Kind.BYTES, "bytea", lob=True), ColumnType(Kind.UUID, "uuid")
    assert lengths(large, uuid) == lengths(uuid, large) == (Kind.UUID, Kind.UUID)


def test_json_is_compared_by_its_length_only_between_types_that_write_it_alike() -> None:
    plain, binary = (ColumnType(Kind.JSON, native, lob=True) for native in ("json", "jsonb"))
    assert lengths(plain, plain)[1] is lengths(binary, binary)[1] is Kind.LENGTH
    assert lengths(plain, binary)[1] is lengths(binary, plain)[1] is Kind.JSON
