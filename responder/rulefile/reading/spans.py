"""Spans of time and hours of the day, as an operator writes them: ``24h``, ``1d``, ``21:00-08:00``."""

import re
from datetime import time, timedelta

from responder.core.rules.appointments import QuietHours, Span
from responder.rulefile.reading.nodes import Node
from responder.rulefile.reading.reader import Wrong, shown, text

SPAN = re.compile(r"([0-9]{1,4})([mhdw])")
HOURS = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])\s*-\s*([01]?[0-9]|2[0-3]):([0-5][0-9])")
LONGEST = timedelta(days=366)


def span(node: Node) -> Span:
    """A span; days and weeks are those of the calendar."""
    typed = text(node)
    found = SPAN.fullmatch(typed)
    if not found or not int(found[1]):
        raise Wrong(node, f"{shown(typed)} is no span of time, expected for example 30m, 24h, 1d or 1w")
    count, unit = int(found[1]), found[2]
    read = (
        Span(days=count * (7 if unit == "w" else 1))
        if unit in "dw"
        else Span(rest=timedelta(**{{"m": "minutes", "h": "hours"}[unit]: count}))
    )
    if read.length > LONGEST:
        raise Wrong(node, f"{shown(typed)} is longer than a year, make it shorter")
    return read


def length(node: Node) -> timedelta:
    """How long a span is."""
    return span(node).length


def quiet_hours(node: Node) -> QuietHours:
    """Hours of the day, also over midnight."""
    typed = text(node)
    found = HOURS.fullmatch(typed)
    if not found:
        raise Wrong(node, f"{shown(typed)} are no hours, expected for example 21:00-08:00")
    begin, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    if begin == end:
        raise Wrong(
            node, f"{shown(typed)} begin and end at the same time, so that it is not clear whether they are none or all"
        )
    return QuietHours(begin=begin, end=end)
