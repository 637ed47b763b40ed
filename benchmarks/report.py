"""What a benchmark found, as tables and goals in plain text."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One thing that was measured, once in each round."""

    name: str
    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.runs)

    def ratio(self, baseline: "Row") -> float:
        """How many times the baseline it is: the median of each round's own ratio.

        No number where the baseline was too short to be measured.

        >>> Row(name="ours", runs=(4.0, 9.0, 6.0)).ratio(Row(name="theirs", runs=(2.0, 3.0, 3.0)))
        2.0
        """
        pairs = zip(self.runs, baseline.runs, strict=True)
        return median(ours / theirs if theirs else math.nan for ours, theirs in pairs)


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """What a figure has to reach: ``limit`` at the most, or at the least."""

    text: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def is_reached(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        word, bound = "reached" if self.is_reached else "missed", "at least" if self.at_least else "at most"
        return f"{word:<8} {self.text}: {figure(self.value)}, wanted {bound} {figure(self.limit)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Rows of one unit; each is compared with those named as baselines."""

    title: str
    unit: str
    rows: Sequence[Row]
    baselines: tuple[str, ...] = ()

    def row(self, name: str) -> Row:
        return next(row for row in self.rows if row.name == name)

    def ratio(self, name: str, baseline: str) -> float:
        """How many times a baseline a row is."""
        return self.row(name).ratio(self.row(baseline))

    def lines(self) -> Iterator[str]:
        """The table, its columns in line."""
        rounds = len(self.rows[0].runs)
        head = [
            self.unit,
            *(f"run {number + 1}" for number in range(rounds)),
            "median",
            "min to max",
            *(f"x {name}" for name in self.baselines),
        ]
        cells = [head, *(self._cells(row) for row in self.rows)]
        widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
        yield self.title
        for line in cells:
            yield "  ".join(
                cell.ljust(width) if column == 0 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            )

    def _cells(self, row: Row) -> list[str]:
        spread = f"{figure(min(row.runs))} to {figure(max(row.runs))}"
        ratios = (figure(row.ratio(self.row(name))) for name in self.baselines)
        return [row.name, *map(figure, row.runs), figure(row.median), spread, *ratios]


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Everything that one benchmark has to tell."""

    tables: Sequence[Table]
    goals: Sequence[Goal]

    def __str__(self) -> str:
        blocks = ["\n".join(table.lines()) for table in self.tables]
        return "\n\n".join([*blocks, "\n".join(map(str, self.goals))])


def figure(value: float) -> str:
    """A number with as many digits as a measurement of this kind deserves.

    >>> [figure(value) for value in (14477.3, 290.4, 71.25, 3.456, 0.0421)]
    ['14,477', '290', '71.2', '3.46', '0.042']
    """
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"
