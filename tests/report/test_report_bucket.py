"""A report is put into its bucket with one call that S3 would accept, and the link leads there."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256

import aiohttp
import botocore.auth
import pytest
from aiohttp import web
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from functions.pipeline.aws_errors import AwsError
from functions.pipeline.report_bucket import ReportsSettings, put_report, report_key, report_link
from functions.pipeline.settings import BadSettings
from tests.edge.served import KEYS, NOW, serve_on_free_port
from tests.report.events import COMPARISON

PAGE = "<!DOCTYPE html><p>一致".encode()
ENV = {**KEYS, "REPORTS_BUCKET": "acme-reports"}
TOKEN = {"AWS_SESSION_TOKEN": "a-session-token"}


def settings(**env: str) -> ReportsSettings:
    return ReportsSettings.load({**ENV, **env})


def signed_by_botocore(request: web.Request, body: bytes, token: str | None) -> str:
    """What AWS's own signer writes for the same request."""
    names = request.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    left_to_the_signer = {"host", "x-amz-date", "x-amz-security-token"}
    headers = {name: request.headers[name] for name in names if name not in left_to_the_signer}
    headers["X-Amz-Date"] = request.headers["x-amz-date"]
    asked = AWSRequest("PUT", str(request.url), headers=headers, data=body)
    keys = Credentials(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"], token)
    signer = botocore.auth.S3SigV4Auth(keys, "s3", KEYS["AWS_REGION"])
    asked.context["timestamp"] = request.headers["x-amz-date"]
    if token:
        asked.headers["X-Amz-Security-Token"] = token
    canonical = signer.canonical_request(asked)
    signature = signer.signature(signer.string_to_sign(asked, canonical), asked)
    return f"Credential={signer.scope(asked)}, SignedHeaders={';'.join(names)}, Signature={signature}"


def put(answer: Callable[[web.Request], Awaitable[web.Response]], **env: str) -> str:
    async def run() -> str:
        async with serve_on_free_port(answer) as url, aiohttp.ClientSession() as session:
            where = settings(**env)
            return await put_report(
                session,
                {**ENV, **env, "AWS_ENDPOINT_URL": url},
                lambda: NOW,
                where,
                key=report_key(where, COMPARISON),
                content=PAGE,
            )

    return asyncio.run(run())


@pytest.mark.parametrize("env", [{}, TOKEN])
def test_a_report_is_put_as_awss_own_signer_would_sign_it(env: dict[str, str]) -> None:
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        body = await request.read()
        asked.append(request)
        assert body == PAGE
        expected = signed_by_botocore(request, body, env.get("AWS_SESSION_TOKEN"))
        assert request.headers["authorization"] == f"AWS4-HMAC-SHA256 {expected}"
        assert request.headers.get("x-amz-security-token") == env.get("AWS_SESSION_TOKEN")
        return web.Response(status=200)

    link = put(answer, **env)
    (request,) = asked
    assert (request.method, request.path) == ("PUT", f"/acme-reports/reports/{COMPARISON}.html")
    assert request.headers["content-type"] == "text/html; charset=utf-8"
    assert request.headers["x-amz-content-sha256"] == sha256(PAGE).hexdigest()
    assert link == (
        f"https://console.aws.amazon.com/s3/object/acme-reports?region=eu-west-1&prefix=reports%2F{COMPARISON}.html"
    )


@pytest.mark.parametrize(
    ("status", "code", "again"),
    [
        (403, "AccessDenied", False),
        (404, "NoSuchBucket", False),
        (503, "SlowDown", True),
        (301, "PermanentRedirect", False),
    ],
)
def test_a_refusal_is_told_in_s3s_words_and_whether_to_try_again(status: int, code: str, again: bool) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=f"<Error><Code>{code}</Code><Message>No.</Message></Error>")

    with pytest.raises(AwsError) as refused:
        put(answer)
    assert (refused.value.code, refused.value.message, refused.value.retryable) == (code, "No.", again)


def test_no_answer_is_told_as_such() -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.transport
        request.transport.abort()
        return web.Response()

    with pytest.raises(AwsError) as refused:
        put(answer)
    assert (refused.value.code, refused.value.retryable) == ("Unreachable", True)


@pytest.mark.parametrize(
    ("env", "link"),
    [
        ({"REPORTS_URL": "https://reports.example.com/"}, f"https://reports.example.com/reports/{COMPARISON}.html"),
        (
            {"REPORTS_URL": "https://x.example/parity", "REPORTS_PREFIX": "a/b-c/"},
            f"https://x.example/parity/a/b-c/{COMPARISON}.html",
        ),
        (
            {"AWS_REGION": "cn-north-1"},
            f"https://console.amazonaws.cn/s3/object/acme-reports?region=cn-north-1&prefix=reports%2F{COMPARISON}.html",
        ),
    ],
)
def test_the_link_leads_to_where_the_bucket_is_served_or_to_the_console(env: dict[str, str], link: str) -> None:
    where = settings(**env)
    assert report_link(where, report_key(where, COMPARISON)) == link


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REPORTS_BUCKET", "Not_A_Bucket"),
        ("REPORTS_BUCKET", "evil.example/x"),
        ("REPORTS_PREFIX", "no-slash"),
        ("REPORTS_PREFIX", "a b/"),
        ("REPORTS_PREFIX", "../"),
        ("REPORTS_URL", "http://reports.example.com"),
        ("REPORTS_URL", "javascript:alert(1)"),
    ],
)
def test_bad_configuration_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(BadSettings, match=name):
        settings(**{name: value})


def test_a_key_is_made_of_an_id_alone() -> None:
    with pytest.raises(ValueError, match="comparison_id"):
        report_key(settings(), "../x")


@pytest.mark.parametrize(
    ("bucket", "region", "start"),
    [
        ("acme", "eu-west-1", "https://acme.s3.eu-west-1.amazonaws.com/"),
        ("acme.reports", "eu-west-1", "https://s3.eu-west-1.amazonaws.com/acme.reports/"),
        ("acme", "cn-north-1", "https://acme.s3.cn-north-1.amazonaws.com.cn/"),
    ],
)
def test_a_bucket_is_addressed_so_that_its_certificate_fits(bucket: str, region: str, start: str) -> None:
    asked: list[str] = []

    class Stop(aiohttp.ClientError):
        """The network is not for this test."""

    async def on_start(_session: object, _context: object, params: aiohttp.TraceRequestStartParams) -> None:
        asked.append(str(params.url))
        raise Stop

    async def run() -> None:
        tracing = aiohttp.TraceConfig()
        tracing.on_request_start.append(on_start)
        async with aiohttp.ClientSession(trace_configs=[tracing]) as session:
            where = settings(REPORTS_BUCKET=bucket, AWS_REGION=region)
            await put_report(session, ENV, lambda: NOW, where, key=report_key(where, COMPARISON), content=PAGE)

    with pytest.raises(AwsError, match="Unreachable"):
        asyncio.run(run())
    assert asked == [f"{start}reports/{COMPARISON}.html"]
