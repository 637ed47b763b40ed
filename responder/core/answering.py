"""What a text says to an appointment: read whole or not at all, and what that makes of the appointment."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from responder.core.effects import AppointmentStatus
from responder.core.words import Answer, Lexicon, lengths_by_first, without

COURTESY = frozenset({  # what a text may hold beside the answer, folded, in any language: unlike the packs' courtesy, nothing that could be an answer
    "please", "pls", "plz", "thanks", "thank you", "thank you very much", "many thanks", "thx", "sorry", "hi", "hello",
    "good morning", "good evening", "regards", "kind regards",
    "grazie", "grazie mille", "mille grazie", "per favore", "per piacere", "scusi", "scusa", "scusate", "mi scusi", "mi dispiace",
    "buongiorno", "buon giorno", "buonasera", "buona sera", "salve", "ciao", "saluti", "cordiali saluti",
    "bitte", "danke", "vielen dank", "hallo", "guten tag", "merci", "svp", "s il vous plait", "bonjour", "desole", "desolee",
    "gracias", "por favor", "hola", "buenos dias", "lo siento", "obrigado", "obrigada", "ola", "bom dia",
    "alstublieft", "aub", "dank u", "bedankt", "dziekuje", "prosze", "multumesc", "va rog",
})  # fmt: skip
COURTESY_LENGTHS = lengths_by_first(COURTESY)
LONGEST_READ = 12  # words; an answer with more of them says more than an answer

SCHEDULED, CONFIRMED = AppointmentStatus.SCHEDULED, AppointmentStatus.CONFIRMED
CANCELLED, MOVING = AppointmentStatus.CANCELLED, AppointmentStatus.RESCHEDULE_REQUESTED


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What an answer makes of an appointment: the status that it then has, and why a person has to look, if one has to."""

    status: AppointmentStatus | None
    hand_off: str | None = None


OUTCOMES: Mapping[tuple[AppointmentStatus, Answer], Outcome] = {
    (SCHEDULED, Answer.CONFIRM): Outcome(status=CONFIRMED),
    (SCHEDULED, Answer.CANCEL): Outcome(status=CANCELLED),
    (SCHEDULED, Answer.RESCHEDULE): Outcome(status=MOVING),
    (CONFIRMED, Answer.CONFIRM): Outcome(status=CONFIRMED),
    (CONFIRMED, Answer.CANCEL): Outcome(status=CANCELLED, hand_off="cancelled after it was confirmed"),
    (CONFIRMED, Answer.RESCHEDULE): Outcome(status=None, hand_off="wants another day after it was confirmed"),
    (CANCELLED, Answer.CONFIRM): Outcome(status=None, hand_off="confirms an appointment that was cancelled before"),
    (CANCELLED, Answer.CANCEL): Outcome(status=CANCELLED),
    (CANCELLED, Answer.RESCHEDULE): Outcome(status=None, hand_off="wants another day for an appointment that was cancelled before"),
    (MOVING, Answer.CONFIRM): Outcome(status=None, hand_off="confirms after another day was asked for"),
    (MOVING, Answer.CANCEL): Outcome(status=CANCELLED, hand_off="cancelled after another day was asked for"),
    (MOVING, Answer.RESCHEDULE): Outcome(status=MOVING),
}
"""Every answer to every appointment; where the status is None nothing changes, and a person decides."""


def read_answer(folded: str, lexicon: Lexicon) -> tuple[Answer, str | None] | None:
    """What a whole text answers once courtesy is left out, with the language of its word; None if it says more, less or both.

    A yes may be said in several words (``ok sure``); a no has to stand in the packs as it is, since "no cancel" can mean either.
    """
    if whole := lexicon.answers.get(folded):
        return whole
    words = folded.split()
    if not words or len(words) > LONGEST_READ:
        return None
    kept = _without_repeats(list(without_courtesy(words)))
    if whole := lexicon.answers.get(" ".join(kept)):
        return whole
    return _several_yes(kept, lexicon)


def is_courtesy(folded: str) -> bool:
    """Whether a text says thanks or hello, and nothing else.

    >>> is_courtesy("grazie mille"), is_courtesy("grazie a domani"), is_courtesy("")
    (True, False, False)
    """
    words = folded.split()
    return 0 < len(words) <= LONGEST_READ and not list(without_courtesy(words))


def without_courtesy(words: Sequence[str]) -> Iterator[str]:
    """The words that are no courtesy."""
    return without(words, COURTESY, COURTESY_LENGTHS)


def _without_repeats(words: Sequence[str]) -> list[str]:
    """The words, each only once where it was said several times over: ``no no no`` is a no."""
    return [word for place, word in enumerate(words) if place == 0 or word != words[place - 1] or word.isdigit()]


def _several_yes(words: Sequence[str], lexicon: Lexicon) -> tuple[Answer, str | None] | None:
    """A yes that is made of several; a letter or digit alone is none of them."""
    found: tuple[Answer, str | None] | None = None
    place = 0
    while place < len(words):
        runs = (" ".join(words[place:end]) for end in range(len(words), place, -1))
        run = next((run for run in runs if len(run) > 1 and lexicon.answers.get(run, (None,))[0] is Answer.CONFIRM), None)
        if run is None:
            return None
        found = found or lexicon.answers[run]
        place += run.count(" ") + 1
    return found
