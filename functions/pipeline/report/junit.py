"""The report as JUnit XML, for Jenkins, GitLab and whatever else gates on test results. Pure functions.

A suite per level, a case per object type or table. What differs has failed. What was asked for but could not be
compared is an error, not a skipped case: a gate must not go green on what is not proven. What nobody asked for is
skipped. The file has a failure or an error if and only if the verdict is not `consistent`.
Source: junit-10.xsd of Jenkins' xUnit plugin.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from functions.pipeline.comparison import TypeCount
from functions.pipeline.messages import LEVELS, Level
from functions.pipeline.report.content import Content, DataLevel, Table
from functions.pipeline.report.findings import keys_of, kind_of, reason_of, tables_tally
from functions.pipeline.report.markup import Markup, element, joined
from functions.pipeline.report.text import number, shown
from functions.pipeline.report.words import Words

_MOST_NAMES = 200
"""Names or rows of one case."""
_SUITES: dict[Level, str] = {"objects": "objects", "lines": "rows", "contents": "values"}
_ORDINARY = {"consistent", "inconsistent", "incomplete"}
_W = Words("en")


@dataclass(frozen=True)
class _Case:
    name: str
    result: Literal["passed", "failure", "error", "skipped"] = "passed"
    message: str = ""
    lines: tuple[str, ...] = ()


def junit(content: Content) -> str:
    """The whole document."""
    suites = {_SUITES[level]: list(_cases(content, level)) for level in LEVELS}
    told = any(case.result in {"failure", "error"} for cases in suites.values() for case in cases)
    if content.verdict != "consistent" and not told:
        suites["verdict"] = [_ended(content, content.verdict)]
    elements = [
        _suite(content, name, cases, _properties(content) if n == 0 else Markup())
        for n, (name, cases) in enumerate(suites.items())
    ]
    document = element(
        "testsuites",
        *elements,
        name=f"parity: {shown(content.job_id or content.target)}",
        time=f"{max(content.duration_seconds, 0):.3f}",
        **_counts([case for cases in suites.values() for case in cases]),
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{document}\n'


def _counts(cases: list[_Case]) -> dict[str, int]:
    results = [case.result for case in cases]
    return {"tests": len(cases), "failures": results.count("failure"), "errors": results.count("error")}


def _properties(content: Content) -> Markup:
    facts = {
        "verdict": content.verdict,
        "summary": content.summary,
        "comparison_id": content.comparison_id,
        "job_id": content.job_id,
        "project_id": content.project_id,
        "request_id": content.request_id or "",
        "caveats": ", ".join(content.caveats),
        "finished_at": content.finished_at,
        **{f"label.{key}": value for key, value in content.labels.items()},
        **{f"drs_task.{task.level}": task.compare_task_id for task in content.drs_tasks},
    }
    properties = [
        element("property", name=shown(key, 200), value=shown(value, 2000)) for key, value in facts.items() if value
    ]
    return joined(["\n", element("properties", *properties)])


def _suite(content: Content, name: str, cases: list[_Case], properties: Markup) -> Markup:
    return element(
        "testsuite",
        properties,
        *(joined(["\n", _case(name, case)]) for case in cases),
        name=f"parity.{name}",
        skipped=sum(case.result == "skipped" for case in cases),
        timestamp=shown(content.finished_at, 40)[:19] or None,
        **_counts(cases),
    )


def _case(suite: str, case: _Case) -> Markup:
    told = Markup()
    if case.result == "skipped":
        told = element("skipped", message=shown(case.message, 1000))
    elif case.result != "passed":
        kind = "difference" if case.result == "failure" else "not proven"
        text = "\n".join(shown(line, 300) for line in case.lines)
        told = element(case.result, text, type=kind, message=shown(case.message, 1000))
    return element("testcase", told, name=shown(case.name, 300), classname=f"parity.{suite}")


def _cases(content: Content, level: Level) -> Iterator[_Case]:
    verdict = content.levels.get(level, "not_requested")
    if verdict == "not_requested":
        yield _Case("comparison", "skipped", "not requested")
        return
    found = list(_entries(content, level))
    yield from found
    bad = {case.result for case in found} & {"failure", "error"}
    if verdict not in _ORDINARY or (verdict != "consistent" and not bad) or not found:
        yield _ended(content, verdict, level)


def _ended(content: Content, verdict: str, level: Level | None = None) -> _Case:
    """The comparison itself as a case, where its entries don't tell what became of it."""
    if verdict == "consistent":
        return _Case("comparison")
    reason = reason_of(content, level) or content.summary
    result: Literal["failure", "error"] = "failure" if verdict == "inconsistent" else "error"
    return _Case("comparison", result, f"{verdict}: {reason}", content.errors[:_MOST_NAMES])


def _entries(content: Content, level: Level) -> Iterator[_Case]:
    if level == "objects":
        if content.objects:
            yield from map(_type, content.objects.types)
            if left := content.objects.types_omitted:
                yield _Case(f"{_W.count(left, 'more types')} (not listed)")
        return
    for data in content.data_levels:
        if data.level == level:
            yield from (_table(data, table) for table in data.tables)
            yield from _not_listed(data)


def _type(kind: TypeCount) -> _Case:
    counts = f"{number(kind.source_count)} in the source, {number(kind.target_count)} in the target"
    if kind.result == "consistent":
        return _Case(kind.type)
    names = {
        "only in source": kind.only_in_source,
        "only in target": kind.only_in_target,
        "differs": kind.different,
        "not compared": kind.not_compared,
    }
    lines = [f"{told}: {name}" for told, several in names.items() for name in several]
    left = len(lines) - len(lines[:_MOST_NAMES]) + kind.omitted
    lines = lines[:_MOST_NAMES] + ([_W.count(left, "more names")] if left else [])
    if kind.result == "incomplete":
        return _Case(kind.type, "error", f"not compared: {counts}", tuple(lines))
    return _Case(kind.type, "failure", counts, tuple(lines))


def _table(data: DataLevel, table: Table) -> _Case:
    name = f"{table.name} -> {table.target_name}" if table.renamed else table.name
    if table.result == "consistent":
        return _Case(name)
    counts = f"{number(table.source_rows)} rows in the source, {number(table.target_rows)} in the target"
    if table.difference_rows and data.level == "contents":
        counts = f"{_W.count(table.difference_rows, 'rows differ')}; {counts}"
    message = "; ".join(part for part in (table.message, counts) if part)
    rows = list(zip(table.rows, keys_of(table), strict=True))[:_MOST_NAMES]
    lines = [f"{_W(kind_of(row))}: {key}" for row, key in rows]
    left = max(table.difference_rows or 0, len(table.rows) + table.rows_omitted) - len(lines)
    if lines and left > 0:
        lines.append(_W.count(left, "more rows"))
    return _Case(name, "failure" if table.result == "inconsistent" else "error", message, tuple(lines))


def _not_listed(data: DataLevel) -> Iterator[_Case]:
    """Tables that an event has left out: one case for each kind, so that none of them is green by being absent."""
    tally, listed = tables_tally(data), [table.result for table in data.tables]
    if left := tally.differ - listed.count("inconsistent"):
        yield _Case("tables not listed", "failure", _W.count(left, "more differing tables"))
    if left := tally.uncompared - listed.count("incomplete"):
        yield _Case("tables not listed", "error", _W.count(left, "more uncompared tables"))
    if left := tally.same - listed.count("consistent"):
        yield _Case(f"{_W.count(left, 'tables same')} (not listed)")
