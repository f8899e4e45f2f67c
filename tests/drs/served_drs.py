"""A small but real DRS on a free port, to be told which reading of the documentation it follows and how it fails.

    with ServedDrs(now=clock, jobs=[Job("…jb502")]) as drs:
        project = drs.project()                        # {region, drs_endpoint, …} as in the projects secret
        drs.script("create", Fault(429), Fault.lost()) # the next two creates, then normal again

It runs in a thread of its own, so that functions in this process or another one can call it. Tasks advance with `now`
alone. Whatever is asked is in `calls`. `identities` has what is accepted (`access_keys`, `users`, `security_tokens`,
`tokens`: all may be changed while it runs) and counts `bad_signatures` in a row per access key; `worst_row` is the
longest row.

Endpoints to script: token, create, results, status, overview, detail, tables, cancel, line-overview, line-detail,
content-overview, content-detail, content-difference.
"""

import asyncio
import json
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, NoReturn, Self
from urllib.parse import unquote

from aiohttp import web

from tests.drs import served_tasks as tasks
from tests.drs.served_identity import ACCESS_KEY, DOMAIN, PASSWORD, SECRET_KEY, USER, Identities, Refusal
from tests.drs.served_quirks import Fault, Quirks
from tests.drs.served_tasks import Job, Objects, Table, Task

__all__ = ["Fault", "Job", "Objects", "Quirks", "ServedDrs", "Table", "Task"]

PROJECT_ID = "054ba152d480d55b2f5dc0069e7ddef0"


@dataclass(frozen=True)
class Call:
    """One request as it arrived."""

    endpoint: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


