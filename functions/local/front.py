"""The AWS endpoint of the local cloud: one HTTP door for SQS, SNS, DynamoDB and Secrets Manager.

A call is: who signed it, may he, does a test want something to go wrong, then moto in the event loop's own thread.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from functions.local.callers import Keyring, SignedCall
from functions.local.clock import Clock, Hold
from functions.local.faults import Call, FaultHook, Phase, Refuse, suffer
from functions.local.invocations import Invocation
from functions.local.moto_aws import JSON_TARGETS, SERVICES, Answer, Moto
from functions.local.permissions import check_permission
from functions.local.refusals import Refusal, answer_of
from functions.local.resources import Stack
from functions.local.sns import Sns
from functions.local.sqs import Sqs

MAXIMUM_BODY = 16 * 1024 * 1024
_PREFIXES = {prefix: service for service, (prefix, _) in JSON_TARGETS.items()}


class _Gone(Exception):  # noqa: N818 - not an error: the answer is that there is none
    """The connection is to be broken without an answer."""


class Front:
    """Answers AWS calls for one stack."""

    def __init__(
        self, stack: Stack, keyring: Keyring, moto: Moto, sqs: Sqs, sns: Sns, clock: Clock, fault: FaultHook | None
    ) -> None:
        self._stack = stack
        self._keyring = keyring
        self._moto = moto
        self._sqs = sqs
        self._sns = sns
        self._clock = clock
        self._fault = fault

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self._clock.hold() as hold:
            try:
                body = await request.read()
                answer = await self._answer(f"http://{headers.get('host', '')}{request.raw_path}", headers, body, hold)
            except _Gone:
                if request.transport is not None:
                    request.transport.abort()
                answer = Answer(500, {}, b"")
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    async def _answer(self, url: str, headers: Mapping[str, str], body: bytes, hold: Hold) -> Answer:
        service, action, request = parse_call(headers, body)
        try:
            signed = self._keyring.verify(url, headers, body, default=service, now=self._clock.now())
            if signed.service != service:
                raise Refusal("InvalidSignatureException", f"signed for {signed.service}, sent to {service}", 403)
            return await self._faulty(signed, headers, body, (action, request), hold)
        except Refusal as refusal:
            return answer_of(service, refusal)

    async def _faulty(
        self, signed: SignedCall, headers: Mapping[str, str], body: bytes, call: tuple[str, dict[str, Any]], hold: Hold
    ) -> Answer:
        """Do the call with whatever the fault hook wants before and after it."""
        action, request = call
        invocation = signed.caller.invocation
        if signed.caller.function is not None and invocation is None:
            raise _Gone  # a process that outlived its invocation: Lambda would have frozen it
        index = invocation.next_call() if invocation else 0
        await self._inject(invocation, index, (signed.service, action, "before"), hold)
        if signed.caller.function is not None:
            arn, function = signed.caller.arn, signed.caller.function
            check_permission(self._stack, function, arn, signed.service, action, request)
        answer = await self._perform(signed.service, headers, body, call, hold)
        await self._inject(invocation, index, (signed.service, action, "after"), hold)
        return answer

    async def _inject(
        self, invocation: Invocation | None, index: int, what: tuple[str, str, Phase], hold: Hold
    ) -> None:
        if self._fault is None or invocation is None:
            return
        fault = self._fault(Call(invocation.function.logical_id, invocation.number, index, *what))
        if isinstance(fault, Refuse) and what[2] == "before":
            raise Refusal(fault.code, fault.message, fault.status)
        if fault is not None:
            with hold.waiting():
                await suffer(fault, invocation)
            raise _Gone

    async def _perform(
        self, service: str, headers: Mapping[str, str], body: bytes, call: tuple[str, dict[str, Any]], hold: Hold
    ) -> Answer:
        action, request = call
        trace = headers.get("x-amzn-trace-id")
        if service == "sqs":
            return await self._sqs.answer(action, request, trace, hold)
        if service == "sns":
            return self._sns.answer(headers, body, request, trace)
        return self._moto.wire(service, headers, body)


def parse_call(headers: Mapping[str, str], body: bytes) -> tuple[str, str, dict[str, Any]]:
    """Return service, operation and parameters of a call; Refusal-free: what is unreadable becomes an empty request."""
    prefix, _, action = headers.get("x-amz-target", "").rpartition(".")
    if prefix in _PREFIXES:
        try:
            request = json.loads(body or b"{}")
        except ValueError:
            request = {}
        return _PREFIXES[prefix], action, request if isinstance(request, dict) else {}
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return "sns", form.get("Action", ""), dict(form)


assert set(_PREFIXES.values()) | {"sns"} == set(SERVICES)  # noqa: S101 - every service has exactly one protocol here
