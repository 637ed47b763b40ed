"""Rounds: what is compared runs in turn, so that a slow minute slows all of it."""

import math
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import Row

Measurement = Callable[[], Mapping[str, float]]
"""Runs something once, and gives its figures by the names of their rows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How often, how much and where. ``scale`` makes every run shorter or longer, ``folder`` decides the disk.

    ``postgresql`` is a server on which databases may be made; without it, what is measured there is left out.
    """

    rounds: int = 3
    scale: float = 1.0
    postgresql: str | None = None
    folder: Path = Path("/var/tmp")  # noqa: S108  (each run makes a private folder there; /tmp may be in memory)

    def count(self, full: int) -> int:
        """How many, where a run of normal length has ``full``.

        >>> Options(scale=0.01).count(20_000)
        200
        """
        return max(1, round(full * self.scale))


def alternate(options: Options, measurements: Mapping[str, Measurement]) -> list[Row]:
    """The figures of each round, in which all the measurements run in turn."""
    runs: dict[str, list[float]] = defaultdict(list)
    for number in range(options.rounds):
        for name, measure in measurements.items():
            _show_progress(f"round {number + 1} of {options.rounds}: {name}")
            for row, value in measure().items():
                runs[row].append(value)
    _show_progress("")
    return [Row(name=name, runs=tuple(values)) for name, values in runs.items()]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is at least as large as this share of all (nearest rank).

    >>> percentile([5.0, 1.0, 2.0, 4.0, 3.0], 0.5)
    3.0
    """
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * share) - 1)]


def _show_progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
