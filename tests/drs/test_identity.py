"""Both ways to identify to DRS: signatures, and tokens from IAM that are asked for as rarely as possible."""

import asyncio
import json
import logging
import re
import traceback
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from functions.pipeline.drs import Project, TryLater
from functions.pipeline.drs_auth import Tokens
from functions.pipeline.drs_body import MOST_BYTES
from tests.drs.asking import JOB_ID, Client, Clock
from tests.drs.served_drs import Fault, ServedDrs
from tests.drs.served_identity import ACCESS_KEY, PASSWORD, SECRET_KEY, USER


@pytest.fixture
def with_token(served: ServedDrs, client: Client) -> Client:
    client.project = served.project("token")
    return client


def list_tasks(client: Client) -> None:
    client.ask(lambda drs: drs.tasks(JOB_ID))


def refused(client: Client) -> TryLater:
    with pytest.raises(TryLater) as caught:
        list_tasks(client)
    assert caught.value.reason == "credentials"
    return caught.value


def test_a_signed_client_is_accepted(served: ServedDrs, client: Client) -> None:
    list_tasks(client)
    assert {call.headers["X-Project-Id"] for call in served.calls} == {served.project_id}
    assert not served.identities.bad_signatures[ACCESS_KEY]


def test_temporary_credentials_send_and_sign_their_token(served: ServedDrs, client: Client) -> None:
    served.identities.security_tokens[ACCESS_KEY] = "temporary/+="
    client.project = {**served.project(), "security_token": "temporary/+="}
    list_tasks(client)
    assert "x-security-token" in served.calls[0].headers["Authorization"]


def test_a_wrong_secret_key_is_a_bad_signature(served: ServedDrs, client: Client) -> None:
    client.project = {**served.project(), "secret_key": "wrong"}
    assert refused(client).bad_signature
    assert served.identities.bad_signatures[ACCESS_KEY] == 1


def test_bad_signatures_in_a_row_lock_the_key(served: ServedDrs, client: Client) -> None:
    client.project = {**served.project(), "secret_key": "wrong"}
    for _ in range(6):
        refused(client)
    client.project = served.project()
    assert refused(client).message == "AK access failed to reach the limit,forbidden"
    assert served.identities.worst_row == 6


def test_a_token_is_asked_for_once_and_used_until_shortly_before_it_ends(
    served: ServedDrs, with_token: Client, clock: Clock
) -> None:
    list_tasks(with_token)
    clock.at += 86_400 - 601
    list_tasks(with_token)
    assert len(served.called("token")) == 1
    clock.at += 2
    list_tasks(with_token)
    assert len(served.called("token")) == 2


def test_a_short_lived_token_is_used_for_half_its_life(clock: Clock, served: ServedDrs, with_token: Client) -> None:
    served.identities.token_seconds = 120
    list_tasks(with_token)
    clock.at += 59
    list_tasks(with_token)
    assert len(served.called("token")) == 1


def test_a_token_that_became_invalid_is_replaced_once(served: ServedDrs, with_token: Client) -> None:
    list_tasks(with_token)
    served.identities.tokens.clear()
    created = with_token.ask(lambda drs: drs.create(JOB_ID, objects=True, data=None))
    assert created.objects is not None
    assert created.objects.task_id
    assert [len(served.called(endpoint)) for endpoint in ("token", "create")] == [2, 2]
    assert len(served.tasks[JOB_ID]) == 1


def test_a_token_refused_twice_is_told_and_not_asked_for_in_a_loop(served: ServedDrs, with_token: Client) -> None:
    served.script("results", Fault(401), Fault(401))
    assert refused(with_token).sent is False
    assert len(served.called("token")) == 2


def test_many_callers_share_one_request_for_a_token(served: ServedDrs, clock: Clock) -> None:
    async def all_at_once() -> list[str]:
        async with aiohttp.ClientSession() as session:
            project, cache = Project.model_validate(served.project("token")), dict[Any, Any]()
            holders = [Tokens(session, served.project_id, project, now=clock, cache=cache) for _ in range(20)]
            return await asyncio.gather(*(tokens.get() for tokens in holders))

    assert len(set(asyncio.run(all_at_once()))) == 1
    assert len(served.calls) == 1


def test_many_callers_share_one_refusal_of_a_wrong_password(served: ServedDrs, clock: Clock) -> None:
    async def all_at_once() -> list[str | BaseException]:
        async with aiohttp.ClientSession() as session:
            project = Project.model_validate({**served.project("token"), "password": "wrong"})
            cache: dict[Any, Any] = {}
            holders = [Tokens(session, served.project_id, project, now=clock, cache=cache) for _ in range(20)]
            return await asyncio.gather(*(tokens.get() for tokens in holders), return_exceptions=True)

    errors = asyncio.run(all_at_once())
    assert all(isinstance(error, TryLater) and error.bad_signature for error in errors)
    assert len(served.calls) == 1


