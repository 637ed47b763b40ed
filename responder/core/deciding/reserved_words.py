"""Reserved keywords, above every rule: STOP, START, HELP, and what may be a STOP."""

from dataclasses import replace
from datetime import timedelta

from responder.core.contact.effects import (
    CloseDoubts,
    Effect,
    OpenHandOff,
    OptIn,
    OptOut,
    Purpose,
    Reply,
    Subscribe,
    Unsubscribe,
)
from responder.core.contact.known import SubscriptionStatus
from responder.core.contact.question import QuestionStatus
from responder.core.contact.reasons import because
from responder.core.deciding.decision import Decision
from responder.core.recognition.answers import read_answer
from responder.core.recognition.outcome import NOTHING, Confirmation, Outcome, Recognition
from responder.core.recognition.packs import ALWAYS
from responder.core.recognition.reserved import recognise
from responder.core.rules.rules import ASK, LEFT, Rules
from responder.core.rules.situation import Match, Situation

CONFIRM_WITHIN = timedelta(minutes=5)  # 47 CFR 64.1200(a)(12)
CONFIRM_EVERY = timedelta(hours=24)  # at most one confirmation to a number, so that two robots fall silent
SHORT = 24  # characters of a text that many people send
MOST_REMEMBERED = 1000  # texts
MAY_WANT_TO_STOP = because("may_want_to_stop")
WANTS_TO_CANCEL = because("wants_to_cancel")
STOP_BEFORE_APPOINTMENT = because("stop_before_appointment")
ANSWERS_DOUBT = because("answers_doubt")


def reserved(situation: Situation, rules: Rules) -> Decision | None:
    """What a reserved keyword does; a harmless phrase that looks like one is only noted."""
    recognition = _recognised(situation, rules)
    if recognition is NOTHING:
        return None
    if recognition.outcome is Outcome.NOTHING:
        return Decision(name=None, recognition=recognition)
    return _decision_of(recognition, situation, rules)


def _recognised(situation: Situation, rules: Rules) -> Recognition:
    """What is recognised in the own words of a text; what may only be meant yields to a rule that knows the text."""
    found = _remembered(situation, rules) if len(situation.text) <= SHORT else _read(situation, rules)
    return NOTHING if found.yields and _is_keyword(situation, rules) else found


def _remembered(situation: Situation, rules: Rules) -> Recognition:
    """What is recognised in a short text, of which many people send the same few: reading one costs as much as SQL."""
    lexicon, read = situation.lexicon, rules.recognitions
    as_what = (id(lexicon), situation.text, situation.known.opted_out, situation.is_asked)
    found = read.get(as_what)
    if found is None:
        if len(read) >= MOST_REMEMBERED:
            read.clear()
        found = read[as_what] = (_read(situation, rules), lexicon)
    return found[0]


def _read(situation: Situation, rules: Rules) -> Recognition:
    return recognise(
        situation.folded,
        situation.lexicon,
        opted_out=situation.known.opted_out,
        question_open=situation.is_asked,
        lists=rules.list_words,
        read=lambda: situation.written,
    )


def _is_keyword(situation: Situation, rules: Rules) -> bool:
    return any(rules.rules[position].text is not None for position, _ in rules.index.matches(situation))


def _decision_of(recognition: Recognition, situation: Situation, rules: Rules) -> Decision:
    word = recognition.word
    language = word.language if word and word.language != ALWAYS else None
    match = Match(text=situation.folded, language=language)
    decision = Decision(name=recognition.rule, match=match, recognition=recognition)

    def text(keyword: str, list_name: str = "") -> str:
        picked = rules.reserved_texts[keyword].pick(language, situation.known.language, rules.languages[0])
        named = {"name": list_name, "title": rules.list_titles.get(list_name, "")}
        return picked.render({"contact": {"number": situation.known.originator}, "list": named})

    match recognition.outcome:
        case Outcome.OPT_OUT if recognition.lists:
            return _stop_lists(decision, situation, rules, text(LEFT, recognition.lists[0]))
        case Outcome.OPT_OUT:
            return _stop(decision, situation, rules, text("stop"))
        case Outcome.OPT_IN:
            effects = (*_start(recognition, situation), *_doubts_closed(situation))
            replies = (Reply(text=text("start"), purpose=Purpose.WELCOME),)
            return replace(decision, effects=effects, replies=replies)
        case Outcome.HELP:
            return replace(decision, replies=(Reply(text=text("help"), purpose=Purpose.HELP),))
        case _:
            handed_off = OpenHandOff(reason=MAY_WANT_TO_STOP, holds_marketing=True, word=recognition.typed)
            asked = (Reply(text=text(ASK), purpose=Purpose.DIALOGUE),) if _asks(situation, rules) else ()
            return replace(decision, effects=(handed_off,), replies=asked)


