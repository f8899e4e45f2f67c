"""Each pipeline of `events/snippets` asks, waits and gates; its commands are run, its form is judged by its vendor."""

import asyncio
import importlib.util
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from hera.workflows.models import Workflow
from jsonschema.validators import validator_for

from functions.comparer.jobs import Job
from functions.comparer.jobs_file import ComparerConfig
from functions.comparer.server import serve
from functions.comparer.urls import endpoint_of
from functions.local.cloud import Cloud
from functions.local.contracts.documents import ROOT
from tests.journeys.world import KEY, TEMPLATE, TOKEN, database, projects

SNIPPETS = ROOT / "events/snippets"
STAND_IN = Path(__file__).parent / "airflow_standin"
JOBS = {"same": 0, "other": 1}
Told = Callable[[str, object], None]


def yaml_of(name: str) -> dict[str, Any]:
    """A snippet in YAML."""
    found: dict[str, Any] = yaml.safe_load((SNIPPETS / name).read_text())
    return found


@asynccontextmanager
async def deployment(folder: Path) -> AsyncIterator[dict[str, str]]:
    """A Parity with two DRS jobs, one of equal and one of different databases; yields how to find it."""
    for name, rows in (("source", {"t": 1}), ("same", {"t": 1}), ("other", {"u": 1})):
        (folder / name).mkdir()
        database(folder / name / "shop.db", rows)
    sides = {name: endpoint_of(str(folder / name / "shop.db"), folder) for name in ("source", *JOBS)}
    service = await serve(ComparerConfig({name: Job(name, sides["source"], sides[name]) for name in JOBS}), port=0)
    try:
        cloud = await Cloud.start(
            TEMPLATE,
            {"MinPollSeconds": 1, "CallsPerSecond": 100},
            secrets={"ProjectsSecret": projects(service.url), "WebhookSecret": KEY, "TokenSecret": TOKEN},
            runtime="in_process",
        )
        async with cloud:
            yield {"PARITY_URL": cloud.url, "PARITY_WEBHOOK_SECRET": f"whsec_{KEY}", "PARITY_TOKEN": TOKEN}
    finally:
        await service.close()


async def run(command: list[str], env: Mapping[str, str], folder: Path) -> tuple[int, str]:
    """Run a command of a pipeline; returns its exit code and what it printed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PARITY_", "PYTHON"))}
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=kept | {"PATH": path} | dict(env),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    return process.returncode or 0, told.decode()


def checkout(folder: Path, job: str) -> Path:
    """A repository of a user's, with the gate and a request where the pipelines look for them."""
    for place, name in (("ci", "parity-request.json"), ("parity", "request.json")):
        (folder / place).mkdir(parents=True)
        (folder / place / "parity_gate.py").write_text((SNIPPETS / "parity_gate.py").read_text())
        request = {"job_id": job, "object_level_compare_type": "objects"}
        (folder / place / name).write_text(json.dumps(request))
    return folder


def bash(script: str) -> list[str]:
    """A script as runners start it."""
    return ["bash", "-eo", "pipefail", "-c", script]


def on_github(folder: Path, job: str) -> tuple[list[str], dict[str, str]]:
    """The step's script; its variables are those that it says, from the settings that it names."""
    (step,) = [s for s in yaml_of("github-actions.yml")["jobs"]["compare"]["steps"] if "run" in s]
    assert {*step["env"]} == {"PARITY_URL", "PARITY_TOKEN", "PARITY_WEBHOOK_SECRET"}
    return bash(step["run"]), {"GITHUB_RUN_ID": f"1{JOBS[job]}", "GITHUB_RUN_ATTEMPT": "1"}


def on_gitlab(folder: Path, job: str) -> tuple[list[str], dict[str, str]]:
    """The job's script."""
    return bash("\n".join(yaml_of("gitlab-ci.yml")["compare"]["script"])), {"CI_JOB_ID": f"2{JOBS[job]}"}


def on_jenkins(folder: Path, job: str) -> tuple[list[str], dict[str, str]]:
    """The shell step of the first stage; Jenkins runs it with `sh -xe`."""
    found = re.search(r"sh '''\n(.*?)'''", (SNIPPETS / "Jenkinsfile").read_text(), re.DOTALL)
    assert found
    return ["sh", "-xe", "-c", found[1]], {"BUILD_TAG": f"jenkins-a folder.of mine-{job}-3"}


def on_argo(folder: Path, job: str) -> tuple[list[str], dict[str, str]]:
    """The container's command, in a folder that is mounted where the workflow says."""
    templates = {t["name"]: t for t in yaml_of("argo.yaml")["spec"]["templates"]}
    container = templates["compare"]["container"]
    mounted = container["volumeMounts"][0]["mountPath"]
    words = [*container["command"], *container["args"]]
    words = [re.sub(f"^{mounted}/", f"{folder}/parity/", w).replace("{{workflow.uid}}", f"uid-{job}") for w in words]
    assert not any("{{" in word for word in words)
    return words, {}


