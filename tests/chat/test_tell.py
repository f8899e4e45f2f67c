"""The telling of a verdict: what people read, in English and Chinese, from the finished event alone."""

# ruff: noqa: RUF001 - Chinese has its own punctuation

import json
import re
import unicodedata
from dataclasses import fields
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from functions.pipeline import events
from functions.pipeline.channels.cut import visible
from functions.pipeline.comparison import Comparison, Outcome, TableLine, TypeCount, Verdict
from functions.pipeline.finished_event import DataResults, FinishedEvent, Objects, Totals, read_finished
from functions.pipeline.messages import Request
from functions.pipeline.tell import duration, tell
from functions.pipeline.telling import Language, Telling
from functions.pipeline.words import CHINESE, ENGLISH, SIGNS, WORDS
from tests.chat import nasty, samples

CAVEATS = ("objects_only", "replication_active", "uncomparable_tables", "adopted", "truncated", "still_running")

#: What the English sentence says that a request left out.
LEFT_OUT = {
    "objects": "对象",
    "rows": "行数",
    "values": "内容",
    "all other tables": "其余所有表",
    "all other databases": "其余所有数据库",
}


def fact(telling: Telling, word: str) -> str | None:
    return next((f.value for f in telling.facts if f.word == word), None)


def changed(event: FinishedEvent, **data: Any) -> FinishedEvent:
    return event.model_copy(update={"data": event.data.model_copy(update=data)})


def finding(objects: list[TypeCount], tables: list[TableLine], **totals: int) -> FinishedEvent:
    data = DataResults(level="lines", totals=Totals(**totals), tables=tuple(tables))
    return changed(samples.event("inconsistent"), objects=Objects(types=tuple(objects)), data=data)


def differing_type(kind: str, source: int, target: int, **more: Any) -> TypeCount:
    return TypeCount(type=kind, source_count=source, target_count=target, result="inconsistent", **more)


def differing_table(name: str, source: int, target: int) -> TableLine:
    return TableLine(source_db="d", source_table=name, source_rows=source, target_rows=target, result="inconsistent")


@pytest.mark.parametrize("language", samples.LANGUAGES)
def test_each_verdict_has_a_sign_and_words_of_its_own(language: Language) -> None:
    titles = [tell(samples.event(verdict), language).title for verdict in samples.VERDICTS]
    assert all(samples.JOB in title for title in titles)
    assert len({title.split(" ")[0] for title in titles}) == len(set(SIGNS.values())) == 9
    assert len({title.split(" ", 1)[1] for title in titles}) == 9


@pytest.mark.parametrize(("verdict", "tone"), [("consistent", "good"), ("inconsistent", "bad"), ("failed", "unsure")])
def test_only_a_comparison_that_ended_is_good_or_bad(verdict: Verdict, tone: str) -> None:
    assert tell(samples.event(verdict), "en").tone == tone


@pytest.mark.parametrize("verdict", samples.VERDICTS)
def test_the_english_sentence_is_the_events_own(verdict: Verdict) -> None:
    event = samples.event(verdict)
    assert tell(event, "en").sentence == event.data.summary


@pytest.mark.parametrize("event", [*map(samples.event, samples.VERDICTS), samples.huge()], ids=lambda e: e.data.verdict)
def test_the_chinese_sentence_has_the_same_names_and_numbers(event: FinishedEvent) -> None:
    told = tell(event, "zh").sentence
    values = r"\d+|\w+\.\w+|[A-Z]{4,}(?:_[A-Z]+)*"
    said = [value for value in re.findall(values, event.data.summary, re.ASCII) if value != "INCONSISTENT"]
    assert re.findall(values, told, re.ASCII) == said


@pytest.mark.parametrize(
    ("levels", "named"),
    [*product(["objects", "lines", "contents", "objects lines", "objects contents"], ["", "tables", "database"])],
)
def test_the_chinese_sentence_says_what_was_not_compared(levels: str, named: str) -> None:
    infos = {"": None, "tables": [{"db_name": "d", "table_name": ["t"]}], "database": [{"db_name": "d"}]}[named]
    data_level = levels.rpartition(" ")[2]
    body: dict[str, Any] = {"job_id": "j"}
    if "objects" in levels:
        body["object_level_compare_type"] = "objects"
    if data_level != "objects":
        wanted = {"compare_object_infos": infos} if infos else {"compare_mode": "quick_comparison"}
        body["data_level_compare_info"] = {"conflict_policy": "keep", "compare_type": data_level} | wanted
    request = Request.model_validate(body)
    outcomes = tuple(Outcome(level=level, verdict="consistent", at=1) for level in request.levels)
    comparison = Comparison(
        comparison_id="c", project_id="p", request=request, accepted_at=1, deadline_at=9, outcomes=outcomes
    )
    event = read_finished(events.finished(comparison, 2, steps=1)[1])
    english, _, skipped = event.data.summary.removesuffix(" not compared").rpartition("; ")
    if not event.data.summary.endswith("not compared"):
        english, skipped = event.data.summary, ""
    words = [LEFT_OUT[word] for word in re.split(", | and ", skipped) if word]
    told = tell(event, "zh").sentence
    assert (told.endswith(f"；未对比：{'、'.join(words)}")) if words else "未对比" not in told
    assert len(told.split("；")) == len(english.split("; ")) + bool(words)
    # The release before had none of these words, and its sentence is read instead.
    assert tell(changed(event, left_out=None, reasons=None), "zh").sentence == told


