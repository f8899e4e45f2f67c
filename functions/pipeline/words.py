"""The words that verdicts are told in, English and Chinese. Plain values; `tell` puts them together.

Chinese uses the terms of DRS's own console: 对比 (comparison), 源库 and 目标库 (source and target), 行数, 内容.
Words that follow a name begin with a letter, never with a digit: beside a name that is written from right to left,
two numbers with nothing between them would change places.
"""

# ruff: noqa: RUF001 - Chinese has its own punctuation

from dataclasses import dataclass
from typing import Final

from functions.pipeline.comparison import Verdict
from functions.pipeline.finished_event import LevelVerdict
from functions.pipeline.messages import Level
from functions.pipeline.telling import Language

SIGNS: Final[dict[Verdict, str]] = {
    "consistent": "✅",
    "inconsistent": "❌",
    "incomplete": "⚠️",
    "failed": "⛔",
    "cancelled": "⏹️",
    "timed_out": "⏱️",
    "superseded": "🔁",
    "rejected": "🚫",
    "expired": "⌛",
}


@dataclass(frozen=True)
class Words:
    """One language. Where two forms stand beside each other: for one, and for several."""

    headlines: dict[Verdict, str]
    verdicts: dict[LevelVerdict, str]
    levels: dict[Level, str]
    caveats: dict[str, str]
    #: Ways in which names differ, as `TypeCount` calls them.
    sides: dict[str, str]
    next_steps: dict[Verdict, str] | None
    not_ready: str
    title: str
    job: str
    project: str
    comparison: str
    took: str
    finished: str
    labels: str
    audience: str
    notes: str
    differs: str
    uncompared: str
    differs_or_uncompared: str
    counts: str
    rows: str
    fewer: tuple[str, str]
    additional: tuple[str, str]
    rows_differ: str
    not_compared: str
    of_types: tuple[str, str]
    of_tables: tuple[str, str]
    and_uncompared: str
    more_names: str
    more: str
    types: tuple[str, str]
    tables: tuple[str, str]
    both: str
    nameless: str
    colon: str
    comma: str
    semicolon: str
    stop: str
    units: tuple[str, str, str, str]


ENGLISH: Final = Words(
    headlines={
        "consistent": "Consistent: all that was compared agrees",
        "inconsistent": "Inconsistent: source and target differ",
        "incomplete": "Incomplete: not proven to agree",
        "failed": "Failed: no result",
        "cancelled": "Cancelled: no result",
        "timed_out": "Timed out: DRS did not finish",
        "superseded": "Superseded: another comparison took its place",
        "rejected": "Rejected: DRS did not compare",
        "expired": "Expired: no result before the deadline",
    },
    verdicts={
        "consistent": "consistent",
        "inconsistent": "INCONSISTENT",
        "incomplete": "incomplete",
        "failed": "failed",
        "cancelled": "cancelled",
        "timed_out": "timed out",
        "superseded": "superseded",
        "rejected": "rejected",
        "expired": "expired",
        "not_requested": "not compared",
    },
    levels={"objects": "Objects", "lines": "Row counts", "contents": "Values"},
    caveats={
        "objects_only": "Only objects were compared, no rows and no values.",
        "replication_active": "The replication was running: counts may have changed since.",
        "uncomparable_tables": "Some tables could not be compared.",
        "adopted": "The result is of a DRS task that was there already.",
        "truncated": "The lists of what differs are not complete.",
        "still_running": "The DRS task may still be running.",
    },
    sides={
        "only_in_source": "only in the source",
        "only_in_target": "only in the target",
        "different": "different",
        "not_compared": "not compared",
    },
    next_steps=None,
    not_ready="",
    title="{sign} {headline} · DRS job {job}",
    job="DRS job",
    project="Project",
    comparison="Comparison",
    took="Took",
    finished="Finished",
    labels="Labels",
    audience="Audience",
    notes="Note",
    differs="What differs",
    uncompared="What could not be compared",
    differs_or_uncompared="What differs or could not be compared",
    counts="source {source}, target {target}",
    rows="source {source} rows, target {target}",
    fewer=("the target lacks 1 row", "the target lacks {n} rows"),
    additional=("the target has 1 row too many", "the target has {n} rows too many"),
    rows_differ="rows that differ: {n}",
    not_compared="not compared",
    of_types=("{n} of {total} object types differs", "{n} of {total} object types differ"),
    of_tables=("{n} of {total} tables differs", "{n} of {total} tables differ"),
    and_uncompared="{n} not compared",
    more_names="and {n} more",
    more="and {what}",
    types=("{n} more object type", "{n} more object types"),
    tables=("{n} more table", "{n} more tables"),
    both="{one} and {other}",
    nameless="(no name)",
    colon=": ",
    comma=", ",
    semicolon="; ",
    stop=" ",
    units=(" d", " h", " min", " s"),
)

