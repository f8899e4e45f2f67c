"""The reports of a finished event: put into the bucket in the languages it is told in, before it is told.

A report is there to help: whatever goes wrong with one is logged, and the verdict is told without a link to it.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

from functions.pipeline import log, metrics
from functions.pipeline.aws_errors import AwsError
from functions.pipeline.edge import Edge
from functions.pipeline.report.formats import render
from functions.pipeline.report_bucket import ReportsSettings, put_report, report_key
from functions.pipeline.telling import Language

_SUFFIXES: Final[Mapping[Language, str]] = {"en": ".html", "zh": ".zh.html"}
_log = log.get_logger()


async def put_reports(edge: Edge, data: Mapping[str, Any], languages: Iterable[Language]) -> dict[Language, str]:
    """Put the report of an event's `data` once per language, in one attempt each, at once; returns their links.

    A language whose report could not be made or put is missing. Never raises for that.
    """
    wanted = sorted(set(languages))
    links = await asyncio.gather(*(_put(edge, data, language) for language in wanted))
    return {language: link for language, link in zip(wanted, links, strict=True) if link}


async def _put(edge: Edge, data: Mapping[str, Any], language: Language) -> str | None:
    about = {"comparison_id": data.get("comparison_id"), "language": language}
    try:
        settings = ReportsSettings.load(edge.env)
        key = report_key(settings, data["comparison_id"], _SUFFIXES[language])
        content = render(data, "html", language)
        return await put_report(edge.session, edge.env, edge.now, settings, key=key, content=content)
    except AwsError as error:
        metrics.count("ReportsFailed")
        _log.error("report.failed", **about, code=error.code, reason=error.message)
    except Exception:  # noqa: BLE001 - whatever it was, the verdict is told
        metrics.count("ReportsFailed")
        _log.exception("report.failed", **about)
    return None
