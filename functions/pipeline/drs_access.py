"""The way to DRS for one step: the project's credentials, through the project's gate, at the project's pace."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from functions.pipeline import log, metrics
from functions.pipeline.comparison import Comparison, Trouble
from functions.pipeline.drs import Drs
from functions.pipeline.drs_errors import TryLater
from functions.pipeline.drs_project import Project
from functions.pipeline.edge import Edge
from functions.pipeline.gate import PROBE_SECONDS, SLOTS, Gate, Pass, Probing, Shut
from functions.pipeline.projects import BadProjects, Projects, projects
from functions.pipeline.settings import DrsSettings, LedgerSettings

#: How long a step waits in place for a slot before its message waits in the queue instead; seconds.
PATIENCE_SECONDS = 2.0
_PAUSE_SECONDS = 0.1
#: What only an accepted caller is told.
_AUTHENTICATED = {"busy", "too_frequent", "not_ready"}
_log = log.get_logger()


class Closed(Exception):
    """DRS may not be called now; the step is to be tried again at `until`. `reason` is `credentials` or `budget`."""

    def __init__(self, until: float, reason: str) -> None:
        super().__init__(f"closed until {until} ({reason})")
        self.until, self.reason = until, reason

    def remembered(self, comparison: Comparison, now: float) -> Comparison:
        """The comparison that knows why it waits, should its deadline pass first. DRS's own words come first."""
        told = self.__cause__ if isinstance(self.__cause__, TryLater) else None
        if told is None and (self.reason != "credentials" or comparison.last_trouble):
            return comparison
        code, message = (told.code, told.message) if told else ("Parity.Credentials", "the credentials do not work")
        trouble = Trouble(code=code, message=message, reason=self.reason, at=now)
        return comparison.model_copy(update={"last_trouble": trouble})


@asynccontextmanager
async def open_drs(edge: Edge, settings: DrsSettings, ledger: LedgerSettings, project_id: str) -> AsyncIterator[Drs]:
    """A DRS client of the project for one step.

    Raises Closed where the step has to wait: no free slot, refused or missing credentials. The body may raise
    `TryLater`; with the reason `credentials` it shuts the gate and becomes Closed.
    """
    gate = Gate(
        edge.aws,
        ledger.ledger_table,
        project_id,
        now=edge.now,
        unique=edge.unique,
        hold_seconds=ledger.lease_seconds,
    )
    entry, project = await _enter(edge, settings, gate, project_id)
    drs = Drs(
        edge.session,
        project_id,
        project,
        now=edge.now,
        language=settings.language,
        pace=_pace(SLOTS / settings.calls_per_second),
        tokens=edge.cache.setdefault("drs_tokens", {}),
    )
    try:
        yield drs
    except TryLater as e:
        if e.reason == "credentials":
            await _refused(gate, entry, e)
            raise Closed(edge.now() + PROBE_SECONDS, "credentials") from e
        await (gate.leave_proven(entry) if e.reason in _AUTHENTICATED else gate.leave(entry))
        raise
    except Exception:
        await gate.leave(entry)
        raise
    await gate.leave_proven(entry)


async def _enter(edge: Edge, settings: DrsSettings, gate: Gate, project_id: str) -> tuple[Pass, Project]:
    loop = asyncio.get_running_loop()
    patience = loop.time() + PATIENCE_SECONDS
    while True:
        item = await gate.look()
        configured = await _current(edge, settings, proven=item.get("proven"))
        project = configured.by_id.get(project_id)
        if project is None:
            _log.error("projects.unusable", reason=f"project {project_id} is not in the projects secret")
            raise _closed(edge)
        answer = await gate.enter(configured.version, item)
        if isinstance(answer, Pass):
            return answer, project
        if isinstance(answer, Shut):
            raise Closed(answer.until, "credentials")
        if isinstance(answer, Probing) or loop.time() > patience:
            raise Closed(answer.until if isinstance(answer, Probing) else edge.now() + 1, "budget")
        await asyncio.sleep(_PAUSE_SECONDS * (0.5 + edge.random()))


async def _current(edge: Edge, settings: DrsSettings, *, proven: str | None) -> Projects:
    """The configured projects; unproven credentials are tried only as the secret has them now."""
    try:
        with contextlib.suppress(BadProjects):  # what was kept may have been repaired since
            known = await projects(edge, settings.projects_secret_id)
            if known.version == proven:
                return known
        return await projects(edge, settings.projects_secret_id, fresh=True)
    except BadProjects as e:
        _log.error("projects.unusable", reason=str(e))
        raise _closed(edge) from e


def _closed(edge: Edge) -> Closed:
    metrics.count("CredentialsRefused")
    return Closed(edge.now() + PROBE_SECONDS, "credentials")


async def _refused(gate: Gate, entry: Pass, error: TryLater) -> None:
    metrics.count("CredentialsRefused")
    _log.error("drs.credentials_refused", code=error.code, reason=error.message, bad_signature=error.bad_signature)
    await gate.leave_refused(entry, bad_signature=error.bad_signature)


def _pace(seconds: float) -> Callable[[], Awaitable[None]]:
    """Space the calls of one step: with two steps inside, the project's calls per second are kept."""
    last = 0.0

    async def pace() -> None:
        nonlocal last
        loop = asyncio.get_running_loop()
        wait = last + seconds - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        last = loop.time()

    return pace
