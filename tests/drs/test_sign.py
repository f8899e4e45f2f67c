"""Signing with SDK-HMAC-SHA256, against the published example and the official SDK's signer."""

from dataclasses import dataclass

import pytest
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.drs_sign import SignatureError, SignedRequest, canonical_request, sign, verify

NOW = 1573788995.0  # 20191115T033635Z
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
SEGMENT = st.text("abcXYZ019-._~ äß/%+?&=#:@€", max_size=8)
PAIRS = st.lists(st.tuples(st.text("abz_-~ é", min_size=1, max_size=5), SEGMENT), max_size=4, unique_by=lambda p: p[0])
HEADER = st.text("abcXYZ019-._~ ;:,=", max_size=20)


@dataclass
class Credentials:
    """What the official signer wants."""

    ak: str = "AKEXAMPLE"
    sk: str = "SKEXAMPLE"


def quoted(text: str) -> str:
    return "".join(c if c.isalnum() and c.isascii() else "".join(f"%{b:02X}" for b in c.encode()) for c in text)


def test_the_published_example_is_signed_as_published() -> None:
    project = "77b6a44cba5143ab91d13ab9a8ff44fd"
    target = f"/v1/{project}/vpcs?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0"
    headers = sign(
        "GET",
        f"https://service.region.example.com{target}",
        {"Content-Type": "application/json"},
        b"",
        access_key="QTWAOYTTINDUT2QVKYUC",
        secret_key="MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc",
        now=1573789015,
    )
    assert headers["X-Sdk-Date"] == "20191115T033655Z"
    assert headers["Authorization"] == (
        "SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC, SignedHeaders=content-type;host;x-sdk-date, "
        "Signature=7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"
    )


@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "PUT"]),
    segments=st.lists(SEGMENT, min_size=1, max_size=4),
    query=PAIRS,
    language=HEADER,
    body=st.binary(max_size=40),
    token=st.none() | st.text("abc/+=", min_size=1),
)
def test_random_requests_are_signed_as_by_the_official_sdk(
    method: str, segments: list[str], query: list[tuple[str, str]], language: str, body: bytes, token: str | None
) -> None:
    path = "/v3/" + "/".join(quoted(segment) for segment in segments)
    url = f"https://drs.example.com:8443{path}"
    if query:
        url += "?" + "&".join(f"{quoted(key)}={quoted(value)}" for key, value in query)
    given_headers = {"Content-Type": "application/json", "X-Language": language, "under_score": "kept unsigned"}
    ours = sign(
        method,
        url,
        given_headers,
        body,
        access_key="AKEXAMPLE",
        secret_key="SKEXAMPLE",
        now=NOW,
        security_token=token,
    )
    theirs = SdkRequest(
        method=method,
        schema="https",
        host="drs.example.com:8443",
        resource_path=path,
        query_params=list(query),
        header_params={**given_headers, "X-Sdk-Date": ours["X-Sdk-Date"]}
        | ({"X-Security-Token": token} if token else {}),
        body=body,
    )
    Signer(Credentials()).sign(theirs)
    assert ours["Authorization"] == theirs.header_params["Authorization"]
    request = SignedRequest(method, url.removeprefix("https://drs.example.com:8443"), ours, body)
    assert verify(request, secret_of={"AKEXAMPLE": "SKEXAMPLE"}.get, now=NOW) == "AKEXAMPLE"


def signed(url: str = "https://h/v3/p?a=1", body: bytes = b"{}") -> SignedRequest:
    headers = sign("POST", url, {"Content-Type": "application/json"}, body, access_key="AK", secret_key="SK", now=NOW)
    return SignedRequest("POST", url.removeprefix("https://h"), headers, body)


@pytest.mark.parametrize(
    "changed",
    [
        SignedRequest("PUT", "/v3/p?a=1", signed().headers, b"{}"),
        SignedRequest("POST", "/v3/q?a=1", signed().headers, b"{}"),
        SignedRequest("POST", "/v3/p?a=2", signed().headers, b"{}"),
        SignedRequest("POST", "/v3/p?a=1", signed().headers, b"{} "),
        SignedRequest("POST", "/v3/p?a=1", {**signed().headers, "Host": "i"}, b"{}"),
        SignedRequest("POST", "/v3/p?a=1", {**signed().headers, "Content-Type": "text/plain"}, b"{}"),
        SignedRequest("POST", "/v3/p?a=1", {**signed().headers, "X-Sdk-Date": "20191115T033636Z"}, b"{}"),
    ],
)
def test_whatever_is_changed_after_signing_is_noticed(changed: SignedRequest) -> None:
    with pytest.raises(SignatureError, match=r"verify aksk signature fail, canonicalRequest: P.*[|]/v3/"):
        verify(changed, secret_of={"AK": "SK"}.get, now=NOW)


@pytest.mark.parametrize("seconds", [-901, 901])
def test_a_date_too_far_from_now_is_refused(seconds: float) -> None:
    with pytest.raises(SignatureError, match="x-sdk-date"):
        verify(signed(), secret_of={"AK": "SK"}.get, now=NOW + seconds)


def test_an_unknown_access_key_is_told_apart_from_a_wrong_signature() -> None:
    with pytest.raises(SignatureError, match="Get secretKey failed") as caught:
        verify(signed(), secret_of={"other": "SK"}.get, now=NOW)
    assert caught.value.access_key == "AK"


def test_a_header_that_is_signed_must_be_there() -> None:
    headers = {name: value for name, value in signed().headers.items() if name != "Content-Type"}
    with pytest.raises(SignatureError, match="content-type is missing"):
        verify(SignedRequest("POST", "/v3/p?a=1", headers, b"{}"), secret_of={"AK": "SK"}.get, now=NOW)


def test_an_unsigned_payload_is_accepted_only_where_it_is_no_json() -> None:
    text = {"Content-Type": "text/plain", "X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD"}
    json = {**text, "Content-Type": "application/json"}
    assert canonical_request(SignedRequest("POST", "/", text, b"x"), text).endswith("UNSIGNED-PAYLOAD")
    assert not canonical_request(SignedRequest("POST", "/", json, b"x"), json).endswith("UNSIGNED-PAYLOAD")


@given(authorization=TEXT | st.builds("SDK-HMAC-SHA256 {}".format, TEXT), date=TEXT, target=TEXT, body=st.binary())
def test_a_strange_request_is_refused_and_never_a_crash(
    authorization: str, date: str, target: str, body: bytes
) -> None:
    headers = {"Authorization": authorization, "X-Sdk-Date": date}
    with pytest.raises(SignatureError):
        verify(SignedRequest("GET", target, headers, body), secret_of={"AK": "SK"}.get, now=NOW)
