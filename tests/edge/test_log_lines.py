"""Our log lines against those of Powertools' Logger, byte for byte, at one moment."""

import asyncio
import datetime
import decimal
import io
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import pytest
from aws_lambda_powertools import Logger
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline import log

MOMENT = 1_795_296_206.664
TRACE = "Root=1-65f1a2b3-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=1"
ENV = {"POWERTOOLS_SERVICE_NAME": "parity"}
LAMBDA = {
    "cold_start": True,
    "function_name": "poll",
    "function_memory_size": "512",
    "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:poll",
    "function_request_id": "52fdfc07-2182-154f-163f-5f0f9a621d72",
    "correlation_id": None,
}

Say = Callable[[Any], None]
"""Says something to a logger, theirs or ours: the same line of code, so that the location is the same."""


@pytest.fixture
def at_one_moment() -> Iterator[None]:
    """Freeze the clock of the standard library's log records."""
    factory = logging.getLogRecordFactory()

    def frozen(*given: Any, **more: Any) -> logging.LogRecord:
        record = factory(*given, **more)
        record.created = MOMENT
        record.msecs = 664
        return record

    logging.setLogRecordFactory(frozen)
    yield
    logging.setLogRecordFactory(factory)


@pytest.fixture
def their_line(at_one_moment: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    def line(say: Callable[[Any], None], keys: Mapping[str, Any], trace: str | None) -> str:
        if trace:
            monkeypatch.setenv("_X_AMZN_TRACE_ID", trace)
        stream = io.StringIO()
        logger = Logger(service="parity", level="DEBUG", stream=stream)
        logger.clear_state()
        logger.append_keys(**keys)
        # Powertools keeps the handler of the first logger of a service.
        cast("logging.StreamHandler[io.StringIO]", logger.handlers[0]).setStream(stream)
        say(logger)
        return stream.getvalue()

    return line


@pytest.fixture
def our_lines(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def lines(say: Callable[[Any], None], keys: Mapping[str, Any] | None = None, trace: str | None = None) -> str:
        with log.invocation({**ENV, "POWERTOOLS_LOG_LEVEL": "DEBUG"}, lambda: MOMENT, keys or {}, trace):
            say(log.get_logger())
        return capsys.readouterr().out

    return lines


def extra(logger: Any, **values: Any) -> dict[str, Any]:
    """Their loggers take extras as a mapping, ours as keywords."""
    return {"extra": values} if isinstance(logger, Logger) else values


def plain(logger: Any) -> None:
    logger.info("comparison.polled")


def with_extras(logger: Any) -> None:
    logger.info("comparison.polled", **extra(logger, step=3, job_id="f8688cfa", ratio=0.5, nothing=None, ok=True))


def nested(logger: Any) -> None:
    logger.info("x", **extra(logger, counts={"TABLE": {"source": 3}, "VIEW": None}, names=["a", ["b"], None]))


def chinese(logger: Any) -> None:
    logger.info("华为 · ok", **extra(logger, name_zh="数据库\u2028"))


def json_message(logger: Any) -> None:
    logger.info('{"a":1}')


def number_message(logger: Any) -> None:
    logger.info("123")


def odd_numbers(logger: Any) -> None:
    logger.info("x", **extra(logger, small=1e-7, large=1e16, nan=float("nan"), big=10**30))


def odd_values(logger: Any) -> None:
    values = {
        "when": datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC),
        "day": datetime.date(2026, 11, 21),
        "price": decimal.Decimal("1.50"),
        "raw": b"\x00a",
        "one": {1},
    }
    logger.info("x", **extra(logger, **values))


def another_service(logger: Any) -> None:
    logger.info("x", **extra(logger, service="other"))


def a_place_of_its_own(logger: Any) -> None:
    logger.info("x", **extra(logger, location="here", timestamp="now", level="LOUD"))


def warning(logger: Any) -> None:
    logger.warning("x")


def debug(logger: Any) -> None:
    logger.debug("x")


def critical(logger: Any) -> None:
    logger.critical("x")


def error_without_exception(logger: Any) -> None:
    logger.error("x", exc_info=True)


def raise_secretly() -> None:
    password = "in-a-local-variable"
    raise ValueError(f"bad {len(password)} thing")


def exception(logger: Any) -> None:
    try:
        raise_secretly()
    except ValueError:
        logger.exception("Received an exception")


def chained_with_note(logger: Any) -> None:
    try:
        try:
            raise_secretly()
        except ValueError as error:
            outer = RuntimeError("outer")
            outer.add_note("note 1")
            raise outer from error
    except RuntimeError:
        logger.exception("failed", **extra(logger, step=1))


def exception_given(logger: Any) -> None:
    logger.error("x", exc_info=KeyError("never raised"))


SAYINGS: list[Say] = [
    plain,
    with_extras,
    nested,
    chinese,
    json_message,
    number_message,
    odd_numbers,
    odd_values,
    another_service,
    a_place_of_its_own,
    warning,
    debug,
    critical,
    error_without_exception,
    exception,
    chained_with_note,
    exception_given,
]


@pytest.mark.parametrize("trace", [None, TRACE])
@pytest.mark.parametrize("keys", [{}, LAMBDA], ids=["outside", "inside"])
@pytest.mark.parametrize("say", SAYINGS, ids=lambda say: say.__name__)
def test_a_line_is_the_line_of_powertools(
    say: Say,
    keys: dict[str, Any],
    trace: str | None,
    their_line: Callable[..., str],
    our_lines: Callable[..., str],
) -> None:
    theirs = their_line(say, keys, trace)

    assert theirs.count("\n") == 1
    assert our_lines(say, keys, trace) == theirs


def test_local_variables_are_in_no_stack_trace(our_lines: Callable[..., str]) -> None:
    line = our_lines(exception)

    # The statement that assigns it isn't on the stack; only its value could bring it here.
    assert "in-a-local-variable" not in line
    assert '"function":"raise_secretly"' in line


@pytest.mark.parametrize(
    "name",
    ["Authorization", "X-Auth-Token", "password", "secret_key", "iam_password", "webhook-signature", "token", "keys"],
)
def test_a_value_under_a_secret_name_is_hidden_at_any_depth(name: str, our_lines: Callable[..., str]) -> None:
    line = our_lines(lambda logger: logger.info("x", request={"headers": [{name: "hunter2"}]}, **{name: "hunter2"}))

    assert "hunter2" not in line
    assert json.loads(line)["request"] == {"headers": [{name: "***"}]}


def test_names_that_only_look_secret_are_shown(our_lines: Callable[..., str]) -> None:
    line = our_lines(lambda logger: logger.info("x", min_token="-9", key_values=[1], secret_id="arn", missing_keys=2))

    assert {"min_token": "-9", "key_values": [1], "secret_id": "arn", "missing_keys": 2}.items() <= json.loads(
        line
    ).items()


def test_a_concealed_text_is_hidden_wherever_it_turns_up(our_lines: Callable[..., str]) -> None:
    secret = 's3cret-"quoted"-wörd\\'
    log.conceal(secret)

    def say(logger: Any) -> None:
        logger.error("x", url=f"https://host/?k={secret}", exc_info=ValueError(f"the server said {secret}"))

    line = our_lines(say)

    assert "quoted" not in line.replace("concealed", "")
    assert json.loads(line)["url"] == "https://host/?k=***"


def test_text_that_no_encoding_can_write_is_escaped_and_fails_nothing(our_lines: Callable[..., str]) -> None:
    # DRS answers JSON, and JSON can hold half of a character.
    line = our_lines(lambda logger: logger.info("x", error_msg="half \ud83d"))

    assert json.loads(line)["error_msg"] == "half \ud83d"


@given(message=st.text(), values=st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_any_text_makes_one_line_of_json(message: str, values: dict[str, Any]) -> None:
    from functions.pipeline.log_line import Record, render

    line = render(Record("INFO", "f:1", message, MOMENT, "parity", {}, values))

    assert "\n" not in line
    assert json.loads(line)["level"] == "INFO"
    line.encode()


@pytest.mark.parametrize(
    ("env", "levels"),
    [
        ({}, ["INFO", "ERROR"]),
        ({"POWERTOOLS_LOG_LEVEL": "debug"}, ["DEBUG", "INFO", "ERROR"]),
        ({"POWERTOOLS_LOG_LEVEL": "WARNING"}, ["ERROR"]),
        ({"LOG_LEVEL": "CRITICAL"}, []),
        ({"AWS_LAMBDA_LOG_LEVEL": "FATAL", "POWERTOOLS_LOG_LEVEL": "DEBUG"}, []),
    ],
)
def test_lines_below_the_level_are_dropped(
    env: dict[str, str], levels: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with log.invocation(env, lambda: MOMENT, {}, None):
        for say in ("debug", "info", "error"):
            getattr(log.get_logger(), say)("x")

    assert re.findall(r'"level":"(\w+)"', capsys.readouterr().out) == levels


def test_a_level_that_doesnt_exist_is_refused_by_the_settings_name() -> None:
    with (
        pytest.raises(ValueError, match="POWERTOOLS_LOG_LEVEL must be one of"),
        log.invocation({"POWERTOOLS_LOG_LEVEL": "LOUD"}, lambda: MOMENT, {}, None),
    ):
        pass


def test_keys_appended_by_one_message_dont_leak_into_another(capsys: pytest.CaptureFixture[str]) -> None:
    async def message(number: int) -> None:
        log.append(comparison_id=f"cmp_{number}")
        await asyncio.sleep(0)
        log.get_logger().info("x", number=number)

    async def batch() -> None:
        await asyncio.gather(*(message(number) for number in range(3)))
        log.get_logger().info("after")

    with log.invocation(ENV, lambda: MOMENT, LAMBDA, None):
        asyncio.run(batch())

    *lines, after = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["comparison_id"], line["number"]) for line in lines] == [("cmp_0", 0), ("cmp_1", 1), ("cmp_2", 2)]
    assert "comparison_id" not in after


def test_one_note_is_the_invocations_line(capsys: pytest.CaptureFixture[str]) -> None:
    with log.invocation(ENV, lambda: MOMENT, {}, None) as lines:
        log.note("comparison.polled", step=3)
        lines.close(duration_ms=12)

    (line,) = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert (line["message"], line["step"], line["duration_ms"]) == ("comparison.polled", 3, 12)


def test_several_notes_share_the_invocations_line(capsys: pytest.CaptureFixture[str]) -> None:
    with log.invocation(ENV, lambda: MOMENT, {}, None) as lines:
        log.note("comparison.polled", step=3)
        log.note("message.stale", step=1)
        lines.close(duration_ms=12)

    (line,) = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert line["message"] == "invocation.done"
    assert line["notes"] == [{"message": "comparison.polled", "step": 3}, {"message": "message.stale", "step": 1}]


def test_an_invocation_that_told_nothing_says_that_it_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    with log.invocation(ENV, lambda: MOMENT, {}, None) as lines:
        log.get_logger().debug("invisible")
        lines.close(duration_ms=12)

    assert json.loads(capsys.readouterr().out)["message"] == "invocation.done"


def test_an_invocation_that_wrote_its_line_itself_gets_no_second_one(capsys: pytest.CaptureFixture[str]) -> None:
    with log.invocation(ENV, lambda: MOMENT, {}, None) as lines:
        log.get_logger().info("request.accepted")
        lines.close(duration_ms=12)

    assert json.loads(capsys.readouterr().out)["message"] == "request.accepted"
