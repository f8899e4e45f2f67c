"""The README is true: its tables are those of the template, and its commands do what it says."""

import asyncio
import base64
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from functions.comparer.jobs import Job
from functions.comparer.jobs_file import ComparerConfig
from functions.comparer.server import serve
from functions.comparer.urls import endpoint_of
from functions.local.cli import COMMANDS
from functions.local.cloud import Cloud
from functions.local.template_yaml import read_yaml
from functions.pipeline.destinations import HOSTS, read_destinations
from functions.pipeline.forecast import RANK
from functions.pipeline.triggers.configuration import source_named
from functions.pipeline.triggers.dms import rules
from functions.pipeline.triggers.expressions import request_of
from functions.pipeline.triggers.mapping import mapped
from functions.smn.topics import topic_named

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PARITY = [str(Path(sys.executable).with_name("parity"))]
KEY, TOKEN = "whsec_" + base64.b64encode(b"r" * 32).decode(), "readme-token"
PROJECT = "054ba152d480d55b2f5dc0069e7ddef0"


def snippet(name: str) -> str:
    """The fenced block after the comment that names it."""
    found = re.search(rf"<!-- {name} -->\n```\w*\n(.*?)```", README, re.DOTALL)
    assert found, name
    return found[1]


def variables(template: Mapping[str, Any]) -> dict[str, str]:
    """The environment variable that each parameter becomes."""
    found: dict[str, str] = {}

    def walk(value: Any, variable: str | None) -> None:
        if isinstance(value, dict):
            if set(value) == {"Ref"} and variable:
                found.setdefault(value["Ref"], variable)
            for key, inner in value.items():
                walk(inner, variable if key.startswith("Fn::") else key if key.isupper() else None)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, variable)

    for section in ("Resources", "Globals"):
        walk(template[section], None)
    return found


def test_the_settings_table_is_that_of_the_template() -> None:
    template = read_yaml(ROOT / "template.yaml")
    names = variables(template)
    for parameter, described in template["Parameters"].items():
        variable = f"`{names[parameter]}`" if parameter in names else "\u2013"
        default = f"`{described['Default']}`" if str(described.get("Default", "")) else "empty"
        row = f"| `{parameter}` | {variable} | {default} | {described['Description'].rstrip('.')} |"
        assert row in README.splitlines(), row
    rows = re.findall(r"^\| `([A-Z]\w+)` \|", README, re.MULTILINE)
    assert rows == list(template["Parameters"])


def test_the_destinations_shown_are_ones_that_are_taken_and_every_channel_is_named() -> None:
    shown = read_destinations(snippet("destinations"))
    assert {destination.channel for destination in shown.values()} == {"slack", "feishu", "webhook"}
    assert [channel for channel in HOSTS if f"`{channel}`" not in README] == []


def test_every_make_target_that_is_named_exists() -> None:
    named = set(re.findall(r"\bmake ([a-z-]+)", README)) - {"makes"}
    for target in named:
        tried = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert tried.returncode == 0, (target, tried.stderr)
    assert named == {"demo", "test", "test-long", "setup", "build", "bench"}