@pytest.mark.parametrize(
    ("fault", "code", "reason"),
    [
        (Fault(400, {"error": {"code": 400, "message": "bad", "title": "Bad Request"}}), "IAM.400", "credentials"),
        (Fault(403, {"error": {"code": 403, "message": "no", "title": "Forbidden"}}), "IAM.403", "credentials"),
        (Fault(404, {"error": {"code": 404, "message": "no", "title": "Not Found"}}), "IAM.404", "credentials"),
        (Fault(429), "HTTP.429", "throttled"),
        (Fault(503, b"<html>"), "HTTP.503", "unavailable"),
        (Fault(201, {"token": {}}), "Parity.Unreadable", "unavailable"),
        (Fault.lost(), "Parity.NoAnswer", "unavailable"),
    ],
)
def test_what_iam_says_never_means_that_drs_did_something(
    served: ServedDrs, with_token: Client, fault: Fault, code: str, reason: str
) -> None:
    served.script("token", fault)
    with pytest.raises(TryLater) as caught:
        with_token.ask(lambda drs: drs.create(JOB_ID, objects=True, data=None))
    assert (caught.value.code, caught.value.reason, caught.value.sent) == (code, reason, False)


def test_a_token_without_a_stated_end_is_used_for_a_while(served: ServedDrs, with_token: Client, clock: Clock) -> None:
    served.identities.tokens["t"] = clock() + 9999
    served.script("token", Fault(201, {}, {"X-Subject-Token": "t"}))
    list_tasks(with_token)
    assert {call.headers.get("X-Auth-Token") for call in served.calls[1:]} == {"t"}


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


def test_a_silent_iam_is_waited_for_as_long_as_there_is_time(served: ServedDrs, clock: Clock) -> None:
    async def ask() -> float:
        server = await asyncio.start_server(_silent, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        project = Project.model_validate(served.project("token") | {"iam_endpoint": f"http://{host}:{port}"})
        loop = asyncio.get_running_loop()
        async with server, aiohttp.ClientSession() as session:
            tokens = Tokens(session, served.project_id, project, now=clock, cache={})
            began = loop.time()
            with pytest.raises(TryLater, match="no answer from IAM") as caught:
                await tokens.get(within=0.2)
            assert (caught.value.reason, caught.value.sent) == ("unavailable", False)
            return loop.time() - began

    assert asyncio.run(ask()) < 5


@pytest.mark.parametrize(("status", "code"), [(200, "Parity.Unreadable"), (503, "HTTP.503"), (401, "HTTP.401")])
def test_a_body_that_is_too_long_is_not_read_and_its_status_counts(
    served: ServedDrs, client: Client, status: int, code: str
) -> None:
    error = json.dumps({"error_code": "DRS.M00200", "error_msg": "read to its end"})
    served.script("results", Fault(status, error.ljust(MOST_BYTES + 1).encode()))
    with pytest.raises(TryLater) as caught:
        list_tasks(client)
    assert (caught.value.code, caught.value.bad_signature) == (code, status == 401)


SECRETS = (SECRET_KEY, PASSWORD, "a-temporary-token")


def everything_shown(error: BaseException) -> str:
    return "".join([str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)])


