"""Reads execution roles: the inline statements of AWS::IAM::Role and of every AWS::IAM::Policy attached to it."""

from collections.abc import Callable, Mapping
from typing import Any

from functions.local.errors import TemplateError
from functions.local.identities import Identity
from functions.local.policy import CONDITIONS
from functions.local.resources import Role, Statement


def read_roles(
    roles: Mapping[str, Mapping[str, Any]],
    policies: Mapping[str, Mapping[str, Any]],
    identity: Callable[[str], Identity],
) -> dict[str, Role]:
    """Return the roles by ARN."""
    found = {}
    for logical_id, properties in roles.items():
        known = identity(logical_id)
        documents = [(logical_id, policy["PolicyDocument"]) for policy in properties.get("Policies", [])]
        documents += [
            (name, policy["PolicyDocument"]) for name, policy in policies.items() if known[None] in policy["Roles"]
        ]
        statements = tuple(part for where, document in documents for part in _statements(where, document))
        found[str(known["Arn"])] = Role(logical_id, known[None], known["Arn"], statements)
    return found


def _statements(where: str, document: Mapping[str, Any]) -> list[Statement]:
    declared = document["Statement"]
    statements = declared if isinstance(declared, list) else [declared]
    for statement in statements:
        unknown = set(statement) - {"Sid", "Effect", "Action", "Resource", "Condition"}
        if unknown or statement.get("Effect") not in {"Allow", "Deny"}:
            msg = f"{where}: the local cloud reads Effect, Action, Resource and Condition of a statement, not {unknown}"
            raise TemplateError(msg)
        for operator, tests in statement.get("Condition", {}).items():
            if any((operator, key) not in CONDITIONS for key in tests):
                msg = f"{where}: the local cloud does not check the condition {operator} {sorted(tests)}"
                raise TemplateError(msg)
    return statements
