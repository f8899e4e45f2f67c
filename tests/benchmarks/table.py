"""How results are printed: plain lines of at most 80 columns."""

import sys
import textwrap
from statistics import median

from tests.benchmarks.pairs import Pairs

WIDTH = 80
_NAME, _NUMBER, _CELL = 13, 6, 15


def say(line: str = "") -> None:
    """Print a line at once: a benchmark takes minutes."""
    sys.stdout.write("\n".join(textwrap.wrap(line, WIDTH, break_on_hyphens=False)) + "\n")
    sys.stdout.flush()


def say_where(line: str) -> None:
    """Print where the run is, beside what it found: to the errors, so that a report in a file is nothing else."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def row(name: str, number: str, *cells: str) -> str:
    """A line of a table: a name, an absolute number, and cells."""
    return f"{name:<{_NAME}}{number:>{_NUMBER}}" + "".join(f"{cell:>{_CELL}}" for cell in cells)


def ratio(pairs: Pairs) -> str:
    """The ratio of medians, and between what the middle half of the rounds' own ratios lies."""
    low, high = pairs.middle
    return f"{pairs.ratio:.2f} {low:.2f}-{high:.2f}"


def compared(name: str, pairs: Pairs, *, unit: str = "ms", factor: float = 1000.0) -> str:
    """One line for one pair of variants: the ratio and both medians, in `unit`, `factor` times what was measured."""
    ours, theirs = median(pairs.ours) * factor, median(pairs.theirs) * factor
    return f"{name:<30}{ratio(pairs):>16}   ours {ours:>6.1f} {unit}, usual {theirs:>6.1f} {unit}"
