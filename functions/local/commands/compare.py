"""`parity compare`: two databases by URL, here and now, without any cloud."""

import re
import time
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, get_args

import click

from functions.comparer.core.engine import Unreadable
from functions.comparer.core.options import AS_EVER, Lob, Options
from functions.comparer.urls import BadUrl, endpoint_of, redacted
from functions.local.cli_errors import bad_input
from functions.local.compared import Report, report_of
from functions.local.comparing import Wanted, compare
from functions.local.exit_codes import TOLD, of_verdict
from functions.local.following import Following
from functions.local.rendering import Screen, verdict_style
from functions.local.rendering_differences import show_differences
from functions.local.rendering_rows import ROWS, ROWS_IN_ALL, RowRoom
from functions.local.report_files import check_writable, form_for, write_report
from functions.pipeline.report.formats import Form
from functions.pipeline.telling import Language

_ROWS_OF_REPORT, _ROWS_OF_REPORTS = 50, 2_000
"""Differing rows that are kept for a report that people read: of a table, and of all tables."""
_NAME = re.compile(r"(?:\\[\\,]|[^,])+")
"""One of several names between commas; a comma in a name has a backslash before it, and so has a backslash there."""


@click.command(
    name="compare",
    epilog=TOLD,
    short_help="compare two databases, here and now",
)
@click.argument("source")
@click.argument("target")
@click.option("--objects", is_flag=True, help="Compare the names of all objects: tables, views, indexes and so on.")
@click.option("--lines", is_flag=True, help="Count the rows of every table on both sides.")
@click.option("--contents", is_flag=True, help="Compare every value of every row.")
@click.option(
    "--tables",
    metavar="NAME,…",
    multiple=True,
    help="Compare rows and values of these tables alone; may be given several times. A comma in a name is written \\,",
)
@click.option(
    "--differences",
    type=click.IntRange(0),
    metavar="N",
    help=f"With --contents: rows to show per table, in --json too  [default: {ROWS}, of all tables as many as fit on a "
    "screen; with --json all, up to 128 MB]",
)
@click.option(
    "--tolerance",
    "tolerances",
    metavar="COLUMN=AMOUNT",
    multiple=True,
    help="With --contents: by how much numbers of a column (or table.column) may differ, or moments in seconds."
    " One that could not be applied is told; the verdict is that of the exact comparison then.",
)
@click.option("--lob", type=click.Choice(get_args(Lob)), default="compare", show_default=True, help="Large columns.")
@click.option("--utc", is_flag=True, help="Moments without a zone are in UTC: compare them with those that have one.")
@click.option(
    "--settle",
    type=click.FloatRange(0, 3600),
    default=AS_EVER.settle,
    show_default=True,
    metavar="SECONDS",
    help="With --contents, of databases in use: for how long at most rows that differ are read again before they count;"
    " 0 compares once.",
)
@click.option(
    "--lag",
    type=click.FloatRange(0, 3600),
    default=AS_EVER.lag,
    show_default=True,
    metavar="SECONDS",
    help="By how much the replication may be behind: what differs for longer counts.",
)
@click.option(
    "--report",
    "reports",
    metavar="FILE",
    multiple=True,
    help="Write a report too; its suffix tells the format: .html, .md (Markdown), .xml (JUnit) or .json. May be given "
    "several times.",
)
@click.option("--language", type=click.Choice(get_args(Language)), default="en", help="Of reports in .html and .md.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one line of JSON.")
def command(
    source: str,
    target: str,
    objects: bool,
    lines: bool,
    contents: bool,
    tables: tuple[str, ...],
    differences: int | None,
    tolerances: tuple[str, ...],
    lob: Lob,
    utc: bool,
    settle: float,
    lag: float,
    reports: tuple[str, ...],
    language: Language,
    as_json: bool,
) -> int:
    """Compare two databases and print what differs.

    SOURCE and TARGET are SQLite files, folders of .db files, or URLs, of any
    two engines: postgresql://user@host/database, mysql://user@host/database,
    sqlite:///relative.db, sqlite:////absolute.db. Both are only read. Without
    a level, objects and rows are compared; with --tables alone, rows. What
    can't be compared by its values is told before the comparison begins.

    A password is best left out of a URL: ?password_env=NAME takes it from a
    variable, ?password_file=PATH from a file.

    \b
      parity compare old.db new.db
      parity compare old.db new.db --objects --contents
      parity compare old.db new.db --contents --tables customers,orders
      parity compare old.db new.db --report report.html --report junit.xml
      parity compare mysql://me@old/shop postgresql://me@new/shop --contents
    """
    wanted = tuple(_names(tables))
    if tables and not wanted:
        raise bad_input("--tables: names separated by commas are expected")
    if wanted and objects and not (lines or contents):
        raise bad_input("--tables: limits --lines and --contents; add one of them, or leave --tables out")
    if differences is not None and not contents:
        raise bad_input("--differences: shows rows of --contents, which is not asked for")
    if tolerances and not contents:
        raise bad_input("--tolerance: is about values of --contents, which is not asked for")
    if 0 < settle < lag:
        raise bad_input(
            "--lag: must not be above --settle, or nothing that differs could be confirmed; --settle 0 is fine"
        )
    if not (objects or lines or contents):
        objects, lines = not wanted, True
    options = Options(dict(map(_tolerance, tolerances)), lob, settle, lag, utc)
    for side, url in (("SOURCE", source), ("TARGET", target)):
        _check(side, url)
    forms = {path: _form(path) for path in reports}
    screen, asked, began = Screen(), Wanted(source, target, objects, lines, contents, wanted, options), time.time()
    following, room = _room_for_rows(differences, as_json=as_json, forms=forms.values())
    report = report_of(compare(screen, asked, following, quiet=as_json), wanted)
    reported = report.content | _circumstances(asked, began, time.time())
    for path, form in forms.items():
        write_report("--report", path, reported, form, language)
    if as_json:
        screen.json(report.content)
    else:
        _show(screen, asked, report, room)
    return of_verdict(report.verdict)


