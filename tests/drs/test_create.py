"""Creating at DRS: what is sent, once, and what each answer means for each level."""

import json
from pathlib import Path
from typing import Any

import pytest

from functions.pipeline.drs import Created, Part, Refused, TryLater
from functions.pipeline.drs_models import DataLevelCompareInfo
from tests.drs.asking import JOB_ID, Client, Clock
from tests.drs.served_drs import Fault, ServedDrs

SEEDS = Path(__file__).parent / "seeds"


def data_level(**fields: Any) -> DataLevelCompareInfo:
    return DataLevelCompareInfo.model_validate(
        {
            "conflict_policy": "keep",
            "compare_type": "lines",
            "compare_object_infos": [{"db_name": "may_5", "table_name": ["table_name_0", "table_name_1"]}],
            **fields,
        }
    )


def create(client: Client, *, objects: bool = True, data: DataLevelCompareInfo | None = None) -> Created:
    return client.ask(lambda drs: drs.create(JOB_ID, objects=objects, data=data))


def refusal_of(part: Part | None) -> TryLater | Refused:
    assert part is not None
    assert part.task_id is None
    assert part.error is not None
    return part.error


def test_both_levels_are_created_with_one_request(served: ServedDrs, client: Client) -> None:
    created = create(client, data=data_level())
    tasks = {task.level: task.task_id for task in served.tasks[JOB_ID]}
    assert created == Created(objects=Part(tasks["objects"]), data=Part(tasks["lines"]))
    assert len(served.calls) == 1


def test_the_official_example_is_what_is_sent(served: ServedDrs, client: Client) -> None:
    create(client, data=data_level())
    example = json.loads((SEEDS / "create_request.json").read_text())
    info = example["data_level_compare_info"]
    assert (info.pop("compare_mode"), info.pop("start_time")) == (None, None)
    assert served.calls[0].body == example


def test_the_official_answer_names_both_tasks(served: ServedDrs, client: Client) -> None:
    served.script("create", Fault(200, json.loads((SEEDS / "create_answer.json").read_text())))
    assert create(client, data=data_level()) == Created(
        objects=Part("dc1683d9-bdf2-4be9-967f-6ef0953369bc"), data=Part("08cad1f8-9de2-42fa-b8ce-6c36daf730f6")
    )


def test_every_field_of_the_request_is_sent(served: ServedDrs, client: Client, clock: Clock) -> None:
    info = {
        "conflict_policy": "cancel",
        "compare_type": "contents",
        "compare_mode": "quick_comparison",
        "start_time": str(round(clock() * 1000) + 60_000),
        "compare_object_infos": [{"db_name": "a"}],
        "compare_object_infos_with_token": [
            {"db_name": "b", "table_name_with_token": [{"table_name": "t", "min_token": "-1", "max_token": "1"}]}
        ],
    }
    create(client, objects=False, data=DataLevelCompareInfo.model_validate(info))
    assert served.calls[0].body == {"job_id": JOB_ID, "data_level_compare_info": info}


@pytest.mark.parametrize("language", ["en-us", "zh-cn"])
def test_the_language_is_asked_for(served: ServedDrs, client: Client, language: str) -> None:
    client.language = language
    create(client)
    assert served.calls[0].headers["X-Language"] == language
    assert served.calls[0].headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("start", ["2024-04-02T07:00:00Z", "1712041200", "1712041200000"])
def test_a_start_is_sent_in_milliseconds_however_it_was_written(served: ServedDrs, client: Client, start: str) -> None:
    create(client, objects=False, data=data_level(start_time=start))
    assert served.calls[0].body["data_level_compare_info"]["start_time"] == "1712041200000"
    assert served.tasks[JOB_ID][0].starts_at == 1712041200


def test_a_level_that_was_not_asked_for_is_absent(client: Client) -> None:
    assert create(client).data is None
    assert create(client, objects=False, data=data_level()).objects is None


def test_one_level_refused_inside_a_200_leaves_the_other_created(served: ServedDrs, client: Client) -> None:
    part = {"error_code": "DRS.M00200", "error_msg": "Parameter error."}
    answer = {"object_level_compare_create_result": {"compare_task_id": "t"}, "data_level_compare_create_result": part}
    served.script("create", Fault(200, answer))
    created = create(client, data=data_level())
    assert created.objects == Part("t")
    error = refusal_of(created.data)
    assert isinstance(error, Refused)
    assert (error.code, error.message, error.status) == ("DRS.M00200", "Parameter error.", 200)


