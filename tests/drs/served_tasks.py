"""The state behind the served DRS: jobs, their data as results, and tasks that advance with a clock. No HTTP."""

import uuid
from dataclasses import dataclass, field

from functions.pipeline.drs_models import epoch_ms, iso_utc

UNFINISHED = {"WAITING_FOR_RUNNING", "RUNNING", "FULL_DOING", "INCRE_DOING"}


@dataclass
class Objects:
    """What the object comparison of a job finds for one type; `details` are `[source or None, target or None]`."""

    type: str
    source: int
    target: int
    status: int
    details: list[tuple[str | None, str | None]] = field(default_factory=list)


@dataclass
class Table:
    """What the data comparison of a job finds for one table. `result` is a word, `number` its counterpart of family B.

    `rows` are the keys of differing rows: `(source key or None, target key or None)`.
    """

    source_db: str
    source_table: str
    source_rows: int = 3
    target_rows: int = 3
    difference_rows: int = 0
    result: str = "CONSISTENT"
    number: int = 2
    target_db: str = ""
    comparable: bool = True
    message: str | None = None
    rows: list[tuple[str | None, str | None]] = field(default_factory=list)

    @property
    def target(self) -> str:
        return self.target_db or self.source_db


def consistent_objects() -> list[Objects]:
    """The object types of the official example, all equal."""
    return [Objects(kind, 2, 2, 2) for kind in ("DB", "TABLE", "INDEX", "TABLE_COLLATION")]


def consistent_tables() -> list[Table]:
    return [Table("may_5", "table_name_0"), Table("may_5", "table_name_1")]


@dataclass
class Job:
    """One DRS job. `walk` is what the status of each new task becomes how many seconds after its start."""

    job_id: str
    state: str = "INCRE_TRANSFER_STARTED"
    parent: bool = False
    deleted: bool = False
    objects: list[Objects] = field(default_factory=consistent_objects)
    tables: list[Table] = field(default_factory=consistent_tables)
    databases: dict[str, tuple[str, int]] | None = None
    """Results of databases, word and number, where they don't follow from their tables."""
    walk: tuple[tuple[float, str], ...] = ((0, "RUNNING"), (10, "SUCCESSFUL"))
    error_msg: str | None = None


@dataclass
class Task:
    """One comparison task. It only ever moves because the clock does, or because it is cancelled."""

    task_id: str
    level: str
    created_at: float
    starts_at: float
    walk: tuple[tuple[float, str], ...]
    request: dict[str, object] = field(default_factory=dict)
    cancelled_at: float | None = None

    def status(self, now: float) -> str:
        if self.cancelled_at is not None and now >= self.cancelled_at:
            return "CANCELLED"
        if now < self.starts_at:
            return "WAITING_FOR_RUNNING"
        return [word for after, word in self.walk if now - self.starts_at >= after][-1]

    def ended_at(self, now: float) -> float | None:
        if self.status(now) in UNFINISHED:
            return None
        return self.cancelled_at if self.cancelled_at is not None else self.starts_at + self.walk[-1][0]


def new_task(job: Job, level: str, now: float, starts_at: float | None, request: dict[str, object]) -> Task:
    return Task(str(uuid.uuid4()), level, now, starts_at if starts_at is not None else now, job.walk, request)


def listed(task: Task, now: float) -> dict[str, object]:
    """One entry of the task list of query-compare-result."""
    kind = "object_comparison" if task.level == "objects" else task.level
    entry: dict[str, object] = {
        "compare_task_id": task.task_id,
        "compare_type": kind,
        "compare_task_status": task.status(now),
        "create_time": epoch_ms(task.created_at),
    }
    ended = task.ended_at(now)
    return entry if ended is None else {**entry, "end_time": epoch_ms(ended)}


def data_task(task: Task, now: float) -> dict[str, object]:
    """One entry of GET table/compare."""
    entry: dict[str, object] = {
        "id": task.task_id,
        "type": task.level,
        "options": {},
        "start_time": iso_utc(task.starts_at),
        "status": task.status(now),
        "export_status": "INIT",
        "report_remain_seconds": -1,
    }
    ended = task.ended_at(now)
    return entry if ended is None else {**entry, "end_time": iso_utc(ended)}


