"""Texts about appointments that no rule answers: they choose from a list, come too late, or are unclear."""

from dataclasses import dataclass, replace

from responder.core.contact.effects import Effect, OpenHandOff, Reply, SetLanguage, TellUnclear
from responder.core.contact.precedence import OVERTAKEN
from responder.core.contact.question import CloseQuestion, Happening, QuestionStatus
from responder.core.contact.reasons import because
from responder.core.dialogue.newest import asked_since, list_state, open_list, shown_list, stands
from responder.core.dialogue.which_one import ask_which, read_choice
from responder.core.recognition.answers import OUTCOMES, is_courtesy
from responder.core.recognition.packs import Answer
from responder.core.rules.actions import Action
from responder.core.rules.appointments import contact_values
from responder.core.rules.rules import Rules
from responder.core.rules.situation import Match, Situation
from responder.core.rules.template import Texts

UNCLEAR = because("unclear_answer")
LATE = because("late_answer")
CLOSED = because("question_closed")
NOT_LISTED = because("number_not_listed")
GONE = because("chose_gone")
CHOSE_NONE = because("chose_none")


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowUp:
    """What follows from a text: effects, replies, actions, and the chosen appointments, about which rules decide.

    If it ``falls_back``, the fallback speaks as well.
    """

    effects: tuple[Effect, ...] = ()
    replies: tuple[Reply, ...] = ()
    chosen: tuple[Situation, ...] = ()
    actions: tuple[tuple[Match, tuple[Action, ...]], ...] = ()
    falls_back: bool = False

    @property
    def is_for_a_person(self) -> bool:
        """Whether the text answers no open question, so that a person has to look."""
        return not self.chosen and any(isinstance(effect, OpenHandOff) for effect in self.effects)


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
