"""Runs once in a process of its own, so that its time and its memory are its own; prints one line of JSON.

    python -m tests.benchmarks.engine_probe compare SOURCE TARGET
    python -m tests.benchmarks.engine_probe count SOURCE TARGET
    python -m tests.benchmarks.engine_probe scan SOURCE TARGET

`count` compares too, and tells how many connections it had at most, by the servers' ports.
"""

import json
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path


def compare(source: str, target: str) -> dict[str, object]:
    """Compare the values of two databases that nobody writes to, as the other tools do: no row is read again."""
    from functions.local.process import collect_seldom  # as the command does

    collect_seldom()
    from functions.comparer.compare import compare_databases  # whoever scans is not to pay for it
    from functions.comparer.core.options import Options

    options = Options(settle=0.0)
    start = time.perf_counter()
    found = compare_databases(source, target, objects=False, lines=False, contents=True, options=options)
    seconds = time.perf_counter() - start
    tables = [t for d in (found.contents.databases if found.contents else []) for t in d.tables]
    return {
        "seconds": seconds,
        "tables": len(tables),
        "differing": sum(t.differing for t in tables),
        "methods": sorted({t.method for t in tables}),
        "failures": [*found.failures, *found.uncompared],
    }


def counted(source: str, target: str) -> dict[str, object]:
    """Compare while a thread looks at the sockets of this process."""
    most: Counter[str] = Counter()
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.005):
            most.update({port: number - most[port] for port, number in connections().items() if number > most[port]})

    looking = threading.Thread(target=look)
    looking.start()
    try:
        found = compare(source, target)
    finally:
        done.set()
        looking.join()
    return {**found, "connections": most}


def connections() -> Counter[str]:
    """This process's connections over TCP, by the port at their other end."""
    ends = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            ends[f"socket:[{words[9]}]"] = str(int(words[2].rsplit(":", 1)[1], 16))
    held = set()  # a connection may have two handles
    for handle in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            held.add(str(handle.readlink()))
    return Counter(ends[name] for name in held if name in ends)


def scanned(source: str, target: str) -> dict[str, object]:
    """Have both sides sent, and look at nothing."""
    from tests.benchmarks.engine_scan import scan  # whoever compares is not to pay for it

    start = time.perf_counter()
    scan(source, target)
    return {"seconds": time.perf_counter() - start}


if __name__ == "__main__":
    what, *urls = sys.argv[1:]
    result = {"compare": compare, "count": counted, "scan": scanned}[what](*urls)
    sys.stdout.write(json.dumps(result) + "\n")
