"""One attempt at a destination: whatever a server does, there is an outcome in time."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import aiohttp
import pytest

from functions.pipeline.channels.channel import Again, Answer, Delivered, Outcome, Post, Refused
from functions.pipeline.delivery_post import MOST_BYTES, attempt
from tests.chat.served import Cuts, Failure, Floods, Hangs, Lies, Redirects, ServedChats


class Listener:
    """A channel that takes everything, and keeps what it was told."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []

    def judge(self, answer: Answer) -> Outcome:
        self.answers.append(answer)
        return Delivered()


def run(asked: Coroutine[Any, Any, tuple[Outcome, list[Answer]]]) -> tuple[Outcome, list[Answer]]:
    return asyncio.run(asked)


async def ask(failure: Failure | None, seconds: float = 5) -> tuple[Outcome, list[Answer]]:
    listener = Listener()
    async with ServedChats(time.time) as chats, aiohttp.ClientSession() as session:
        if failure:
            chats.script("wecom", failure)
        outcome = await attempt(session, Post(f"{chats.url}/wecom/wecom", b"{}"), listener, seconds)
        assert chats.arrived["elsewhere"] == []
    return outcome, listener.answers


def test_the_answer_is_judged_by_its_channel_with_names_of_headers_in_lower_case() -> None:
    outcome, (answer,) = run(ask(None))
    assert outcome == Delivered()
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.body == b'{"errcode": 0, "errmsg": "ok"}'


def test_a_redirect_is_an_answer_like_any_other() -> None:
    _, (answer,) = run(ask(Redirects()))
    assert answer.status == 302


def test_of_an_endless_answer_the_beginning_is_read() -> None:
    _, (answer,) = run(ask(Floods()))
    assert len(answer.body) == MOST_BYTES


def test_a_page_for_people_is_an_answer_too() -> None:
    _, (answer,) = run(ask(Lies("<html>")))
    assert answer.body == b"<html>"


def test_no_answer_in_time_is_again_and_the_destination_rests() -> None:
    assert run(ask(Hangs(), 0.2)) == (Again("no answer within 0.2 s", after=0.2), [])


def test_a_broken_connection_is_again() -> None:
    outcome, answers = run(ask(Cuts()))
    assert isinstance(outcome, Again)
    assert answers == []


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://127.0.0.1:9/hidden", Again),
        ("http://does-not-exist.invalid/hidden", Again),
        ("https:///hidden", Refused),
        ("http://:bad/hidden", Refused),
    ],
)
def test_a_url_that_leads_nowhere_is_told_without_the_url(url: str, kind: type[Again | Refused]) -> None:
    async def asked() -> tuple[Outcome, list[Answer]]:
        async with aiohttp.ClientSession() as session:
            return await attempt(session, Post(url, b"{}"), Listener(), 5), []

    outcome, _ = run(asked())
    assert isinstance(outcome, kind)
    assert "hidden" not in str(outcome)
    assert "invalid" not in str(outcome)


def test_what_speaks_no_http_is_again() -> None:
    async def asked() -> tuple[Outcome, list[Answer]]:
        async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 smtp.example ESMTP\r\n\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(babble, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, aiohttp.ClientSession() as session:
            return await attempt(session, Post(f"http://127.0.0.1:{port}/", b"{}"), Listener(), 5), []

    assert isinstance(run(asked())[0], Again)
