"""The DRS jobs that the comparer speaks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from functions.comparer.core.engine import Endpoint
from functions.comparer.core.options import AS_EVER, Options


@dataclass(frozen=True)
class Job:
    """One DRS job: its two sides, its state, which target database a source database corresponds to by name.

    `options`: how its values are compared.
    """

    id: str
    source: Endpoint
    target: Endpoint
    state: str = "INCRE_TRANSFER_STARTED"
    parent: bool = False
    databases: Mapping[str, str] = field(default_factory=dict)
    options: Options = AS_EVER
