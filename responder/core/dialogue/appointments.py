"""Answers to appointments; where several are open, a numbered list asks which of them is meant."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from responder.core.contact.changes import OVERTAKEN
from responder.core.contact.effects import OpenHandOff, Reply, SetLanguage, TellUnclear
from responder.core.contact.known import Appointment
from responder.core.contact.question import (
    Ask,
    Choice,
    CloseQuestion,
    Happening,
    Question,
    QuestionKind,
    QuestionStatus,
    question_key,
)
from responder.core.contact.reasons import because
from responder.core.dialogue.questions import FollowUp, asked_since, list_state, open_list, shown_list, stands
from responder.core.recognition.answers import OUTCOMES, is_courtesy
from responder.core.recognition.courtesy import without_courtesy
from responder.core.recognition.packs import Answer
from responder.core.rules.appointments import contact_values
from responder.core.rules.rules import Rules
from responder.core.rules.situation import Situation
from responder.core.rules.template import Texts
from responder.core.sms.text import size

MOST = 9  # appointments in one list, so that one digit chooses
VALID_FOR = timedelta(hours=48)
ALL = frozenset({"all", "both", "tutti", "tutte", "tutti e due", "tutte e due", "entrambi",
    "entrambe", "alle", "beide", "tous", "toutes"}) | {
    "todos", "todas", "allemaal", "wszystkie", "oba", "toate", "all of them", "both of them", "tutti quanti",
    "tutte quante", "les deux",
    "toutes les deux", "tous les deux", "los dos", "las dos", "ambos", "ambas", "os dois", "as duas",
    "alle beide", "allebei", "alle twee", "obie",
    "obydwa", "obydwie", "ambele", "amandoua",
}  # fmt: skip
# what happens to the chosen appointment, in letters of the 7-bit alphabet
INTENTIONS: Mapping[str, Mapping[Answer, str]] = {
    "de": {Answer.CONFIRM: "bestätigen", Answer.CANCEL: "absagen", Answer.RESCHEDULE: "verschieben"},
    "en": {Answer.CONFIRM: "confirm", Answer.CANCEL: "cancel", Answer.RESCHEDULE: "move"},
    "es": {Answer.CONFIRM: "confirmar", Answer.CANCEL: "cancelar", Answer.RESCHEDULE: "cambiar"},
    "fr": {Answer.CONFIRM: "confirmer", Answer.CANCEL: "annuler", Answer.RESCHEDULE: "déplacer"},
    "it": {Answer.CONFIRM: "confermare", Answer.CANCEL: "annullare", Answer.RESCHEDULE: "spostare"},
    "nl": {Answer.CONFIRM: "bevestigen", Answer.CANCEL: "afzeggen", Answer.RESCHEDULE: "verzetten"},
    "pl": {Answer.CONFIRM: "potwierdzic", Answer.CANCEL: "odwolac", Answer.RESCHEDULE: "przelozyc"},
    "pt": {Answer.CONFIRM: "confirmar", Answer.CANCEL: "cancelar", Answer.RESCHEDULE: "remarcar"},
    "ro": {Answer.CONFIRM: "confirmare", Answer.CANCEL: "anulare", Answer.RESCHEDULE: "mutare"},
}
AND = frozenset({"and", "e", "ed", "und", "et", "y", "en", "i", "si", "plus"})
UNCLEAR = because("unclear_answer")
LATE = because("late_answer")
CLOSED = because("question_closed")
NOT_LISTED = because("number_not_listed")
GONE = because("chose_gone")
CHOSE_NONE = because("chose_none")


def ask_which(situation: Situation, answer: Answer, rules: Rules) -> tuple[Ask, Reply] | None:
    """The question which open appointment is meant, with its text; None if the file has none."""
    which, appointments = rules.appointments.which, situation.open_appointments[:MOST]
    if which is None:
        return None
    message, now = situation.message, situation.now
    question = Question(
        key=question_key(message.key),
        kind=QuestionKind.WHICH,
        originator=message.originator,
        destination=message.destination,
        asked_at=now,
        expires_at=now + VALID_FOR,
        choices=tuple(Choice(subject=one.id, starts_at=one.starts_at) for one in appointments),
        intention=answer,
    )
    text = _text(appointments, answer, which, situation, rules)
    return Ask(question=question), Reply(text=text, asks=question.key)


def _text(listed: Sequence[Appointment], answer: Answer, which: Texts, situation: Situation, rules: Rules) -> str:
    """The list in the file's words, with as much about each appointment as fits into one segment."""
    languages = (situation.answer[1] if situation.answer else None, situation.known.language, rules.languages[0])
    template, language = which.pick(*languages), which.language(*languages) or rules.languages[0]
    values = {
        "contact": contact_values(situation.known, rules.languages[0]),
        "intention": INTENTIONS.get(language, INTENTIONS["en"])[answer],
    }
    texts = [template.render(values | {"choices": _lines(listed, parts, rules.zone)}) for parts in (2, 1, 0)]
    return next((text for text in texts if size(text).segments == 1), texts[1])


def _lines(listed: Sequence[Appointment], parts: int, zone: ZoneInfo) -> str:
    return "\n".join(f"{number} {_in_short(one, parts, zone)}" for number, one in enumerate(listed, start=1))


