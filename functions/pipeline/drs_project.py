"""One Huawei Cloud project as the configuration names it: where it is and how to identify to it."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, StringConstraints, model_validator

# Hosts are https://<service>.<region>.<domain>; regions outside the common domain (endpoint lists of the SDK and of
# Open Telekom Cloud). Where this guess is wrong, ``drs_endpoint`` and ``iam_endpoint`` say what is right.
_COMMON_DOMAIN: Final = "myhuaweicloud.com"
_DOMAINS: Final = {
    "eu-west-101": "myhuaweicloud.eu",
    "eu-de": "otc.t-systems.com",
    "eu-nl": "otc.t-systems.com",
}
_NEEDED: Final = {"aksk": ("access_key", "secret_key"), "token": ("user", "password", "domain")}


def _is_address(value: str) -> str:
    try:
        split = urlsplit(value)
        right = split.scheme in {"http", "https"} and split.hostname and split.port != 0
    except ValueError:
        right = False
    if not right or "@" in value or "?" in value or "#" in value:
        raise ValueError("must be http:// or https:// with a host, without user, query or fragment")
    return value.rstrip("/")


def _is_header_value(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().isascii() or not value.get_secret_value().isprintable():
        raise ValueError("must be printable ASCII")
    return value


Address = Annotated[str, AfterValidator(_is_address)]
HeaderSecret = Annotated[SecretStr, AfterValidator(_is_header_value)]


class Project(BaseModel):
    """Region, endpoints (the public ones unless given) and credentials of one project.

    ``auth`` decides which credentials are needed: ``aksk`` takes ``access_key`` and ``secret_key``, and
    ``security_token`` if they are temporary; ``token`` takes ``user``, ``password`` and ``domain`` (the account).
    ``revision`` is any text: change it to have the same credentials tried again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    region: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
    drs_endpoint: Address | None = None
    iam_endpoint: Address | None = None
    auth: Literal["aksk", "token"]
    access_key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")] | None = None
    secret_key: SecretStr | None = None
    security_token: HeaderSecret | None = None
    user: str | None = None
    password: SecretStr | None = None
    domain: str | None = None
    revision: str | None = None

    @model_validator(mode="after")
    def _has_its_credentials(self) -> Self:
        missing = [name for name in _NEEDED[self.auth] if not _plain(getattr(self, name))]
        if missing:
            raise ValueError(f"auth '{self.auth}' needs {', '.join(missing)}")
        return self

    @property
    def drs_url(self) -> str:
        """Where the DRS API is, without a trailing slash."""
        return self.drs_endpoint or f"https://drs.{self.region}.{_DOMAINS.get(self.region, _COMMON_DOMAIN)}"

    @property
    def iam_url(self) -> str:
        """Where tokens come from, without a trailing slash."""
        return self.iam_endpoint or f"https://iam.{self.region}.{_DOMAINS.get(self.region, _COMMON_DOMAIN)}"

    def identity(self) -> str:
        """Who signs in: no secret, and the same while only secrets, addresses or the revision change."""
        return f"aksk:{self.access_key}" if self.auth == "aksk" else f"token:{self.domain}/{self.user}"

    def fingerprint(self) -> str:
        """32 hex digits that change with any field of this entry, secrets and revision included.

        May be stored and shown: it is made slowly (scrypt: 4 MiB and some milliseconds), so that even a weak password
        is not cheaply guessed from it.
        """
        fields = {name: _plain(getattr(self, name)) for name in type(self).model_fields}
        canonical = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
        salt = f"parity:{self.identity()}".encode("utf-8", "surrogatepass")
        return hashlib.scrypt(canonical, salt=salt, n=2**12, r=8, p=1, dklen=16).hex()

    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        values = (_plain(self.secret_key), _plain(self.security_token), _plain(self.password))
        return tuple(value for value in values if value)


def _plain(value: str | SecretStr | None) -> str | None:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
