"""What happened, in order and for thirty days, and the webhooks that hear of it."""

from responder.core.operations.pages import Page
from responder.core.outbound.events import EventRecord
from responder.desk.desk import LARGEST_PAGE, Desk, Invalid
from responder.store.reading import events

LARGEST_SEQ = 2**63 - 1


async def read_events(desk: Desk, *, limit: int, after: str | None = None) -> Page[EventRecord]:
    """So many events after the one with this number, from the oldest that is kept. Raises Invalid."""
    if not 1 <= limit <= LARGEST_PAGE:
        raise Invalid(f"limit: expected a number from 1 to {LARGEST_PAGE}")
    if after is not None and not (after.isascii() and after.isdigit() and len(after) <= len(str(LARGEST_SEQ))):
        raise Invalid("after: expected the number of an event")
    found, has_more = await events.read_events(desk.database, min(int(after or 0), LARGEST_SEQ), limit)
    return Page(items=tuple(found), next=str(found[-1].seq) if has_more else None)
