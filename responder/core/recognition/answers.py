"""What a whole text answers about an appointment, and what becomes of the appointment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.reasons import because
from responder.core.recognition.courtesy import (
    POLITE_NO,
    only_courtesy,
    thanks_back,
    ways_without_names,
    without_courtesy,
    without_parting,
)
from responder.core.recognition.lexicon import Lexicon
from responder.core.recognition.packs import Answer, begins_with
from responder.core.sms.written import Sign, Written

LONGEST_ANSWER = 12  # words; an answer with more of them says more than an answer
LONGEST_KISS = 2  # letters of a word that only a kiss doubles

SIGNS = {Sign.AGREES: Answer.CONFIRM, Sign.REFUSES: Answer.CANCEL}
SCHEDULED, CONFIRMED = AppointmentStatus.SCHEDULED, AppointmentStatus.CONFIRMED
CANCELLED, MOVING = AppointmentStatus.CANCELLED, AppointmentStatus.RESCHEDULE_REQUESTED


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What becomes of an appointment: its new status, and why a person has to look, if one has to."""

    status: AppointmentStatus | None
    hand_off: str | None = None


OUTCOMES: Mapping[tuple[AppointmentStatus, Answer], Change] = {
    (SCHEDULED, Answer.CONFIRM): Change(status=CONFIRMED),
    (SCHEDULED, Answer.CANCEL): Change(status=CANCELLED),
    (SCHEDULED, Answer.RESCHEDULE): Change(status=MOVING),
    (CONFIRMED, Answer.CONFIRM): Change(status=CONFIRMED),
    (CONFIRMED, Answer.CANCEL): Change(status=CANCELLED, hand_off=because("cancelled_after_confirmed")),
    (CONFIRMED, Answer.RESCHEDULE): Change(status=None, hand_off=because("moves_after_confirmed")),
    (CANCELLED, Answer.CONFIRM): Change(status=None, hand_off=because("confirms_cancelled")),
    (CANCELLED, Answer.CANCEL): Change(status=CANCELLED),
    (CANCELLED, Answer.RESCHEDULE): Change(status=None, hand_off=because("moves_cancelled")),
    (MOVING, Answer.CONFIRM): Change(status=None, hand_off=because("confirms_after_moving")),
    (MOVING, Answer.CANCEL): Change(status=CANCELLED, hand_off=because("cancelled_after_moving")),
    (MOVING, Answer.RESCHEDULE): Change(status=MOVING),
}
"""Every answer to every appointment; where the status is None nothing changes, and a person decides."""


def read_answer(
    written: Written, lexicon: Lexicon, names: frozenset[str] = frozenset()
) -> tuple[Answer, str | None] | None:
    """What a whole text answers, with the language of its word; None if it says more, less or both.

    Courtesy, a name, an initial, a kiss or a smile beside an answer change nothing. A yes may be said in several words
    (``ok sure``); a no has to stand in the packs as it is, since "no cancel" can mean either. One letter or digit
    answers alone. What is asked is no answer, but for "can I move it?"; nor is what is quoted.
    """
    if written.is_reaction:
        return None
    answer = _spoken_answer(written, lexicon, names)
    if written.asks:
        return answer if answer and answer[0] is Answer.RESCHEDULE and _asks_to_move(written, lexicon) else None
    if not written.signs:
        return answer
    if len(written.tokens) > LONGEST_ANSWER:
        return None
    shown = {SIGNS[sign] for sign in written.signs}
    if answer is None:
        alone = len(shown) == 1 and not without_courtesy(_spoken_words(written, lexicon, names))
        return (shown.pop(), None) if alone else None
    return answer if shown == {answer[0]} else None


def is_courtesy(written: Written, lexicon: Lexicon, names: frozenset[str] = frozenset()) -> bool:
    """Whether a text says thanks or hello, or smiles, and nothing else."""
    if written.asks or written.signs or len(written.tokens) > LONGEST_ANSWER:
        return False
    if not written.tokens:
        return written.smiles
    if _thanks_you(written):
        return True
    return any(only_courtesy(words) for words in ways_without_names(written, lexicon.packed, names))


