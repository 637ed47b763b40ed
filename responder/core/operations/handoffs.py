"""Hand-offs as people and scripts see them: texts that a person should look at, and what closing one did."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from responder.core.operations.records import plain_fields
from responder.core.sms.timestamps import iso


@dataclass(frozen=True, kw_only=True, slots=True)
class HandOffRecord:
    """A hand-off, with the key of its message; ``later_texts`` counts the number's texts since."""

    key: str
    originator: str
    destination: str | None
    reason: str
    opened_at: datetime
    text: str | None
    holds_marketing: bool
    pauses_until: datetime | None
    later_texts: int
    closed_at: datetime | None
    closed_by: str | None
    note: str | None

    def as_json(self) -> dict[str, Any]:
        """The fields of a hand-off; those about its end are there once it has one."""
        end = {"closed_at": iso(self.closed_at), "closed_by": self.closed_by, "note": self.note}
        return plain_fields(self, *end) | {name: value for name, value in end.items() if value}


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