def test_what_a_later_release_may_leave_out_is_not_guessed_at() -> None:
    event = changed(samples.event("consistent"), left_out=("schemas", "tables"))
    assert tell(event, "zh").sentence.endswith("；未对比：内容、其余所有表")


def test_the_chinese_sentence_has_the_reason_of_each_level() -> None:
    reasons = {"objects": "DRS.M00304 Not supported.", "lines": "disk full"}
    levels = {"objects": "rejected", "lines": "failed", "contents": "not_requested"}
    event = changed(samples.event("rejected"), levels=levels, reasons=reasons)
    assert tell(event, "zh").sentence.startswith(
        "对象对比被 DRS 拒绝：DRS.M00304 Not supported.；行数对比失败：disk full；"
    )
    before = tell(changed(event, reasons=None), "zh").sentence
    assert before.startswith("对象对比被 DRS 拒绝：DRS.M00304 The job status is not supported.；行数对比失败；")


@pytest.mark.parametrize("language", samples.LANGUAGES)
@pytest.mark.parametrize("verdict", samples.VERDICTS)
def test_whoever_has_to_do_something_is_told_what(verdict: Verdict, language: Language) -> None:
    told = tell(samples.event(verdict), language)
    assert (told.next_step is None) == (verdict == "consistent")
    assert bool(re.search("[\u4e00-\u9fff]", told.next_step or "")) == (language == "zh" and verdict != "consistent")


def test_a_drs_job_that_is_not_ready_is_told_so_in_both_languages() -> None:
    for language in samples.LANGUAGES:
        assert "INCRE_TRANSFER_STARTED" in (tell(samples.event("rejected"), language).next_step or "")


@pytest.mark.parametrize("language", samples.LANGUAGES)
@pytest.mark.parametrize("caveat", CAVEATS)
def test_each_caveat_is_told_in_words(caveat: str, language: Language) -> None:
    event = changed(samples.event("consistent"), caveats=(caveat,))
    assert fact(tell(event, language), WORDS[language].notes) == WORDS[language].caveats[caveat]


def test_a_caveat_of_a_later_release_is_told_as_it_is() -> None:
    event = changed(samples.event("consistent"), caveats=("clocks_differ",))
    assert fact(tell(event, "en"), "Note") == "clocks_differ."


def test_where_nothing_was_compared_nothing_is_said_of_what_was() -> None:
    assert "objects_only" in samples.event("rejected").data.caveats
    assert fact(tell(samples.event("rejected"), "en"), "Note") is None


def test_the_facts_begin_with_the_three_levels_and_end_with_the_ids() -> None:
    told = tell(samples.event("inconsistent"), "en")
    assert [(f.word, f.value) for f in told.facts] == [
        ("Objects", "INCONSISTENT: 2 of 4 object types differ"),
        ("Row counts", "INCONSISTENT: 2 of 42 tables differ; 1 not compared"),
        ("Values", "not compared"),
        ("Note", "Some tables could not be compared. The replication was running: counts may have changed since."),
        ("Labels", "wave = 3"),
        ("Audience", "cutover"),
        ("Took", "7 min 11 s"),
        ("Finished", "2030-03-17 17:53:51 UTC"),
        ("DRS job", samples.JOB),
        ("Project", "054ba152d480d55b2f5dc0069e7ddef0"),
        ("Comparison", "cmp_42b69849f06cd88438900f95c4021995"),
    ]


def test_comparing_values_is_not_called_leaving_out_row_counts() -> None:
    assert fact(tell(samples.event("incomplete"), "en"), "Row counts") is None
    assert fact(tell(samples.event("incomplete"), "en"), "Values") == "incomplete: 2 not compared"


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0, "1 s", "1 秒"),
        (0.2, "1 s", "1 秒"),
        (59.4, "59 s", "59 秒"),
        (60, "1 min", "1 分"),
        (431.2, "7 min 11 s", "7 分 11 秒"),
        (3_905, "1 h 5 min", "1 小时 5 分"),
        (21_600, "6 h", "6 小时"),
        (1_209_599, "13 d 23 h", "13 天 23 小时"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, english: str, chinese: str) -> None:
    assert (duration(seconds, ENGLISH), duration(seconds, CHINESE)) == (english, chinese)


def test_the_widest_gap_comes_first_and_what_was_not_compared_last() -> None:
    unknown = TableLine(source_db="d", source_table="blob", result="incomplete", message="It has no key.")
    tables = [differing_table("few", 10, 9), unknown, differing_table("many", 10, 900)]
    told = tell(finding([differing_type("VIEW", 9, 1), differing_type("TABLE", 3, 2)], tables), "en")
    assert [f.name for f in told.found] == ["TABLE", "VIEW", "d.many", "d.few", "d.blob"]
    assert [f.what for f in told.found[2:]] == [
        "source 10 rows, target 900; the target has 890 rows too many",
        "source 10 rows, target 9; the target lacks 1 row",
        "not compared: It has no key",
    ]


