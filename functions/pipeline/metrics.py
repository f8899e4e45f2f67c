"""Metrics as lines of standard output in CloudWatch's embedded metric format (EMF).

Counted during an invocation and written at its end, in one line per set of dimensions. Dimensions cost money for each
value, so there is `service` and, where asked for, `verdict`; everything else is a property, found with a log query.
Source: "Specification: Embedded metric format" in the CloudWatch user guide; the shape is that of Powertools' Metrics.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

MOST = 100
"""Metrics in one line, and values of one metric: CloudWatch takes no more."""


@dataclass
class _Line:
    metrics: dict[str, tuple[str, list[float]]] = field(default_factory=dict)
    properties: dict[str, list[Any]] = field(default_factory=dict)


@dataclass
class _Buffer:
    namespace: str
    service: str
    now: Callable[[], float]
    lines: dict[str | None, _Line] = field(default_factory=dict)

    def add(self, name: str, value: float, unit: str, verdict: str | None, properties: Mapping[str, Any]) -> None:
        line = self.lines.setdefault(verdict, _Line())
        _, values = line.metrics.setdefault(name, (unit, []))
        values.append(float(value))
        for key, content in properties.items():
            seen = line.properties.setdefault(key, [])
            if content not in seen:
                seen.append(content)
        if len(line.metrics) == MOST or len(values) == MOST:
            self.flush()

    def flush(self) -> None:
        lines, self.lines = self.lines, {}
        for verdict, line in lines.items():
            sys.stdout.write(f"{json.dumps(self._document(verdict, line), default=str)}\n")
        sys.stdout.flush()

    def _document(self, verdict: str | None, line: _Line) -> dict[str, Any]:
        dimensions = {"service": self.service} | ({"verdict": verdict} if verdict else {})
        definitions = [{"Name": name, "Unit": unit} for name, (unit, _) in line.metrics.items()]
        directive = {"Namespace": self.namespace, "Dimensions": [list(dimensions)], "Metrics": definitions}
        return {
            "_aws": {"Timestamp": int(self.now() * 1000), "CloudWatchMetrics": [directive]},
            **dimensions,
            **{name: seen[0] if len(seen) == 1 else seen for name, seen in line.properties.items()},
            **{name: values for name, (_, values) in line.metrics.items()},
        }


_buffer: ContextVar[_Buffer | None] = ContextVar("metrics_buffer", default=None)


@contextmanager
def invocation(env: Mapping[str, str], now: Callable[[], float]) -> Iterator[None]:
    """Gather what is counted inside, in all tasks; write it at the end, also when it ends with an exception."""
    buffer = _open(env, now)
    token = _buffer.set(buffer)
    try:
        yield
    finally:
        _buffer.reset(token)
        buffer.flush()


def count(name: str, value: float = 1, *, verdict: str | None = None, **properties: Any) -> None:
    """Count something, e.g. `count("Polls", comparison_id=...)`; several values of a property become a list."""
    _add(name, value, "Count", verdict, properties)


def seconds(name: str, value: float, *, verdict: str | None = None, **properties: Any) -> None:
    """Record a duration in seconds."""
    _add(name, value, "Seconds", verdict, properties)


def _add(name: str, value: float, unit: str, verdict: str | None, properties: Mapping[str, Any]) -> None:
    buffer = _buffer.get()
    if buffer is not None:
        buffer.add(name, value, unit, verdict, properties)
        return
    # Outside of any invocation nobody would write it later.
    buffer = _open(os.environ, time.time)
    buffer.add(name, value, unit, verdict, properties)
    buffer.flush()


def _open(env: Mapping[str, str], now: Callable[[], float]) -> _Buffer:
    service = env.get("POWERTOOLS_SERVICE_NAME", "service_undefined")
    return _Buffer(env.get("POWERTOOLS_METRICS_NAMESPACE", "Parity"), service, now)