def overview(job: Job, task: Task, now: float) -> dict[str, object]:
    """GET object/compare; counts only once they are there."""
    answer: dict[str, object] = {
        "status": task.status(now),
        "create_time": iso_utc(task.created_at),
        "start_time": iso_utc(task.starts_at - 7),  # the official example starts before it is created
        "export_status": "INIT",
        "report_remain_seconds": -1,
        "compare_job_id": task.task_id,
    }
    if task.status(now) == "SUCCESSFUL":
        answer["compare_result"] = [
            {"type": o.type, "status": o.status, "source_count": o.source, "target_count": o.target}
            for o in job.objects
        ]
    elif job.error_msg and task.status(now) == "FAILED":
        answer["error_msg"] = job.error_msg
    return answer


def object_results(job: Job, task: Task) -> dict[str, object]:
    """The object section of query-compare-result: words, and equal objects among the details."""
    words = {0: "INCONSISTENT", 2: "CONSISTENT"}
    return {
        "compare_task_id": task.task_id,
        "object_compare_overview": [
            {
                "object_type": o.type,
                "object_compare_result": words.get(o.status, "CAN_NOT_COMPARE"),
                "source_count": o.source,
                "target_count": o.target,
                "diff_count": sum(source != target for source, target in o.details),
            }
            for o in job.objects
        ],
        "object_compare_details": {
            o.type: [_object(source, target) for source, target in o.details] for o in job.objects
        },
    }


def object_detail(job: Job, kind: str) -> list[dict[str, object]]:
    """The objects of one type of GET object/compare/{type}."""
    return [
        {**_object(source, target), "status": 2 if source == target else 0}
        for o in job.objects
        if o.type == kind
        for source, target in o.details
    ]


def _object(source: str | None, target: str | None) -> dict[str, object]:
    entry = {"source_db_name": "may_5", "target_db_name": "may_5", "source_db_value": source, "target_db_value": target}
    return {name: value for name, value in entry.items() if value is not None}


def databases(job: Job) -> list[dict[str, object]]:
    """What the data comparison says about each database, in words and in numbers."""
    found: dict[str, dict[str, object]] = {}
    for source_db in dict.fromkeys([t.source_db for t in job.tables] + list(job.databases or ())):
        tables = [t for t in job.tables if t.source_db == source_db]
        differs = any(t.result == "INCONSISTENT" for t in tables)
        word, number = ("INCONSISTENT", 0) if differs else ("CONSISTENT", 2)
        if job.databases and source_db in job.databases:
            word, number = job.databases[source_db]
        found[source_db] = {
            "source_db_name": source_db,
            "target_db_name": next((t.target for t in tables), source_db),
            "word": word,
            "number": number,
            "tables": tables,
        }
    return list(found.values())


def page(items: list, number: int, size: int) -> list:  # type: ignore[type-arg]  # any JSON list
    """Page `number`, from 1."""
    return items[(number - 1) * size : number * size]


def data_results(job: Job, task: Task, number: int, size: int) -> dict[str, object]:
    """The lines or contents section of query-compare-result; totals count everything, lists show one page."""
    kind = "line" if task.level == "lines" else "content"
    overviews, details, diffs = [], [], []
    for db in databases(job):
        names = {"source_db_name": db["source_db_name"], "target_db_name": db["target_db_name"]}
        overviews.append({**names, f"{kind}_compare_result": db["word"]})
        tables = db["tables"]
        assert isinstance(tables, list)
        comparable = [t for t in tables if t.comparable or kind == "line"]
        rest = [t for t in tables if t not in comparable]
        entry: dict[str, object] = {
            "source_db_name": db["source_db_name"],
            f"{kind}_compare_detail": [_table(kind, t) for t in page(comparable, number, size)],
            f"{kind}_compare_detail_count": len(comparable),
        }
        if kind == "content":
            entry["content_uncompare_detail"] = [_table(kind, t) for t in page(rest, number, size)]
            entry["content_uncompare_detail_count"] = len(rest)
        details.append(entry)
        diffs += [_diff(t) for t in page(comparable, number, size) if t.rows]
    answer: dict[str, object] = {
        "compare_task_id": task.task_id,
        f"{kind}_compare_overview": page(overviews, number, size),
        f"{kind}_compare_overview_count": len(overviews),
        f"{kind}_compare_details": details,
    }
    return {**answer, "content_compare_diffs": diffs} if diffs else answer


