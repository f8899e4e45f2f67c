"""What comparisons have found: query-compare-result (drs_03_0137), in words, and the rows of a table (drs_03_0254)."""

from __future__ import annotations

from functions.pipeline.drs_models.answers import Answer, Count, Section, Text


class ObjectResultOverview(Answer):
    """drs_03_0137: the objects of one type, with the result as a word."""

    object_type: Text = None
    object_compare_result: Text = None
    target_count: Count = None
    source_count: Count = None
    diff_count: Count = None


class ObjectResultDetail(Answer):
    """drs_03_0137: one object on both sides."""

    source_db_name: Text = None
    target_db_name: Text = None
    source_db_value: Text = None
    target_db_value: Text = None
    error_message: Text = None


class ObjectResults(Section):
    """drs_03_0137: an object-level task's results."""

    compare_task_id: Text = None
    object_compare_overview: list[ObjectResultOverview] | None = None
    object_compare_details: dict[str, list[ObjectResultDetail] | None] | None = None


class LineOverview(Answer):
    """drs_03_0137: the row comparison of one database."""

    source_db_name: Text = None
    target_db_name: Text = None
    line_compare_result: Text = None


class LineDetail(Answer):
    """drs_03_0137: the row comparison of one table."""

    source_table_name: Text = None
    target_table_name: Text = None
    source_row_num: Count = None
    target_row_num: Count = None
    diff_row_num: Count = None
    line_compare_result: Text = None
    message: Text = None


class LineDetails(Answer):
    """drs_03_0137: the tables of one source database; the count is a total, the list a page of it."""

    source_db_name: Text = None
    line_compare_detail: list[LineDetail] | None = None
    line_compare_detail_count: Count = None


class LineResults(Section):
    """drs_03_0137: a row comparison's results."""

    compare_task_id: Text = None
    line_compare_overview: list[LineOverview] | None = None
    line_compare_overview_count: Count = None
    line_compare_details: list[LineDetails] | None = None


class ContentOverview(Answer):
    """drs_03_0137: the value comparison of one database."""

    source_db_name: Text = None
    target_db_name: Text = None
    content_compare_result: Text = None


class ContentDetail(LineDetail):
    """drs_03_0137: the value comparison of one table."""

    source_db_name: Text = None
    target_db_name: Text = None
    content_compare_result: Text = None


class ContentDetails(Answer):
    """drs_03_0137: the tables of one source database, compared and not comparable."""

    source_db_name: Text = None
    content_compare_detail: list[ContentDetail] | None = None
    content_compare_detail_count: Count = None
    content_uncompare_detail: list[ContentDetail] | None = None
    content_uncompare_detail_count: Count = None


class ContentDiff(Answer):
    """drs_03_0137: one differing row; a side without it has neither key nor statement."""

    target_select_sql: Text = None
    source_select_sql: Text = None
    source_key_value: list[str | None] | None = None
    target_key_value: list[str | None] | None = None


class ContentDiffs(Answer):
    """drs_03_0137: the differing rows of one table."""

    source_db_name: Text = None
    source_table_name: Text = None
    content_compare_diff: list[ContentDiff] | None = None
    content_compare_diff_count: Count = None


class ContentResults(Section):
    """drs_03_0137: a value comparison's results."""

    compare_task_id: Text = None
    content_compare_overview: list[ContentOverview] | None = None
    content_compare_overview_count: Count = None
    content_compare_details: list[ContentDetails] | None = None
    content_compare_diffs: list[ContentDiffs] | None = None


class ListedTask(Answer):
    """drs_03_0137: a task of any level; times are epoch milliseconds in strings, no end while unfinished."""

    compare_task_id: Text = None
    compare_type: Text = None
    compare_task_status: Text = None
    create_time: Text = None
    end_time: Text = None


class TaskList(Section):
    """drs_03_0137: the job's comparison tasks, newest first."""

    compare_task_list: list[ListedTask] | None = None
    compare_task_list_count: Count = None


class QueryCompareResultAnswer(Section):
    """Answer of query-compare-result (drs_03_0137): only the sections that were asked for, and the task list."""

    job_id: Text = None
    object_level_compare_results: ObjectResults | None = None
    line_compare_results: LineResults | None = None
    content_compare_results: ContentResults | None = None
    compare_task_list_results: TaskList | None = None


class ContentDifference(Answer):
    """drs_03_0254: one differing row; a side without it has neither key nor statement. ``select_sql``: the source's."""

    source_key_value: list[str | None] | None = None
    target_key_value: list[str | None] | None = None
    select_sql: Text = None
    target_select_sql: Text = None


class ContentDifferencePage(Section):
    """Answer of content-difference (drs_03_0254): the rows that only the source, only the target, and both have."""

    count: Count = None
    target_meta_is_null: Count = None
    source_meta_is_null: Count = None
    source_target_meta_not_null: Count = None
    contents_infos: list[ContentDifference] | None = None
