"""What a data engineer would write: both tables into memory by connectorx, one full join by polars.

    python engine_join.py SOURCE TARGET

Runs in an environment of its own that has both; prints the seconds after the imports and the number of differing rows.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import connectorx  # type: ignore[import-not-found]
import polars  # type: ignore[import-not-found]

COLUMNS = ("id", "big", "num", "dbl", "name", "txt", "ts", "opt")


def read(url: str) -> polars.DataFrame:
    """Every row of the table `t`."""
    return connectorx.read_sql(url, f"SELECT {', '.join(COLUMNS)} FROM t", return_type="polars")


def differing(source: polars.DataFrame, target: polars.DataFrame) -> int:
    """How many keys are on one side alone or have other values."""
    joined = source.join(target, on="id", how="full", suffix="_target")
    differs = polars.col("id").is_null() | polars.col("id_target").is_null()
    for name in COLUMNS[1:]:
        differs |= polars.col(name).ne_missing(polars.col(f"{name}_target"))
    return int(joined.filter(differs).height)


if __name__ == "__main__":
    start = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        source, target = pool.map(read, sys.argv[1:3])
    if sys.argv[1].startswith("sqlite:"):
        # SQLite has fewer types, and wider ones: what polars would join only after it was told how.
        target = target.cast(dict(source.schema))
    found = differing(source, target)
    sys.stdout.write(json.dumps({"seconds": time.perf_counter() - start, "differing": found}) + "\n")
