"""A comparer in a process of its own, which may be killed at any moment, and what its store has kept then."""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from functions.comparer.tasks.store import Store, Task
from functions.comparer.tasks.work import DATABASES, differences_part, tables_part
from tests.comparer.served import JOB, PROJECT

COMPLETED, FINAL = 2, {"CONSISTENT", "INCONSISTENT"}
COMPARER = (sys.executable, "-c", "import sys; from functions.local.cli import main; sys.exit(main())", "comparer")
WANTED = {"conflict_policy": "keep", "compare_type": "contents", "compare_mode": "quick_comparison"}


@dataclass
class Comparer:
    """A process that serves, and what it is asked."""

    process: subprocess.Popen[str]
    port: int
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request below the job; its answer."""
        payload = None if body is None else json.dumps(body)
        self.connection.request(
            method, f"/v3/{PROJECT}/jobs{path}", payload, {"Content-Type": "application/json"} if payload else {}
        )
        with self.connection.getresponse() as response:
            return json.loads(response.read())

    def create(self) -> str:
        """Start a value comparison of everything; its id."""
        answer = self.ask("POST", "/create-compare-task", {"job_id": JOB, "data_level_compare_info": WANTED})
        return str(answer["data_level_compare_create_result"]["compare_task_id"])

    def progress(self, task_id: str, big: str) -> tuple[int, float]:
        """How many tables the API says are done, and how many percent of the big one."""
        infos = self.ask("GET", f"/{JOB}/compare/{task_id}/content-detail")["content_compare_result_infos"]
        percent = sum(info["progress"] for info in infos if info["source_table_name"] == big)
        return sum(info["status"] == COMPLETED for info in infos), percent

    def bytes_read(self) -> int:
        """What the process has read from anywhere so far; 0 where the system doesn't say."""
        counters = Path(f"/proc/{self.process.pid}/io")
        return int(counters.read_text().split()[1]) if counters.exists() else 0


@contextmanager
def serving(folder: Path, store: Path) -> Iterator[Comparer]:
    """A comparer process; it is killed in the end."""
    with (folder / "stderr").open("a") as errors:
        arguments = ("--jobs", str(folder / "jobs.toml"), "--port", "0", "--store", str(store))
        process = subprocess.Popen(
            [*COMPARER, *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
    with process:
        try:
            assert process.stdout
            found = re.search(r"http://127.0.0.1:(\d+)", process.stdout.readline())
            assert found, (folder / "stderr").read_text()
            comparer = Comparer(process, int(found[1]))
            with closing(comparer.connection):
                yield comparer
        finally:
            process.send_signal(signal.SIGKILL)


@dataclass(frozen=True)
class Kept:
    """What a store has of the task."""

    task: Task
    tables: Mapping[str, Mapping[str, Any]]
    differences: Mapping[str, list[Any]]
    databases: list[str]

    def progress(self, big: str) -> tuple[int, float]:
        """How many tables are done, and how many percent of the big one."""
        table = self.tables[big]
        percent = round(100 * table["rows_read"] / table["rows_total"], 2) if table["rows_total"] else 0.0
        return sum(table["result"] in FINAL for table in self.tables.values()), percent


def kept(store: Path, task_id: str, database: str = "source") -> Kept:
    """Read a copy of a killed service's store: the service itself is to find it as it was left."""
    folder = store.parent / "copy"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for part in store.parent.glob(f"{store.name}*"):
        shutil.copy(part, folder)
    with closing(Store(folder / store.name)) as copy:
        task = copy.task(task_id)
        assert task
        tables = {body["table"]: body for body in copy.page(task_id, tables_part(database), -1)}
        differences = {
            name: sorted(
                (body["kind"], body["source_key"], body["target_key"])
                for body in copy.page(task_id, differences_part(database, name), -1)
            )
            for name in tables
        }
        return Kept(task, tables, differences, [body["result"] for body in copy.page(task_id, DATABASES, -1)])
