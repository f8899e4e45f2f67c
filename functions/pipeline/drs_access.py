"""The way to DRS for one step: the project's credentials, through the project's gate, at the project's pace."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from functions.pipeline import log, metrics
from functions.pipeline.comparison import Comparison, Trouble
from functions.pipeline.drs import Drs
from functions.pipeline.drs_body import MOST_BYTES, MOST_BYTES_OF_LISTS
from functions.pipeline.drs_errors import TryLater
from functions.pipeline.drs_project import Project
from functions.pipeline.edge import Edge
from functions.pipeline.gate import PROBE_SECONDS, SLOTS, Gate, Pass, Probing, Shut
from functions.pipeline.projects import BadProjects, projects
from functions.pipeline.settings import DrsSettings, LedgerSettings

#: How long a step waits in place for a slot before its message waits in the queue instead; seconds.
PATIENCE_SECONDS = 2.0
_PAUSE_SECONDS = 0.1
#: After its time is up, a function is dead; seconds that clocks may differ.
_DEAD_SECONDS = 1.0
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


@dataclass
class Access:
    """A way to DRS, and what a step tells the gate when it leaves."""

    drs: Drs
    #: A refusal of the credentials that the step can live with.
    refusal: TryLater | None = None
    #: Whether DRS answered at all; from silence nothing is learned about credentials.
    heard: bool = True


@asynccontextmanager
async def open_drs(
    edge: Edge,
    settings: DrsSettings,
    ledger: LedgerSettings,
    project_id: str,
    *,
    seconds_left: Callable[[], float],
    rehearsal: bool = False,
) -> AsyncIterator[Access]:
    """A DRS client of the project for one step, which has to end within `seconds_left`.

    A `rehearsal` only looks at states and lists, and shuts the gate for nobody else should it die.
    Raises Closed where the step has to wait: no free slot, refused or missing credentials. The body may raise
    `TryLater`; with the reason `credentials` it shuts the gate and becomes Closed.
    """
    hold = seconds_left() + _DEAD_SECONDS if rehearsal else ledger.lease_seconds

    def gate_of(project: Project) -> Gate:
        args = (edge.aws, ledger.ledger_table, project.identity())
        return Gate(*args, now=edge.now, unique=edge.unique, hold_seconds=hold, rehearsal=rehearsal)

    gate, entry, project = await _enter(edge, settings, project_id, gate_of)
    drs = Drs(
        edge.session,
        project_id,
        project,
        now=edge.now,
        language=settings.language,
        pace=_pace(SLOTS / settings.calls_per_second),
        tokens=edge.cache.setdefault("drs_tokens", {}),
        seconds_left=seconds_left,
        most_bytes=MOST_BYTES_OF_LISTS if rehearsal else MOST_BYTES,
    )
    access = Access(drs)
    try:
        yield access
    except TryLater as e:
        if e.reason == "credentials":
            await _refused(gate, entry, e)
            raise Closed(edge.now() + PROBE_SECONDS, "credentials") from e
        # An answer without words may be a proxy's, which has seen no credentials.
        authenticated = e.reason in _AUTHENTICATED and not e.code.startswith("HTTP.")
        await (gate.leave_proven(entry) if authenticated else gate.leave(entry))
        raise
    except Exception:
        await gate.leave(entry)
        raise
    if access.refusal:
        await _refused(gate, entry, access.refusal)
    else:
        await (gate.leave_proven(entry) if access.heard else gate.leave(entry))


async def _enter(
    edge: Edge, settings: DrsSettings, project_id: str, gate_of: Callable[[Project], Gate]
) -> tuple[Gate, Pass, Project]:
    loop = asyncio.get_running_loop()
    patience = loop.time() + PATIENCE_SECONDS
    fresh = False
    while True:
        project, fingerprint = await _project(edge, settings, project_id, fresh=fresh)
        gate = gate_of(project)
        item = await gate.look()
        if item.get("proven") != fingerprint and not fresh:
            fresh = True  # unproven credentials are tried only as the secret has them now
            continue
        answer = await gate.enter(fingerprint, item)
        if isinstance(answer, Pass):
            return gate, answer, project
        if isinstance(answer, Shut):
            raise Closed(answer.until, "credentials")
        if isinstance(answer, Probing) or loop.time() > patience:
            raise Closed(answer.until if isinstance(answer, Probing) else edge.now() + 1, "budget")
        await asyncio.sleep(_PAUSE_SECONDS * (0.5 + edge.random()))


async def _project(edge: Edge, settings: DrsSettings, project_id: str, *, fresh: bool) -> tuple[Project, str]:
    """The project and the fingerprint of its entry, which takes some milliseconds to make and is kept."""
    try:
        configured = await projects(edge, settings.projects_secret_id, fresh=fresh)
    except BadProjects as e:
        if not fresh:  # what was kept may have been repaired since
            return await _project(edge, settings, project_id, fresh=True)
        _log.error("projects.unusable", reason=str(e))
        raise _closed(edge) from e
    project = configured.by_id.get(project_id)
    if project is None:
        if not fresh:
            return await _project(edge, settings, project_id, fresh=True)
        _log.error("projects.unusable", reason=f"project {project_id} is not in the projects secret")
        raise _closed(edge)
    kept: dict[tuple[str, str], str] = edge.cache.setdefault("fingerprints", {})
    key = (configured.version, project_id)
    if key not in kept:
        kept[key] = project.fingerprint()
    return project, kept[key]


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
