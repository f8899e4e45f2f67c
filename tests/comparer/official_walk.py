"""The official client's walk through all sixteen endpoints, whatever the engines of the two databases are.

These are `SOURCE` and `TARGET` in SQL that every engine understands: they differ in every way that a comparison can
tell.
"""

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from huaweicloudsdkdrs import v3
from openpyxl import load_workbook  # type: ignore[import-untyped]  # no type information is published

from tests.comparer.served import JOB

_SAME = (
    "CREATE TABLE same (id INTEGER PRIMARY KEY)",
    "INSERT INTO same VALUES (1), (2)",
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER)",
)
SOURCE = (
    *_SAME,
    "INSERT INTO orders VALUES (1, 10), (2, 20), (3, 30)",
    "CREATE TABLE ours (id INTEGER)",
    "CREATE INDEX i ON same (id)",
)
TARGET = (*_SAME, "INSERT INTO orders VALUES (1, 10), (2, 21), (4, 40), (5, 50)")


def wanted(objects: str | None = "objects", **data: Any) -> Any:
    info = (
        v3.CreateDataLevelCompareReq(**{"conflict_policy": "keep", "compare_type": "lines", **data}) if data else None
    )
    body = v3.CreateCompareTaskReq(job_id=JOB, object_level_compare_type=objects, data_level_compare_info=info)
    return v3.CreateCompareTaskRequest(body=body)


def fields(items: Any, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(getattr(item, name) for name in names) for item in items]


