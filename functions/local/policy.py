"""Decides whether a role may do something: the statements of the template, evaluated as IAM does.

Source: "Policy evaluation logic" and "IAM JSON policy elements" of the AWS IAM user guide. A Deny wins; without an
Allow the answer is no.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from functions.local.resources import Statement

CONDITIONS = frozenset(
    {
        ("ForAllValues:StringEquals", "dynamodb:LeadingKeys"),
        ("ForAllValues:StringLike", "dynamodb:LeadingKeys"),
    }
)
"""Condition operators and keys that are evaluated; a role with any other is refused when the template is read."""


@dataclass(frozen=True)
class Wish:
    """One permission that a call needs; `keys` are values of condition keys."""

    action: str
    resource: str
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def allowed(statements: Iterable[Statement], wish: Wish) -> bool:
    """Tell whether the statements allow what a call needs."""
    granted = False
    for statement in statements:
        if _applies(statement, wish):
            if statement["Effect"] == "Deny":
                return False
            granted = True
    return granted


def _applies(statement: Statement, wish: Wish) -> bool:
    # Actions are compared without regard to case, resources with.
    action = wish.action.lower()
    return (
        any(_like(pattern.lower(), action) for pattern in _texts(statement["Action"]))
        and any(_like(pattern, wish.resource) for pattern in _texts(statement["Resource"]))
        and all(
            _holds(operator, _texts(patterns), wish.keys.get(key, ()))
            for operator, tests in statement.get("Condition", {}).items()
            for key, patterns in tests.items()
        )
    )


def _holds(operator: str, patterns: list[str], values: tuple[str, ...]) -> bool:
    if operator.endswith("StringEquals"):
        return all(value in patterns for value in values)
    return all(any(_like(pattern, value) for pattern in patterns) for value in values)


def _texts(value: Any) -> list[str]:
    return [str(part) for part in value] if isinstance(value, list) else [str(value)]


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in text), re.DOTALL)


def _like(pattern: str, value: str) -> bool:
    return _pattern(pattern).fullmatch(value) is not None
