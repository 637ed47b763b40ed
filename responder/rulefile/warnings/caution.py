"""A warning with its witness."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from responder.core.worlds import World
from responder.errors import Mistake


class Code(StrEnum):
    """The kinds of warnings, as programs know them."""

    NEVER_APPLIES = "never-applies"
    PARTLY_APPLIES = "partly-applies"
    NEVER_HOLDS = "never-holds"
    SAME_TEXT = "same-text"
    RESERVED_WORD = "reserved-word"
    PLATFORM_WORD = "platform-word"
    SEGMENTS = "segments"
    ALPHABET = "alphabet"
    SINGLE_BRACES = "single-braces"
    CUT_OFF = "cut-off"
    NO_WAY_OUT = "no-way-out"
    HELP_TEXT = "help-text"
    CANNOT_LEAVE = "cannot-leave"
    CANNOT_JOIN = "cannot-join"
    EMPTY_PATTERN = "empty-pattern"
    NOT_EXERCISED = "not-exercised"
    NO_SECRET = "no-secret"  # noqa: S105  (the name of a warning)
    NO_ONCE_PER = "no-once-per"


@dataclass(frozen=True, kw_only=True, slots=True)
class Caution:
    """One warning: its place and text, and a text that shows it, with the world it comes in and the rule that answers it.

    ``witness`` is None where no text can show it, as with a webhook that no rule calls, or a reminder.
    """

    code: Code
    mistake: Mistake
    witness: str | None = None
    world: World | None = None
    rule: str | None = None

    def as_json(self) -> dict[str, Any]:
        """What it has beside a place and a text."""
        return {"code": str(self.code), "witness": self.witness, "rule": self.rule}
