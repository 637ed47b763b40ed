"""The newest open question: a short text answers the last thing that the texted number of ours asked."""

from collections.abc import Callable, Iterator
from datetime import datetime

from responder.core.contact.known import Appointment, SubscriptionStatus
from responder.core.contact.precedence import was_before
from responder.core.contact.question import Choice, Question, QuestionKind, QuestionStatus, state
from responder.core.rules.situation import Situation
from responder.core.sms.address import is_dialable


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
    """The appointments that the texted number asked about, each with the last time."""
    for appointment in situation.known.appointments:
        asked_at, asked_from = appointment.asked_by(situation.now), appointment.asked_from
        if asked_at and (_is_from_here(asked_from, situation) or not is_dialable(asked_from)):
            yield appointment, asked_at


def _is_from_here(asked_from: str, situation: Situation) -> bool:
    """Whether a question came from the number that was texted."""
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
    """The state of a list of appointments."""
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
