"""What a cold start has to load: nothing of an SDK, no server, no XML."""

import json
import subprocess
import sys

import pytest

MODULES = (
    "attribute_values",
    "aws",
    "aws_errors",
    "credentials_text",
    "edge",
    "log",
    "log_line",
    "metrics",
    "secrets",
    "signature",
    "sigv4",
)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_of_the_edge_loads_no_sdk_no_server_and_no_xml(module: str) -> None:
    program = f"import json, sys, functions.pipeline.{module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    loaded = json.loads(done.stdout)
    unwanted = ("boto3", "botocore", "aiobotocore", "moto", "aws_lambda_powertools", "aiohttp.web", "xml.")
    assert [name for name in loaded if name.startswith(unwanted)] == []


def test_signing_and_verifying_need_neither_network_nor_models() -> None:
    modules = "functions.pipeline.sigv4, functions.pipeline.signature"
    program = f"import json, sys, {modules}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert {"aiohttp", "pydantic", "structlog", "asyncio"}.isdisjoint(json.loads(done.stdout))
