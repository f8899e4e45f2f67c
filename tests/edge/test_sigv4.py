"""Our signer against AWS's published cases and against botocore's signer."""

import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.sigv4 import Credentials, sign

# The signing example of the IAM user guide and cases of AWS's signing test suite: one access key, one moment.
PUBLISHED_KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
PUBLISHED_MOMENT = datetime(2015, 8, 30, 12, 36, tzinfo=UTC).timestamp()
SUITE_TOKEN = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
SUITE = "https://example.amazonaws.com"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

PUBLISHED: dict[str, tuple[str, str, dict[str, str], bytes, str | None, str, str]] = {
    "get-vanilla": (
        "GET",
        f"{SUITE}/",
        {},
        b"",
        None,
        "host;x-amz-date",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "post-vanilla": (
        "POST",
        f"{SUITE}/",
        {},
        b"",
        None,
        "host;x-amz-date",
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    "get-vanilla-query-order-key-case": (
        "GET",
        f"{SUITE}/?Param2=value2&Param1=value1",
        {},
        b"",
        None,
        "host;x-amz-date",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    "get-vanilla-with-session-token": (
        "GET",
        f"{SUITE}/",
        {},
        b"",
        SUITE_TOKEN,
        "host;x-amz-date;x-amz-security-token",
        "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
    ),
    "get-header-value-trim": (
        "GET",
        f"{SUITE}/",
        {"My-Header1": " value1", "My-Header2": ' "a   b   c"'},
        b"",
        None,
        "host;my-header1;my-header2;x-amz-date",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    "get-utf8": (
        "GET",
        f"{SUITE}/\u1234",
        {},
        b"",
        None,
        "host;x-amz-date",
        "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
    ),
    "post-x-www-form-urlencoded": (
        "POST",
        f"{SUITE}/",
        FORM,
        b"Param1=value1",
        None,
        "content-type;host;x-amz-date",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
    "post-x-www-form-urlencoded-parameters": (
        "POST",
        f"{SUITE}/",
        {
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "Content-Length": "13",
            "x-amz-content-sha256": "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
        },
        b"Param1=value1",
        None,
        "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
        "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_case_gets_its_published_signature(name: str) -> None:
    method, url, headers, body, token, signed, signature = PUBLISHED[name]

    sent = sign(
        Credentials(*PUBLISHED_KEY, token),
        method=method,
        url=url,
        headers=headers,
        body=body,
        service="service",
        region="us-east-1",
        now=PUBLISHED_MOMENT,
    )

    assert sent["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={signed}, Signature={signature}"
    )


def test_the_example_of_the_iam_user_guide_gets_its_signature() -> None:
    sent = sign(
        Credentials(*PUBLISHED_KEY),
        method="GET",
        url="https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        body=b"",
        service="iam",
        region="us-east-1",
        now=PUBLISHED_MOMENT,
    )

    expected = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    assert sent["authorization"].endswith(f"Signature={expected}")


token_text = st.text("ABCdef0189/+=", min_size=1, max_size=40)
header_value = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "Zs")), max_size=40)
header_name = st.from_regex(r"x-[a-z]{1,12}", fullmatch=True).filter(lambda name: name != "x-amzn-trace-id")
query_pairs = st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=8)), max_size=4)
segments = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="./"), min_size=1), max_size=3)


class _AtAMoment(botocore.auth.SigV4Auth):  # type: ignore[misc]  # botocore publishes no types
    """botocore's signer with the time given instead of read."""

    def __init__(self, moment: str, *given: Any) -> None:
        super().__init__(*given)
        self._moment = moment

    def add_auth(self, request: Any) -> None:
        request.context["timestamp"] = self._moment
        self._modify_request_before_signing(request)
        signature = self.signature(self.string_to_sign(request, self.canonical_request(request)), request)
        self._inject_signature_to_request(request, signature)


@given(
    token=st.none() | token_text,
    segments=segments,
    query=query_pairs,
    headers=st.dictionaries(header_name, header_value, max_size=5),
    body=st.binary(max_size=200),
    service=st.sampled_from(["sqs", "sns", "dynamodb", "secretsmanager"]),
    now=st.integers(0, 4_000_000_000),
)
def test_any_request_is_signed_as_botocore_signs_it(
    token: str | None,
    segments: list[str],
    query: list[tuple[str, str]],
    headers: dict[str, str],
    body: bytes,
    service: str,
    now: int,
) -> None:
    url = f"https://host.example:8443/{'/'.join(quote(part) for part in segments)}"
    url += f"?{urlencode(query, quote_via=quote)}" if query else ""
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    theirs = AWSRequest("POST", url, headers=dict(headers), data=body)
    credentials = BotocoreCredentials(*PUBLISHED_KEY, token)
    _AtAMoment(moment, credentials, service, "eu-west-1").add_auth(theirs)

    ours = sign(
        Credentials(*PUBLISHED_KEY, token),
        method="POST",
        url=url,
        headers=headers,
        body=body,
        service=service,
        region="eu-west-1",
        now=now,
    )

    assert ours["authorization"] == theirs.headers["Authorization"]


def test_the_trace_header_is_sent_but_not_signed() -> None:
    traced = {"x-amz-target": "AmazonSQS.SendMessage", "X-Amzn-Trace-Id": "Root=1-65f1a2b3-0123456789abcdef01234567"}

    sent = sign(
        Credentials("AKEXAMPLE", "s"),
        method="POST",
        url="https://sqs.eu-west-1.amazonaws.com/",
        headers=traced,
        body=b"{}",
        service="sqs",
        region="eu-west-1",
        now=0,
    )

    assert sent["x-amzn-trace-id"] == traced["X-Amzn-Trace-Id"]
    assert "SignedHeaders=host;x-amz-date;x-amz-target," in sent["authorization"]


def test_credentials_show_no_secret_when_printed() -> None:
    shown = repr(Credentials("AKEXAMPLE", "very-secret", "very-temporary"))

    assert "AKEXAMPLE" in shown
    assert "very" not in shown
