"""Rates and periods, as operators write them: ``5/10m`` is at most five in ten minutes."""

import re
from dataclasses import dataclass
from datetime import timedelta

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
NAMES = {"s": "second", "m": "minute", "h": "hour", "d": "day"}
PERIOD = re.compile(r"([1-9][0-9]{0,5})([smhd])")
RATE = re.compile(r"([1-9][0-9]{0,6})/([1-9][0-9]{0,5})?([smhd])")
EXPECTED_PERIOD = "a number and s, m, h or d, such as 30m or 1h"
EXPECTED_RATE = "so many in so long, such as 10/s, 5/10m or 3/h"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """At most so many in so long."""

    count: int
    period: timedelta

    def __str__(self) -> str:
        seconds = int(self.period.total_seconds())
        unit = _unit_of(seconds)
        number = seconds // UNITS[unit]
        return f"{self.count}/{'' if number == 1 else number}{unit}"


def read_rate(typed: str) -> Rate:
    """The rate in a text; ValueError if there is none.

    >>> read_rate("5/10m").count, str(read_rate("3/60M"))
    (5, '3/h')
    """
    found = RATE.fullmatch(typed.strip().lower())
    if not found:
        raise ValueError(f"expected {EXPECTED_RATE}")
    count, number, unit = found.groups()
    return Rate(count=int(count), period=timedelta(seconds=int(number or 1) * UNITS[unit]))


def read_period(typed: str) -> timedelta:
    """The period in a text; ValueError if there is none.

    >>> read_period("90m")
    datetime.timedelta(seconds=5400)
    """
    found = PERIOD.fullmatch(typed.strip().lower())
    if not found:
        raise ValueError(f"expected {EXPECTED_PERIOD}")
    return timedelta(seconds=int(found[1]) * UNITS[found[2]])


def in_words(period: timedelta) -> str:
    """A period for people, in the largest unit that fits.

    >>> in_words(timedelta(hours=1)), in_words(timedelta(minutes=90))
    ('an hour', '90 minutes')
    """
    seconds = int(period.total_seconds())
    unit = _unit_of(seconds)
    number = seconds // UNITS[unit]
    if number == 1:
        return f"{'an' if unit == 'h' else 'a'} {NAMES[unit]}"
    return f"{number} {NAMES[unit]}s"


def _unit_of(seconds: int) -> str:
    return next(unit for unit in ("d", "h", "m", "s") if seconds % UNITS[unit] == 0)