def _in_short(appointment: Appointment, parts: int, zone: ZoneInfo) -> str:
    when = f"{appointment.starts_at.astimezone(zone):%d/%m %H:%M}"
    return " ".join([when, *[part for part in (appointment.name, appointment.service) if part][:parts]])


def read_choice(folded: str, count: int) -> tuple[int, ...] | None:
    """The choices up to ``count`` that a text picks: ``()`` if one is off the list, None if it picks nothing.

    >>> read_choice("1 e 3", 3), read_choice("tutti", 2), read_choice("4", 3), read_choice("1 forse", 3)
    ((1, 3), (1, 2), (), None)
    """
    words = list(without_courtesy(folded.split()))
    if " ".join(words) in ALL:
        return tuple(range(1, count + 1))
    if not words or words[0] in AND or words[-1] in AND:
        return None
    chosen = [word for word in words if word not in AND]
    if not all(word.isascii() and word.isdigit() for word in chosen):
        return None
    known = {str(number): number for number in range(1, count + 1)}
    return tuple(dict.fromkeys(known[word] for word in chosen)) if known.keys() >= set(chosen) else ()


def hear_choice(situation: Situation, rules: Rules) -> FollowUp | None:
    """What a text does that chooses from a list of appointments; None if it chooses nothing."""
    question = shown_list(situation)
    numbers = read_choice(situation.written.folded, len(question.choices)) if question else None
    if question is None or numbers is None:
        return None
    is_overtaken = asked_since(question.asked_at, situation)
    if is_overtaken and (not numbers or situation.now >= question.expires_at):
        return None
    if is_overtaken or list_state(question, situation) is not QuestionStatus.OPEN:
        return _unclear(situation, rules, CLOSED)
    if not numbers:
        return _unclear(situation, rules, NOT_LISTED)
    choices = [question.choices[number - 1] for number in numbers]
    intention, language = Answer(question.intention), situation.known.language
    spoken = language if rules.answers_in(language, intention) else None
    chosen = tuple(
        replace(situation, chosen=choice.subject, intention=intention, spoken=spoken)
        for choice in choices
        if stands(situation)(choice)
    )
    closed = CloseQuestion(key=question.key, happening=Happening.ANSWER)
    gone = (OpenHandOff(reason=GONE),) if len(chosen) < len(choices) else ()
    return FollowUp(effects=(closed, *gone), chosen=chosen)


def hear_unanswered(situation: Situation, rules: Rules) -> FollowUp | None:
    """What a text does that no rule answered; None if it is not about an appointment."""
    if situation.is_overtaken:
        return FollowUp(effects=(OpenHandOff(reason=OVERTAKEN),))
    if not situation.known.appointments:
        return None
    answer = situation.answer
    if answer and situation.late_appointment:
        return _with_text(rules.appointments.late, situation, rules, LATE)
    if not situation.open_appointments:
        return None
    if answer and len(situation.open_appointments) > 1 and rules.answers(situation) and not situation.known.opted_out:
        return _which_one(situation, *answer, rules)
    if not any(appointment.waits for appointment in situation.open_appointments) and is_courtesy(
        situation.written, situation.lexicon, situation.names
    ):
        return FollowUp()
    return _unclear(situation, rules, why_unclear(situation))


def why_unclear(situation: Situation) -> str:
    """Why a person has to look at a text that came while an appointment was open."""
    appointment, answer = situation.appointment, situation.answer
    outcome = OUTCOMES[appointment.status, answer[0]] if appointment and answer else None
    return outcome.hand_off if outcome and outcome.status is None and outcome.hand_off else UNCLEAR


def _which_one(situation: Situation, answer: Answer, language: str | None, rules: Rules) -> FollowUp:
    before = open_list(situation)
    if before and before.intention == answer:
        return _unclear(situation, rules, CHOSE_NONE)
    question = ask_which(situation, answer, rules)
    if question is None:
        return _unclear(situation, rules, UNCLEAR)
    is_news = language != situation.known.language and rules.answers_in(language, answer)
    remembered = (SetLanguage(language=language, implied=True),) if language and is_news else ()
    return FollowUp(effects=(question[0], *remembered), replies=(question[1],))


def _unclear(situation: Situation, rules: Rules, reason: str) -> FollowUp:
    """A person looks, which the originator hears once for the nearest appointment."""
    nearest = next(iter(situation.open_appointments), None)
    if nearest is None or rules.appointments.unclear is None:
        return FollowUp(effects=(OpenHandOff(reason=reason),), falls_back=True)
    if nearest.unclear_at:
        return FollowUp(effects=(OpenHandOff(reason=reason),))
    follow_up = _with_text(rules.appointments.unclear, situation, rules, reason)
    return replace(follow_up, effects=(TellUnclear(id=nearest.id), *follow_up.effects))


def _with_text(texts: Texts | None, situation: Situation, rules: Rules, reason: str) -> FollowUp:
    """A person looks, and the originator gets a text; the fallback if the file has none."""
    if texts is None:
        return FollowUp(effects=(OpenHandOff(reason=reason),), falls_back=True)
    text = texts.pick(situation.answer[1] if situation.answer else None, situation.known.language, rules.languages[0])
    values = {"contact": contact_values(situation.known, rules.languages[0])}
    return FollowUp(effects=(OpenHandOff(reason=reason),), replies=(Reply(text=text.render(values)),))
