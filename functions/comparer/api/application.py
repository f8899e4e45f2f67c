"""The HTTP face: routes, request ids, who may ask, and one place where every refusal becomes an answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from functions.comparer.api import details, export, identity, start, tasks
from functions.comparer.api.access import Access
from functions.comparer.api.bodies import check_single, read_model
from functions.comparer.api.create import create
from functions.comparer.api.errors import ApiError, language_of
from functions.comparer.api.results import Results
from functions.comparer.export.life import Exports
from functions.comparer.jobs import Job
from functions.comparer.tasks.life import Tasks
from functions.comparer.tasks.store import Store
from functions.pipeline.drs_models import (
    Answer,
    BatchStatusRequest,
    CreateComparisonTask,
    CreateDataTask,
    CreateObjectTask,
    ErrorBody,
    QueryCompareResult,
)

_log = logging.getLogger(__name__)

MAX_BODY_BYTES = 12 * 1024 * 1024  # what the gateway takes of a signed request
_JOBS = "/v3/{project_id}/jobs"
_JOB = f"{_JOBS}/{{job_id}}"
_TASK = f"{_JOB}/compare/{{compare_job_id}}"
_TOKENS = "/v3/auth/tokens"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_PAGES: Mapping[str, Callable[[Store, Job, str, Mapping[str, str]], Answer]] = {
    "line-overview": details.line_overview,
    "line-detail": details.line_detail,
    "content-overview": details.content_overview,
    "content-detail": details.content_detail,
    "content-difference": details.content_difference,
}


class Api:
    """The comparison API of one service (drs_03_0136 and its neighbours), the token door, and the list of projects."""

    def __init__(
        self,
        store: Store,
        jobs: dict[str, Job],
        tasks: Tasks,
        exports: Exports,
        access: Access,
        unique: Callable[[], str],
        body_seconds: float,
    ) -> None:
        """`unique`: fresh ids of requests. `body_seconds`: how long a request's body may take to arrive."""
        self._store = store
        self._jobs = jobs
        self._tasks = tasks
        self._exports = exports
        self._access = access
        self._unique = unique
        self._body_seconds = body_seconds

    def application(self) -> web.Application:
        """The application to serve."""
        app = web.Application(middlewares=[self._answering], client_max_size=MAX_BODY_BYTES)
        app.router.add_routes(
            [
                web.post(f"{_JOBS}/create-compare-task", self._create),
                web.post(f"{_JOBS}/query-compare-result", self._query),
                web.post(f"{_JOBS}/batch-status", self._batch_status),
                web.post(f"{_JOB}/object/compare", self._create_objects),
                web.get(f"{_JOB}/object/compare", self._overview, allow_head=False),
                web.get(f"{_JOB}/object/compare/{{compare_type}}", self._detail, allow_head=False),
                web.get(f"{_JOB}/table/compare", self._data_tasks, allow_head=False),
                web.post(f"{_JOB}/table/compare", self._create_data),
                web.post(f"{_JOB}/table/compare/{{compare_job_id}}", self._start_promptly),
                # Before the tasks: "result" is not the id of one.
                web.post(f"{_JOB}/compare/result/file", self._export),
                web.get(f"{_JOB}/compare/result/file", self._download, allow_head=False),
                web.delete(f"{_JOB}/compare/{{compare_job_id}}", self._cancel),
                *(web.get(f"{_TASK}/{name}", self._found(page), allow_head=False) for name, page in _PAGES.items()),
                web.get("/v3/projects", self._projects, allow_head=False),
            ]
        )
        if self._access.issues_tokens:
            app.router.add_post(_TOKENS, self._issue_token)
        return app

    @web.middleware
    async def _answering(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        request_id = self._unique()
        try:
            response = await self._admitted(request, handler)
        except ApiError as error:
            response = _refusal(request, error, request_id)
        except Exception:  # noqa: BLE001 (a defect must be one answer and one line in the log, not a dead connection)
            _log.exception("request %s failed", request_id)
            response = _refusal(request, ApiError("DRS.M00004"), request_id)
        response.headers["X-Request-Id"] = request_id
        _log.info("%s %s %s %s", request.method, request.rel_url.raw_path, response.status, request_id)
        return response

    async def _admitted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.http_exception is not None:
            raise ApiError("APIG.0101")
        body = await _read(request, self._body_seconds)
        # Not `is`: a bound method is a new object each time.
        if request.match_info.handler != self._issue_token:
            self._access.check(request, body)
        check_single(name for name, _ in request.query.items())
        self._tasks.tick()
        return await handler(request)

    async def _create(self, request: web.Request) -> web.Response:
        asked = read_model(CreateComparisonTask, await request.read())
        return _json(create(asked, self._job(asked.job_id), self._tasks, _language(request)))

    async def _query(self, request: web.Request) -> web.Response:
        asked = read_model(QueryCompareResult, await request.read())
        return _json(Results(self._store, self._job(asked.job_id), asked, _language(request)).answer())

    async def _overview(self, request: web.Request) -> web.Response:
        return _json(tasks.overview(self._store, self._exports, self._job_of(request)))

    async def _detail(self, request: web.Request) -> web.Response:
        kind = request.match_info["compare_type"]
        return _json(tasks.object_detail(self._store, self._job_of(request), kind, request.query))

    async def _data_tasks(self, request: web.Request) -> web.Response:
        return _json(tasks.data_tasks(self._store, self._exports, self._job_of(request), request.query))

    async def _cancel(self, request: web.Request) -> web.Response:
        job, task_id = self._job_of(request), request.match_info["compare_job_id"]
        return _json(tasks.cancel(self._store, self._tasks, job, task_id))

    async def _batch_status(self, request: web.Request) -> web.Response:
        asked = read_model(BatchStatusRequest, await request.read())
        status, answer = tasks.batch_status(self._jobs, asked, _language(request))
        return _json(answer, status)

    async def _create_objects(self, request: web.Request) -> web.Response:
        asked = read_model(CreateObjectTask, await request.read() or b"{}")
        return _json(start.create_objects(asked, self._job_of(request), self._store, self._tasks), 202)

    async def _create_data(self, request: web.Request) -> web.Response:
        asked = read_model(CreateDataTask, await request.read())
        return _json(start.create_data(asked, self._job_of(request), self._tasks))

    async def _start_promptly(self, request: web.Request) -> web.Response:
        job, task_id = self._job_of(request), request.match_info["compare_job_id"]
        return _json(start.start_promptly(self._store, self._tasks, job, task_id))

    def _found(self, page: Callable[[Store, Job, str, Mapping[str, str]], Answer]) -> Handler:
        """One of the pages that only read what a task has found."""

        async def handler(request: web.Request) -> web.StreamResponse:
            job, task_id = self._job_of(request), request.match_info["compare_job_id"]
            return _json(page(self._store, job, task_id, request.query))

        return handler

    async def _export(self, request: web.Request) -> web.Response:
        region = request.headers.get("Region")
        export.export(self._exports, self._store, self._job_of(request), region, await request.read())
        return web.json_response("")

    async def _download(self, request: web.Request) -> web.Response:
        job, body = self._job_of(request), await request.read()
        file = export.download(self._exports, self._store, job, request.query, body)
        headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
        return web.Response(body=file.content, content_type=export.XLSX, headers=headers)

    async def _projects(self, request: web.Request) -> web.Response:
        return identity.projects(self._access, request.query.get("name", ""))

    async def _issue_token(self, request: web.Request) -> web.Response:
        has_catalog = request.query.get("nocatalog") != "true"
        return identity.issue_token(self._access, await request.read(), _language(request), has_catalog)

    def _job_of(self, request: web.Request) -> Job:
        return self._job(request.match_info["job_id"])

    def _job(self, job_id: str) -> Job:
        job = self._jobs.get(job_id)
        if job is None:
            raise ApiError("DRS.10000010")
        return job


async def _read(request: web.Request, seconds: float) -> bytes:
    try:
        # A body that is found to be malformed while it arrives never ends: aiohttp lets whoever reads it wait.
        async with asyncio.timeout(seconds):
            return await request.read()
    except TimeoutError:
        raise ApiError("DRS.M00300", reason=f"the body must arrive within {seconds:g} seconds.") from None
    except web.HTTPRequestEntityTooLarge:
        raise ApiError("APIG.0201") from None
    except (web.RequestPayloadError, ConnectionError):
        raise ApiError("DRS.M00300", reason="the body can't be read.") from None


def _language(request: web.Request) -> str:
    return language_of(request.headers.get("X-Language"))


def _json(answer: Answer, status: int = 200) -> web.Response:
    return web.json_response(answer.wire(), status=status)


def _refusal(request: web.Request, error: ApiError, request_id: str) -> web.Response:
    body = ErrorBody(
        error_code=error.code,
        error_msg=error.message(_language(request)),
        request_id=request_id if error.of_gateway else None,
    )
    return _json(body, error.status)
