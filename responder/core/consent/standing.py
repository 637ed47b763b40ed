"""Where a number stands with us, and how many numbers stand where."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from responder.core.contact.known import SubscriptionStatus
from responder.core.sms.timestamps import iso

EVERYTHING = "everything"
AFTER = {"opt_in": "subscribed", "opt_in_asked": "pending", "opt_out": "unsubscribed", "corrected": "subscribed"}


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
    shown = ((name, event) for name, event in last.items() if name is not None or event["event"] == "opt_out")
    return [
        {"list": name or EVERYTHING, "status": AFTER[event["event"]], "since": event["at"]} for name, event in shown
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class ListCount:
    """How many numbers have each status on a list."""

    list: str
    by_status: Mapping[SubscriptionStatus, int]

    def as_json(self) -> dict[str, Any]:
        """The name of the list, and a count for each status."""
        return {"list": self.list} | {str(status): self.by_status.get(status, 0) for status in SubscriptionStatus}


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentCounts:
    """Numbers by list and status, numbers that opted out of everything, and numbers under review."""

    by_list: Mapping[str, Mapping[SubscriptionStatus, int]]
    opted_out: int
    under_review: int

    def of_lists(self, names: Iterable[str]) -> Iterator[ListCount]:
        """The counts of these lists, empty ones included, then of all other lists that have a history."""
        for name in dict.fromkeys((*names, *sorted(self.by_list))):
            yield ListCount(list=name, by_status=self.by_list.get(name, {}))

    def as_json(self) -> dict[str, Any]:
        """The counts that are about no list but about everything."""
        return {"list": None, "opted_out": self.opted_out, "under_review": self.under_review}
