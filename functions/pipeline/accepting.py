"""Accepting a request: from a validated body to a comparison in the ledger, once per request id."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from functions.pipeline.comparison import Comparison
from functions.pipeline.edge import Edge
from functions.pipeline.ledger import Ledger, open_ledger, same_request
from functions.pipeline.messages import (
    MAX_MESSAGE_BYTES,
    FieldError,
    Guards,
    Invalid,
    Request,
    canonical,
    comparison_id_of,
    field_errors,
    fingerprint,
    validate_request,
)
from functions.pipeline.projects import BadProjects, projects
from functions.pipeline.settings import Allowed, Deadlines, ProjectsSettings


class Conflict(Exception):
    """The request id is taken by another request; that one is never overwritten."""


@dataclass(frozen=True)
class Acceptor:
    """What accepting needs."""

    edge: Edge
    ledger: Ledger
    allowed: Allowed
    deadlines: Deadlines
    projects_secret_id: str
    traceparent: str | None = None
    """The trace that what is accepted belongs to."""

    @classmethod
    def open(cls, edge: Edge, traceparent: str | None = None) -> "Acceptor":
        """From the environment. Raises BadSettings."""
        return cls(
            edge=edge,
            ledger=open_ledger(edge),
            allowed=Allowed.load(edge.env),
            deadlines=Deadlines.load(edge.env),
            projects_secret_id=ProjectsSettings.load(edge.env).projects_secret_id,
            traceparent=traceparent,
        )

    async def judge(self, body: dict[str, Any], request_id: str | None = None) -> Comparison:
        """The comparison that a request becomes, not stored yet; `request_id` is the webhook's signed id.

        Raises Invalid, BadProjects, AwsError.
        """
        guards = Guards(
            projects=await self._projects(body.get("project_id")),
            jobs=self.allowed.allowed_jobs,
            levels=self.allowed.allowed_levels,
            cancel=self.allowed.allow_cancel,
        )
        now = self.edge.now()
        request = validate_request(body, guards, now=now, request_id=request_id)
        if len(canonical(request).encode()) > MAX_MESSAGE_BYTES:
            raise Invalid(FieldError(field="", message="too many characters that have to be escaped"))
        return new_comparison(request, self.deadlines, now, self.traceparent)

    async def accept(self, body: dict[str, Any], request_id: str | None = None) -> Comparison:
        """Judge a request and store it. Asking twice is asking once. Raises as `judge` does, and Conflict."""
        comparison = await self.judge(body, request_id)
        existing = await self.ledger.accept(comparison)
        if existing is not None and not same_request(existing, comparison):
            raise Conflict("this id was used for another request; the first one stands. Use a new id for a new request")
        return comparison

    async def _projects(self, wanted: Any) -> tuple[str, ...]:
        """The configured projects; one that is not known, or a secret that can't be read, may just have changed."""
        try:
            known = tuple((await projects(self.edge, self.projects_secret_id)).by_id)
        except BadProjects:
            known = ()
        if not known or (wanted and wanted not in known):
            known = tuple((await projects(self.edge, self.projects_secret_id, fresh=True)).by_id)
        return known

    async def accept_message(self, body: dict[str, Any]) -> str:
        """Accept a queue message; returns its comparison id. What a door accepted before is not judged again."""
        try:
            request = Request.model_validate(body)
        except ValidationError as e:
            raise Invalid(*field_errors(e)) from e
        if request.request_id is not None:
            known = await self.ledger.read(comparison_id_of(request.request_id))
            if known and known["fingerprint"] == fingerprint(_with_project(request, known["project_id"])):
                return str(known["comparison_id"])
        return (await self.accept(body)).comparison_id


def _with_project(request: Request, project_id: str) -> Request:
    """The request as it was accepted: the project that it left out was filled in."""
    return request if request.project_id else request.model_copy(update={"project_id": project_id})


def new_comparison(request: Request, deadlines: Deadlines, now: float, traceparent: str | None = None) -> Comparison:
    """The comparison of a validated request, accepted `now`."""
    contents = request.data_level_compare_info and request.data_level_compare_info.compare_type == "contents"
    usual = deadlines.contents_deadline_seconds if contents else deadlines.deadline_seconds
    return Comparison(
        comparison_id=comparison_id_of(request.request_id or ""),
        project_id=request.project_id or "",
        request=request,
        accepted_at=now,
        deadline_at=max(now, request.starts_at or 0) + (request.deadline_seconds or usual),
        traceparent=traceparent,
    )
