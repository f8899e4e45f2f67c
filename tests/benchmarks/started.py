"""Starts a command and tells what it used, as JSON on the file descriptor that is given first.

    python -I -S tests/benchmarks/started.py FD COMMAND ...

The system counts the memory of whoever starts a command as the command's own until it runs: this is as small as can be.
"""

import json
import os
import sys

if __name__ == "__main__":
    told, *command = sys.argv[1:]
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, used = os.wait4(pid, 0)
    answer = {"cpu": used.ru_utime + used.ru_stime, "kilobytes": used.ru_maxrss}
    os.write(int(told), json.dumps(answer).encode())
    sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