@dataclass(frozen=True)
class Walk:
    """The steps. `settle` waits for the end of all tasks; `source` and `target` are the names of the databases."""

    drs: Any
    settle: Callable[[], None]
    source: str
    target: str

    def everywhere(self) -> None:
        """Take all of them."""
        self.objects()
        lines_id = self.lines()
        contents_id = self.contents()
        self.words(contents_id, lines_id)
        self.results(contents_id)
        self.cancel()
        self.file(contents_id)

    def objects(self) -> None:
        """3, 4, 5: create, overview, detail."""
        body = v3.CreateObjectCompareJobReq(compare_task_num=2)
        created = self.drs.create_object_level_compare_job(v3.CreateObjectLevelCompareJobRequest(job_id=JOB, body=body))
        assert created.status_code == 202
        self.settle()
        overview = self.drs.list_obeject_level_compare_overview(v3.ListObejectLevelCompareOverviewRequest(job_id=JOB))
        assert (overview.status, overview.export_status, overview.report_remain_seconds) == ("SUCCESSFUL", "INIT", -1)
        assert ("TABLE", 3, 2, 0) in fields(overview.compare_result, "type", "source_count", "target_count", "status")
        asked = v3.ListObejectLevelCompareDetailRequest(
            job_id=JOB, compare_type="TABLE", compare_job_id=overview.compare_job_id
        )
        detail = self.drs.list_obeject_level_compare_detail(asked)
        assert (detail.count, fields(detail.compare_detail, "source_db_value", "target_db_value", "status")) == (
            3,
            [("orders", "orders", 2), ("ours", None, 0), ("same", "same", 2)],
        )

    def lines(self) -> str:
        """1, 10, 11: create, overview, detail."""
        created = self.drs.create_compare_task(wanted(None, compare_mode="quick_comparison"))
        task_id: str = created.data_level_compare_create_result.compare_task_id
        self.settle()
        task = {"job_id": JOB, "compare_job_id": task_id}
        overview = self.drs.list_data_compare_overview(
            v3.ListDataCompareOverviewRequest(**task, status=0, limit=10, offset=0)
        )
        counts = ("source_db_name", "target_db_name", "status", "compare_num", "compare_end_num",
                  "data_inconsistent_num", "uncomparable_num")  # fmt: skip
        assert overview.total_count == 1
        assert fields(overview.data_compare_overview_infos, *counts) == [(self.source, self.target, 0, 3, 3, 2, 0)]
        asked = v3.ListDataCompareDetailRequest(
            **task,
            type="compare",
            db_name=self.source,
            target_db_name=self.target,
            query_tb_name="o",
            limit=10,
            offset=0,
        )
        detail = self.drs.list_data_compare_detail(asked)
        numbers = ("source_table_name", "target_table_name", "source_row_num", "target_row_num", "difference_row_num",
                   "status")  # fmt: skip
        assert (detail.total_count, fields(detail.table_line_compare_result_infos, *numbers)) == (
            2,
            [("orders", "orders", 3, 4, 1, 0), ("ours", "ours", 0, 0, 0, 12)],
        )
        return task_id

    def contents(self) -> str:
        """7, 9, 6: create for later, start promptly, list."""
        body = v3.CreateDataLevelTableCompareJobReq(
            type="contents",
            start_time=str(int(time.time() * 1000) + 3_600_000),
            compare_object=[v3.CompareObjectInfo(db_name=self.source, table_name=["orders", "ours", "same"])],
            options={"contentCompareType": "static"},
        )
        created = self.drs.create_data_level_table_compare_job(
            v3.CreateDataLevelTableCompareJobRequest(job_id=JOB, body=body)
        )
        self.settle()
        tasks = v3.ListDataLevelTableCompareJobsRequest(job_id=JOB, limit=1, offset=0)
        seen = ("id", "type", "options", "status")
        expected = (created.id, "contents", {"contentCompareType": "static"})
        listed = self.drs.list_data_level_table_compare_jobs(tasks)
        assert (listed.count, fields(listed.compare_jobs, *seen)) == (2, [(*expected, "WAITING_FOR_RUNNING")])
        self.drs.start_promptly_data_level_table_compare_job(
            v3.StartPromptlyDataLevelTableCompareJobRequest(job_id=JOB, compare_job_id=created.id)
        )
        self.settle()
        listed = self.drs.list_data_level_table_compare_jobs(tasks)
        assert fields(listed.compare_jobs, *seen) == [(*expected, "SUCCESSFUL")]
        return str(created.id)

    def words(self, contents_id: str, lines_id: str) -> None:
        """2: results by id."""
        query = v3.QueryCompareResultReq(
            job_id=JOB, line_compare_id=lines_id, content_compare_id=contents_id, current_page=1, per_page=100
        )
        results = self.drs.list_compare_result(v3.ListCompareResultRequest(body=query))
        assert fields(results.line_compare_results.line_compare_overview, "line_compare_result") == [("INCONSISTENT",)]
        contents = results.content_compare_results
        assert (contents.compare_task_id, contents.content_compare_overview_count) == (contents_id, 1)
        assert fields(contents.content_compare_overview, "source_db_name", "content_compare_result") == [
            (self.source, "INCONSISTENT")
        ]
        (details,) = contents.content_compare_details
        assert (details.content_compare_detail_count, details.content_uncompare_detail_count) == (3, 0)
        words = ("source_table_name", "diff_row_num", "line_compare_result", "content_compare_result")
        assert fields(details.content_compare_detail, *words) == [
            ("orders", 4, "INCONSISTENT", "INCONSISTENT"),
            ("ours", 0, "INCONSISTENT", "INCONSISTENT"),
            ("same", 0, "CONSISTENT", "CONSISTENT"),
        ]
        (differing,) = contents.content_compare_diffs
        assert (differing.source_table_name, differing.content_compare_diff_count) == ("orders", 4)
        keys = fields(differing.content_compare_diff, "source_key_value", "target_key_value")
        assert keys == [(["2"], ["2"]), (["3"], None), (None, ["4"]), (None, ["5"])]
        listed = fields(results.compare_task_list_results.compare_task_list, "compare_type")
        assert (results.compare_task_list_results.compare_task_list_count, listed) == (
            3,
            [("contents",), ("lines",), ("object_comparison",)],
        )

    def results(self, task_id: str) -> None:
        """12, 13, 14: overview, detail, differences."""
        task = {"job_id": JOB, "compare_job_id": task_id, "limit": 10, "offset": 0}
        overview = self.drs.list_content_compare_overview(v3.ListContentCompareOverviewRequest(**task))
        counts = ("source_db", "target_db", "status", "compare_num", "compare_end_num", "data_inconsistent_num",
                  "uncomparable_num")  # fmt: skip
        assert overview.total_count == 1
        assert fields(overview.content_compare_result_infos, *counts) == [(self.source, self.target, 0, 3, 3, 2, 0)]
        detail = self.drs.list_content_compare_detail(
            v3.ListContentCompareDetailRequest(**task, type="compare", db_name=self.source, target_db_name=self.target)
        )
        numbers = ("source_table_name", "source_row_num", "target_row_num", "difference_row_num", "line_compare_result",
                   "content_compare_result", "status", "progress")  # fmt: skip
        assert (detail.total_count, fields(detail.content_compare_result_infos, *numbers)) == (
            3,
            [
                ("orders", 3, 4, 4, False, False, 2, 100.0),
                ("ours", 0, 0, 0, False, False, 2, 100.0),
                ("same", 2, 2, 0, True, True, 2, 100.0),
            ],
        )
        differences = self.drs.list_content_compare_difference(
            v3.ListContentCompareDifferenceRequest(**task, db_name=self.source, table_name="orders")
        )
        kinds = ("count", "target_meta_is_null", "source_meta_is_null", "source_target_meta_not_null")
        assert fields([differences], *kinds) == [(4, 1, 2, 1)]
        first, second, third, _ = differences.contents_infos
        assert fields([first], "source_key_value", "target_key_value") == [(["2"], ["2"])]
        assert fields([second], "target_key_value", "target_select_sql") == [(None, None)]
        assert fields([third], "source_key_value", "select_sql") == [(None, None)]
        assert all("orders" in sql for sql in (first.select_sql, second.select_sql, third.target_select_sql))

    def cancel(self) -> None:
        """8: cancel."""
        body = v3.CreateDataLevelTableCompareJobReq(
            type="lines", compare_mode="quick_comparison", start_time=str(int(time.time() * 1000) + 3_600_000)
        )
        created = self.drs.create_data_level_table_compare_job(
            v3.CreateDataLevelTableCompareJobRequest(job_id=JOB, body=body)
        )
        self.drs.delete_compare_job(v3.DeleteCompareJobRequest(job_id=JOB, compare_job_id=created.id))
        listed = self.drs.list_data_level_table_compare_jobs(v3.ListDataLevelTableCompareJobsRequest(job_id=JOB))
        assert fields(listed.compare_jobs, "status") == [("CANCELLED",), ("SUCCESSFUL",), ("SUCCESSFUL",)]

    def file(self, task_id: str) -> None:
        """15, 16: export, download."""
        body = v3.ExportCompareResultReq(compare_type="contents", compare_job_id=task_id, time_zone="GMT+08:00")
        self.drs.create_compare_result_file(
            v3.CreateCompareResultFileRequest(region="cn-north-4", job_id=JOB, body=body)
        )
        self.settle()
        listed = self.drs.list_data_level_table_compare_jobs(v3.ListDataLevelTableCompareJobsRequest(job_id=JOB))
        states = {task.id: (task.export_status, task.report_remain_seconds) for task in listed.compare_jobs}
        assert states[task_id][0] == "EXPORT_COMPLETE"
        assert states[task_id][1] > 604_000
        chosen = {"compare_type": "contents", "compare_job_id": task_id}
        asked = v3.DownloadCompareResultFileRequest(region="cn-north-4", job_id=JOB, body=body, **chosen)
        content = bytearray()
        self.drs.download_compare_result_file(asked).consume_download_stream(
            lambda stream: content.extend(stream.content)
        )
        book = load_workbook(io.BytesIO(content))
        assert book.sheetnames == ["summary", "databases", "tables", "differences"]
        keys = [tuple(row) for row in book["differences"].iter_rows(2, min_col=3, max_col=6, values_only=True)]
        assert keys == [
            ("orders", "changed", '["2"]', '["2"]'),
            ("orders", "missing in the target", '["3"]', None),
            ("orders", "only in the target", None, '["4"]'),
            ("orders", "only in the target", None, '["5"]'),
        ]
