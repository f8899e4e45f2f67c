"""What becomes of a delivery: decided from values alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.channels.channel import Again, Delivered, Refused
from functions.pipeline.delivery import (
    MOST_ATTEMPTS,
    PAUSES,
    Announcement,
    Delivery,
    Done,
    GiveUp,
    Retry,
    fanned_out,
    read_message,
    refused_claim,
    trial_message,
    what_follows,
)
from functions.pipeline.finished_event import read_finished
from functions.pipeline.messages import Invalid
from functions.pipeline.steps import Drop, Ours, Publish, Wait

EVENT: dict[str, Any] = json.loads((Path(__file__).parents[2] / "events/comparison.finished.json").read_text())
NOW = 1_900_000_000.0


def delivery(attempt: int = 1) -> Delivery:
    return Delivery(destination="ops", attempt=attempt, first_at=NOW, at=NOW, paced=True, event=EVENT)


def test_the_schedule_is_that_of_standard_webhooks() -> None:
    hours = 3_600
    later = [2 * hours, 5 * hours, 10 * hours, 14 * hours, 20 * hours, 24 * hours]
    assert [5, 5 * 60, 30 * 60, *later] == list(PAUSES)
    assert MOST_ATTEMPTS == 10


@given(attempt=st.integers(1, MOST_ATTEMPTS - 1), random=st.floats(0, 1, exclude_max=True))
def test_an_attempt_follows_after_its_pause_and_at_most_a_tenth_more(attempt: int, random: float) -> None:
    follows = what_follows(delivery(attempt), Again("busy"), NOW, random)
    assert isinstance(follows, Retry)
    assert follows.delivery.attempt == attempt + 1
    assert PAUSES[attempt - 1] <= follows.delivery.at - NOW <= PAUSES[attempt - 1] * 1.1
    assert not follows.delivery.paced
    assert follows.rest_until is None


@pytest.mark.parametrize(
    ("after", "pause"), [(0.0, 5), (7.0, 7), (1_000.0, 1_000), (3_600.0, 3_600), (1e12, 3_600), (-5.0, 5)]
)
def test_a_wish_to_wait_is_honoured_up_to_an_hour(after: float, pause: float) -> None:
    follows = what_follows(delivery(), Again("busy", after), NOW, 0)
    assert isinstance(follows, Retry)
    assert follows.delivery.at == NOW + pause
    assert follows.rest_until == NOW + max(0, min(after, 3_600))


def test_a_wish_never_shortens_a_pause() -> None:
    follows = what_follows(delivery(4), Again("busy", 1), NOW, 0)
    assert isinstance(follows, Retry)
    assert follows.delivery.at == NOW + 7_200


def test_what_was_taken_is_done_and_what_was_refused_is_given_up() -> None:
    assert what_follows(delivery(3), Delivered(), NOW, 0) == Done()
    assert what_follows(delivery(3), Refused("gone"), NOW, 0) == GiveUp("gone")


def test_the_last_attempt_is_the_last() -> None:
    assert isinstance(what_follows(delivery(MOST_ATTEMPTS - 1), Again("busy"), NOW, 0), Retry)
    follows = what_follows(delivery(MOST_ATTEMPTS), Again("busy"), NOW, 0)
    assert follows == GiveUp("given up after 10 attempts; the last: busy")


@pytest.mark.parametrize(
    ("item", "refusal"),
    [
        (None, Wait(NOW + 5, "ahead")),
        ({"state": "delivered", "attempt": 1}, Drop("done")),
        ({"state": "failed", "attempt": 1}, Publish()),
        ({"state": "failed", "attempt": 1, "told_at": NOW}, Drop("done")),
        ({"state": "open", "attempt": 3}, Drop("stale")),
        ({"state": "open", "attempt": 1}, Wait(NOW + 5, "ahead")),
        ({"state": "open", "attempt": 2, "lease_token": "ours", "lease_until": NOW + 9}, Ours()),
        ({"state": "open", "attempt": 2, "lease_token": "theirs", "lease_until": NOW + 9}, Wait(NOW + 10, "leased")),
        # Given back between the refusal and now.
        ({"state": "open", "attempt": 2}, Wait(NOW + 1, "leased")),
    ],
)
def test_a_refused_claim_says_what_to_do_with_the_message(item: dict[str, Any] | None, refusal: object) -> None:
    assert refused_claim(item, delivery(2), "ours", NOW) == refusal


def test_an_event_is_read_as_what_is_to_be_told_and_keeps_every_field() -> None:
    announcement, none = read_message(json.dumps(EVENT | {"traceparent": "00-1-2-03"}))
    assert none is None
    assert announcement.document == EVENT | {"traceparent": "00-1-2-03"}
    assert not announcement.test


def test_a_delivery_comes_back_as_it_was_written() -> None:
    first = fanned_out(Announcement(read_finished(EVENT), EVENT), "ops", NOW)
    announcement, again = read_message(first.text)
    assert again == first
    assert (first.attempt, first.first_at, first.at, first.paced) == (1, NOW, NOW, False)
    assert announcement.document == EVENT


def test_a_delivery_of_a_newer_release_is_read_too() -> None:
    text = json.dumps({"version": 2, "destination": "ops", "first_at": 1, "at": 2, "event": EVENT, "new": []})
    assert read_message(text)[1] == Delivery(version=2, destination="ops", first_at=1, at=2, event=EVENT)


def test_a_trial_stays_one_in_its_deliveries() -> None:
    announcement, none = read_message(trial_message(EVENT))
    assert none is None
    assert announcement.test
    again, sent = read_message(fanned_out(announcement, "ops", NOW).text)
    assert again.test
    assert sent is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"destination": "ops"}',
        '{"destination": "ops", "first_at": 1, "at": 1, "event": {}}',
        json.dumps({"destination": "o/ps", "first_at": 1, "at": 1, "event": EVENT}),
        json.dumps({"destination": "ops", "first_at": 1, "at": 1, "attempt": 0, "event": EVENT}),
        json.dumps(EVENT | {"type": "parity.comparison.started.v1"}),
        json.dumps({"test": True, "event": "text"}),
        "[" * 100_000,
    ],
)
def test_what_is_neither_is_told_apart_by_an_error_that_names_the_field(text: str) -> None:
    with pytest.raises(Invalid) as e:
        read_message(text)
    assert str(e.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda x: (
            st.lists(x) | st.dictionaries(st.sampled_from(["destination", "event", "test", "type", "at", "data"]), x)
        ),
    )
)
def test_no_message_breaks_the_reader(value: object) -> None:
    with pytest.raises(Invalid):
        read_message(json.dumps(value))
