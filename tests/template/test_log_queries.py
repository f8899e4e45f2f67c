"""The saved queries of the logs ask for what our log lines have."""

import ast
import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from functions.pipeline import log
from functions.pipeline.aws import Aws
from functions.pipeline.edge import Edge, invoke
from tests.edge.served import KEYS, NOW
from tests.template import cfn

SHIPPED = ("pipeline", "smn")
LEVELS = {"debug", "info", "warning", "error", "exception"}
#: What Logs Insights itself adds to each line.
OF_INSIGHTS = {"@timestamp", "@message"}
WORDS = {"fields", "filter", "sort", "limit", "in", "like", "and", "asc", "desc", "ispresent"}
QUERIES = {
    "FailedStepsQuery",
    "OneComparisonQuery",
    "RefusedRequestsQuery",
    "FailedDeliveriesQuery",
    "SlowestPollsQuery",
}


class Context:
    function_name = "parity-PollFunction"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:1:function:parity-PollFunction"
    aws_request_id = "r"

    def get_remaining_time_in_millis(self) -> int:
        return 1


def flat(line: dict[str, Any], before: str = "") -> set[str]:
    """The fields that Logs Insights finds in a line: names of nested ones are joined by dots."""
    found: set[str] = set()
    for name, value in line.items():
        found |= flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name}
    return found


@pytest.fixture
def every_line(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The fields of a line whatever it tells: of an invocation that ends well, and of one that fails."""

    async def handle(event: dict[str, Any], _context: Any, _edge: Edge) -> None:
        log.note("done")
        if event["fails"]:
            raise RuntimeError("no")

    async def run(*, fails: bool) -> None:
        async with aiohttp.ClientSession() as session:
            aws = Aws(session, KEYS, lambda: NOW)
            edge = Edge(KEYS, session, lambda: NOW, lambda: 0.5, lambda: "0" * 32, aws, {})
            await invoke(handle, {"fails": fails, "requestContext": {"requestId": "q"}}, Context(), edge)

    asyncio.run(run(fails=False))
    with pytest.raises(RuntimeError):
        asyncio.run(run(fails=True))
    return set().union(*(flat(json.loads(line)) for line in capsys.readouterr().out.splitlines()))


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """The calls of a module that write or note a line, or add keys to lines, by what is called."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in {"log.note", "log.append", "_note"} | {f"_log.{level}" for level in LEVELS}:
                yield called, node


def told() -> dict[str, set[str]]:
    """The messages of our log lines with the fields that each has of its own; "" has those that were added to all."""
    found: dict[str, set[str]] = {"": set()}
    for path in (path for part in SHIPPED for path in (cfn.ROOT / "functions" / part).rglob("*.py")):
        for called, node in calls(path):
            names = {keyword.arg for keyword in node.keywords if keyword.arg}
            if called == "log.append":
                found[""] |= names
            elif isinstance(node.args[0], ast.Constant):
                found.setdefault(str(node.args[0].value), set()).update(names)
    return found


def without_texts(query: str) -> str:
    return re.sub(r'"[^"]*"', "", query)


def fields_of(query: str) -> set[str]:
    return set(re.findall(r"@?[A-Za-z_][\w.]*", without_texts(query))) - WORDS


def messages_of(query: str) -> list[str]:
    listed = re.search(r"message in \[([^]]*)\]", query)
    return re.findall(r'"([^"]*)"', listed[1]) if listed else []


@pytest.fixture(scope="module")
def queries(expanded: dict[str, Any]) -> dict[str, cfn.Resource]:
    return cfn.of_type(expanded, "AWS::Logs::QueryDefinition")


def test_there_is_a_query_for_each_question(queries: dict[str, cfn.Resource]) -> None:
    assert set(queries) == QUERIES
    names = [query["Name"]["Fn::Sub"] for query in queries.values()]
    assert len(set(names)) == len(names)
    # As PutQueryDefinition takes it.
    assert all(re.fullmatch(r"\$\{AWS::StackName\}/[^:*/]+", name) for name in names)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_every_field_of_a_query_is_one_that_our_lines_have(
    queries: dict[str, cfn.Resource], every_line: set[str], name: str
) -> None:
    query, lines = queries[name]["QueryString"], told()
    messages = messages_of(query) or [*lines]
    own = set().union(*(lines[message] for message in messages))
    asked = fields_of(query)
    assert len(asked) > 4
    assert asked - OF_INSIGHTS - every_line - lines[""] - own == set()


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_every_message_that_a_query_names_is_one_that_we_write(queries: dict[str, cfn.Resource], name: str) -> None:
    assert set(messages_of(queries[name]["QueryString"])) <= set(told())


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_query_reads_the_logs_of_our_functions(
    queries: dict[str, cfn.Resource], functions: dict[str, cfn.Resource], name: str
) -> None:
    ours = {cfn.target(function["LoggingConfig"]["LogGroup"]) for function in functions.values()}
    read = {cfn.target(group) for group in queries[name]["LogGroupNames"]}
    assert read <= ours
    if name in {"FailedStepsQuery", "OneComparisonQuery"}:
        assert read == ours


def test_a_field_that_no_line_has_is_found() -> None:
    assert "comparison" in fields_of('fields @timestamp, comparison | filter message = "x"') - told()["delivery.failed"]
