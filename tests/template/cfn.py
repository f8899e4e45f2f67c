"""The template as CloudFormation gets it: expanded by SAM's own translator, offline."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

Resource = dict[str, Any]


class NoManagedPolicies:
    """Stands in for a call to IAM: the template uses no managed policy, so none needs to be known."""

    def load(self) -> dict[str, str]:
        return {}


def raw(path: Path = ROOT / "template.yaml") -> dict[str, Any]:
    """Return the template as it is written, short forms of intrinsic functions spelled out."""
    from samtranslator.yaml_helper import yaml_parse

    template: dict[str, Any] = yaml_parse(path.read_text("utf-8"))
    return template


def expand(template: dict[str, Any]) -> dict[str, Any]:
    """Return the CloudFormation template that SAM makes of `template`; changes `template`."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    from samtranslator.translator.transform import transform

    # A folder is uploaded before the translator sees it.
    template["Globals"]["Function"]["CodeUri"] = "s3://artifacts/parity.zip"
    template["Resources"]["SmnFunction"]["Properties"]["CodeUri"] = "s3://artifacts/smn.zip"
    expanded: dict[str, Any] = transform(template, {}, NoManagedPolicies())
    return expanded


def of_type(template: dict[str, Any], kind: str) -> dict[str, Resource]:
    """Return the properties of every resource of a type, by logical id."""
    return {k: v.get("Properties", {}) for k, v in template["Resources"].items() if v["Type"] == kind}


def functions(template: dict[str, Any]) -> dict[str, Resource]:
    """Return the functions by their short name: webhook, create, ..."""
    found = of_type(template, "AWS::Lambda::Function")
    return {logical_id.removesuffix("Function").lower(): properties for logical_id, properties in found.items()}


def statements(role: Resource) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each statement of a role with the name of the condition it depends on, "" for none."""
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            if "Fn::If" in statement:
                condition, then, otherwise = statement["Fn::If"]
                assert otherwise == {"Ref": "AWS::NoValue"}
                yield condition, then
            else:
                yield "", statement


def many(value: Any) -> list[Any]:
    """Return what IAM takes as one or as a list as a list."""
    return value if isinstance(value, list) else [value]


def target(value: Any) -> str:
    """Return the logical id that a Ref, Fn::GetAtt or Fn::Sub points to, with a path behind it where there is one.

    Of a value that depends on a condition: where the condition holds.
    """
    if "Fn::If" in value:
        return target(value["Fn::If"][1])
    if "Ref" in value:
        return str(value["Ref"])
    if "Fn::GetAtt" in value:
        return str(value["Fn::GetAtt"][0])
    return str(value["Fn::Sub"]).replace("${", "").replace(".Arn}", "")
