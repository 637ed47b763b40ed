"""Files of subscribers: what they say by the rules in force, and bringing them in."""

import asyncio
from collections.abc import Callable, Sequence

from responder.core.consent.subscriber_changes import Outcomes, SubscriberChange
from responder.core.operations.filters import SubscriberFilter
from responder.core.operations.records import SubscriberRecord
from responder.core.rules.webhooks import Event
from responder.desk.appointments import local
from responder.desk.desk import Desk
from responder.desk.subscribers import list_subscribers
from responder.spreadsheets.reading import Follow, Reading
from responder.spreadsheets.subscribers import Terms, read_subscribers
from responder.store.consent.importing import SubscriberImports
from responder.store.consent.subscribers import preview_subscribers
from responder.store.reading.evidence import read_evidence


async def read_subscriber_file(
    desk: Desk, data: bytes, file: str, *, without_evidence: str | None = None, follow: Follow = iter
) -> Reading[SubscriberChange]:
    """What a file says, by the rules in force. ConfigurationError if it is none of subscribers."""
    rules = await desk.rules()
    terms = Terms(local=await local(desk), lists=list(rules.lists), now=desk.clock(), without_evidence=without_evidence)
    return await asyncio.to_thread(read_subscribers, data, file, terms, rules.imports.subscribers, follow)


async def import_subscribers(
    desk: Desk, changes: Sequence[SubscriberChange], *, operator: str, dry_run: bool, advance: Callable[[int], None]
) -> Outcomes:
    """Bring in subscribers, all or none, or say what would become of them."""
    if dry_run:
        outcomes = await preview_subscribers(desk.database, desk.secret, changes)
        advance(len(changes))
        return outcomes
    tell = await desk.hearers(Event.CONSENT_CHANGED)
    imports = SubscriberImports(database=desk.database, secret=desk.secret, clock=desk.clock, tell=tell)
    return await imports.put(changes, operator, advance)


async def read_with_evidence(desk: Desk, only: SubscriberFilter) -> list[tuple[SubscriberRecord, str]]:
    """Subscribers as a file has them: each with the evidence that the ledger has for its status."""
    found = [record async for record in list_subscribers(desk, only).every()]
    return list(zip(found, await read_evidence(desk.database, found), strict=True))
