"""Reads a CloudFormation template's YAML: short-form tags become their long form, nothing else changes."""

import pickle
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from functions.local.errors import TemplateError

_UNPREFIXED = frozenset({"Ref", "Condition"})


if TYPE_CHECKING:
    from yaml import SafeLoader as _Safe
else:
    # libyaml reads a template ten times faster; not every build of PyYAML has it.
    _Safe = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Safe):
    """A safe loader of its own, so that PyYAML's global one stays untouched."""


def _tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    """Build `{"Fn::Name": value}` from `!Name value`; the attribute of `!GetAtt A.B.C` is split at the first dot."""
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]  # the third and last kind of node
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in _UNPREFIXED else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tag)
# A policy's `Version: 2012-10-17` is text to CloudFormation, not a date.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:timestamp"]
    for first, pairs in _Safe.yaml_implicit_resolvers.items()
}


@lru_cache(4)
def _parsed(text: str) -> bytes:
    """Parse once what is read again and again; everybody who reads it gets values of their own."""
    return pickle.dumps(yaml.load(text, Loader=_Loader))  # noqa: S506 - a SafeLoader of our own


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the template in `path` as plain values, or raise TemplateError saying where it is broken."""
    try:
        document = pickle.loads(_parsed(path.read_text("utf-8")))  # noqa: S301 - it was pickled here
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        msg = f"{path}: {error}"
        raise TemplateError(msg) from error
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        msg = f"{path}: not a template, it has no Resources"
        raise TemplateError(msg)
    return document
