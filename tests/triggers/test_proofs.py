"""Who may ask: signatures and tokens, right and wrong; the oracles are HMAC by hand and the reference library."""

import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.credentials_text import BadSecret
from functions.pipeline.signature import Invalid
from functions.pipeline.triggers.configuration import Source, source_named
from functions.pipeline.triggers.delivery import Delivery
from functions.pipeline.triggers.translating import prove
from tests.triggers.sources import (
    BEARER,
    CONFIGURED,
    GITHUB_KEY,
    STANDARD_KEY,
    delivered,
    from_github,
    hub_signed,
    secret,
    with_bearer,
)

NOW = 1_900_000_000.0
OTHER_KEY = "whsec_" + base64.b64encode(b"o" * 32).decode()


def source(name: str) -> Source:
    found = source_named(json.dumps(CONFIGURED), name)
    assert found is not None
    return found


def signed_by_the_library(body: bytes, key: str = STANDARD_KEY, webhook_id: str = "wh_1", at: float = NOW) -> Delivery:
    signature = standardwebhooks.Webhook(key).sign(webhook_id, datetime.fromtimestamp(at, UTC), body.decode())
    headers = {"webhook-id": webhook_id, "webhook-timestamp": str(int(at)), "webhook-signature": signature}
    return Delivery({"content-type": "application/json", **headers}, body)


def refused(name: str, delivery: Delivery, now: float = NOW) -> str:
    with pytest.raises(Invalid) as caught:
        prove(source(name), delivery, now)
    return str(caught.value)


@pytest.mark.parametrize("name", ["trigger.github", "trigger.github.ping", "trigger.gitlab", "trigger.cloudevents"])
def test_the_deliveries_in_the_events_folder_are_proved(name: str) -> None:
    assert prove(source(name.split(".")[1]), delivered(name), NOW).source.kind == name.split(".")[1]


def test_githubs_own_example_of_a_signature_is_proved() -> None:
    # Secret, payload and result are those of "Validating webhook deliveries", to test an implementation with.
    known = Source(kind="github", keys=("It's a Secret to Everybody",))
    digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert prove(known, Delivery({"x-hub-signature-256": f"sha256={digest}"}, b"Hello, World!"), NOW).signed_id == ""


@given(st.binary(max_size=300))
def test_whatever_github_signed_is_proved(body: bytes) -> None:
    prove(source("github"), from_github(body), NOW)


@given(st.binary(min_size=1, max_size=100), st.data())
def test_a_changed_byte_is_refused(body: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(body) - 1))
    changed = body[:at] + bytes([body[at] ^ data.draw(st.integers(1, 255))]) + body[at + 1 :]
    assert "matches no key" in refused("github", replace(from_github(body), body=changed))


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        "sha1=" + "0" * 40,
        "sha256=" + "0" * 63,
        "sha256=" + "\uff21" * 64,
        "sha256=" + "0" * 64 + "\n0",
        "0" * 64,
    ],
)
def test_what_is_no_github_signature_is_refused(signature: str) -> None:
    refused("github", Delivery({"x-hub-signature-256": signature}, b"{}"))


def test_a_github_signature_of_another_key_or_algorithm_is_refused() -> None:
    delivery = from_github(b"{}")
    for wrong in (hub_signed(b"{}", "another-secret-of-32-characters!"), "sha256=" + hashlib.sha256(b"{}").hexdigest()):
        refused("github", replace(delivery, headers={**delivery.headers, "x-hub-signature-256": wrong}))


def test_while_keys_change_both_are_taken() -> None:
    both = Source(kind="github", keys=("the-new-secret-of-a-generator", GITHUB_KEY))
    prove(both, from_github(b"{}"), NOW)


@pytest.mark.parametrize("name", ["gitlab", "cloudevents", "alarms"])
def test_what_the_reference_library_signed_is_proved_by_its_id(name: str) -> None:
    assert prove(source(name), signed_by_the_library(b'{"a": 1}'), NOW).signed_id == "wh_1"


