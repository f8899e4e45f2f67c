"""What SHOW GRANTS says, read as the server follows it."""

import pytest

from functions.comparer.mysql.grants import ALL, EVERYTHING, Grant, Rights, grant_of, rights_on
from functions.comparer.mysql.rights import selects_columns

USAGE = "GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*AB ON `x`.*'"


def everything(schema: str, *lines: str, fold: bool = False) -> frozenset[str]:
    return rights_on(schema, [USAGE, *lines], fold=fold).everything - {"USAGE"}


@pytest.mark.parametrize(
    ("line", "grant"),
    [
        (USAGE, Grant(frozenset({"USAGE"}), None, None, "`u`@`%`", revoked=False)),
        (
            "GRANT SELECT, SHOW VIEW ON `a``b`.`c.d` TO `u`@`h` WITH GRANT OPTION",
            Grant(frozenset({"SELECT", "SHOW VIEW"}), "a`b", "c.d", "`u`@`h`", revoked=False),
        ),
        (
            "GRANT SELECT (`a`, `x) ON ``y``.* TO z`), INSERT ON `s`.`t` TO `r`",
            Grant(frozenset({"SELECT of columns", "INSERT"}), "s", "t", "`r`", revoked=False),
        ),
        ("GRANT TRIGGER ON `s`.* TO PUBLIC", Grant(frozenset({"TRIGGER"}), "s", None, "PUBLIC", revoked=False)),
        (
            "REVOKE SELECT ON `s`.* FROM `u`@`%`",
            Grant(frozenset({"SELECT"}), "s", None, "`u`@`%`", revoked=True),
        ),
        ("GRANT `role` TO `u`@`%` WITH ADMIN OPTION", None),
        ("GRANT EXECUTE ON PROCEDURE `s`.`p` TO `u`@`%`", None),
        ("GRANT PROXY ON ``@`%` TO `root`@`localhost` WITH GRANT OPTION", None),
        ("SET DEFAULT ROLE `role` FOR `u`@`%`", None),
    ],
)
def test_a_line_is_a_grant_of_rights_on_databases_or_tables_or_none(line: str, grant: Grant | None) -> None:
    assert grant_of(line) == grant


def test_a_name_of_nothing_but_backticks_is_read_at_once() -> None:
    name = "`" + "``" * 64 + "`"
    assert grant_of(f"GRANT EXECUTE ON PROCEDURE {name}.{name} TO `u`@`%`") is None
    assert grant_of(f"GRANT SELECT ({name}) ON {name}.* TO `u`@`%`") == Grant(
        frozenset({"SELECT of columns"}), "`" * 64, None, "`u`@`%`", revoked=False
    )


def test_a_server_without_rights_refuses_nobody_any() -> None:
    assert rights_on("s", [EVERYTHING], fold=False).everything == {ALL}


def test_rights_on_everything_are_those_on_all_databases_and_on_this_one() -> None:
    lines = ("GRANT PROCESS, SHOW VIEW ON *.* TO `u`@`%`", "GRANT SELECT ON `s`.* TO `u`@`%`")
    assert everything("s", *lines) == {"PROCESS", "SHOW VIEW", "SELECT"}
    assert everything("S", *lines) == {"PROCESS", "SHOW VIEW"}
    assert everything("S", *lines, fold=True) == {"PROCESS", "SHOW VIEW", "SELECT"}


def test_of_several_entries_for_a_database_only_the_most_exact_counts() -> None:
    wide = "GRANT EVENT, TRIGGER ON `shop%`.* TO `u`@`%`"
    assert everything("shop_1", wide) == {"EVENT", "TRIGGER"}
    assert everything("shop_1", wide, r"GRANT SELECT ON `shop\_1`.* TO `u`@`%`") == {"SELECT"}
    # Which of two patterns is followed is the server's to say: what both give is sure.
    assert everything("shop_1", wide, "GRANT SELECT, EVENT ON `shop__`.* TO `u`@`%`") == {"EVENT"}


def test_entries_of_a_role_add_to_those_of_the_user() -> None:
    lines = ("GRANT SELECT ON `s`.* TO `u`@`%`", "GRANT TRIGGER ON `%`.* TO `role`", "GRANT EVENT ON `s`.* TO PUBLIC")
    assert everything("s", *lines) == {"SELECT", "TRIGGER", "EVENT"}


