"""The schemas of what Parity reads accept what the doors accept, and refuse what they refuse."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.pipeline.incoming import read_poll_message
from functions.pipeline.messages import Guards, Invalid, PollMessage, json_text, validate_request
from functions.pipeline.triggers.cloudevents import EVENTS, STRUCTURED, asked, read
from functions.pipeline.triggers.delivery import Delivery
from tests.contracts.fitting import fits

GUARDS = Guards(projects=("1" * 32,), cancel=True)
NOW = 1_900_000_000.0


def some(*good: Any, bad: tuple[Any, ...] = ()) -> st.SearchStrategy[Any]:
    """Mostly a good value, now and then null or a bad one."""
    return st.sampled_from([*good * 15, None, *bad])


infos = st.fixed_dictionaries(
    {"db_name": some("shop", bad=(7,))},
    optional={"table_name": some(["orders"], bad=([], [""], "orders"))},
)
infos_with_token = st.fixed_dictionaries(
    {"db_name": some("shop")},
    optional={"table_name_with_token": some([{"table_name": "t"}], [{"table_name": "t", "min_token": "1"}], bad=([],))},
)
data_infos = st.fixed_dictionaries(
    {
        "conflict_policy": some("keep", "cancel", bad=("stop",)),
        "compare_type": some("lines", "contents", bad=("objects",)),
    },
    optional={
        "compare_mode": some("quick_comparison", bad=("slow",)),
        "start_time": some("1900000060000", "1900000060", "2030-03-17T18:00:00Z", bad=("soon", 1900000060)),
        "compare_object_infos": st.none() | st.lists(infos, max_size=2),
        "compare_object_infos_with_token": st.none() | st.lists(infos_with_token, max_size=1),
    },
)
requests = st.fixed_dictionaries(
    {"job_id": some("job-1", bad=(".", "..", "", "a b", "j" * 65))},
    optional={
        "object_level_compare_type": some("objects", bad=("tables",)),
        "data_level_compare_info": st.none() | data_infos,
        "project_id": some("1" * 32, bad=("1" * 31,)),
        "deadline_seconds": some(60, 1_209_600, bad=(59, 1_209_601, "60", True)),
        "ready_within_seconds": some(0, bad=(-1,)),
        "audience": some("gate", bad=("a b", "g" * 65)),
        "labels": some({}, {"a": ""}, bad=({"": "v"}, {"k": "v" * 257}, {"k" * 65: "v"}, {"k": 1})),
    },
)
with_more = st.builds(lambda body: body | {"more": 1}, requests)


def accepted(body: dict[str, Any], request_id: str | None) -> bool:
    try:
        validate_request(body, GUARDS, now=NOW, request_id=request_id)
    except Invalid:
        return False
    return True


def blanks(value: Any) -> bool:
    """Whether there is an empty text, or an unknown field without a value: as good as absent for the doors."""
    if isinstance(value, dict):
        return value.get("more", 1) is None or any(blanks(value[name]) for name in value.keys() - {"labels"})
    return value == "" or (isinstance(value, list) and any(map(blanks, value)))


@given(requests | requests | requests | with_more)
@settings(max_examples=800)
def test_a_webhook_body_fits_where_the_door_accepts_it_and_nowhere_else(body: dict[str, Any]) -> None:
    fitting, taken = fits(body, "request.webhook.v1"), accepted(body, "r-1")
    if fitting or not blanks(body):
        assert fitting is taken, body


def test_only_a_queue_message_carries_its_request_id() -> None:
    body = {"job_id": "j", "object_level_compare_type": "objects"}
    named = body | {"request_id": "q-1"}
    assert [fits(body, "request.webhook.v1"), fits(named, "request.webhook.v1")] == [True, False]
    assert [fits(body, "request.message.v1"), fits(named, "request.message.v1")] == [False, True]
    assert accepted(named, None)


@given(
    data=st.none() | requests,
    version=st.sampled_from(["1.0", "1.0", "0.3", None]),
    name=st.sampled_from(["1", "1", "", 7, None]),
)
def test_a_cloud_event_fits_where_the_triggers_door_accepts_it(data: Any, version: Any, name: Any) -> None:
    attributes = {"specversion": version, "id": name, "source": "s", "type": EVENTS[0], "data": data}
    event = {key: value for key, value in attributes.items() if value is not None}
    delivery = Delivery({"content-type": STRUCTURED}, json_text(event).encode())
    try:
        taken = accepted(asked(read(delivery, "")).request, "r-1")
    except Invalid:
        taken = False
    if fits(event, "request.cloudevent.v1") or not blanks(data):
        assert fits(event, "request.cloudevent.v1") is taken, event


@given(step=st.sampled_from([0, 1, 10**9, -1, "1", None, 1.5]), name=st.sampled_from(["cmp_" + "a" * 32, "cmp_", 1]))
def test_a_poll_message_fits_where_it_is_taken(step: Any, name: Any) -> None:
    message = {"comparison_id": name, "step": step}
    try:
        read_poll_message(json_text(message))
        taken = True
    except Invalid:
        taken = False
    assert fits(message, "poll.message.v1") is taken


def test_the_poll_message_that_is_sent_fits() -> None:
    assert fits(PollMessage(comparison_id="cmp_" + "0" * 32, step=3).model_dump(), "poll.message.v1")
