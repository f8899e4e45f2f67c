"""A report in a bucket: under which key, with one S3 PUT, and by which link people open it.

Source: Amazon S3 API reference (PutObject, "Authenticating Requests: Using the Authorization Header"). The bucket is in
the function's own region.

A link is the console's, which asks for a sign-in, unless `REPORTS_URL` names where the bucket is served. It is never
a presigned one: that would end with the function's own credentials, within hours, and let in whoever has it. An id
follows from its request id: where reports are served to people who may not see all of them, the server has to decide.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Annotated
from urllib.parse import quote

import aiohttp
from pydantic import Field, StringConstraints

from functions.pipeline.aws_errors import AwsError, error_from
from functions.pipeline.settings import Settings
from functions.pipeline.sigv4 import Credentials, sign

TIMEOUT = aiohttp.ClientTimeout(total=5, sock_connect=2)
"""One attempt: a report has at most 100 kB."""


class ReportsSettings(Settings):
    """Where reports are put: no bucket, no reports. `reports_url`: where it is served, if it is."""

    reports_bucket: Annotated[str, StringConstraints(pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$")] = ""
    reports_prefix: Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9_-]+/)*$", max_length=200)] = "reports/"
    reports_url: Annotated[str, StringConstraints(pattern=r"^(https://[!-~]+)?$", max_length=500)] = ""
    aws_region: str = Field(min_length=1)


def report_key(settings: ReportsSettings, comparison_id: str, suffix: str = ".html") -> str:
    """The key of a comparison's report: always the same, so that writing it twice is writing it once."""
    if not (comparison_id.replace("_", "").isascii() and comparison_id.replace("_", "").isalnum()):
        raise ValueError("comparison_id: letters, digits and _ are allowed")
    return f"{settings.reports_prefix}{comparison_id}{suffix}"


def report_link(settings: ReportsSettings, key: str) -> str:
    """Where people open what `put_report` has written."""
    if settings.reports_url:
        return f"{settings.reports_url.rstrip('/')}/{key}"
    region = settings.aws_region
    domain = "console.amazonaws.cn" if region.startswith("cn-") else "console.aws.amazon.com"
    return f"https://{domain}/s3/object/{settings.reports_bucket}?region={region}&prefix={quote(key, safe='')}"


async def put_report(
    session: aiohttp.ClientSession,
    env: Mapping[str, str],
    now: Callable[[], float],
    settings: ReportsSettings,
    *,
    key: str,
    content: bytes,
    media_type: str = "text/html; charset=utf-8",
) -> str:
    """Write a report under its key, in one attempt; returns its link. It is encrypted as the bucket says.

    Credentials and, for tests, `AWS_ENDPOINT_URL` are read from `env`. Raises AwsError for a refusal and for no answer
    (code "Unreachable"); `retryable` tells whether the same call may succeed later.
    """
    headers = {
        "content-type": media_type,
        "x-amz-content-sha256": sha256(content).hexdigest(),
    }
    url = _url(settings, key, env.get("AWS_ENDPOINT_URL"))
    signed = sign(
        Credentials(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env.get("AWS_SESSION_TOKEN") or None),
        method="PUT",
        url=url,
        headers=headers,
        body=content,
        service="s3",
        region=settings.aws_region,
        now=now(),
    )
    try:
        async with session.put(url, data=content, headers=signed, timeout=TIMEOUT, allow_redirects=False) as response:
            answer = await response.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise AwsError("Unreachable", 0, f"s3 gave no answer: {type(error).__name__} {error}") from error
    if response.status != 200:
        raise error_from(response.status, response.headers, answer)
    return report_link(settings, key)


def _url(settings: ReportsSettings, key: str, redirected: str | None) -> str:
    """The object's address. A key has no character that would have to be encoded, so that signing can't go wrong."""
    bucket, region = settings.reports_bucket, settings.aws_region
    if redirected:
        return f"{redirected.rstrip('/')}/{bucket}/{key}"
    domain = f"s3.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"
    # A certificate is for one label before the service's name, so a bucket with a dot can only be in the path.
    return f"https://{domain}/{bucket}/{key}" if "." in bucket else f"https://{bucket}.{domain}/{key}"
