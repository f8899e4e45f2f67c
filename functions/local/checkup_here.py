"""What `parity doctor` checks on this machine: what the local cloud needs, and what runs."""

import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

from functions.local.checkup import Finding
from functions.local.errors import TemplateError
from functions.local.stage import TEMPLATE, best_runtime
from functions.local.state_file import LocalState
from functions.local.template import read_stack

_OLDEST = (3, 11)


def check_here(state_folder: Path) -> Iterator[Finding]:
    """Yield the findings about this machine."""
    version = ".".join(map(str, sys.version_info[:3]))
    fits = sys.version_info[:2] >= _OLDEST
    yield Finding("ok" if fits else "fail", "Python", version if fits else f"{version}; 3.11 or newer is needed")
    yield _template()
    if best_runtime() == "processes":
        yield Finding("ok", "functions", "run as processes under the Lambda runtime client")
    else:
        yield Finding("warn", "functions", "run in one process here: the Lambda runtime client is for Linux")
    yield _writable(state_folder)


def check_comparer(state: LocalState) -> Finding:
    """The finding about the comparer of a running local cloud: does it answer at all."""
    try:
        with build_opener(ProxyHandler({})).open(state.comparer_url, timeout=5):
            pass
    except HTTPError:
        pass  # Any answer is one: there is nothing to read at its root.
    except (URLError, OSError) as error:
        return Finding("fail", "comparison API", f"{state.comparer_url}: {getattr(error, 'reason', error)}")
    return Finding("ok", "comparison API", f"{state.comparer_url}, DRS jobs: {', '.join(state.job_ids) or 'none'}")


def _template() -> Finding:
    try:
        stack = read_stack(TEMPLATE)
    except (TemplateError, OSError) as error:
        return Finding("fail", "template", str(error))
    return Finding("ok", "template", f"{len(stack.functions)} functions, {len(stack.queues)} queues")


def _writable(folder: Path) -> Finding:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        return Finding(
            "fail", "state folder", f"{folder}: {error.strerror}; set XDG_STATE_HOME to one that can be written"
        )
    return Finding("ok", "state folder", str(folder))
