"""Runs once in a process of its own, so that its time and its memory are its own; prints one line of JSON.

    python -m tests.benchmarks.value_probe compare SOURCE TARGET [METHOD]
    python -m tests.benchmarks.value_probe scan SOURCE TARGET

`scan` reads every value of both files in SQLite and keeps none: what no comparison can do without.
"""

import json
import sys
import time
from pathlib import Path

from functions.comparer.compare import compare_databases
from tests.benchmarks.file_scan import scan_file


def compare(source: Path, target: Path, methods: tuple[str, ...]) -> dict[str, object]:
    """Compare the values of two files; `methods` limits the planner."""
    start = time.perf_counter()
    found = compare_databases(
        str(source), str(target), objects=False, lines=False, contents=True, methods=methods or None
    )
    seconds = time.perf_counter() - start
    tables = [t for d in (found.contents.databases if found.contents else []) for t in d.tables]
    return {
        "seconds": seconds,
        "rows": sum((t.source_rows or 0) for t in tables),
        "tables": len(tables),
        "differing": sum(t.differing for t in tables),
        "methods": sorted({t.method for t in tables}),
        "failures": found.failures,
    }


def scan(*paths: Path) -> dict[str, object]:
    """Read every value of the table `t` of these files, one after the other."""
    start = time.perf_counter()
    for path in paths:
        scan_file(path)
    return {"seconds": time.perf_counter() - start}


if __name__ == "__main__":
    what, *paths = sys.argv[1:4]
    files = [Path(path) for path in paths]
    result = scan(*files) if what == "scan" else compare(files[0], files[1], tuple(sys.argv[4:]))
    sys.stdout.write(json.dumps(result) + "\n")