def on_airflow(folder: Path, job: str) -> tuple[list[str], dict[str, str]]:
    """The operator and its trigger, as worker and triggerer run them."""
    places = [SNIPPETS] if importlib.util.find_spec("airflow") else [SNIPPETS, STAND_IN]
    runner = Path(__file__).with_name("airflow_run.py")
    return [sys.executable, str(runner), job, f"airflow-{job}"], {"PYTHONPATH": os.pathsep.join(map(str, places))}


TOOLS = {
    "github-actions.yml": on_github,
    "gitlab-ci.yml": on_gitlab,
    "Jenkinsfile": on_jenkins,
    "argo.yaml": on_argo,
    "parity_airflow.py": on_airflow,
}


def test_each_pipeline_goes_on_where_both_sides_agree_and_stops_where_they_differ(
    tmp_path: Path, record_property: Told
) -> None:
    async def one(name: str, job: str, env: dict[str, str]) -> tuple[int, str]:
        folder = checkout(tmp_path / name / job, job)
        command, own = TOOLS[name](folder, job)
        return await run(command, env | own, folder)

    async def all_of_them() -> dict[tuple[str, str], tuple[int, str]]:
        async with deployment(tmp_path) as env:
            tried = [(name, job) for name in TOOLS for job in JOBS]
            return dict(zip(tried, await asyncio.gather(*(one(*which, env) for which in tried)), strict=True))

    for (name, job), (code, told) in asyncio.run(all_of_them()).items():
        assert code == JOBS[job], (name, told)
        assert ("inconsistent" if JOBS[job] else "consistent") in told, (name, told)
        how = "with its commands run"
        if name == "parity_airflow.py":
            how = "run in Airflow" if importlib.util.find_spec("airflow") else "run with a stand-in for Airflow"
        record_property(f"{name}: gate", f"{how} against the local cloud")


def test_the_gitlab_pipeline_fits_gitlabs_schema(record_property: Told) -> None:
    schema = get_builtin_schema("vendor.gitlab-ci")
    judge_of = validator_for(schema)(schema)
    pipeline = yaml_of("gitlab-ci.yml")
    assert [error.message for error in judge_of.iter_errors(pipeline)] == []
    assert not judge_of.is_valid(pipeline | {"compare": pipeline["compare"] | {"scripts": [], "retry": {"max": 9}}})
    record_property("gitlab-ci.yml: form", "checked by GitLab's schema, as check-jsonschema ships it")


def test_the_argo_workflow_is_all_that_argos_models_know(record_property: Told) -> None:
    def known(workflow: dict[str, Any]) -> bool:
        """Whether the models, made from Argo's own schema, keep every word; what they don't know they drop."""
        model = Workflow.model_validate(workflow)
        kept: dict[str, Any] = json.loads(model.model_dump_json(by_alias=True, exclude_none=True))
        return kept == workflow

    workflow = yaml_of("argo.yaml")
    assert known(workflow)
    assert not known(workflow | {"spec": workflow["spec"] | {"entrypoints": "cutover"}})
    record_property("argo.yaml: form", "checked by Argo's models of Hera")


def test_the_jenkinsfile_closes_what_it_opens_and_names_the_stage_that_gates(record_property: Told) -> None:
    text = (SNIPPETS / "Jenkinsfile").read_text()
    code = re.sub(r"'''.*?'''|'[^'\n]*'|//[^\n]*", "", text, flags=re.DOTALL)
    depth = 0
    for bracket in re.findall(r"[{}()]", code):
        depth += 1 if bracket in "{(" else -1
        assert depth >= 0
    assert depth == 0
    assert re.findall(r"stage\('(\w+)'\)", text) == ["Compare", "Cutover"]
    record_property("Jenkinsfile: form", "checked by a test alone: Jenkins lints on a server, and ships no linter")


def test_every_snippet_is_in_the_folders_list_and_tried_here() -> None:
    beside = {"README.md", "parity_gate.py", "request.json", "airflow_dag.py"}
    files = {path.name for path in SNIPPETS.iterdir() if path.is_file()}
    assert files == {*TOOLS, *beside}
    listed = (SNIPPETS / "README.md").read_text()
    assert {name for name in files if f"({name})" not in listed} == {"README.md", "request.json"}
    compile((SNIPPETS / "airflow_dag.py").read_text(), "airflow_dag.py", "exec")


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml", "Jenkinsfile", "argo.yaml"])
def test_no_pipeline_holds_a_secret(name: str) -> None:
    assert "whsec_" not in (SNIPPETS / name).read_text()
