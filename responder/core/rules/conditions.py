"""What a rule asks besides the text; each condition says why it does not hold."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.reasons import because
from responder.core.recognition.answers import OUTCOMES
from responder.core.rules.situation import Situation
from responder.core.sms.times import in_short


class Condition(Protocol):
    """One thing that a rule asks of a situation."""

    def refusal(self, situation: Situation) -> str | None:
        """Why the condition does not hold, in the operator's words; None if it does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToOneOf:
    """The message went to one of these numbers."""

    numbers: frozenset[str]

    def refusal(self, situation: Situation) -> str | None:
        if situation.message.destination in self.numbers:
            return None
        return because(
            "other_destination", destination=situation.message.destination, numbers=", ".join(sorted(self.numbers))
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class FromOneOf:
    """The message came from one of these numbers."""

    numbers: frozenset[str]

    def refusal(self, situation: Situation) -> str | None:
        if situation.message.originator in self.numbers:
            return None
        return because("other_originator")


@dataclass(frozen=True, kw_only=True, slots=True)
class OnList:
    """The originator is, or is not, on a list."""

    list: str
    subscribed: bool

    def refusal(self, situation: Situation) -> str | None:
        if situation.known.subscribed(self.list) is self.subscribed:
            return None
        return because("not_on_list" if self.subscribed else "on_list", list=self.list)


@dataclass(frozen=True, kw_only=True, slots=True)
class InLanguage:
    """The originator uses one of these languages, or nothing is known and ``default`` is one of them."""

    languages: frozenset[str]
    default: str

    def refusal(self, situation: Situation) -> str | None:
        language = situation.known.language or self.default
        if language in self.languages:
            return None
        return because("other_language", language=language, languages=", ".join(sorted(self.languages)))


@dataclass(frozen=True, kw_only=True, slots=True)
class HasAppointment:
    """The originator's one open appointment is scheduled (open) or confirmed, or there is none."""

    state: str

    def refusal(self, situation: Situation) -> str | None:
        statuses = {a.status for a in situation.open_appointments}
        if self.state == "none":
            return because("has_appointment") if statuses - {AppointmentStatus.CANCELLED} else None
        if refusal := _several(situation):
            return refusal
        status = AppointmentStatus.SCHEDULED if self.state == "open" else AppointmentStatus.CONFIRMED
        return None if status in statuses else because("no_such_appointment", status=str(status))


@dataclass(frozen=True, kw_only=True, slots=True)
class AtMostOnce:
    """Something happens to an originator at most once in a period. ``of`` is the name of what is used then."""

    of: str
    period: timedelta

    def left(self, situation: Situation) -> timedelta | None:
        """How long it may not happen yet.

        None if it may. A message that is handled late, after a newer one, has to wait as well.
        """
        used_at = situation.known.uses.get(self.of)
        if used_at is None or situation.now - used_at >= self.period:
            return None
        return used_at + self.period - situation.now


@dataclass(frozen=True, kw_only=True, slots=True)
class Cooldown:
    """The rule has not applied to the originator within a period."""

    once: AtMostOnce

    def refusal(self, situation: Situation) -> str | None:
        left = self.once.left(situation)
        if left is None:
            return None
        return because("in_cooldown", period=in_short(self.once.period), left=in_short(left))


def why_no_answer(situation: Situation) -> str | None:
    """Why a text that is an answer cannot be taken for one. None if exactly one appointment is open to it."""
    if refusal := _several(situation):
        return refusal
    if situation.appointment is None:
        return because("no_appointment")
    if situation.late_appointment:
        return because("appointment_has_begun")
    if situation.is_outdated:
        return None
    outcome = OUTCOMES[situation.appointment.status, situation.answer[0]] if situation.answer else None
    if outcome and outcome.status is None:
        return because("appointment_is_so_already", status=str(situation.appointment.status))
    return None


def why_paused(situation: Situation) -> str | None:
    """Why neither rules nor the fallback answer the originator now; None if they may."""
    until = situation.known.paused_until
    if until is None or situation.now >= until:
        return None
    return because("person_has_it", until=f"{until:%Y-%m-%d %H:%M}")


def _several(situation: Situation) -> str | None:
    """Why nothing can be said about the appointment where there are several; None if there are not."""
    count = len(situation.open_appointments)
    return because("several_appointments", count=count) if count > 1 else None
