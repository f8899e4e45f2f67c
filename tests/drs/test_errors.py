"""Every shape of error that DRS, the gateway and IAM have, and the one decision that it leads to."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.drs import Refused, TryLater
from functions.pipeline.drs_errors import decided, parsed, seconds_to_wait, told
from tests.drs.asking import JOB_ID, Client, Clock
from tests.drs.served_drs import Fault, ServedDrs


def outcome(served: ServedDrs, client: Client, fault: Fault) -> TryLater | Refused:
    """What the endpoint's answer leads to for a create."""
    served.script("create", fault)
    with pytest.raises((TryLater, Refused)) as caught:
        client.ask(lambda drs: drs.create(JOB_ID, objects=True, data=None))
    assert isinstance(caught.value, (TryLater, Refused))
    return caught.value


def gateway(status: int, code: str, message: str) -> Fault:
    return Fault(status, {"error_msg": message, "error_code": code, "request_id": "0" * 32})


@pytest.mark.parametrize(
    ("fault", "code", "reason", "sent"),
    [
        (Fault.drs("DRS.M01503"), "DRS.M01503", "too_frequent", False),
        (Fault.drs("DRS.10000024"), "DRS.10000024", "busy", False),
        (Fault.drs("DRS.M00304"), "DRS.M00304", "not_ready", False),
        (Fault.drs("DRS.M00004", status=500), "DRS.M00004", "unavailable", True),
        (Fault.drs("DRS.M00004", status=422), "DRS.M00004", "unavailable", True),
        (Fault.drs("DRS.M01501", status=422), "DRS.M01501", "unavailable", True),
        (Fault.drs("DRS.M01504", status=202), "DRS.M01504", "busy", False),
        (Fault(202, {"results": [{"id": "j", "error_code": "DRS.M01504"}]}), "DRS.M01504", "busy", False),
        (gateway(429, "APIG.0308", "policy ip over ratelimit"), "APIG.0308", "throttled", False),
        (Fault(429), "HTTP.429", "throttled", False),
        (gateway(502, "APIG.0202", "backend unavailable"), "APIG.0202", "unavailable", True),
        (gateway(504, "APIGW.0203", "backend timeout"), "APIGW.0203", "unavailable", True),
        (Fault(500), "HTTP.500", "unavailable", True),
        (Fault(503, b"<html>maintenance</html>"), "HTTP.503", "unavailable", True),
        (Fault(302, headers={"Location": "http://127.0.0.1:9/"}), "HTTP.302", "unavailable", True),
        (Fault(408), "HTTP.408", "unavailable", True),
        (Fault(200, b"<html>a portal</html>"), "Parity.Unreadable", "unavailable", True),
        (Fault(200, b""), "Parity.Unreadable", "unavailable", True),
        (Fault(200, b'{"job_id": "f86'), "Parity.Unreadable", "unavailable", True),
        (Fault(200, b"\xff\xfe"), "Parity.Unreadable", "unavailable", True),
        (Fault(200, b"[" * 100_000), "Parity.Unreadable", "unavailable", True),
        (Fault(200, [1]), "Parity.Unreadable", "unavailable", True),
        (Fault(200, {"object_level_compare_create_result": 3}), "Parity.Unreadable", "unavailable", True),
        (Fault(200, {"job_id": JOB_ID}, cut=5), "Parity.NoAnswer", "unavailable", True),
        (Fault.lost(), "Parity.NoAnswer", "unavailable", True),
        (Fault(403, b"<html>firewall</html>"), "HTTP.403", "credentials", False),
        (Fault(400), "HTTP.400", "not_ready", False),
        (Fault(404, b"<html>not here</html>"), "HTTP.404", "not_ready", False),
        (Fault(407, b"<html>who are you?</html>"), "HTTP.407", "not_ready", False),
        (Fault(400, b'{"error_code": "DRS.M0'), "HTTP.400", "not_ready", False),
        (Fault(400, [None]), "HTTP.400", "not_ready", False),
        (Fault.drs("DRS.M00100", status=403), "DRS.M00100", "credentials", False),
        (Fault.drs("DRS.M00102", status=403), "DRS.M00102", "credentials", False),
        (Fault.drs("DRS.M00103", status=401), "DRS.M00103", "credentials", False),
        (Fault.drs("DRS.M00261", status=403), "DRS.M00261", "credentials", False),
        (gateway(403, "APIG.0302", "not authorized"), "APIG.0302", "credentials", False),
        (Fault(401, {"error": {"code": 401, "title": "Unauthorized"}}), "IAM.401", "credentials", False),
    ],
)  # fmt: skip
def test_some_answers_are_worth_asking_again(
    served: ServedDrs, client: Client, fault: Fault, code: str, reason: str, sent: bool
) -> None:
    error = outcome(served, client, fault)
    assert isinstance(error, TryLater)
    assert (error.code, error.reason, error.sent) == (code, reason, sent)
    assert len(served.called("create")) == 1


