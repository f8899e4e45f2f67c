"""Who may ask the comparison API: signatures, tokens, projects, and no secret in a log."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from functions.comparer.jobs_file import AuthConfig
from functions.pipeline.drs_sign import sign
from tests.comparer.api_played import play
from tests.comparer.served import EPOCH, JOB, PROJECT, Comparer, refusal

AUTH = AuthConfig(
    project_ids=[PROJECT, "1" * 32],
    access_keys={"AKEXAMPLE": SecretStr("s3cret")},
    users={"migrator": SecretStr("passw0rd")},
)


def signed(comparer: Comparer, method: str, path: str, *, now: float = EPOCH, secret: str = "s3cret") -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    url = f"{comparer.service.url}{path}"
    return sign(method, url, headers, b"", access_key="AKEXAMPLE", secret_key=secret, now=now)


OVERVIEW = f"/v3/{PROJECT}/jobs/{JOB}/object/compare"


def test_a_request_without_credentials_is_refused_by_the_gateway(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        reply = await comparer.raw("GET", OVERVIEW)
        assert refusal(reply) == (401, "APIG.0301")
        assert reply.body["request_id"] == reply.headers["X-Request-Id"]
        assert "x-auth-token not found" in reply.body["error_msg"]

    play(tmp_path, steps, AUTH)


@pytest.mark.parametrize(("minutes", "status"), [(-16, 401), (-14, 200), (14, 200), (16, 401)])
def test_a_signature_is_good_for_a_quarter_of_an_hour(tmp_path: Path, minutes: int, status: int) -> None:
    async def steps(comparer: Comparer) -> None:
        headers = signed(comparer, "GET", OVERVIEW, now=EPOCH + 60 * minutes)
        assert (await comparer.raw("GET", OVERVIEW, headers=headers)).status == status

    play(tmp_path, steps, AUTH)


def test_a_signature_is_only_good_for_what_was_signed(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        headers = signed(comparer, "GET", OVERVIEW)
        assert (await comparer.raw("GET", OVERVIEW, headers=headers)).status == 200
        reply = await comparer.raw("GET", OVERVIEW + "/TABLE", headers=headers)
        assert refusal(reply) == (401, "APIG.0301")
        assert "s3cret" not in json.dumps(reply.body)

    play(tmp_path, steps, AUTH)


def test_another_project_is_refused(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        path = OVERVIEW.replace(PROJECT, "2" * 32)
        assert refusal(await comparer.raw("GET", path, headers=signed(comparer, "GET", path))) == (403, "DRS.M00261")

    play(tmp_path, steps, AUTH)


def token_request(password: str = "passw0rd", project: dict[str, str] | None = None) -> dict[str, Any]:
    user = {"name": "migrator", "password": password, "domain": {"name": "account"}}
    identity = {"methods": ["password"], "password": {"user": user}}
    return {"auth": {"identity": identity, "scope": {"project": project or {"name": "eu-de"}}}}


def test_a_token_is_good_for_a_day(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        reply = await comparer.raw("POST", "/v3/auth/tokens", token_request())
        assert reply.status == 201
        assert reply.body["token"]["expires_at"] == "2027-01-16T08:00:00.000000Z"
        headers = {"X-Auth-Token": reply.headers["X-Subject-Token"]}
        comparer.clock.now = EPOCH + 86399
        assert (await comparer.raw("GET", OVERVIEW, headers=headers)).status == 200
        comparer.clock.now = EPOCH + 86400
        reply = await comparer.raw("GET", OVERVIEW, headers=headers)
        assert refusal(reply) == (401, "APIG.0301")
        assert "token expires" in reply.body["error_msg"]

    play(tmp_path, steps, AUTH)


def test_a_token_of_one_project_is_not_good_for_another(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        reply = await comparer.raw("POST", "/v3/auth/tokens", token_request(project={"id": "1" * 32}))
        headers = {"X-Auth-Token": reply.headers["X-Subject-Token"]}
        assert refusal(await comparer.raw("GET", OVERVIEW, headers=headers)) == (403, "DRS.M00102")

    play(tmp_path, steps, AUTH)


def test_an_unknown_token_is_refused(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        headers = {"X-Auth-Token": "made up"}
        assert refusal(await comparer.raw("GET", OVERVIEW, headers=headers)) == (401, "APIG.0301")

    play(tmp_path, steps, AUTH)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (token_request("wrong"), 401),
        (token_request(project={"id": "2" * 32}), 403),
        ({"auth": {"identity": {"methods": ["token"]}}}, 400),
        ({**token_request(), "auth": {**token_request()["auth"], "scope": {}}}, 400),
        ({}, 400),
        (b"{", 400),
    ],
    ids=["password", "project", "method", "scope", "empty", "truncated"],
)
def test_iam_refuses_in_its_own_shape(tmp_path: Path, body: Any, status: int) -> None:
    async def steps(comparer: Comparer) -> None:
        reply = await comparer.raw("POST", "/v3/auth/tokens", body)
        assert reply.status == reply.body["error"]["code"] == status
        assert reply.body["error"]["message"]
        assert "wrong" not in reply.body["error"]["message"].replace("password is wrong", "")

    play(tmp_path, steps, AUTH)


def test_projects_answer_to_the_name_of_a_region(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        path = "/v3/projects?name=eu-de"
        reply = await comparer.raw("GET", path, headers=signed(comparer, "GET", path))
        assert [(p["id"], p["name"]) for p in reply.body["projects"]] == [(PROJECT, "eu-de"), ("1" * 32, "eu-de")]
        assert refusal(await comparer.raw("GET", path)) == (401, "APIG.0301")

    play(tmp_path, steps, AUTH)


def test_without_auth_every_credential_is_accepted_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def steps(comparer: Comparer) -> None:
        assert (await comparer.raw("GET", OVERVIEW, headers={"X-Auth-Token": "made up"})).status == 200
        assert (await comparer.raw("POST", "/v3/auth/tokens", token_request("anything"))).status == 201

    with caplog.at_level(logging.WARNING):
        play(tmp_path, steps)
    assert "every credential is accepted" in caplog.text


def test_without_users_there_are_no_tokens(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        reply = await comparer.raw("POST", "/v3/auth/tokens", token_request())
        assert refusal(reply) == (404, "APIG.0101")

    play(tmp_path, steps, AUTH.model_copy(update={"users": {}}))


def test_no_secret_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def steps(comparer: Comparer) -> None:
        reply = await comparer.raw("POST", "/v3/auth/tokens?password=passw0rd", token_request())
        token = reply.headers["X-Subject-Token"]
        await comparer.raw("GET", OVERVIEW, headers={"X-Auth-Token": token})
        await comparer.raw("GET", OVERVIEW, headers=signed(comparer, "GET", OVERVIEW, secret="0ther"))
        assert token not in caplog.text

    with caplog.at_level(logging.DEBUG):
        play(tmp_path, steps, AUTH)
    assert OVERVIEW in caplog.text
    assert not {word for word in ("s3cret", "passw0rd", "0ther") if word in caplog.text}
