"""How an effect changes what is known of a number."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from responder.core.contact.effects import (
    ChangeAppointment,
    CloseDoubts,
    Effect,
    Mute,
    OpenHandOff,
    OptIn,
    OptOut,
    RecordUse,
    SetField,
    SetLanguage,
    Subscribe,
    TellUnclear,
    Unsubscribe,
)
from responder.core.contact.known import ASKED_FOR, Appointment, Known, Subscription, SubscriptionStatus
from responder.core.contact.question import Ask, CloseQuestion, Question, after_happening, replaced
from responder.core.sms.message import Message


def known_after(known: Known, effects: Iterable[Effect], message: Message) -> Known:
    """What is known once all the effects of a message have happened."""
    for effect in effects:
        known = after_effect(known, effect, message)
    return known


def after_effect(known: Known, effect: Effect, message: Message) -> Known:
    """What is known once the effect of a message has happened."""
    match effect:
        case Subscribe() | Unsubscribe():
            subscription = _subscription(effect, message, known.subscriptions.get(effect.list))
            confirms = isinstance(effect, Unsubscribe) and effect.confirmed
            return known.but(
                subscriptions={**known.subscriptions, effect.list: subscription},
                confirmed_at=message.received_at if confirms else known.confirmed_at,
            )
        case OptOut():
            confirmed_at = message.received_at if effect.confirmed else known.confirmed_at
            return known.but(opted_out=True, was_erased=False, consent_order=message.order, confirmed_at=confirmed_at)
        case OptIn():
            return known.but(opted_out=False, was_erased=False, consent_order=message.order)
        case ChangeAppointment():
            return known.but(appointments=tuple(_changed(a, effect, message) for a in known.appointments))
        case TellUnclear():
            unclear = (
                replace(a, unclear_at=message.received_at) if a.id == effect.id else a for a in known.appointments
            )
            return known.but(appointments=tuple(unclear))
        case Ask(question=newer):
            return known.but(questions=(*(replaced(question, newer) for question in known.questions), newer))
        case CloseQuestion():
            return known.but(questions=tuple(_closed(question, effect) for question in known.questions))
        case CloseDoubts():
            return known.but(doubted_at=None)
        case SetField() | SetLanguage() | RecordUse() | Mute() | OpenHandOff():
            return _remembering(known, effect, message)


def _remembering(
    known: Known, effect: SetField | SetLanguage | RecordUse | Mute | OpenHandOff, message: Message
) -> Known:
    match effect:
        case SetField():
            orders = {**known.field_orders, effect.name: message.order}
            return known.but(fields={**known.fields, effect.name: effect.value}, field_orders=orders)
        case SetLanguage():
            return known.but(language=effect.language, language_order=message.order)
        case RecordUse():
            before = known.uses.get(effect.of, message.received_at)
            return known.but(uses={**known.uses, effect.of: max(before, message.received_at)})
        case Mute():
            return known.but(muted_until=effect.until)
        case OpenHandOff():
            until = message.received_at + effect.pause if effect.pause else None
            return known.but(
                paused_until=max(filter(None, (until, known.paused_until)), default=None),
                doubted_at=message.received_at if effect.holds_marketing else known.doubted_at,
            )


def _subscription(effect: Subscribe | Unsubscribe, message: Message, before: Subscription | None) -> Subscription:
    status = _status(effect)
    return Subscription(
        list=effect.list,
        status=status,
        since=before.since if before and before.status is status else message.order.at,
        order=message.order,
        by_hand_at=before.by_hand_at if before else None,
        taken_by_stop=isinstance(effect, Unsubscribe) and effect.taken_by_stop,
        ends_at=_end(effect, message.received_at),
    )


def _end(effect: Subscribe | Unsubscribe, received_at: datetime) -> datetime | None:
    """When a subscription ends by our clock; None if it is for good."""
    if isinstance(effect, Unsubscribe):
        return effect.ends_at
    lasts = ASKED_FOR if effect.asks else effect.lasts
    return received_at + lasts if lasts else None


def _status(effect: Subscribe | Unsubscribe) -> SubscriptionStatus:
    if isinstance(effect, Unsubscribe):
        return SubscriptionStatus.UNSUBSCRIBED
    return SubscriptionStatus.PENDING if effect.asks else SubscriptionStatus.SUBSCRIBED


def _changed(appointment: Appointment, effect: ChangeAppointment, message: Message) -> Appointment:
    if appointment.id != effect.id:
        return appointment
    return replace(
        appointment,
        status=effect.status,
        updated_at=message.received_at,
        order=message.order,
        version=appointment.version + 1,
    )


def _closed(question: Question, effect: CloseQuestion) -> Question:
    if question.key != effect.key:
        return question
    return replace(question, status=after_happening(question.status, effect.happening))
