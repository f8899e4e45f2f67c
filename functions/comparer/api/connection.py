"""One client's connection: what is refused before it is a request is refused in the same form as everything else.

What the parser of HTTP can't read never reaches the application, nor its middlewares: aiohttp answers it in plain text,
and `web.RequestHandler.handle_error` is where. Here the answer is the one of the gateway in front of DRS ("Error Codes"
of Huawei's API Gateway: APIG.0201 with 400, 414 or 494), in English: which language was asked for couldn't be read.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, InvalidURLError, LineTooLong

from functions.comparer.api.errors import ApiError
from functions.pipeline.drs_models import ErrorBody

_log = logging.getLogger(__name__)

MOST_HEADER_BYTES: Final = 32 * 1024
"""Of one header, as at the gateway: a token with its catalog takes more than the 8 KB that aiohttp would allow."""
MOST_URL_BYTES: Final = MOST_HEADER_BYTES - 64
"""Of a URL; the gateway counts the rest of its line, too. An error tells by its limit which of the two was too long."""

_CODE = "APIG.0201"
_WORDS: Mapping[int, str] = {
    400: "Bad request",
    414: f"Request URI too large; allowed: {MOST_URL_BYTES:,} bytes",
    417: "Expectation failed; allowed: 100-continue",
    494: f"Request headers too large; allowed: {MOST_HEADER_BYTES:,} bytes each",
}
# Where the parser's own words end, and what it quotes begins.
_QUOTE = re.compile(r":?\s*\n|:\s*(?:b|bytearray\(b)?['\"]|(?<= line) ['\"]")


class Connection(web.RequestHandler):
    """A connection of a client. `unique`: a fresh id for what is refused."""

    def __init__(self, server: web.Server, *, unique: Callable[[], str], **options: Any) -> None:
        super().__init__(server, **options)
        self._unique = unique

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what can't be read; the connection ends with it. Raises `ConnectionError` amid another one."""
        super().handle_error(request, status, exc, message)  # It writes the log, and raises what has to be raised.
        answer = self._answer(status, exc)
        answer.force_close()
        return answer

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer. One that aiohttp has made, as to an `Expect` that it doesn't know, gets our form before."""
        made = self._answer(resp.status, None) if isinstance(resp, web.HTTPException) else resp
        return await super().finish_response(request, made, start_time)

    def _answer(self, status: int, error: BaseException | None) -> web.Response:
        if isinstance(error, LineTooLong):
            status = 414 if error.args[1] == MOST_URL_BYTES else 494
        if status in _WORDS:
            body = ErrorBody(error_code=_CODE, error_msg=_text(status, error), request_id=self._unique())
        else:
            defect = ApiError("DRS.M00004")
            body, status = ErrorBody(error_code=defect.code, error_msg=defect.message("en-us")), defect.status
        headers = {"X-Request-Id": body.request_id or self._unique()}
        return web.json_response(body.wire(), status=status, headers=headers)


def connections(
    server: web.Server, loop: asyncio.AbstractEventLoop, unique: Callable[[], str]
) -> Callable[[], Connection]:
    """What makes the connection of each client of this server, as `loop.create_server` wants it."""
    limits = {"max_line_size": MOST_URL_BYTES, "max_field_size": MOST_HEADER_BYTES}
    return partial(Connection, server, loop=loop, unique=unique, logger=_log, access_log=None, **limits)


def _text(status: int, error: BaseException | None) -> str:
    reason = _reason(error) if status == 400 and isinstance(error, HttpProcessingError) else ""
    return f"{_WORDS[status]}: {reason}" if reason else _WORDS[status]


def _reason(error: HttpProcessingError) -> str:
    """What is wrong, in the parser's words, and without the bytes in which it is: they may be a token."""
    if isinstance(error, InvalidURLError):
        return "Invalid URL"
    # A request has no status line: what follows says what is wrong.
    return _QUOTE.split(error.message.removeprefix("Bad status line:").lstrip(), maxsplit=1)[0]


def _told_in_a_line(record: logging.LogRecord) -> bool:
    """What isn't HTTP is the client's fault: where this program noticed it is of no use to anybody."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, web.RequestPayloadError):
        error = error.__cause__
    if isinstance(error, HttpProcessingError):
        record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
        record.msg, record.args, record.exc_info = "%s: %s", (record.getMessage(), _reason(error)), None
    return True


_log.addFilter(_told_in_a_line)
