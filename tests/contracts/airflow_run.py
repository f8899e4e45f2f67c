"""Runs the Airflow snippet's operator as Airflow does: worker, triggerer, worker. Arguments: a DRS job, a request id.

Exit codes: 0 the task succeeds, 1 it fails for good. Airflow itself is used where it is installed.
"""

import asyncio
import importlib
import json
import sys
from typing import Any


def main(job_id: str, request_id: str) -> int:
    """Returns the exit code."""
    snippet = importlib.import_module("parity_airflow")
    operator = snippet.ParityOperator(
        task_id="compare", request={"job_id": job_id, "object_level_compare_type": "objects"}, request_id=request_id
    )
    try:
        operator.execute({})
    except BaseException as deferred:
        if type(deferred).__name__ not in {"Deferred", "TaskDeferred"}:
            raise
        trigger, method = deferred.trigger, deferred.method_name  # type: ignore[attr-defined]
    path, keywords = trigger.serialize()
    module, _, name = path.rpartition(".")
    again = getattr(importlib.import_module(module), name)(**json.loads(json.dumps(keywords)))
    event = asyncio.run(_first(again))
    try:
        sys.stdout.write(getattr(operator, method)({}, json.loads(json.dumps(event)))["data"]["verdict"])
    except snippet.AirflowFailException as failed:
        sys.stdout.write(str(failed))
        return 1
    return 0


async def _first(trigger: Any) -> Any:
    async for event in trigger.run():
        return event.payload
    raise AssertionError("a trigger has to fire")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
