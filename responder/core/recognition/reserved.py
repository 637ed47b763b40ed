"""Reserved keywords: STOP, START, HELP and their kin, which come before all rules."""

from collections.abc import Mapping
from types import MappingProxyType

from responder.core.recognition.lexicon import Lexicon, passes_over
from responder.core.recognition.opt_out import read_opt_out, unit_of
from responder.core.recognition.outcome import NOTHING, Outcome, Recognition, latin
from responder.core.recognition.parts import Parts

NO_LISTS: Mapping[str, str] = MappingProxyType({})


def recognise(
    folded: str,
    lexicon: Lexicon,
    *,
    opted_out: bool = False,
    question_open: bool = False,
    lists: Mapping[str, str] = NO_LISTS,
) -> Recognition:
    """What a folded text asks for before any rule is tried.

    The numbers of steps are those of the opt-out reference, section 5.2. ``lists`` are the file's lists by the folded
    words that people may call them.
    """
    if not folded or passes_over(folded, lexicon):
        return NOTHING
    return by_steps(folded, lexicon, opted_out=opted_out, question_open=question_open, lists=lists)


def by_steps(
    folded: str, lexicon: Lexicon, *, opted_out: bool, question_open: bool, lists: Mapping[str, str]
) -> Recognition:
    """What ``recognise`` finds, without the first look that usually spares the steps."""
    text = Parts(folded=folded, lexicon=lexicon, question_open=question_open, lists=lists)
    return (
        read_opt_out(text)
        or _help_or_opt_in(folded, lexicon, may_return=opted_out and not question_open)
        or _doubt(text)
        or NOTHING
    )


def reserved_meaning(folded: str, lexicon: Lexicon, lists: Mapping[str, str] = NO_LISTS) -> Recognition | None:
    """What a text may mean before any rule is tried. None if a rule for it is always reached."""
    found = (
        recognise(folded, lexicon, lists=lists),
        recognise(folded, lexicon, lists=lists, question_open=True),
        recognise(folded, lexicon, lists=lists, opted_out=True),
    )
    return next((recognition for recognition in found if recognition.outcome is not Outcome.NOTHING), None)


def _help_or_opt_in(folded: str, lexicon: Lexicon, *, may_return: bool) -> Recognition | None:
    """A help word or an opt-in: steps 5 and 6."""
    if word := lexicon.help.get(folded):
        return Recognition(outcome=Outcome.HELP, step=5, word=word)
    word = lexicon.opt_in.get(folded)
    return (
        Recognition(outcome=Outcome.OPT_IN, step=6, word=word) if word and (may_return or not word.returning) else None
    )


def _doubt(text: Parts) -> Recognition | None:
    """A text that may be a stop: steps 8 and 9."""
    lexicon = text.lexicon
    if text.question_open and text.folded in lexicon.answers:
        return None
    for written in (*text.ways, unit_of(text.folded.replace(" ", ""))):
        if word := lexicon.doubts.get(written):
            return Recognition(outcome=Outcome.REVIEW, step=9, word=word)
    for span, stop in text.stops:
        if not text.harmless.overlaps(span):
            return Recognition(
                outcome=Outcome.OPT_OUT if lexicon.is_north_american else Outcome.REVIEW, step=9, word=stop
            )
    if text.benign and (text.stops or text.phrases or text.everywhere):
        return Recognition(outcome=Outcome.NOTHING, step=8, word=text.phrase_at(text.benign[0]))
    return _look_alike(text)


def _look_alike(text: Parts) -> Recognition | None:
    """A stop written with letters of another alphabet."""
    in_latin = latin(text.folded)
    if in_latin == text.folded:
        return None
    words = (text.lexicon.opt_out.get(in_latin), *(text.lexicon.stops.get(word) for word in in_latin.split()))
    word = next((word for word in words if word), None)
    return Recognition(outcome=Outcome.REVIEW, step=9, word=word) if word else None
