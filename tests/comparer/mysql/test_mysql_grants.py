"""What SHOW GRANTS says, read as the server follows it."""

import pytest

from functions.comparer.mysql.grants import Grant, Rights, grant_of, rights_on

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
    ],
)
def test_the_name_of_a_database_is_a_pattern(pattern: str, schema: str, meant: bool) -> None:
    assert everything(schema, f"GRANT SELECT ON `{pattern}`.* TO `u`@`%`") == ({"SELECT"} if meant else set())


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
