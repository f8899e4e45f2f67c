"""Handler of the status door: shows one comparison or many, or asks to stop one. No token configured means closed."""

import base64
import binascii
import json
import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from functions.pipeline import log, metrics
from functions.pipeline.aws import AwsError
from functions.pipeline.comparison_view import full_view, short_view
from functions.pipeline.credentials_text import BadSecret, bearer_tokens, token_matches
from functions.pipeline.edge import Edge, LambdaContext, lambda_handler
from functions.pipeline.ledger import Ledger, comparison_in, open_ledger, request_message
from functions.pipeline.messages import FieldError, Invalid, PollMessage
from functions.pipeline.responses import Response, answer, problem
from functions.pipeline.secrets import Secrets
from functions.pipeline.settings import Settings
from functions.pipeline.verdict import RANK

PAGE = 50
#: A page is filled up by reading at most this many pages of the index.
MOST_PAGES = 5
_STATES = ("accepted", "polling", "finished")
_UNKNOWN = "No comparison has this id, or its id is forgotten."
_log = log.get_logger()


class PageKey(BaseModel):
    """The key of an item in the index `by_job` (with a job) or `recent` (with the kind)."""

    model_config = ConfigDict(extra="forbid", strict=True)

    pk: Annotated[str, StringConstraints(pattern=r"^cmp#cmp_[0-9a-f]{32}$")]
    accepted_at: Annotated[int | float, Field(ge=0, le=1e11, allow_inf_nan=False)]
    job_id: Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$")] | None = None
    kind: Literal["comparison"] | None = None

    @model_validator(mode="after")
    def _of_one_index(self) -> Self:
        if (self.job_id is None) == (self.kind is None):
            raise ValueError("job_id or kind")
        return self


class StatusSettings(Settings):
    """Where the tokens are, and the queues that wake a comparison up."""

    token_secret_id: str
    requests_queue_url: str
    polls_queue_url: str


async def handle(event: dict[str, Any], _context: LambdaContext, edge: Edge) -> Response:
    """One HTTP request of API Gateway; returns its answer."""
    settings = StatusSettings.load(edge.env)
    try:
        if not await _allowed(settings, event.get("headers") or {}, edge):
            metrics.count("StatusRejected")
            return problem(401, "A valid bearer token is needed.", www_authenticate="Bearer")
        return await _answer(settings, event, edge)
    except (AwsError, BadSecret) as e:
        _log.error("status.unavailable", reason=str(e))
        return problem(503, "Not to be told right now; ask again.", retry_after="10")


async def _allowed(settings: StatusSettings, headers: dict[str, str], edge: Edge) -> bool:
    scheme, _, given = headers.get("authorization", "").partition(" ")

    def check(text: str) -> bool:
        return token_matches(given.strip(), bearer_tokens(text))

    secrets = Secrets(edge.aws, edge.cache, edge.now)
    return scheme.lower() == "bearer" and await secrets.accepts(settings.token_secret_id, check)


async def _answer(settings: StatusSettings, event: dict[str, Any], edge: Edge) -> Response:
    ledger = open_ledger(edge)
    comparison_id = (event.get("pathParameters") or {}).get("comparison_id")
    if comparison_id is None:
        return await _list(ledger, event.get("queryStringParameters") or {})
    if not re.fullmatch(r"cmp_[0-9a-f]{32}", comparison_id):
        return problem(404, _UNKNOWN)
    if event["requestContext"]["http"]["method"] == "DELETE":
        return await _cancel(settings, ledger, comparison_id, edge)
    item = await ledger.read(comparison_id)
    if item is None:
        return problem(404, _UNKNOWN)
    if item["state"] == "finished":
        return answer(200, full_view(item))
    return answer(200, full_view(item), retry_after=str(max(1, round(item["next_at"] - edge.now()))))


async def _cancel(settings: StatusSettings, ledger: Ledger, comparison_id: str, edge: Edge) -> Response:
    item = await ledger.request_cancel(comparison_id)
    if item is None:
        known = await ledger.read(comparison_id)
        return problem(409, f"Already finished: {known['verdict']}.") if known else problem(404, _UNKNOWN)
    if item["state"] == "accepted":
        await edge.aws.send(settings.requests_queue_url, request_message(comparison_in(item)))
    else:
        message = PollMessage(comparison_id=comparison_id, step=item["step"])
        await edge.aws.send(settings.polls_queue_url, message.model_dump_json())
    log.note("comparison.cancel_requested", comparison_id=comparison_id)
    return answer(202, short_view(item), location=f"/comparisons/{comparison_id}", retry_after="5")


async def _list(ledger: Ledger, query: dict[str, str]) -> Response:
    try:
        wanted = _filters(query)
        start = _start(query.get("next"), wanted.get("job_id"))
    except Invalid as e:
        return problem(400, "The query can't be read.", e.errors)
    job_id = wanted.pop("job_id", None)
    found: list[dict[str, Any]] = []
    for _ in range(MOST_PAGES):
        page = await ledger.listed(job_id=job_id, start=start, limit=PAGE, names=wanted)
        found, start = found + page.items, page.next
        if start is None or len(found) >= PAGE:
            break
    following = base64.urlsafe_b64encode(json.dumps(start).encode()).decode() if start else None
    return answer(200, {"comparisons": [short_view(item) for item in found], "next": following})


def _filters(query: dict[str, str]) -> dict[str, str]:
    allowed = {"state": _STATES, "verdict": RANK}
    errors = [
        FieldError(field=name, message=f"must be one of {', '.join(allowed[name])}")
        for name in allowed
        if query.get(name, "") and query[name] not in allowed[name]
    ]
    unknown = query.keys() - {"job_id", "state", "verdict", "next"}
    errors += [FieldError(field=name[:100], message="unknown; job_id, state, verdict, next are") for name in unknown]
    if query.get("job_id") and not re.fullmatch(r"[\x21-\x7e]{1,64}", query["job_id"]):
        errors.append(FieldError(field="job_id", message="must be 1 to 64 visible ASCII characters"))
    if errors:
        raise Invalid(*errors)
    return {name: query[name] for name in ("job_id", "state", "verdict") if query.get(name)}


def _start(token: str | None, job_id: str | None) -> dict[str, Any] | None:
    """The key that a page's `next` stands for: that of the index, and nothing else."""
    if not token:
        return None
    try:
        key = PageKey.model_validate_json(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error) as e:
        raise Invalid(FieldError(field="next", message="must be the `next` of the page before")) from e
    if (key.job_id is None) != (job_id is None):
        raise Invalid(FieldError(field="next", message="belongs to a list with another job_id"))
    return key.model_dump(exclude_none=True)


handler = lambda_handler(handle)
