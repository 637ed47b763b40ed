"""How an effect changes what is known of a number, unless a newer word of its originator or of a person stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, TypeVar, get_args

from responder.core.contact.effects import (
    ChangeAppointment,
    CloseDoubts,
    Detail,
    Effect,
    Mute,
    OpenHandOff,
    OptIn,
    OptOut,
    Ordered,
    RecordUse,
    SetField,
    SetLanguage,
    Subscribe,
    TellUnclear,
    Unsubscribe,
)
from responder.core.contact.known import ASKED_FOR, Appointment, Known, Subscription, SubscriptionStatus
from responder.core.contact.question import Ask, CloseQuestion, Question, after_happening, replaced
from responder.core.contact.reasons import because
from responder.core.sms.message import Message, Order
from responder.core.sms.times import iso

ORDERED = get_args(Ordered)
DETAILS = get_args(Detail)
T = TypeVar("T", Order, datetime)
OVERTAKEN = because("changed_by_hand")


def known_after(known: Known, effects: Iterable[Effect], message: Message) -> Known:
    """What is known once all the effects of a message have happened."""
    for effect in effects:
        known = after_effect(known, effect, message)
    return known


def after_effect(known: Known, effect: Effect, message: Message) -> Known:
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Weighed:
    """The effects that still hold; ``overtaken_at`` is when a change by hand outdated the others."""

    effects: tuple[Effect, ...]
    is_superseded: bool = False
    overtaken_at: datetime | None = None

    @property
    def overtaken(self) -> str | None:
        """The change by hand, in words."""
        return because("changed_at", at=iso(self.overtaken_at)) if self.overtaken_at else None


class Newest(NamedTuple):
    """The last text about what an effect changes, and the last change of it by hand."""

    text: Order | None
    by_hand_at: datetime | None = None


def weigh(effects: Sequence[Effect], known: Known, message: Message) -> Weighed:
    """The effects that no newer word outdates, and a hand-off if a change by hand outdated any."""
    newest = [(effect, _newest(effect, known, message)) for effect in effects if isinstance(effect, ORDERED)]
    outdated = [effect for effect, words in newest if _is_newer(words, message)]
    if not outdated:
        return Weighed(effects=tuple(effects))
    if any(isinstance(effect, OptOut | OptIn) for effect in outdated):
        outdated = [effect for effect, _ in newest]  # all that one STOP or START does falls together
    last = {effect.list: effect for effect, _ in newest if isinstance(effect, Subscribe | Unsubscribe)}
    # who left a list only to join it again does not leave it either
    outdated += [effect for effect, _ in newest if isinstance(effect, Unsubscribe) and last[effect.list] in outdated]
    left = tuple(effect for effect in effects if effect not in outdated)
    is_superseded = _is_superseded(effects, left)
    overtaken_at = max((at for _, (_, at) in newest if at and was_before(message, at)), default=None)
    left = (*(() if is_superseded else left), *((OpenHandOff(reason=OVERTAKEN),) if overtaken_at else ()))
    return Weighed(effects=left, is_superseded=is_superseded, overtaken_at=overtaken_at)


def is_outdated(effect: Ordered, known: Known, message: Message) -> bool:
    """Whether a newer text or a change by hand stands against the effect."""
    return _is_newer(_newest(effect, known, message), message)


def was_before(message: Message, at: datetime | None) -> bool:
    """Whether a message is older than a change by hand, so that it cannot be about the result.

    One that was sent before it and arrived later counts as older: nobody can tell what it is about.
    """
    return at is not None and message.order.at < at


def _is_newer(newest: Newest, message: Message) -> bool:
    return (newest.text is not None and newest.text > message.order) or was_before(message, newest.by_hand_at)


def _newest(effect: Ordered, known: Known, message: Message) -> Newest:
    """What stands against an effect; no change by hand does against the originator's own opt-out."""
    match effect:
        case Subscribe() | Unsubscribe():
            return _newest_about_list(effect, known)
        case OptOut():
            return Newest(known.consent_order)
        case OptIn():
            return Newest(known.consent_order, known.consent_by_hand_at)
        case ChangeAppointment():
            return _newest_about_appointment(effect, known, message)
        case SetField():
            return Newest(known.field_orders.get(effect.name), known.erased_at)
        case SetLanguage():
            return Newest(known.language_order)


def _newest_about_list(effect: Subscribe | Unsubscribe, known: Known) -> Newest:
    """The last words about a list; a STOP and an erasure are about every list."""
    subscription = known.subscriptions.get(effect.list)
    said, by_hand_at = (subscription.order, subscription.by_hand_at) if subscription else (None, None)
    if isinstance(effect, Unsubscribe):
        return Newest(said)
    if known.opted_out:
        return Newest(_later(said, known.consent_order), _later(by_hand_at, known.consent_by_hand_at))
    return Newest(said, _later(by_hand_at, known.erased_at))


def _newest_about_appointment(effect: ChangeAppointment, known: Known, message: Message) -> Newest:
    """The last words about an appointment; an answer older than any move may mean the appointment that moved."""
    appointment, rebooked_at = known.appointment(effect.id), known.rebooked_at
    if effect.is_chosen or (rebooked_at and message.received_at >= rebooked_at):
        rebooked_at = None
    if appointment is None:
        return Newest(None, rebooked_at)
    return Newest(appointment.order, _later(appointment.by_hand_at, rebooked_at))


def _later(one: T | None, other: T | None) -> T | None:
    return max(one, other) if one and other else one or other


def _is_superseded(effects: Sequence[Effect], left: Sequence[Effect]) -> bool:
    """Whether newer words outdate all that the message says; details count only if it says nothing else."""
    said = [effect for effect in effects if isinstance(effect, ORDERED)]
    said = [effect for effect in said if not (isinstance(effect, SetLanguage) and effect.implied)]
    main = [effect for effect in said if not isinstance(effect, DETAILS)] or said
    return bool(main) and not any(effect in left for effect in main)
