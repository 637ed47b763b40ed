"""The newest word wins: effects give way to newer texts of the originator and to changes by hand."""

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
from responder.core.contact.reasons import because
from responder.core.sms.message import Message, Order
from responder.core.sms.timestamps import iso

ORDERED = get_args(Ordered)
DETAILS = get_args(Detail)
T = TypeVar("T", Order, datetime)
OVERTAKEN = because("changed_by_hand")


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
