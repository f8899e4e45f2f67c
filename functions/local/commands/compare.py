"""`parity compare`: two databases by URL, here and now, without any cloud."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import click

from functions.comparer.compare import Comparison, compare_databases
from functions.comparer.engine import Stop, Unreadable
from functions.comparer.results import Progress as Step
from functions.comparer.urls import BadUrl, endpoint_of
from functions.local.cli_errors import bad_input
from functions.local.compared import Report, report_of
from functions.local.exit_codes import TOLD, of_verdict
from functions.local.rendering import Screen, verdict_style
from functions.local.rendering_differences import show_differences

_BEAT_SECONDS = 0.1


@click.command(
    name="compare",
    epilog=TOLD,
    short_help="compare two databases, here and now",
)
@click.argument("source")
@click.argument("target")
@click.option("--objects", is_flag=True, help="Compare the names of all objects: tables, views, indexes and so on.")
@click.option("--lines", is_flag=True, help="Count the rows of every table on both sides.")
@click.option("--contents", is_flag=True, help="Compare every value. Not available yet.")
@click.option("--tables", metavar="NAME,…", multiple=True, help="Count the rows of these tables alone.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one line of JSON.")
def command(
    source: str, target: str, objects: bool, lines: bool, contents: bool, tables: tuple[str, ...], as_json: bool
) -> int:
    """Compare two databases and print what differs.

    SOURCE and TARGET are SQLite files, folders of .db files, or URLs:
    sqlite:///relative.db, sqlite:////absolute.db. Both are only read. Without
    a level, objects and rows are compared; with --tables alone, rows.

    \b
      parity compare old.db new.db
      parity compare old.db new.db --lines --tables customers,orders
      parity compare sqlite:///old.db sqlite:////srv/new.db --json
    """
    if contents:
        raise bad_input("--contents: comparing values is not available yet; --objects and --lines are")
    wanted = tuple(name.strip() for given in tables for name in given.split(",") if name.strip())
    if tables and not wanted:
        raise bad_input("--tables: names separated by commas are expected")
    if wanted and objects and not lines:
        raise bad_input("--tables: limits --lines, which is not asked for; add it, or leave --tables out")
    if not (objects or lines):
        objects, lines = not wanted, True
    for side, url in (("SOURCE", source), ("TARGET", target)):
        _check(side, url)
    screen = Screen()
    report = report_of(_compare(screen, source, target, objects=objects, lines=lines, tables=wanted))
    if as_json:
        screen.json(report.content)
    else:
        _show(screen, source, target, report)
    return of_verdict(report.verdict)


def _check(side: str, url: str) -> None:
    try:
        endpoint_of(url, Path.cwd()).names()
    except (BadUrl, Unreadable) as error:
        raise bad_input(f"{side}: {error}") from None


def _compare(
    screen: Screen, source: str, target: str, *, objects: bool, lines: bool, tables: tuple[str, ...]
) -> Comparison:
    """Compare in a thread: a long statement would keep Ctrl-C waiting otherwise."""
    stop, latest = Stop(), ["comparing"]

    def tell(step: Step) -> None:
        what = f"counting rows of {step.database}.{step.table}" if step.table else f"reading {step.database}"
        latest[0] = f"{what} ({step.done + 1} of {step.total})"

    with ThreadPoolExecutor(1) as pool, screen.progress(latest[0]) as progress:
        done = pool.submit(
            compare_databases, source, target, objects=objects, lines=lines, tables=tables, stop=stop, progress=tell
        )
        try:
            return _wait(done, lambda: progress.update(latest[0]))
        finally:
            while not done.done():
                stop.ask()
                wait((done,), _BEAT_SECONDS)


def _wait(done: Future[Comparison], beat: Callable[[], None]) -> Comparison:
    while True:
        try:
            return done.result(_BEAT_SECONDS)
        except TimeoutError:
            if done.done():
                raise  # the comparison's own
            beat()


def _show(screen: Screen, source: str, target: str, report: Report) -> None:
    content = report.content
    screen.line("source  ", source)
    screen.line("target  ", target)
    screen.line()
    show_differences(screen, content)
    for error in content["errors"]:
        screen.line(("  ! ", "bold red"), error, hang=4)
    screen.line()
    screen.line((report.verdict, verdict_style(report.verdict)), f": {content['summary']}", hang=2)