def test_the_template_that_sam_deploys_is_the_one_that_is_built() -> None:
    assert "--template-file build/arm64/template.yaml" in snippet("deploy")
    listed = subprocess.run(
        [sys.executable, "-m", "functions.local.build", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "arm64" in listed.stdout


def test_every_file_and_module_that_is_named_exists() -> None:
    for name in re.findall(r"`([a-z_/]+\.(?:py|yaml|json))`", README):
        if name not in {"projects.json", "request.json", "mapping.json", "payload.json"}:
            assert (ROOT / name).exists() or (ROOT / "functions/pipeline" / name).exists(), name
    for module in ("verdict", "steps", "schedule", "adoption", "gate"):
        assert (ROOT / f"functions/pipeline/{module}.py").exists()


def database(path: Path, rows: int) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
        connection.executemany("INSERT INTO orders VALUES (?)", [(n,) for n in range(rows)])
    return path


@pytest.mark.parametrize("level", [(), ("--contents",)])
@pytest.mark.parametrize(("rows", "code"), [(3, 0), (4, 1)])
def test_comparing_two_files_exits_as_the_table_says(
    rows: int, code: int, level: tuple[str, ...], tmp_path: Path
) -> None:
    database(tmp_path / "old.db", 3)
    database(tmp_path / "new.db", rows)
    done = subprocess.run(
        [*PARITY, "compare", "old.db", "new.db", *level],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr


@asynccontextmanager
async def deployment(folder: Path) -> AsyncIterator[dict[str, str]]:
    """A running Parity; yields the variables by which the command line finds it."""
    side = endpoint_of(str(database(folder / "shop.db", 3)), folder)
    service = await serve(ComparerConfig({"sample-shop": Job("sample-shop", side, side)}), port=0)
    project = {"region": "r", "auth": "aksk", "access_key": "A", "secret_key": "s", "drs_endpoint": service.url}
    try:
        cloud = await Cloud.start(
            ROOT / "template.yaml",
            {"MinPollSeconds": 1, "CallsPerSecond": 100},
            secrets={"ProjectsSecret": json.dumps({PROJECT: project}), "WebhookSecret": KEY, "TokenSecret": TOKEN},
            runtime="in_process",
        )
        async with cloud:
            yield {
                "PARITY_URL": cloud.url,
                "PARITY_WEBHOOK_SECRET": KEY,
                "PARITY_TOKEN": TOKEN,
                "PYTHONPATH": str(ROOT),
            }
    finally:
        await service.close()


async def run(*command: str, env: Mapping[str, str], folder: Path) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=os.environ | dict(env),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    return process.returncode or 0, told.decode()


def test_the_webhook_with_nothing_but_bash_curl_and_openssl_is_accepted(tmp_path: Path) -> None:
    async def journey() -> None:
        async with deployment(tmp_path) as env:
            for _ in range(2):
                code, told = await run("bash", "-euc", snippet("webhook"), env=env, folder=tmp_path)
                assert code == 0, told
                assert told.startswith("HTTP/1.1 202"), told
                assert "location: /comparisons/cmp_" in told.lower()

    asyncio.run(journey())


def test_every_command_that_is_named_exists() -> None:
    named = set(re.findall(r"bin/parity ([a-z]+)", README))
    assert named == {"compare", "map", "report", "up", "send", "replay", "doctor"} <= {*COMMANDS}


def test_the_triggers_that_it_shows_are_read_as_they_stand() -> None:
    shown = snippet("triggers").replace('["…"]', '["sixteen-characters"]').replace("whsec_…", KEY)
    names = json.loads(shown).keys() - {"dms", "smn"}
    sources = {name: source_named(shown, name) for name in names}
    assert {source.kind for source in sources.values() if source} == {"github", "gitlab", "cloudevents", "json"}
    mapping = getattr(sources["alarms"], "mapping", None)
    assert mapping is not None
    alarm = {"alarm": {"id": 1, "status": "ended", "labels": {"job": "sample-shop"}}}
    assert mapped(mapping, alarm).request == {"job_id": "sample-shop", "object_level_compare_type": "objects"}
    assert [rule.request["job_id"] for rule in rules(shown)] == ["sample-shop"]
    topic = topic_named(shown, json.loads(shown)["smn"][0]["topic"])
    assert topic is not None
    assert request_of(topic.request, {"message": {"drs_job": "sample-shop"}})["job_id"] == "sample-shop"


def test_every_outcome_of_a_dry_run_is_named() -> None:
    assert {*re.findall(r"`([a-z]+)`", next(line for line in README.splitlines() if line.startswith("| 200 |")))} == {
        "would", "repeat", "conflict", *RANK,
    }  # fmt: skip


def test_send_watch_and_doctor_work_against_a_deployment(tmp_path: Path) -> None:
    request = {"job_id": "sample-shop", "object_level_compare_type": "objects"}
    (tmp_path / "request.json").write_text(json.dumps(request))

    async def journey() -> None:
        async with deployment(tmp_path) as env:
            code, told = await run(*PARITY, "send", "request.json", "--dry-run", env=env, folder=tmp_path)
            assert (code, "would be created" in told) == (0, True), told
            code, told = await run(*PARITY, "send", "request.json", "--watch", env=env, folder=tmp_path)
            assert code == 0, told
            code, told = await run(*PARITY, "doctor", env=env, folder=tmp_path)
            assert code == 0, told

    asyncio.run(journey())
