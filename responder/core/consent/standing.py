"""Where somebody stands with us: what is remembered of them, and what the ledger says of a moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from responder.core.sms.timestamps import iso

EVERYTHING = "everything"
AFTER = {"opt_in": "subscribed", "opt_in_asked": "pending", "opt_out": "unsubscribed"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactRecord:
    """What is remembered of an originator beside lists and messages."""

    originator: str
    language: str | None
    fields: Mapping[str, str]
    opted_out_since: datetime | None

    def as_json(self) -> dict[str, Any]:
        """Its fields; those that rules set stand in ``fields``."""
        return {
            "originator": self.originator,
            "language": self.language,
            "fields": dict(self.fields),
            "opted_out_since": iso(self.opted_out_since),
        }


def standing_after(events: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What one number's events add up to: each list, and everything if it opted out of that.

    >>> standing_after([{"event": "opt_in", "list": "news", "at": "9:00"}])
    [{'list': 'news', 'status': 'subscribed', 'since': '9:00'}]
    >>> standing_after([{"event": "opt_out", "list": None, "at": "9:05"}])
    [{'list': 'everything', 'status': 'unsubscribed', 'since': '9:05'}]
    """
    last = {event["list"]: event for event in events if event["event"] in AFTER}
    told = ((name, event) for name, event in last.items() if name is not None or event["event"] == "opt_out")
    return [{"list": name or EVERYTHING, "status": AFTER[event["event"]], "since": event["at"]} for name, event in told]
