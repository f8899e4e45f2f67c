"""`parity replay`: what could not be processed comes back with one command, and nothing is lost on the way.

The clock of the cloud starts in the past, where messages die, and is then set to the machine's, by which boto3 signs.
"""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from pydantic import SecretStr

from functions.local.cli_errors import CommandFailed
from functions.local.clock import VirtualClock
from functions.local.cloud import Cloud
from functions.local.dead_letters import DeadLetters, Outcome, why_unreadable
from functions.local.faults import Call, Fault, Refuse
from functions.local.state_file import LocalState, announced, state_path
from functions.local.stopping import unless_ended
from tests.cli.conftest import Ended, Parity
from tests.cli.test_terminal import on_a_terminal
from tests.cli.test_up import STATE
from tests.journeys.test_troubles import LINES, against
from tests.journeys.world import World
from tests.local.workshop import receive

POLL = '{"comparison_id": "cmp_' + "0" * 32 + '", "step": 3}'
API = "https://abc123.execute-api.us-east-1.amazonaws.com"


@pytest.fixture(autouse=True)
def nobody(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials of whoever runs the tests, and no service in the net that would hand some out."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def state_of(cloud: Cloud) -> LocalState:
    access = cloud.access()
    return STATE.model_copy(
        update={
            "url": cloud.url,
            "aws_endpoint": cloud.endpoint,
            "aws_region": access["AWS_REGION"],
            "aws_access_key": access["AWS_ACCESS_KEY_ID"],
            "aws_secret_key": SecretStr(access["AWS_SECRET_ACCESS_KEY"]),
            "queue_urls": {f"{name}Url": queue.url for name, queue in cloud.stack.queues.items()},
        }
    )


@asynccontextmanager
async def dying(home: Any, **options: Any) -> AsyncIterator[World]:
    """A world in the past, with a state file by which the command line finds it."""
    async with against(clock=VirtualClock(time.time() - 7_200), **options) as (w, _):
        with announced(state_path({"XDG_STATE_HOME": f"{home}/state"}), state_of(w.cloud)):
            yield w


@contextmanager
def running(clock: VirtualClock) -> Iterator[None]:
    """Set the clock to the machine's and let it run, fast: so that long polls end, and signatures stay good."""
    loop, ticking = asyncio.get_running_loop(), [True]
    clock.jump(max(time.time(), clock.now()))

    def tick() -> None:
        if ticking:
            clock.jump(clock.now() + 0.2)
            loop.call_later(0.01, tick)

    tick()
    try:
        yield
    finally:
        ticking.clear()


async def replay(w: World, parity: Parity, *arguments: str) -> Ended:
    with running(w.clock):
        return await asyncio.to_thread(parity, "replay", *arguments)


def told(ended: Ended) -> dict[str, dict[str, Any]]:
    return {queue["queue"]: queue for queue in json.loads(ended.out)["queues"]}


async def bury(w: World, *bodies: str, queue: str = "RequestsDeadLetters", **attributes: str) -> None:
    for body in bodies:
        await w.cloud.client().send(w.cloud.queue(queue).url, body, attributes=attributes)


def test_a_request_that_died_of_a_real_failure_comes_back_and_gets_its_verdict(parity: Parity, home: object) -> None:
    broken = [True]

    def fault(call: Call) -> Fault | None:
        doomed = broken[0] and call.function == "CreateFunction" and call.action == "PutItem"
        return Refuse() if doomed and call.phase == "before" else None

    async def journey() -> None:
        async with dying(home, fault=fault) as w:
            await w.enqueue(LINES | {"request_id": "q-1"})
            await w.cloud.settle(until=lambda: w.cloud.peek("RequestsDeadLetters") != [])
            broken[0] = False
            shown = await replay(w, parity)
            assert (shown.code, len(w.cloud.peek("RequestsDeadLetters"))) == (3, 1)
            assert "1 dead letter" in shown.out
            assert "failed each time it was received" in shown.out
            done = await replay(w, parity, "--yes")
            assert (done.code, w.cloud.peek("RequestsDeadLetters")) == (0, [])
            assert "1 put back, 0 left" in done.out
            (event,) = await w.finished()
            assert (event["data"]["verdict"], event["data"]["request_id"]) == ("consistent", "q-1")

    asyncio.run(journey())


def test_a_request_that_waited_too_long_comes_back_without_what_killed_it(parity: Parity, home: object) -> None:
    async def journey() -> None:
        async with dying(home) as w:
            good = w.cloud.secret("ProjectsSecret")
            w.cloud.put_secret("ProjectsSecret", "{}")
            queue, body = w.cloud.queue("RequestsQueue").url, json.dumps(LINES | {"request_id": "q-1"})
            await w.cloud.client().send(queue, body, attributes={"waits": "1999", "mine": "kept"})
            await w.cloud.settle(until=lambda: w.cloud.peek("RequestsDeadLetters") != [])
            w.cloud.put_secret("ProjectsSecret", good)
            ended = await replay(w, parity, "--queue", "requests", "--yes", "--json")
            assert ended.code == 0
            assert told(ended)["requests"]["reasons"] == {"waited 2000 times": 1}
            (event,) = await w.finished()
            assert event["data"]["verdict"] == "consistent"

    asyncio.run(journey())


def test_what_can_never_work_is_told_apart_and_left_unless_forced(parity: Parity, home: object) -> None:
    async def journey() -> None:
        async with dying(home) as w:
            await bury(w, "not json", "{}", reason="the body must be JSON")
            await bury(w, POLL, POLL, "[]", queue="PollsDeadLetters")
            ended = await replay(w, parity, "--yes", "--json")
            assert ended.code == 3
            queues = told(ended)
            assert [queues["requests"][name] for name in ("found", "unreadable", "put_back", "left")] == [2, 2, 0, 2]
            assert [queues["polls"][name] for name in ("found", "unreadable", "put_back", "left")] == [3, 1, 2, 1]
            assert queues["polls"]["reasons"]["failed each time it was received"] == 2
            await w.rest()
            assert [m.body for m in w.cloud.peek("PollsDeadLetters")] == ["[]"]

            forced = await replay(w, parity, "--yes", "--force", "--queue", "requests")
            assert forced.code == 0
            assert "2 put back" in forced.out
            await w.rest()
            assert len(w.cloud.peek("RequestsDeadLetters")) == 2, "they died again, and were not lost"

    asyncio.run(journey())


def test_attributes_come_along_and_the_reason_of_the_burial_does_not(parity: Parity, home: object) -> None:
    async def journey() -> None:
        async with dying(home) as w:
            # The sweep's own queue is left alone here: nobody takes from dead letters, so one stands in as the source.
            state = state_of(w.cloud)
            await bury(w, json.dumps(LINES | {"request_id": "q"}), reason="r", waits="7", mine="ä")
            urls = state.queue_urls["RequestsDeadLettersUrl"], state.queue_urls["PollsDeadLettersUrl"]
            ended = await with_aws(w, parity, "--urls", *urls, "--queue", "requests", "--yes")
            assert ended.code == 0, ended.err
            (moved,) = w.cloud.peek("PollsDeadLetters")
            assert moved.attributes == {"waits": "7", "mine": "ä"}

    asyncio.run(journey())


def test_dozens_come_back_once_each(parity: Parity, home: object) -> None:
    bodies = [json.dumps({"request_id": f"q-{n}", "job_id": "j"}) for n in range(33)]

    async def journey() -> None:
        async with dying(home) as w:
            await bury(w, *bodies)
            ended = await replay(w, parity, "--yes")
            assert ended.code == 0
            assert "33 put back, 0 left" in ended.out
            await w.rest()
            assert sorted(e["data"]["request_id"] for e in w.events("invalid")) == sorted(f"q-{n}" for n in range(33))

    asyncio.run(journey())


@pytest.mark.parametrize(("typed", "back"), [(b"y\n", 1), (b"n\n", 0), (b"\n", 0)])
def test_on_a_terminal_it_asks_first(home: object, typed: bytes, back: int) -> None:
    async def journey() -> None:
        async with dying(home) as w:
            await bury(w, POLL, queue="PollsDeadLetters")
            with running(w.clock):
                shown = await asyncio.to_thread(on_a_terminal, ["replay", "--queue", "polls"], typed)
            assert "Put 1 back? [y/N]" in shown
            assert ("1 put back" in shown) == bool(back)
            assert len(w.cloud.peek("PollsDeadLetters")) == 1 - back

    asyncio.run(journey())


def test_with_nothing_there_it_says_so_and_ends_well(parity: Parity, home: object) -> None:
    async def journey() -> None:
        async with dying(home) as w:
            for address in ((), ("--target", f"{w.cloud.url}/")):
                ended = await replay(w, parity, *address)
                assert (ended.code, ended.out.count("no dead letter")) == (0, 4)

    asyncio.run(journey())


# --- a deployment: a served CloudFormation names the queues, the local cloud's SQS has them ---


def _stack(name: str, outputs: Mapping[str, str]) -> str:
    members = "".join(
        f"<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
        for key, value in outputs.items()
    )
    return (
        f"<member><StackName>{name}</StackName><CreationTime>2026-11-21T12:00:00Z</CreationTime>"
        f"<StackStatus>CREATE_COMPLETE</StackStatus><Outputs>{members}</Outputs></member>"
    )


async def _cloudformation(request: web.Request, cloud: Cloud) -> web.Response:
    """DescribeStacks: one stack by name, or all of them on two pages."""
    asked = {name: values[0] for name, values in parse_qs((await request.read()).decode()).items()}
    urls = {f"{name}Url": queue.url for name, queue in cloud.stack.queues.items()}
    stacks = {"other": _stack("other", {"Some": "thing"}), "parity": _stack("parity", urls | {"ApiUrl": API})}
    if asked.get("StackName", "parity") not in stacks:
        error = (
            "<Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack x does not exist</Message></Error>"
        )
        return web.Response(status=400, text=f"<ErrorResponse>{error}</ErrorResponse>", content_type="text/xml")
    last = "StackName" in asked or "NextToken" in asked
    found = stacks[asked.get("StackName", "parity" if last else "other")]
    token = "" if last else "<NextToken>2</NextToken>"
    text = f"<Stacks>{found}</Stacks>{token}"
    text = f"<DescribeStacksResponse><DescribeStacksResult>{text}</DescribeStacksResult></DescribeStacksResponse>"
    return web.Response(text=text, content_type="text/xml")


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    with ExitStack() as exits, pytest.MonkeyPatch.context() as patch:
        exits.callback(patch.undo)
        for name, value in values.items():
            patch.setenv(name, value)
        yield


async def with_aws(w: World, parity: Parity, *arguments: str, **more: str) -> Ended:
    """Run the command as somebody whose credentials and endpoints are in the environment."""
    app, cloud = web.Application(), w.cloud

    async def answer(request: web.Request) -> web.Response:
        return await _cloudformation(request, cloud)

    app.router.add_post("/", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        access = {k: v for k, v in cloud.access().items() if k != "AWS_ENDPOINT_URL"}
        served = {"AWS_ENDPOINT_URL_SQS": cloud.endpoint, "AWS_ENDPOINT_URL_CLOUDFORMATION": f"http://{host}:{port}"}
        with environment(access | served | more):
            return await replay(w, parity, *arguments)
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("arguments", "env"),
    [(("--target", API + "/"), {}), (("--stack", "parity"), {}), ((), {"PARITY_URL": API})],
    ids=["target", "stack", "environment"],
)
def test_a_deployments_queues_are_found_by_the_outputs_of_its_stack(
    parity: Parity, home: object, arguments: tuple[str, ...], env: dict[str, str]
) -> None:
    async def journey() -> None:
        async with dying(home) as w:
            await bury(w, json.dumps(LINES | {"request_id": "q-1"}))
            ended = await with_aws(w, parity, *arguments, "--queue", "requests", "--yes", **env)
            assert ended.code == 0, ended.err
            (event,) = await w.finished()
            assert event["data"]["verdict"] == "consistent"

    asyncio.run(journey())


WRONG: list[tuple[tuple[str, ...], dict[str, str], int, str]] = [
    (("--stack", "nowhere"), {}, 2, "Stack x does not exist"),
    (("--stack", "other"), {}, 2, "no output RequestsDeadLettersUrl"),
    (("--target", API.replace("abc", "xyz")), {}, 2, "no stack of this account and region has the ApiUrl"),
    (("--stack", "parity"), {"AWS_SECRET_ACCESS_KEY": "wrong"}, 2, "AWS refused GetQueueAttributes"),
    (("--stack", "parity"), {"AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:9"}, 75, "AWS can't be reached"),
    (("--stack", "parity", "--target", API), {}, 2, "give one of them"),
    (("--urls", "a", "b"), {}, 2, "say which with --queue"),
    (("--target", "http://127.0.0.1:9"), {}, 2, "the local cloud that runs is not http://127.0.0.1:9"),
]


def test_what_can_not_be_found_or_asked_is_told_in_one_line(parity: Parity, home: object) -> None:
    async def journey() -> None:
        async with dying(home) as w:
            for arguments, env, code, said in WRONG:
                ended = await with_aws(w, parity, *arguments, AWS_MAX_ATTEMPTS="1", **env)
                assert (ended.code, said in ended.err) == (code, True), ended.err
                assert len(ended.err.splitlines()) == 1

    asyncio.run(journey())


def test_without_credentials_or_a_local_cloud_it_says_what_is_missing(parity: Parity) -> None:
    assert "--target: no local cloud is running" in parity("replay").err
    ended = parity("replay", "--stack", "parity")
    assert (ended.code, "region" in ended.err) == (2, True)


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"request_id": ""}', '{"request_id": "ä"}'])
def test_a_request_that_does_not_name_itself_is_hopeless(body: str) -> None:
    assert why_unreadable("requests", body)


