"""The listings that together have all that is known of one number."""

from collections.abc import Callable, Mapping
from typing import Any

from responder.store.handoffs import list_handoffs
from responder.store.listing import Listing
from responder.store.records import list_appointments, list_deliveries, list_messages, list_subscribers
from responder.store.tables import appointments, handoffs, steps, subscriptions


def _narrowed(listing: Listing[Any], condition: Any) -> Listing[Any]:  # noqa: ANN401  (a column expression of any kind)
    return Listing(query=listing.query.where(condition), order=listing.order, read=listing.read)


PERSON: Mapping[str, Callable[[str], Listing[Any]]] = {
    "lists": lambda number: _narrowed(list_subscribers(), subscriptions.c.originator == number),
    "appointments": lambda number: _narrowed(list_appointments(), appointments.c.originator == number),
    "messages": lambda number: list_messages(originator=number),
    "handoffs": lambda number: _narrowed(list_handoffs(every=True), handoffs.c.originator == number),
    "deliveries": lambda number: _narrowed(list_deliveries(), steps.c.originator == number),
}