@pytest.mark.parametrize(
    ("code", "reason", "sent"),
    [
        ("DRS.M01503", "too_frequent", False),
        ("DRS.M01504", "busy", False),
        ("DRS.10000024", "busy", False),
        ("DRS.M00304", "not_ready", False),
        ("DRS.M00004", "unavailable", True),
        ("DRS.M01501", "unavailable", True),
    ],
)
def test_a_level_that_can_be_asked_again_says_why(
    served: ServedDrs, client: Client, code: str, reason: str, sent: bool
) -> None:
    part = {"error_code": code, "error_msg": "later"}
    served.script("create", Fault(200, {"object_level_compare_create_result": part}))
    error = refusal_of(create(client).objects)
    assert isinstance(error, TryLater)
    assert (error.code, error.reason, error.sent) == (code, reason, sent)


def test_an_error_at_the_top_of_a_200_refuses_every_level(served: ServedDrs, client: Client) -> None:
    served.script("create", Fault(200, {"job_id": JOB_ID, "error_code": "DRS.M00307", "error_msg": "parent"}))
    created = create(client, data=data_level())
    assert [refusal_of(part).code for part in (created.objects, created.data)] == ["DRS.M00307"] * 2


def test_a_task_named_beside_an_error_is_not_taken_as_created(served: ServedDrs, client: Client) -> None:
    named = {"compare_task_id": "t"}
    served.script(
        "create",
        Fault(200, {"object_level_compare_create_result": {**named, "error_code": "DRS.M00004"}}),
        Fault(200, {"object_level_compare_create_result": named, "error_code": "DRS.M01503"}),
        Fault(200, {"object_level_compare_create_result": named, "error_code": "DRS.M00200"}),
    )
    for code in ("DRS.M00004", "DRS.M01503", "DRS.M00200"):
        part = create(client).objects
        error = refusal_of(part)
        assert error.code == code
        assert part is not None
        assert part.named == "t"
        assert isinstance(error, Refused) or error.sent


def test_a_task_named_beside_a_final_refusal_is_in_its_words(served: ServedDrs, client: Client) -> None:
    refused = {"error_code": "DRS.M00200", "error_msg": "Parameter error."}
    served.script(
        "create",
        Fault(200, {"object_level_compare_create_result": {"compare_task_id": "t", **refused}}),
        Fault(200, {"object_level_compare_create_result": {"compare_task_id": "t"}, **refused}),
        Fault(200, {"object_level_compare_create_result": refused}),
    )
    messages = [refusal_of(create(client).objects).message for _ in range(3)]
    named = "Parameter error.; DRS named the task t"
    assert messages == [named, named, "Parameter error."]


@pytest.mark.parametrize("empty", [{}, {"compare_task_id": ""}, {"compare_task_id": None}, None])
def test_a_level_without_task_and_error_says_nothing(served: ServedDrs, client: Client, empty: Any) -> None:
    served.script("create", Fault(200, {"job_id": JOB_ID, "object_level_compare_create_result": empty}))
    assert create(client).objects == Part(None)


@pytest.mark.parametrize("fault", [Fault.lost(), Fault(502), Fault(504), Fault(500, after=True)])
def test_a_create_whose_answer_is_lost_is_not_repeated(served: ServedDrs, client: Client, fault: Fault) -> None:
    served.script("create", fault)
    with pytest.raises(TryLater) as caught:
        create(client)
    assert caught.value.sent
    assert len(served.calls) == 1


def test_an_endpoint_that_nobody_serves_was_not_sent_to(served: ServedDrs, client: Client) -> None:
    client.project = {**served.project(), "drs_endpoint": "http://127.0.0.1:9"}
    with pytest.raises(TryLater) as caught:
        create(client)
    assert (caught.value.reason, caught.value.sent) == ("unavailable", False)


@pytest.mark.parametrize("job_id", [".", "..", "", "a/b?c=d", "%2e%2e", "ä", "../../x"])
def test_an_odd_job_id_never_leads_to_another_path(served: ServedDrs, client: Client, job_id: str) -> None:
    with pytest.raises(Refused):
        client.ask(lambda drs: drs.cancel(job_id, "t"))
    assert all(call.endpoint == "cancel" for call in served.calls)
