"""The wire models: the official examples are fixtures; requests are strict, answers tolerant."""

import json
from pathlib import Path
from typing import Any

import huaweicloudsdkdrs.v3 as sdk
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from functions.pipeline import drs_models as wire

SEEDS = Path(__file__).parent / "seeds"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ANSWERS = [
    model
    for model in (getattr(wire, name) for name in wire.__all__)
    if isinstance(model, type) and issubclass(model, wire.Section | wire.Answer)
]


def seed(name: str) -> Any:
    return json.loads((SEEDS / f"{name}.json").read_text())


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(entry) for key, entry in value.items() if entry is not None}
    return [without_nulls(entry) for entry in value] if isinstance(value, list) else value


def data_level(**fields: Any) -> dict[str, Any]:
    return {"conflict_policy": "cancel", "compare_type": "lines", **fields}


def wrong_fields(model: type[BaseModel], value: Any) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(value)
    return {".".join(map(str, found["loc"])): found["msg"] for found in caught.value.errors()}


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("create_request", wire.CreateComparisonTask),
        ("create_answer", wire.CreateComparisonTaskAnswer),
        ("overview_answer", wire.ObjectOverview),
        ("overview_refusal", wire.ErrorBody),
    ],
)
def test_the_official_example_is_read_and_written_without_loss(
    name: str, model: type[wire.Answer] | type[wire.Request]
) -> None:
    assert model.model_validate(seed(name)).wire() == without_nulls(seed(name))


def test_every_request_field_of_the_official_tables_is_known() -> None:
    request = {
        "job_id": "f8688cfa-4e05-406f-a2e6-37a773cjb20y",
        "object_level_compare_type": "objects",
        "data_level_compare_info": data_level(
            compare_mode="quick_comparison",
            start_time="1608188903063",
            compare_object_infos=[{"db_name": "may_5", "table_name": ["a"]}, {"db_name": "whole"}],
            compare_object_infos_with_token=[
                {
                    "db_name": "ring",
                    "table_name_with_token": [
                        {"table_name": "a", "min_token": "-9223372036854775808", "max_token": "0"},
                        {"table_name": "b"},
                    ],
                },
                {"db_name": "whole"},
            ],
        ),
    }
    assert wire.CreateComparisonTask.model_validate(request).wire() == request


OFFICIAL = {
    wire.CreateComparisonTask: "CreateCompareTaskReq",
    wire.DataLevelCompareInfo: "CreateDataLevelCompareReq",
    wire.CompareObjectInfo: "CompareObjectInfo",
    wire.CompareObjectInfoWithToken: "CompareObjectInfoWithToken",
    wire.TableWithToken: "CompareTableInfoWithToken",
    wire.QueryCompareResult: "QueryCompareResultReq",
    wire.CreateComparisonTaskAnswer: "CreateCompareTaskResponse",
    wire.CreateResult: "CreateCompareTaskResult",
    wire.ObjectOverview: "ListObejectLevelCompareOverviewResponse",
    wire.ObjectTypeCount: "ObjectsCompareOverviewInfo",
    wire.ObjectDetailPage: "ListObejectLevelCompareDetailResponse",
    wire.ObjectDetail: "ObjectsCompareDetailInfo",
    wire.DataTaskPage: "ListDataLevelTableCompareJobsResponse",
    wire.DataTask: "CompareJobInfo",
    wire.QueryCompareResultAnswer: "ListCompareResultResponse",
    wire.ObjectResults: "ObjectCompareResult",
    wire.ObjectResultOverview: "ObjectCompareResultOverview",
    wire.ObjectResultDetail: "ObjectCompareResultDetails",
    wire.LineResults: "LineCompareResult",
    wire.LineOverview: "LineCompareResultOverview",
    wire.LineDetails: "LineCompareResultDetails",
    wire.LineDetail: "LineCompareDetail",
    wire.ContentResults: "ContentCompareResult",
    wire.ContentOverview: "ContentCompareResultOverview",
    wire.ContentDetails: "ContentCompareResultDetails",
    wire.ContentDetail: "ContentCompareDetail",
    wire.ContentDiffs: "ContentCompareResultDiffs",
    wire.ContentDiff: "ContentCompareDiff",
    wire.TaskList: "CompareTaskListResult",
    wire.ListedTask: "CompareTaskList",
    wire.LineOverviewPage: "ListDataCompareOverviewResponse",
    wire.LineDetailPage: "ListDataCompareDetailResponse",
    wire.ContentOverviewPage: "ListContentCompareOverviewResponse",
    wire.ContentDetailPage: "ListContentCompareDetailResponse",
}


