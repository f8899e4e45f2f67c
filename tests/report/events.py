"""Finished events for the tests of reports: small, of 3,000 tables, and of names that mean harm."""

from typing import Any

from hypothesis import strategies as st

PROJECT, JOB = "054ba152d480d55b2f5dc0069e7ddef0", "f8688cfa-4e05-406f-a2e6-37a773cjb20y"
COMPARISON = "cmp_42b69849f06cd88438900f95c4021995"

NASTY = (
    "<script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onload="alert(1)',
    "' autofocus onfocus='alert(1)",
    "--><b>&amp;&#60;",
    "]]><x>",
    "@everyone",
    "@octocat #1 !2 ~bug GH-1",
    "[link](https://example.com)",
    "![picture](https://example.com/x.png)",
    "https://example.com www.example.com mail@example.com",
    "a|b\\|c\\\\|d",
    "`tick``tick```",
    "`",
    " ` ",
    "*bold* _it_ ~~no~~ **x**",
    "<details><summary>x",
    "&lt;b&gt; &#64;all",
    "\u202egnp.exe\u2066",
    "\u200b\u200d\ufeff",
    "a\r\n\r\n# heading\n- list",
    "\x00\x01\x0b\x1b[31m\x7f\x85\ufffe\uffff",
    "\ud800 half",
    "表 👨\u200d👩 é",
    "x" * 10_000,
    "<" * 3_000,
    "",
    " ",
    "\\",
    "${7*7}{{7*7}}",
)
ANY_NAMES = st.lists(st.sampled_from(NASTY) | st.text(max_size=40), min_size=1, max_size=4, unique=True)


def data(**changed: Any) -> dict[str, Any]:
    """The data of an event in which all was compared and agrees."""
    return {
        "comparison_id": COMPARISON,
        "request_id": "wave-3-shop",
        "project_id": PROJECT,
        "job_id": JOB,
        "accepted_at": "2030-03-17T17:46:40.000Z",
        "deadline_at": "2030-03-17T23:46:40.000Z",
        "started_at": "2030-03-17T17:46:41.000Z",
        "finished_at": "2030-03-17T17:59:45.001Z",
        "duration_seconds": 785.001,
        "polls": 9,
        "verdict": "consistent",
        "summary": "objects consistent (2 object types); values consistent (3 tables)",
        "levels": {"objects": "consistent", "lines": "not_requested", "contents": "consistent"},
        "drs_tasks": [task("objects"), task("contents")],
        "objects": {"types": [kind("TABLE", 3, 3), kind("VIEW", 1, 1)], "types_omitted": 0},
        "data": level([table(f"t{n}") for n in range(3)]),
        **changed,
    }


def task(of: str) -> dict[str, Any]:
    return {
        "level": of,
        "compare_task_id": "6bc4c062-4128-4cfc-a3cf-af92daee5596",
        "origin": "created",
        "status": "SUCCESSFUL",
        "verdict": "consistent",
    }


def kind(name: str, source: int, target: int, **more: Any) -> dict[str, Any]:
    result = "consistent" if source == target else "inconsistent"
    return {"type": name, "source_count": source, "target_count": target, "result": result, **more}


def table(name: str, source: int = 1_200, target: int = 1_200, db: str = "shop", **more: Any) -> dict[str, Any]:
    gap = abs(source - target)
    result = "inconsistent" if gap or more.get("difference_rows") else "consistent"
    places = {"source_db": db, "source_table": name, "target_db": db, "target_table": name}
    rows = {"source_rows": source, "target_rows": target, "difference_rows": gap, "result": result}
    return {**places, **rows, **more}


def level(tables: list[dict[str, Any]], of: str = "contents", **more: Any) -> dict[str, Any]:
    results = [t["result"] for t in tables]
    totals = {
        "compared": len(results) - results.count("incomplete"),
        "inconsistent": results.count("inconsistent"),
        "incomplete": results.count("incomplete"),
    }
    return {"level": of, "totals": totals, "databases": [], "tables": tables, **more}


