"""`parity report`: a finished comparison as a page, Markdown, JUnit XML or JSON."""

import sys
from typing import get_args

import click

from functions.local.cli_errors import unreachable
from functions.local.commands.options import checked_id, door_of, target_option
from functions.local.door import refusal
from functions.local.exit_codes import TOLD, of_verdict
from functions.local.report_files import check_writable, form_for, write_report
from functions.pipeline.report.formats import FORMS, Form, render
from functions.pipeline.telling import Language


@click.command(name="report", epilog=TOLD, short_help="write the report of a finished comparison")
@click.argument("comparison_id", metavar="ID")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    help="The form of the report; by default that of FILE's suffix (.html, .md, .xml, .json), or html without a FILE.",
)
@click.option("-o", "--output", metavar="FILE", default="-", help="Where to write it; standard output by default.")
@click.option("--language", type=click.Choice(get_args(Language)), default="en", help="Of html and markdown.")
@target_option
def command(comparison_id: str, form: Form | None, output: str, language: Language, target: str | None) -> int:
    """Write the report of a finished comparison; exit by its verdict.

    html is one page that needs nothing else, markdown is for a pull request,
    junit for Jenkins or GitLab (what could not be compared is an error there),
    json is the data of the finished event. Nothing is written, and the exit
    code is 75, as long as the comparison is running.

    \b
      parity report cmp_6b01c344dbe5827bec3e711f9debb1e0 -o report.html
      parity report "$id" --format markdown | gh pr comment --body-file -
      parity report "$id" -o report.xml
    """
    comparison_id = checked_id(comparison_id)
    chosen = form or ("html" if output == "-" else form_for("--output", output))
    if output != "-":
        check_writable("--output", output)
    answer = door_of(target).comparison(comparison_id)
    if answer.status != 200:
        raise refusal(answer)
    view = answer.document()
    event = view.get("event")
    if not event:
        raise unreachable(f"{comparison_id} has no verdict yet ({view.get('state')}): try again, or `parity watch` it")
    data = event["data"]
    if output == "-":
        sys.stdout.buffer.write(render(data, chosen, language))
    else:
        write_report("--output", output, data, chosen, language)
    return of_verdict(data.get("verdict"))