@pytest.mark.parametrize("name", ["gitlab", "cloudevents", "alarms"])
def test_a_signature_of_another_key_or_time_is_refused(name: str) -> None:
    assert "matches no key" in refused(name, signed_by_the_library(b"{}", OTHER_KEY))
    assert "within 300 seconds" in refused(name, signed_by_the_library(b"{}"), NOW + 301)


def test_a_wrong_signature_is_not_made_good_by_a_right_token() -> None:
    delivery = signed_by_the_library(b"{}", OTHER_KEY)
    with_token = replace(delivery, headers={**delivery.headers, "x-gitlab-token": BEARER})
    assert "matches no key" in refused("gitlab", with_token)


@pytest.mark.parametrize(
    ("given", "right"), [(BEARER, True), (BEARER + "x", False), ("", False), ("\uff21" * 16, False)]
)
def test_gitlabs_plain_token_is_the_whole_token(given: str, right: bool) -> None:
    delivery = Delivery({"x-gitlab-token": given}, b"{}")
    if right:
        assert prove(source("gitlab"), delivery, NOW).signed_id == ""
    else:
        refused("gitlab", delivery)


@pytest.mark.parametrize("scheme", ["", "Basic ", "Bearer", "Bearer  x "])
def test_a_token_is_taken_as_a_bearer_alone(scheme: str) -> None:
    refused("cloudevents", Delivery({"authorization": f"{scheme}{BEARER}"}, b"{}"))
    prove(source("cloudevents"), with_bearer({}), NOW)


def test_a_token_opens_no_source_that_has_none_and_a_github_token_header_opens_nothing() -> None:
    closed = Source(kind="cloudevents")
    for delivery in (with_bearer({}), Delivery({"authorization": "Bearer "}, b""), signed_by_the_library(b"{}")):
        with pytest.raises(Invalid):
            prove(closed, delivery, NOW)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "x-hub-signature-256",
                "webhook-id",
                "webhook-timestamp",
                "webhook-signature",
                "x-gitlab-token",
                "authorization",
            ]
        ),
        st.text(),
    ),
    st.binary(max_size=64),
    st.sampled_from(["github", "gitlab", "cloudevents", "alarms"]),
)
def test_no_headers_of_a_stranger_are_proved_or_raise_anything_else(
    headers: dict[str, str], body: bytes, name: str
) -> None:
    refused(name, Delivery(headers, body))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"kind": "bitbucket"}, "kind"),
        ({}, "kind: required"),
        ({"kind": "github", "keys": ["short"]}, "keys.0"),
        ({"kind": "github", "keys": [""]}, "keys.0"),
        ({"kind": "github", "tokens": [BEARER]}, "it has keys, no tokens"),
        ({"kind": "gitlab", "keys": ["not base64 at all"]}, "must be base64"),
        ({"kind": "gitlab", "keys": ["!" * 40]}, "must be base64"),
        ({"kind": "json", "tokens": [BEARER]}, "json needs a mapping"),
        ({"kind": "json", "mapping": {"request": "@"}, "events": ["x"]}, "no event types"),
        ({"kind": "gitlab", "origins": ["x"]}, "cloudevents alone"),
        ({"kind": "github", "key": GITHUB_KEY}, "key: unknown field"),
        ("github", "valid dictionary"),
    ],
)
def test_a_wrong_entry_is_told_by_its_field_without_its_values(entry: object, said: str) -> None:
    with pytest.raises(BadSecret, match=said) as caught:
        source_named(secret(wrong=entry), "wrong")
    assert GITHUB_KEY not in str(caught.value)
    assert BEARER not in str(caught.value)
    assert source_named(secret(wrong=entry), "github") is not None


@pytest.mark.parametrize("text", ["[]", "1", '"x"', "{", "[" * 10_000])
def test_a_secret_that_is_no_object_is_told(text: str) -> None:
    with pytest.raises(BadSecret, match="must be"):
        source_named(text, "github")


def test_the_rules_for_dms_are_no_source_of_the_door() -> None:
    assert source_named(json.dumps(CONFIGURED), "dms") is None
    assert source_named("", "github") is None
