"""The listings that together have all that is known of one number."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Row

from responder.core.consent.standing import ContactRecord
from responder.store.base.listing import Listing
from responder.store.base.tables import appointments, contacts, handoffs, steps, subscriptions
from responder.store.handoffs.handoffs import list_handoffs
from responder.store.reading.records import list_appointments, list_deliveries, list_messages, list_subscribers


def _narrowed(listing: Listing[Any], condition: Any) -> Listing[Any]:  # noqa: ANN401  (a column expression of any kind)
    return Listing(query=listing.query.where(condition), order=listing.order, read=listing.read)


def _contact(row: Row[Any]) -> ContactRecord:
    since = max(filter(None, (row.consent_at, row.by_hand_at)), default=None) if row.opted_out else None
    return ContactRecord(
        originator=row.originator, language=row.language, fields=json.loads(row.fields), opted_out_since=since
    )


PERSON: Mapping[str, Callable[[str], Listing[Any]]] = {
    "contact": lambda number: Listing(
        query=select(contacts).where(contacts.c.originator == number), order=(contacts.c.originator,), read=_contact
    ),
    "lists": lambda number: _narrowed(list_subscribers(), subscriptions.c.originator == number),
    "appointments": lambda number: _narrowed(list_appointments(), appointments.c.originator == number),
    "messages": lambda number: list_messages(originator=number),
    "handoffs": lambda number: _narrowed(list_handoffs(every=True), handoffs.c.originator == number),
    "deliveries": lambda number: _narrowed(list_deliveries(), steps.c.originator == number),
}