@pytest.mark.parametrize("body", ["", "{}", '{"comparison_id": "x", "step": 1}', POLL.replace("3", "-3")])
def test_a_poll_without_comparison_and_step_is_hopeless(body: str) -> None:
    assert why_unreadable("polls", body)
    assert why_unreadable("polls", POLL) is None


# --- what somebody else has received, and what a look that died had ---


@pytest.mark.parametrize(("mine", "theirs"), [(0, 3), (2, 1)])
def test_what_somebody_else_looks_at_is_named_and_nothing_is_claimed_complete(
    parity: Parity, home: object, mine: int, theirs: int
) -> None:
    async def journey() -> None:
        async with dying(home) as w:
            await bury(w, *[POLL] * theirs, queue="PollsDeadLetters")
            with running(w.clock):
                await receive(w.cloud, "PollsDeadLetters", MaxNumberOfMessages=10, VisibilityTimeout=3600)
            await bury(w, *[POLL] * mine, queue="PollsDeadLetters")
            shown = await replay(w, parity, "--queue", "polls")
            assert shown.code == 3
            assert "look again in 5 minutes" in shown.out
            assert ("no dead letter can be seen" in shown.out) == (mine == 0)
            ended = await replay(w, parity, "--queue", "polls", "--yes", "--json")
            assert ended.code == 3, "what is hidden is not put back"
            queue = told(ended)["polls"]
            assert [queue[name] for name in ("found", "put_back", "left", "hidden")] == [mine, mine, 0, theirs]
            assert queue["complete"] is False

    asyncio.run(journey())