class ServedDrs:
    """See the module. `quirks`, `jobs` and `tasks` may be changed while it runs."""

    def __init__(
        self,
        *,
        now: Callable[[], float],
        jobs: Iterable[Job] = (),
        quirks: Quirks | None = None,
        project_id: str = PROJECT_ID,
        token_seconds: float = 86400,
    ) -> None:
        self.now = now
        self.jobs = {job.job_id: job for job in jobs}
        self.quirks = quirks or Quirks()
        self.project_id = project_id
        self.identities = Identities(now, project_id, token_seconds)
        self.tasks: dict[str, list[Task]] = defaultdict(list)
        self.calls: list[Call] = []
        self.url = ""
        self._scripts: dict[str, deque[Fault | None]] = defaultdict(deque)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    # --- running ---

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        host, port = site._server.sockets[0].getsockname()[:2]  # type: ignore[attr-defined]
        self.url = f"http://{host}:{port}"

    def project(self, auth: Literal["aksk", "token"] = "aksk") -> dict[str, str]:
        """The entry of the projects secret for this DRS."""
        common = {"region": "cn-north-4", "drs_endpoint": self.url, "iam_endpoint": self.url, "auth": auth}
        if auth == "aksk":
            return {**common, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
        return {**common, "user": USER, "password": PASSWORD, "domain": DOMAIN}

    def script(self, endpoint: str, *answers: Fault | None) -> None:
        """Answers for the next calls of an endpoint; `None` is the real one."""
        self._scripts[endpoint].extend(answers)

    def called(self, endpoint: str) -> list[Call]:
        return [call for call in self.calls if call.endpoint == endpoint]

    def add_task(self, job_id: str, level: str, *, created_at: float | None = None) -> Task:
        """A task that somebody else made."""
        at = self.now() if created_at is None else created_at
        task = tasks.new_task(self.jobs[job_id], level, at, None, {})
        self.tasks[job_id].append(task)
        return task

    # --- one request ---

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        endpoint, act, parts = self._route(request)
        body = json.loads(content) if content else None
        self.calls.append(
            Call(endpoint, request.method, request.raw_path, dict(request.query), dict(request.headers), body)
        )
        scripted = self._scripts[endpoint].popleft() if self._scripts[endpoint] else None
        if scripted is not None and not scripted.after:
            return await self._fail(request, scripted)
        status, data, headers = self._answer(endpoint, request, content, lambda: act(request, body, *parts))
        headers["X-Request-Id"] = f"{len(self.calls):032x}"
        if scripted is not None:
            return await self._fail(request, scripted)
        if data is None:
            return web.Response(status=status, headers=headers)
        return web.json_response(data, status=status, headers=headers)

    def _answer(
        self, endpoint: str, request: web.Request, content: bytes, act: Callable[[], Any]
    ) -> tuple[int, Any, dict[str, str]]:
        if endpoint == "token":
            return self.identities.token(json.loads(content))
        try:
            self.identities.check(request, content)
            self._allow()
            answer = act()
        except Refusal as refusal:
            told = {"error_code": refusal.code, "error_msg": refusal.message}
            waits = refusal.status == 429 and self.quirks.throttle_header
            return refusal.status, told, {"Retry-After": str(waits)} if waits else {}
        return (*answer, {}) if isinstance(answer, tuple) else (200, answer, {})

    async def _fail(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.status <= 0:
            assert request.transport is not None
            if fault.status < 0:
                request.transport.write(b"HTTP/1.1 banana\r\n\r\n")
            request.transport.close()
            return web.Response()
        if fault.cut is not None:
            response = web.StreamResponse(status=fault.status, headers=fault.headers)
            response.content_length = len(fault.content)
            await response.prepare(request)
            await response.write(fault.content[: fault.cut])
            assert request.transport is not None
            request.transport.close()
            return response
        return web.Response(status=fault.status, body=fault.content, headers=fault.headers)

    def _route(self, request: web.Request) -> tuple[str, Callable[..., Any], list[str]]:
        method, parts = request.method, [unquote(part) for part in request.raw_path.partition("?")[0].split("/")[1:]]
        match (method, *parts):
            case ("POST", "v3", "auth", "tokens"):
                return "token", self._unknown, []
            case ("POST", "v3", self.project_id, "jobs", "create-compare-task"):
                return "create", self._create, []
            case ("POST", "v3", self.project_id, "jobs", "query-compare-result") if self.quirks.families != "b":
                return "results", self._query, []
            case ("POST", "v3", self.project_id, "jobs", "batch-status"):
                return "status", self._batch_status, []
            case (_, "v3", self.project_id, "jobs", *rest) if self.quirks.families != "a":
                return self._route_b(method, rest)
        return "unknown", self._unknown, []

    def _route_b(self, method: str, rest: list[str]) -> tuple[str, Callable[..., Any], list[str]]:
        found: tuple[str, Callable[..., Any], list[str]] = ("unknown", self._unknown, [])
        match (method, *rest):
            case ("GET", job_id, "object", "compare"):
                found = "overview", self._overview, [job_id]
            case ("GET", job_id, "object", "compare", kind):
                found = "detail", self._detail, [job_id, kind]
            case ("GET", job_id, "table", "compare"):
                found = "tables", self._tables, [job_id]
            case ("DELETE", job_id, "compare", task_id):
                found = "cancel", self._cancel, [job_id, task_id]
            case ("GET", job_id, "compare", task_id, ("line-overview" | "content-overview") as name):
                found = name, self._numbered_overview, [job_id, task_id, name]
            case ("GET", job_id, "compare", task_id, "content-difference"):
                found = "content-difference", self._difference, [job_id, task_id]
            case ("GET", job_id, "compare", task_id, ("line-detail" | "content-detail") as name):
                found = name, self._numbered_detail, [job_id, task_id, name]
        return found

    def _unknown(self, _request: web.Request, _body: Any) -> NoReturn:
        raise Refusal("APIG.0101", "The API does not exist or has not been published", 404)

    # --- who calls ---

    def _allow(self) -> None:
        if self.quirks.forbidden:
            status, code = self.quirks.forbidden
            raise Refusal(code, "not authorized", status)
        allowed = self.quirks.calls_allowed
        if allowed is not None and len(self.calls) > allowed:
            raise Refusal("APIG.0308", "The throttling threshold has been reached: policy user over ratelimit", 429)

    # --- jobs and tasks ---

    def _job(self, job_id: str) -> Job:
        job = self.jobs.get(job_id)
        if job is None or job.deleted:
            raise Refusal("DRS.10000010", "Task not found. Check the task ID.")
        return job

    def _task(self, job_id: str, task_id: str, family: str) -> Task:
        known = [task for task in self.tasks[self._job(job_id).job_id] if task.task_id == task_id]
        if not known or self.quirks.ids not in {"shared", family}:
            raise Refusal("DRS.M00202", "The value of parameter compare_job_id is invalid.")
        return known[0]

    def _create(self, _request: web.Request, body: Any) -> Any:
        answer: dict[str, Any] = {"job_id": body["job_id"]}
        objects, data = body.get("object_level_compare_type"), body.get("data_level_compare_info")
        try:
            job = self._ready_job(body["job_id"], both=bool(objects and data and data["compare_type"] == "contents"))
        except Refusal as refusal:
            if self.quirks.refusals == "http":
                raise
            return {**answer, "error_code": refusal.code, "error_msg": refusal.message}
        if objects:
            answer["object_level_compare_create_result"] = {"compare_task_id": self._new(job, "objects", body)}
        if data:
            part = self._create_data(job, data, body)
            answer |= {"data_level_compare_create_result": part} if part is not None else {}
        latest = [task.task_id for task in self.tasks[job.job_id] if task.level == "objects"][-1:]
        if not objects and not data and latest and self.quirks.empty_create == "latest":
            answer["object_level_compare_create_result"] = {"compare_task_id": latest[0]}
        return answer

    def _ready_job(self, job_id: str, *, both: bool) -> Job:
        job = self._job(job_id)
        if job.parent:
            raise Refusal("DRS.M00307", "Only subtasks can invoke this interface.")
        if job.state != "INCRE_TRANSFER_STARTED":
            raise Refusal("DRS.M00304", "This API cannot be called in the current task status.")
        if both:
            raise Refusal("DRS.M00200", "Parameter error.")
        return job

    def _create_data(self, job: Job, data: dict[str, Any], body: Any) -> dict[str, str] | None:
        now = self.now()
        unfinished = [t for t in self.tasks[job.job_id] if t.level != "objects" and t.status(now) in tasks.UNFINISHED]
        if unfinished and data["conflict_policy"] == "keep":
            refusal = {"error_code": "DRS.10000024", "error_msg": "Another operation is being performed"}
            kept = {"compare_task_id": unfinished[0].task_id}
            return {"id": kept, "error": refusal, "nothing": None}[self.quirks.keep_answer]
        for task in unfinished:
            task.cancelled_at = now
        start = data.get("start_time")
        if start is None:
            return {"compare_task_id": self._new(job, data["compare_type"], body)}
        starts_at = int(start) / 1000 if len(start) == 13 else None
        if starts_at is None or (starts_at < now and self.quirks.past_start == "refused"):
            return {"error_code": "DRS.M00202", "error_msg": "The value of parameter start_time is invalid."}
        return {"compare_task_id": self._new(job, data["compare_type"], body, starts_at)}

    def _new(self, job: Job, level: str, body: Any, starts_at: float | None = None) -> str:
        task = tasks.new_task(job, level, self.now(), starts_at, body)
        self.tasks[job.job_id].append(task)
        return task.task_id

    def _batch_status(self, _request: web.Request, body: Any) -> Any:
        job_id = body["jobs"][0]
        job = self.jobs.get(job_id)
        if job is None:
            return 400, {
                "results": [{"id": job_id, "error_code": "DRS.M00289", "error_message": "no such job"}],
                "count": 1,
            }
        if job.deleted:
            return 400, {
                "results": [{"id": job_id, "error_code": "DRS.M05004", "error_message": "deleted"}],
                "count": 1,
            }
        return {"results": [{"id": job_id, "status": job.state}], "count": 1}

    def _cancel(self, _request: web.Request, _body: Any, job_id: str, task_id: str) -> Any:
        task = self._task(job_id, task_id, "b")
        if task.status(self.now()) not in tasks.UNFINISHED:
            raise Refusal("DRS.M00304", "This API cannot be called in the current task status.")
        task.cancelled_at = self.now()
        return {}

    # --- results ---

    def _query(self, _request: web.Request, body: Any) -> Any:
        job, now = self._job(body["job_id"]), self.now()
        size, number = body["per_page"], body["current_page"]
        if size > self.quirks.most_per_page:
            if self.quirks.beyond_most == "refused":
                raise Refusal("DRS.M00211", "The value of Page exceeds the upper limit.")
            size = self.quirks.most_per_page
        every = sorted(self.tasks[job.job_id], key=lambda task: -task.created_at)
        answer: dict[str, Any] = {
            "job_id": job.job_id,
            "compare_task_list_results": {
                "compare_task_list": [tasks.listed(task, now) for task in tasks.page(every, number, size)],
                "compare_task_list_count": len(every),
            },
        }
        if body.get("object_level_compare_id"):
            task = self._task(job.job_id, body["object_level_compare_id"], "a")
            answer["object_level_compare_results"] = tasks.object_results(job, task)
        for name, section in (("line_compare_id", "line"), ("content_compare_id", "content")):
            if body.get(name):
                task = self._task(job.job_id, body[name], "a")
                answer[f"{section}_compare_results"] = tasks.data_results(job, task, number, size)
        return answer

    def _overview(self, _request: web.Request, _body: Any, job_id: str) -> Any:
        job = self._job(job_id)
        of_objects = [task for task in self.tasks[job_id] if task.level == "objects"]
        if not of_objects:
            if self.quirks.before_any == "400":
                raise Refusal("DRS.10000010", "Task not found. Check the task ID.")
            return {} if self.quirks.before_any == "empty" else None
        return tasks.overview(job, max(of_objects, key=lambda task: task.created_at), self.now())

    def _detail(self, request: web.Request, _body: Any, job_id: str, kind: str) -> Any:
        self._task(job_id, request.query["compare_job_id"], "b")
        return self._sliced(request, tasks.object_detail(self._job(job_id), kind), "compare_detail", "count")

    def _tables(self, request: web.Request, _body: Any, job_id: str) -> Any:
        self._job(job_id)
        found = [task for task in self.tasks[job_id] if task.level != "objects"]
        return self._sliced(request, found, "compare_jobs", "count", lambda task: tasks.data_task(task, self.now()))

    def _numbered_overview(self, request: web.Request, _body: Any, job_id: str, task_id: str, name: str) -> Any:
        items = tasks.numbered_overview(self._job(job_id), self._task(job_id, task_id, "b"))
        key = "data_compare_overview_infos" if name == "line-overview" else "content_compare_result_infos"
        return self._sliced(request, items, key, "total_count")

    def _numbered_detail(self, request: web.Request, _body: Any, job_id: str, task_id: str, name: str) -> Any:
        task, query = self._task(job_id, task_id, "b"), request.query
        comparable = query.get("type", "compare") == "compare"
        items = tasks.numbered_detail(
            self._job(job_id), task, query["db_name"], comparable=comparable, sign=self.quirks.sign
        )
        key = "table_line_compare_result_infos" if name == "line-detail" else "content_compare_result_infos"
        return self._sliced(request, items, key, "total_count")

    def _difference(self, request: web.Request, _body: Any, job_id: str, task_id: str) -> Any:
        self._task(job_id, task_id, "b")
        items = tasks.differences(self._job(job_id), request.query["db_name"], request.query["table_name"])
        return self._sliced(request, items, "contents_infos", "count")

    def _sliced(
        self,
        request: web.Request,
        items: list[Any],
        key: str,
        count: str,
        shown: Callable[[Any], Any] = lambda item: item,
    ) -> dict[str, Any]:
        offset, limit = int(request.query.get("offset", 0)), int(request.query.get("limit", 1000))
        assert 1 <= limit <= 1000
        return {count: len(items), key: [shown(item) for item in items[offset : offset + limit]]}
