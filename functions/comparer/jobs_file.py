"""jobs.toml: which DRS jobs the comparer speaks for, and who may ask. Read once at start; errors name the field."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from functions.comparer.core.options import AS_EVER, Options
from functions.comparer.jobs import Job
from functions.comparer.urls import BadUrl, endpoint_of
from functions.pipeline.drs_models import JOB_READY, JobId

_ENV = "env:"
ProjectId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
State = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z_]{0,63}$")]


class BadJobsFile(ValueError):
    """jobs.toml can't be used; the message names the file, the field, and what is allowed. Never a secret."""


class AuthConfig(BaseModel):
    """Who may ask: AK/SK pairs, users with passwords, and for which projects."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    project_ids: Annotated[list[ProjectId], Field(min_length=1)]
    access_keys: dict[str, SecretStr] = {}
    users: dict[str, SecretStr] = {}

    @field_validator("access_keys", "users")
    @classmethod
    def _not_empty(cls, secrets: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, secret in secrets.items():
            if not name or not secret.get_secret_value():
                raise ValueError(f"{name!r}: name and secret must not be empty")
        return secrets


@dataclass(frozen=True)
class ComparerConfig:
    """A whole configuration. `auth` None: every credential is accepted."""

    jobs: Mapping[str, Job]
    auth: AuthConfig | None = None


class _JobEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    source: str
    target: str
    state: State = JOB_READY
    parent: bool = False
    databases: dict[str, str] = {}
    tolerances: dict[Annotated[str, Field(min_length=1)], Annotated[Decimal, Field(gt=0)]] = {}
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = AS_EVER.settle
    utc: bool = False
    lag_seconds: Annotated[float, Field(ge=0, le=3600)] = AS_EVER.lag

    @model_validator(mode="after")
    def _confirmable(self) -> Self:
        if 0 < self.settle_seconds < self.lag_seconds:
            raise ValueError("lag_seconds must not be above settle_seconds, or nothing that differs could be confirmed")
        return self

    @field_validator("databases")
    @classmethod
    def _one_to_one(cls, databases: dict[str, str]) -> dict[str, str]:
        if len(set(databases.values())) != len(databases):
            raise ValueError("two source databases must not have the same target database")
        return databases


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    auth: AuthConfig | None = None
    jobs: dict[JobId, _JobEntry] = {}


def read_jobs_file(path: Path, env: Mapping[str, str]) -> ComparerConfig:
    """Read jobs.toml; ``env:NAME`` stands for a variable of `env`, a relative path is relative to the file.

    Raises `BadJobsFile`.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadJobsFile(f"{path}: {error.strerror or type(error).__name__}") from error
    except UnicodeDecodeError as error:
        raise BadJobsFile(f"{path}: must be UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise BadJobsFile(f"{path}: not valid TOML: {error}") from error
    except RecursionError:
        raise BadJobsFile(f"{path}: not valid TOML: nested too deeply") from None
    try:
        return config_of(content, base=path.absolute().parent, env=env)
    except BadJobsFile as error:
        raise BadJobsFile(f"{path}: {error}") from error


def config_of(content: Mapping[str, Any], *, base: Path, env: Mapping[str, str]) -> ComparerConfig:
    """The configuration from the content of a jobs.toml. Raises `BadJobsFile`."""
    try:
        read = _File.model_validate(_with_secrets(content, env))
    except ValidationError as error:
        raise BadJobsFile("; ".join(_told(entry) for entry in error.errors(include_input=False))) from None
    jobs = {name: _job(name, entry, base, env) for name, entry in read.jobs.items()}
    return ComparerConfig(jobs=jobs, auth=read.auth)


def _told(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    return f"{where}: {error['msg'].removeprefix('Value error, ')}"


def _job(name: str, entry: _JobEntry, base: Path, env: Mapping[str, str]) -> Job:
    ends = []
    for side, url in (("source", entry.source), ("target", entry.target)):
        try:
            ends.append(endpoint_of(url, base, env))
        except BadUrl as error:
            raise BadJobsFile(f"jobs.{name}.{side}: {error}") from None
    source, target = ends
    options = Options(entry.tolerances, settle=entry.settle_seconds, lag=entry.lag_seconds, utc=entry.utc)
    return Job(name, source, target, entry.state, entry.parent, entry.databases, options)


def _with_secrets(content: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    auth = content.get("auth")
    if not isinstance(auth, dict):
        return dict(content)
    resolved = {
        kind: {name: _secret(f"auth.{kind}.{name}", value, env) for name, value in table.items()}
        for kind, table in auth.items()
        if kind in {"access_keys", "users"} and isinstance(table, dict)
    }
    return {**content, "auth": {**auth, **resolved}}


def _secret(where: str, value: Any, env: Mapping[str, str]) -> Any:
    if not isinstance(value, str) or not value.startswith(_ENV):
        return value
    name = value.removeprefix(_ENV)
    if not env.get(name):
        raise BadJobsFile(f"{where}: the environment variable {name} must be set and not empty")
    return env[name]
