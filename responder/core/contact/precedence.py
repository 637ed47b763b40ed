"""The newest word wins: effects weighed against newer texts of the originator and against changes by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar, get_args

from responder.core.contact.effects import (
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
from responder.core.contact.known import Known
from responder.core.sms.message import Message, Order
from responder.core.sms.timestamps import iso

ORDERED = get_args(Ordered)
DETAILS = get_args(Detail)
T = TypeVar("T", Order, datetime)
OVERTAKEN = "a person changed what it is about before it was handled"


@dataclass(frozen=True, kw_only=True, slots=True)
class Weighed:
    """The effects that still hold; ``overtaken_at`` is when a person changed what the others are about."""

    effects: tuple[Effect, ...]
    is_superseded: bool = False
    overtaken_at: datetime | None = None

    @property
    def overtaken(self) -> str | None:
        """What is told of a change by hand that stands against effects."""
        return f"a person changed it at {iso(self.overtaken_at)}" if self.overtaken_at else None


class Newest(NamedTuple):
    """The last text about what an effect changes, and the last change by hand that counts against it."""

    text: Order | None
    by_hand_at: datetime | None = None


def weigh(wanted: Sequence[Effect], known: Known, message: Message) -> Weighed:
    """The effects that no newer word outdates; what a change by hand has overtaken goes to a person instead."""
    newest = [(effect, _newest(effect, known, message)) for effect in wanted if isinstance(effect, ORDERED)]
    outdated = [effect for effect, words in newest if _is_newer(words, message)]
    if not outdated:
        return Weighed(effects=tuple(wanted))
    if any(isinstance(effect, OptOut | OptIn) for effect in outdated):
        outdated = [effect for effect, _ in newest]  # all that one STOP or START does falls together
    last = {effect.list: effect for effect, _ in newest if isinstance(effect, Subscribe | Unsubscribe)}
    outdated += [
        effect for effect, _ in newest if isinstance(effect, Unsubscribe) and last[effect.list] in outdated
    ]  # left to join anew
    left = tuple(effect for effect in wanted if effect not in outdated)
    is_superseded = _is_superseded(wanted, left)
    overtaken_at = max((at for _, (_, at) in newest if at and was_before(message, at)), default=None)
    handed_off = (OpenHandOff(reason=OVERTAKEN),) if overtaken_at else ()
    return Weighed(
        effects=(*(() if is_superseded else left), *handed_off), is_superseded=is_superseded, overtaken_at=overtaken_at
    )


def is_outdated(effect: Ordered, known: Known, message: Message) -> bool:
    """Whether a newer word has been said or done about what the effect would change."""
    return _is_newer(_newest(effect, known, message), message)


def was_before(message: Message, at: datetime | None) -> bool:
    """Whether a message was sent, or came in, before a change by hand, so that it cannot be about what that made.

    One sent before that arrived later could be either: it was on its way, or the gateway's clock is off.
    """
    return at is not None and message.order.at < at


def _is_newer(newest: Newest, message: Message) -> bool:
    return (newest.text is not None and newest.text > message.order) or was_before(message, newest.by_hand_at)


def _newest(effect: Ordered, known: Known, message: Message) -> Newest:
    """What stands against an effect; against an opt-out of the originator's own no change by hand does."""
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
    """What was said and done about a list; a STOP is a word about every list, and so is an erasure."""
    subscription = known.subscriptions.get(effect.list)
    said, by_hand_at = (subscription.order, subscription.by_hand_at) if subscription else (None, None)
    if isinstance(effect, Unsubscribe):
        return Newest(said)
    if known.opted_out:
        return Newest(_later(said, known.consent_order), _later(by_hand_at, known.consent_by_hand_at))
    return Newest(said, _later(by_hand_at, known.erased_at))


def _newest_about_appointment(effect: ChangeAppointment, known: Known, message: Message) -> Newest:
    """What counts against a change of an appointment; an answer older than a move may mean the one that moved."""
    appointment = known.appointment(effect.id)
    rebooked_at = (
        None
        if effect.is_chosen or not known.rebooked_at or message.received_at >= known.rebooked_at
        else known.rebooked_at
    )
    if appointment is None:
        return Newest(None, rebooked_at)
    return Newest(appointment.order, _later(appointment.by_hand_at, rebooked_at))


def _later(one: T | None, other: T | None) -> T | None:
    return max(one, other) if one and other else one or other


def _is_superseded(wanted: Sequence[Effect], left: Sequence[Effect]) -> bool:
    """Whether newer words stand and no word of the message is left; details count only if it has no other."""
    words = [effect for effect in wanted if isinstance(effect, ORDERED) and not _is_by_the_way(effect)]
    main = [effect for effect in words if not isinstance(effect, DETAILS)] or words
    return bool(main) and not any(effect in left for effect in main)


def _is_by_the_way(effect: Ordered) -> bool:
    return isinstance(effect, SetLanguage) and effect.implied