def three_tables() -> dict[str, Any]:
    """Objects and values that differ, a table that could not be compared, keys of rows."""
    rows = [
        {"source_key": ["17"], "target_key": ["17"]},
        {"source_key": ["4711"], "target_key": []},
        {"source_key": [], "target_key": ["<b>90</b>"]},
    ]
    tables = [
        table("orders", 1_200, 1_187, difference_rows=13, rows=rows),
        table("customers", 80_000, 80_000),
        table("audit", result="incomplete", message="The table has no primary key."),
    ]
    types = [
        kind("DB", 1, 1),
        kind("TABLE", 4, 3, only_in_source=["shop.legacy_audit"]),
        kind("INDEX", 12, 10, only_in_source=["orders.by_customer", "orders.by_day"]),
        kind("VIEW", 2, 2),
        kind("ROUTINE", 0, 0, result="incomplete", not_compared=["shop.next_number"]),
        kind("CONSTRAINT", 1_048, 1_048),
    ]
    return data(
        verdict="inconsistent",
        summary="objects INCONSISTENT (TABLE and INDEX differ); values INCONSISTENT (shop.orders); all other tables "
        "not compared",
        levels={"objects": "inconsistent", "lines": "not_requested", "contents": "inconsistent"},
        caveats=["replication_active", "uncomparable_tables"],
        next_step="Do not switch yet: look at the differences, let the replication catch up, and compare again.",
        labels={"wave": "3", "team": "shop"},
        objects={"types": types, "types_omitted": 0},
        data=level(tables),
    )


def many_tables(count: int = 3_000) -> dict[str, Any]:
    """So many tables in eight databases, every 20th of which differs, with two kinds of rows; some not comparable."""
    tables = [_one_of_many(n) for n in range(count)]
    databases = [
        {"source_db": f"shop_{n}", "target_db": f"shop_{n}", "tables": count // 8, "inconsistent": count // 160,
         "incomplete": 1, "result": "inconsistent"}
        for n in range(8)
    ]  # fmt: skip
    lost = [f"shop_1.archive_{n:04}" for n in range(400)]
    return three_tables() | {
        "summary": "objects INCONSISTENT (TABLE differs); values INCONSISTENT (shop_0.table_0000 and 149 more)",
        "objects": {"types": [kind("TABLE", count, count - 400, only_in_source=lost), kind("INDEX", 9_120, 9_120)]},
        "data": level(tables, databases=databases),
    }


def _one_of_many(n: int) -> dict[str, Any]:
    db = f"shop_{n % 8}"
    if n % 20 == 0:
        rows = [{"source_key": [str(k)], "target_key": [str(k)] if k % 2 else []} for k in range(5)]
        return table(f"table_{n:04}", n * 10, n * 10 - 3, db, difference_rows=3 + n, rows=rows, rows_omitted=n)
    if n % 333 == 1:
        return table(f"table_{n:04}", result="incomplete", message="The table has no primary key.", db=db)
    return table(f"table_{n:04}", n, n, db=db)


def hostile(names: list[str]) -> dict[str, Any]:
    """An event in which names that mean harm stand wherever a name can stand."""
    kinds = [
        kind(name, 3, 2, only_in_source=names, only_in_target=[name], different=[name], not_compared=[name])
        for name in names
    ]
    rows = [{"source_key": [name, None], "target_key": [name], "source_sql": name} for name in names]
    tables = [
        table(name, 3, 2, name, rows=rows, message=name, target_table=name[::-1], target_db=name) for name in names
    ]
    databases = [
        {"source_db": name, "target_db": name[::-1], "tables": 1, "inconsistent": 1, "result": "inconsistent"}
        for name in names
    ]
    name = names[0]
    return three_tables() | {
        "comparison_id": name,
        "request_id": name,
        "project_id": name,
        "job_id": name,
        "audience": name,
        "labels": {name: name for name in names},
        "accepted_at": name,
        "finished_at": name,
        "summary": " ".join(names),
        "next_step": name,
        "error_code": name,
        "error_msg": " ".join(names),
        "caveats": names,
        "left_out": names,
        "reasons": dict.fromkeys(("objects", "lines", "contents"), name),
        "drs_tasks": [task("objects") | {"compare_task_id": name, "status": name}],
        "objects": {"types": kinds},
        "data": level(tables, databases=databases),
        "contents": level(tables),
        "errors": names,
        "source": name,
        "target": name,
    }