@pytest.mark.parametrize(
    ("fault", "code", "job_gone"),
    [
        (Fault.drs("DRS.10000010"), "DRS.10000010", True),
        (Fault.drs("DRS.M05003"), "DRS.M05003", True),
        (Fault.drs("DRS.M05004"), "DRS.M05004", True),
        (Fault.drs("DRS.M00307"), "DRS.M00307", False),
        (Fault.drs("DRS.M00202"), "DRS.M00202", False),
        (Fault.drs("DRS.M00002", status=422), "DRS.M00002", False),
        (Fault.drs("DRS.NEW", status=418), "DRS.NEW", False),
        (gateway(404, "APIG.0101", "The API does not exist"), "APIG.0101", False),
        (gateway(413, "APIG.0201", "too large"), "APIG.0201", False),
        (Fault(400, {"results": [{"id": "j", "error_code": "DRS.M00289", "error_message": "m"}]}), "DRS.M00289", True),
        (Fault(400, {"errorCode": "X.1", "errorMsg": "m"}), "X.1", False),
    ],
)
def test_other_answers_are_final(served: ServedDrs, client: Client, fault: Fault, code: str, job_gone: bool) -> None:
    error = outcome(served, client, fault)
    assert isinstance(error, Refused)
    assert (error.code, error.status, error.job_gone) == (code, fault.status, job_gone)


@pytest.mark.parametrize(
    ("message", "bad"),
    [
        ("verify aksk signature fail, canonicalRequest: GET|/|x-security-token:|", True),
        ("Incorrect IAM authentication information: Get secretKey failed", True),
        ("AK access failed to reach the limit,forbidden", True),
        ("words that nobody has seen", True),
        ("Incorrect IAM authentication information: x-auth-token not found", False),
        ("Incorrect IAM authentication information: decrypt token fail", False),
        ("Incorrect IAM authentication information: token expires, expires_at: 2024", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("code", ["APIG.0301", "APIGW.0301"])
def test_a_bad_signature_is_told_apart_from_a_bad_token(
    served: ServedDrs, client: Client, code: str, message: str, bad: bool
) -> None:
    error = outcome(served, client, gateway(401, code, message))
    assert isinstance(error, TryLater)
    assert (error.reason, error.bad_signature) == ("credentials", bad)


def test_a_bare_401_counts_as_a_bad_signature_where_we_sign(served: ServedDrs, client: Client) -> None:
    error = outcome(served, client, Fault(401))
    assert isinstance(error, TryLater)
    assert error.bad_signature
    client.project = served.project("token")
    served.script("create", Fault(401))
    error = outcome(served, client, Fault(401))
    assert isinstance(error, TryLater)
    assert not error.bad_signature


def test_retry_after_is_told_in_seconds_or_as_a_date(served: ServedDrs, client: Client, clock: Clock) -> None:
    date = format_datetime(datetime.fromtimestamp(clock(), UTC) + timedelta(seconds=90), usegmt=True)
    for header, seconds in (("7", 7.0), (date, 90.0), ("soon", None), ("-5", None)):
        error = outcome(served, client, Fault(429, headers={"Retry-After": header}))
        assert isinstance(error, TryLater)
        assert error.retry_after == seconds


def test_a_date_that_has_passed_asks_for_no_wait() -> None:
    assert seconds_to_wait("Wed, 21 Oct 2015 07:28:00 GMT", 1_712_038_676) == 0


@given(st.text())
def test_a_strange_retry_after_is_no_crash(value: str) -> None:
    assert (seconds_to_wait(value, 0.0) or 0) >= 0


@given(st.binary(max_size=60), st.integers(min_value=100, max_value=599))
def test_no_body_is_a_crash(body: bytes, status: int) -> None:
    error = decided(status, told(parsed(body)))
    assert error.code


NAMES = st.sampled_from(["error", "error_code", "error_msg", "results", "code", "message"])
SCALARS = st.none() | st.integers() | st.text()


@given(st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=12))
def test_no_error_object_is_a_crash(data: Any) -> None:
    error = told(parsed(json.dumps(data).encode()))
    assert error is None or error.code


def test_a_message_is_one_line_and_not_endless() -> None:
    error = told({"error_code": "X", "error_msg": "a\nb" + "c" * 9000})
    assert error is not None
    message = decided(400, error).message
    assert message.startswith("a bc")
    assert len(message) == 500
