"""What SMN signs can be read in one way only, whatever a message holds."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from functions.smn.envelope import Unproved, read, signed_text
from functions.smn.topics import topic_named
from tests.smn.authority import MAPPING, TOPIC

NOW = 1_471_246_156.0
NAMES = ("message", "message_id", "subject", "timestamp", "topic_urn", "type")
PLAIN = {
    "message": "My test message",
    "message_id": "88c726942175432bac921eafd0036163",
    "subject": "demo",
    "timestamp": "2016-08-15T07:29:16Z",
    "topic_urn": TOPIC,
    "type": "Notification",
}


def envelope(**changes: Any) -> bytes:
    return json.dumps({k: v for k, v in (PLAIN | {"signature": ""} | changes).items() if v is not None}).encode()


def test_the_signed_text_is_that_of_the_documentations_example() -> None:
    assert read(envelope(), NOW).signed == (
        b"message\nMy test message\nmessage_id\n88c726942175432bac921eafd0036163\nsubject\ndemo\n"
        b"timestamp\n2016-08-15T07:29:16Z\ntopic_urn\n" + TOPIC.encode() + b"\ntype\nNotification\n",
    )


def test_an_empty_subject_may_be_signed_or_left_out() -> None:
    with_it, without = read(envelope(subject=""), NOW).signed
    assert b"subject\n\ntimestamp" in with_it
    assert read(envelope(subject=None), NOW).signed == (without,)


def test_the_trap_of_another_split_of_the_same_text_is_refused() -> None:
    real = read(envelope(message="x\nmessage_id\n" + "a" * 32 + "\nsubject\ny"), NOW)
    # The same bytes, their borders moved: the message ends early, another id counts, and the rest is the subject.
    moved = envelope(message="x", message_id="a" * 32, subject=f"y\nmessage_id\n{PLAIN['message_id']}\nsubject\ndemo")
    assert signed_text(NAMES, json.loads(moved)) == real.signed[0]
    with pytest.raises(Unproved, match="subject must be there, as one line"):
        read(moved, NOW)


PIECES = ("\n", "\n", "\n", "\r", "\u2028", "a" * 32, "b" * 32, "demo", "subscribe_url", "SubscriptionConfirmation")
BORDERS = ("\nmessage_id\n" + "a" * 32, "\nsubject\n", f"\ntimestamp\n{PLAIN['timestamp']}", f"\ntopic_urn\n{TOPIC}")
pieces = st.sampled_from([*BORDERS, *NAMES, *PIECES, "Notification", TOPIC, PLAIN["timestamp"]])
texts = st.lists(pieces, max_size=14).map("".join)


def splits(text: str) -> list[dict[str, str]]:
    """Every way to read a signed text as fields, notification or not, by trying each border."""
    found = []
    for names in (
        NAMES,
        tuple(name for name in NAMES if name != "subject"),
        ("message", "message_id", "subscribe_url", "timestamp", "topic_urn", "type"),
    ):
        readings: list[tuple[dict[str, str], str]] = [({}, text)]
        for name, following in zip(names, (*names[1:], None), strict=True):
            longer = []
            for fields, rest in readings:
                if not rest.startswith(f"{name}\n"):
                    continue
                body = rest[len(name) + 1 :]
                end = f"\n{following}\n" if following else "\n"
                at = body.find(end)
                while at >= 0:
                    longer.append((fields | {name: body[:at]}, body[at + 1 :]))
                    at = body.find(end, at + 1)
            readings = longer
        found += [fields for fields, rest in readings if rest == ""]
    return found


@settings(max_examples=1000, deadline=None)
@example("\nmessage_id\n" + "a" * 32 + "\nsubscribe_url", None)
@given(texts, st.none() | texts.filter(lambda text: "\n" not in text and "\r" not in text))
def test_a_signed_text_has_one_reading_that_is_taken(message: str, subject: str | None) -> None:
    genuine = read(envelope(message=message, subject=subject), NOW)
    taken = set()
    for text in genuine.signed:
        for fields in splits(text.decode()):
            try:
                read_so = read(json.dumps(fields | {"signature": ""}).encode(), NOW)
            except Unproved:
                continue
            if text not in read_so.signed:
                continue  # a reading of another text, to which this signature is none
            taken.add((read_so.kind, read_so.message_id, read_so.message, read_so.subject, read_so.topic))
    assert (genuine.kind, genuine.message_id, genuine.message, genuine.subject, genuine.topic) in taken
    assert len(taken) == 1


@settings(max_examples=500, deadline=None)
@given(
    st.binary(max_size=300)
    | st.dictionaries(st.sampled_from([*NAMES, "signature"]), texts | st.integers()).map(
        lambda fields: json.dumps(PLAIN | {"signature": ""} | fields).encode()
    )
)
def test_whatever_strangers_send_raises_nothing_but_the_refusal(body: bytes) -> None:
    try:
        payload = read(body, NOW).payload()
    except Unproved:
        return
    json.dumps(payload, ensure_ascii=False).encode()


@pytest.mark.parametrize("message", ["NaN", '{"a": Infinity}', '"\\ud800"', "[" * 100_000, "1" * 10_000])
def test_a_message_that_looks_like_json_and_is_none_is_a_text(message: str) -> None:
    assert read(envelope(message=message), NOW).payload()["message"] == message


def test_a_topics_own_host_is_that_of_its_region() -> None:
    topic = topic_named(json.dumps({"smn": [{"topic": TOPIC, "mapping": MAPPING}]}), TOPIC)
    assert topic is not None
    assert topic.hosts == ("smn.cn-north-4.myhuaweicloud.com",)
