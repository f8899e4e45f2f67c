"""Resolves a template's intrinsic functions, parameters, mappings and conditions to plain values.

Source: "Intrinsic function reference" and "Pseudo parameters" of the AWS CloudFormation user guide. What is not listed
here is a loud error, never an empty string.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from functions.local.errors import TemplateError

NO_VALUE = object()
"""The value of `AWS::NoValue`: the property that has it is not there."""

_PLACEHOLDER = re.compile(r"\$\{([^!][^}]*)\}")

Attribute = Callable[[str, str | None], Any]
"""(logical id, attribute or None for Ref) -> the physical value; raises KeyError for what does not exist."""


class Resolver:
    """Turns template values into plain ones.

    `names` holds parameters and pseudo parameters, `attribute` answers for resources.
    """

    def __init__(
        self,
        *,
        names: Mapping[str, Any],
        conditions: Mapping[str, Any],
        mappings: Mapping[str, Any],
        attribute: Attribute,
    ) -> None:
        self._names = names
        self._conditions = conditions
        self._mappings = mappings
        self._attribute = attribute

    def value(self, value: Any, where: str) -> Any:
        """Return `value` with every intrinsic function resolved; `where` names the place in errors."""
        if isinstance(value, dict):
            name = _function_name(value)
            if name is not None:
                return self._function(name, value[name], where)
            items = ((key, self.value(part, f"{where}.{key}")) for key, part in value.items())
            return {key: part for key, part in items if part is not NO_VALUE}
        if isinstance(value, list):
            parts = (self.value(part, f"{where}[{index}]") for index, part in enumerate(value))
            return [part for part in parts if part is not NO_VALUE]
        return value

    def condition(self, name: str, where: str) -> bool:
        """Return the named condition's value."""
        if name not in self._conditions:
            msg = f"{where}: there is no condition {name}"
            raise TemplateError(msg)
        return bool(self.value(self._conditions[name], f"Conditions.{name}"))

    def _function(self, name: str, argument: Any, where: str) -> Any:
        function = _FUNCTIONS.get(name)
        if function is None:
            msg = f"{where}: {name} is not read by the local cloud; known are {', '.join(sorted(_FUNCTIONS))}"
            raise TemplateError(msg)
        try:
            return function(self, argument, where)
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            msg = f"{where}: {name} cannot be resolved: {error}"
            raise TemplateError(msg) from error

    def _ref(self, name: str, where: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._names:
            return self._names[name]
        return self._resource(name, None, where)

    def _resource(self, name: str, attribute: str | None, where: str) -> Any:
        try:
            return self._attribute(name, attribute)
        except KeyError as error:
            asked = name if attribute is None else f"{name}.{attribute}"
            msg = f"{where}: {asked} does not exist"
            raise TemplateError(msg) from error

    def _get_att(self, argument: Any, where: str) -> Any:
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return self._resource(name, self.value(attribute, where), where)

    def _sub(self, argument: Any, where: str) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else argument
        given = self.value(own, where)

        def replace(match: re.Match[str]) -> str:
            name = match[1]
            if name in given:
                return str(given[name])
            if "." in name and name not in self._names:
                return str(self._get_att(name, where))
            return str(self._ref(name, where))

        return _PLACEHOLDER.sub(replace, text).replace("${!", "${")

    def _join(self, argument: Any, where: str) -> str:
        separator, parts = argument
        return str(separator).join(str(part) for part in self.value(parts, where))

    def _if(self, argument: Any, where: str) -> Any:
        name, yes, no = argument
        return self.value(yes if self.condition(name, where) else no, where)

    def _equals(self, argument: Any, where: str) -> bool:
        left, right = self.value(argument, where)
        return str(left) == str(right)

    def _not(self, argument: Any, where: str) -> bool:
        (only,) = self.value(argument, where)
        return not only

    def _and(self, argument: Any, where: str) -> bool:
        return all(self.value(argument, where))

    def _or(self, argument: Any, where: str) -> bool:
        return any(self.value(argument, where))

    def _select(self, argument: Any, where: str) -> Any:
        index, parts = self.value(argument, where)
        return parts[int(index)]

    def _split(self, argument: Any, where: str) -> list[str]:
        separator, text = self.value(argument, where)
        return str(text).split(separator)

    def _find_in_map(self, argument: Any, where: str) -> Any:
        name, first, second = self.value(argument, where)
        try:
            return self._mappings[name][str(first)][str(second)]
        except KeyError as error:
            msg = f"{where}: the mapping {name} has no {first}.{second}"
            raise TemplateError(msg) from error


def _function_name(value: Mapping[str, Any]) -> str | None:
    """Return the intrinsic function that a map is; None for an ordinary map."""
    if len(value) != 1:
        return None
    ((name, argument),) = value.items()
    if name == "Ref" or name.startswith("Fn::"):
        return str(name)
    # `Condition` is also an ordinary key, of a policy statement.
    return "Condition" if name == "Condition" and isinstance(argument, str) else None


_FUNCTIONS: dict[str, Callable[[Resolver, Any, str], Any]] = {
    "Ref": Resolver._ref,  # noqa: SLF001 - the table of this class's own methods
    "Condition": Resolver.condition,
    "Fn::GetAtt": Resolver._get_att,  # noqa: SLF001
    "Fn::Sub": Resolver._sub,  # noqa: SLF001
    "Fn::Join": Resolver._join,  # noqa: SLF001
    "Fn::If": Resolver._if,  # noqa: SLF001
    "Fn::Equals": Resolver._equals,  # noqa: SLF001
    "Fn::Not": Resolver._not,  # noqa: SLF001
    "Fn::And": Resolver._and,  # noqa: SLF001
    "Fn::Or": Resolver._or,  # noqa: SLF001
    "Fn::Select": Resolver._select,  # noqa: SLF001
    "Fn::Split": Resolver._split,  # noqa: SLF001
    "Fn::FindInMap": Resolver._find_in_map,  # noqa: SLF001
}