CHINESE: Final = Words(
    headlines={
        "consistent": "一致：已对比的内容全部一致",
        "inconsistent": "不一致：源库与目标库存在差异",
        "incomplete": "不完整：未能证明一致",
        "failed": "失败：没有结果",
        "cancelled": "已取消：没有结果",
        "timed_out": "超时：DRS 未能完成对比",
        "superseded": "被取代：已由另一个对比代替",
        "rejected": "被拒绝：DRS 没有进行对比",
        "expired": "已过期：期限内没有结果",
    },
    verdicts={
        "consistent": "一致",
        "inconsistent": "不一致",
        "incomplete": "不完整",
        "failed": "失败",
        "cancelled": "已取消",
        "timed_out": "超时",
        "superseded": "被取代",
        "rejected": "被拒绝",
        "expired": "已过期",
        "not_requested": "未对比",
    },
    levels={"objects": "对象", "lines": "行数", "contents": "内容"},
    caveats={
        "objects_only": "只对比了对象，没有对比行数和内容。",
        "replication_active": "对比期间仍在同步，数量此后可能已变化。",
        "uncomparable_tables": "部分表无法对比。",
        "adopted": "结果来自一个此前已存在的 DRS 对比任务。",
        "truncated": "差异列表不完整。",
        "still_running": "DRS 对比任务可能仍在运行。",
    },
    sides={
        "only_in_source": "仅源库有",
        "only_in_target": "仅目标库有",
        "different": "不同",
        "not_compared": "未对比",
    },
    next_steps={
        "inconsistent": "暂不要切换：先查看差异，等同步追上后再次对比。",
        "incomplete": "尚未证明一致：请用其他方式核对列出的未对比项，或再次发起对比。",
        "failed": "查看该 DRS 任务的错误并排除原因，然后用新的 request_id 再次发起对比。",
        "cancelled": "对比被人取消；需要时请用新的 request_id 再次发起。",
        "timed_out": "DRS 因超时放弃：请减少每次对比的表，或错峰对比。",
        "superseded": "同一 DRS 任务的另一个对比取代了本次对比：请查看那一个的结果，或再次发起。",
        "rejected": "排除 DRS 拒绝的原因，然后用新的 request_id 再次发起对比。",
        "expired": "已先到期限：请加大 deadline_seconds，或查看 DRS 为何没有完成。",
    },
    not_ready="请在 DRS 任务处于增量阶段（INCRE_TRANSFER_STARTED）时，对子任务发起对比。",
    title="{sign} {headline} · DRS 任务 {job}",
    job="DRS 任务",
    project="项目",
    comparison="对比",
    took="耗时",
    finished="完成时间",
    labels="标签",
    audience="受众",
    notes="注意",
    differs="差异",
    uncompared="未能对比",
    differs_or_uncompared="差异与未能对比项",
    counts="源库 {source}，目标库 {target}",
    rows="源库 {source} 行，目标库 {target} 行",
    fewer=("目标库少 {n} 行", "目标库少 {n} 行"),
    additional=("目标库多 {n} 行", "目标库多 {n} 行"),
    rows_differ="有差异的行：{n}",
    not_compared="未对比",
    of_types=("{total} 类对象中 {n} 类有差异", "{total} 类对象中 {n} 类有差异"),
    of_tables=("{total} 张表中 {n} 张有差异", "{total} 张表中 {n} 张有差异"),
    and_uncompared="{n} 张未对比",
    more_names="另有 {n} 个",
    more="另有 {what}",
    types=("{n} 类对象", "{n} 类对象"),
    tables=("{n} 张表", "{n} 张表"),
    both="{one}、{other}",
    nameless="（无名称）",
    colon="：",
    comma="、",
    semicolon="；",
    stop="",
    units=(" 天", " 小时", " 分", " 秒"),
)

WORDS: Final[dict[Language, Words]] = {"en": ENGLISH, "zh": CHINESE}