def _tolerance(given: str) -> tuple[str, Decimal]:
    column, separator, text = given.rpartition("=")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    if not (separator and column and amount.is_finite() and amount > 0):
        raise bad_input("--tolerance: COLUMN=AMOUNT is expected, the amount being a number above 0")
    return column, amount


def _form(path: str) -> Form:
    form = form_for("--report", path)
    check_writable("--report", path)
    return form


def _circumstances(asked: Wanted, began: float, ended: float) -> dict[str, Any]:
    """What a report says besides: of what it is, and of when."""
    times = {
        name: datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for name, moment in (("started_at", began), ("finished_at", ended))
    }
    return {
        "source": redacted(asked.source),
        "target": redacted(asked.target),
        **times,
        "duration_seconds": round(ended - began, 3),
    }


def _room_for_rows(differences: int | None, *, as_json: bool, forms: Collection[Form]) -> tuple[Following, RowRoom]:
    """Which differing rows are kept, and which of them are shown: no others are kept."""
    if differences is not None:
        return Following(differences), RowRoom(differences, None, others="--tables")
    if as_json or "json" in forms:
        return Following(None), RowRoom(others="--differences, --json")
    if forms:
        return Following(_ROWS_OF_REPORT, _ROWS_OF_REPORTS), RowRoom(others="--differences, --json")
    return Following(ROWS, ROWS_IN_ALL), RowRoom(others="--differences, --json")


def _names(given: Iterable[str]) -> Iterator[str]:
    for names in given:
        for name in _NAME.findall(names):
            if name.strip():
                yield re.sub(r"\\([\\,])", r"\1", name.strip())


def _check(side: str, url: str) -> None:
    try:
        endpoint_of(url, Path.cwd()).names()
    except (BadUrl, Unreadable) as error:
        raise bad_input(f"{side}: {error}") from None


def _show(screen: Screen, asked: Wanted, report: Report, room: RowRoom) -> None:
    content = report.content
    screen.line("source  ", redacted(asked.source))
    screen.line("target  ", redacted(asked.target))
    screen.line()
    show_differences(screen, content, room=room)
    for error in content["errors"]:
        screen.line(("  ! ", "bold red"), error, hang=4)
    screen.line()
    screen.line((report.verdict, verdict_style(report.verdict)), f": {content['summary']}", hang=2)