class Queue:
    """A queue as its client shows it: five messages, two at a time; `between` happens before the second batch."""

    def __init__(self, between: Callable[["Queue"], None]) -> None:
        self.visible = [f"m{n}" for n in range(5)]
        self.hidden: list[str] = []
        self.between = between
        self.sent = 0

    def receive_message(self, **_: object) -> dict[str, Any]:
        if len(self.hidden) == 2:
            self.between(self)
        batch = [self.visible.pop(0) for _ in self.visible[:2]]
        self.hidden += batch
        sent = {"SentTimestamp": "1000"}
        return {"Messages": [{"MessageId": m, "ReceiptHandle": m, "Body": POLL, "Attributes": sent} for m in batch]}

    def change_message_visibility_batch(self, *, Entries: list[dict[str, Any]], **_: object) -> None:  # noqa: N803 (the client's)
        for entry in Entries:
            self.hidden.remove(entry["ReceiptHandle"])
            self.visible.append(entry["ReceiptHandle"])

    def get_queue_attributes(self, **_: object) -> dict[str, Any]:
        name = "ApproximateNumberOfMessages"
        return {"Attributes": {name: str(len(self.visible)), f"{name}NotVisible": str(len(self.hidden))}}

    def send_message(self, **_: object) -> None:
        self.sent += 1

    def delete_message(self, *, ReceiptHandle: str, **_: object) -> None:  # noqa: N803 (the client's)
        self.hidden.remove(ReceiptHandle)


