"""A numbered list that asks which of several open appointments is meant."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from responder.core.contact.effects import Reply
from responder.core.contact.known import Appointment
from responder.core.contact.question import Ask, Choice, Question, QuestionKind, question_key
from responder.core.recognition.courtesy import without_courtesy
from responder.core.recognition.packs import Answer
from responder.core.rules.appointments import contact_values
from responder.core.rules.rules import Rules
from responder.core.rules.situation import Situation
from responder.core.rules.template import Texts
from responder.core.sms.segments import size

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
