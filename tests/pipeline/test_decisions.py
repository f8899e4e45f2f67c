"""The pure decisions: verdicts, steps, polling times, adoption, the gate, the sweep."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.adoption import candidates, known_ids, next_move, scope
from functions.pipeline.comparison import Comparison, Intent, Task
from functions.pipeline.drs import DrsTask
from functions.pipeline.gate import Full, Probing, Shut, Try, admission
from functions.pipeline.messages import Request
from functions.pipeline.outcomes import outcome_of
from functions.pipeline.readings import DatabaseResult, ObjectCount, ObjectDifference, Reading, TableResult
from functions.pipeline.schedule import hop_delay, next_poll, poll_delay
from functions.pipeline.settings import BadSettings, LedgerSettings, Polling
from functions.pipeline.steps import Drop, Ours, Publish, Wait, refused_claim
from functions.pipeline.sweeping import next_interval, what_is_due
from functions.pipeline.verdict import RANK, overall

REQUEST = Request.model_validate(
    {
        "job_id": "j",
        "object_level_compare_type": "objects",
        "data_level_compare_info": {
            "conflict_policy": "keep",
            "compare_type": "lines",
            "compare_object_infos": [{"db_name": "shop", "table_name": ["a", "b"]}, {"db_name": "crm"}],
        },
    }
)
OBJECTS = Task(level="objects", task_id="t1", origin="created", began_at=0)
LINES = Task(level="lines", task_id="t2", origin="created", began_at=0)


def reading(status: str = "SUCCESSFUL", **parts: object) -> Reading:
    blank: dict[str, object] = {
        "task_id": "t",
        "level": "lines",
        "status": status,
        "terminal": True,
        "error_msg": None,
        "objects": (),
        "tables": (),
        "databases": (),
    }
    return Reading(**(blank | parts))  # type: ignore[arg-type]  # a builder: fields are checked by the dataclass's use


def table(name: str, result: str = "consistent", db: str = "shop") -> TableResult:
    return TableResult(db, db, name, name, 1, 1, 0, result)  # type: ignore[arg-type]  # the three words are the test's


ALL = (table("a"), table("b"), table("x", db="crm"))


def test_every_requested_table_consistent_is_consistent() -> None:
    assert outcome_of(REQUEST, LINES, reading(tables=ALL), 1).verdict == "consistent"


def test_a_requested_table_without_a_result_is_never_consistent() -> None:
    outcome = outcome_of(REQUEST, LINES, reading(tables=(ALL[0], ALL[2])), 1)
    assert outcome.verdict == "incomplete"
    assert [t.source_table for t in outcome.tables if t.result == "incomplete"] == ["b"]


def test_a_requested_database_without_a_result_is_never_consistent() -> None:
    assert outcome_of(REQUEST, LINES, reading(tables=ALL[:2]), 1).verdict == "incomplete"


def test_a_database_that_differs_outweighs_tables_that_agree() -> None:
    bad = DatabaseResult("shop", "shop", "inconsistent")
    assert outcome_of(REQUEST, LINES, reading(tables=ALL, databases=(bad,)), 1).verdict == "inconsistent"


def test_nothing_compared_is_incomplete() -> None:
    quick = REQUEST.model_copy(update={"data_level_compare_info": None})
    assert outcome_of(quick, LINES, reading(), 1).verdict == "incomplete"


@given(st.lists(st.sampled_from(["consistent", "inconsistent", "incomplete"]), min_size=1, max_size=6))
def test_consistent_needs_every_table_to_be(results: list[str]) -> None:
    tables = tuple(table(f"t{n}", result, db="crm") for n, result in enumerate(results))
    verdict = outcome_of(REQUEST, LINES, reading(tables=(*ALL, *tables)), 1).verdict
    expected = (
        "inconsistent" if "inconsistent" in results else "incomplete" if "incomplete" in results else "consistent"
    )
    assert verdict == expected


def test_object_types_that_count_nothing_at_all_prove_nothing() -> None:
    counts = (ObjectCount("VIEW", 0, 0, "consistent"),)
    assert outcome_of(REQUEST, OBJECTS, reading(objects=counts), 1).verdict == "incomplete"


def test_names_that_differ_are_kept_by_side() -> None:
    missing = ObjectDifference("only_here", None, "inconsistent")
    extra = ObjectDifference(None, "only_there", "inconsistent")
    counts = (ObjectCount("TABLE", 2, 2, "inconsistent", (missing, extra)),)
    kind = outcome_of(REQUEST, OBJECTS, reading(objects=counts), 1).types[0]
    assert (kind.only_in_source, kind.only_in_target) == (("only_here",), ("only_there",))


@pytest.mark.parametrize(
    ("status", "verdict"), [("FAILED", "failed"), ("CANCELLED", "cancelled"), ("TIMEOUT_INTERRUPT", "timed_out")]
)
def test_a_task_that_did_not_succeed_has_its_own_verdict(status: str, verdict: str) -> None:
    assert outcome_of(REQUEST, LINES, reading(status, tables=ALL), 1).verdict == verdict


@given(st.lists(st.sampled_from(RANK), min_size=1, max_size=2))
def test_a_found_difference_outranks_everything_and_consistent_nothing(verdicts: list[str]) -> None:
    worst = overall(verdicts)  # type: ignore[arg-type]  # drawn from the very list of verdicts
    assert worst in verdicts
    assert (worst == "inconsistent") == ("inconsistent" in verdicts)
    assert (worst == "consistent") == (set(verdicts) == {"consistent"})


ITEM = {"state": "polling", "step": 3, "next_at": 50.0}


def decided(item: dict[str, object] | None, step: int = 3, state: str = "polling") -> object:
    return refused_claim(item, state=state, step=step, token="mine", now=100)  # type: ignore[arg-type]  # states as text


def test_a_refused_claim_tells_what_to_do_with_the_message() -> None:
    assert decided(None) == Drop("unknown")
    assert decided(ITEM, step=2) == Drop("stale")
    assert decided(ITEM, step=0, state="accepted") == Drop("stale")
    assert decided(ITEM, step=4) == Wait(105, "ahead")
    assert decided(ITEM | {"lease_token": "mine", "lease_until": 140.0}) == Ours()
    assert decided(ITEM | {"lease_token": "theirs", "lease_until": 140.0}) == Wait(141, "leased")
    assert decided(ITEM | {"next_at": 400.0}) == Wait(400, "early")
    assert decided({"state": "finished", "step": 3, "published_at": 1}) == Drop("done")
    assert decided({"state": "finished", "step": 3}) == Publish()


@given(st.floats(0, 1e6), st.floats(0, 0.999))
def test_a_delay_grows_with_age_within_its_bounds_and_jitter_only_shortens(age: float, random: float) -> None:
    polling = Polling()
    delay, longest = poll_delay(age, polling, random), poll_delay(age, polling, 0)
    assert 1 <= delay <= longest <= 120
    assert longest == min(max(age / 10, 5), 120)


def test_the_next_poll_honours_retry_after_a_scheduled_start_and_the_deadline() -> None:
    def due(began: float, deadline: float = 1e6, retry_after: float | None = None) -> float:
        return next_poll(now=1000, began=began, polling=Polling(), random=0, deadline=deadline, retry_after=retry_after)

    assert due(1000) == 1005
    assert due(1000, retry_after=77) == 1077
    assert due(5000) == 5005
    assert due(1000, deadline=1003) == 1003


@given(st.floats(0, 1e7), st.floats(-100, 1e6))
def test_a_hop_is_whole_seconds_within_what_sqs_allows(now: float, ahead: float) -> None:
    assert 0 <= hop_delay(now, now + ahead) <= 900


def comparison() -> Comparison:
    return Comparison(comparison_id="cmp_1", project_id="p", request=REQUEST, accepted_at=0, deadline_at=1e6)


DOUBT = Intent(at=1000, known=("old",), levels=("objects", "lines"))


def found(now: float, intent: Intent = DOUBT) -> dict[str, list[str]]:
    listed = [
        DrsTask("old", "objects", "SUCCESSFUL", 990),
        DrsTask("an hour later", "objects", "RUNNING", 4600),
        DrsTask("later", "objects", "RUNNING", 1010),
        DrsTask("ours", "objects", "RUNNING", 1001),
        DrsTask("before", "objects", "RUNNING", 991),
        DrsTask("other", "contents", "RUNNING", 1001),
        DrsTask("long ago", "lines", "RUNNING", 1),
        DrsTask("rows", "lines", "RUNNING", None),
    ]
    tasks = candidates(comparison(), intent, listed, now)
    return {level: [t.task_id for t in those] for level, those in tasks.items()}


def test_only_what_is_new_made_then_and_of_a_doubted_level_can_be_adopted() -> None:
    assert found(1005) == {"objects": ["ours", "later"], "lines": ["rows"]}
    assert found(1005, Intent(at=1000, known=(), levels=("lines",))) == {"lines": ["rows"]}


def test_what_seems_older_than_our_request_counts_only_when_ours_would_long_show() -> None:
    assert found(1060)["objects"] == ["ours", "before", "later"]


def test_long_finished_tasks_need_not_be_written_down_but_unfinished_ones_do() -> None:
    listed = [
        DrsTask("finished", "lines", "SUCCESSFUL", 1),
        DrsTask("unfinished", "lines", "RUNNING", 1),
        DrsTask("undated", "lines", "SUCCESSFUL", None),
        DrsTask("recent", "lines", "SUCCESSFUL", 990),
    ]
    assert known_ids(listed, Intent(at=900, known=("earlier",)), 1000) == ("earlier", "recent", "undated", "unfinished")


def test_after_a_minute_without_a_trace_it_is_posted_again() -> None:
    assert next_move(Intent(at=1000, known=()), 1059) == "look"
    assert next_move(Intent(at=1000, known=()), 1060) == "post"


WHOLE = Request.model_validate(
    {
        "job_id": "j",
        "data_level_compare_info": {
            "conflict_policy": "keep",
            "compare_type": "lines",
            "compare_object_infos": [
                {"db_name": "shop", "table_name": ["a"]},
                {"db_name": "shop", "table_name": ["b"]},
            ],
        },
    }
)


def test_the_scope_of_a_task_is_proven_by_names_alone() -> None:
    assert scope(WHOLE, reading(tables=ALL[:2])) == "proven"
    assert scope(WHOLE, None) == scope(WHOLE, reading()) == "unproven"
    assert scope(REQUEST, reading(tables=ALL)) == "unproven", "a whole database was asked for"
    assert scope(REQUEST, reading(tables=(table("elsewhere"),))) == "foreign"
    assert scope(REQUEST, reading(tables=(table("a", db="hr"),))) == "foreign"


ADOPTED = LINES.model_copy(update={"origin": "adopted"})


def test_an_adopted_task_never_proves_a_whole_database() -> None:
    outcome = outcome_of(REQUEST, ADOPTED, reading(tables=ALL), 1)
    assert (outcome.verdict, outcome.caveats) == ("incomplete", ("adopted",))
    assert outcome_of(WHOLE, ADOPTED, reading(tables=ALL[:2]), 1).verdict == "consistent"


def test_a_task_over_other_tables_proves_nothing() -> None:
    stray = (*ALL[:2], table("elsewhere", "inconsistent"))
    assert outcome_of(WHOLE, LINES, reading(tables=stray), 1).verdict == "incomplete"
    both = (table("a", "inconsistent"), ALL[1], table("elsewhere"))
    assert outcome_of(WHOLE, LINES, reading(tables=both), 1).verdict == "inconsistent"


def test_even_endless_messages_and_names_fit_into_the_ledger() -> None:
    failed = outcome_of(REQUEST, LINES, reading("FAILED", error_msg="x" * 200_000), 1)
    assert len(failed.error_msg or "") <= 300
    many = tuple(table("名" * 250 + str(n), "inconsistent", db="crm") for n in range(3_000))
    outcome = outcome_of(REQUEST, LINES, reading(tables=many), 1)
    assert len(outcome.model_dump_json().encode()) <= 64 * 1024
    assert outcome.tables_omitted + len(outcome.tables) == 3_002
    assert "truncated" in outcome.caveats


def test_unproven_credentials_go_through_one_at_a_time() -> None:
    assert admission({}, "v1", 100) == Try((0,), alone=True)
    assert admission({"slot_0_until": 140.0}, "v1", 100) == Probing(102)
    assert admission({"slot_0_until": 99.0}, "v1", 100) == Try((0,), alone=True)


def test_proven_credentials_go_through_two_at_a_time() -> None:
    assert admission({"proven": "v1"}, "v1", 100) == Try((0, 1), alone=False)
    assert admission({"proven": "v1", "slot_0_until": 140.0}, "v1", 100) == Try((1,), alone=False)
    assert admission({"proven": "v1", "slot_0_until": 140.0, "slot_1_until": 140.0}, "v1", 100) == Full()


def test_refused_credentials_are_probed_once_a_minute_and_never_a_third_time() -> None:
    refused = {"refused": "v1", "strikes": 1, "probe_at": 160.0}
    assert admission(refused, "v1", 100) == Shut(160)
    assert admission(refused, "v1", 160) == Try((0,), alone=True)
    assert admission(refused | {"strikes": 2}, "v1", 500) == Shut(560)


def test_a_probe_that_died_may_have_been_refused() -> None:
    died = {"probing": "v1", "probes": 1, "slot_0_until": 140.0}
    assert admission(died, "v1", 141) == Try((0,), alone=True, died=1)
    assert admission(died | {"probes": 2}, "v1", 141) == Shut(1040)
    assert admission(died | {"probes": 2}, "v1", 1041) == Try((0,), alone=True, died=2)
    assert admission(died | {"refused": "v1", "strikes": 1}, "v1", 141) == Shut(1040)
    assert admission(died | {"probes": 2}, "v2", 141) == Try((0,), alone=True)


def test_a_rehearsal_that_died_keeps_out_rehearsals_and_nobody_else() -> None:
    died = {"rehearsed": "v1", "rehearsed_until": 1040.0, "slot_0_until": 110.0}
    assert admission(died, "v1", 111, rehearsal=True) == Shut(1040)
    assert admission(died, "v1", 1041, rehearsal=True) == Try((0,), alone=True, rehearsed=1)
    assert admission(died, "v2", 111, rehearsal=True) == Try((0,), alone=True)
    assert admission(died, "v1", 111) == Try((0,), alone=True, rehearsed=1)


def test_a_rehearsal_that_died_counts_beside_a_step_that_did() -> None:
    died = {"rehearsed": "v1", "rehearsed_until": 1040.0, "probing": "v1", "probes": 1, "slot_0_until": 200.0}
    assert admission(died, "v1", 201) == Shut(1100)


@pytest.mark.parametrize(
    "doubt", [{"probing": "v1", "probes": 1}, {"refused": "v1", "strikes": 1, "probe_at": 50.0}], ids=["died", "strike"]
)
def test_where_anything_speaks_against_credentials_a_rehearsal_does_not_try_them(doubt: dict[str, object]) -> None:
    assert admission(doubt, "v1", 100, rehearsal=True) == Shut(160)
    assert isinstance(admission(doubt, "v1", 100), Try)
    assert admission(doubt | {"proven": "v1"}, "v1", 100, rehearsal=True) == Try((0, 1), alone=False)


def test_credentials_that_changed_are_tried_at_once() -> None:
    assert admission({"refused": "v1", "strikes": 2, "probe_at": 160.0}, "v2", 100) == Try((0,), alone=True)


def test_the_sweep_knows_what_an_overdue_comparison_needs() -> None:
    item = {"state": "polling", "deadline_at": 1000.0}
    assert what_is_due(item, 1059) == "poll"
    assert what_is_due(item, 1060) == "expire"
    assert what_is_due(item | {"state": "accepted"}, 0) == "request"
    assert what_is_due(item | {"state": "finished", "event": "{}"}, 2000) == "publish"
    assert what_is_due(item | {"state": "finished"}, 2000) == "expire", "no event was stored: it still has to be"


def test_the_sweeps_interval_doubles_up_to_fifteen_minutes() -> None:
    seen: list[float] = []
    item: dict[str, float] = {}
    for _ in range(5):
        item = {"sweep_interval": next_interval(item)}
        seen.append(item["sweep_interval"])
    assert seen == [120, 240, 480, 900, 900]


def test_bad_settings_are_named_and_their_values_are_not() -> None:
    with pytest.raises(BadSettings) as refused:
        LedgerSettings.load({"LEASE_SECONDS": "hunter2"})
    assert "LEASE_SECONDS" in str(refused.value)
    assert "LEDGER_TABLE" in str(refused.value)
    assert "hunter2" not in str(refused.value)
