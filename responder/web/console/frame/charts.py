"""Charts as SVG, made here: bars for each day, up for those who joined, down for those who left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from responder.core.consent.standing import GrowthDay

WIDTH, HEIGHT, EDGE = 760.0, 180.0, 24.0
GAP = 0.25  # of a bar


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One bar: where it stands, how large it is, and what it says."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    day: date
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class GrowthChart:
    """The bars of a chart, and the line between those who came and those who left."""

    bars: tuple[Bar, ...]
    middle: float
    highest: int
    lowest: int
    width: float = WIDTH
    height: float = HEIGHT


def growth_chart(days: Sequence[GrowthDay]) -> GrowthChart:
    """The chart of some days, scaled so that the largest day fills it."""
    highest = max((day.joined for day in days), default=0)
    lowest = max((day.left for day in days), default=0)
    scale = (HEIGHT - 2 * EDGE) / max(highest + lowest, 1)
    middle = EDGE + highest * scale
    each = WIDTH / max(len(days), 1)
    bars = [bar for place, day in enumerate(days) for bar in _bars(day, place * each, each, middle, scale)]
    return GrowthChart(bars=tuple(bars), middle=round(middle, 1), highest=highest, lowest=lowest)


def _bars(day: GrowthDay, x: float, each: float, middle: float, scale: float) -> list[Bar]:
    at, width = round(x + each * GAP / 2, 1), round(each * (1 - GAP), 1)
    up, down = round(day.joined * scale, 1), round(day.left * scale, 1)
    bars = []
    if day.joined:
        bars.append(
            Bar(x=at, y=round(middle - up, 1), width=width, height=up, kind="joined", day=day.day, count=day.joined)
        )
    if day.left:
        bars.append(Bar(x=at, y=round(middle, 1), width=width, height=down, kind="left", day=day.day, count=day.left))
    return bars
