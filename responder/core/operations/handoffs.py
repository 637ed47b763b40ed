"""A hand-off as people and scripts see it: a message that a person should look at."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from responder.core.sms.timestamps import iso


@dataclass(frozen=True, kw_only=True, slots=True)
class HandOffRecord:
    """A hand-off with its message, whose key it has; ``later_texts`` counts what the number has sent since."""

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
        """Its fields; what tells of its end stands there once there is one."""
        fields: dict[str, Any] = {
            "key": self.key,
            "originator": self.originator,
            "destination": self.destination,
            "reason": self.reason,
            "opened_at": iso(self.opened_at),
            "text": self.text,
            "holds_marketing": self.holds_marketing,
            "pauses_until": iso(self.pauses_until),
            "later_texts": self.later_texts,
        }
        end = {"closed_at": iso(self.closed_at), "closed_by": self.closed_by, "note": self.note}
        return fields | {name: value for name, value in end.items() if value}


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenHandOffs:
    """How many hand-offs wait for a person, since when, and how many of them hold marketing back."""

    count: int
    oldest: datetime | None
    reviews: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """Something that was said in the conversation of a hand-off; what we said has a ``fate``."""

    at: datetime
    text: str
    fate: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether we said it."""
        return bool(self.fate)
