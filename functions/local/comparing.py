"""Comparing two databases here and now, in a thread of its own, so that Ctrl-C never waits for a long statement."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from functions.comparer.compare import Comparison, compare_databases
from functions.comparer.core.engine import Stop
from functions.comparer.core.options import AS_EVER, Options
from functions.local.following import Following
from functions.local.rendering import Progress, Screen

_BEAT_SECONDS = 0.1
_PLAIN_SECONDS = 10.0
"""Between two lines of progress where nobody watches a terminal."""


@dataclass(frozen=True)
class Wanted:
    """What to compare: the levels, and with `tables` the only tables of `lines` and `contents`.

    `options`: how values are compared.
    """

    source: str
    target: str
    objects: bool
    lines: bool
    contents: bool
    tables: tuple[str, ...]
    options: Options = AS_EVER


def compare(screen: Screen, wanted: Wanted, following: Following, *, quiet: bool) -> Comparison:
    """Compare, showing how far it is: in place on a terminal; elsewhere, unless `quiet`, in a line now and then."""
    stop = Stop()
    with ThreadPoolExecutor(1) as pool, screen.progress(following.text) as progress:
        done = pool.submit(
            compare_databases,
            wanted.source,
            wanted.target,
            objects=wanted.objects,
            lines=wanted.lines,
            contents=wanted.contents,
            tables=wanted.tables,
            stop=stop,
            progress=following.tell,
            kept=following,
            options=wanted.options,
        )
        beat = _Beat(screen, progress, following, quiet=quiet)
        try:
            return _wait(done, beat.tell)
        finally:
            while not done.done():
                stop.ask()
                wait((done,), _BEAT_SECONDS)


@dataclass
class _Beat:
    """Shows what there is to be told, at every beat."""

    screen: Screen
    progress: Progress
    following: Following
    quiet: bool
    told_at: float = field(default_factory=time.monotonic)

    def tell(self) -> None:
        announced = self.following.announced
        while announced:
            line = announced.popleft()
            if not self.quiet:
                self.screen.remark("not compared  ", line, hang=4)
        self.progress.update(self.following.text)
        now = time.monotonic()
        if not (self.quiet or self.screen.live) and now - self.told_at >= _PLAIN_SECONDS:
            self.screen.remark(self.following.text)
            self.told_at = now


def _wait(done: Future[Comparison], beat: Callable[[], None]) -> Comparison:
    while True:
        try:
            found = done.result(_BEAT_SECONDS)
        except TimeoutError:
            if done.done():
                raise  # the comparison's own
            beat()
        else:
            beat()
            return found
