from typing import Any

import pytest

from tests.template import cfn


@pytest.fixture(scope="session")
def raw() -> dict[str, Any]:
    return cfn.raw()


@pytest.fixture(scope="session")
def expanded() -> dict[str, Any]:
    return cfn.expand(cfn.raw())


@pytest.fixture(scope="session")
def functions(expanded: dict[str, Any]) -> dict[str, cfn.Resource]:
    return cfn.functions(expanded)


@pytest.fixture(scope="session")
def queues(expanded: dict[str, Any]) -> dict[str, cfn.Resource]:
    return cfn.of_type(expanded, "AWS::SQS::Queue")


@pytest.fixture(scope="session")
def alarms(expanded: dict[str, Any]) -> dict[str, cfn.Resource]:
    return cfn.of_type(expanded, "AWS::CloudWatch::Alarm")


@pytest.fixture(scope="session")
def mappings(expanded: dict[str, Any]) -> dict[str, cfn.Resource]:
    """Event source mappings by the short name of their function."""
    found = cfn.of_type(expanded, "AWS::Lambda::EventSourceMapping").values()
    return {cfn.target(m["FunctionName"]).removesuffix("Function").lower(): m for m in found}