@pytest.mark.parametrize(
    ("pattern", "schema", "meant"),
    [
        ("shop_1", "shop_1", True),
        ("shop_1", "shopx1", True),
        (r"shop\_1", "shop_1", True),
        (r"shop\_1", "shopx1", False),
        ("%", "anything", True),
        (r"a\%b", "a%b", True),
        (r"a\%b", "axb", False),
        ("a.b", "axb", False),
        ("sho", "shop", False),
        ("shop%", "sho", False),
        (r"\s%", "shop", True),
    ],
)
def test_the_name_of_a_database_is_a_pattern(pattern: str, schema: str, meant: bool) -> None:
    assert everything(schema, f"GRANT SELECT ON `{pattern}`.* TO `u`@`%`") == ({"SELECT"} if meant else set())


def test_entries_of_roles_within_roles_are_chosen_from_as_if_they_were_of_one() -> None:
    wide, exact = "GRANT EVENT, TRIGGER ON `shop%`.* TO `r1`", r"GRANT SELECT ON `shop\_1`.* TO `r2`"
    assert everything("shop_1", wide, exact) == {"SELECT"}
    assert everything("shop_1", exact, r"GRANT EVENT ON `shop\_1`.* TO `r1`", wide) == {"SELECT", "EVENT"}
    # Neither those of the user nor everybody's are among them.
    of_user = wide.replace("`r1`", "`u`@`%`")
    assert everything("shop_1", of_user, exact) == {"SELECT", "EVENT", "TRIGGER"}
    assert everything("shop_1", of_user, exact.replace("`r2`", "PUBLIC")) == {"SELECT", "EVENT", "TRIGGER"}


def test_what_is_revoked_has_a_name_rather_than_a_pattern() -> None:
    lines = ("GRANT SELECT, EVENT ON *.* TO `u`@`%`", "REVOKE EVENT ON `shop_1`.* FROM `u`@`%`")
    assert everything("shop_1", *lines) == {"SELECT"}
    assert everything("shopx1", *lines) == {"SELECT", "EVENT"}


def test_what_is_revoked_here_is_no_right_on_the_server() -> None:
    lines = ("GRANT SELECT, SHOW_ROUTINE ON *.* TO `u`@`%`", "REVOKE SELECT ON `s`.* FROM `u`@`%`")
    assert rights_on("s", lines, fold=False).server == {"SHOW_ROUTINE"}
    assert rights_on("t", lines, fold=False).server == {"SELECT", "SHOW_ROUTINE"}


@pytest.mark.parametrize(
    ("name", "schema", "meant"),
    [("shop_1", "shop_1", True), ("shop_1", "shopx1", False), ("%", "s", False), (r"a\_b", "a_b", False)],
)
def test_where_rights_can_be_revoked_in_part_no_name_is_a_pattern(name: str, schema: str, meant: bool) -> None:
    found = rights_on(schema, [f"GRANT SELECT ON `{name}`.* TO `u`@`%`"], fold=False, literal=True)
    assert found.everything == ({"SELECT"} if meant else set())


def test_who_may_read_some_columns_alone_is_told_from_who_may_read_the_table() -> None:
    columns = "GRANT SELECT (`id`), INSERT ON `s`.`t` TO `u`@`%`"
    for line, alone in (
        ("GRANT SELECT ON `s`.* TO `r`", False),
        ("GRANT SELECT ON `s`.`t` TO `r`", False),
        ("GRANT SELECT ON *.* TO `u`@`%`", False),
        ("GRANT SELECT ON `s`.`other` TO `u`@`%`", True),
        ("GRANT ALL PRIVILEGES ON `t`.* TO `u`@`%`", True),
    ):
        assert selects_columns(rights_on("s", [columns, line], fold=False), "t") is alone


@pytest.mark.parametrize("of_all", ["SELECT, TRIGGER", "ALL PRIVILEGES"])
def test_what_is_revoked_for_one_database_is_missing_there_alone(of_all: str) -> None:
    lines = (f"GRANT {of_all} ON *.* TO `u`@`%`", "REVOKE SELECT, TRIGGER ON `s`.* FROM `u`@`%`")
    assert everything("s", *lines) == set()
    assert everything("t", *lines) == set(of_all.split(", "))


def test_rights_on_single_tables_are_told_by_table() -> None:
    lines = (
        "GRANT SELECT ON `s`.`a` TO `u`@`%`",
        "GRANT SHOW VIEW ON `s`.`a` TO `role`",
        "GRANT SELECT (`id`) ON `s`.`b` TO `u`@`%`",
        "GRANT SELECT ON `other`.`a` TO `u`@`%`",
    )
    assert rights_on("s", lines, fold=False) == Rights(
        frozenset(),
        {"a": frozenset({"SELECT", "SHOW VIEW"}), "b": frozenset({"SELECT of columns"})},
        frozenset(),
    )
