"""Defaults: settings that a file gives once for all its rules, unless a rule has its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from responder.rulefile.reading.nodes import Node
from responder.rulefile.reading.reader import Reader, Wrong, flag, is_empty, shown, text
from responder.rulefile.reading.times import NO_TIME, duration

MOST_SEGMENTS = 10  # what the longest text that is ever rendered takes


@dataclass(frozen=True, kw_only=True, slots=True)
class Defaults:
    """What holds for a rule that does not say otherwise."""

    cooldown: timedelta = NO_TIME
    typos: bool = False
    max_segments: int | None = None

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of actions that the file gives a default of its own."""
        return {} if self.max_segments is None else {"max_segments": self.max_segments}


def read_defaults(node: Node | None, reader: Reader) -> Defaults:
    """What the file says for all its rules."""
    if node is None or is_empty(node):
        return Defaults()
    with reader.inside("defaults").fields(node, "default") as fields:
        return Defaults(
            cooldown=fields.take("cooldown", duration, NO_TIME),
            typos=fields.take("typos", flag, default=False),
            max_segments=fields.take("max_segments", segments, None),
        )


def segments(node: Node) -> int:
    """How many segments a text may take."""
    typed = text(node)
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 2 and 1 <= int(typed) <= MOST_SEGMENTS):
        raise Wrong(node, f"{shown(typed)} is no number of segments, expected 1 to {MOST_SEGMENTS}")
    return int(typed)