@pytest.mark.parametrize("model", OFFICIAL, ids=lambda model: model.__name__)
def test_fields_are_named_as_in_the_official_client(model: type[wire.Answer] | type[wire.Request]) -> None:
    official = set(getattr(sdk, OFFICIAL[model]).attribute_map.values())
    # Any answer may carry an error inside a 200.
    extra = {"error_code", "error_msg"} if issubclass(model, wire.Section) else set()
    assert set(model.model_fields) | extra == official | extra


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (wire.TableDetail, ("TableLineCompareResultInfo", "NodeContentCompareDetailResult")),
        (wire.DatabaseOverview, ("DataCompareOverviewInfo", "NodeContentCompareOverviewResult")),
    ],
)
def test_one_model_covers_rows_and_values_in_numbers(model: type[wire.Answer], names: tuple[str, str]) -> None:
    official = {field for name in names for field in getattr(sdk, name).attribute_map.values()}
    assert set(model.model_fields) == official


@pytest.mark.parametrize("blank", [None, ""])
def test_null_empty_and_absent_are_the_same(blank: str | None) -> None:
    absent = {"job_id": "j", "data_level_compare_info": data_level(compare_object_infos=[{"db_name": "d"}])}
    info = data_level(
        compare_mode=blank,
        start_time=blank,
        compare_object_infos=[{"db_name": "d", "table_name": blank}],
        compare_object_infos_with_token=blank,
    )
    given = {"job_id": "j", "object_level_compare_type": blank, "data_level_compare_info": info}
    assert wire.CreateComparisonTask.model_validate(given) == wire.CreateComparisonTask.model_validate(absent)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"job_id": ""}, "job_id"),
        ({"job_id": "a b"}, "job_id"),
        ({"job_id": "a\n"}, "job_id"),
        ({"job_id": "x" * 65}, "job_id"),
        ({"job_id": ".."}, "job_id"),
        ({"job_id": 7}, "job_id"),
        ({"object_level_compare_type": "object"}, "object_level_compare_type"),
        ({"compare_level": "objects"}, "compare_level"),
        ({"data_level_compare_info": {"compare_type": "lines"}}, "data_level_compare_info.conflict_policy"),
        ({"data_level_compare_info": data_level(compare_type="random")}, "data_level_compare_info.compare_type"),
        ({"data_level_compare_info": data_level(conflict_policy="KEEP")}, "data_level_compare_info.conflict_policy"),
        ({"data_level_compare_info": data_level(compare_mode="slow")}, "data_level_compare_info.compare_mode"),
        ({"data_level_compare_info": data_level(start_time="soon")}, "data_level_compare_info.start_time"),
        ({"data_level_compare_info": data_level(start_time=1608188903063)}, "data_level_compare_info.start_time"),
        ({"data_level_compare_info": data_level(options={})}, "data_level_compare_info.options"),
        (
            {"data_level_compare_info": data_level(compare_object_infos=[{"table_name": ["a"]}])},
            "data_level_compare_info.compare_object_infos.0.db_name",
        ),
        (
            {"data_level_compare_info": data_level(compare_object_infos=[{"db_name": "d", "table_name": []}])},
            "data_level_compare_info.compare_object_infos.0.table_name",
        ),
    ],
)
def test_a_wrong_request_is_refused_by_the_name_of_its_field(fields: dict[str, Any], wrong: str) -> None:
    assert list(wrong_fields(wire.CreateComparisonTask, {"job_id": "j", **fields})) == [wrong]


