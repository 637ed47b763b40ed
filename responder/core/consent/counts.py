"""How many numbers stand where: on each list, and for all that we send."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from responder.core.contact.known import SubscriptionStatus


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
