"""Reads functions of a template and their event sources. Source: the AWS SAM specification."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from functions.local.errors import TemplateError
from functions.local.identities import Identity
from functions.local.policy import Wish, allowed
from functions.local.resources import Function, Queue, QueueSource, Role, Route, Schedule
from functions.local.template_data import truth
from functions.local.template_types import EVENTS, check_properties

_SECTIONS = {"AWS::Serverless::Function": "Function", "AWS::Serverless::HttpApi": "HttpApi"}
POLLING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
"""What Lambda does to a queue with the function's role."""
_RATE = re.compile(r"rate\((\d+) (minute|minutes|hour|hours|day|days)\)")
_UNITS = {"minute": 60, "hour": 3600, "day": 86400}


def merge_globals(everything: Mapping[str, Any], kind: str, own: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return properties with the template's Globals below them: maps merge, lists add up, the rest is replaced."""
    shared = everything.get(_SECTIONS.get(kind, ""), {})
    return _merge(shared, own) if shared else own


def _merge(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict) and not _is_intrinsic(below) and not _is_intrinsic(above):
        both = {name: _merge(below[name], above[name]) for name in below if name in above}
        return {**below, **above, **both}
    if isinstance(below, list) and isinstance(above, list):
        return [*below, *above]
    return above


def _is_intrinsic(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and (next(iter(value)) == "Ref" or str(next(iter(value))).startswith("Fn::"))


def read_function(
    logical_id: str,
    properties: Mapping[str, Any],
    known: Identity,
    *,
    folder: Path,
    roles: Mapping[str, Role],
    apis: Mapping[str, str],
    queues: Mapping[str, Queue],
) -> Function:
    """Return a function. `roles` are by ARN, `apis` id -> logical id, `queues` are by ARN."""
    if properties.get("Role") not in roles:
        msg = f"{logical_id}: Role must be the ARN of a role in this template; generated roles are not read"
        raise TemplateError(msg)
    role, timeout = roles[properties["Role"]], int(properties.get("Timeout", 3))
    events = _events(logical_id, properties.get("Events", {}))
    retry = _retry(logical_id, properties.get("EventInvokeConfig", {}))
    return Function(
        logical_id=logical_id,
        name=known[None],
        arn=known["Arn"],
        handler=properties["Handler"],
        root=import_root(logical_id, folder / properties.get("CodeUri", "."), properties["Handler"]),
        runtime=properties.get("Runtime", ""),
        timeout=timeout,
        memory=int(properties.get("MemorySize", 128)),
        environment=_environment(properties.get("Environment", {}).get("Variables", {})),
        role=role,
        loop_allowed=_loop_allowed(logical_id, properties.get("RecursiveLoop", "Terminate")),
        retries=retry[0],
        event_age=retry[1],
        queues=tuple(_queue(f"{logical_id}.{n}", e, timeout, role, queues) for n, k, e in events if k == "SQS"),
        routes=tuple(_route(f"{logical_id}.{n}", e, apis) for n, k, e in events if k == "HttpApi"),
        schedules=tuple(_schedule(f"{logical_id}.{n}", k, e) for n, k, e in events if k in {"Schedule", "ScheduleV2"}),
    )


def import_root(where: str, code: Path, handler: str) -> Path:
    """Return the folder from which the handler's module is imported: the code folder or one above it."""
    file = Path(*handler.split(".")[:-1]).with_suffix(".py")
    code = code.resolve()
    for root in (code, *code.parents):
        if (root / file).is_file():
            return root
    msg = f"{where}: there is no {file} for the handler {handler} in {code.name} or above it"
    raise TemplateError(msg)


def _environment(variables: Mapping[str, Any]) -> dict[str, str]:
    return {n: str(v).lower() if isinstance(v, bool) else str(v) for n, v in variables.items()}


def _loop_allowed(where: str, value: str) -> bool:
    if value not in {"Allow", "Terminate"}:
        msg = f"{where}: RecursiveLoop must be Allow or Terminate, not {value}"
        raise TemplateError(msg)
    return value == "Allow"


def _retry(where: str, config: Mapping[str, Any]) -> tuple[int, int]:
    known = frozenset({"MaximumRetryAttempts", "MaximumEventAgeInSeconds"})
    check_properties(where, "EventInvokeConfig", config, (known, frozenset()))
    return int(config.get("MaximumRetryAttempts", 2)), int(config.get("MaximumEventAgeInSeconds", 21600))


def _events(where: str, events: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    found = []
    for name, event in events.items():
        kind, properties = event.get("Type"), event.get("Properties", {})
        if kind not in EVENTS:
            msg = f"{where}.{name}: the local cloud does not know events of type {kind}; it knows {', '.join(EVENTS)}"
            raise TemplateError(msg)
        check_properties(f"{where}.{name}", f"the event {kind}", properties, EVENTS[kind])
        found.append((name, kind, properties))
    return found


def _queue(where: str, event: Mapping[str, Any], timeout: int, role: Role, queues: Mapping[str, Queue]) -> QueueSource:
    arn = event["Queue"]
    if arn not in queues:
        msg = f"{where}: Queue must be the ARN of a queue in this template"
        raise TemplateError(msg)
    for action in POLLING:
        if not allowed(role.statements, Wish(action, arn)):
            msg = f"{where}: AWS refuses the event source, because {role.logical_id} does not allow {action}"
            raise TemplateError(msg)
    visibility = queues[arn].visibility
    if timeout > visibility:
        msg = f"{where}: AWS refuses a function time-out ({timeout} s) above the queue's visibility ({visibility} s)"
        raise TemplateError(msg)
    size, window = int(event.get("BatchSize", 10)), int(event.get("MaximumBatchingWindowInSeconds", 0))
    if not 1 <= size <= 10_000 or not 0 <= window <= 300 or (size > 10 and window < 1):
        msg = f"{where}: BatchSize is 1 to 10, or to 10 000 with a MaximumBatchingWindowInSeconds of 1 to 300"
        raise TemplateError(msg)
    kinds = event.get("FunctionResponseTypes", [])
    if set(kinds) - {"ReportBatchItemFailures"}:
        msg = f"{where}: FunctionResponseTypes may be ReportBatchItemFailures, not {kinds}"
        raise TemplateError(msg)
    concurrency = event.get("ScalingConfig", {}).get("MaximumConcurrency")
    if concurrency is not None and not 2 <= int(concurrency) <= 1000:
        msg = f"{where}: MaximumConcurrency must be 2 to 1000"
        raise TemplateError(msg)
    return QueueSource(
        queue=queues[arn].logical_id,
        queue_arn=arn,
        batch_size=size,
        window=window,
        partial=bool(kinds),
        concurrency=None if concurrency is None else int(concurrency),
        enabled=truth(event.get("Enabled", True)),
    )


def _route(where: str, event: Mapping[str, Any], apis: Mapping[str, str]) -> Route:
    api = str(event.get("ApiId"))
    if api not in apis:
        msg = f"{where}: ApiId must refer to an AWS::Serverless::HttpApi of this template; implicit APIs are not read"
        raise TemplateError(msg)
    if str(event.get("PayloadFormatVersion", "2.0")) != "2.0":
        msg = f"{where}: the local cloud speaks PayloadFormatVersion 2.0 alone"
        raise TemplateError(msg)
    method = str(event.get("Method", "ANY")).upper()
    return Route(api, "ANY" if method == "X-AMAZON-APIGATEWAY-ANY-METHOD" else method, event.get("Path", "$default"))


def _schedule(where: str, kind: str, event: Mapping[str, Any]) -> Schedule:
    expression = event.get("Schedule" if kind == "Schedule" else "ScheduleExpression", "")
    found = _RATE.fullmatch(expression)
    if found is None or int(found[1]) < 1:
        msg = f"{where}: the local cloud knows rate(1 minute) and the like, not {expression}"
        raise TemplateError(msg)
    return Schedule(
        name=event.get("Name", where.replace(".", "-")),
        kind="rule" if kind == "Schedule" else "scheduler",
        every=int(found[1]) * _UNITS[found[2].removesuffix("s")],
        input=event.get("Input"),
        enabled=truth(event.get("Enabled", True)) and event.get("State", "ENABLED") == "ENABLED",
    )
