"""What the demo shows around its journey: two screens of 80 columns, to be read from top to bottom."""

from collections.abc import Mapping
from typing import Any

from functions.local.door import Answer
from functions.local.rendering import DIM, Screen, verdict_style
from functions.local.rendering_differences import show_differences
from functions.local.rendering_event import show_event_abridged
from functions.local.stage import Stage

_RUNTIMES = {"processes": "under the Lambda runtime client", "in_process": "in this process"}


def show_start(screen: Screen, running: Stage) -> None:
    """What is about to be seen."""
    screen.line(("Parity: a database-migration comparison becomes an event", "bold"))
    screen.line((f"AWS is template.yaml on this machine, functions {_RUNTIMES[running.runtime]}.", DIM))
    screen.line(("DRS is Parity's comparison service, over two SQLite databases, one of them busy.", DIM))
    screen.line()


def show_request(screen: Screen, url: str, headers: Mapping[str, str], body: bytes) -> None:
    """The signed request."""
    screen.line(("1 ", "bold cyan"), ("A signed request", "bold"), f"  POST {url}/comparisons")
    for name, value in headers.items():
        screen.line(f"    {name}: ", value, hang=6)
    screen.line("    ", body.decode(), hang=5)


def show_answer(screen: Screen, answer: Answer) -> None:
    """Its answer, and the title of what follows."""
    location = answer.headers.get("location", "")
    screen.line(("    202 Accepted", "bold green"), f"  Location: {location}", hang=6)
    screen.line()
    screen.line(("2 ", "bold cyan"), ("Every hop: function, message, what came of it", "bold"))


def show_verdict(screen: Screen, event: Mapping[str, Any]) -> None:
    """What DRS says, what it means, and what differs."""
    data = event["data"]
    statuses = sorted({task["status"] for task in data["drs_tasks"]})
    screen.line()
    screen.line(
        ("3 ", "bold cyan"),
        ("DRS says ", "bold"),
        (" and ".join(statuses), "bold"),
        ("; verdict: ", "bold"),
        (data["verdict"], verdict_style(data["verdict"])),
    )
    show_differences(screen, data)


def show_only_event(screen: Screen, event: Mapping[str, Any], deliveries: int, ids: int) -> None:
    """The finished event, and that there is one."""
    screen.line()
    screen.line(
        ("4 ", "bold cyan"),
        ("The finished event on the topic", "bold"),
        f": exactly {ids}" if ids == 1 else f": {ids}",
        (f"  ({_times(deliveries, 'delivery', 'deliveries')}, {_times(ids, 'id', 'ids')}; abridged)", DIM),
    )
    show_event_abridged(screen, event)


def show_next(screen: Screen, seconds: float) -> None:
    """What to do with one's own DRS, and how it ended."""
    screen.line()
    screen.line(("5 ", "bold cyan"), ("Next, with your own DRS", "bold"))
    for command, told in _NEXT:
        screen.line(f"    {command:<36} ", (told, DIM))
    screen.line(("  with PARITY_URL, PARITY_TOKEN, PARITY_WEBHOOK_SECRET of your deployment", DIM))
    screen.line("  Without one: ", ("parity compare old.db new.db", "bold"), ", or ", ("parity up", "bold"))
    screen.line()
    screen.line((f"{seconds:.1f}s; all is stopped and removed. Exit code 0 all the same: it is a demo.", DIM))


_NEXT = (
    ("make build && sam deploy --guided", "deploy it; the README has the costs"),
    ("parity doctor", "check what you have configured"),
    ("parity send request.json --watch", "ask, and wait for the verdict"),
)


def _times(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
