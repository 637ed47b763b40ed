"""The newest word wins: what a message wants, weighed against newer texts of its originator and against what was changed by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from responder.core.effects import (
    ChangeAppointment,
    Detail,
    Effect,
    OpenHandOff,
    OptIn,
    OptOut,
    Ordered,
    SetField,
    SetLanguage,
    Subscribe,
    Unsubscribe,
)
from responder.core.known import Known
from responder.core.message import Message, Order

ORDERED = get_args(Ordered)
DETAILS = get_args(Detail)
OVERTAKEN = "a person changed what it is about before it was handled"


@dataclass(frozen=True, kw_only=True, slots=True)
class Weighed:
    """What is left of the effects that a message wants; ``overtaken_at`` is when a person changed what others are about."""

    effects: tuple[Effect, ...]
    is_superseded: bool = False
    overtaken_at: datetime | None = None


def weigh(wanted: Sequence[Effect], known: Known, message: Message) -> Weighed:
    """The effects that no newer word outdates; what a change by hand has overtaken goes to a person instead."""
    overtaken = [at for effect in wanted if isinstance(effect, ORDERED) and (at := _overtaken_at(effect, known, message))]
    left = tuple(effect for effect in wanted if not _is_outdated(effect, wanted, known, message))
    is_superseded = _is_superseded(wanted, left)
    effects = () if is_superseded else left
    if not overtaken:
        return Weighed(effects=effects, is_superseded=is_superseded)
    return Weighed(effects=(*effects, OpenHandOff(reason=OVERTAKEN)), is_superseded=is_superseded, overtaken_at=max(overtaken))


def is_outdated(effect: Ordered, known: Known, message: Message) -> bool:
    """Whether a newer word has been said or done about what the effect would change."""
    newest = _newest_text(effect, known)
    is_older = newest is not None and newest > message.order
    return is_older or _overtaken_at(effect, known, message) is not None


def was_before(message: Message, at: datetime | None) -> bool:
    """Whether a message was sent, or came in, before a change by hand, so that it cannot be about what that made.

    One that came in later by our clock and was sent before is nobody's to guess: it was on its way, or the gateway's clock is wrong.
    """
    return at is not None and message.order.at < at


def _is_outdated(effect: Effect, wanted: Sequence[Effect], known: Known, message: Message) -> bool:
    """The same for an effect beside others: all that one STOP or START does falls with it."""
    if not isinstance(effect, ORDERED):
        return False
    whole = (one for one in wanted if isinstance(one, OptOut | OptIn))
    return any(is_outdated(one, known, message) for one in (effect, *whole))


def _newest_text(effect: Ordered, known: Known) -> Order | None:
    """The place of the last text about what the effect would change; None if there is none."""
    match effect:
        case Subscribe(list=name):
            stopped = known.consent_order if known.opted_out else None  # a STOP is a word about every list
            said = _order_of(name, known)
            return max(said, stopped) if said and stopped else said or stopped
        case Unsubscribe(list=name):
            return _order_of(name, known)
        case OptOut() | OptIn():
            return known.consent_order
        case ChangeAppointment(id=changed):
            appointment = known.appointment(changed)
            return appointment.order if appointment else None
        case SetField(name=name):
            return known.field_orders.get(name)
        case SetLanguage():
            return known.language_order


def _order_of(list_name: str, known: Known) -> Order | None:
    subscription = known.subscriptions.get(list_name)
    return subscription.order if subscription else None


def _overtaken_at(effect: Ordered, known: Known, message: Message) -> datetime | None:
    """When a person changed what the effect is about, if that outdates it; an opt-out of the originator's own is never outdated so."""
    match effect:
        case Subscribe(list=name):
            subscription = known.subscriptions.get(name)
            changes = [subscription.by_hand_at if subscription else None, known.consent_by_hand_at if known.opted_out else None]
        case OptIn():
            changes = [known.consent_by_hand_at]
        case ChangeAppointment(id=changed):
            appointment = known.appointment(changed)
            rebooked_at = known.rebooked_at if known.rebooked_at and message.received_at < known.rebooked_at else None
            changes = [appointment.by_hand_at if appointment else None, rebooked_at]
        case _:
            return None
    return max((at for at in changes if at and was_before(message, at)), default=None)


def _is_superseded(wanted: Sequence[Effect], left: Sequence[Effect]) -> bool:
    """Whether newer words stand, and nothing is left that is a word itself; details are words only where nothing else is."""
    words = [effect for effect in wanted if isinstance(effect, ORDERED) and not _is_by_the_way(effect)]
    main = [effect for effect in words if not isinstance(effect, DETAILS)] or words
    return bool(main) and not any(effect in left for effect in main)


def _is_by_the_way(effect: Ordered) -> bool:
    return isinstance(effect, SetLanguage) and effect.implied
