"""The HTTP face: routes, request ids, who may ask, and one place where every refusal becomes an answer."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from functions.comparer import api_tasks
from functions.comparer.access import Access, Token, Unauthorized
from functions.comparer.api_create import create
from functions.comparer.api_errors import LANGUAGES, ApiError
from functions.comparer.api_results import Results
from functions.comparer.bodies import read_model
from functions.comparer.jobs import Job
from functions.comparer.store import Store
from functions.comparer.tasks import Tasks
from functions.pipeline.drs_models import (
    Answer,
    AuthTokenRequest,
    BatchStatusRequest,
    CreateComparisonTask,
    ErrorBody,
    QueryCompareResult,
)

_log = logging.getLogger(__name__)

MAX_BODY_BYTES = 12 * 1024 * 1024  # what the gateway takes of a signed request
_ANY_PROJECT = "0" * 32
_JOBS = "/v3/{project_id}/jobs"
_TOKENS = "/v3/auth/tokens"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Api:
    """The comparison API of one service (drs_03_0136 and its neighbours), the token door, and the list of projects."""

    def __init__(
        self, store: Store, jobs: dict[str, Job], tasks: Tasks, access: Access, unique: Callable[[], str]
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._tasks = tasks
        self._access = access
        self._unique = unique

    def application(self) -> web.Application:
        """The application to serve."""
        app = web.Application(middlewares=[self._answering], client_max_size=MAX_BODY_BYTES)
        app.router.add_routes(
            [
                web.post(f"{_JOBS}/create-compare-task", self._create),
                web.post(f"{_JOBS}/query-compare-result", self._query),
                web.post(f"{_JOBS}/batch-status", self._batch_status),
                web.get(f"{_JOBS}/{{job_id}}/object/compare", self._overview, allow_head=False),
                web.get(f"{_JOBS}/{{job_id}}/object/compare/{{compare_type}}", self._detail, allow_head=False),
                web.get(f"{_JOBS}/{{job_id}}/table/compare", self._data_tasks, allow_head=False),
                web.delete(f"{_JOBS}/{{job_id}}/compare/{{compare_job_id}}", self._cancel),
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
        body = await _read(request)
        # Not `is`: a bound method is a new object each time.
        if request.match_info.handler != self._issue_token:
            self._access.check(request, body)
        self._tasks.tick()
        return await handler(request)

    async def _create(self, request: web.Request) -> web.Response:
        asked = read_model(CreateComparisonTask, await request.read())
        return _json(create(asked, self._job(asked.job_id), self._tasks, _language(request)))

    async def _query(self, request: web.Request) -> web.Response:
        asked = read_model(QueryCompareResult, await request.read())
        return _json(Results(self._store, self._job(asked.job_id), asked, _language(request)).answer())

    async def _overview(self, request: web.Request) -> web.Response:
        return _json(api_tasks.overview(self._store, self._job_of(request)))

    async def _detail(self, request: web.Request) -> web.Response:
        kind = request.match_info["compare_type"]
        return _json(api_tasks.object_detail(self._store, self._job_of(request), kind, request.query))

    async def _data_tasks(self, request: web.Request) -> web.Response:
        return _json(api_tasks.data_tasks(self._store, self._job_of(request), request.query))

    async def _cancel(self, request: web.Request) -> web.Response:
        job, task_id = self._job_of(request), request.match_info["compare_job_id"]
        return _json(api_tasks.cancel(self._store, self._tasks, job, task_id))

    async def _batch_status(self, request: web.Request) -> web.Response:
        asked = read_model(BatchStatusRequest, await request.read())
        status, answer = api_tasks.batch_status(self._jobs, asked, _language(request))
        return _json(answer, status)

    async def _projects(self, request: web.Request) -> web.Response:
        """Every project answers to every region's name: jobs.toml knows none."""
        name = request.query.get("name", "")
        projects = [
            {"id": project, "name": name, "enabled": True} for project in self._access.project_ids or (_ANY_PROJECT,)
        ]
        return web.json_response({"projects": projects})

    async def _issue_token(self, request: web.Request) -> web.Response:
        try:
            asked = read_model(AuthTokenRequest, await request.read())
            token = self._access.issue(asked)
        except ApiError as error:
            return _keystone(400, error.message(_language(request)))
        except Unauthorized as error:
            return _keystone(error.status, error.message)
        catalog: dict[str, Any] = {} if request.query.get("nocatalog") == "true" else {"catalog": []}
        project = {"id": token.project_id or next(iter(self._access.project_ids), _ANY_PROJECT)}
        body = {"token": {**_token_body(token), "project": project, **catalog}}
        return web.json_response(body, status=201, headers={"X-Subject-Token": token.value})

    def _job_of(self, request: web.Request) -> Job:
        return self._job(request.match_info["job_id"])

    def _job(self, job_id: str) -> Job:
        job = self._jobs.get(job_id)
        if job is None:
            raise ApiError("DRS.10000010")
        return job


async def _read(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise ApiError("APIG.0201") from None
    except (web.RequestPayloadError, ConnectionError):
        raise ApiError("DRS.M00300", reason="the body can't be read.") from None


def _language(request: web.Request) -> str:
    asked = request.headers.get("X-Language", "").lower()
    return asked if asked in LANGUAGES else LANGUAGES[0]


def _json(answer: Answer, status: int = 200) -> web.Response:
    return web.json_response(answer.wire(), status=status)


def _refusal(request: web.Request, error: ApiError, request_id: str) -> web.Response:
    body = ErrorBody(
        error_code=error.code,
        error_msg=error.message(_language(request)),
        request_id=request_id if error.of_gateway else None,
    )
    return _json(body, error.status)


def _keystone(status: int, message: str) -> web.Response:
    titles = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden"}
    return web.json_response({"error": {"code": status, "message": message, "title": titles[status]}}, status=status)


def _token_body(token: Token) -> dict[str, Any]:
    def moment(seconds: float) -> str:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    return {
        "issued_at": moment(token.issued_at),
        "expires_at": moment(token.expires_at),
        "methods": ["password"],
        "user": {"name": token.user, "id": token.user},
        "roles": [],
    }
