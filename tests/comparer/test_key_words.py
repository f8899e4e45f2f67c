"""Keys of differing rows are texts in the API and in the result file; no two different ones look alike."""

import asyncio
import io
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import load_workbook  # type: ignore[import-untyped]  # no type information is published

from functions.comparer.core.results import RowDifference
from functions.comparer.core.shown import literal_of, text_of
from functions.comparer.core.table import Malformed, Value
from functions.comparer.tasks.key_words import key_words
from tests.comparer.served import JOB, PROJECT, Comparer, config_for, make_database, served

FILE = f"/{JOB}/compare/result/file"
Entry = dict[str, Any]


def only_in_source(*values: Value) -> Entry:
    """A row that the source alone has, as it is kept."""
    texts, literals = tuple(map(text_of, values)), tuple(map(literal_of, values))
    return asdict(RowDifference("missing", texts, None, "SELECT", None, (), literals, None))


def shown(entries: Iterable[Entry]) -> list[list[str | None] | None]:
    kept = list(entries)
    words = key_words(kept)
    return [words.of(entry, "source") for entry in kept]


TEXTS = st.text(max_size=3) | st.sampled_from(["1", "1.0", "X'31'", "'1'", "'X''31'''", "E'\\n'", "\\xff", "NULL"])
VALUES = (
    st.none()
    | st.integers(-2, 2)
    | st.sampled_from([0.0, 1.0, 0.5, float("inf")])
    | TEXTS
    | st.text("ab", min_size=220, max_size=230)
    | st.sampled_from([b"1", b"", b"\xff", Malformed("utf-8", b"\xff"), Malformed("utf-8", b"1\xff")])
)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=12))
@example([(1, None), ("1", None), ("'1'", None), ("'''1'''", None)])
@example([(b"1", 0), ("X'31'", 0), ("'X''31'''", 0)])
def test_no_two_different_keys_of_a_table_are_shown_alike(keys: list[tuple[Value, ...]]) -> None:
    entries = [only_in_source(*key) for key in keys]
    different = {json.dumps(entry["source_literals"]) for entry in entries}
    assert len({json.dumps(key) for key in shown(entries)}) == len(different)


@given(st.sets(st.integers() | st.uuids().map(str), min_size=1))
def test_keys_that_nothing_looks_like_are_shown_as_they_are(keys: set[int | str]) -> None:
    assert shown(only_in_source(key) for key in keys) == [[str(key)] for key in keys]


def test_a_number_that_is_a_text_is_shown_as_one_only_beside_the_number() -> None:
    assert shown([only_in_source("1"), only_in_source(2)]) == [["1"], ["2"]]
    assert shown([only_in_source("1"), only_in_source(1), only_in_source(2)]) == [["'1'"], ["1"], ["2"]]


def test_null_is_none_also_in_a_key_that_is_shown_as_in_sql() -> None:
    assert shown([only_in_source("1", None), only_in_source(1, None)]) == [["'1'", None], ["1", None]]


def test_the_sides_are_told_apart_like_the_rows() -> None:
    one, other = only_in_source(1), only_in_source("1")
    extra = {**one, "source_key": None, "target_key": other["source_key"], "target_literals": other["source_literals"]}
    words = key_words([{**one, "target_literals": None}, {**extra, "source_literals": None}])
    assert (words.of(one, "source"), words.of(extra, "target")) == (["1"], ["'1'"])
    assert (words.of(one, "target"), words.of(extra, "source")) == (None, None)


def test_a_row_that_an_earlier_release_kept_is_shown_by_its_texts() -> None:
    entries = [only_in_source(1), only_in_source("1")]
    for entry in entries:
        del entry["source_literals"], entry["target_literals"]
    assert shown(entries) == [["1"], ["1"]]


# --- in the service


async def api_keys(comparer: Comparer, task_id: str, limit: int) -> list[Any]:
    """The keys of all differing rows, a page at a time."""
    path = f"/{JOB}/compare/{task_id}/content-difference"
    found = list[Any]()
    while True:
        query = {"db_name": "may_5", "table_name": "t", "limit": limit, "offset": len(found)}
        page = (await comparer.ask("GET", path, params=query)).body["contents_infos"]
        if not page:
            return found
        found += [entry["source_key_value"] for entry in page]


async def file_keys(comparer: Comparer, task_id: str) -> list[Any]:
    wanted = {"compare_type": "contents", "compare_job_id": task_id}
    assert (await comparer.ask("POST", FILE, wanted, headers={"Region": "eu-de"})).status == 200
    await comparer.service.settle()
    url = f"{comparer.service.url}/v3/{PROJECT}/jobs{FILE}"
    async with comparer.session.get(url, params=wanted) as response:
        book = load_workbook(io.BytesIO(await response.read()), read_only=True)
    header, *rows = book["differences"].iter_rows(values_only=True)
    book.close()
    return [json.loads(row[header.index("source key")]) for row in rows]


def test_the_api_and_the_file_tell_a_blob_from_a_text_that_looks_like_it(tmp_path: Path) -> None:
    table = "CREATE TABLE t (k NOT NULL PRIMARY KEY)"
    values = ("1", "'1'", "X'31'", "'X''31'''", "'plain'", "7")
    source = make_database(tmp_path / "may_5.db", table, *(f"INSERT INTO t VALUES ({value})" for value in values))
    target = make_database(tmp_path / "target.db", table)

    async def journey() -> None:
        async with served(config_for(source, target, databases={"may_5": "target"})) as comparer:
            task_id = await comparer.create_contents()
            await comparer.service.settle()
            expected = [["'1'"], ["'X''31'''"], ["1"], ["7"], ["X'31'"], ["plain"]]
            by_page = await api_keys(comparer, task_id, 1)
            assert sorted(by_page) == expected
            assert await api_keys(comparer, task_id, 1000) == by_page
            (rows,) = (await comparer.results(content_compare_id=task_id))["content_compare_results"][
                "content_compare_diffs"
            ]
            assert [row["source_key_value"] for row in rows["content_compare_diff"]] == by_page
            assert await file_keys(comparer, task_id) == by_page

    asyncio.run(journey())
