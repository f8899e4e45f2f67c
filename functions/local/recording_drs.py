"""Recording what a live DRS answers: the questions that a verdict asks, nothing created, every answer redacted."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from functions.local.checkup import Finding
from functions.local.cli_errors import bad_input
from functions.local.redaction import Redactor
from functions.pipeline.drs import Drs
from functions.pipeline.drs_errors import Refused, TryLater
from functions.pipeline.drs_lists import DrsTask
from functions.pipeline.drs_project import Project
from functions.pipeline.edge import open_session
from functions.pipeline.projects import BadProjects, parse_projects

MOST_TASKS: Final = 4
_PAUSE_SECONDS: Final = 0.2
_SECONDS: Final = 120.0
_SUBJECT: Final = "DRS"


@dataclass(frozen=True)
class Recording:
    """What to ask: a DRS job of a project, with that project's credentials."""

    project_id: str
    project: Project = field(repr=False)
    job_id: str

    @classmethod
    def of(cls, projects_file: Path, project_id: str | None, job_id: str) -> "Recording":
        """With the entry of a file as the projects secret has it. Raises CommandFailed (2)."""
        try:
            known = parse_projects(projects_file.read_text("utf-8"), "").by_id
        except OSError as error:
            raise bad_input(f"--projects: {projects_file}: {error.strerror or type(error).__name__}") from None
        except UnicodeDecodeError:
            raise bad_input(f"--projects: {projects_file}: must be UTF-8") from None
        except BadProjects as error:
            raise bad_input(f"--projects: {projects_file}: {error}") from None
        named = project_id or (next(iter(known)) if len(known) == 1 else "")
        if named not in known:
            raise bad_input(f"--project: must be one of those in {projects_file}: {', '.join(known)}")
        return cls(named, known[named], job_id)


def record(asked: Recording, file: Path) -> Iterator[Finding]:
    """Ask, write what was answered to `file` as JSON, and yield what came of it. An existing file is never replaced."""
    try:
        target = file.open("x", encoding="utf-8")
    except OSError as error:
        raise bad_input(f"--record-drs: {file}: {error.strerror or type(error).__name__}") from None
    with target:
        answers, findings = asyncio.run(_ask(asked))
        target.write(
            json.dumps({"recorded_at": round(time.time()), "answers": answers}, indent=1, ensure_ascii=True) + "\n"
        )
    yield from findings
    yield Finding("ok", "recording", f"{len(answers)} answers in {file}; read it before you pass it on")


async def _ask(asked: Recording) -> tuple[list[dict[str, Any]], list[Finding]]:
    answers: list[dict[str, Any]] = []
    findings: list[Finding] = []
    end = time.monotonic() + _SECONDS

    async def told(what: str, question: Awaitable[Any]) -> Any:
        try:
            answer = await question
        except (TryLater, Refused) as error:
            findings.append(Finding("warn", _SUBJECT, f"{what}: {error}"))
            return None
        findings.append(Finding("ok", _SUBJECT, f"{what}: answered"))
        return answer

    async with open_session({}) as session:
        drs = Drs(
            _Listening(session, asked.project, answers),  # type: ignore[arg-type]  # the part of a session that is used
            asked.project_id,
            asked.project,
            now=time.time,
            pace=lambda: asyncio.sleep(_PAUSE_SECONDS),
            tokens={},
            seconds_left=lambda: end - time.monotonic(),
        )
        await told("the state of the job", drs.job_status(asked.job_id))
        tasks: list[DrsTask] = await told("its comparisons", drs.tasks(asked.job_id)) or []
        for task in sorted(tasks, key=lambda task: task.created_at or 0, reverse=True)[:MOST_TASKS]:
            if task.level:
                await told(f"a comparison of {task.level}", drs.read(asked.job_id, task.task_id, task.level))
    return answers, findings


class _Listening:
    """A session that notes what the comparison API answers; of the sign-in nothing is noted."""

    def __init__(self, session: aiohttp.ClientSession, project: Project, answers: list[dict[str, Any]]) -> None:
        self._session = session
        self._drs = project.drs_url + "/v3/"
        self._iam = project.iam_url + "/v3/auth/"
        self._answers = answers
        self._redactor = Redactor()

    def post(self, url: str, **options: Any) -> Any:
        return self._session.post(url, **options)

    def request(self, method: str, url: str, **options: Any) -> Any:
        if not str(url).startswith(self._drs) or str(url).startswith(self._iam):
            return self._session.request(method, url, **options)
        return _Listened(self._session.request(method, url, **options), self._noting(method, str(url), options))

    def _noting(
        self, method: str, url: str, options: dict[str, Any]
    ) -> Callable[[aiohttp.ClientResponse, bytes], None]:
        def note(response: aiohttp.ClientResponse, body: bytes) -> None:
            asked = _json(options.get("data") or b"null")
            self._answers.append(
                {
                    "asked": {"method": method, "path": self._redactor.path(url), "body": self._redactor.value(asked)},
                    "status": response.status,
                    "headers": self._redactor.headers(response.headers),
                    "body": self._redactor.value(_json(body)),
                }
            )

        return note


class _Listened:
    """A request in flight; its answer is noted when it has been read."""

    def __init__(self, request: Any, note: Callable[[aiohttp.ClientResponse, bytes], None]) -> None:
        self._request = request
        self._note = note

    async def __aenter__(self) -> aiohttp.ClientResponse:
        response: aiohttp.ClientResponse = await self._request.__aenter__()
        self._content = _Content(response.content)
        response.content = self._content  # type: ignore[assignment]  # what a reader can do, it can do
        self._response = response
        return response

    async def __aexit__(self, *raised: Any) -> None:
        self._note(self._response, bytes(self._content.seen))
        await self._request.__aexit__(*raised)


class _Content:
    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content
        self.seen = bytearray()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    async def iter_any(self) -> AsyncIterator[bytes]:
        async for part in self._content.iter_any():
            self.seen += part
            yield part


def _json(raw: bytes) -> Any:
    """A body as JSON; of one that is none, its length alone."""
    try:
        return json.loads(raw) if raw else None
    except (ValueError, RecursionError):
        return {"no_json": True, "bytes": len(raw)}
