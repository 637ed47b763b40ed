"""Hand-offs as people and scripts see them: texts that a person should look at, and what closing one did."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from responder.core.contact.known import Appointment
from responder.core.outbound.events import appointment_data
from responder.core.sms.timestamps import iso


@dataclass(frozen=True, kw_only=True, slots=True)
class HandOffRecord:
    """A hand-off, with the key of its message, and the appointment of the number that it is likely about.

    ``later_texts`` counts the number's texts since, ``answered_at`` is when a person last wrote to it since.
    ``in_hand_by`` is who deals with it, so that two persons do not answer the same.
    """

    key: str
    originator: str
    destination: str | None
    reason: str
    opened_at: datetime
    text: str | None
    sent_at: datetime | None
    received_at: datetime | None
    channel: str | None
    holds_marketing: bool
    pauses_until: datetime | None
    later_texts: int
    answered_at: datetime | None
    appointment: Appointment | None
    done_at: datetime | None
    by: str | None
    note: str | None
    in_hand_by: str | None = None
    in_hand_since: datetime | None = None

    def is_free_for(self, operator: str) -> bool:
        """Whether nobody else has it in hand."""
        return self.in_hand_by in (None, operator)

    @property
    def status(self) -> str:
        """Whether it waits for a person."""
        return "done" if self.done_at else "open"

    def as_json(self) -> dict[str, Any]:
        """The fields of a hand-off."""
        return {
            "key": self.key,
            "originator": self.originator,
            "destination": self.destination,
            "reason": self.reason,
            "opened_at": iso(self.opened_at),
            "status": self.status,
            "done_at": iso(self.done_at),
            "by": self.by,
            "note": self.note,
            "message": self._message(),
            "appointment": self.appointment and appointment_data(self.appointment),
            "text": self.text,
            "holds_marketing": self.holds_marketing,
            "pauses_until": iso(self.pauses_until),
            "later_texts": self.later_texts,
            "answered_at": iso(self.answered_at),
            "in_hand_by": self.in_hand_by,
            "in_hand_since": iso(self.in_hand_since),
        }

    def _message(self) -> dict[str, Any] | None:
        """The text that it is about; None where it is about no text of anybody's."""
        if self.received_at is None:
            return None
        return {
            "key": self.key,
            "originator": self.originator,
            "destination": self.destination,
            "text": self.text,
            "sent_at": iso(self.sent_at),
            "received_at": iso(self.received_at),
            "channel": self.channel,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenHandOffs:
    """How many hand-offs wait for a person, since when, and how many of them hold marketing back."""

    count: int
    oldest: datetime | None
    reviews: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """What closing a hand-off did: how many of its number are still open, and how many of those hold marketing."""

    ended_review: bool
    is_opted_out: bool
    others: int
    reviews: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A text in the conversation of a hand-off; ours has a ``fate``."""

    at: datetime
    text: str
    fate: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether we sent it."""
        return bool(self.fate)
