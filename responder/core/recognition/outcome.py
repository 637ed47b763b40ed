"""What was recognised in a message before any rule is looked at."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from responder.core.recognition.packs import Word


class Outcome(StrEnum):
    """What a message asks for, above the rules."""

    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    HELP = "help"
    REVIEW = "review"
    NOTHING = "nothing"


class Confirmation(StrEnum):
    """Who tells somebody who said STOP that it was heard."""

    OURS = "ours"
    GATEWAY = "gateway"
    NONE = "none"


RULE_NAMES = {
    Outcome.OPT_OUT: "reserved:stop",
    Outcome.OPT_IN: "reserved:start",
    Outcome.HELP: "reserved:help",
    Outcome.REVIEW: "reserved:review",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Recognition:
    """What was recognised, by which step of the opt-out reference, section 5.2, and by which word of which pack.

    ``lists`` are those that an opt-out is for, all if there are none; ``also_cancels`` tells that the word may be the
    answer to an open appointment as well. Step 8 tells the harmless phrase that made a nothing of a stop. What
    ``yields`` counts only where no rule knows the text by its words.
    """

    outcome: Outcome
    step: int | None = None
    word: Word | None = None
    lists: tuple[str, ...] = ()
    also_cancels: bool = False
    yields: bool = False

    @property
    def rule(self) -> str | None:
        return RULE_NAMES.get(self.outcome)

    @property
    def typed(self) -> str:
        return self.word.typed if self.word else ""

    def as_json(self) -> dict[str, Any] | None:
        """What is stored with the explanation; None where nothing was recognised."""
        if self.word is None:
            return None
        found = {
            "word": self.word.typed,
            "pack": self.word.language,
            "pack_version": self.word.version,
            "grade": self.word.grade,
        }
        return {
            "outcome": str(self.outcome),
            "step": self.step,
            **found,
            **({"lists": list(self.lists)} if self.lists else {}),
        }


NOTHING = Recognition(outcome=Outcome.NOTHING)

_LOOK_ALIKES = str.maketrans(
    "авсԁеһіјкӏмпорԛѕтуѵԝхցոօսαβεηικνορτυχω",
    "abcdehijklmnopqstuvwxgnouabenikvoptuxw",
)


def latin(folded: str) -> str:
    """A folded text with each letter that looks like a Latin one as that letter.

    >>> latin("ѕтор"), latin("stop")
    ('stop', 'stop')
    """
    return folded if folded.isascii() else folded.translate(_LOOK_ALIKES)
