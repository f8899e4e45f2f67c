"""The models that only a server reads are not loaded by any function: building them would cost every cold start."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import functions.pipeline
from functions.pipeline import drs_models

FUNCTIONS = Path(functions.pipeline.__file__).parent
PACKAGE = drs_models.__name__
SERVERS_ONLY = ("identity", "served")


def used_by_the_functions() -> set[str]:
    """Every name of the models that a module of the pipeline imports or reaches through the package."""
    return {name for file in sorted(FUNCTIONS.glob("*.py")) for name in names_in(ast.parse(file.read_text()))}


def names_in(module: ast.Module) -> Iterator[str]:
    aliases = set()
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == PACKAGE.rpartition(".")[0]:
            aliases |= {name.asname or name.name for name in node.names if name.name == "drs_models"}
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            yield node.attr


def defined_in(module: str) -> set[str]:
    found = vars(import_module(f"{PACKAGE}.{module}"))
    return {name for name in drs_models.__all__ if getattr(found.get(name), "__module__", "") == f"{PACKAGE}.{module}"}


def test_no_function_uses_what_only_a_server_reads() -> None:
    used = used_by_the_functions()
    assert {"CreateComparisonTask", "QueryCompareResultAnswer", "ContentDifferencePage"} <= used
    for module in SERVERS_ONLY:
        assert defined_in(module), f"{module} defines nothing of its own"
        assert defined_in(module).isdisjoint(used)
