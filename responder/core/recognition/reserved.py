"""Reserved keywords: STOP, START, HELP and their kin, which come before all rules."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from responder.core.recognition.aim import Aim, aim_of, asks_about, mentions, stops_other
from responder.core.recognition.lexicon import Kind, Lexicon
from responder.core.recognition.opt_out import MOST_PHRASES, aimed, read_opt_out, unit_of
from responder.core.recognition.outcome import NOTHING, Outcome, Recognition, latin
from responder.core.recognition.packs import About, Stems, Word
from responder.core.recognition.parts import Parts, passes_over, refuses
from responder.core.recognition.phrases import Span, Spans
from responder.core.recognition.slips import LONGEST, SHORTEST
from responder.core.sms.written import Written

PHRASE, SLIP = 3, 9  # steps of the opt-out reference, section 5.2
TWO = 2
NAME = "@"  # in a phrase: "I am not @"
NO_LISTS: Mapping[str, str] = MappingProxyType({})


def recognise(
    folded: str,
    lexicon: Lexicon,
    *,
    opted_out: bool = False,
    question_open: bool = False,
    lists: Mapping[str, str] = NO_LISTS,
    read: Callable[[], Written] | None = None,
) -> Recognition:
    """What a folded text asks for before any rule is tried.

    The numbers of steps are those of the opt-out reference, section 5.2. ``lists`` are the file's lists by the folded
    words that people may call them. ``read`` gives the text as it was written, of which only its own words count.
    """
    if not folded:
        return NOTHING
    if not passes_over(folded, lexicon):
        written = read() if read else Written(folded)
        found = by_steps(written, folded, lexicon, opted_out=opted_out, question_open=question_open, lists=lists)
        if found is not NOTHING or written.quoted:
            return found
    return _slip(folded, lexicon, question_open=question_open)


def by_steps(
    written: Written, folded: str, lexicon: Lexicon, *, opted_out: bool, question_open: bool, lists: Mapping[str, str]
) -> Recognition:
    """What ``recognise`` finds in the own words of a text, without the first look that usually spares the steps."""
    folded = folded if written.is_all_own else written.worded
    if not folded:
        return NOTHING
    text = Parts(written=written, folded=folded, lexicon=lexicon, question_open=question_open, lists=lists)
    return (
        read_opt_out(text)
        or _help_or_opt_in(folded, lexicon, may_return=opted_out and not question_open)
        or _asked_or_unknown(text)
        or _doubt(text)
        or NOTHING
    )


def _slip(folded: str, lexicon: Lexicon, *, question_open: bool) -> Recognition:
    """A text that is one letter away from an opt-out: one for +1, and a doubt elsewhere."""
    if len(folded) > LONGEST or folded in lexicon.answers:
        return NOTHING
    words = folded.split()
    for meant in lexicon.slips.meant(words, lexicon.plain(words)):
        text = Parts(written=Written(meant), folded=meant, lexicon=lexicon, question_open=question_open, lists=NO_LISTS)
        found = read_opt_out(text)
        if found and (found.step != PHRASE or " ".join(text.words).startswith(found.typed)):
            outcome = Outcome.OPT_OUT if lexicon.is_north_american else Outcome.REVIEW
            return Recognition(outcome=outcome, step=SLIP, word=found.word, yields=True)
    return NOTHING


def _help_or_opt_in(folded: str, lexicon: Lexicon, *, may_return: bool) -> Recognition | None:
    """A help word or an opt-in: steps 5 and 6."""
    if word := lexicon.help.get(folded):
        return Recognition(outcome=Outcome.HELP, step=5, word=word)
    word = lexicon.opt_in.get(folded)
    return (
        Recognition(outcome=Outcome.OPT_IN, step=6, word=word) if word and (may_return or not word.returning) else None
    )


def _asked_or_unknown(text: Parts) -> Recognition | None:
    """A question about opting out, which is answered as HELP; or a phrase that may be about something else."""
    aims = [*aimed(text), *((span, aim_of(text, span)) for span in text.said(Kind.ANYWHERE)[:MOST_PHRASES])]
    for wanted, outcome, step in (
        (Aim.QUESTION, Outcome.HELP, 5),
        (Aim.MENTION, Outcome.REVIEW, 3),
        (Aim.UNKNOWN, Outcome.REVIEW, 3),
    ):
        if span := next((span for span, aim in aims if aim is wanted and not text.harmless.undoes(span)), None):
            return Recognition(outcome=outcome, step=step, word=text.phrase_at(span))
    return None


def _doubt(text: Parts) -> Recognition | None:
    """A text that may be a stop: steps 8 and 9."""
    lexicon = text.lexicon
    if text.question_open and text.folded in lexicon.answers:
        return None
    for written in (*text.ways, unit_of(text.folded.replace(" ", ""))):
        if word := lexicon.doubts.get(written):
            return Recognition(outcome=Outcome.REVIEW, step=9, word=word)
    others = [span for span, aim in aimed(text) if aim in (Aim.OTHER, Aim.REMARK)]
    harmless = Spans([*text.said(Kind.BENIGN), *others])
    return (
        _stop(text, harmless)
        or _scope_first(text)
        or _complaint(text, harmless)
        or _in_other_words(text)
        or _harmless(text, others)
        or _look_alike(text)
    )


def _stop(text: Parts, harmless: Spans) -> Recognition | None:
    """A word for stop that nothing around it makes harmless."""
    outcome = Outcome.OPT_OUT if text.lexicon.is_north_american else Outcome.REVIEW
    for place, (span, stop) in enumerate(text.stops[:MOST_PHRASES]):
        if harmless.overlaps(span) or stops_other(text, text.stop_places[place]):
            continue
        if asks_about(text, text.stop_places[place]):
            return Recognition(outcome=Outcome.HELP, step=5, word=stop)
        is_mention = mentions(text, text.stop_places[place])
        return Recognition(outcome=Outcome.REVIEW if is_mention else outcome, step=9, word=stop)
    return None


def _scope_first(text: Parts) -> Recognition | None:
    """An opt-out word behind the name of something that is no list: ``TV UNSUB``."""
    words, lexicon = text.words, text.lexicon
    if len(words) != TWO or len(words[1]) < SHORTEST or words[0] in lexicon.packed:
        return None
    word = lexicon.opt_out.get(words[1])
    if word is None or word.yields:
        return None
    return Recognition(outcome=Outcome.OPT_OUT if lexicon.is_north_american else Outcome.REVIEW, step=9, word=word)


def _complaint(text: Parts, harmless: Spans) -> Recognition | None:
    """A wrong number, or a complaint that asks for nothing and means a stop; the law for +1 takes it for one."""
    for kind in (Kind.COMPLAINTS, Kind.WRONG_NUMBERS):
        for span in text.said(kind):
            needs_name = NAME in text.lexicon.said[span.position].typed
            if not harmless.undoes(span) and (text.has_name(span) or not needs_name):
                binds = kind is Kind.COMPLAINTS and text.lexicon.is_north_american
                outcome = Outcome.OPT_OUT if binds else Outcome.REVIEW
                return Recognition(outcome=outcome, step=9, word=text.phrase_at(span))
    return None


def _in_other_words(text: Parts) -> Recognition | None:
    """A word that means leaving, whatever its ending, or a sentence that says no to messages and nothing else."""
    lexicon = text.lexicon
    if any(map(text.said, (Kind.BENIGN, Kind.PHRASES, Kind.ANYWHERE))):
        return None
    found = [word for word in dict.fromkeys(text.own_words) if lexicon.leaving.begin(word)]
    found = found or next(
        ([*said] for said in text.sentences if refuses(said, lexicon, question_open=text.question_open)), []
    )
    if not found:
        return None
    told = lexicon.about.messages | lexicon.about.contents
    is_sure = any(word in told or lexicon.leaving.begin(word) for word in found)
    binds = lexicon.is_north_american and not text.written.asks and is_sure
    pack = next((pack for pack in lexicon.packs if _is_from(pack.about, found)), lexicon.packs[0])
    word = Word(typed=" ".join(found), language=pack.language, version=pack.version, grade="D")
    return Recognition(outcome=Outcome.OPT_OUT if binds else Outcome.REVIEW, step=9, word=word, yields=True)


def _is_from(about: About, words: Sequence[str]) -> bool:
    stems = Stems(about.leaving | about.ending)
    return any(stems.begin(word) or word in about.messages or word in about.contents for word in words)


def _harmless(text: Parts, others: Sequence[Span]) -> Recognition | None:
    """The harmless phrase that made a nothing of a stop, for the explanation."""
    benign = text.said(Kind.BENIGN)
    if benign and (text.stops or text.said(Kind.PHRASES) or text.said(Kind.ANYWHERE)):
        return Recognition(outcome=Outcome.NOTHING, step=8, word=text.phrase_at(benign[0]))
    if others:
        return Recognition(outcome=Outcome.NOTHING, step=8, word=text.phrase_at(others[0]))
    return None


def _look_alike(text: Parts) -> Recognition | None:
    """A stop written with letters of another alphabet."""
    in_latin = latin(text.folded)
    if in_latin == text.folded:
        return None
    words = (text.lexicon.opt_out.get(in_latin), *(text.lexicon.stops.get(word) for word in in_latin.split()))
    word = next((word for word in words if word), None)
    return Recognition(outcome=Outcome.REVIEW, step=9, word=word) if word else None
