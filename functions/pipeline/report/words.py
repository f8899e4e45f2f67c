"""Every word of a report, in English and in Chinese. Pure data and the way to ask for it."""
# ruff: noqa: RUF001 - Chinese has its own punctuation

from typing import Final

from functions.pipeline.telling import Language

_WORDS: Final[dict[str, tuple[str, str]]] = {
    # verdicts
    "consistent": ("consistent", "一致"),
    "inconsistent": ("inconsistent", "不一致"),
    "incomplete": ("incomplete", "不完整"),
    "failed": ("failed", "失败"),
    "cancelled": ("cancelled", "已取消"),
    "timed_out": ("timed out", "超时"),
    "superseded": ("superseded", "被取代"),
    "rejected": ("rejected", "被拒绝"),
    "expired": ("expired", "已过期"),
    "not_requested": ("not compared", "未对比"),
    "included": ("compared with the values", "随内容一并对比"),
    # results of one type or table
    "same": ("same", "一致"),
    "different": ("differs", "不一致"),
    "uncompared": ("not compared", "未对比"),
    # levels
    "objects": ("Objects", "对象"),
    "lines": ("Rows", "行数"),
    "contents": ("Values", "内容"),
    # headings
    "report": ("Parity comparison report", "Parity 对比报告"),
    "not_compared": ("Not compared, and good to know", "未对比的内容及说明"),
    "everything": ("Objects, rows and values were all compared.", "对象、行数和内容均已对比。"),
    "errors": ("What went wrong", "出现的问题"),
    "details": ("Details", "详情"),
    "tasks": ("DRS tasks", "DRS 对比任务"),
    "next": ("Next", "下一步"),
    "picture": ("Source against target, objects per type", "源库与目标库各类型对象数量"),
    "scale": ("logarithmic scale", "对数刻度"),
    "drawn": ("Objects per type", "各类型对象数量"),
    # columns
    "type": ("Type", "类型"),
    "table": ("Table", "表"),
    "database": ("Database", "数据库"),
    "tables": ("Tables", "表数"),
    "source": ("Source", "源库"),
    "target": ("Target", "目标库"),
    "difference": ("Difference", "差异"),
    "differing": ("Rows that differ", "差异行"),
    "result": ("Result", "结果"),
    "found": ("Found", "结论"),
    "level": ("Level", "级别"),
    "verdict": ("Verdict", "结论"),
    # names that differ, rows that differ
    "only_in_source": ("only in source", "仅源库存在"),
    "only_in_target": ("only in target", "仅目标库存在"),
    "named_different": ("differs", "不一致"),
    "named_not_compared": ("not compared", "未对比"),
    "missing": ("only in source", "仅源库存在"),
    "extra": ("only in target", "仅目标库存在"),
    "changed": ("changed", "已改变"),
    # facts
    "job": ("DRS job", "DRS 任务"),
    "comparison": ("Comparison", "对比编号"),
    "request": ("Request", "请求编号"),
    "project": ("Project", "项目"),
    "audience": ("Audience", "受众"),
    "accepted": ("Accepted", "受理时间"),
    "started": ("Started", "开始时间"),
    "finished": ("Finished", "结束时间"),
    "deadline": ("Deadline", "截止时间"),
    "took": ("Took", "耗时"),
    "polls": ("Polls", "轮询次数"),
    "labels": ("Labels", "标签"),
    "task": ("Task", "任务"),
    "origin": ("Origin", "来源"),
    "status": ("DRS status", "DRS 状态"),
    "created": ("created", "新建"),
    "adopted_task": ("adopted", "沿用"),
    # what was not compared, and other caveats
    "no_objects": ("Objects: whether all tables, views, indexes and so on exist.", "对象：表、视图、索引等是否齐全。"),
    "no_lines": ("Rows: how many rows each table has.", "行数：各表的行数。"),
    "no_contents": ("Values: equal row counts do not prove equal rows.", "内容：行数相同不代表数据相同。"),
    "no_rest_tables": ("Every table that the request does not name.", "请求中未指定的其他表。"),
    "no_rest_databases": ("Every database that the request does not name.", "请求中未指定的其他数据库。"),
    "replication_active": (
        "The replication was running meanwhile: a difference may be a delay, and what agreed may have changed since.",
        "对比期间复制仍在进行：差异可能只是延迟，一致的数据之后也可能变化。",
    ),
    "adopted": (
        "A DRS task was adopted: the answer to its creation was lost, and it was recognised by what it compares.",
        "沿用了一个 DRS 任务：创建时的应答丢失，根据其对比内容识别。",
    ),
    "truncated": ("Lists were shortened; the totals count everything.", "列表已截短，总数包含全部内容。"),
    "still_running": (
        "A DRS task was still running when the deadline passed; it was left running.",
        "截止时间已到，但 DRS 任务仍在运行，未被停止。",
    ),
    "ended": ("{0}: the comparison ended as “{1}” and proves nothing.", "{0}：对比以“{1}”结束，不能证明任何结论。"),
    # sentences with numbers
    "all_agree": ("{0} compared, all agree", "已对比 {0}，全部一致"),
    "some_differ": ("{1}: {0}", "共 {1}：{0}"),
    "stop": ("{0}.", "{0}。"),
    "comma": (", ", "，"),
    "semicolon": ("; ", "；"),
    "drawn_as": ("{0}: ○ {1}, ■ {2} ({3})", "{0}：○ {1}，■ {2}（{3}）"),
    "about": ("{0}: {1}", "{0}：{1}"),
    "not_drawn": ("{0} not drawn", "{0}未绘出"),
    "not_listed": ("{0} not listed here", "{0}未在此列出"),
}
#: One, many, Chinese.
_COUNTS: Final[dict[str, tuple[str, str, str]]] = {
    "type": ("{} type", "{} types", "{} 个类型"),
    "differ": ("{} differs", "{} differ", "{} 个不一致"),
    "uncompared": ("{} not compared", "{} not compared", "{} 个未对比"),
    "types uncompared": (
        "{} object type could not be compared",
        "{} object types could not be compared",
        "{} 个对象类型无法对比",
    ),
    "table": ("{} table", "{} tables", "{} 张表"),
    "tables uncompared": ("{} table could not be compared", "{} tables could not be compared", "{} 张表无法对比"),
    "tables same": ("{} further table agrees", "{} further tables agree", "其余 {} 张表一致"),
    "types same": ("{} further type agrees", "{} further types agree", "其余 {} 个类型一致"),
    "rows differ": ("{} row differs", "{} rows differ", "{} 行不一致"),
    "rows missing": ("{} row only in source", "{} rows only in source", "{} 行仅源库存在"),
    "rows extra": ("{} row only in target", "{} rows only in target", "{} 行仅目标库存在"),
    "rows changed": ("{} row changed", "{} rows changed", "{} 行已改变"),
    "more names": ("{} more name", "{} more names", "另 {} 个名称"),
    "more rows": ("{} more row", "{} more rows", "另 {} 行"),
    "more differing tables": ("{} more table that differs", "{} more tables that differ", "另 {} 张不一致的表"),
    "more uncompared tables": (
        "{} more table that could not be compared",
        "{} more tables that could not be compared",
        "另 {} 张无法对比的表",
    ),
    "more tables": ("{} more table", "{} more tables", "另 {} 张表"),
    "more types": ("{} more type", "{} more types", "另 {} 个类型"),
    "more databases": ("{} more database", "{} more databases", "另 {} 个数据库"),
    "more labels": ("{} more label", "{} more labels", "另 {} 个标签"),
    "tables agree": ("{} table agrees", "{} tables agree", "{} 张表一致"),
    "more errors": ("{} more", "{} more", "另 {} 项"),
}
LANGUAGE_TAGS: Final[dict[Language, str]] = {"en": "en", "zh": "zh-Hans"}


class Words:
    """The words of one language."""

    def __init__(self, language: Language = "en") -> None:
        self.language = language
        self.tag = LANGUAGE_TAGS[language]
        self._column = 0 if language == "en" else 1

    def __call__(self, key: str, *values: str) -> str:
        """The word or sentence for `key`, with its values in place."""
        return _WORDS[key][self._column].format(*values)

    def count(self, n: int, what: str) -> str:
        """So many of something."""
        one, many, chinese = _COUNTS[what]
        return (chinese if self._column else one if n == 1 else many).format(f"{n:,}")

    def title(self, key: str) -> str:
        """The word with a capital first letter."""
        word = self(key)
        return word[:1].upper() + word[1:]
