"""What IAM answers in front of DRS: the projects of an account, and tokens (POST /v3/auth/tokens)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from functions.comparer.api.access import Access, Token, Unauthorized
from functions.comparer.api.bodies import read_model
from functions.comparer.api.errors import ApiError
from functions.pipeline.drs_models import AuthTokenRequest

_ANY_PROJECT = "0" * 32


def projects(access: Access, name: str) -> web.Response:
    """Every project answers to every region's name: jobs.toml knows none."""
    found = [{"id": project, "name": name, "enabled": True} for project in access.project_ids or (_ANY_PROJECT,)]
    return web.json_response({"projects": found})


def issue_token(access: Access, body: bytes, language: str, has_catalog: bool) -> web.Response:
    """201 and a token in its header, or a refusal in IAM's own shape."""
    try:
        token = access.issue(read_model(AuthTokenRequest, body))
    except ApiError as error:
        return _keystone(400, error.message(language))
    except Unauthorized as error:
        return _keystone(error.status, error.message)
    catalog: dict[str, Any] = {"catalog": []} if has_catalog else {}
    project = {"id": token.project_id or next(iter(access.project_ids), _ANY_PROJECT)}
    answer = {"token": {**_token_body(token), "project": project, **catalog}}
    return web.json_response(answer, status=201, headers={"X-Subject-Token": token.value})


def _keystone(status: int, message: str) -> web.Response:
    titles = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden"}
    return web.json_response({"error": {"code": status, "message": message, "title": titles[status]}}, status=status)


def _token_body(token: Token) -> dict[str, Any]:
    def moment(seconds: float) -> str:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    return {
        "issued_at": moment(token.issued_at),
        "expires_at": moment(token.expires_at),
        "methods": ["password"],
        "user": {"name": token.user, "id": token.user},
        "roles": [],
    }
