"""The request for a token (IAM, POST /v3/auth/tokens), as a server reads it."""

from __future__ import annotations

from pydantic import ConfigDict, SecretStr

from functions.pipeline.drs_models.answers import Answer, Text


class AuthDomain(Answer):
    """The account of a user."""

    name: Text = None
    id: Text = None


class AuthUser(Answer):
    """Who asks for a token."""

    name: Text = None
    password: SecretStr | None = None
    domain: AuthDomain | None = None


class AuthPassword(Answer):
    """The password method."""

    user: AuthUser


class AuthIdentity(Answer):
    """How the caller identifies itself."""

    methods: list[str]
    password: AuthPassword | None = None


class AuthScope(Answer):
    """What the token is for: DRS needs a project."""

    project: AuthDomain | None = None


class Auth(Answer):
    """Identity and scope."""

    identity: AuthIdentity
    scope: AuthScope | None = None


class AuthTokenRequest(Answer):
    """Body of POST /v3/auth/tokens (IAM). For reading; the password stays out of every representation."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, hide_input_in_errors=True)

    auth: Auth
