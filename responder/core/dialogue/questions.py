"""Questions of our own: a short text answers the newest that is open; in double opt-in, a yes carries out the rule."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from responder.core.contact.changes import was_before
from responder.core.contact.effects import Effect, OpenHandOff, Reply, Subscribe, Unsubscribe
from responder.core.contact.known import ASKED_FOR, Appointment, SubscriptionStatus
from responder.core.contact.question import (
    Ask,
    Choice,
    CloseQuestion,
    Happening,
    Question,
    QuestionKind,
    QuestionStatus,
    question_key,
    state,
)
from responder.core.recognition.answers import read_answer
from responder.core.recognition.packs import Answer
from responder.core.rules.actions import Action
from responder.core.rules.appointments import contact_values
from responder.core.rules.matching import Pattern
from responder.core.rules.rules import Rule, Rules
from responder.core.rules.situation import Match, Situation
from responder.core.sms.address import is_dialable


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


def open_opt_in(situation: Situation) -> Question | None:
    """The newest double opt-in that waits for an answer; None if something newer does."""
    now = situation.now
    opt_ins = (one for one in situation.known.questions if one.kind is QuestionKind.OPT_IN and one.asked_at <= now)
    asked = (one for one in opt_ins if _is_from_here(one.destination, situation))
    waiting = [one for one in asked if state(one, now, waits(situation, one)) is QuestionStatus.OPEN]
    newest = max(reversed(waiting), key=lambda one: one.asked_at, default=None)
    return None if newest is None or _is_overtaken(newest, situation) else newest


def _is_overtaken(opt_in: Question, situation: Situation) -> bool:
    """Whether the texted number has asked something since that still waits for an answer."""
    newer = open_list(situation)
    if newer and _is_from_here(newer.destination, situation) and newer.asked_at > opt_in.asked_at:
        return True
    return any(
        at > opt_in.asked_at and _waits_for_answer(appointment, at, situation) for appointment, at in _asked(situation)
    )


def _waits_for_answer(appointment: Appointment, asked_at: datetime, situation: Situation) -> bool:
    """Whether an appointment was not answered since we asked, and still can be."""
    is_answerable = appointment.is_open(situation.now, situation.window) or appointment.is_late(situation.now)
    return is_answerable and (appointment.waits or asked_at > appointment.updated_at)


def asked_since(at: datetime, situation: Situation) -> bool:
    """Whether the texted number has asked about an appointment since a moment."""
    return any(asked_at > at for _, asked_at in _asked(situation))


def _asked(situation: Situation) -> Iterator[tuple[Appointment, datetime]]:
    for appointment in situation.known.appointments:
        asked_at, asked_from = appointment.asked_by(situation.now), appointment.asked_from
        if asked_at and (_is_from_here(asked_from, situation) or not is_dialable(asked_from)):
            yield appointment, asked_at


def _is_from_here(asked_from: str, situation: Situation) -> bool:
    return situation.has_one_sender or asked_from == situation.message.destination


def shown_list(situation: Situation) -> Question | None:
    """The newest list of appointments, open or not: that of the texted number, else of any."""
    known, here = situation.known, None if situation.has_one_sender else situation.message.destination
    shown = known.question(QuestionKind.WHICH, here) or known.question(QuestionKind.WHICH)
    return shown if shown and shown.asked_at <= situation.now else None


def open_list(situation: Situation) -> Question | None:
    """The open list of appointments; None if the texted number asked about an appointment since."""
    shown = shown_list(situation)
    if shown is None or asked_since(shown.asked_at, situation):
        return None
    return shown if list_state(shown, situation) is QuestionStatus.OPEN else None


def list_state(question: Question, situation: Situation) -> QuestionStatus:
    return state(question, situation.now, stands(situation))


def stands(situation: Situation) -> Callable[[Choice], bool]:
    """Whether a choice is still the appointment that we asked about: not moved, and not begun."""

    def stands(choice: Choice) -> bool:
        appointment = situation.known.appointment(choice.subject)
        return appointment is not None and situation.now < appointment.starts_at == choice.starts_at

    return stands


def waits(situation: Situation, question: Question) -> Callable[[Choice], bool]:
    """Whether a list still waits for the answer; leaving it is an answer.

    A change by hand is none if it put the originator on the list, or came after the message.
    """

    def waits(choice: Choice) -> bool:
        subscription = situation.known.subscriptions.get(choice.subject)
        if subscription is None or subscription.status is SubscriptionStatus.PENDING:
            return subscription is not None
        if subscription.by_hand_at is None or subscription.by_hand_at < question.asked_at:
            return False
        return subscription.status is SubscriptionStatus.SUBSCRIBED or was_before(
            situation.message, subscription.by_hand_at
        )

    return waits


def lists_that_ask(actions: Sequence[Action], situation: Situation, rules: Rules) -> tuple[str, ...]:
    """The lists with double opt-in that the actions join and that the originator is not on yet."""
    joined = dict.fromkeys(name for action in actions if (name := action.joins))
    return tuple(name for name in joined if rules.lists[name].double_opt_in and not situation.known.subscribed(name))


def ask_to_join(
    rule: Rule, match: Match, lists: Sequence[str], situation: Situation, rules: Rules, number: int = 1
) -> tuple[tuple[Effect, ...], Reply]:
    """The pending lists with the question, and its text; ``number`` counts the questions of one message."""
    message, now, first = situation.message, situation.now, rules.lists[lists[0]]
    question = Question(
        key=question_key(message.key, number),
        kind=QuestionKind.OPT_IN,
        originator=message.originator,
        destination=message.destination,
        asked_at=now,
        expires_at=now + ASKED_FOR,
        choices=tuple(Choice(subject=name) for name in lists),
        intention=rule.name,
    )
    text = first.question.pick(match.language, situation.known.language, rules.languages[0])
    values = {
        "list": {"name": first.name, "title": first.title},
        "contact": contact_values(situation.known, rules.languages[0]),
    }
    pending = (Subscribe(list=name, asks=True) for name in lists)
    return (*pending, Ask(question=question)), Reply(text=text.render(values), asks=question.key)


def hear_joining(situation: Situation, rules: Rules) -> FollowUp | None:
    """What a yes or no to an open double opt-in does; None for any other text."""
    question = None if _is_silent(situation) else open_opt_in(situation)
    answer = read_answer(situation.written, situation.lexicon) if question else None
    if question is None or answer is None:
        return None
    closed = CloseQuestion(key=question.key, happening=Happening.ANSWER)
    if answer[0] is Answer.CANCEL:
        is_pending = waits(situation, question)
        left = (Unsubscribe(list=choice.subject) for choice in question.choices if is_pending(choice))
        return FollowUp(effects=(closed, *left))
    if answer[0] is not Answer.CONFIRM:
        return None
    rule = next((rule for rule in rules.rules if rule.name == question.intention and rule.enabled), None)
    joined = {action.joins for action in rule.actions} if rule else set()
    others = tuple(
        Subscribe(list=choice.subject)
        for choice in question.choices
        if choice.subject not in joined and choice.subject in rules.lists
    )
    groups = rule.text.groups if rule and isinstance(rule.text, Pattern) else ()
    match = Match(text=situation.folded, groups=dict.fromkeys(groups, ""), language=answer[1])
    return FollowUp(effects=(closed, *others), actions=((match, rule.actions),) if rule else ())


def _is_silent(situation: Situation) -> bool:
    """Whether the originator wants no texts; ``precedence`` weighs a later opt-out by hand against the answer."""
    return situation.known.opted_out and not was_before(situation.message, situation.known.consent_by_hand_at)