def _spoken_answer(written: Written, lexicon: Lexicon, names: frozenset[str]) -> tuple[Answer, str | None] | None:
    """What the words of a text answer, whatever its pictures say."""
    tokens = written.tokens
    if not tokens or len(tokens) > LONGEST_ANSWER:
        return None
    if len(tokens) == 1 and len(tokens[0].folded) == 1:
        return lexicon.answers.get(tokens[0].folded) if written.is_bare else None
    if _thanks_you(written):
        return None
    for words in ways_without_names(written, lexicon.packed, names):
        meant = [_let_go(word) for word in words]
        if answer := _read(words, lexicon) or (_read(meant, lexicon) if meant != list(words) else None):
            return None if answer[0] is Answer.CANCEL and _parts_no_from_yes(written, lexicon) else answer
    return None


def _parts_no_from_yes(written: Written, lexicon: Lexicon) -> bool:
    """Whether a pause stands between a no and a yes: "nie, przyjdę" is not "nie przyjdę", which is a no."""
    tokens = written.tokens
    pause = next((place for place, token in enumerate(tokens) if place and token.before), len(tokens))
    noes = (lexicon.answers.get(token.folded) for token in tokens[:pause])
    if not all(found is not None and found[0] is Answer.CANCEL for found in noes):
        return False
    rest = _read([token.folded for token in tokens[pause:]], lexicon)
    return rest is not None and rest[0] is Answer.CONFIRM


def _asks_to_move(written: Written, lexicon: Lexicon) -> bool:
    """Whether a question is the wish itself, such as "can I move it?", and not a word with a question mark."""
    words = without_courtesy([token.folded for token in written.tokens])
    return begins_with(words, lexicon.about.asking)


def _spoken_words(written: Written, lexicon: Lexicon, names: frozenset[str]) -> Sequence[str]:
    """The words of a text without names; the shortest of all ways to leave them out."""
    return min(ways_without_names(written, lexicon.packed, names), key=len, default=())


def _thanks_you(written: Written) -> bool:
    """Whether a text gives our thanks back, as "No, thank YOU" does."""
    words = [token.folded for token in written.tokens]
    if thanks_back(words):
        return True
    if "YOU" not in written.spoken or written.is_shouted or words[:1] not in (["no"], ["nope"]):
        return False
    return only_courtesy([word for word in words if word not in POLITE_NO and len(word) > 1])


def _read(words: Sequence[str], lexicon: Lexicon) -> tuple[Answer, str | None] | None:
    """What words answer once courtesy is left out; a letter or digit that is left answers nothing."""
    for said in (words, _without_repeats(without_courtesy(words))):
        whole = " ".join(said)
        if len(whole) > 1 and (answer := lexicon.answers.get(whole)):
            return answer
    return _several_yes(without_parting(said), lexicon)


def _let_go(word: str) -> str:
    """A word without the doubled letter that a thumb was late to let go.

    Two letters stay, since ``xx`` is a kiss.

    >>> _let_go("yess"), _let_go("okk"), _let_go("xx"), _let_go("11"), _let_go("yes")
    ('yes', 'ok', 'xx', '11', 'yes')
    """
    return word[:-1] if len(word) > LONGEST_KISS and word[-1] == word[-2] and word[-1].isalpha() else word


def _without_repeats(words: Sequence[str]) -> list[str]:
    """The words, each only once where it was said several times over: ``no no no`` is a no."""
    return [word for place, word in enumerate(words) if place == 0 or word != words[place - 1] or word.isdigit()]


def _several_yes(words: Sequence[str], lexicon: Lexicon) -> tuple[Answer, str | None] | None:
    """A yes that is made of several; a letter or digit alone is none of them."""
    found: dict[int, tuple[Answer, str | None] | None] = {0: None}
    for start in range(len(words)):
        if start not in found:
            continue
        for end in range(start + 1, len(words) + 1):
            run = " ".join(words[start:end])
            answer = lexicon.answers.get(run)
            if answer and answer[0] is Answer.CONFIRM and len(run) > 1:
                found.setdefault(end, found[start] or answer)
    return found.get(len(words))
