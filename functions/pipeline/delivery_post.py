"""One attempt at a destination: a POST whose answer is judged by its channel, or a publication.

Nothing that a server does may hold up, fill up or lead astray the function: one time-out for everything, no redirect,
and only the beginning of an answer is read. No answer is "again", whatever became of the request: a message whose
answer was lost may be sent twice, where its service can't tell that it has it. A webhook's receiver can: by webhook-id.
"""

from typing import Protocol

import aiohttp

from functions.pipeline.channels.channel import Again, Answer, Outcome, Post, Refused

#: How much of an answer is read.
MOST_BYTES = 64 * 1024


class Judge(Protocol):
    """The part of a channel that reads answers."""

    def judge(self, answer: Answer) -> Outcome:
        """What an answer means."""
        ...


async def attempt(session: aiohttp.ClientSession, post: Post, judge: Judge, seconds: float) -> Outcome:
    """Send `post`, wait `seconds` at most, and say what the answer means. Never raises for what a server does."""
    try:
        answer = await _answer(session, post, seconds)
    except TimeoutError:
        return Again(f"no answer within {seconds:g} s", after=seconds)
    except aiohttp.ClientConnectorCertificateError:
        return Again("its certificate is not one that is trusted")
    except aiohttp.ClientConnectorError:
        return Again("no connection to it", after=seconds)
    except aiohttp.InvalidURL:
        return Refused("its URL can't be called")
    except (aiohttp.ClientError, ConnectionError) as error:
        # Its text may hold the URL, which is a secret.
        return Again(f"the connection broke, or what came is no HTTP ({type(error).__name__})", after=seconds)
    return judge.judge(answer)


async def _answer(session: aiohttp.ClientSession, post: Post, seconds: float) -> Answer:
    headers = {"accept-encoding": "identity", "user-agent": "Parity", **post.headers}
    async with session.post(
        post.url,
        data=post.body,
        headers=headers,
        timeout=aiohttp.ClientTimeout(total=seconds),
        allow_redirects=False,
        auto_decompress=False,
    ) as response:
        body = bytearray()
        while len(body) < MOST_BYTES and (chunk := await response.content.read(MOST_BYTES - len(body))):
            body += chunk
        if len(body) >= MOST_BYTES:
            response.close()  # what would still come is not waited for
        found = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, found, bytes(body))