def _table(kind: str, table: Table) -> dict[str, object]:
    entry: dict[str, object] = {
        "source_table_name": table.source_table,
        "target_table_name": table.source_table,
        "source_row_num": table.source_rows,
        "target_row_num": table.target_rows,
        "diff_row_num": table.difference_rows,
    }
    if table.message:
        entry["message"] = table.message
    if kind == "line":
        return {**entry, "line_compare_result": table.result}
    rows = "CONSISTENT" if table.source_rows == table.target_rows else "INCONSISTENT"
    names = {"source_db_name": table.source_db, "target_db_name": table.target}
    return {**names, **entry, "line_compare_result": rows, "content_compare_result": table.result}


def _diff(table: Table) -> dict[str, object]:
    rows = []
    for source, target in table.rows:
        row: dict[str, object] = {}
        for side, key in (("source", source), ("target", target)):
            if key is not None:
                row[f"{side}_key_value"] = [key]
                row[f"{side}_select_sql"] = f"select * from {table.source_db}.{table.source_table} where id = {key}"
        rows.append(row)
    return {
        "source_db_name": table.source_db,
        "source_table_name": table.source_table,
        "content_compare_diff": rows,
        "content_compare_diff_count": len(rows),
    }


def differences(job: Job, db: str, name: str) -> list[dict[str, object]]:
    """content-difference of one table; the source's statement has another name here."""
    (table,) = [t for t in job.tables if (t.source_db, t.source_table) == (db, name)]
    rows = _diff(table)["content_compare_diff"]
    assert isinstance(rows, list)
    return [{"select_sql" if name == "source_select_sql" else name: v for name, v in row.items()} for row in rows]


def numbered_overview(job: Job, task: Task) -> list[dict[str, object]]:
    """line-overview and content-overview: the same in numbers, under other names."""
    names = ("source_db_name", "target_db_name") if task.level == "lines" else ("source_db", "target_db")
    found = []
    for db in databases(job):
        tables = db["tables"]
        assert isinstance(tables, list)
        found.append(
            {
                names[0]: db["source_db_name"],
                names[1]: db["target_db_name"],
                "status": db["number"],
                "compare_num": len(tables),
                "compare_end_num": len(tables),
                "data_inconsistent_num": sum(t.result == "INCONSISTENT" for t in tables),
                "uncomparable_num": sum(not t.comparable for t in tables),
            }
        )
    return found


def numbered_detail(job: Job, task: Task, db: str, *, comparable: bool, sign: int) -> list[dict[str, object]]:
    """line-detail and content-detail of one database."""
    found = []
    for table in job.tables:
        if table.source_db != db or table.comparable != comparable:
            continue
        entry: dict[str, object] = {
            "source_table_name": table.source_table,
            "target_table_name": table.source_table,
            "source_row_num": str(table.source_rows),  # whole numbers may come as strings
            "target_row_num": table.target_rows,
            "difference_row_num": table.difference_rows,
        }
        if task.level == "lines":
            entry["status"] = table.number
        else:
            entry["line_compare_result"] = table.source_rows == table.target_rows
            entry["content_compare_result"] = table.result == "CONSISTENT"
            entry["status"] = sign * (2 if table.result in {"CONSISTENT", "INCONSISTENT"} else 3)
            entry["source_db"], entry["target_db"] = table.source_db, table.target
        found.append(entry)
    return found