@pytest.mark.parametrize(
    ("objects", "fields", "wrong"),
    [
        (False, {"compare_object_infos": [{"db_name": "d"}]}, []),
        (True, {"compare_mode": "quick_comparison"}, []),
        (False, {}, ["compare_object_infos"]),
        (False, {"compare_object_infos": []}, ["compare_object_infos"]),
        (
            False,
            {"compare_object_infos": [{"db_name": "d"}], "compare_object_infos_with_token": [{"db_name": "d"}]},
            ["compare_object_infos_with_token"],
        ),
        (True, {"compare_type": "contents", "compare_mode": "quick_comparison"}, ["compare_type"]),
        (True, {"compare_type": "contents"}, ["compare_type", "compare_object_infos"]),
    ],
)
def test_fields_that_contradict_each_other_are_named(objects: bool, fields: dict[str, Any], wrong: list[str]) -> None:
    info = wire.DataLevelCompareInfo.model_validate(data_level(**fields))
    found = [conflict.field for conflict in wire.conflicts(objects, info)]
    assert found == [f"data_level_compare_info.{name}" for name in wrong]


@pytest.mark.parametrize("value", ["1712646057000", "1712646057", "2024-04-09T07:00:57Z", "2024-04-09T09:00:57+02:00"])
def test_all_three_formats_of_a_time_are_read(value: str) -> None:
    assert wire.parse_start_time(value) == 1712646057.0


@given(st.text() | st.from_regex(r"[0-9T:+Z.-]{1,24}"))
def test_any_other_time_is_refused_with_our_own_error(value: str) -> None:
    try:
        seconds = wire.parse_start_time(value)
    except ValueError:
        assert wire.parse_time(value) is None
    else:
        assert (seconds is None) == (value == "")


@given(st.integers(min_value=10**9, max_value=10**10 - 1))
def test_a_time_survives_being_written(seconds: int) -> None:
    assert wire.parse_time(wire.epoch_ms(seconds)) == seconds
    assert wire.parse_time(wire.iso_utc(seconds)) == seconds


@pytest.mark.parametrize("value", ["2286-11-20T17:46:40Z", "2286-11-20T17:46:40+00:00", "9999-12-31T23:59:59-14:00"])
def test_a_start_that_can_not_be_written_again_is_refused_and_told_the_last_one_that_can(value: str) -> None:
    with pytest.raises(ValueError, match="2286-11-20T17:46:39Z"):
        wire.parse_start_time(value)


def test_the_last_start_of_all_can_be_written_again() -> None:
    last = wire.parse_start_time("2286-11-20T17:46:39Z")
    assert last is not None
    assert wire.parse_start_time(wire.epoch_ms(last)) == last
    assert wire.parse_start_time(wire.iso_utc(last)) == last


@pytest.mark.parametrize("model", ANSWERS, ids=lambda model: model.__name__)
def test_an_answer_may_lack_everything_or_be_null_throughout(model: type[wire.Answer]) -> None:
    optional = [name for name, field in model.model_fields.items() if not field.is_required()]
    if len(optional) == len(model.model_fields):
        assert model.model_validate({}).wire() == {}
        assert model.model_validate(dict.fromkeys(optional)).wire() == {}


def test_whole_numbers_may_come_as_strings_and_unknown_fields_are_ignored() -> None:
    item = wire.ObjectTypeCount.model_validate({"type": "DB", "source_count": "2", "target_count": 2, "new": [1]})
    assert (item.source_count, item.target_count) == (2, 2)


@given(JSON)
def test_an_unreadable_number_is_absent_and_never_a_crash(value: Any) -> None:
    count = wire.ObjectTypeCount.model_validate({"status": value}).status
    assert count is None or isinstance(count, int)


def test_a_password_is_in_no_representation_of_a_token_request() -> None:
    user = {"name": "u", "password": "very secret", "domain": {"name": "d"}}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}
    assert "very secret" not in repr(wire.AuthTokenRequest.model_validate(body))
    with pytest.raises(ValidationError) as caught:
        wire.AuthTokenRequest.model_validate({"auth": {"identity": {"methods": "very secret"}}})
    assert "very secret" not in str(caught.value)
