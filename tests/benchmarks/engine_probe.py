"""Runs once in a process of its own, so that its time and its memory are its own; prints one line of JSON.

python -m tests.benchmarks.engine_probe compare SOURCE TARGET
python -m tests.benchmarks.engine_probe scan SOURCE TARGET
"""

import json
import sys
import time

from tests.benchmarks.engine_scan import scan


def compare(source: str, target: str) -> dict[str, object]:
    """Compare the values of two databases that nobody writes to, as the other tools do: no row is read again."""
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


def scanned(source: str, target: str) -> dict[str, object]:
    """Have both sides sent, and look at nothing."""
    start = time.perf_counter()
    scan(source, target)
    return {"seconds": time.perf_counter() - start}


if __name__ == "__main__":
    what, *urls = sys.argv[1:]
    result = compare(*urls) if what == "compare" else scanned(*urls)
    sys.stdout.write(json.dumps(result) + "\n")
