"""Reserved keywords: STOP, START, HELP and their kin, which stand above all rules."""

from dataclasses import dataclass
from enum import StrEnum

from responder.core.known import Known
from responder.core.words import NANP, Lexicon, Word


class Reserved(StrEnum):
    """What a reserved keyword asks; the value is the rule's name in records."""

    STOP = "reserved:stop"
    START = "reserved:start"
    HELP = "reserved:help"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recognition:
    """A reserved keyword found in a message, and whether it may also be the answer to an open appointment."""

    outcome: Reserved
    word: Word
    also_cancels: bool = False


def recognise(folded: str, known: Known, lexicon: Lexicon, *, question_open: bool) -> Recognition | None:
    """The reserved keyword that a whole message is, or None: opt-out, then help, then opt-in.

    The steps 1, 5 and 6 of the opt-out reference, section 5.2; the graded recogniser of its other steps belongs here.
    """
    if word := lexicon.opt_out.get(folded):
        if not (word.yields and question_open):
            return Recognition(outcome=Reserved.STOP, word=word)
        if known.originator.startswith(NANP):
            return Recognition(outcome=Reserved.STOP, word=word, also_cancels=True)
    if word := lexicon.help.get(folded):
        return Recognition(outcome=Reserved.HELP, word=word)
    word = lexicon.opt_in.get(folded)
    if word and (not word.returning or (known.opted_out and not question_open)):
        return Recognition(outcome=Reserved.START, word=word)
    return None