def nothing(_: Queue) -> None:
    """Nothing happens meanwhile."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_lets_go_of_what_was_received_and_a_second_one_does_not_cut_that_short(
    number: signal.Signals,
) -> None:
    class Impatient(Queue):
        def change_message_visibility_batch(self, **options: Any) -> None:
            signal.raise_signal(number)
            super().change_message_visibility_batch(**options)

    queue = Impatient(lambda _: signal.raise_signal(number))
    before = signal.getsignal(number)
    with pytest.raises(CommandFailed, match=f"stopped by {number.name}") as caught, unless_ended():
        DeadLetters(queue, "polls", "", "", 0).look()
    assert caught.value.exit_code == 128 + number
    assert (len(queue.visible), queue.hidden) == (5, [])
    assert signal.getsignal(number) is before


def test_what_another_replay_puts_back_meanwhile_is_not_left() -> None:
    queue = Queue(nothing)
    letters = DeadLetters(queue, "polls", "", "", 0)
    inventory = letters.look()
    queue.visible = queue.visible[:2]  # another replay has put back three of the five
    outcome = Outcome(left=5, hidden=0)
    assert len(list(letters.put_back(inventory, outcome, force=False))) == 2
    assert (inventory.found, inventory.hidden, outcome) == (5, 0, Outcome(left=0, hidden=0, put_back=2))


def test_what_another_replay_looks_at_meanwhile_is_hidden_and_not_put_back() -> None:
    queue = Queue(nothing)
    letters = DeadLetters(queue, "polls", "", "", 0)
    inventory = letters.look()
    queue.hidden = [queue.visible.pop() for _ in range(3)]
    outcome = Outcome(left=5, hidden=0)
    assert len(list(letters.put_back(inventory, outcome, force=False))) == 2
    assert outcome == Outcome(left=0, hidden=3, put_back=2)
