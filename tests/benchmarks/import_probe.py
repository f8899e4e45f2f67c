"""Run in a fresh process: what it costs to execute some lines on top of the Lambda runtime client.

Arguments: the folders to import from (the last one has the runtime client), and the lines. Prints milliseconds of
processor time and of wall time.
"""

import os
import sys
import time

sys.path[:0] = sys.argv[1].split(os.pathsep)
from awslambdaric import bootstrap, lambda_runtime_client  # noqa: E402 - its folder had to be named first

LOADED = (bootstrap, lambda_runtime_client)

lines = compile(sys.argv[2], "handler", "exec")
processor, wall = time.process_time(), time.perf_counter()
exec(lines)
processor, wall = time.process_time() - processor, time.perf_counter() - wall
sys.stdout.write(f"{processor * 1000} {wall * 1000}\n")
