"""Our Standard Webhooks verifier, alone and against the reference library."""

import base64
import time
from typing import Any

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.signature import Invalid, sign, verify

KEY = bytes(range(24))
OTHER_KEY = bytes(range(32))
NOW = 1_795_296_206.5
BODY = '{"job_id": "任务"}'.encode()

ids = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="."), min_size=1, max_size=128)


def signed(**changed: str) -> dict[str, str]:
    return {**sign("msg_1", int(NOW), BODY, KEY), **changed}


def test_a_signed_request_is_known_by_its_id() -> None:
    assert verify(signed(), BODY, [KEY], NOW) == "msg_1"


def test_header_names_may_be_in_any_case() -> None:
    assert verify({name.title(): value for name, value in signed().items()}, BODY, [KEY], NOW) == "msg_1"


def test_while_keys_change_a_request_signed_with_the_old_one_is_valid() -> None:
    assert verify(signed(), BODY, [OTHER_KEY, KEY], NOW) == "msg_1"


def test_one_matching_signature_among_several_is_enough() -> None:
    others = f"v1a,{'A' * 86}== v1,{'B' * 43}= {signed()['webhook-signature']}"

    assert verify(signed(**{"webhook-signature": others}), BODY, [KEY], NOW) == "msg_1"


def test_without_any_key_nothing_is_valid() -> None:
    with pytest.raises(Invalid):
        verify(signed(), BODY, [], NOW)


@pytest.mark.parametrize("away", [-300.5, 300.5])
def test_a_timestamp_more_than_five_minutes_away_is_refused(away: float) -> None:
    with pytest.raises(Invalid, match="within 300 seconds"):
        verify(signed(), BODY, [KEY], int(NOW) + away)


@pytest.mark.parametrize("away", [-300, 300])
def test_a_timestamp_five_minutes_away_is_accepted(away: float) -> None:
    assert verify(signed(), BODY, [KEY], int(NOW) + away) == "msg_1"


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_refused_by_name(header: str) -> None:
    headers = {name: value for name, value in signed().items() if name != header}

    with pytest.raises(Invalid, match=header):
        verify(headers, BODY, [KEY], NOW)


@pytest.mark.parametrize("timestamp", ["", " 1", "1.5", "-1", "1e9", "١٢٣٤٥٦٧٨٩٠", "9" * 5000, "1795296206\n", "nan"])
def test_a_timestamp_that_is_no_whole_number_is_refused(timestamp: str) -> None:
    with pytest.raises(Invalid, match="webhook-timestamp"):
        verify(signed(**{"webhook-timestamp": timestamp}), BODY, [KEY], NOW)


@pytest.mark.parametrize("webhook_id", ["", "a.b", "a b", "a" * 129, "ä", "a\n", "\x7f"])
def test_an_id_that_is_ambiguous_or_not_printable_is_refused(webhook_id: str) -> None:
    with pytest.raises(Invalid, match="webhook-id"):
        verify(sign(webhook_id, int(NOW), BODY, KEY), BODY, [KEY], NOW)


def test_headers_that_a_gateway_joined_are_refused_not_crashed_on() -> None:
    twice = {name: f"{value},{value}" for name, value in signed().items()}

    for name, value in twice.items():
        with pytest.raises(Invalid):
            verify(signed(**{name: value}), BODY, [KEY], NOW)


def test_a_signature_of_another_version_doesnt_count() -> None:
    other = signed()["webhook-signature"].replace("v1,", "v2,")

    with pytest.raises(Invalid):
        verify(signed(**{"webhook-signature": other}), BODY, [KEY], NOW)


@given(webhook_id=ids, text=st.text(), key=st.binary(min_size=24, max_size=64))
def test_what_the_reference_signs_we_accept_and_the_other_way_round(webhook_id: str, text: str, key: bytes) -> None:
    now = time.time()  # the reference reads the clock itself
    reference: Any = standardwebhooks.Webhook(f"whsec_{base64.b64encode(key).decode()}")
    ours = sign(webhook_id, int(now), text.encode("utf-8", "replace"), key)

    reference.verify(text.encode("utf-8", "replace"), ours, json_parse=False)

    assert verify(ours, text.encode("utf-8", "replace"), [key], now) == webhook_id


raw = st.text(st.characters(max_codepoint=0xFF), max_size=60) | st.text(max_size=60)


@given(
    headers=st.fixed_dictionaries(
        {}, optional={"webhook-id": raw, "webhook-timestamp": raw, "webhook-signature": raw, "Webhook-Id": raw}
    ),
    body=st.binary(max_size=60),
)
def test_whatever_is_sent_unsigned_is_invalid_and_nothing_else(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(Invalid):
        verify(headers, body, [KEY, OTHER_KEY], NOW)


@given(data=st.data())
def test_a_signed_request_with_one_character_changed_is_invalid(data: st.DataObject) -> None:
    headers = signed()
    part = data.draw(st.sampled_from([*headers, "body"]))
    original = BODY.decode() if part == "body" else headers[part]
    place = data.draw(st.integers(0, len(original) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != original[place]))
    changed = original[:place] + other + original[place + 1 :]
    body = changed.encode() if part == "body" else BODY

    with pytest.raises(Invalid):
        verify(headers if part == "body" else {**headers, part: changed}, body, [KEY], NOW)
