"""Parameters, the environment they become, and the settings that the code reads from it."""

import inspect
import re
from importlib import import_module
from itertools import pairwise
from typing import Any

import grimp
import pytest

from functions.pipeline import settings
from functions.pipeline.report_bucket import ReportsSettings
from functions.pipeline.settings import BadSettings, Settings
from tests.template import cfn

FUNCTIONS = ("chat", "create", "dms", "poll", "smn", "status", "sweep", "trigger", "webhook")

#: Read by the log, the metrics and the connection pool of every function.
EVERYWHERE = {
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_LOG_LEVEL",
    "HTTPS_PROXY",
    "NO_PROXY",
}
#: The handlers that are not of the pipeline.
MODULES = {"smn": "functions.smn.receive"}
#: Lambda itself gives it.
OF_LAMBDA = {"AWS_REGION"}
SHARED = [found for _, found in inspect.getmembers(settings, inspect.isclass) if issubclass(found, Settings)]


def modules_of(name: str) -> list[str]:
    """Return the names of a handler's module and of every module that it imports, directly or not."""
    handler = MODULES.get(name, f"functions.pipeline.{name}")
    graph = grimp.build_graph("functions.pipeline", "functions.smn")
    return [handler, *sorted(graph.find_upstream_modules(handler))]


def read_by(name: str) -> set[str]:
    """Return the variables that a handler and what it imports read through Settings classes."""
    fields: set[str] = set()
    for module in map(import_module, modules_of(name)):
        source = inspect.getsource(module)
        fields |= set(re.findall(r'edge\.env\["(\w+)"\]', source))  # where pydantic, and so Settings, is not shipped
        for class_name, found in inspect.getmembers(module, inspect.isclass):
            if issubclass(found, Settings) and f"{class_name}.load(" in source:
                fields |= {field.upper() for field in found.model_fields}
    return fields


@pytest.fixture(scope="module")
def defaults(raw: dict[str, Any]) -> dict[str, str]:
    return {name: str(parameter["Default"]) for name, parameter in raw["Parameters"].items()}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ReportsBucket", ["", "acme-reports", "a.b", "A", "-a", "a/b", "a b"]),
        ("ReportsPrefix", ["", "reports/", "a/b-c/", "../", "a", "/", "a b/", "a//"]),
        ("ReportsUrl", ["", "https://a.example/b", "http://a.example", "javascript:x", "https://a b"]),
    ],
)
def test_the_template_takes_of_the_reports_settings_what_the_code_takes(
    raw: dict[str, Any], name: str, values: list[str]
) -> None:
    variable = re.sub(r"(?<!^)([A-Z])", r"_\1", name).upper()
    for value in values:
        taken = re.fullmatch(raw["Parameters"][name]["AllowedPattern"], value) is not None
        try:
            loaded = ReportsSettings.load({"AWS_REGION": "eu-west-1", variable: value})
        except BadSettings:
            assert not taken, value
        else:
            assert taken, value
            assert not value or getattr(loaded, variable.lower()) == value


def environment(function: cfn.Resource, values: dict[str, str]) -> dict[str, str]:
    """Return a function's variables with `values` in place of parameters and a name in place of a resource."""
    variables = function["Environment"]["Variables"]
    return {
        name: value if isinstance(value, str) else values.get(value["Ref"], f"the {value['Ref']}")
        for name, value in variables.items()
        if "Fn::If" not in value
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_gets_the_variables_that_it_reads_and_no_other(
    functions: dict[str, cfn.Resource], name: str
) -> None:
    given = set(functions[name]["Environment"]["Variables"])
    assert given - EVERYWHERE == read_by(name) - OF_LAMBDA
    assert given >= EVERYWHERE


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_defaults_of_the_template_are_those_of_the_code(
    functions: dict[str, cfn.Resource], defaults: dict[str, str], name: str
) -> None:
    given = environment(functions[name], defaults)
    for kind in SHARED:
        needed = {field.upper() for field, info in kind.model_fields.items() if info.is_required()}
        if needed <= set(given):
            bare = kind.load({variable: given[variable] for variable in needed})
            assert kind.load(given) == bare


@pytest.mark.parametrize("bound", ["MinValue", "MaxValue"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_code_takes_the_ends_of_every_range_that_the_template_allows(
    raw: dict[str, Any], functions: dict[str, cfn.Resource], defaults: dict[str, str], name: str, bound: str
) -> None:
    for parameter, definition in raw["Parameters"].items():
        if bound in definition:
            given = environment(functions[name], {**defaults, parameter: str(definition[bound])})
            for kind in SHARED:
                if all(f.upper() in given for f, info in kind.model_fields.items() if info.is_required()):
                    kind.load(given)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_handler_string_names_a_handler(functions: dict[str, cfn.Resource], name: str) -> None:
    module, _, attribute = functions[name]["Handler"].rpartition(".")
    assert module == MODULES.get(name, f"functions.pipeline.{name}")
    assert callable(getattr(import_module(module), attribute))


def test_every_parameter_is_described_and_has_a_default(raw: dict[str, Any]) -> None:
    for name, parameter in raw["Parameters"].items():
        assert parameter["Description"].endswith("."), name
        assert "Default" in parameter, name


def test_every_parameter_says_what_is_allowed(raw: dict[str, Any]) -> None:
    limits = {"AllowedValues", "AllowedPattern", "MinValue"}
    free = [n for n, p in raw["Parameters"].items() if not limits & set(p) and p["Type"] != "CommaDelimitedList"]
    assert free == []


def test_a_pattern_explains_itself(raw: dict[str, Any]) -> None:
    silent = [n for n, p in raw["Parameters"].items() if "AllowedPattern" in p and "ConstraintDescription" not in p]
    assert silent == []


def test_every_function_of_the_pipeline_is_packed_alike_and_the_other_has_code_of_its_own(raw: dict[str, Any]) -> None:
    everything = [r for r in raw["Resources"].values() if r["Type"] == "AWS::Serverless::Function"]
    found = [function for function in everything if "CodeUri" not in function["Properties"]]
    (other,) = (function["Properties"] for function in everything if function not in found)
    assert (other["CodeUri"], other["Handler"]) == ("functions/smn", "functions.smn.receive.handler")
    packing = {"BuildProperties": {"ParentPackageMode": "explicit", "ParentPackages": "functions.pipeline"}}
    assert len(everything) == len(FUNCTIONS)
    assert all(one["Metadata"] == other["Metadata"] == packing for one, other in pairwise(found))
    assert raw["Globals"]["Function"]["CodeUri"] == "functions/pipeline"


def test_the_outputs_name_what_people_need_next(raw: dict[str, Any]) -> None:
    assert {
        "ApiUrl",
        "RequestsQueueUrl",
        "ResultsTopicArn",
        "AlarmsTopicArn",
        "LedgerTable",
        "ProjectsSecretArn",
        "DestinationsSecretArn",
        "TriggersSecretArn",
        "WebhookSecretArn",
        "TokenSecretArn",
    } <= set(raw["Outputs"])
