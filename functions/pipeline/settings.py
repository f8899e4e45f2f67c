"""The settings of the functions, read from their environment: bad configuration is refused at start, by name.

Every value comes from a parameter of template.yaml; the README's table lists them all.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError


class BadSettings(Exception):
    """The environment is not what template.yaml gives. Names the settings, never their values."""


def _split(value: Any) -> Any:
    return tuple(part for part in value.replace(" ", "").split(",") if part) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]


class Settings(BaseModel):
    """A set of settings: each field is the environment variable of the same name in capitals."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    @classmethod
    def load(cls, env: Mapping[str, str]) -> Self:
        """Read the fields from `env`. Raises BadSettings naming each missing or unusable variable."""
        given = {name: env[name.upper()] for name in cls.model_fields if env.get(name.upper(), "") != ""}
        try:
            return cls.model_validate(given)
        except ValidationError as e:
            wrong = "; ".join(f"{str(found['loc'][0]).upper()}: {found['msg']}" for found in e.errors())
            raise BadSettings(wrong) from None


class Polling(Settings):
    """The four numbers that decide when a DRS task is asked for again."""

    poll_age_percent: float = Field(default=10, gt=0, le=100)
    min_poll_seconds: float = Field(default=5, ge=1, le=900)
    max_poll_seconds: float = Field(default=120, ge=1, le=900)
    poll_jitter_percent: float = Field(default=10, ge=0, le=50)


class Deadlines(Settings):
    """How long a comparison may take where its request doesn't say; seconds."""

    deadline_seconds: int = Field(default=21_600, ge=60, le=1_209_600)
    contents_deadline_seconds: int = Field(default=86_400, ge=60, le=1_209_600)
    ready_within_seconds: int = Field(default=600, ge=0, le=1_209_600)


class Allowed(Settings):
    """What a deployment lets its callers ask for."""

    allowed_jobs: Names = ()
    allowed_levels: Names = ("objects", "lines", "contents")
    allow_cancel: bool = False


class LedgerSettings(Settings):
    """Where comparisons are kept, how long a step holds its claim, how long ids are remembered."""

    ledger_table: str
    lease_seconds: float = Field(default=75, gt=0)
    retention_days: int = Field(default=35, ge=1)


class ProjectsSettings(Settings):
    """Where the configured projects are."""

    projects_secret_id: str


class DrsSettings(ProjectsSettings):
    """How the DRS API is called."""

    language: str = Field(default="en-us", pattern="^(en-us|zh-cn)$")
    calls_per_second: float = Field(default=10, gt=0)


class EventSettings(Settings):
    """Where events go, and whether key values of rows may be in them."""

    results_topic_arn: str
    include_keys: bool = False