def _asks(situation: Situation, rules: Rules) -> bool:
    """Whether a doubt is asked about: once until a person closes it, and never a +1 number."""
    known = situation.known
    is_settled = known.opted_out or known.doubted_at is not None
    return ASK in rules.reserved_texts and not situation.lexicon.is_north_american and not is_settled


def may_answer_doubt(situation: Situation, rules: Rules) -> bool:
    """Whether a text is too short to be clear, while the newest that we asked is whether texts are wanted."""
    known, written = situation.known, situation.written
    if known.doubted_at is None or ASK not in rules.reserved_texts or situation.lexicon.is_north_american:
        return False
    of_appointments = (one.asked_by(situation.now) for one in known.appointments)
    asked = (question.asked_at for question in known.questions if question.status is QuestionStatus.OPEN)
    if any(at and at > known.doubted_at for at in (*of_appointments, *asked)):
        return False
    return not written.tokens or written.folded.isdigit() or read_answer(written, situation.lexicon) is not None


def _doubts_closed(situation: Situation) -> tuple[CloseDoubts, ...]:
    return (CloseDoubts(),) if situation.known.doubted_at else ()


def _stop(decision: Decision, situation: Situation, rules: Rules, text: str) -> Decision:
    """Opt out of everything, with one confirmation if this is news and none was sent lately."""
    known = situation.known
    confirms = rules.confirmation is Confirmation.OURS and not known.opted_out and _may_confirm(situation)
    left = [
        Unsubscribe(
            list=subscription.list,
            taken_by_stop=subscription.status is SubscriptionStatus.SUBSCRIBED,
            ends_at=subscription.ends_at,
        )
        for _, subscription in sorted(known.subscriptions.items())  # in one order, however they were read
        if subscription.status is not SubscriptionStatus.UNSUBSCRIBED
    ]
    reason = _why_shown(decision.recognition, situation)
    handed_off = [OpenHandOff(reason=reason)] if reason else []
    effects: tuple[Effect, ...] = (OptOut(word=decision.recognition.typed, confirmed=confirms), *left, *handed_off)
    return replace(decision, effects=effects, replies=(_confirmation(situation, text),) if confirms else ())


def _why_shown(recognition: Recognition, situation: Situation) -> str | None:
    """Why a person should see an opt-out: no reminder can reach whoever has an appointment to come."""
    if recognition.also_cancels:
        return WANTS_TO_CANCEL
    known = situation.known
    is_expected = any(one.is_expected(situation.now) for one in known.appointments)
    return STOP_BEFORE_APPOINTMENT if is_expected and not known.opted_out else None


def _stop_lists(decision: Decision, situation: Situation, rules: Rules, text: str) -> Decision:
    """Leave some lists for good (NEWS OFF): START does not bring them back, and no gateway confirms it."""
    confirms = rules.confirmation is not Confirmation.NONE and _may_confirm(situation)
    lists = decision.recognition.lists
    effects = tuple(Unsubscribe(list=name, confirmed=confirms and name == lists[0]) for name in lists)
    return replace(decision, effects=effects, replies=(_confirmation(situation, text),) if confirms else ())


def _may_confirm(situation: Situation) -> bool:
    confirmed_at = situation.known.confirmed_at
    return confirmed_at is None or situation.now - confirmed_at >= CONFIRM_EVERY


def _confirmation(situation: Situation, text: str) -> Reply:
    return Reply(text=text, purpose=Purpose.CONFIRMATION, expires_at=situation.now + CONFIRM_WITHIN)


def _start(recognition: Recognition, situation: Situation) -> tuple[Effect, ...]:
    """Opt in again, and rejoin the lists that STOP took, for the rest of their time."""
    now, subscriptions = situation.now, situation.known.subscriptions.values()
    taken = (s for s in subscriptions if s.taken_by_stop and (s.ends_at is None or s.ends_at > now))
    back = (Subscribe(list=s.list, lasts=s.ends_at - now if s.ends_at else None, brought_back=True) for s in taken)
    return (OptIn(word=recognition.typed), *back)
