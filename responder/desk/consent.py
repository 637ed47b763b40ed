"""What a number agreed to and when, with the proof, and its erasure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from responder.core.consent.standing import standing_after
from responder.core.operations.filters import EVERY_EVENT, ConsentFilter
from responder.core.operations.records import ConsentRecord
from responder.desk.desk import Desk, Records
from responder.store.consent import erasure, reading


def list_consent(desk: Desk, only: ConsentFilter = EVERY_EVENT) -> Records[ConsentRecord]:
    """The events of the consent ledger, in their order."""
    return Records(desk=desk, listing=reading.list_consent(only))


async def show_consent(
    desk: Desk, originator: str, *, as_of: datetime | None = None
) -> tuple[Sequence[ConsentRecord], Sequence[dict[str, Any]]]:
    """A number's consent events, and how it stands by them, as they were recorded until a moment."""
    events = [event async for event in list_consent(desk, ConsentFilter(originator=originator, as_of=as_of)).every()]
    return events, standing_after(event.as_json() for event in events)


async def verify_ledger(desk: Desk) -> reading.Verdict:
    """Whether the ledger is as it was written."""
    return await reading.verify(desk.database, desk.secret)


async def erase_number(desk: Desk, originator: str, *, operator: str) -> int:
    """Erase a number for good, and tell how many rows held it."""
    return await erasure.erase(desk.database, desk.secret, originator, operator, desk.clock())