def test_rows_that_differ_are_told_where_values_were_compared() -> None:
    event = samples.event("incomplete")
    table = differing_table("orders", 5, 5).model_copy(update={"difference_rows": 7})
    data = DataResults(level="contents", totals=Totals(compared=1, inconsistent=1), tables=(table,))
    assert tell(changed(event, data=data), "en").found[0].what == "rows that differ: 7; source 5 rows, target 5"


@pytest.mark.parametrize(
    ("types", "tables", "shown"), [(8, 3000, (5, 5)), (8, 0, (8, 0)), (12, 1, (9, 1)), (1, 40, (1, 9))]
)
def test_at_most_ten_are_listed_and_the_rest_is_counted(types: int, tables: int, shown: tuple[int, int]) -> None:
    kinds = [differing_type(f"KIND{n}", 2, 1) for n in range(types)]
    lines = [differing_table(f"t{n}", 2, 1) for n in range(min(tables, 100))]
    told = tell(finding(kinds, lines, compared=tables, inconsistent=tables), "en")
    assert sum(f.name.startswith("KIND") for f in told.found) == shown[0]
    assert sum(f.name.startswith("d.t") for f in told.found) == shown[1]
    left = [int(n.replace(",", "")) for n in re.findall(r"[\d,]+", told.more or "")]
    assert left == [n for n in (types - shown[0], tables - shown[1]) if n]


def test_names_of_objects_that_were_cut_are_counted_too() -> None:
    kind = differing_type("INDEX", 900, 450, only_in_source=tuple(f"i{n}" for n in range(100)), omitted=350)
    told = tell(finding([kind], []), "en").found[0]
    assert told.what == "source 900, target 450; only in the source: i0, i1, i2, and 447 more"


def test_what_of_two_sides_was_cut_is_given_to_neither() -> None:
    kind = differing_type("INDEX", 9, 9, only_in_source=("a",), only_in_target=("b",), omitted=5)
    told = tell(finding([kind], []), "en").found[0]
    assert told.what == "source 9, target 9; only in the source: a; only in the target: b; and 5 more"


def test_where_every_table_was_cut_databases_are_told() -> None:
    event = changed(
        samples.event("inconsistent"),
        objects=None,
        data=DataResults.model_validate(
            {
                "level": "lines",
                "totals": {"compared": 50, "inconsistent": 7},
                "databases": [{"source_db": "shop", "tables": 50, "inconsistent": 7, "result": "inconsistent"}],
                "tables_omitted": 50,
            }
        ),
    )
    told = tell(event, "en")
    assert [(f.name, f.what) for f in told.found] == [("shop", "7 of 50 tables differ")]
    assert told.more == "and 7 more tables"


@pytest.mark.parametrize("language", samples.LANGUAGES)
def test_beside_a_name_from_right_to_left_stands_a_letter_never_a_number(language: Language) -> None:
    for event in [*map(samples.event, samples.VERDICTS), samples.huge(), samples.named(["שלום"] * 10)]:
        for found in tell(event, language).found:
            assert unicodedata.bidirectional(found.what[0]) == "L", found


def test_a_name_of_nothing_is_told_as_such() -> None:
    told = tell(finding([], [differing_table(" ", 1, 2)], inconsistent=1), "en")
    assert told.found[0].name == "d.(no name)"


@given(nasty.ten_names)
@settings(max_examples=200)
def test_whatever_the_names_all_of_it_is_visible_and_bounded(names: list[str]) -> None:
    for language in samples.LANGUAGES:
        told = nasty.telling(names, language)
        texts = [told.title, told.sentence, told.next_step or "", told.found_word, told.more or ""]
        texts += [part for f in told.found for part in (f.name, f.what)]
        texts += [part for f in told.facts for part in (f.word, f.value)]
        assert all(visible(text) == text and len(text) <= 1000 for text in texts)
        assert len(told.title) <= 150
        assert len(told.found) <= 10


def test_the_event_that_the_documentation_shows_is_told() -> None:
    told = tell(read_finished(json.loads(Path("events/comparison.finished.json").read_text("utf-8"))), "en")
    assert [(f.name, f.what) for f in told.found] == [
        ("TABLE", "source 3, target 2; only in the source: legacy"),
        ("CONSTRAINT", "source 3, target 2; only in the source: `legacy`.`PRIMARY KEY (id)`"),
        ("shop.orders", "source 5 rows, target 4; the target lacks 1 row"),
    ]


def test_both_languages_have_words_for_the_same_things() -> None:
    for field in fields(ENGLISH):
        ours, theirs = getattr(ENGLISH, field.name), getattr(CHINESE, field.name)
        assert type(ours) is type(theirs) or field.name == "next_steps"
        if isinstance(ours, dict) and isinstance(theirs, dict):
            assert ours.keys() == theirs.keys(), field.name
        if isinstance(ours, str) and field.name != "not_ready":
            assert re.findall(r"\{\w+\}", ours) == re.findall(r"\{\w+\}", theirs), field.name
