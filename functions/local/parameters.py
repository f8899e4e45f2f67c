"""A template's parameters: defaults, overrides, and the constraints that CloudFormation would check.

Source: "Parameters section structure" of the AWS CloudFormation user guide.
"""

import re
from collections.abc import Mapping
from typing import Any

from functions.local.errors import TemplateError

_TYPES = frozenset({"String", "Number", "CommaDelimitedList", "List<Number>"})


def parameter_values(declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every declared parameter: text, or a list of texts for list types."""
    unknown = sorted(set(given) - set(declared))
    if unknown:
        msg = f"the template has no parameter {', '.join(unknown)}; it has {', '.join(sorted(declared))}"
        raise TemplateError(msg)
    return {name: _value(name, rules, given) for name, rules in declared.items()}


def _value(name: str, rules: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    if rules.get("Type") not in _TYPES:
        msg = f"Parameters.{name}: type {rules.get('Type')} is not read by the local cloud; known are {sorted(_TYPES)}"
        raise TemplateError(msg)
    if name not in given and "Default" not in rules:
        msg = f"Parameters.{name}: no value given, and it has no default"
        raise TemplateError(msg)
    text = _text(given.get(name, rules.get("Default")))
    if rules["Type"] in {"CommaDelimitedList", "List<Number>"}:
        return [part.strip() for part in text.split(",")]
    _check(name, rules, text)
    return text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _check(name: str, rules: Mapping[str, Any], text: str) -> None:
    allowed = [_text(choice) for choice in rules.get("AllowedValues", [])]
    if allowed and text not in allowed:
        _refuse(name, rules, f"must be one of {', '.join(allowed)}")
    if "AllowedPattern" in rules and not re.fullmatch(rules["AllowedPattern"], text):
        _refuse(name, rules, f"must match {rules['AllowedPattern']}")
    if rules["Type"] == "Number":
        try:
            number = float(text)
        except ValueError:
            _refuse(name, rules, "must be a number")
        _range(name, rules, number, "MinValue", "MaxValue")
    else:
        _range(name, rules, len(text), "MinLength", "MaxLength")


def _range(name: str, rules: Mapping[str, Any], number: float, least: str, most: str) -> None:
    if number < float(rules.get(least, number)):
        _refuse(name, rules, f"{least} is {rules[least]}")
    if number > float(rules.get(most, number)):
        _refuse(name, rules, f"{most} is {rules[most]}")


def _refuse(name: str, rules: Mapping[str, Any], why: str) -> None:
    # The value itself may be a secret; the rule is enough to find the mistake.
    msg = f"parameter {name}: {rules.get('ConstraintDescription', why)}"
    raise TemplateError(msg)