@pytest.mark.parametrize("auth", ["aksk", "token"])
@pytest.mark.parametrize(
    "fault",
    [
        Fault(401, {"error_code": "APIG.0301", "error_msg": f"verify aksk signature fail, {' '.join(SECRETS)}"}),
        Fault(400, {"error_code": "DRS.M00200", "error_msg": " ".join(SECRETS)}),
        Fault(200, {"object_level_compare_create_result": {"compare_task_id": SECRETS}}),
        Fault.lost(),
        Fault.garbled(),
    ],
)
def test_no_secret_is_shown_by_any_error(
    served: ServedDrs, client: Client, auth: Any, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client.project = served.project(auth)
    if auth == "aksk":
        client.project["security_token"] = "a-temporary-token"
    served.script("create", fault, fault)
    with pytest.raises(Exception) as caught:  # noqa: PT011  # whatever it is, it must not tell
        client.ask(lambda drs: drs.create(JOB_ID, objects=True, data=None))
    shown = everything_shown(caught.value) + caplog.text
    own = (SECRET_KEY, "a-temporary-token") if auth == "aksk" else (PASSWORD, *served.identities.tokens)
    assert not [word for word in own if word in shown]


def test_no_secret_is_shown_by_a_project(served: ServedDrs) -> None:
    for auth in ("aksk", "token"):
        project = Project.model_validate(served.project(auth))
        assert not [word for word in (SECRET_KEY, PASSWORD) if word in f"{project!r} {project}"]


SIGNING = {
    "region": "eu-de",
    "auth": "aksk",
    "access_key": "A",
    "secret_key": "the secret key",
    "security_token": "the security token",
    "drs_endpoint": "https://drs.example.com",
    "iam_endpoint": "https://iam.example.com",
    "revision": "1",
}
LOGGING_IN = {
    "region": "eu-de",
    "auth": "token",
    "user": "u",
    "password": "the password",
    "domain": "d",
    "revision": "1",
}


@pytest.mark.parametrize(("fields", "identity"), [(SIGNING, "aksk:A"), (LOGGING_IN, "token:d/u")])
def test_who_signs_in_has_a_name_and_a_fingerprint_without_any_secret(fields: dict[str, str], identity: str) -> None:
    project = Project.model_validate(fields)
    assert project.identity() == identity
    assert re.fullmatch("[0-9a-f]{32}", project.fingerprint())
    assert Project.model_validate(fields).fingerprint() == project.fingerprint()
    shown = f"{project!r} {project} {project.identity()} {project.fingerprint()}"
    assert not [secret for secret in project.secrets() if secret in shown]


@pytest.mark.parametrize(
    ("fields", "changed"),
    [(fields, name) for fields in (SIGNING, LOGGING_IN) for name in fields if name != "auth"],
)  # fmt: skip
def test_a_fingerprint_changes_with_every_field(fields: dict[str, str], changed: str) -> None:
    first = Project.model_validate(fields)
    second = Project.model_validate({**fields, changed: f"{fields[changed]}2"})
    assert first.fingerprint() != second.fingerprint()
    assert (first.identity() == second.identity()) == (changed not in {"access_key", "user", "domain"})


def test_a_field_left_out_is_another_fingerprint_than_an_empty_one() -> None:
    left_out = {name: value for name, value in LOGGING_IN.items() if name != "revision"}
    prints = {Project.model_validate(f).fingerprint() for f in (LOGGING_IN, left_out, {**LOGGING_IN, "revision": ""})}
    assert len(prints) == 3


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"auth": "aksk", "access_key": "A"}, "secret_key"),
        ({"auth": "token", "user": USER, "password": PASSWORD}, "domain"),
        ({"auth": "password"}, "auth"),
        ({"auth": "aksk", "access_key": "A", "secret_key": "B", "region": "cn north"}, "region"),
        ({"auth": "aksk", "access_key": "A\nB", "secret_key": "B"}, "access_key"),
        ({"auth": "aksk", "access_key": "A", "secret_key": "B", "security_token": "a\nb"}, "security_token"),
        ({"auth": "aksk", "access_key": "A", "secret_key": "B", "drs_endpoint": "drs.example.com"}, "drs_endpoint"),
        ({"auth": "aksk", "access_key": "A", "secret_key": "B", "drs_endpoint": "http://u:p@h"}, "drs_endpoint"),
        ({"auth": "aksk", "access_key": "A", "secret_key": "B", "iam_endpoint": "http://"}, "iam_endpoint"),
        ({"auth": "aksk", "access_key": "A", "secret_key": "B", "endpoint": "x"}, "endpoint"),
    ],
)
def test_a_wrong_project_is_refused_by_name_and_without_its_values(fields: dict[str, str], told: str) -> None:
    with pytest.raises(ValidationError, match=told) as caught:
        Project.model_validate({"region": "cn-north-4", **fields})
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    ("region", "drs", "iam"),
    [
        ("cn-north-4", "https://drs.cn-north-4.myhuaweicloud.com", "https://iam.cn-north-4.myhuaweicloud.com"),
        ("eu-west-101", "https://drs.eu-west-101.myhuaweicloud.eu", "https://iam.eu-west-101.myhuaweicloud.eu"),
        ("eu-de", "https://drs.eu-de.otc.t-systems.com", "https://iam.eu-de.otc.t-systems.com"),
    ],
)
def test_a_region_has_public_addresses(region: str, drs: str, iam: str) -> None:
    project = Project.model_validate({"region": region, "auth": "aksk", "access_key": "A", "secret_key": "B"})
    assert (project.drs_url, project.iam_url) == (drs, iam)


def test_a_configured_address_wins() -> None:
    common = {"region": "eu-de", "auth": "aksk", "access_key": "A", "secret_key": "B"}
    project = Project.model_validate({**common, "drs_endpoint": "https://drs.example.com/"})
    assert project.drs_url == "https://drs.example.com"
