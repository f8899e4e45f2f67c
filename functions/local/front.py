"""The AWS endpoint of the local cloud: one HTTP door for SQS, SNS, DynamoDB and Secrets Manager.

A call is: who signed it, may he, does a test want something to go wrong, then moto in the event loop's own thread.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from functions.local.callers import Caller, Keyring
from functions.local.clock import Clock, Hold
from functions.local.faults import Call, FaultHook, Phase, Refuse, suffer
from functions.local.invocations import Invocation
from functions.local.moto_aws import JSON_TARGETS, Answer, Moto
from functions.local.permissions import check_permission
from functions.local.refusals import Refusal, answer_of
from functions.local.resources import Stack
from functions.local.sns import Sns
from functions.local.sqs import Sqs

_PREFIXES = {prefix: service for service, (prefix, _) in JSON_TARGETS.items()}


@dataclass(frozen=True)
class WireCall:
    """One call to a service: its operation and parameters, and the bytes they came in."""

    service: str
    action: str
    request: dict[str, Any]
    headers: Mapping[str, str]
    body: bytes


class _Gone(Exception):
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
                body = await request.content.read()  # request.read() stops at one MiB
                answer = await self._answer(f"http://{headers.get('host', '')}{request.raw_path}", headers, body, hold)
            except _Gone:
                if request.transport is not None:
                    request.transport.abort()
                answer = Answer(500, {}, b"")
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    async def _answer(self, url: str, headers: Mapping[str, str], body: bytes, hold: Hold) -> Answer:
        call = parse_call(headers, body)
        try:
            caller = self._keyring.verify(url, headers, body, service=call.service, now=self._clock.now())
            return await self._faulty(caller, call, hold)
        except Refusal as refusal:
            return answer_of(call.service, refusal)

    async def _faulty(self, caller: Caller, call: WireCall, hold: Hold) -> Answer:
        """Do the call with whatever the fault hook wants before and after it."""
        if caller.cut_off:
            raise _Gone
        index = caller.invocation.next_call() if caller.invocation else 0
        await self._inject(caller.invocation, index, call, "before", hold)
        if caller.function is not None:
            check_permission(self._stack, caller.function, caller.arn, call.service, call.action, call.request)
        answer = await self._perform(call, hold)
        await self._inject(caller.invocation, index, call, "after", hold)
        return answer

    async def _inject(
        self, invocation: Invocation | None, index: int, call: WireCall, phase: Phase, hold: Hold
    ) -> None:
        if self._fault is None or invocation is None:
            return
        name = invocation.function.logical_id
        fault = self._fault(Call(name, invocation.number, index, call.service, call.action, phase))
        if isinstance(fault, Refuse) and phase == "before":
            raise Refusal(fault.code, fault.message, fault.status)
        if fault is not None:
            with hold.waiting():
                await suffer(fault, invocation)
            raise _Gone

    async def _perform(self, call: WireCall, hold: Hold) -> Answer:
        trace = call.headers.get("x-amzn-trace-id")
        if call.service == "sqs":
            return await self._sqs.answer(call.action, call.request, trace, hold)
        if call.service == "sns":
            return self._sns.answer(call.headers, call.body, call.request, trace)
        return self._moto.wire(call.service, call.headers, call.body)


def parse_call(headers: Mapping[str, str], body: bytes) -> WireCall:
    """Return what a request asks for; an unreadable body becomes a request without parameters, which moto refuses."""
    prefix, _, action = headers.get("x-amz-target", "").rpartition(".")
    if prefix in _PREFIXES:
        try:
            request = json.loads(body or b"{}")
        except ValueError:
            request = {}
        return WireCall(_PREFIXES[prefix], action, request if isinstance(request, dict) else {}, headers, body)
    form: dict[str, Any] = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return WireCall("sns", str(form.get("Action", "")), form, headers, body)
